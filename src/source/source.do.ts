/**
 * One source's Durable Object: a thin shell that gives the machine its ports on the platform. Its duties:
 *   - SQLite rows and the alarm, committed together
 *   - the RPC methods, passed on as they are
 * Everything else is decided in the modules beside this file.
 */
import { DurableObject } from "cloudflare:workers"
import { getConnector } from "../connectors/index.ts"
import type { Bindings } from "../env.ts"
import { sourcePorts, tokensOf } from "../platform.ts"
import { SourceMachine } from "./machine.ts"
import type {
  Checkpoint,
  ClaimAsk,
  Configuration,
  CredentialAsk,
  LeaseAsk,
  PageAsk,
  Report,
  Settlement,
  SourceRef,
  SourceRpc,
} from "./rpc.ts"
import { SqlStore } from "./store.ts"

export class SourceObject extends DurableObject<Bindings> implements SourceRpc {
  readonly #machine: SourceMachine

  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env)
    const ports = sourcePorts(env, refOf(ctx.id.name ?? ""))
    const tokens = tokensOf(env, getConnector)
    this.#machine = new SourceMachine({ ...ports, tokens, store: new SqlStore(ctx.storage), connector: getConnector })
  }

  override alarm() {
    return this.#machine.alarm()
  }

  configure(configuration: Configuration) {
    return this.#machine.configure(configuration)
  }
  view() {
    return this.#machine.view()
  }
  syncNow() {
    return this.#machine.syncNow()
  }
  runs(ask: PageAsk) {
    return this.#machine.runs(ask)
  }
  run(id: string) {
    return this.#machine.run(id)
  }
  resync(collection: string, from: number | null) {
    return this.#machine.resync(collection, from)
  }
  quarantine(ask: PageAsk) {
    return this.#machine.quarantine(ask)
  }
  replay(ids: number[] | "all") {
    return this.#machine.replay(ids)
  }
  discard(id: number) {
    return this.#machine.discard(id)
  }
  erase(revoke?: boolean) {
    return this.#machine.erase(revoke)
  }
  lease(ask: LeaseAsk) {
    return this.#machine.lease(ask)
  }
  checkpoint(checkpoint: Checkpoint) {
    return this.#machine.checkpoint(checkpoint)
  }
  settle(settlement: Settlement) {
    return this.#machine.settle(settlement)
  }
  credential(ask: CredentialAsk) {
    return this.#machine.credential(ask)
  }
  claim(ask: ClaimAsk) {
    return this.#machine.claim(ask)
  }
  report(report: Report) {
    return this.#machine.report(report)
  }
}

/** The inverse of `objectName`. */
function refOf(name: string): SourceRef {
  const [org = "", project = "", source = ""] = name.split("/")
  return { org, project, source }
}
