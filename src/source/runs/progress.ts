/** How much of a backfill has been read. */
import type { Order } from "../reading/slice.ts"
import type { Backfill, Slice } from "../state/slices.ts"

/** How much of the ranges has been read, 0..1, where the lower end and the order are known; null where they are not. */
export function progressOf(backfill: Backfill, orderOf: (stream: string) => Order): number | null {
  const shares = backfill.slices.map((slice) => sliceProgress(slice, orderOf(slice.stream)))
  const known = shares.filter((share) => share !== null)
  return known.length === 0 ? null : known.reduce((sum, share) => sum + share, 0) / known.length
}

function sliceProgress(slice: Slice, order: Order): number | null {
  if (slice.state === "read") return 1
  const top = slice.top
  const from = slice.bottom ?? slice.range?.from ?? null
  if (top === null || from === null || top <= from || order === "none") return null
  if (slice.edge === null) return 0
  const read = order === "oldest" ? slice.edge.time - from : top - slice.edge.time
  return Math.min(1, Math.max(0, read / (top - from)))
}
