/**
 * The source's engine: what may be asked of a source, each call as one transaction or a few. It stands on ports only; the Durable Object and
 * the simulator both are thin shells around it. No error escapes the alarm: the platform would drop it for good after some retries.
 */
import type { Credential } from "../../connectors/kit/define.ts"
import { withAliases } from "../control/aliases.ts"
import { bookmarkOf, goOn } from "../control/bookmark.ts"
import {
  beginSource,
  type DiscardStep,
  discardEntries,
  discardEntry,
  type ReplayStep,
  reconfigure,
  replay,
  resync,
  syncNow,
} from "../control/commands.ts"
import { GONE, historyPage, quarantinePage, viewOf } from "../control/view.ts"
import { beginDailyTry, tried } from "../credentials/daily-try.ts"
import { exchangeSealed, secretsOf } from "../credentials/sealed.ts"
import { credentialVersionOf, isTokenDue, need, needAfterRefusal, needToKeep, needToTry } from "../credentials/token.ts"
import type { TokenNeed } from "../credentials/token-need.ts"
import { claim as decideClaim, report as decideReport, reportPlainly } from "../delivery/delivery.ts"
import type { SourcePorts } from "../ports.ts"
import type { Bookmark } from "../protocol/bookmark.ts"
import type { Configuration, Sealed, SealedSecret } from "../protocol/configuration.ts"
import type {
  Checkpoint,
  CheckpointAnswer,
  CredentialAsk,
  LeaseAnswer,
  LeaseAsk,
  LeaseRef,
  Settlement,
} from "../protocol/fetching.ts"
import type { ClaimAnswer, ClaimAsk, Report, ReportAnswer } from "../protocol/forwarding.ts"
import { type Answer, type PageAsk, PROTOCOL, type Refusal, type SourceRpc } from "../protocol/source.ts"
import type { QuarantineEntry, RunView, SourceView } from "../protocol/views.ts"
import { checkpoint as decideCheckpoint } from "../reading/checkpoint.ts"
import { lease as decideLease, type LeaseDecision } from "../reading/lease.ts"
import { settle as decideSettle } from "../reading/settlement.ts"
import { holds } from "../state/lease.ts"
import { slicesOf } from "../state/state.ts"
import { freshState, readState } from "../state/stored.ts"
import { Erasing } from "./erasing.ts"
import { Renewing } from "./renewing.ts"
import { openCredential, openDestination } from "./secrets.ts"
import { Transactions, value } from "./transactions.ts"
import { noteError, retryLater } from "./trouble.ts"

const LATER_MS = 60_000
/** Renewals for one lease: a token that is due again at once is no token. */
const RENEWALS_MAX = 2

const UNREADABLE = "The stored credentials cannot be opened, because of a mistake on our side."

const NO_ACCESS: Refusal = {
  ok: false,
  code: "unavailable",
  message: "The source's credentials cannot be used at the moment. Nothing was changed. Try again in a minute.",
}

export class SourceEngine implements SourceRpc {
  readonly #ports: SourcePorts
  readonly #transactions: Transactions
  readonly #renewing: Renewing
  readonly #erasing: Erasing

  constructor(ports: SourcePorts) {
    this.#ports = ports
    this.#transactions = new Transactions(ports)
    this.#renewing = new Renewing(ports, this.#transactions)
    this.#erasing = new Erasing(ports, { forget: () => this.#transactions.forget(), bookmark: () => this.#bookmark() })
  }

  // ------------------------------------------------------------------------------------------------------- control

  async configure({ bookmark, ...configuration }: Configuration): Promise<Answer<{ view: SourceView }>> {
    const isNew = this.#ports.store.core() === null
    const first = isNew ? freshState(configuration) : null
    return this.#transactions.act<Answer<{ view: SourceView }>>(
      GONE,
      (tx) => {
        const read = withAliases(tx.connector, configuration)
        if (isNew) tx.state.configuration = read
        if (isNew && bookmark) goOn(tx, bookmark)
        else if (isNew) beginSource(tx)
        else reconfigure(tx, read)
        return () => structuredClone({ ok: true, view: viewOf(tx) })
      },
      first,
    )
  }

  view(): Promise<Answer<{ view: SourceView }>> {
    return this.#transactions.act<Answer<{ view: SourceView }>>(
      GONE,
      (tx) => () => structuredClone({ ok: true, view: viewOf(tx) }),
    )
  }

  syncNow(): Promise<Answer<{ run: string }>> {
    return this.#transactions.act<Answer<{ run: string }>>(GONE, (tx) => value(syncNow(tx)))
  }

  runs(ask: PageAsk): Promise<Answer<{ runs: RunView[]; cursor: string | null }>> {
    return this.#transactions.act<Answer<{ runs: RunView[]; cursor: string | null }>>(GONE, (tx) =>
      value(structuredClone(historyPage(tx, ask))),
    )
  }

  run(id: string): Promise<Answer<{ run: RunView }>> {
    return this.#transactions.act<Answer<{ run: RunView }>>(GONE, (tx) => {
      const run = historyPage(tx, { limit: Number.POSITIVE_INFINITY, cursor: null }).runs.find((one) => one.id === id)
      return value(
        run
          ? { ok: true, run: structuredClone(run) }
          : { ok: false, code: "not_found", message: `The source has no run "${id}".` },
      )
    })
  }

  resync(collection: string, from: number | null): Promise<Answer<{ run: string }>> {
    return this.#transactions.act<Answer<{ run: string }>>(GONE, (tx) => value(resync(tx, collection, from)))
  }

  quarantine(ask: PageAsk): Promise<Answer<{ entries: QuarantineEntry[]; cursor: string | null }>> {
    return this.#transactions.act<Answer<{ entries: QuarantineEntry[]; cursor: string | null }>>(GONE, (tx) =>
      value(quarantinePage(tx, ask)),
    )
  }

  /** A transaction for each few entries: their bodies must fit into memory, and into one commit. */
  async replay(ids: number[] | "all"): Promise<Answer<{ replayed: number; left: number }>> {
    let replayed = 0
    for (let before: number | null = null; ; ) {
      const step = await this.#transactions.act<ReplayStep | Refusal>(GONE, (tx) => value(replay(tx, ids, before)))
      if (!step.ok) return step
      replayed += step.replayed
      if (step.next === null) return { ok: true, replayed, left: ids === "all" ? step.left : ids.length - replayed }
      before = step.next
    }
  }

  async discardEntries(ids: number[] | "all"): Promise<Answer<{ discarded: number }>> {
    let discarded = 0
    for (let before: number | null = null; ; ) {
      const step = await this.#transactions.act<DiscardStep | Refusal>(GONE, (tx) =>
        value(discardEntries(tx, ids, before)),
      )
      if (!step.ok) return step
      discarded += step.discarded
      if (step.next === null) return { ok: true, discarded }
      before = step.next
    }
  }

  discard(id: number): Promise<Answer<object>> {
    return this.#transactions.act<Answer<object>>(GONE, (tx) => value(discardEntry(tx, id)))
  }

  async access(): Promise<Answer<{ credential: Credential }>> {
    const due = await this.#transactions.act<TokenNeed | null>(null, (tx) => value(needToTry(tx)))
    if (due && due.kind !== "none") await this.#renewing.renew(due)
    const state = this.#transactions.peek()
    if (!due || !state) return GONE
    if (isTokenDue(state, this.#ports.clock.now())) return NO_ACCESS
    const opened = await openCredential(this.#ports, this.#transactions).catch((error) =>
      noteError(this.#ports.log, "source.credential_unreadable", error),
    )
    return opened ? { ok: true, credential: { kind: opened.kind, value: opened.value } } : NO_ACCESS
  }

  erase(revoke = false): Promise<{ ok: boolean; bookmark?: Bookmark }> {
    return this.#erasing.erase(revoke)
  }

  async bookmarkKept(): Promise<void> {
    this.#erasing.bookmarkKept()
  }

  async sealed(): Promise<SealedSecret[]> {
    const text = this.#transactions.text()
    return text === null ? [] : secretsOf(readState(text))
  }

  async reseal(changes: { from: Sealed; to: Sealed }[]): Promise<SealedSecret[]> {
    const fresh = new Map(changes.map(({ from, to }) => [from, to]))
    if (!this.#erasing.reseal(fresh))
      await this.#transactions.act<void>(undefined, (tx) => value(exchangeSealed(tx.state, fresh)))
    return this.sealed()
  }

  #bookmark(): Bookmark | undefined {
    try {
      return this.#transactions.look(bookmarkOf) ?? undefined
    } catch (error) {
      noteError(this.#ports.log, "source.bookmark_lost", error)
      return undefined
    }
  }

  // ---------------------------------------------------------------------------------------------------------- work

  async lease(ask: LeaseAsk): Promise<LeaseAnswer> {
    const decision = await this.#leaseWithToken(ask)
    if (decision.kind !== "given") return decision
    const credential = await openCredential(this.#ports, this.#transactions).catch((error) =>
      noteError(this.#ports.log, "source.credential_unreadable", error),
    )
    if (credential) return { kind: "given", task: { ...decision.task, credential }, more: decision.more }
    // Let go of at once, with the reason: five leases that nobody works on would be reported as a hang.
    const outcome = { kind: "fault" as const, reason: UNREADABLE }
    await this.settle({ protocol: PROTOCOL, lease: decision.task.lease, outcome, calls: 0 })
    return { kind: "later", at: this.#ports.clock.now() + LATER_MS, reason: outcome.reason }
  }

  /** An access token that is about to run out is renewed before anything is leased. */
  async #leaseWithToken(ask: LeaseAsk): Promise<Exclude<LeaseDecision, { kind: "renew" }> | { kind: "gone" }> {
    for (let renewals = 0; ; renewals++) {
      const decision = await this.#transactions.act<LeaseDecision | { kind: "gone" }>({ kind: "gone" }, (tx) =>
        value(structuredClone(decideLease(tx, ask, need))),
      )
      if (decision.kind !== "renew") return decision
      const later = await this.#renewing.renew(decision.need)
      if (later === null && renewals < RENEWALS_MAX) continue
      const at = later ?? this.#ports.clock.now() + LATER_MS
      return { kind: "later", at, reason: "the access token is being renewed" }
    }
  }

  checkpoint(page: Checkpoint): Promise<CheckpointAnswer> {
    return this.#transactions.act<CheckpointAnswer>({ kind: "stale" }, (tx) => value(decideCheckpoint(tx, page)))
  }

  settle(settlement: Settlement): Promise<void> {
    return this.#transactions.act<void>(undefined, (tx) => value(decideSettle(tx, settlement)))
  }

  async credential({ protocol, lease, failedVersion }: CredentialAsk) {
    if (protocol !== PROTOCOL || !this.#holdsLease(lease)) return null
    const renewal = await this.#transactions.act<TokenNeed>({ kind: "none" }, (tx) =>
      value(needAfterRefusal(tx, failedVersion)),
    )
    if (renewal.kind !== "none") await this.#renewing.renew(renewal)
    const state = this.#transactions.peek()
    if (!state || !this.#holdsLease(lease) || state.checking || credentialVersionOf(state) <= failedVersion) return null
    return openCredential(this.#ports, this.#transactions)
  }

  #holdsLease(lease: LeaseRef): boolean {
    const state = this.#transactions.peek()
    const slice = state && slicesOf(state).find((one) => one.id === lease.slice)
    return slice ? holds(slice.lease, lease.number) : false
  }

  async claim(ask: ClaimAsk): Promise<ClaimAnswer> {
    const decision = await this.#transactions.act<ReturnType<typeof decideClaim> | { kind: "gone" }>(
      { kind: "gone" },
      (tx) => value(decideClaim(tx, ask)),
    )
    if (decision.kind !== "given") return decision
    const { claim } = decision
    const destination = await openDestination(this.#ports, this.#transactions).catch((error) =>
      noteError(this.#ports.log, "source.key_unreadable", error),
    )
    if (destination) return { kind: "given", claim: { ...claim, destination } }
    // As if the destination had rejected it: nothing was sent, and nothing will be until the key changes.
    const reason = "The stored key of the destination cannot be opened. Paste it again under Destination."
    const rows = claim.rows.map(({ id }) => id)
    const result = { rows, outcome: "rejected" as const, status: 0, reason, retryAt: null }
    const { number, destinationVersion } = claim
    await this.report({ protocol: PROTOCOL, number, destinationVersion, results: [result], done: true })
    return { kind: "later", at: this.#ports.clock.now() + LATER_MS, reason }
  }

  report(report: Report): Promise<ReportAnswer> {
    return this.#transactions.act<ReportAnswer>({ kind: "stop", reason: "the source was deleted" }, (tx) => {
      const plain = reportPlainly(tx, report)
      return plain ? { plain } : value(decideReport(tx, report))
    })
  }

  // --------------------------------------------------------------------------------------------------------- alarm

  /** Looks at what is due. Never throws: it is tried again later, further apart each time. */
  async alarm(): Promise<void> {
    try {
      const due = await this.#transactions.act<{ keep: TokenNeed; daily: TokenNeed | null } | null>(null, (tx) => {
        tx.state.alarmAt = null
        tx.state.trouble = 0
        return value({ keep: needToKeep(tx), daily: beginDailyTry(tx) })
      })
      if (due?.keep.kind === "refresh") await this.#renewing.renew(due.keep)
      if (due?.daily) await this.#tryAgain(due.daily)
    } catch (error) {
      this.#transactions.forget()
      retryLater(this.#ports, error)
    }
  }

  /** A source that stopped for its credential tries it, with one call. */
  async #tryAgain(token: TokenNeed): Promise<void> {
    if (token.kind === "wait") return
    if (token.kind === "refresh") await this.#renewing.renew(token)
    const { tryCredential, clock, log } = this.#ports
    const state = this.#transactions.peek()
    if (!state?.error || isTokenDue(state, clock.now())) return
    const { connector, config, source } = state.configuration
    const opened = await openCredential(this.#ports, this.#transactions).catch((error) =>
      noteError(this.#ports.log, "source.credential_unreadable", error),
    )
    if (!opened) return
    const answer = await tryCredential({ connector, config, credential: opened })
    log("credential.tried", { source, answer })
    await this.#transactions.act<void>(undefined, (tx) => value(tried(tx, opened.version, answer)))
  }
}
