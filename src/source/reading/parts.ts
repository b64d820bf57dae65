/**
 * Parts: ranges of creation time that one long list of a backfill is cut into, to be read side by side where the partner takes long for a
 * page. At 400 ms an answer one page after the other makes 2 calls a second of the 20 that the pace allows.
 */
import { assign } from "../../lib/assign.ts"
import type { Checkpoint } from "../protocol/fetching.ts"
import type { Backfill, Slice } from "../state/slices.ts"
import type { Transaction } from "../transaction.ts"
import { blankSlice } from "./slice.ts"

/** Unread parts of a stream in one backfill: each is read over a connection of its own. */
export const PARTS_MAX = 8
/** Of all backfills, past which no list is cut: what is kept of them lies in one row of 2 MB. */
export const CUT_SLICES_MAX = 80

/** A part and its neighbours, newest first; alone, where its list was not cut. */
export function partsOf({ state }: Pick<Transaction, "state">, slice: Slice): Slice[] {
  const backfill = slice.isPart ? state.backfills.find(({ slices }) => slices.includes(slice)) : undefined
  return backfill ? partsIn(backfill, slice) : [slice]
}

export function partsIn({ slices }: Pick<Backfill, "slices">, slice: Slice): Slice[] {
  const parts = slices.filter((one) => one === slice || (one.isPart && slice.isPart && isSameList(one, slice)))
  return parts.sort((one, other) => (other.top ?? 0) - (one.top ?? 0))
}

function isSameList(one: Slice, other: Slice): boolean {
  const isSameReading = one.stream === other.stream && one.collections.join() === other.collections.join()
  return isSameReading && one.range?.from === other.range?.from
}

/**
 * Of a list, what may be handed out side by side. Where the partner denied the list, or was down when it was last read, one of its parts
 * asks whether that is over.
 */
export function partsToRead(tx: Pick<Transaction, "state">, head: Slice): Slice[] {
  const reading = partsOf(tx, head).filter(({ state }) => state === "reading")
  const asking = reading.find(({ stuck }) => stuck !== null)
  return reading.filter((part) => part.stuck === null || part === asking)
}

/** The page was asked for before the list was cut, and shows what is another part's by now. */
export function reachesBelow(tx: Transaction, slice: Slice, { edge, lowest }: Checkpoint): boolean {
  const { from } = slice.window
  if (!slice.isPart || from === null || edge === null) return false
  return Math.min(edge, lowest ?? edge) < downTo(from, granularityOf(tx, slice))
}

/** A part that has been read is taken out while another one of its list is there. */
export function takeOut({ state }: Pick<Transaction, "state">, slice: Slice): void {
  const backfill = state.backfills.find(({ slices }) => slices.includes(slice))
  if (!backfill || partsIn(backfill, slice).length === 1) return
  backfill.slices = backfill.slices.filter((one) => one !== slice)
  backfill.recordsOfParts += slice.records
}

/** What is left of the window below the place becomes a slice of its own, ready at once; the slice goes on above it. */
export function cutAt(tx: Transaction, backfill: Backfill, slice: Slice, at: number): void {
  const stream = tx.connector.streams.find(({ name }) => name === slice.stream)
  if (!stream) return
  const blank = blankSlice(tx, stream, "")
  const lower: Slice = {
    ...blank,
    id: `${slice.id.replace(/#\d+/, "")}#${blank.no}`,
    collections: [...slice.collections],
    range: slice.range && { ...slice.range },
    window: { from: slice.window.from, to: at },
    top: at,
    bottom: slice.bottom,
    isPart: true,
  }
  assign(slice, { window: { ...slice.window, from: at }, bottom: at, isPart: true })
  backfill.slices.splice(backfill.slices.indexOf(slice) + 1, 0, lower)
}

export function granularityOf({ connector }: Pick<Transaction, "connector">, { stream }: Slice): number {
  return connector.streams.find(({ name }) => name === stream)?.parts?.granularityMs ?? 1
}

export const downTo = (time: number, granularityMs: number) => granularityMs * Math.floor(time / granularityMs)
