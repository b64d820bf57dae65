import type { Limits } from "../../connectors/kit/define.ts"
import { PARTS_MAX } from "./parts.ts"

/** Slices of backfills that may be read at the same time, beside the live ones, where more would only wait for each other. */
export const BACKFILL_AT_ONCE = 3
/** One more than keeps the pace is of no use for so little of a call: a partner that takes 50 ms is asked 20 times a second by one. */
const SLACK = 0.2
/** What the last answer counts for in the time that the partner takes. */
const WEIGHT = 1 / 4

/**
 * Least time between two partner calls of one slice, so that all slices being read stay under the partner's published rate
 * together: the rate is shared out evenly, and anew with every page.
 */
export function paceMs(limits: Pick<Limits, "callsPerSecond">, slices: number): number {
  return Math.ceil((1000 * Math.max(slices, 1)) / limits.callsPerSecond)
}

/** So many slices that ask one page after the other use the rate up. */
export function usefulAtOnce(answerMs: number | null, callsPerSecond: number): number {
  const calls = ((answerMs ?? 0) * callsPerSecond) / 1000
  return Math.min(PARTS_MAX, Math.max(1, Math.ceil(calls - SLACK)))
}

/** A slower answer than would make the most parts useful says no more than that. */
export function smoothed(answerMs: number | null, lastMs: number, callsPerSecond: number): number {
  const last = Math.min(Math.max(0, lastMs), (1000 * PARTS_MAX) / callsPerSecond)
  return Math.round(answerMs === null ? last : answerMs + WEIGHT * (last - answerMs))
}
