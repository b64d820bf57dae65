import type { Limits } from "../../connectors/kit/define.ts"

/** Slices of backfills that may be read at the same time, beside the live ones. */
export const BACKFILL_AT_ONCE = 3

/**
 * Least time between two partner calls of one slice, so that all slices being read stay under the partner's published rate
 * together: the rate is shared out evenly, and anew with every page.
 */
export function paceMs(limits: Pick<Limits, "callsPerSecond">, slices: number): number {
  return Math.ceil((1000 * Math.max(slices, 1)) / limits.callsPerSecond)
}
