/**
 * How much of a backfill has been read, by rows. How many are left is an estimate: a list is taken to go on as dense as it was so far, and
 * one that has not begun to be as long as the others are on average. Each page moves the share by its part of what was left at least: where
 * the estimate grows, progress slows down, and never goes back.
 */
import type { Order } from "../reading/slice.ts"
import type { Backfill, Slice } from "../state/slices.ts"

type OrderOf = (stream: string) => Order

/** Shown at the most before all of it has been read. */
const UNFINISHED_MAX = 0.99
/** A list that has not begun is taken to have so many pages at least: short ones that are read first must not look like most of the work. */
const UNKNOWN_PAGES = 10
/** How much has been read, 0..1, where a list can tell; null where none can. */
export function progressOf(backfill: Backfill, orderOf: OrderOf): number | null {
  if (!backfill.slices.some((slice) => slice.state === "read" || spanOf(slice, orderOf(slice.stream)))) return null
  return Math.min(backfill.share ?? 0, UNFINISHED_MAX)
}

/** After a page of so many records. The first page of a run counts all that was read before it, too. */
export function noteRead(backfill: Backfill, records: number, orderOf: OrderOf): void {
  const { share, slices } = backfill
  const left = rowsLeft(slices, orderOf)
  const soFar = partOf(sum(slices.map((slice) => slice.records)), left)
  backfill.share = Math.max(soFar, share === null ? 0 : share + (1 - share) * partOf(records, left))
}

function partOf(read: number, left: number): number {
  return read === 0 ? 0 : read / (read + left)
}

function rowsLeft(slices: readonly Slice[], orderOf: OrderOf): number {
  const lefts = slices.map((slice) => ({ ...slice, left: leftOf(slice, orderOf(slice.stream)) }))
  const lengths = lefts.flatMap(({ records, left }) => (left === null ? [] : [records + left]))
  const average = sum(lengths) / Math.max(lengths.length, 1)
  return sum(lefts.map(({ left, records, pageSize }) => left ?? Math.max(average - records, UNKNOWN_PAGES * pageSize)))
}

/** Rows left of a list; null where nothing tells. A list that is being read has a page left at least. */
function leftOf(slice: Slice, order: Order): number | null {
  // What is set aside is no part of what is being read.
  if (slice.state !== "reading") return 0
  const span = spanOf(slice, order)
  if (!span || !slice.edge) return null
  const read = order === "oldest" ? slice.edge.time - span.from : span.top - slice.edge.time
  if (read <= 0) return null
  // Nothing tells how old the oldest customer is: as much time as has been read is taken to be left at least.
  const least = slice.bottom === null && order === "newest" ? read : 0
  const rest = Math.max(span.top - span.from - read, least)
  return Math.max((slice.records * rest) / read, slice.pageSize)
}

function spanOf({ top, bottom, range }: Slice, order: Order): { from: number; top: number } | null {
  const from = bottom ?? range?.from ?? null
  return order === "none" || top === null || from === null || top <= from ? null : { from, top }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0)
}
