/** What the source and a consumer that reads the partner say to each other: leases, tasks, pages, and how a lease is let go of. */
import type { Clearing, Identity } from "../../api/enums.ts"
import type {
  Account,
  CollectionNote,
  Credential,
  JsonValue,
  PartnerFailure,
  PendingKey,
  Reject,
  Stream,
  Window,
} from "../../connectors/kit/define.ts"
import type { Span } from "./backfill.ts"
import type { Completed } from "./completed.ts"
import type { CollectionChoice, SourceRef } from "./configuration.ts"
import type { EncodedItem } from "./encoded-item.ts"

/** How a stream is read: on from its cursor, or its lists for the range of a backfill. The consumers of each have a queue of their own. */
export type Lane = Stream<unknown>["mode"]

export interface LeaseRef {
  /** `live:events`, `p3:charges`. */
  slice: string
  number: number
}

export interface VersionedCredential extends Credential {
  version: number
}

/** One stream over one bounded window, and all that reading it takes. */
export interface Task {
  lease: LeaseRef
  until: number
  ref: SourceRef
  connector: string
  config: JsonValue
  account: Account
  identity: Identity
  /** The destination's, when the lease was given: items are encoded with it as they are read. A change is met with the next lease. */
  clearing: Clearing
  /** The chosen collections, of those the slice feeds. */
  collections: CollectionChoice[]
  stream: string
  lane: Lane
  window: Window
  /** Backfills: the fact times they are for. */
  range?: Window | null
  pageToken: string | null
  pageSize: number
  /** Feed records that were completed by further calls in an earlier window, and whose items were accepted, by `completedKey`. */
  completed: string[]
  /** The number of the page to read next; checkpoints count it up. */
  page: number
  /** Pages are not to be read now: it is asked where the record stands that makes the partner fail. */
  probe?: Probe | null
  credential: VersionedCredential
  /** Least time between two partner calls of this task, ms: its share of the source's rate budget, told anew with each checkpoint. */
  paceMs: number
  /** Partner time minus our time as last seen; 0 before the first answer. Display only. */
  skewMs: number
}

export interface LeaseAsk {
  lane: Lane
  /** Random; repeated with the same nonce the same lease is answered. */
  nonce: string
  protocol: number
}

export type LeaseAnswer =
  /** `more`: slices that others could read now, beside this one. */
  | { kind: "given"; task: Task; more?: number }
  /** Nothing to do now; the Durable Object wakes the consumer when there is. */
  | { kind: "later"; at: number; reason: string }
  | { kind: "idle" }
  | { kind: "gone" }

export interface Checkpoint {
  protocol: number
  lease: LeaseRef
  /** The task's page number this is the outcome of. */
  page: number
  /** Partner time at which the page was asked for: a lower bound of the state it shows. */
  asked: number
  /** The partner's clock stood between `asked` and this much later. */
  spreadMs: number
  /** From asking for the page to sending this: over 3 minutes it is `stale`. A duration, since the consumer's clock may be off. */
  ageMs: number
  /** From asking the partner to its answer; earlier consumers do not say it. */
  answerMs?: number
  /** Records the page held. */
  records: number
  items: EncodedItem[]
  rejects: Reject[]
  pending: PendingKey[]
  closed: { collection: string; key: string }[]
  /** The order-field time of the page's last record, null for an empty page. */
  edge: number | null
  /** The lowest of its records, where another one comes last: one of which parts are left. */
  lowest?: number
  /** Token of the next page; null: the window has been read whole. */
  next: string | null
  /** Of the ids and times of the page's records: with the same token again, they are read in circles. */
  digest?: string
  /** Collections that the partner left out of the page, since the credential may not read them. */
  denied?: CollectionNote[]
  /** What the partner keeps back of collections that it showed. */
  incomplete?: CollectionNote[]
  /** Partner calls made since the last checkpoint or settlement. */
  calls: number
  /** Records of the page that took further calls to complete: read again, they are passed over. */
  completed: Completed[]
  /** The page above it, where both are saved in one commit: neither without the other. */
  before?: Checkpoint
  /** What came of asking for the next page is told right after it, and must not get lost: nothing stops the reading in between. */
  isFollowed?: boolean
}

export type CheckpointAnswer =
  /**
   * `from`: the window's lower bound from now on, where the list was cut: what lies below is another slice's. `more`: slices that others
   * could read now, beside this one. `ahead`: the next page but one may be asked for while the next one is saved. `inPairs`: the
   * next page may be kept and handed over with the one after it.
   */
  | {
      kind: "go"
      until: number
      paceMs: number
      from?: number | null
      more?: number
      ahead?: boolean
      inPairs?: boolean
    }
  /** Saved; read no further now (window read whole, or backpressure, pause, abort). The lease is over. */
  | { kind: "stop"; reason: string }
  /** Not saved: the lease or the page is no longer current. Drop everything. */
  | { kind: "stale" }

type Failed<Kind extends PartnerFailure["kind"]> = Extract<PartnerFailure, { kind: Kind }>

/**
 * How a consumer lets go of a lease when not by a final checkpoint. A failure of the partner goes on under its own kind. It is not
 * quite the same type, since the source needs what only the consumer knows (when the wait is over, by the clock it was asked on; which
 * credential was refused; which collections were asked for) and must not get what only the API needs (the account).
 */
export type Outcome =
  /** The time budget is used up; work goes on with the next wake-up. */
  | { kind: "release" }
  /** How far the search for the failing record has come; `reason`: how the partner fails. */
  | { kind: "probed"; found: Found; reason: string }
  /** Our clock. */
  | (Omit<Failed<"limited">, "retryAfterMs"> & { until: number })
  | (Failed<"auth"> & { credentialVersion: number })
  | (Omit<Failed<"denied">, "account"> & { collections: string[] })
  | Failed<"transient" | "too_large" | "token_refused" | "fault">

export interface Settlement {
  protocol: number
  lease: LeaseRef
  outcome: Outcome
  calls: number
}

/** The forced check after a 401. */
export interface CredentialAsk {
  protocol: number
  lease: LeaseRef
  /** The version that the partner refused. */
  failedVersion: number
}

// ------------------------------------------------------------------------- the search for a record that cannot be read

/** How far the search has come (`reading/probe.ts`). */
export interface Probe {
  /** Lower end of the window that is being read; null: it has none. */
  from: number | null
  granularityMs: number
  phase: Phase
  /** Rows from here on were read, or are in `places`. */
  top: number
  /** `search`: the window from here up to `top` fails, */
  fails: number
  /** and from here up it does not. */
  reads: number
  /** How far down the next question reaches, while the distance is not known; null once it is. */
  step: number | null
  /** What fails, highest first; half-open. */
  places: Span[]
  asked: number
  /** How often the page has failed at the end. */
  failures?: number
}

type Phase =
  /** Nothing was read: does the partner answer for what stands above at all? An outage ends the search with its first question. */
  | "above"
  /** A row that was read: can it be read now? */
  | "before"
  /** All rows of the stretch in which the reading stands: is it the rest of them that fails? */
  | "beside"
  /** The first row below `top`. */
  | "after"
  /** The first row between two times. */
  | "search"
  /** The page that fails: does it fail still? */
  | "again"
  /** And the row below: can it be read still? The two in turn. */
  | "still"

export type Found =
  /** More is to be asked. */
  | { kind: "asking"; probe: Probe }
  /** These fail, and everything around them can be read. */
  | { kind: "places"; places: Span[] }
  /** Nothing that could be passed: why, for the log. */
  | { kind: "none"; reason: string }
