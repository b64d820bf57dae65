/** Live reading: windows from the watermark to a bound, the cursor that moves when one has been read whole, and the gap beyond the feed's reach. */
import { assign } from "../../lib/assign.ts"
import { DAY_MS, HOUR_MS } from "../../lib/time.ts"
import { openGapBackfill } from "../backfill/backfill.ts"
import { partnerNow } from "../clocks/partner-time.ts"
import type { LiveStream, Slice } from "../state/slices.ts"
import type { Run } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"
import { type AnyStream, blankSlice, chosen, orderOf, resume, setWindow, streamsOf, watermarkOf } from "./slice.ts"

/** After an outage the span is cut into windows of about this many records, oldest first. */
export const WINDOW_RECORDS = 50_000
/** A span this short is never cut. */
const UNCUT_MS = 2 * HOUR_MS
/** A span of a stream whose density is not known yet is cut at this. */
const UNKNOWN_SPAN_MS = 24 * HOUR_MS
/** The feed is given up this much before its retention ends: it is emptied while it is read. */
export const RETENTION_MARGIN_MS = DAY_MS
/** A window under way is given up later than one would be opened, so that what was opened can be read. */
const LEAVE_MARGIN_MS = RETENTION_MARGIN_MS / 2
/** After a gap live reading goes on this much above the end of the feed's retention, so that it can be read before it is lost. */
export const RESUME_MARGIN_MS = 2 * DAY_MS
/**
 * A stream that could not be read for so long, day after day, is left to the lists: what was kept for it can be forgotten. Days on which
 * it failed are counted, too: our own clock may be set ahead.
 */
export const STUCK_DAYS_MAX = 7
/** Then live reading goes on this far below now: should the feed work again, it knows the last day better than the lists do. */
export const STUCK_KEPT_MS = DAY_MS
/**
 * In several windows in a row records may move out, and their facts are awaited from the first of them on. Not for longer than this
 * below the cursor, nor less than one window: at a busy partner every window takes several pages, and nothing would ever be forgotten.
 */
export const MOVED_MAX_MS = DAY_MS
/** By how much an answer may show more than the time that it was asked at. */
export const SHOWN_LATE_MS = 60_000

/** Opens the windows a live run reads; one left by a failed run is gone on with. */
export function openWindows(tx: Transaction): void {
  for (const stream of streamsOf(tx, "live")) {
    const live = tx.state.live[stream.name]
    if (!live || chosen(tx.state, stream).length === 0) continue
    if (live.slice) resume(live.slice)
    else live.slice = newWindow(tx, stream, live)
  }
}

/** The window has been read whole: the cursor moves. Where that is not up to the run's start, the next window follows. */
export function windowRead(tx: Transaction, slice: Slice, run: Run): void {
  const live = tx.state.live[slice.stream]
  const stream = streamsOf(tx, "live").find((one) => one.name === slice.stream)
  if (!live || !stream) return
  // Cut while our clock stood ahead, its end may lie above what its first page can have shown.
  const end = Math.min(slice.top ?? Number.POSITIVE_INFINITY, slice.bound ?? live.cursor)
  live.perHour = density(slice, end)
  live.cursor = Math.max(live.cursor, end)
  noteMoved(live, slice, stream)
  live.slice = null
  if (slice.top !== null || isLeftOver(tx, end, run)) live.slice = newWindow(tx, stream, live)
}

/** A window of one page is a snapshot: nothing can have moved out of it while it was read. */
function noteMoved(live: LiveStream, slice: Slice, stream: AnyStream): void {
  const from = slice.bottom ?? live.cursor
  const moved = stream.sortedByUpdate === true && slice.page > 0
  live.movedSince = moved ? (live.movedSince ?? live.movedFrom ?? from) : null
  live.movedFrom = moved ? Math.max(live.movedFrom ?? from, Math.min(from, live.cursor - MOVED_MAX_MS)) : null
}

/** A window that an earlier run left ends before this run began. */
function isLeftOver(tx: Transaction, end: number, run: Run): boolean {
  const granularityMs = tx.connector.clock?.granularityMs ?? 0
  return end + SHOWN_LATE_MS + granularityMs < run.startedAt + tx.state.clock.skewMs
}

/** Reads a window again from its top: what was read of it was read for other collections. */
export function restartWindow(tx: Transaction, live: LiveStream): void {
  const slice = live.slice
  if (!slice) return
  assign(slice, {
    pageToken: null,
    digest: null,
    page: slice.page + 1,
    edge: null,
    lease: null,
    no: ++tx.state.windows,
    bound: null,
  })
  setWindow(slice, { from: slice.bottom, to: slice.top })
}

function newWindow(tx: Transaction, stream: AnyStream, live: LiveStream): Slice {
  const from = live.cursor - 1000 * stream.lookbackSeconds
  // Of records that move, an earlier part would lack those that changed later: their facts would come below the watermark of the next.
  // In no order, every part would be read by reading all.
  const to = stream.sortedByUpdate || orderOf(tx, stream.name) === "none" ? null : cutAt(tx, live, from)
  const slice = blankSlice(tx, stream, `live:${stream.name}`)
  setWindow(slice, { from, to })
  return slice
}

/**
 * Where a long span is cut, or null: the window is open above and its bound is the time its first page is asked for. A cut always
 * lies above the cursor, so that every window moves it.
 */
function cutAt(tx: Transaction, live: LiveStream, from: number): number | null {
  const span = partnerNow(tx) - from
  const longest = live.perHour === null ? UNKNOWN_SPAN_MS : (WINDOW_RECORDS / Math.max(live.perHour, 1e-9)) * HOUR_MS
  if (span <= UNCUT_MS || span <= longest) return null
  const cut = Math.max(from + Math.max(longest, UNCUT_MS), live.cursor + UNCUT_MS)
  return cut >= partnerNow(tx) - UNCUT_MS ? null : 1000 * Math.floor(cut / 1000)
}

function density(slice: Slice, end: number): number {
  const hours = Math.max((end - (slice.bottom ?? end)) / HOUR_MS, 1 / 60)
  return slice.records / hours
}

/**
 * Where the feed no longer reaches back to the watermark (after weeks of a pause, or with a rejected key), a backfill reads the lists for the
 * gap, and live reading goes on from where the feed does. Called once an answer's date was believed: our own clock alone may be weeks
 * ahead, and would leave to the lists what the feed still tells. True when it was left; the page is not taken.
 */
export function leaveLost(tx: Transaction, slice: Slice): boolean {
  const live = tx.state.live[slice.stream]
  const stream = streamsOf(tx, "live").find((one) => one.name === slice.stream)
  if (!live || stream?.retentionDays === undefined || chosen(tx.state, stream).length === 0) return false
  const margin = slice.page === 0 ? RETENTION_MARGIN_MS : LEAVE_MARGIN_MS
  const reached = partnerNow(tx) - stream.retentionDays * DAY_MS
  // Oldest first, what lies below its edge has been read.
  const edge = stream.order === "oldest" ? slice.edge?.time : undefined
  if ((edge ?? watermarkOf(tx, stream.name, live)) >= reached + margin) return false
  // Not from now on: what the feed still holds it tells better than any list, and a clock that is hours off costs nothing.
  leaveGap(tx, stream, live, reached + RESUME_MARGIN_MS)
  live.slice = newWindow(tx, stream, live)
  return true
}

/**
 * A stream of which nothing could be read for a week: the lists tell that time as far as they can, and live reading begins anew. Not where
 * no list tells of a collection, nor while the partner may be down as a whole: an outage must not become a gap.
 */
export function leaveToLists(tx: Transaction, { stream: name, stuck }: Slice, mayBeDown: boolean): void {
  const live = tx.state.live[name]
  const stream = streamsOf(tx, "live").find((one) => one.name === name)
  const now = partnerNow(tx)
  if (!live || !stream || !stuck || stuck.days < STUCK_DAYS_MAX || now - stuck.since < STUCK_DAYS_MAX * DAY_MS) return
  const others = Object.entries(tx.state.live).filter(([other]) => other !== name)
  if (mayBeDown && !others.some(([, { cursor }]) => cursor > stuck.since)) return
  const lists = streamsOf(tx, "backfill")
  if (!chosen(tx.state, stream).every((one) => lists.some((list) => list.collections.includes(one)))) return
  if (now - STUCK_KEPT_MS > live.cursor) leaveGap(tx, stream, live, now - STUCK_KEPT_MS)
}

/** A backfill reads the lists from the watermark up to the new cursor's; live reading goes on from there. */
function leaveGap(tx: Transaction, stream: AnyStream, live: LiveStream, cursor: number): void {
  // Facts of records that moved out of the windows before are the lists' now, too.
  const from = Math.min(watermarkOf(tx, stream.name, live), live.movedFrom ?? Number.POSITIVE_INFINITY)
  const told = readUpTo(tx, stream) + SHOWN_LATE_MS
  assign(live, { slice: null, movedFrom: null, movedSince: null })
  live.cursor = 1000 * Math.floor(cursor / 1000)
  const to = watermarkOf(tx, stream.name, live)
  // The last page of a window may have shown more, beyond its end.
  openGapBackfill(tx, stream, { from, to }, { from, to: Math.max(told, to) })
}

/** How far any live stream that feeds the same collections may have told of them: facts of the gap, too. */
function readUpTo(tx: Transaction, { collections }: AnyStream): number {
  const feeding = streamsOf(tx, "live").filter((one) => one.collections.some((name) => collections.includes(name)))
  return Math.max(
    ...feeding.map(({ name }) => {
      const live = tx.state.live[name]
      return Math.max(live?.cursor ?? 0, live?.slice?.bound ?? 0)
    }),
  )
}
