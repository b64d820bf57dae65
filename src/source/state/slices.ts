/** What is stored of reading: slices, live streams and backfills. */
import type { Window } from "../../connectors/kit/define.ts"
import type { BackfillKind, Span } from "../protocol/backfill.ts"
import type { Completed } from "../protocol/completed.ts"
import type { Lane, Probe } from "../protocol/fetching.ts"
import type { Lease } from "./lease.ts"

export interface Slice {
  /** `live:events`, `p3:charges`. */
  id: string
  stream: string
  lane: Lane
  collections: string[]
  /** Backfills: the fact times it is for, half-open, partner time. Null on live slices. */
  range: { from: number; to: number } | null
  /** The stream's order field, narrowed when the window is read again from its edge. */
  window: Window
  /** The window's bounds before any narrowing. */
  top: number | null
  bottom: number | null
  /** One of the ranges that a list was cut into: its neighbours are read side by side with it, and what is read is taken out. */
  isPart: boolean
  /** Distinguishes this window from every other: ties are decided by the first read of one window. */
  no: number
  /** Live: partner time up to which the window has been read once it is read whole; fixed by its first page. */
  bound: number | null
  pageToken: string | null
  /** What the page held that named the token (`Checkpoint.digest`); null where nothing is known of it. */
  digest: string | null
  /** Scrolls: a page was asked for that did not come to a checkpoint, so that the token may stand behind it. */
  mayHaveMoved: boolean
  page: number
  pageSize: number
  /**
   * How far it has been read, down or up as the stream's order is: the order-field time of the last record, and the partner time at which the first page that
   * held a record of that time was asked for. Read again from here, nothing is missed and `seen` knows the repeats. `lowest`: where
   * records further down have been read, too, the last of them.
   */
  edge: { time: number; since: number; lowest?: number } | null
  records: number
  /** Failures since the last progress. */
  attempts: number
  /** Leases in a row that ran out without a checkpoint. */
  lapses: number
  /** Our clock: not to be leased before. */
  notBefore: number
  waiting: string | null
  lease: (Lease & { lapsed: boolean }) | null
  /**
   * Set aside until it may go on: `denied` by the partner, `failed` until the next run, `off` while the user does not want its
   * collection. Window, token and edge are kept.
   */
  state: "reading" | "read" | "denied" | "failed" | "off"
  /** Partner time at which it was set aside with no page read since; null once one is. */
  asideAt: number | null
  /**
   * Since when it could not be read (partner time), over all runs that tried, and why last; on how many days that failed, and when
   * the last of them began (our clock). Null once it could be read.
   */
  stuck: { since: number; reason: string; days: number; dayAt: number } | null
  /** The page is smaller than a full one since the partner failed, not since an answer was too large. */
  shrunkByFailures?: boolean
  /** A page of one row fails: the search for the record's place, as far as it has come. */
  probe?: Probe | null
  /** Where the last searches found it. */
  sighted?: Sighted | null
}

export interface Sighted {
  places: Span[]
  /** Our clock: when it was found in this place, each time in another run. */
  seenAt: number[]
  run: string
}

export interface SteppedOver {
  /** Our clock. */
  at: number
  place: Span
  /** What was read when it was left out: another reading may be for others. Left out: all. */
  collections?: string[]
}

export interface LiveStream {
  /** Partner time up to which the stream has been read. The lookback is never stored into it. */
  cursor: number
  slice: Slice | null
  /** Feed records above the watermark that took further calls to complete: an idle sync must not ask for them again. */
  completed: Completed[]
  /**
   * Facts from here on are still to come, though they lie below the window: while earlier windows were read, their records may have
   * moved out of them. With a cursor at 12:00 and windows of several pages that began at 06:00, 09:00 and 11:00 it is 06:00. Never more than
   * a day below the cursor, unless the last window itself began earlier.
   */
  movedFrom?: number | null
  /** Where the first of those windows began, however long ago. A fact from between it and `movedFrom` comes too late. */
  movedSince?: number | null
  /** Records an hour in the last windows; null before the first. Only for cutting long spans. */
  perHour: number | null
}

export interface Backfill {
  id: string
  kind: BackfillKind
  slices: Slice[]
  /** The run the user sees it as; null while it waits to go on after a failure. */
  run: string | null
  trigger: "schedule" | "manual"
  /** Places in the live feed whose facts were taken already although they are of the backfill's range. */
  overlap: Span | null
  /** How much of it has been read, 0 to 1, as its run shows it (`runs/progress.ts`); null before the run's first page. */
  share: number | null
  /** Records of parts that have been read, and are no longer among the slices. */
  recordsOfParts: number
}
