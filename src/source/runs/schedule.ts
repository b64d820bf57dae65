/** When a source syncs: at a place of its own in the hour, every so many hours. */
import { hash64 } from "../../lib/hash.ts"
import { HOUR_MS } from "../../lib/time.ts"

export const MIN_INTERVAL_HOURS = 1
export const MAX_INTERVAL_HOURS = 24
export const DEFAULT_INTERVAL_HOURS = 1

/** Where in its interval a source runs: a stable share of it, so that sources spread evenly and never fire together. */
export function phaseMs(sourceId: string, intervalHours: number): number {
  const share = Number.parseInt(hash64(sourceId).slice(0, 7), 36) / 2 ** 32
  return Math.floor(share * intervalHours * HOUR_MS)
}

/**
 * The first scheduled time after `now`. Times lie on a fixed grid (interval and phase), so runs do not drift, and however many
 * were missed, the next one is one run.
 */
export function nextRunAfter(now: number, sourceId: string, intervalHours: number): number {
  const interval = intervalHours * HOUR_MS
  const phase = phaseMs(sourceId, intervalHours)
  return Math.floor((now - phase) / interval + 1) * interval + phase
}
