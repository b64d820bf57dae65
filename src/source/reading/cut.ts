/** Whether a list is cut into parts at the end of a page, and where. */
import type { Backfill, Slice } from "../state/slices.ts"
import type { Transaction } from "../transaction.ts"
import { usefulAtOnce } from "./budget.ts"
import { sideBySide } from "./lease.ts"
import { CUT_SLICES_MAX, cutAt, downTo, granularityOf, PARTS_MAX, partsToRead } from "./parts.ts"
import { bucketOf } from "./waits.ts"

/**
 * What a part is to hold at most where there is more: the newest come first, and each part costs a wake-up and half a page. With fewer,
 * what lies at the bottom of a list of 100 pages is begun too late.
 */
export const PAGES_OF_A_PART = 24
/** Fewer are read by whoever reads them already, and may have asked for the first of them. */
const PAGES_LEFT_MIN = 2
/** At the end of one page: eight are read side by side after two pages. With more, a list that ends soon costs a call for each part. */
const CUTS_A_PAGE = 3

/** The page that was just read: where it began, and how many rows it held. */
export interface PageRead {
  from: number | null
  rows: number
}

/**
 * After its first page a list that is open below is cut where its range begins: one call tells whether anything is older, and so how much
 * of it there may be.
 */
export function cutAtRange(tx: Transaction, slice: Slice): void {
  const backfill = tx.state.backfills.find(({ slices }) => slices.includes(slice))
  if (slice.bottom !== null || slice.edge === null || !backfill || !mayBeCut(tx, backfill, slice)) return
  const granularityMs = granularityOf(tx, slice)
  const at = downTo(slice.range?.from ?? 0, granularityMs)
  if (at > 0 && at < downTo(slice.edge.time, granularityMs)) cutAt(tx, backfill, slice, at)
}

/** In two, as long as more readers are of use, and this part is among the longest. */
export function cutWherePays(tx: Transaction, slice: Slice, page: PageRead): void {
  const backfill = tx.state.backfills.find(({ slices }) => slices.includes(slice))
  if (!backfill) return
  for (let cuts = 0; cuts < CUTS_A_PAGE && mayBeCut(tx, backfill, slice) && isAmongLongest(tx, slice); cuts++) {
    const at = placeOfCut(tx, slice, page)
    if (at === null) return
    cutAt(tx, backfill, slice, at)
  }
}

/** Not where its pages fail: what is found of a record that makes the partner fail stays with the part in which it stands. */
function mayBeCut({ connector, state }: Transaction, { slices }: Backfill, slice: Slice): boolean {
  const stream = connector.streams.find(({ name }) => name === slice.stream)
  const unread = slices.filter((one) => one.stream === slice.stream && one.state !== "read")
  const kept = state.backfills.reduce((sum, backfill) => sum + backfill.slices.length, 0)
  if (!stream?.parts || unread.length >= PARTS_MAX || kept >= CUT_SLICES_MAX) return false
  return slice.pageSize >= stream.pageSize && !slice.probe && !slice.sighted
}

function isAmongLongest(tx: Transaction, slice: Slice): boolean {
  const own = rowsPerMs(tx, slice)
  const left = pagesLeft(slice, own)
  const longer = partsToRead(tx, slice).filter((part) => pagesLeft(part, rowsPerMs(tx, part) || own) > left)
  return left >= PAGES_LEFT_MIN && longer.length < freePlaces(tx, slice)
}

/** How many more slices would be read at once before they only wait for each other: of the source, and of its bucket. */
function freePlaces(tx: Transaction, { stream }: Slice): number {
  const { answerMs } = tx.state
  const { callsPerSecond, buckets } = tx.connector.limits
  const read = sideBySide(tx)
  const free = usefulAtOnce(answerMs, callsPerSecond) - read.length
  const bucket = bucketOf(tx, stream)
  const limit = bucket === null ? undefined : buckets?.[bucket]
  if (!limit) return free
  const inBucket = read.filter((slice) => bucketOf(tx, slice.stream) === bucket).length
  return Math.min(free, usefulAtOnce(answerMs, limit.callsPerSecond) - inBucket)
}

/** As dense as from its top to its edge; 0 before its first page. */
function rowsPerMs(tx: Transaction, slice: Slice): number {
  const { records, top, edge } = slice
  return edge === null || top === null ? 0 : records / Math.max(top - edge.time, granularityOf(tx, slice))
}

/** Of a list that is open below nobody knows. */
function pagesLeft({ bottom, top, edge, pageSize }: Slice, density: number): number {
  if (bottom === null) return Number.POSITIVE_INFINITY
  return (density * ((edge?.time ?? top ?? bottom) - bottom)) / pageSize
}

/** In the middle of what is left; or as far down as a part would reach if all were as dense as the last page. Null: nowhere. */
function placeOfCut(tx: Transaction, slice: Slice, page: PageRead): number | null {
  const { edge, bottom, pageSize } = slice
  if (edge === null || page.rows === 0) return null
  const granularityMs = granularityOf(tx, slice)
  const spanMs = Math.max((page.from ?? edge.time) - edge.time, granularityMs)
  const deepest = edge.time - (PAGES_OF_A_PART * pageSize * spanMs) / page.rows
  const middle = bottom === null ? deepest : (edge.time + bottom) / 2
  const at = downTo(Math.max(middle, deepest), granularityMs)
  return at > (bottom ?? 0) && at < downTo(edge.time, granularityMs) ? at : null
}
