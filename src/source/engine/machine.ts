/**
 * The source's machine: what may be asked of a source, each call as one turn or a few. It stands on ports only; the Durable Object and
 * the simulator both are thin shells around it. No error escapes the alarm: the platform would drop it for good after some retries.
 */
import { bookmarkOf, goOn } from "../control/bookmark.ts"
import { beginSource, discardEntry, type ReplayStep, reconfigure, replay, resync, syncNow } from "../control/control.ts"
import { GONE, historyPage, quarantinePage, viewOf } from "../control/view.ts"
import { beginDailyTry, tried } from "../credentials/dailytry.ts"
import type { Need } from "../credentials/need.ts"
import { exchangeSealed, secretsOf } from "../credentials/sealed.ts"
import { credentialVersionOf, isTokenDue, need, needAfterRefusal, needToKeep } from "../credentials/token.ts"
import { claim as decideClaim, report as decideReport, isPlainDelivery } from "../delivery/delivery.ts"
import type { SourcePorts } from "../ports.ts"
import type { Bookmark } from "../protocol/bookmark.ts"
import type { Configuration, Sealed, SealedSecret } from "../protocol/configuration.ts"
import type { ClaimAnswer, ClaimAsk, Report, ReportAnswer } from "../protocol/forwarding.ts"
import type {
  Checkpoint,
  CheckpointAnswer,
  CredentialAsk,
  Lease,
  LeaseAnswer,
  LeaseAsk,
  Settlement,
} from "../protocol/reading.ts"
import { type Answer, type PageAsk, PROTOCOL, type Refusal, type SourceRpc } from "../protocol/source.ts"
import type { QuarantineEntry, RunView, SourceView } from "../protocol/views.ts"
import { checkpoint as decideCheckpoint } from "../reading/checkpoint.ts"
import { settle as decideSettle } from "../reading/failure.ts"
import { lease as decideLease, type LeaseDecision } from "../reading/lease.ts"
import { holds } from "../state/grant.ts"
import { slicesOf } from "../state/state.ts"
import { freshState, readState } from "../state/stored.ts"
import { Erasing } from "./erasing.ts"
import { Renewing } from "./renewing.ts"
import { openCredential, openDestination } from "./secrets.ts"
import { noteError, retryLater } from "./trouble.ts"
import { Turns, value } from "./turns.ts"

const LATER_MS = 60_000
/** Renewals for one lease: a token that is due again at once is no token. */
const RENEWALS_MAX = 2

export class SourceMachine implements SourceRpc {
  readonly #ports: SourcePorts
  readonly #turns: Turns
  readonly #renewing: Renewing
  readonly #erasing: Erasing

  constructor(ports: SourcePorts) {
    this.#ports = ports
    this.#turns = new Turns(ports)
    this.#renewing = new Renewing(ports, this.#turns)
    this.#erasing = new Erasing(ports, { forget: () => this.#turns.forget(), bookmark: () => this.#bookmark() })
  }

  // ------------------------------------------------------------------------------------------------------- control

  async configure({ bookmark, ...configuration }: Configuration): Promise<Answer<{ view: SourceView }>> {
    const isNew = this.#ports.store.core() === null
    const first = isNew ? freshState(configuration) : null
    return this.#turns.act<Answer<{ view: SourceView }>>(
      GONE,
      (turn) => {
        if (isNew && bookmark) goOn(turn, bookmark)
        else if (isNew) beginSource(turn)
        else reconfigure(turn, configuration)
        return () => ({ ok: true, view: viewOf(turn) })
      },
      first,
    )
  }

  view(): Promise<Answer<{ view: SourceView }>> {
    return this.#turns.act<Answer<{ view: SourceView }>>(GONE, (turn) => () => ({ ok: true, view: viewOf(turn) }))
  }

  syncNow(): Promise<Answer<{ run: string }>> {
    return this.#turns.act<Answer<{ run: string }>>(GONE, (turn) => value(syncNow(turn)))
  }

  runs(ask: PageAsk): Promise<Answer<{ runs: RunView[]; cursor: string | null }>> {
    return this.#turns.act<Answer<{ runs: RunView[]; cursor: string | null }>>(GONE, (turn) =>
      value(historyPage(turn, ask)),
    )
  }

  run(id: string): Promise<Answer<{ run: RunView }>> {
    return this.#turns.act<Answer<{ run: RunView }>>(GONE, (turn) => {
      const run = historyPage(turn, { limit: Number.POSITIVE_INFINITY, cursor: null }).runs.find((one) => one.id === id)
      return value(
        run ? { ok: true, run } : { ok: false, code: "not_found", message: `The source has no run "${id}".` },
      )
    })
  }

  resync(collection: string, from: number | null): Promise<Answer<{ run: string }>> {
    return this.#turns.act<Answer<{ run: string }>>(GONE, (turn) => value(resync(turn, collection, from)))
  }

  quarantine(ask: PageAsk): Promise<Answer<{ entries: QuarantineEntry[]; cursor: string | null }>> {
    return this.#turns.act<Answer<{ entries: QuarantineEntry[]; cursor: string | null }>>(GONE, (turn) =>
      value(quarantinePage(turn, ask)),
    )
  }

  /** A turn for each few entries: their bodies must fit into memory, and into one commit. */
  async replay(ids: number[] | "all"): Promise<Answer<{ replayed: number; left: number }>> {
    let replayed = 0
    for (let before: number | null = null; ; ) {
      const step = await this.#turns.act<ReplayStep | Refusal>(GONE, (turn) => value(replay(turn, ids, before)))
      if (!step.ok) return step
      replayed += step.replayed
      if (step.next === null) return { ok: true, replayed, left: ids === "all" ? step.left : ids.length - replayed }
      before = step.next
    }
  }

  discard(id: number): Promise<Answer<object>> {
    return this.#turns.act<Answer<object>>(GONE, (turn) => value(discardEntry(turn, id)))
  }

  erase(revoke = false): Promise<{ ok: boolean; bookmark?: Bookmark }> {
    return this.#erasing.erase(revoke)
  }

  async bookmarkKept(): Promise<void> {
    this.#erasing.bookmarkKept()
  }

  async sealed(): Promise<SealedSecret[]> {
    const text = this.#turns.text()
    return text === null ? [] : secretsOf(readState(text))
  }

  async reseal(changes: { from: Sealed; to: Sealed }[]): Promise<SealedSecret[]> {
    const fresh = new Map(changes.map(({ from, to }) => [from, to]))
    if (!this.#erasing.reseal(fresh))
      await this.#turns.act<void>(undefined, (turn) => value(exchangeSealed(turn.state, fresh)))
    return this.sealed()
  }

  #bookmark(): Bookmark | undefined {
    try {
      return this.#turns.look(bookmarkOf) ?? undefined
    } catch (error) {
      noteError(this.#ports.log, "source.bookmark_lost", error)
      return undefined
    }
  }

  // ---------------------------------------------------------------------------------------------------------- work

  async lease(ask: LeaseAsk): Promise<LeaseAnswer> {
    const decision = await this.#leaseWithToken(ask)
    if (decision.kind !== "granted") return decision
    const credential = await openCredential(this.#ports, this.#turns).catch((error) =>
      noteError(this.#ports.log, "source.credential_unreadable", error),
    )
    if (credential) return { kind: "granted", task: { ...decision.task, credential } }
    // Let go of at once, with the reason: five leases that nobody works on would be reported as a hang.
    const outcome = { kind: "fault" as const, reason: "the stored credential cannot be opened" }
    await this.settle({ protocol: PROTOCOL, lease: decision.task.lease, outcome, calls: 0 })
    return { kind: "later", at: this.#ports.clock.now() + LATER_MS, reason: outcome.reason }
  }

  /** An access token that is about to run out is renewed before anything is granted. */
  async #leaseWithToken(ask: LeaseAsk): Promise<Exclude<LeaseDecision, { kind: "renew" }> | { kind: "gone" }> {
    for (let renewals = 0; ; renewals++) {
      const decision = await this.#turns.act<LeaseDecision | { kind: "gone" }>({ kind: "gone" }, (turn) =>
        value(decideLease(turn, ask, need)),
      )
      if (decision.kind !== "renew") return decision
      const later = await this.#renewing.renew(decision.need)
      if (later === null && renewals < RENEWALS_MAX) continue
      const at = later ?? this.#ports.clock.now() + LATER_MS
      return { kind: "later", at, reason: "the access token is being renewed" }
    }
  }

  checkpoint(page: Checkpoint): Promise<CheckpointAnswer> {
    return this.#turns.act<CheckpointAnswer>({ kind: "stale" }, (turn) => value(decideCheckpoint(turn, page)))
  }

  settle(settlement: Settlement): Promise<void> {
    return this.#turns.act<void>(undefined, (turn) => value(decideSettle(turn, settlement)))
  }

  async credential({ protocol, lease, failedVersion }: CredentialAsk) {
    if (protocol !== PROTOCOL || !this.#holdsLease(lease)) return null
    const renewal = await this.#turns.act<Need>({ kind: "none" }, (turn) =>
      value(needAfterRefusal(turn, failedVersion)),
    )
    if (renewal.kind !== "none") await this.#renewing.renew(renewal)
    const state = this.#turns.peek()
    if (!state || !this.#holdsLease(lease) || state.checking || credentialVersionOf(state) <= failedVersion) return null
    return openCredential(this.#ports, this.#turns)
  }

  #holdsLease(lease: Lease): boolean {
    const state = this.#turns.peek()
    const slice = state && slicesOf(state).find((one) => one.id === lease.slice)
    return slice ? holds(slice.lease, lease.number) : false
  }

  async claim(ask: ClaimAsk): Promise<ClaimAnswer> {
    const decision = await this.#turns.act<ReturnType<typeof decideClaim> | { kind: "gone" }>(
      { kind: "gone" },
      (turn) => value(decideClaim(turn, ask)),
    )
    if (decision.kind !== "granted") return decision
    const { claim } = decision
    const destination = await openDestination(this.#ports, this.#turns).catch((error) =>
      noteError(this.#ports.log, "source.key_unreadable", error),
    )
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
    return this.#turns.act<ReportAnswer>({ kind: "stop", reason: "the source was deleted" }, (turn) => {
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
      const due = await this.#turns.act<{ keep: Need; daily: Need | null } | null>(null, (turn) => {
        turn.state.alarmAt = null
        turn.state.trouble = 0
        return value({ keep: needToKeep(turn), daily: beginDailyTry(turn) })
      })
      if (due?.keep.kind === "refresh") await this.#renewing.renew(due.keep)
      if (due?.daily) await this.#tryAgain(due.daily)
    } catch (error) {
      this.#turns.forget()
      retryLater(this.#ports, error)
    }
  }

  /** A source that stopped for its credential tries it, with one call. */
  async #tryAgain(token: Need): Promise<void> {
    if (token.kind === "wait") return
    if (token.kind === "refresh") await this.#renewing.renew(token)
    const { tryCredential, clock, log } = this.#ports
    const state = this.#turns.peek()
    if (!state?.error || isTokenDue(state, clock.now())) return
    const opened = await openCredential(this.#ports, this.#turns).catch((error) =>
      noteError(this.#ports.log, "source.credential_unreadable", error),
    )
    if (!opened) return
    const { connector, config, source } = state.configuration
    const answer = await tryCredential({ connector, config, credential: opened })
    log("credential.tried", { source, answer })
    await this.#turns.act<void>(undefined, (turn) => value(tried(turn, opened.version, answer)))
  }
}
