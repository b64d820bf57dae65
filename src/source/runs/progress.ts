/**
 * How much of a backfill has been read, by rows. How many are left is an estimate: a list is taken to go on as dense as it was so far, a
 * part that has not begun to be as dense as its list, and a list that has not begun, of which there are some for the first moments only, to
 * be as long as the others are on average. Each page moves the share by its part of what was left at least: where
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
  if (!backfill.slices.some((slice) => slice.state === "read" || orderOf(slice.stream) !== "none")) return null
  return Math.min(backfill.share ?? 0, UNFINISHED_MAX)
}

/** After a page of so many records. The first page of a run counts all that was read before it, too. */
export function noteRead(backfill: Backfill, records: number, orderOf: OrderOf): void {
  const { share, slices, recordsOfParts } = backfill
  const left = rowsLeft(slices, orderOf)
  const soFar = partOf(recordsOfParts + sum(slices.map((slice) => slice.records)), left)
  backfill.share = Math.max(soFar, share === null ? 0 : share + (1 - share) * partOf(records, left))
}

function partOf(read: number, left: number): number {
  return read === 0 ? 0 : read / (read + left)
}

function rowsLeft(slices: readonly Slice[], orderOf: OrderOf): number {
  const lefts = slices.map((slice) => ({ ...slice, left: leftOf(slice, slices, orderOf(slice.stream)) }))
  const lengths = lefts.flatMap(({ records, left }) => (left === null ? [] : [records + left]))
  const average = sum(lengths) / Math.max(lengths.length, 1)
  return sum(lefts.map(({ left, records, pageSize }) => left ?? Math.max(average - records, UNKNOWN_PAGES * pageSize)))
}

/** Rows left of a list; null where nothing tells. A list that is being read has a page left at least. */
function leftOf(slice: Slice, slices: readonly Slice[], order: Order): number | null {
  // What is set aside is no part of what is being read.
  if (slice.state !== "reading") return 0
  if (order === "none") return null
  const { read, rest } = timeOf(slice, order)
  if (read > 0) return Math.max((slice.records * rest) / read, slice.pageSize)
  // A part that has not begun is as dense as those of its list that have.
  const begun = slice.isPart ? slices.filter((one) => one.stream === slice.stream && timeOf(one, order).read > 0) : []
  const readOfList = sum(begun.map((one) => timeOf(one, order).read))
  return readOfList > 0 && rest > 0 ? (sum(begun.map(({ records }) => records)) * rest) / readOfList : null
}

/** How much of its time has been read, and how much is left, ms. */
function timeOf({ top, bottom, range, edge }: Slice, order: Exclude<Order, "none">): { read: number; rest: number } {
  const from = bottom ?? range?.from ?? null
  if (top === null || from === null) return { read: 0, rest: 0 }
  const span = Math.max(top - from, 0)
  if (edge === null) return { read: 0, rest: span }
  const read = Math.max(0, order === "oldest" ? edge.time - from : top - edge.time)
  // Nothing tells how old the oldest customer is: as much time as has been read is taken to be left at least.
  const least = bottom === null && order === "newest" ? read : 0
  return { read, rest: Math.max(span - read, least) }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0)
}
