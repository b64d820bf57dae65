/** Checkpoints: what one page of records changes, in one commit. */
import { ALIAS } from "../../connectors/kit/item.ts"
import { assign } from "../../lib/assign.ts"
import { utf8Bytes } from "../../lib/bytes.ts"
import { DAY_MS } from "../../lib/time.ts"
import { noteReach } from "../backfill/untold.ts"
import { doubtOf } from "../clocks/doubt.ts"
import { latestBelievable } from "../clocks/partnertime.ts"
import { CHECKING, isOlderThanCheck, noteAccepted } from "../credentials/checking.ts"
import { admit, type Reading } from "../dedupe/admit.ts"
import { keyHash } from "../dedupe/keys.ts"
import { OPEN_MAX } from "../dedupe/openkeys.ts"
import { ROW_BYTES, toRows } from "../delivery/outbox.ts"
import { quarantineItem, quarantineRecords, replaceQuarantined, totals } from "../delivery/quarantine.ts"
import type { Checkpoint, CheckpointAnswer } from "../protocol/reading.ts"
import { PROTOCOL } from "../protocol/source.ts"
import { addNote, countsOf } from "../runs/run.ts"
import { holds } from "../state/grant.ts"
import type { Slice } from "../state/reading.ts"
import type { Run } from "../state/state.ts"
import { slicesOf } from "../state/state.ts"
import type { Turn } from "../turn.ts"
import { abort } from "./ending.ts"
import { areKeysFull, heldBackBy, isQuarantineFull, LEASE_MS, mayRead, paceOf, runOf } from "./lease.ts"
import { leaveLost, SHOWN_LATE_MS, windowRead } from "./live.ts"
import { noteCollections, noteReadable } from "./notes.ts"
import { feedsOf, floorOf, floorsByFeeds, isOldestFirst, lowestFloor, orderOf } from "./slice.ts"

/** A page asked for longer ago than this shows a state too old to be checked against what came since. */
export const PAGE_STALE_MS = 180_000
/** A page that had to be made smaller grows by this share of a full one with each that is read. */
const PAGE_GROWTH = 1 / 32
/** What a partner that does not say so cuts its times to. */
const TICK_MS = 1_000
/** Completed records remembered, a stream. */
export const COMPLETED_MAX = 500

export function checkpoint(turn: Turn, page: Checkpoint): CheckpointAnswer {
  const slice = slicesOf(turn.state).find((one) => one.id === page.lease.slice)
  if (page.protocol !== PROTOCOL || !slice?.lease || !holds(slice.lease, page.lease.number)) return { kind: "stale" }
  // The answer to this page's checkpoint was lost and it is sent again: it has been saved, so it is answered and not applied.
  if (page.page === slice.page - 1) return { kind: "go", until: slice.lease.until, paceMs: paceOf(turn, slice) }
  if (page.page !== slice.page || !(page.ageMs <= PAGE_STALE_MS)) return { kind: "stale" }
  const run = runOf(turn, slice)
  if (!run) return { kind: "stale" }
  run.calls += page.calls
  noteAccepted(turn, slice.lease)
  const doubt = doubtOf(turn, slice, run, page)
  if (doubt !== null) return { kind: "stop", reason: doubt }
  countPage(run, page)
  if (slice.lane === "live" && leaveLost(turn, slice))
    return { kind: "stop", reason: "the feed does not reach back so far any more" }
  // Some partners name one token for all pages: only with the same records it leads nowhere.
  if (page.next !== null && page.next === slice.token && (page.digest ?? null) === slice.digest) {
    abort(turn, slice, `${slice.stream}: the partner repeats the same page`)
    return { kind: "stop", reason: "the partner repeats the same page" }
  }
  const next = isPastEnd(turn, slice, page) ? null : page.next
  // In no order, a window that is begun again has to be read whole: its pages are no progress until the last of them is.
  const isOrdered = orderOf(turn, slice.stream) !== "none"
  const moved = isOrdered && (slice.token !== null || page.edge !== slice.edge?.time)
  save(turn, slice, run, { ...page, next })
  if (slice.state === "denied") return { kind: "stop", reason: "the credentials may not read it" }
  const answer =
    next === null ? finishWindow(turn, slice, run, page.asked) : proceed(turn, slice, next, page.digest, moved)
  pruneSeen(turn, run)
  return answer
}

/**
 * Oldest first, a page that ends above the window is its last: a list that cannot be bounded above, or grows while it is read, would
 * never end.
 */
function isPastEnd(turn: Turn, slice: Slice, { edge, asked }: Checkpoint): boolean {
  if (edge === null || !isOldestFirst(turn, slice.stream)) return false
  const end = slice.window.to ?? (slice.lane === "live" ? (slice.bound ?? asked) + SHOWN_LATE_MS : null)
  return end !== null && edge >= end
}

function countPage(run: Run, page: Checkpoint): void {
  run.pages++
  run.records += page.records
}

/** A page's items into the outbox, its keys into `seen`, its bad records into quarantine. */
function save(turn: Turn, slice: Slice, run: Run, page: Checkpoint): void {
  slice.bound ??= page.asked
  noteCollections(turn, slice, run, page)
  if (slice.state === "reading") noteProgress(turn, slice, page)
  // Its task may name a collection that the user has switched off since.
  const wanted = page.items.filter(({ collection }) => collection === ALIAS || slice.collections.includes(collection))
  const reading = {
    ...readingOf(turn, slice, page.next === null),
    believable: latestBelievable(turn),
    asked: slice.bound,
  }
  const { taken, dropped, late } = admit(wanted, reading, turn.seen, turn.open)
  for (const [collection, times] of Object.entries(dropped)) {
    countsOf(run, collection).dropped += times
    totals(turn, collection).dropped += times
  }
  for (const [collection, times] of Object.entries(late)) {
    // Counts that an earlier version began lack it.
    for (const counts of [countsOf(run, collection), totals(turn, collection)]) counts.late = (counts.late ?? 0) + times
  }
  take(turn, taken, run)
  quarantineRecords(turn, page.rejects, run, slice.no, page.asked)
  noteOpen(turn, run, page)
  if (slice.lane === "live") noteCompleted(turn, slice, page)
  slice.records += page.records
}

function noteProgress(turn: Turn, slice: Slice, page: Checkpoint): void {
  slice.asideAt = null
  if (slice.lane === "backfill") slice.stuck = null
  // Read again, it is read from its first page on.
  if (slice.edge && orderOf(turn, slice.stream) === "none") return
  if (slice.lane === "backfill") advanceEdge(slice, page)
  else if (page.edge !== null) slice.edge = { time: page.edge, since: page.asked }
}

/** What lies above the floor will be read again. Past the bound the oldest are forgotten, which costs calls and nothing else. */
function noteCompleted(turn: Turn, slice: Slice, page: Checkpoint): void {
  const live = turn.state.live[slice.stream]
  if (!live || page.completed.length === 0) return
  const floor = floorOf(turn, slice.stream, live)
  const kept = live.completed.filter(({ time }) => time >= floor)
  // What changed within the second that it was asked in may change once more, and bear the same time.
  const stream = turn.connector.streams.find(({ name }) => name === slice.stream)
  const settled = page.completed.filter(
    ({ time }) => !stream?.sortedByUpdate || time + (turn.connector.clock?.granularityMs ?? TICK_MS) <= page.asked,
  )
  live.completed = [...kept, ...settled].slice(-COMPLETED_MAX)
}

function readingOf(turn: Turn, slice: Slice, last: boolean): Reading {
  const pass = turn.state.passes.find((one) => one.slices.includes(slice))
  const by = slice.lane === "live" ? "live" : "pass"
  const isResync = pass?.kind === "resync"
  const { liveFrom, passSpans } = turn.state
  const { tooLate = null } = turn.state.clock
  const feeds = Object.fromEntries(slice.collections.map((name) => [name, feedsOf(turn, name)]))
  const lateFrom = slice.lane === "live" ? (turn.state.live[slice.stream]?.movedSince ?? null) : null
  const floor = lowestFloor(turn)
  const bounds = { range: slice.range, liveFrom, passSpans, floor, lateFrom }
  const isOldest = isOldestFirst(turn, slice.stream)
  return { by, isResync, window: slice.no, ...bounds, feeds, last, tooLate, isOldestFirst: isOldest }
}

/** The outbox takes them in the order they were read. One that no request could carry is kept apart. */
export function take(turn: Turn, items: Checkpoint["items"], run: Run): void {
  const { state, outbox, now } = turn
  const fitting = items.filter((item) => utf8Bytes(JSON.stringify(item)) <= ROW_BYTES)
  for (const item of items) {
    countsOf(run, item.collection).taken++
    const counts = totals(turn, item.collection)
    counts.taken++
    counts.lastItemAt = now
    if (!fitting.includes(item))
      quarantineItem(turn, item, `larger than ${ROW_BYTES / 1e6} MB, which the destination does not take`, run.id)
  }
  replaceQuarantined(turn, fitting)
  for (const row of toRows(fitting, run.id, state.ids.outbox)) outbox.insert(row)
  state.ids.outbox += fitting.length
  if (fitting.length > 0 && state.delivery.state === "ok") state.delivery.retryAt = null
}

/** A key whose fact was already taken is not open any more, however late an older page shows it so. */
function noteOpen(turn: Turn, run: Run, { open, closed }: Checkpoint): void {
  for (const { collection, key, time } of open) {
    const hash = keyHash(collection, key)
    if (!turn.seen.get(hash)) turn.open.add(hash, time)
  }
  for (const { collection, key } of closed) turn.open.remove(keyHash(collection, key))
  if (open.length === 0) return
  turn.open.expire(turn.now - turn.connector.openForDays * DAY_MS)
  const reason = `more than ${OPEN_MAX} records wait to be settled: the oldest are told only if a list shows them again`
  if (turn.open.bound() > 0)
    for (const collection of new Set(open.map((key) => key.collection))) addNote(run.untold, { collection, reason })
}

/** Kept while the boundary second is the same: its first page is where a second reading would meet the first known repeat. */
function advanceEdge(slice: Slice, page: Checkpoint): void {
  if (page.edge === null) return
  if (slice.edge?.time !== page.edge) slice.edge = { time: page.edge, since: page.asked }
}

/** Costs rows, so it is done only when rows are written anyway or passes wait for it; what stays too long does no harm. */
function pruneSeen(turn: Turn, run: Run): void {
  const { state, seen } = turn
  if (!seen.changed && !areKeysFull(turn)) return
  const slices = state.passes.flatMap((pass) => pass.slices).filter((slice) => slice.state !== "read")
  const aside = slices.flatMap(({ edge, asideAt }) => (edge && asideAt ? [{ from: edge.since, to: asideAt }] : []))
  const overlaps = state.passes.flatMap((pass) => (pass.overlap ? [pass.overlap] : []))
  seen.prune({
    floor: lowestFloor(turn),
    edges: new Map(slices.flatMap(({ no, edge, asideAt }) => (edge && !asideAt ? [[no, edge.since]] : []))),
    floors: floorsByFeeds(turn),
    overlaps: [...aside, ...overlaps, ...Object.values(state.offAt)],
    mayComeLate: Object.values(state.live).some(({ movedSince, movedFrom }) => (movedSince ?? 0) < (movedFrom ?? 0)),
  })
  const forgotten = seen.makeRoom()
  if (forgotten === 0) return
  state.forgotten = (state.forgotten ?? 0) + forgotten
  run.forgotten = (run.forgotten ?? 0) + forgotten
}

/** Having read the edge again is no progress: a partner that refuses each second page must not be asked for ever. */
function proceed(turn: Turn, slice: Slice, next: string, digest: string | undefined, moved: boolean): CheckpointAnswer {
  slice.token = next
  slice.digest = digest ?? null
  slice.page++
  slice.lapses = 0
  if (moved) slice.attempts = 0
  growPage(turn, slice)
  const reason = stopReason(turn, slice)
  if (reason) {
    slice.lease = null
    slice.mayHaveMoved = false
    return { kind: "stop", reason }
  }
  if (slice.lease) assign(slice.lease, { until: turn.now + LEASE_MS, lapsed: false })
  return { kind: "go", until: turn.now + LEASE_MS, paceMs: paceOf(turn, slice) }
}

/**
 * What was too large is seldom so for long: rows differ, and a partner that was slow recovers. Pages that were made smaller since the
 * partner failed are soon as large as before.
 */
function growPage({ connector }: Turn, slice: Slice): void {
  const full = connector.streams.find(({ name }) => name === slice.stream)?.pageSize ?? slice.pageSize
  const grown = slice.pageSize + Math.ceil(full * PAGE_GROWTH)
  slice.pageSize = Math.min(full, slice.shrunkByFailures ? Math.max(grown, 2 * slice.pageSize) : grown)
  if (slice.pageSize === full) slice.shrunkByFailures = false
}

function stopReason(turn: Turn, slice: Slice): string | null {
  if (!mayRead(turn)) return "the source is paused or in error"
  // Read before the refusal, so it is kept; the next page would be asked for with the refused credential.
  if (isOlderThanCheck(turn.state, slice.lease)) return CHECKING
  const held = heldBackBy(turn, slice.lane)
  if (held) return held
  return isQuarantineFull(turn, slice) ? "too many items are in quarantine" : null
}

function finishWindow(turn: Turn, slice: Slice, run: Run, asked: number): CheckpointAnswer {
  slice.lease = null
  slice.state = "read"
  if (slice.lane === "live") finishLive(turn, slice, run)
  else noteReach(turn, slice, run, asked)
  return { kind: "stop", reason: "the window has been read whole" }
}

function finishLive(turn: Turn, slice: Slice, run: Run): void {
  noteReadable(turn, slice, run)
  windowRead(turn, slice, run)
}
