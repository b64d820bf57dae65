/** Checkpoints: what one page of records changes, in one commit. */
import { ALIAS } from "../../connectors/kit/item.ts"
import { assign } from "../../lib/assign.ts"
import { DAY_MS } from "../../lib/time.ts"
import { dateRefusal } from "../clocks/answer-date.ts"
import { datedSurely } from "../clocks/dating.ts"
import { latestBelievable } from "../clocks/partner-time.ts"
import { CHECKING, isOlderThanCheck, noteAccepted } from "../credentials/checking.ts"
import { dedupe, type Reading } from "../dedupe/dedupe.ts"
import { keyHash } from "../dedupe/hashes.ts"
import { PENDING_MAX } from "../dedupe/pending-keys.ts"
import { ROW_BYTES, toRows } from "../delivery/outbox.ts"
import { quarantineItem, quarantineRecords, replaceQuarantined, totals } from "../delivery/quarantine.ts"
import type { Checkpoint, CheckpointAnswer } from "../protocol/fetching.ts"
import { PROTOCOL } from "../protocol/source.ts"
import { noteRead } from "../runs/progress.ts"
import { addNote, countsOf } from "../runs/run.ts"
import { holds } from "../state/lease.ts"
import type { Slice } from "../state/slices.ts"
import type { Run } from "../state/state.ts"
import { slicesOf } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"
import { smoothed } from "./budget.ts"
import { noteCollections } from "./collection-notes.ts"
import { cutAtRange, cutWherePays } from "./cut.ts"
import { abort } from "./ending.ts"
import { finishWindow } from "./finish.ts"
import {
  areKeysFull,
  heldBackBy,
  isQuarantineFull,
  LEASE_MS,
  mayRead,
  paceOf,
  readyBeside,
  runOf,
  waitsToBegin,
} from "./lease.ts"
import { leaveLost, SHOWN_LATE_MS } from "./live.ts"
import { neededKeys } from "./needed-keys.ts"
import { reachesBelow } from "./parts.ts"
import { feedsOf, isOldestFirst, lowestWatermark, orderOf, watermarkOf } from "./slice.ts"
import { waitOf } from "./waits.ts"

/** A page asked for longer ago than this shows a state too old to be checked against what came since. */
export const PAGE_STALE_MS = 180_000
/** A page that had to be made smaller grows by this share of a full one with each that is read. */
const PAGE_GROWTH = 1 / 32
/** A partner that answers sooner is not asked ahead: it takes less than saving a page does. */
const ASKED_AHEAD_FROM_MS = 50
/** Completed records remembered, a stream. */
export const COMPLETED_MAX = 500
const LARGER_THAN_SENT = `This item is larger than ${ROW_BYTES / 1e6} MB, which the destination does not take. It was not sent and can only be discarded.`

/** One page, or two that are saved at once: what was sent twice is applied once, and no page without the one above it. */
export function checkpoint(tx: Transaction, page: Checkpoint): CheckpointAnswer {
  const slice = slicesOf(tx.state).find((one) => one.id === page.lease.slice)
  if (page.protocol !== PROTOCOL || !slice?.lease || !holds(slice.lease, page.lease.number)) return { kind: "stale" }
  // The answer to this page's checkpoint was lost and it is sent again: it has been saved, so it is answered and not applied.
  if (page.page === slice.page - 1) return goOn(tx, slice, slice.lease.until)
  const above = page.before && savePage(tx, slice, { ...page.before, isFollowed: true })
  return above && above.kind !== "go" ? above : savePage(tx, slice, page)
}

function savePage(tx: Transaction, slice: Slice, page: Checkpoint): CheckpointAnswer {
  if (!slice.lease || page.page !== slice.page || !(page.ageMs <= PAGE_STALE_MS)) return { kind: "stale" }
  const run = runOf(tx, slice)
  if (!run) return { kind: "stale" }
  run.calls += page.calls
  noteAccepted(tx, slice.lease)
  noteAnswer(tx, slice, page)
  const refusal = dateRefusal(tx, slice, run, page)
  if (refusal !== null) return { kind: "stop", reason: refusal }
  if (reachesBelow(tx, slice, page)) {
    assign(slice, { lease: null, lapses: 0 })
    return { kind: "stop", reason: "the list was cut after the page was asked for" }
  }
  countPage(run, page)
  if (slice.lane === "live" && leaveLost(tx, slice))
    return { kind: "stop", reason: "the feed does not reach back so far any more" }
  // Some partners name one token for all pages: only with the same records it leads nowhere.
  if (page.next !== null && page.next === slice.pageToken && (page.digest ?? null) === slice.digest) {
    abort(tx, slice, `${tx.connector.title} repeats the same page instead of sending the next one.`)
    return { kind: "stop", reason: "the partner repeats the same page" }
  }
  const next = isPastEnd(tx, slice, page) ? null : page.next
  // In no order, a window that is begun again has to be read whole: its pages are no progress until the last of them is.
  const isOrdered = orderOf(tx, slice.stream) !== "none"
  const readFrom = slice.edge?.time ?? slice.top
  const moved = isOrdered && (slice.pageToken !== null || page.edge !== slice.edge?.time)
  save(tx, slice, run, { ...page, next })
  if (slice.state === "denied") return { kind: "stop", reason: "the credentials may not read it" }
  // A part that has been read is in none any more.
  const backfill = tx.state.backfills.find((one) => one.slices.includes(slice))
  const answer = next === null ? finishWindow(tx, slice, run, page.asked) : proceed(tx, slice, page, { next, moved })
  if (next !== null && isFirstPage(slice)) cutAtRange(tx, slice)
  if (backfill) noteRead(backfill, page.records, (stream) => orderOf(tx, stream))
  if (page.isFollowed) return answer
  pruneSeen(tx, run)
  if (answer.kind !== "go" || slice.lane === "live") return answer
  cutWherePays(tx, slice, { from: readFrom, rows: page.records })
  return goOn(tx, slice, answer.until)
}

/**
 * Oldest first, a page that ends above the window is its last: a list that cannot be bounded above, or grows while it is read, would
 * never end.
 */
function isPastEnd(tx: Transaction, slice: Slice, { edge, asked }: Checkpoint): boolean {
  if (edge === null || !isOldestFirst(tx, slice.stream)) return false
  const end = slice.window.to ?? (slice.lane === "live" ? (slice.bound ?? asked) + SHOWN_LATE_MS : null)
  return end !== null && edge >= end
}

function countPage(run: Run, page: Checkpoint): void {
  run.pages++
  run.records += page.records
}

function noteAnswer({ state, connector }: Transaction, { lane }: Slice, { answerMs }: Checkpoint): void {
  if (lane !== "backfill" || answerMs === undefined) return
  state.answerMs = smoothed(state.answerMs, answerMs, connector.limits.callsPerSecond)
}

/** A page's items into the outbox, its keys into `seen`, its bad records into quarantine. */
function save(tx: Transaction, slice: Slice, run: Run, page: Checkpoint): void {
  slice.bound ??= page.asked
  noteCollections(tx, slice, run, page)
  if (slice.state === "reading") noteProgress(tx, slice, page)
  // Its task may name a collection that the user has switched off since.
  const wanted = page.items.filter(({ collection }) => collection === ALIAS || slice.collections.includes(collection))
  const reading = {
    ...readingOf(tx, slice, page.next === null),
    believable: latestBelievable(tx),
    asked: slice.bound,
  }
  const { accepted, dropped, late } = dedupe(
    slice.lane === "live" ? wanted : datedSurely(tx, wanted, page),
    reading,
    tx.seen,
    tx.pending,
  )
  for (const [collection, times] of Object.entries(dropped)) {
    countsOf(run, collection).dropped += times
    totals(tx, collection).dropped += times
  }
  for (const [collection, times] of Object.entries(late)) {
    // Counts that an earlier version began lack it.
    for (const counts of [countsOf(run, collection), totals(tx, collection)]) counts.late = (counts.late ?? 0) + times
  }
  take(tx, accepted, run)
  quarantineRecords(tx, page.rejects, run, slice.no, page.asked)
  notePending(tx, slice, run, page)
  if (slice.lane === "live") noteCompleted(tx, slice, page)
  slice.records += page.records
}

/** Once the page is saved, so that what is left is known. */
function noteProgress(tx: Transaction, slice: Slice, page: Checkpoint): void {
  slice.asideAt = null
  if (slice.lane === "backfill") slice.stuck = null
  // Read again, it is read from its first page on.
  if (slice.edge && orderOf(tx, slice.stream) === "none") return
  if (slice.lane === "backfill") advanceEdge(slice, page, isOldestFirst(tx, slice.stream))
  else if (page.edge !== null) slice.edge = { time: page.edge, since: page.asked }
}

/** What lies above the watermark will be read again. Past the bound the oldest are forgotten, which costs calls and nothing else. */
function noteCompleted(tx: Transaction, slice: Slice, page: Checkpoint): void {
  const live = tx.state.live[slice.stream]
  if (!live || page.completed.length === 0) return
  const watermark = watermarkOf(tx, slice.stream, live)
  const kept = live.completed.filter(({ time }) => time >= watermark)
  live.completed = [...kept, ...page.completed].slice(-COMPLETED_MAX)
}

function readingOf(tx: Transaction, slice: Slice, last: boolean): Reading {
  const backfill = tx.state.backfills.find((one) => one.slices.includes(slice))
  const by = slice.lane === "live" ? "live" : "backfill"
  const isResync = backfill?.kind === "resync"
  const { liveFrom, backfillSpans } = tx.state
  const { tooLate = null } = tx.state.clock
  const feeds = Object.fromEntries(slice.collections.map((name) => [name, feedsOf(tx, name)]))
  const lateFrom = slice.lane === "live" ? (tx.state.live[slice.stream]?.movedSince ?? null) : null
  const watermark = lowestWatermark(tx)
  const { startDate } = tx.state.configuration
  const bounds = { range: slice.range, startDate, liveFrom, backfillSpans, watermark, lateFrom }
  const isOldest = isOldestFirst(tx, slice.stream)
  return { by, isResync, window: slice.no, ...bounds, feeds, last, tooLate, isOldestFirst: isOldest }
}

/** The outbox takes them in the order they were read. One that no request could carry is kept apart. */
export function take(tx: Transaction, items: Checkpoint["items"], run: Run): void {
  const { state, outbox, now } = tx
  const fitting = items.filter(({ bytes }) => bytes <= ROW_BYTES)
  for (const item of items) {
    countsOf(run, item.collection).accepted++
    const counts = totals(tx, item.collection)
    counts.accepted++
    counts.lastItemAt = now
    if (item.bytes > ROW_BYTES) quarantineItem(tx, item, LARGER_THAN_SENT, run.id)
  }
  replaceQuarantined(tx, fitting)
  for (const row of toRows(fitting, run.id, state.ids.outbox)) outbox.insert(row)
  state.ids.outbox += fitting.length
  if (fitting.length > 0 && state.delivery.state === "ok") state.delivery.retryAt = null
}

/**
 * A key whose fact was already accepted is not pending any more, however late an older page shows it so; nor is one whose fact the page
 * itself tells, also where that was sent so long ago that `seen` has forgotten it.
 */
function notePending(tx: Transaction, slice: Slice, run: Run, { items, pending, closed }: Checkpoint): void {
  for (const { collection, key, time } of pending) {
    const hash = keyHash(collection, key)
    const isTold =
      slice.collections.includes(collection) && items.some((item) => item.key === key && item.collection === collection)
    if (!tx.seen.get(hash) && !isTold) tx.pending.add(hash, time)
  }
  for (const { collection, key } of closed) tx.pending.remove(keyHash(collection, key))
  if (pending.length === 0) return
  tx.pending.expire(tx.now - tx.connector.pendingForDays * DAY_MS)
  const reason = `More than ${PENDING_MAX} records wait to be settled. What becomes of the oldest is missing, unless a resync reads them later.`
  if (tx.pending.bound() > 0)
    for (const collection of new Set(pending.map((key) => key.collection)))
      addNote(run.incomplete, { collection, reason })
}

/**
 * `since`: when the first page that held the edge's second was asked for. A second reading meets known records from there on. It stays
 * while the second is the same, and while a second reading has not come below all that the first one had read.
 */
function advanceEdge(slice: Slice, { edge: time, lowest, asked }: Checkpoint, isOldest: boolean): void {
  if (time === null) return
  const { edge } = slice
  const readTo = edge ? Math.min(edge.time, edge.lowest ?? edge.time) : Number.POSITIVE_INFINITY
  const isBeyond = isOldest ? edge?.time !== time : time < readTo
  const deepest = isBeyond ? (lowest ?? time) : Math.min(lowest ?? time, readTo)
  slice.edge = { time, since: isBeyond || !edge ? asked : edge.since, ...(deepest < time && { lowest: deepest }) }
}

/** Costs rows, so it is done only when rows are written anyway or backfills wait for it; what stays too long does no harm. */
function pruneSeen(tx: Transaction, run: Run): void {
  const { state, seen } = tx
  if (!seen.changed && !areKeysFull(tx)) return
  seen.prune(neededKeys(tx))
  const forgotten = seen.makeRoom()
  if (forgotten === 0) return
  state.forgotten = (state.forgotten ?? 0) + forgotten
  run.forgotten = (run.forgotten ?? 0) + forgotten
}

/** Having read the edge again is no progress: a partner that refuses each second page must not be asked for ever. */
function proceed(
  tx: Transaction,
  slice: Slice,
  { digest, isFollowed = false }: Checkpoint,
  { next, moved }: { next: string; moved: boolean },
): CheckpointAnswer {
  slice.pageToken = next
  slice.digest = digest ?? null
  slice.page++
  slice.lapses = 0
  if (moved) slice.attempts = 0
  growPage(tx, slice)
  const reason = isFollowed ? null : stopReason(tx, slice)
  if (reason) {
    slice.lease = null
    slice.mayHaveMoved = false
    return { kind: "stop", reason }
  }
  if (slice.lease) assign(slice.lease, { until: tx.now + LEASE_MS, lapsed: false })
  return goOn(tx, slice, tx.now + LEASE_MS)
}

function goOn(tx: Transaction, slice: Slice, until: number): CheckpointAnswer {
  const inPairs = readsOn(tx, slice)
  const ahead = inPairs && !tx.outbox.isHalfFull && (tx.state.answerMs ?? 0) >= ASKED_AHEAD_FROM_MS
  const [more, from] = [readyBeside(tx, slice.lane), slice.isPart ? { from: slice.window.from } : {}]
  return { kind: "go", until, paceMs: paceOf(tx, slice), more, ahead, inPairs, ...from }
}

/** Whether the next page is taken whatever this one holds: live windows are short, and read oldest first one may end with any page. */
function readsOn(tx: Transaction, { lane, stream }: Slice): boolean {
  return lane === "backfill" && orderOf(tx, stream) === "newest"
}

/**
 * What was too large is seldom so for long: rows differ, and a partner that was slow recovers. Pages that were made smaller since the
 * partner failed are soon as large as before.
 */
function growPage({ connector }: Transaction, slice: Slice): void {
  const full = connector.streams.find(({ name }) => name === slice.stream)?.pageSize ?? slice.pageSize
  const grown = slice.pageSize + Math.ceil(full * PAGE_GROWTH)
  slice.pageSize = Math.min(full, slice.shrunkByFailures ? Math.max(grown, 2 * slice.pageSize) : grown)
  if (slice.pageSize === full) slice.shrunkByFailures = false
}

function stopReason(tx: Transaction, slice: Slice): string | null {
  if (!mayRead(tx)) return "the source is paused or in error"
  // Read before the refusal, so it is kept; the next page would be asked for with the refused credential.
  if (isOlderThanCheck(tx.state, slice.lease)) return CHECKING
  const held = heldBackBy(tx, slice.lane)
  if (held) return held
  // A scroll is read to its end: its token does not wait.
  if (isFirstPage(slice) && orderOf(tx, slice.stream) !== "none" && waitsToBegin(tx))
    return "the first page of another list comes first"
  // What one part was told is meant for all that ask for the same list.
  const wait = slice.isPart ? waitOf(tx, slice.stream) : null
  if (wait) return wait.reason
  return isQuarantineFull(tx, slice) ? "too many items are in quarantine" : null
}

function isFirstPage({ lane, page }: Slice): boolean {
  return lane === "backfill" && page === 1
}
