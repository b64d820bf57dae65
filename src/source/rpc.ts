/**
 * What may be asked of a source's Durable Object, and what it answers. All of it is plain data: errors lose their class across
 * RPC, so refusals are results. Every call is safe to repeat.
 *
 * Times are epoch ms. `partner time` is the partner's clock (its `Date` header); everything else is ours.
 */
import type { Identity, SourceStatus } from "../api/enums.ts"
import type { CollectionChoice, LiveView, QuarantineEntry, RunView, SourceError } from "../api/views.ts"
import type {
  Account,
  CollectionNote,
  Credential,
  Item,
  JsonValue,
  OpenKey,
  PartnerFailure,
  Reject,
  Window,
} from "../connectors/kit/define.ts"
import type { Bookmark } from "./bookmark.ts"
import type { Found, Probe } from "./probe.ts"

/**
 * Bumped when consumers and sources of two deploys would misread each other. A consumer with another number is told `later`, and
 * what it hands over changes nothing; only what it has delivered is believed, since the destination has it.
 */
export const PROTOCOL = 3

// ------------------------------------------------------------------------------------------------- configuration

/** A secret as sealed by the vault; opened only by the Durable Object, which passes the plain value to a granted consumer. */
export type Sealed = string

/** A sealed value that a source's object holds, and what it is bound to. */
export interface SealedSecret {
  /** The source it is sealed for; empty for the project's destination. */
  owner: string
  purpose: "credential" | "destination" | "grant"
  value: Sealed
}

/** An access token and what renews it, as the partner gave them at one time. */
export interface SealedTokens {
  access: Sealed
  /** Null: it cannot be renewed. */
  refresh: Sealed | null
  /** Id of the OAuth client it was given to: no other can renew it. */
  client: string
  /** The client is the project's own, set under Settings. Left out: stored before this was noted. */
  isOwnClient?: boolean
  /** Our clock; null: it does not expire. */
  expiresAt: number | null
  /** How long the access token lives from the start, ms. */
  lifeMs: number | null
  /** Our clock: unused until then, the refresh token lapses. */
  refreshExpiresAt: number | null
  refreshLifeMs: number | null
}

export interface GrantConfig {
  id: string
  /** Null once the Durable Object has taken them: from then on only it knows the current ones. */
  tokens: SealedTokens | null
}

export interface SourceRef {
  org: string
  project: string
  /** The source's own id (`src_...`). */
  source: string
}

export interface DestinationConfig {
  org: string
  project: string
  /** Intempt's 19-digit source id, kept as a string. */
  sourceId: string
  /** `prefix.secret`, sealed. */
  key: Sealed
  /** The source id the key is sealed for; empty for the project's default. */
  owner: string
}

/** Everything D1 knows of a source that syncing needs; D1 owns it, the Durable Object keeps a copy by version. */
export interface Configuration extends SourceRef {
  /** Grows with every change in D1; an older one is ignored. */
  version: number
  connector: string
  config: JsonValue
  account: Account
  identity: Identity
  collections: CollectionChoice[]
  /** 00:00 UTC of the sync start date. */
  startDate: number
  intervalHours: number
  /** False: paused by the user. */
  active: boolean
  /** The pasted key; null where an OAuth grant is in its place. */
  credential: Sealed | null
  /** Left out or null: a pasted key is used. */
  grant?: GrantConfig | null
  /** Grows when a new key is pasted or a new grant is given. */
  credentialVersion: number
  destination: DestinationConfig | null
  /** Grows when the destination or its key changes. */
  destinationVersion: number
  /** Partner time at which the credential was first checked: live reading begins here. */
  connectedAt: number
  /** Where a deleted source of the same account stopped: a new one goes on from there. Told until the source has begun. */
  bookmark?: Bookmark
}

// ------------------------------------------------------------------------------------------------------- fetching

export type Lane = "live" | "backfill"

export interface Lease {
  /** `live:events`, `p3:charges`. */
  slice: string
  number: number
}

export interface VersionedCredential extends Credential {
  version: number
}

/** One stream over one bounded window, and all that reading it takes. */
export interface Task {
  lease: Lease
  until: number
  ref: SourceRef
  connector: string
  config: JsonValue
  account: Account
  identity: Identity
  /** The chosen collections, of those the slice feeds. */
  collections: CollectionChoice[]
  stream: string
  lane: Lane
  window: Window
  /** Passes: the fact times they are for. */
  range?: Window | null
  token: string | null
  pageSize: number
  /** Feed records that were completed by further calls in an earlier window, and whose items were admitted, by `completedKey`. */
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
  /** Random; repeated with the same nonce the same grant is answered. */
  nonce: string
  protocol: number
}

export type LeaseAnswer =
  | { kind: "granted"; task: Task }
  /** Nothing to do now; the Durable Object wakes the consumer when there is. */
  | { kind: "later"; at: number; reason: string }
  | { kind: "idle" }
  | { kind: "gone" }

export interface Checkpoint {
  protocol: number
  lease: Lease
  /** The task's page number this is the outcome of. */
  page: number
  /** Partner time at which the page was asked for: a lower bound of the state it shows. */
  asked: number
  /** The partner's clock stood between `asked` and this much later. */
  spreadMs: number
  /** From asking for the page to sending this: over 3 minutes it is `stale`. A duration, since the consumer's clock may be off. */
  ageMs: number
  /** Records the page held. */
  records: number
  items: Item[]
  rejects: Reject[]
  open: OpenKey[]
  closed: { collection: string; key: string }[]
  /** The order-field time of the page's last record, null for an empty page. */
  edge: number | null
  /** Token of the next page; null: the window has been read whole. */
  next: string | null
  /** Of the ids and times of the page's records: with the same token again, they are read in circles. */
  digest?: string
  /** Collections that the partner left out of the page, since the credential may not read them. */
  denied?: CollectionNote[]
  /** What the partner keeps back of collections that it showed. */
  untold?: CollectionNote[]
  /** Partner calls made since the last checkpoint or settlement. */
  calls: number
  /** Records of the page that took further calls to complete: read again, they are passed over. */
  completed: { id: string; time: number }[]
}

export type CheckpointAnswer =
  | { kind: "go"; until: number; paceMs: number }
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
  /** So far the record was looked for that makes the partner fail; `reason`: how it fails. */
  | { kind: "probed"; found: Found; reason: string }
  /** Our clock. */
  | (Omit<Failed<"limited">, "retryAfterMs"> & { until: number })
  | (Failed<"auth"> & { credentialVersion: number })
  | (Omit<Failed<"denied">, "account"> & { collections: string[] })
  | Failed<"transient" | "too_large" | "token_refused" | "fault">

export interface Settlement {
  protocol: number
  lease: Lease
  outcome: Outcome
  calls: number
}

/** The forced check after a 401. */
export interface CredentialAsk {
  protocol: number
  lease: Lease
  /** The version that the partner refused. */
  failedVersion: number
}

// ------------------------------------------------------------------------------------------------------ forwarding

export interface ClaimAsk {
  nonce: string
  protocol: number
}

export interface OutboxRow {
  id: number
  items: Item[]
  /** Was refused before: goes in a POST of its own, so that the answer is about these items only. */
  alone: boolean
}

export interface ClaimGrant {
  number: number
  until: number
  destination: { org: string; project: string; sourceId: string; key: string }
  destinationVersion: number
  rows: OutboxRow[]
  /** POSTs that may be under way at once. */
  parallel: number
}

export type ClaimAnswer =
  | { kind: "granted"; claim: ClaimGrant }
  | { kind: "later"; at: number; reason: string }
  | { kind: "idle" }
  | { kind: "gone" }

/** What became of one POST, which carried whole rows. */
export interface PostResult {
  rows: number[]
  /**
   * delivered: 2xx in the destination's own words. refused: 400/422 (retried, then halved). too_large: 413 (halved at once). later:
   * 5xx, 408, 429, timeout, network, 2xx with anything else. rejected: 401/402/403, our key.
   */
  outcome: "delivered" | "refused" | "too_large" | "later" | "rejected"
  /** HTTP status, 0 where no answer came: whether it was taken is unknown. */
  status: number
  reason: string
  /** Our clock, from Retry-After. */
  retryAt: number | null
}

export interface Report {
  protocol: number
  number: number
  destinationVersion: number
  results: PostResult[]
  /** True with the last report of the claim. */
  done: boolean
}

export type ReportAnswer =
  | { kind: "go"; until: number }
  /** The claim is over: start no further POST. */
  | { kind: "stop"; reason: string }

// -------------------------------------------------------------------------------------------------------- viewing

export type { Identity, RunKind, RunState, SourceStatus } from "../api/enums.ts"
export type {
  CollectionChoice,
  CollectionCounts,
  CollectionView,
  QuarantineEntry,
  RunView,
  SourceError,
} from "../api/views.ts"

/** What the API shows, and what the API needs to know beside it. */
export interface SourceView extends LiveView {
  ref: SourceRef
  configVersion: number
  status: SourceStatus
  error: SourceError | null
  /** Ids of the vault keys that its secrets are sealed with. */
  keyIds: string[]
}

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

// ---------------------------------------------------------------------------------------------------- the whole

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
  discard(id: number): Promise<Answer<object>>
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

/** The Durable Object's name: the project is part of it, so that tenants never mix. */
export function objectName(ref: SourceRef): string {
  return `${ref.org}/${ref.project}/${ref.source}`
}
