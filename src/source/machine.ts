/**
 * The source's machine: loads what a decision needs, calls it, commits once, and then carries out the effects. It stands on ports
 * only; the Durable Object and the simulator both are thin shells around it.
 *
 * Its duties:
 *   - one turn at a time: between load and commit nothing is awaited, so nothing can come in between
 *   - all or nothing: a decision that throws changes nothing, and what was kept in memory is dropped
 *   - commit first, then send: a wake-up that is lost costs time until its deadline, never data
 *   - no error escapes the alarm: the platform would drop it for good after some retries
 */

import { type Bookmark, bookmarkOf, goOn } from "./bookmark.ts"
import { type Changes, NO_CHANGES } from "./changes.ts"
import { checkpoint as decideCheckpoint } from "./checkpoint.ts"
import { bringBack } from "./clock.ts"
import { begin, discardEntry, type ReplayStep, reconfigure, replay, resync, syncNow } from "./control.ts"
import { beginDailyTry, tried } from "./dailytry.ts"
import { claim as decideClaim, report as decideReport, isPlainDelivery } from "./delivery.ts"
import { Erasing } from "./erasing.ts"
import { settle as decideSettle } from "./failure.ts"
import { holds } from "./grant.ts"
import { lease as decideLease, type LeaseDecision } from "./lease.ts"
import { OpenKeys } from "./openkeys.ts"
import { Outbox } from "./outbox.ts"
import { plan } from "./plan.ts"
import type { Lanes, SourcePorts, TokenAsk } from "./ports.ts"
import {
  type Answer,
  type Checkpoint,
  type CheckpointAnswer,
  type ClaimAnswer,
  type ClaimAsk,
  type Configuration,
  type CredentialAsk,
  type Lease,
  type LeaseAnswer,
  type LeaseAsk,
  type PageAsk,
  PROTOCOL,
  type QuarantineEntry,
  type Refusal,
  type Report,
  type ReportAnswer,
  type RunView,
  type Sealed,
  type SealedSecret,
  type Settlement,
  type SourceRef,
  type SourceRpc,
  type SourceView,
  type VersionedCredential,
} from "./rpc.ts"
import { HOUR_MS } from "./schedule.ts"
import { exchangeSealed, secretsOf } from "./sealed.ts"
import { SeenIndex } from "./seen.ts"
import {
  coarse,
  freshState,
  isReadable,
  isTombstone,
  readState,
  type State,
  slicesOf,
  WAITING_FOR_OPERATOR,
} from "./state.ts"
import { answered, credentialVersionOf, isTokenDue, type Need, need, needAfterRefusal, needToKeep } from "./token.ts"
import type { Turn } from "./turn.ts"
import { UNABLE_RETRY_MS } from "./unable.ts"
import { GONE, historyPage, quarantinePage, viewOf } from "./view.ts"

/** A decision that throws is tried again after this, doubling. */
const TROUBLE_RETRY_MS = 300_000
const TROUBLE_RETRY_MAX_MS = 3_600_000
const LATER_MS = 60_000
/** Renewals for one lease: a token that is due again at once is no token. */
const RENEWALS_MAX = 2

/** What is kept between turns; dropped whenever a turn fails, to be read again from the last commit. */
interface Memory {
  text: string
  seen: SeenIndex
  open: OpenKeys
  outbox: Outbox
}

interface Done<T> {
  result: T
  wakes: Lanes[]
  status: State
}

export class SourceMachine implements SourceRpc {
  readonly #ports: SourcePorts
  #memory: Memory | null = null
  /** The refresh that this instance is asking for. */
  #renewing: Promise<void> | null = null

  readonly #erasing: Erasing

  constructor(ports: SourcePorts) {
    this.#ports = ports
    this.#erasing = new Erasing(ports, { forget: () => this.#forget(), bookmark: () => this.#bookmark() })
  }

  // ------------------------------------------------------------------------------------------------------- control

  async configure({ bookmark, ...configuration }: Configuration): Promise<Answer<{ view: SourceView }>> {
    const isNew = this.#ports.store.core() === null
    const first = isNew ? freshState(configuration) : null
    return this.#act<Answer<{ view: SourceView }>>(
      GONE,
      (turn) => {
        if (isNew && bookmark) goOn(turn, bookmark)
        else if (isNew) begin(turn)
        else reconfigure(turn, configuration)
        return () => ({ ok: true, view: viewOf(turn) })
      },
      first,
    )
  }

  view(): Promise<Answer<{ view: SourceView }>> {
    return this.#act<Answer<{ view: SourceView }>>(GONE, (turn) => () => ({ ok: true, view: viewOf(turn) }))
  }

  syncNow(): Promise<Answer<{ run: string }>> {
    return this.#act<Answer<{ run: string }>>(GONE, (turn) => value(syncNow(turn)))
  }

  runs(ask: PageAsk): Promise<Answer<{ runs: RunView[]; cursor: string | null }>> {
    return this.#act<Answer<{ runs: RunView[]; cursor: string | null }>>(GONE, (turn) => value(historyPage(turn, ask)))
  }

  run(id: string): Promise<Answer<{ run: RunView }>> {
    return this.#act<Answer<{ run: RunView }>>(GONE, (turn) => {
      const run = historyPage(turn, { limit: Number.POSITIVE_INFINITY, cursor: null }).runs.find((one) => one.id === id)
      return value(
        run ? { ok: true, run } : { ok: false, code: "not_found", message: `The source has no run "${id}".` },
      )
    })
  }

  resync(collection: string, from: number | null): Promise<Answer<{ run: string }>> {
    return this.#act<Answer<{ run: string }>>(GONE, (turn) => value(resync(turn, collection, from)))
  }

  quarantine(ask: PageAsk): Promise<Answer<{ entries: QuarantineEntry[]; cursor: string | null }>> {
    return this.#act<Answer<{ entries: QuarantineEntry[]; cursor: string | null }>>(GONE, (turn) =>
      value(quarantinePage(turn, ask)),
    )
  }

  /** A turn for each few entries: their bodies must fit into memory, and into one commit. */
  async replay(ids: number[] | "all"): Promise<Answer<{ replayed: number; left: number }>> {
    let replayed = 0
    for (let before: number | null = null; ; ) {
      const step = await this.#act<ReplayStep | Refusal>(GONE, (turn) => value(replay(turn, ids, before)))
      if (!step.ok) return step
      replayed += step.replayed
      if (step.next === null) return { ok: true, replayed, left: ids === "all" ? step.left : ids.length - replayed }
      before = step.next
    }
  }

  discard(id: number): Promise<Answer<object>> {
    return this.#act<Answer<object>>(GONE, (turn) => value(discardEntry(turn, id)))
  }

  erase(revoke = false): Promise<{ ok: boolean; bookmark?: Bookmark }> {
    return this.#erasing.erase(revoke)
  }

  async bookmarkKept(): Promise<void> {
    this.#erasing.bookmarkKept()
  }

  async sealed(): Promise<SealedSecret[]> {
    const text = this.#memory?.text ?? this.#ports.store.core()
    return text === null ? [] : secretsOf(readState(text))
  }

  async reseal(changes: { from: Sealed; to: Sealed }[]): Promise<SealedSecret[]> {
    const fresh = new Map(changes.map(({ from, to }) => [from, to]))
    if (!this.#erasing.reseal(fresh))
      await this.#act<void>(undefined, (turn) => value(exchangeSealed(turn.state, fresh)))
    return this.sealed()
  }

  #forget(): void {
    this.#memory = null
  }

  #bookmark(): Bookmark | undefined {
    try {
      const memory = this.#load()
      return (memory && bookmarkOf(this.#open(memory, readState(memory.text) as State))) ?? undefined
    } catch (error) {
      this.#note("source.bookmark_lost", error)
      return undefined
    }
  }

  // ---------------------------------------------------------------------------------------------------------- work

  async lease(ask: LeaseAsk): Promise<LeaseAnswer> {
    const decision = await this.#leaseWithToken(ask)
    if (decision.kind !== "granted") return decision
    const credential = await this.#openCredential().catch((error) => this.#note("source.credential_unreadable", error))
    if (credential) return { kind: "granted", task: { ...decision.task, credential } }
    // Let go of at once, with the reason: five leases that nobody works on would be reported as a hang.
    const outcome = { kind: "fault" as const, reason: "the stored credential cannot be opened" }
    await this.settle({ protocol: PROTOCOL, lease: decision.task.lease, outcome, calls: 0 })
    return { kind: "later", at: this.#ports.clock.now() + LATER_MS, reason: outcome.reason }
  }

  /** An access token that is about to run out is renewed before anything is granted. */
  async #leaseWithToken(ask: LeaseAsk): Promise<Exclude<LeaseDecision, { kind: "renew" }> | { kind: "gone" }> {
    for (let renewals = 0; ; renewals++) {
      const decision = await this.#act<LeaseDecision | { kind: "gone" }>({ kind: "gone" }, (turn) =>
        value(decideLease(turn, ask, need)),
      )
      if (decision.kind !== "renew") return decision
      const later = await this.#renew(decision.need)
      if (later === null && renewals < RENEWALS_MAX) continue
      const at = later ?? this.#ports.clock.now() + LATER_MS
      return { kind: "later", at, reason: "the access token is being renewed" }
    }
  }

  checkpoint(page: Checkpoint): Promise<CheckpointAnswer> {
    return this.#act<CheckpointAnswer>({ kind: "stale" }, (turn) => value(decideCheckpoint(turn, page)))
  }

  settle(settlement: Settlement): Promise<void> {
    return this.#act<void>(undefined, (turn) => value(decideSettle(turn, settlement)))
  }

  async credential({ protocol, lease, failedVersion }: CredentialAsk) {
    if (protocol !== PROTOCOL || !this.#holdsLease(lease)) return null
    const renewal = await this.#act<Need>({ kind: "none" }, (turn) => value(needAfterRefusal(turn, failedVersion)))
    if (renewal.kind !== "none") await this.#renew(renewal)
    const state = this.#peek()
    if (!state || !this.#holdsLease(lease) || state.checking || credentialVersionOf(state) <= failedVersion) return null
    return this.#openCredential()
  }

  #holdsLease(lease: Lease): boolean {
    const state = this.#peek()
    const slice = state && slicesOf(state).find((one) => one.id === lease.slice)
    return slice ? holds(slice.lease, lease.number) : false
  }

  async claim(ask: ClaimAsk): Promise<ClaimAnswer> {
    const decision = await this.#act<ReturnType<typeof decideClaim> | { kind: "gone" }>({ kind: "gone" }, (turn) =>
      value(decideClaim(turn, ask)),
    )
    if (decision.kind !== "granted") return decision
    const { claim } = decision
    const destination = await this.#openDestination().catch((error) => this.#note("source.key_unreadable", error))
    if (destination) return { kind: "granted", claim: { ...claim, destination } }
    // As if the destination had rejected it: nothing was sent, and nothing will be until the key changes.
    const reason = "the stored key of the destination cannot be opened"
    const rows = claim.rows.map(({ id }) => id)
    const result = { rows, outcome: "rejected" as const, status: 0, reason, retryAt: null }
    const { number, destinationVersion } = claim
    await this.report({ protocol: PROTOCOL, number, destinationVersion, results: [result], done: true })
    return { kind: "later", at: this.#ports.clock.now() + LATER_MS, reason }
  }

  report(report: Report): Promise<ReportAnswer> {
    return this.#act<ReportAnswer>({ kind: "stop", reason: "the source was deleted" }, (turn) => {
      const isPlain = isPlainDelivery(turn, report) && !turn.outbox.isFull
      const answer = decideReport(turn, report)
      // With the last rows, runs may be over.
      return isPlain && turn.outbox.items > 0 ? { plain: answer } : value(answer)
    })
  }

  // --------------------------------------------------------------------------------------------------------- alarm

  /** Looks at what is due. Never throws: it is tried again later, further apart each time. */
  async alarm(): Promise<void> {
    try {
      const due = await this.#act<{ keep: Need; daily: Need | null } | null>(null, (turn) => {
        turn.state.alarmAt = null
        turn.state.trouble = 0
        return value({ keep: needToKeep(turn), daily: beginDailyTry(turn) })
      })
      if (due?.keep.kind === "refresh") await this.#renew(due.keep)
      if (due?.daily) await this.#tryAgain(due.daily)
    } catch (error) {
      this.#retryLater(error)
    }
  }

  /** A source that stopped for its credential tries it, with one call. */
  async #tryAgain(token: Need): Promise<void> {
    if (token.kind === "wait") return
    if (token.kind === "refresh") await this.#renew(token)
    const { tryCredential, clock, log } = this.#ports
    const state = this.#peek()
    if (!state?.error || isTokenDue(state, clock.now())) return
    const opened = await this.#openCredential().catch((error) => this.#note("source.credential_unreadable", error))
    if (!opened) return
    const { connector, config, source } = state.configuration
    const answer = await tryCredential({ connector, config, credential: opened })
    log("credential.tried", { source, answer })
    await this.#act<void>(undefined, (turn) => value(tried(turn, opened.version, answer)))
  }

  #retryLater(error: unknown): void {
    this.#memory = null
    const { store, clock, log } = this.#ports
    const text = store.core()
    const source = text === null ? null : sourceIn(text)
    const reason = error instanceof Error ? error.message : "unknown"
    const now = clock.now()
    const isOurs = text === null || isReadable(text)
    // Each alarm meets it; operators are told with the first of each hour.
    if (!isOurs && now % HOUR_MS < UNABLE_RETRY_MS) log("operator.alert", { source, reason })
    log("source.trouble", { source, reason })
    if (text === null) return
    if (!isOurs) {
      // Not ours to write to: another deploy goes on with it as it was left.
      store.commit({ ...NO_CHANGES, core: null, alarm: now + UNABLE_RETRY_MS })
      return
    }
    const core = JSON.parse(text) as State
    const trouble = (core.trouble ?? 0) + 1
    const again = clock.now() + Math.min(TROUBLE_RETRY_MS * 2 ** (trouble - 1), TROUBLE_RETRY_MAX_MS)
    // What the last commit set for an earlier time is due then, whatever went wrong now.
    const alarm = core.alarmAt !== null && core.alarmAt > clock.now() ? Math.min(core.alarmAt, again) : again
    store.commit({ ...NO_CHANGES, core: JSON.stringify({ ...core, trouble, alarmAt: alarm }), alarm })
  }

  // -------------------------------------------------------------------------------------------------------- tokens

  /**
   * Sees a refresh through, or waits for the one under way. Null: the token is as it is now, look again. A time: until then
   * somebody else is at it, an instance before this one.
   */
  async #renew(due: Exclude<Need, { kind: "none" }>): Promise<number | null> {
    if (due.kind === "refresh") {
      const mine = this.#refresh(due.intent, due.ask)
      this.#renewing = mine
      await mine.finally(() => {
        if (this.#renewing === mine) this.#renewing = null
      })
      return null
    }
    if (!this.#renewing) return due.until
    await this.#renewing
    return null
  }

  async #refresh(intent: string, ask: TokenAsk): Promise<void> {
    const answer = await this.#ports.tokens.refresh(ask)
    const { log } = this.#ports
    log("token.refresh", { source: ask.ref.source, answer: answer.kind })
    const since = this.#peek()?.operatorWait?.since
    await this.#act<void>(undefined, (turn) => {
      answered(turn, intent, answer)
      return value(undefined)
    })
    const wait = this.#peek()?.operatorWait
    // Once, when it begins: the tries that follow say the same.
    if (wait && wait.since !== since) {
      const { connector, ref } = ask
      log("operator.alert", { connector, org: ref.org, project: ref.project, source: ref.source, reason: wait.reason })
    }
  }

  // --------------------------------------------------------------------------------------------------------- turns

  /**
   * One turn. The decision answers how to make the result once what is due has been planned (a view shows it), or, as `plain`, a
   * result that needs no planning and no core row written.
   */
  async #act<T>(gone: T, decide: (turn: Turn) => (() => T) | { plain: T }, first: State | null = null): Promise<T> {
    const done = this.#turn(decide, first)
    if (done === null) return gone
    await this.#carryOut(done)
    return done.result
  }

  /** Synchronous from load to commit. */
  #turn<T>(decide: (turn: Turn) => (() => T) | { plain: T }, first: State | null): Done<T> | null {
    try {
      const memory = first ? this.#blank() : this.#load()
      if (!memory) return null
      const turn = this.#open(memory, first ?? (readState(memory.text) as State))
      bringBack(turn)
      const outcome = decide(turn)
      bringBack(turn)
      if (typeof outcome !== "function") {
        this.#commit(turn, memory, null, memory.text)
        return { result: outcome.plain, wakes: [], status: turn.state }
      }
      const { wakes, alarm } = plan(turn)
      const result = outcome()
      this.#commit(turn, memory, alarm, null)
      this.#memory = memory
      return { result, wakes, status: turn.state }
    } catch (error) {
      this.#memory = null
      throw error
    }
  }

  #peek(): State | null {
    const text = this.#memory?.text ?? this.#ports.store.core()
    const core = text === null ? null : readState(text)
    return core && !isTombstone(core) ? core : null
  }

  #load(): Memory | null {
    if (this.#memory) return this.#memory
    const { store } = this.#ports
    const text = store.core()
    const core = text === null ? null : readState(text)
    if (text === null || !core || isTombstone(core)) return null
    this.#memory = {
      text,
      seen: new SeenIndex(store.seen(), core.ids.seen),
      open: new OpenKeys(store.open(), core.ids.open),
      outbox: new Outbox(store.outbox()),
    }
    return this.#memory
  }

  #blank(): Memory {
    return { text: "", seen: new SeenIndex([], 0), open: new OpenKeys([], 0), outbox: new Outbox([]) }
  }

  #open(memory: Memory, state: State): Turn {
    const connector = this.#ports.connector(state.configuration.connector)
    if (!connector) throw new Error(`no connector "${state.configuration.connector}" in this version`)
    const { seen, open, outbox } = memory
    const staged = { quarantinePut: [], quarantineRemove: [], runsPut: [], runsRemove: [] }
    return {
      state,
      now: this.#ports.clock.now(),
      random: this.#ports.random,
      connector,
      seen,
      open,
      outbox,
      stored: this.#ports.store,
      staged,
    }
  }

  /** Writes what changed, the core row only when it did; nothing at all for a turn that changed nothing. */
  #commit(turn: Turn, memory: Memory, alarm: number | null, keepCore: string | null): void {
    const { state, staged } = turn
    const seen = memory.seen.takeChanges()
    const open = memory.open.takeChanges()
    state.ids.seen = memory.seen.nextId
    state.ids.open = memory.open.nextId
    const core = keepCore ?? JSON.stringify(state)
    const changes: Changes = {
      core: core === memory.text ? null : core,
      alarm,
      outbox: memory.outbox.takeChanges(),
      seen,
      open,
      quarantine: { put: staged.quarantinePut, remove: staged.quarantineRemove },
      runs: { put: staged.runsPut, remove: staged.runsRemove },
    }
    if (isEmpty(changes)) return
    this.#ports.store.commit(changes)
    memory.text = core
  }

  // ------------------------------------------------------------------------------------------------------- effects

  async #carryOut({ wakes, status }: Done<unknown>): Promise<void> {
    await Promise.all([this.#send(wakes), this.#publish(status)])
  }

  async #send(wakes: readonly Lanes[]): Promise<void> {
    const { wake } = this.#ports
    await Promise.all(wakes.map((lane) => wake(lane, 0).catch((error) => this.#note("source.wake_lost", error))))
  }

  /** D1 is told when the coarse status changed; a failure is made up for at the next turn. */
  async #publish(state: State): Promise<void> {
    const now = coarse(state)
    if (state.published === now) return
    try {
      await this.#ports.publish(publicStatus(state))
    } catch (error) {
      this.#note("source.publish_failed", error)
      return
    }
    const noted = this.#turn((turn) => {
      turn.state.published = now
      return value(undefined)
    }, null)
    await this.#send(noted?.wakes ?? [])
  }

  #note(event: string, error: unknown): void {
    this.#ports.log(event, { reason: error instanceof Error ? error.message : "unknown" })
  }

  async #openCredential(): Promise<VersionedCredential | null> {
    const state = this.#peek()
    if (!state) return null
    const { configuration, token } = state
    const version = credentialVersionOf(state)
    const { cipher } = this.#ports
    if (token) {
      const value = await cipher.open(token.tokens.access, context(configuration, "grant"))
      return { kind: "accessToken", value, version }
    }
    if (configuration.credential === null) return null
    const value = await cipher.open(configuration.credential, context(configuration, "credential"))
    return { kind: "key", value, version }
  }

  async #openDestination() {
    const configuration = this.#peek()?.configuration
    if (!configuration?.destination) return null
    const { org, project, sourceId, key, owner } = configuration.destination
    const opened = await this.#ports.cipher.open(key, context({ ...configuration, source: owner }, "destination"))
    return { org, project, sourceId, key: opened }
  }
}

/** What D1 shows in lists: an error, or what the source waits for although nothing is wrong with it. */
function publicStatus({ error, configuration, operatorWait }: State) {
  if (error) return { status: "error", code: error.code, message: error.message }
  const status = configuration.active ? "connected" : "paused"
  return { status, code: operatorWait ? WAITING_FOR_OPERATOR : null, message: operatorWait?.reason ?? null }
}

/** Whatever else of the state cannot be read: whose it is. */
function sourceIn(text: string): string | null {
  try {
    const { configuration } = JSON.parse(text) as { configuration?: { source?: string } }
    return configuration?.source ?? null
  } catch {
    return null
  }
}

function value<T>(result: T): () => T {
  return () => result
}

function context({ org, project, source }: SourceRef, purpose: string): string {
  return `${org}/${project}/${source}#${purpose}`
}

function isEmpty({ core, alarm, outbox, seen, open, quarantine, runs }: Changes): boolean {
  const lists = [
    outbox.insert,
    outbox.remove,
    outbox.update,
    seen.put,
    seen.remove,
    open.put,
    open.remove,
    quarantine.put,
    quarantine.remove,
    runs.put,
    runs.remove,
  ]
  return core === null && alarm === null && lists.every((list) => list.length === 0)
}
