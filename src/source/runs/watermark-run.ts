/**
 * Live runs out of turn. A long backfill fills `seen` with what the live watermark has not passed, and then waits: a live run raises the
 * watermark. It is started as soon as it lets enough keys be forgotten, and only while a backfill waits for that.
 */
import { partnerNow, tickMs } from "../clocks/partner-time.ts"
import { areKeysFull } from "../reading/lease.ts"
import { neededKeys } from "../reading/needed-keys.ts"
import { lookbackMs } from "../reading/slice.ts"
import type { Transaction } from "../transaction.ts"

/** At most so often: each costs a call, and a run in history. */
export const WATERMARK_RUN_EVERY_MS = 60_000
/** A run for fewer keys than this would not be worth its call: at 20 calls a second a backfill brings them in half a minute. */
const WATERMARK_RUN_KEYS = 100_000

/** When a live run out of turn is due; null: none would help. */
export function watermarkRunAt(tx: Transaction): number | null {
  const { live, backfills, lastLiveAt } = tx.state
  if (!areKeysFull(tx) || !backfills.some((backfill) => backfill.run !== null)) return null
  // Where a window was left by a failed run, nothing is gained by failing more often: the schedule tries again.
  if (Object.values(live).some(({ slice }) => slice)) return null
  const place = tx.seen.placeToPass(WATERMARK_RUN_KEYS, neededKeys(tx))
  if (place === null) return null
  const soonest = (lastLiveAt ?? 0) + WATERMARK_RUN_EVERY_MS
  return Math.max(soonest, place + longestLookback(tx) + tickMs(tx) + tx.now - partnerNow(tx))
}

/** When a live run next raises the watermark, so that keys can be forgotten; null: none is planned. */
export function nextWatermarkRunAt(tx: Transaction): number | null {
  const times = [tx.state.nextRunAt, watermarkRunAt(tx)].filter((time) => time !== null)
  return times.length > 0 ? Math.min(...times) : null
}

function longestLookback(tx: Transaction): number {
  return Math.max(0, ...Object.keys(tx.state.live).map((stream) => lookbackMs(tx, stream)))
}
