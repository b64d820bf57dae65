/**
 * What follows from an answer's `Date`: whether its page is taken, how a partner's clock that is off is waited for, and what is
 * read again after it went back. Reckoned with the object's own clock: a consumer's may be off.
 */
import { assign } from "../../lib/assign.ts"
import { HOUR_MS } from "../../lib/time.ts"
import type { Span } from "../protocol/backfill.ts"
import type { Checkpoint } from "../protocol/fetching.ts"
import { restartWindow } from "../reading/live.ts"
import { retry } from "../reading/settlement.ts"
import { lookbackMs, streamsOf } from "../reading/slice.ts"
import { addNote, findLastRead } from "../runs/run.ts"
import type { LiveStream, Slice } from "../state/slices.ts"
import { type ClockReading as Reading, type Run, slicesOf } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"
import { latestBelievable, partnerNow } from "./partner-time.ts"
import { judge, SKEW_MAX_MS } from "./skew.ts"

/** One wrong answer is asked for again soon; a clock that was set needs three answers over two minutes to be believed. */
const ASK_AGAIN_FIRST_MS = 5_000
const ASK_AGAIN_MS = 60_000
/** By then a clock that was set is believed. After it, the run counts attempts and says what it waits for. */
const SETTLES_WITHIN_MS = 5 * 60_000

/** Null: the answer's time is believed, and the page may be taken. Else why it is not; the lease is over, and it is asked for again. */
export function dateRefusal(tx: Transaction, slice: Slice, run: Run, page: Checkpoint): string | null {
  const { state, now } = tx
  const sentAt = now - Math.max(0, page.ageMs)
  const reading: Reading = { at: sentAt, skewMs: page.asked - sentAt, spreadMs: page.spreadMs }
  const before = state.clock
  const judged = judge(before, reading, now)
  state.clock = judged.clock
  const hasFallen = judged.kind === "moved" && judged.clock.skewMs < before.skewMs
  const limit = hasFallen || isAhead(tx) ? lastTime(tx, before.believedAt) : null
  const isTakenBack = limit !== null && (judged.kind !== "off" ? takeBack(tx, run, limit) : false)
  if (judged.kind === "believed" && !isTakenBack) return null
  assign(slice, { lease: null, lapses: 0 })
  if (judged.kind === "off") return waitForClock(tx, slice, reading, before.offSince)
  return `${tx.connector.title}'s clock was set`
}

// ------------------------------------------------------------------------------------------------------------ waiting

function waitForClock(tx: Transaction, slice: Slice, reading: Reading, since: number | null): string {
  const reason = sentence(tx, reading)
  if (since !== null && tx.now - since >= SETTLES_WITHIN_MS) retry(tx, slice, reason)
  else {
    slice.notBefore = tx.now + (since === null ? ASK_AGAIN_FIRST_MS : ASK_AGAIN_MS)
    slice.waiting = reason
  }
  return reason
}

function sentence({ connector: { title }, state }: Transaction, { skewMs, spreadMs }: Reading): string {
  const off = Math.round(skewMs + spreadMs / 2)
  const isFar = Math.abs(off) > SKEW_MAX_MS
  const what = isFar
    ? `${title} dates its answers ${deviationInWords(off)} ours`
    : `${title} dates its answers ${deviationInWords(off - state.clock.skewMs)} what is expected`
  return `${what}. Nothing is read from such answers, and nothing is lost: reading goes on by itself once they agree. If this lasts, tell ${title} that its clock is off.`
}

function deviationInWords(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / 60_000)
  const hours = Math.round(Math.abs(ms) / HOUR_MS)
  const amount =
    minutes < 120 ? `${Math.max(minutes, 1)} min` : hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`
  return `${amount} ${ms < 0 ? "behind" : "ahead of"}`
}

// ------------------------------------------------------------------------------------------------------- taking back

/** Something that is kept lies above what the partner's clock can have shown. */
function isAhead(tx: Transaction): boolean {
  const latest = latestBelievable(tx)
  return Object.values(tx.state.live).some(({ cursor, slice }) => cursor > latest || (slice?.bound ?? 0) > latest)
}

/** The partner's time, as it is reckoned now, at which it last showed us anything. */
function lastTime(tx: Transaction, believedAt: number | null): number {
  const { skewMs } = tx.state.clock
  if (believedAt !== null) return Math.min(believedAt, tx.now) + skewMs
  return Math.min(findLastRead(tx) ?? tx.now, tx.now) + skewMs
}

/**
 * The partner's clock went back, or what is kept was dated wrongly: what happened since the last answer carries times that count as
 * read. All that is kept comes down to that time, and is read again from there. What was dated by the clock that was ahead is then
 * met again, and may be sent twice: that is said. True when something was taken back.
 */
function takeBack(tx: Transaction, run: Run, limit: number): boolean {
  const { state } = tx
  let isTaken = false
  for (const stream of streamsOf(tx, "live")) {
    const live = state.live[stream.name]
    if (!live || !lowerStream(tx, stream.name, live, limit)) continue
    isTaken = true
    for (const collection of stream.collections) noteAgain(tx, run, collection, limit)
  }
  if (!isTaken) return false
  state.clock.tooLate = { limit, window: state.windows }
  // What they note from here on was dated by a clock that is believed.
  for (const slice of slicesOf(state)) slice.no = ++state.windows
  for (const [name, from] of Object.entries(state.liveFrom)) state.liveFrom[name] = Math.min(from, limit)
  for (const [name, spans] of Object.entries(state.backfillSpans)) {
    for (const span of spans) lower(span, limit)
    state.backfillSpans[name] = spans.filter(({ from, to }) => from < to)
  }
  for (const { range } of state.backfills.flatMap((backfill) => backfill.slices)) if (range) lower(range, limit)
  // Switched on again, they are read from there: what is read again meanwhile is not read for them.
  for (const off of Object.values(state.offAt))
    assign(off, { from: Math.min(off.from, limit), to: Math.min(off.to, partnerNow(tx)) })
  return true
}

function lower(span: Span, limit: number): void {
  assign(span, { from: Math.min(span.from, limit), to: Math.min(span.to, limit) })
}

function lowerStream(tx: Transaction, stream: string, live: LiveStream, limit: number): boolean {
  const { slice } = live
  if (live.cursor <= limit && (slice?.bound ?? 0) <= limit) return false
  const isMoved = live.cursor > limit
  live.cursor = Math.min(live.cursor, limit)
  if (slice?.bound != null) slice.bound = Math.min(slice.bound, limit)
  if (!slice || !isMoved) return true
  const from = live.cursor - lookbackMs(tx, stream)
  // A window whose range is fixed above lies below what is read again: the next one follows it.
  slice.bottom = Math.min(slice.bottom ?? from, from)
  restartWindow(tx, live)
  return true
}

function noteAgain(tx: Transaction, run: Run, collection: string, limit: number): void {
  const isChosen = tx.state.configuration.collections.some(({ name }) => name === collection)
  const since = `${new Date(limit).toISOString().slice(0, 19).replace("T", " ")} UTC`
  const reason = `${tx.connector.title}'s clock went back: what happened since ${since} is read again. Nothing is missing, but some of it may be sent twice.`
  if (isChosen) addNote(run.incomplete, { collection, reason })
}
