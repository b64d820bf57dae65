/** How much of a pass has been read. */
import type { Pass, Slice } from "./state.ts"

/** How much of the ranges has been read, 0..1, where the lower end is known; null where it is not. `isOldest`: of a stream's order. */
export function shareOf(pass: Pass, isOldest: (stream: string) => boolean): number | null {
  const shares = pass.slices.map((slice) => sliceShare(slice, isOldest(slice.stream)))
  const known = shares.filter((share) => share !== null)
  return known.length === 0 ? null : known.reduce((sum, share) => sum + share, 0) / known.length
}

function sliceShare(slice: Slice, isOldest: boolean): number | null {
  if (slice.state === "read") return 1
  const top = slice.top
  const from = slice.bottom ?? slice.range?.from ?? null
  if (top === null || from === null || top <= from) return null
  if (slice.edge === null) return 0
  const read = isOldest ? slice.edge.time - from : top - slice.edge.time
  return Math.min(1, Math.max(0, read / (top - from)))
}
