/**
 * One source's Durable Object: a thin shell that gives the engine its ports on the platform. Its duties:
 *   - SQLite rows and the alarm, committed together
 *   - the RPC methods, passed on as they are
 *   - settings or state that cannot be read: refused and tried again, never thrown out of the constructor or the alarm
 * Everything else is decided in src/source.
 */
import { DurableObject } from "cloudflare:workers"
import { getConnector } from "../connectors/index.ts"
import { type Bindings, SettingsError } from "../env.ts"
import { SourceEngine } from "../source/engine/engine.ts"
import { UNABLE_RETRY_MS, unable } from "../source/engine/unable.ts"
import type { Configuration, Sealed, SourceRef } from "../source/protocol/configuration.ts"
import type { Checkpoint, CredentialAsk, LeaseAsk, Settlement } from "../source/protocol/fetching.ts"
import type { ClaimAsk, Report } from "../source/protocol/forwarding.ts"
import type { PageAsk, SourceRpc } from "../source/protocol/source.ts"
import { StateError } from "../source/state/stored.ts"
import { PackedStore } from "./packed-store.ts"
import { clock, log, sourcePorts, tokensOf, tryCredentialOf } from "./platform.ts"
import { SqlStore } from "./sqlite-store.ts"

export class SourceObject extends DurableObject<Bindings> implements SourceRpc {
  /** Null until the settings could be read. */
  #engine: SourceEngine | null = null

  /** Never throws: the platform would drop an alarm whose object cannot be made. */
  override async alarm() {
    try {
      await this.#working().alarm()
    } catch (error) {
      log("source.unable", { source: refOf(this.ctx.id.name ?? "").source, reason: reasonOf(error) })
      await this.ctx.storage.setAlarm(clock.now() + UNABLE_RETRY_MS)
    }
  }

  configure(configuration: Configuration) {
    return this.#ask((source) => source.configure(configuration))
  }
  view() {
    return this.#ask((source) => source.view())
  }
  syncNow() {
    return this.#ask((source) => source.syncNow())
  }
  runs(ask: PageAsk) {
    return this.#ask((source) => source.runs(ask))
  }
  run(id: string) {
    return this.#ask((source) => source.run(id))
  }
  resync(collection: string, from: number | null) {
    return this.#ask((source) => source.resync(collection, from))
  }
  quarantine(ask: PageAsk) {
    return this.#ask((source) => source.quarantine(ask))
  }
  replay(ids: number[] | "all") {
    return this.#ask((source) => source.replay(ids))
  }
  discardEntries(ids: number[] | "all") {
    return this.#ask((source) => source.discardEntries(ids))
  }
  discard(id: number) {
    return this.#ask((source) => source.discard(id))
  }
  access() {
    return this.#ask((source) => source.access())
  }
  erase(revoke?: boolean) {
    return this.#ask((source) => source.erase(revoke))
  }
  sealed() {
    return this.#ask((source) => source.sealed())
  }
  reseal(changes: { from: Sealed; to: Sealed }[]) {
    return this.#ask((source) => source.reseal(changes))
  }
  bookmarkKept() {
    return this.#ask((source) => source.bookmarkKept())
  }
  lease(ask: LeaseAsk) {
    return this.#ask((source) => source.lease(ask))
  }
  checkpoint(checkpoint: Checkpoint) {
    return this.#ask((source) => source.checkpoint(checkpoint))
  }
  settle(settlement: Settlement) {
    return this.#ask((source) => source.settle(settlement))
  }
  credential(ask: CredentialAsk) {
    return this.#ask((source) => source.credential(ask))
  }
  claim(ask: ClaimAsk) {
    return this.#ask((source) => source.claim(ask))
  }
  report(report: Report) {
    return this.#ask((source) => source.report(report))
  }

  /** What cannot be done for a reason of ours is answered as such; any other error is the caller's to see. */
  async #ask<T>(call: (source: SourceRpc) => Promise<T>): Promise<T> {
    try {
      return await call(this.#working())
    } catch (error) {
      if (!(error instanceof SettingsError || error instanceof StateError)) throw error
      log("source.unable", { source: refOf(this.ctx.id.name ?? "").source, reason: reasonOf(error) })
      return call(unable(reasonOf(error), clock.now()))
    }
  }

  /** Throws while the Worker's settings cannot be read. */
  #working(): SourceEngine {
    if (this.#engine) return this.#engine
    const ports = sourcePorts(this.env, refOf(this.ctx.id.name ?? ""))
    const tokens = tokensOf(this.env, getConnector)
    const tryCredential = tryCredentialOf(this.env, getConnector)
    const store = new PackedStore(new SqlStore(this.ctx.storage))
    this.#engine = new SourceEngine({ ...ports, tokens, tryCredential, store, connector: getConnector })
    return this.#engine
  }
}

/** Our own sentences: they name settings and never their values. */
function reasonOf(error: unknown): string {
  return error instanceof SettingsError || error instanceof StateError ? error.message : "unknown"
}

/** The inverse of `objectName`. */
function refOf(name: string): SourceRef {
  const [org = "", project = "", source = ""] = name.split("/")
  return { org, project, source }
}
