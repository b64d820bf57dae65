/**
 * What may be asked of a source's Durable Object, and what it answers. All of it is plain data: errors lose their class across
 * RPC, so refusals are results. Every call is safe to repeat.
 *
 * Times are epoch ms. `partner time` is the partner's clock (its `Date` header); everything else is ours.
 */
import type { Credential } from "../../connectors/kit/define.ts"
import type { Bookmark } from "./bookmark.ts"
import type { Configuration, Sealed, SealedSecret } from "./configuration.ts"
import type {
  Checkpoint,
  CheckpointAnswer,
  CredentialAsk,
  LeaseAnswer,
  LeaseAsk,
  Settlement,
  VersionedCredential,
} from "./fetching.ts"
import type { ClaimAnswer, ClaimAsk, Report, ReportAnswer } from "./forwarding.ts"
import type { QuarantineEntry, RunView, SourceView } from "./views.ts"

/**
 * Bumped when consumers and sources of two deploys would misread each other. A consumer with another number is told `later`, and
 * what it hands over changes nothing; only what it has delivered is believed, since the destination has it.
 */
export const PROTOCOL = 5
/** A command that was not carried out, and why. The code is one of the API's problem codes. */
export interface Refusal {
  ok: false
  code:
    | "too_soon"
    | "run_in_progress"
    | "paused"
    | "source_error"
    | "checking_credentials"
    | "gone"
    | "unknown_collection"
    | "not_found"
    | "out_of_range"
    | "too_many_waiting"
    | "unavailable"
  message: string
  /** For operators alone: why the source cannot work. */
  cause?: string
  /** too_soon, checking_credentials: whole seconds until it may be repeated. */
  retryAfterSeconds?: number
  /** run_in_progress: the run. */
  run?: string
}

export type Answer<T> = ({ ok: true } & T) | Refusal

export interface PageAsk {
  limit: number
  cursor: string | null
}

/** For the API and the watchdog. */
export interface SourceControl {
  /** Creates or reconfigures; also re-arms a missing or overdue alarm. Older versions change nothing. */
  configure(configuration: Configuration): Promise<Answer<{ view: SourceView }>>
  view(): Promise<Answer<{ view: SourceView }>>
  syncNow(): Promise<Answer<{ run: string }>>
  runs(ask: PageAsk): Promise<Answer<{ runs: RunView[]; cursor: string | null }>>
  run(id: string): Promise<Answer<{ run: RunView }>>
  /** `from`: epoch ms, null for the start date. */
  resync(collection: string, from: number | null): Promise<Answer<{ run: string }>>
  quarantine(ask: PageAsk): Promise<Answer<{ entries: QuarantineEntry[]; cursor: string | null }>>
  /**
   * Items go back to the outbox. `left`: records, which only a resync reads again, and items that the outbox had no room for: they are
   * replayed once it has been delivered.
   */
  replay(ids: number[] | "all"): Promise<Answer<{ replayed: number; left: number }>>
  /** Entries are given up for good: what they hold is not delivered. Of records a resync may read what the partner still shows. */
  discardEntries(ids: number[] | "all"): Promise<Answer<{ discarded: number }>>
  discard(id: number): Promise<Answer<object>>
  /** The plain credential, for one call to the partner; an access token that has run out is renewed first. */
  access(): Promise<Answer<{ credential: Credential }>>
  /**
   * Makes the source inert and erases all but a tombstone. With `revoke`, the partner is told that the grant is given back; false
   * where that is still owed, and erasing is to be asked for again. The bookmark, where there is one, comes with every answer until
   * it is said to be kept.
   */
  erase(revoke?: boolean): Promise<{ ok: boolean; bookmark?: Bookmark }>
  /** Every sealed value that the object holds, a tombstone's too, as it is. */
  sealed(): Promise<SealedSecret[]>
  /** Puts values that were sealed anew in place of the old ones; answers what it holds then. */
  reseal(changes: { from: Sealed; to: Sealed }[]): Promise<SealedSecret[]>
  /** The bookmark is stored elsewhere: the tombstone lets go of it. */
  bookmarkKept(): Promise<void>
}

/** For the queue consumers. */
export interface SourceWork {
  lease(ask: LeaseAsk): Promise<LeaseAnswer>
  checkpoint(checkpoint: Checkpoint): Promise<CheckpointAnswer>
  settle(settlement: Settlement): Promise<void>
  /** A newer credential than the version that failed, or null when there is none: the caller then settles with `auth`. */
  credential(ask: CredentialAsk): Promise<VersionedCredential | null>
  claim(ask: ClaimAsk): Promise<ClaimAnswer>
  report(report: Report): Promise<ReportAnswer>
}

export type SourceRpc = SourceControl & SourceWork
