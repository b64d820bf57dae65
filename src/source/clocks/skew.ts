/**
 * The partner's clock. Its times (cursors, bounds, versions) are read from the `Date` header of its answers, and one wrong header
 * must not move them. So an answer is believed only near the time at which we expect it, and what we expect changes only when
 * several answers agree. Pure functions of what is kept and what an answer says.
 */
import { HOUR_MS } from "../../lib/time.ts"
import type { ClockReading, PartnerClock } from "../state/state.ts"

/** How far an answer may be from the expected time. Well below the smallest lookback (300 s): what it lets pass is read again. */
export const CLOCK_TOLERANCE_MS = 60_000
/** A partner's clock that is further off than this is wrong, not just another clock. */
export const SKEW_MAX_MS = HOUR_MS
/** So many answers, over so long, no further apart than this, and the skew they show is taken. */
export const AGREE_READINGS = 3
export const AGREE_OVER_MS = 120_000
export const AGREE_WITHIN_MS = 5_000

export type Judged =
  /** Near enough. */
  | { kind: "believed"; clock: PartnerClock }
  /** Not near, but the last answers agree: from now on this is expected. The answer itself is asked for again. */
  | { kind: "moved"; clock: PartnerClock }
  /** Counts as undated. */
  | { kind: "off"; clock: PartnerClock }

export function judge(clock: PartnerClock, reading: ClockReading, now: number): Judged {
  const readings = agreeing(clock.readings, reading)
  const settled = settledSkew(readings, clock.skewMs)
  const next = settled === null ? { ...clock, readings } : { ...clock, readings: [], skewMs: settled }
  if (deviationMs(reading, clock.skewMs) <= CLOCK_TOLERANCE_MS)
    return { kind: "believed", clock: { ...next, offSince: null, believedAt: reading.at } }
  if (settled !== null) return { kind: "moved", clock: { ...next, offSince: null } }
  return { kind: "off", clock: { ...next, offSince: clock.offSince ?? now } }
}

/** How far the expected skew lies outside of what the answer allows. */
export function deviationMs({ skewMs, spreadMs }: ClockReading, expectedMs: number): number {
  return Math.max(skewMs - expectedMs, expectedMs - (skewMs + spreadMs), 0)
}

/** The row of agreeing answers with one more; from the new one on where it does not agree. */
function agreeing(before: readonly ClockReading[], reading: ClockReading): ClockReading[] {
  const row = [...before.slice(0, AGREE_READINGS - 1), reading]
  const { low, high } = range([...before, reading])
  return low - high <= AGREE_WITHIN_MS ? row : [reading]
}

/** What all of them allow; `low` above `high` where they are apart. */
function range(readings: readonly ClockReading[]): { low: number; high: number } {
  return {
    low: Math.max(...readings.map(({ skewMs }) => skewMs)),
    high: Math.min(...readings.map(({ skewMs, spreadMs }) => skewMs + spreadMs)),
  }
}

/** The skew that enough answers agree on, no further from the one before than they ask for; null: not enough, or too far off. */
function settledSkew(readings: readonly ClockReading[], beforeMs: number): number | null {
  const [first, last] = [readings[0], readings.at(-1)]
  if (!first || !last || readings.length < AGREE_READINGS || last.at - first.at < AGREE_OVER_MS) return null
  const { low, high } = range(readings)
  if (low > SKEW_MAX_MS || high < -SKEW_MAX_MS) return null
  const nearest = Math.max(low, Math.min(high, beforeMs))
  return Math.max(-SKEW_MAX_MS, Math.min(SKEW_MAX_MS, nearest))
}
