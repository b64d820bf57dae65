/**
 * What follows from an answer's `Date`: whether its page is taken, how a partner's clock that is off is waited for, and what is
 * read again after it went back. Reckoned with the object's own clock: a consumer's may be off.
 */
import { assign } from "../../lib/assign.ts"
import { HOUR_MS } from "../../lib/time.ts"
import type { Checkpoint } from "../protocol/reading.ts"
import { retry } from "../reading/failure.ts"
import { restartWindow } from "../reading/live.ts"
import { lookbackMs, streamsOf } from "../reading/slice.ts"
import { findLastRead } from "../runs/run.ts"
import type { LiveStream, Slice } from "../state/reading.ts"
import type { ClockReading as Reading, Run } from "../state/state.ts"
import type { Turn } from "../turn.ts"
import { latestBelievable } from "./partnertime.ts"
import { judge, SKEW_MAX_MS } from "./skew.ts"

/** One wrong answer is asked for again soon; a clock that was set needs three answers over two minutes to be believed. */
const ASK_AGAIN_FIRST_MS = 5_000
const ASK_AGAIN_MS = 60_000
/** By then a clock that was set is believed. After it, the run counts attempts and says what it waits for. */
const SETTLES_WITHIN_MS = 5 * 60_000

/** Null: the answer's time is believed, and the page may be taken. Else why it is not; the lease is over, and it is asked for again. */
export function doubtOf(turn: Turn, slice: Slice, run: Run, page: Checkpoint): string | null {
  const { state, now } = turn
  const sentAt = now - Math.max(0, page.ageMs)
  const reading: Reading = { at: sentAt, skewMs: page.asked - sentAt, spreadMs: page.spreadMs }
  const before = state.clock
  const judged = judge(before, reading, now)
  state.clock = judged.clock
  const hasFallen = judged.kind === "moved" && judged.clock.skewMs < before.skewMs
  const limit = hasFallen || isAhead(turn) ? lastTime(turn, before.believedAt) : null
  const isTakenBack = limit !== null && (judged.kind !== "off" ? takeBack(turn, run, limit) : false)
  if (judged.kind === "believed" && !isTakenBack) return null
  assign(slice, { lease: null, lapses: 0 })
  if (judged.kind === "off") return waitForClock(turn, slice, reading, before.offSince)
  return `${turn.connector.title}'s clock was set`
}

// ------------------------------------------------------------------------------------------------------------ waiting

function waitForClock(turn: Turn, slice: Slice, reading: Reading, since: number | null): string {
  const reason = sentence(turn, reading)
  if (since !== null && turn.now - since >= SETTLES_WITHIN_MS) retry(turn, slice, reason)
  else {
    slice.notBefore = turn.now + (since === null ? ASK_AGAIN_FIRST_MS : ASK_AGAIN_MS)
    slice.waiting = reason
  }
  return reason
}

function sentence({ connector: { title }, state }: Turn, { skewMs, spreadMs }: Reading): string {
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
function isAhead(turn: Turn): boolean {
  const latest = latestBelievable(turn)
  return Object.values(turn.state.live).some(({ cursor, slice }) => cursor > latest || (slice?.bound ?? 0) > latest)
}

/** The partner's time, as it is reckoned now, at which it last showed us anything. */
function lastTime(turn: Turn, believedAt: number | null): number {
  const { skewMs } = turn.state.clock
  if (believedAt !== null) return Math.min(believedAt, turn.now) + skewMs
  return Math.min(findLastRead(turn) ?? turn.now, turn.now) + skewMs
}

/**
 * The partner's clock went back, or what is kept was dated wrongly: what happened since the last answer carries times that count as
 * read. All that is kept comes down to that time, and is read again from there. What was dated by the clock that was ahead is then
 * met again, and may be sent twice: that is said. True when something was taken back.
 */
function takeBack(turn: Turn, run: Run, limit: number): boolean {
  const { state } = turn
  let isTaken = false
  for (const stream of streamsOf(turn, "live")) {
    const live = state.live[stream.name]
    if (!live || !lowerStream(turn, stream.name, live, limit)) continue
    isTaken = true
    for (const collection of stream.collections) noteAgain(turn, run, collection, limit)
  }
  if (!isTaken) return false
  state.clock.tooLate = { limit, window: state.windows }
  for (const [name, from] of Object.entries(state.liveFrom)) state.liveFrom[name] = Math.min(from, limit)
  for (const spans of Object.values(state.passSpans)) for (const span of spans) span.to = Math.min(span.to, limit)
  for (const { range } of state.passes.flatMap((pass) => pass.slices)) if (range) range.to = Math.min(range.to, limit)
  return true
}

function lowerStream(turn: Turn, stream: string, live: LiveStream, limit: number): boolean {
  const { slice } = live
  if (live.cursor <= limit && (slice?.bound ?? 0) <= limit) return false
  const isMoved = live.cursor > limit
  live.cursor = Math.min(live.cursor, limit)
  if (slice?.bound != null) slice.bound = Math.min(slice.bound, limit)
  if (!slice || !isMoved) return true
  const from = live.cursor - lookbackMs(turn, stream)
  // A window whose range is fixed above lies below what is read again: the next one follows it.
  slice.bottom = Math.min(slice.bottom ?? from, from)
  restartWindow(turn, live)
  return true
}

function noteAgain(turn: Turn, run: Run, collection: string, limit: number): void {
  const isChosen = turn.state.configuration.collections.some(({ name }) => name === collection)
  const since = `${new Date(limit).toISOString().slice(0, 19).replace("T", " ")} UTC`
  const reason = `${turn.connector.title}'s clock went back: what happened since ${since} is read again, and some of it may be sent twice`
  if (isChosen && !run.untold.some((one) => one.collection === collection && one.reason === reason))
    run.untold.push({ collection, reason })
}
