/**
 * The core row: everything about a source's syncing that is small and moves together, as one JSON value. Schedule, live windows,
 * cursors, throttle, leases, backfills and the runs under way are saved with one row written.
 */
import type { QueueName, TokenAsk } from "../ports.ts"
import type { Span } from "../protocol/backfill.ts"
import type { Bookmark } from "../protocol/bookmark.ts"
import type { Configuration, SealedTokens } from "../protocol/configuration.ts"
import type { CollectionCounts, RunView, SourceError } from "../protocol/views.ts"
import type { Lease } from "./lease.ts"
import type { Backfill, LiveStream, Slice, SteppedOver } from "./slices.ts"

export interface State {
  schema: number
  configuration: Configuration
  error: SourceError | null
  /** The OAuth grant's tokens; null where a pasted key is used. */
  token: TokenState | null
  /**
   * Our own OAuth client is missing or not accepted by the partner: nothing is read until its operator, or the project's admin, has
   * put it right. Our clock.
   */
  operatorWait: { since: number; reason: string } | null
  /** The credential was refused once, and the call that confirms it is still to come. */
  checking: Checking | null
  /** Our clock: when a source that stopped for its credential last tried it; null: not since it stopped. */
  triedAt: number | null
  nextRunAt: number | null
  /** Our clock: the alarm as last set; null: none. */
  alarmAt: number | null
  lastSyncNowAt: number | null
  /** Our clock: when the last live run started; null: none did. */
  lastLiveAt: number | null
  /** What the partner's answers say of its clock. */
  clock: PartnerClock
  /** How long the partner takes for a page of a list, ms, smoothed; null: nothing is known yet. */
  answerMs: number | null
  /** The partner asked to wait, by scope: with the whole source, one bucket of its limits, or one stream. */
  waits: Record<string, Wait>
  leases: number
  windows: number
  ids: { run: number; backfill: number; outbox: number; quarantine: number; seen: number; pending: number }
  live: Record<string, LiveStream>
  run: Run | null
  /** Runs whose reading is over and whose items are not all delivered, and the runs of backfills. */
  others: Run[]
  backfills: Backfill[]
  /** Facts from here on are live reading's, earlier ones the backfills'. By collection, partner time. */
  liveFrom: Record<string, number>
  /** Spans above it, half-open, that are the backfills' too: while a collection was off, or the feed could not be read. */
  backfillSpans: Record<string, Span[]>
  /** Where live reading of a collection stopped when the user turned it off: from its watermark to how far it may have read. */
  offAt: Record<string, Span>
  /** `stream|collection` -> fact times from here on have been read or are planned. */
  covered: Record<string, number>
  denied: Record<string, string>
  claim: Claim | null
  delivery: Delivery
  wakes: Partial<Record<QueueName, WakeUp>>
  /** `refused`: of the quarantined, those that were items accepted before: delivered = accepted - waiting - refused. */
  counts: Record<string, CollectionCounts & { refused: number; lastItemAt: number | null }>
  idle: IdleRun[]
  /** Keys that `seen` had to forget for lack of room, since the beginning. */
  forgotten?: number
  /** Key hash -> quarantine id of refused object items, which a newer state replaces. */
  quarantinedObjects: Record<string, number>
  /** The coarse status D1 was last told. */
  published: string
  /** What was stepped over lately, by stream. */
  steppedOver?: Record<string, SteppedOver[]>
  /** Decisions that threw in a row; the alarm is set apart further each time. */
  trouble: number
}

/** What remains of a deleted source. */
export interface Tombstone {
  schema: number
  erased: true
  /** The grant that is still to be given back, and how often that was tried. */
  revoke?: { ask: TokenAsk; tries: number } | null
  /** Where reading stopped, until somebody else keeps it. */
  bookmark?: Bookmark
}

/** What is kept of a run; what a view adds is reckoned when it is looked at. */
export type Run = Omit<RunView, "progress" | "waits">

/** A finished run that found nothing, kept short: most runs of most sources. */
export type IdleRun = [id: string, manual: 0 | 1, startedAt: number, endedAt: number, calls: number, records: number]

export interface WakeUp {
  /** Our clock: without an answer by then it is sent again. */
  deadline: number
  tries: number
}

export interface Claim extends Lease {
  rows: number[]
}

export interface Delivery {
  state: "ok" | "retrying" | "paused"
  reason: string | null
  retryAt: number | null
  attempts: number
  /** Ids of single items refused in a row with none accepted between: not the items' fault once there are too many. */
  refused: number[]
  /** Rows whose POST may have been taken although no acceptance was reported. */
  unsure: number[]
  maybeRepeated: number
}

export interface TokenState {
  /** Id of the grant. */
  grant: string
  /** Grows with every new access token; what consumers name when one is refused. */
  version: number
  tokens: SealedTokens
  /** The partner answered 401 to this access token: it is renewed whatever its life. */
  refused: boolean
  /** A refresh that the partner is being asked for, or whose answer never came. */
  intent: { id: string; until: number } | null
  /** Answers lost with this refresh token. */
  lost: number
  /** Attempts without a word of the partner's, in a row. */
  tries: number
  /** Our clock: when this refresh token was first sent; null: it was not. */
  sentAt: number | null
  /** The partner refused this refresh token, or it is used up: it is not sent again. */
  isOver: boolean
  /** Our clock: when these tokens came; null: with the sign-in. */
  renewedAt: number | null
  /** They came because the ones before were refused, and have not been accepted yet. */
  isAfterRefusal?: boolean
}

export interface Checking {
  /** Our clock. */
  since: number
  /** The partner's refusal. */
  reason: string
  /** Of the credential that was refused. */
  credentialVersion: number
  /** Leases with a number up to this were given before: what they come to says nothing new of the credential. */
  lastLease: number
}

export interface Wait {
  /** Our clock. */
  until: number
  reason: string
  /** Our clock: when it was asked for; waits noted by earlier versions lack it. */
  since?: number
}

/** What one answer says of the skew (partner time minus our time): at least `skewMs`, at most `spreadMs` more. */
export interface ClockReading {
  /** Our clock: when the request was sent. */
  at: number
  skewMs: number
  spreadMs: number
}

export interface PartnerClock {
  /** Partner time minus our time. */
  skewMs: number
  /** The first two and the last of the answers in a row that agree. */
  readings: ClockReading[]
  /** Our clock: since when no answer was believed; null: the last one was. */
  offSince: number | null
  /** Our clock: when the last answer that was believed was asked for; null: none was yet. */
  believedAt: number | null
  /** After the partner's clock went back: object versions above `limit` read by windows up to `window` were dated too late. */
  tooLate?: { limit: number; window: number } | null
}

export function slicesOf(state: State): Slice[] {
  const live = Object.values(state.live).flatMap((stream) => (stream.slice ? [stream.slice] : []))
  return [...live, ...state.backfills.flatMap((backfill) => backfill.slices)]
}

/** The status code in D1 while an operator has to act. */
export const WAITING_FOR_OPERATOR = "waiting_for_operator"

/** The status that lists show, which D1 is told when it changes. */
export function coarse({
  error,
  configuration,
  operatorWait,
}: Pick<State, "error" | "configuration" | "operatorWait">): string {
  if (error) return `error:${error.code}`
  const status = configuration.active ? "connected" : "paused"
  return operatorWait ? `${status}:${WAITING_FOR_OPERATOR}` : status
}
