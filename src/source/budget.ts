import type { Limits } from "../connectors/kit/define.ts"

/** Slices of one source that may be read at the same time: the live one and this many of passes. */
export const BACKFILL_AT_ONCE = 3

/**
 * Least time between two partner calls of one slice, so that all slices of a source together stay under the partner's published
 * rate whatever the others do: the rate is shared out, not negotiated.
 */
export function paceMs(limits: Limits): number {
  return Math.ceil((1000 * (BACKFILL_AT_ONCE + 1)) / limits.callsPerSecond)
}
