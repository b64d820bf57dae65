/**
 * Backfills: readings of the lists for a fixed range of fact times. Initial sync, an earlier start date, a collection switched on
 * later, a gap and a resync differ only in their range. What is covered is kept by stream and collection, so that no range is
 * read twice for the same facts.
 */
import { DAY_MS, dayOf } from "../../lib/time.ts"
import { partnerNow } from "../clocks/partner-time.ts"
import type { Span } from "../protocol/backfill.ts"
import {
  type AnyStream,
  chosen,
  feedWatermarks,
  isScroll,
  resume,
  setAside,
  setWindow,
  streamsOf,
} from "../reading/slice.ts"
import type { Backfill, Slice } from "../state/slices.ts"
import type { Run } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"
import { addIncomplete, noteUnfinished, type Plan } from "./incomplete.ts"
import { BACKFILLS_MAX, isObjectKind, listWindow, openBackfill } from "./opening.ts"
import { runOfBackfill } from "./resume.ts"

/** Spans of one collection whose facts are the backfills'. Past it the oldest is forgotten: a fact of it that comes late may repeat. */
export const SPANS_MAX = 24

export const coverKey = (stream: string, collection: string) => `${stream}|${collection}`

/**
 * Opens what is missing between what the user wants (the chosen collections from the start date on) and what is covered. Called
 * whenever either changes; does nothing when nothing is missing.
 */
export function openMissing(tx: Transaction, kind: "initial" | "earlier" | "collection"): void {
  const { collections, startDate } = tx.state.configuration
  // Where live reading begins below the start date, what it shows of before that is not wanted.
  for (const { name } of collections) tx.state.liveFrom[name] ??= Math.max(feedWatermarks(tx, name).highest, startDate)
  const plans = streamsOf(tx, "backfill").flatMap((stream) => missing(tx, stream))
  if (plans.length > 0) openBackfill(tx, kind, plans, "schedule")
}

/** The missing ranges of one stream, one plan for all collections that miss the same. */
function missing(tx: Transaction, stream: AnyStream): Plan[] {
  const plans = new Map<string, Plan>()
  const from = tx.state.configuration.startDate
  for (const collection of chosen(tx.state, stream)) {
    const covered = tx.state.covered[coverKey(stream.name, collection)]
    const to = covered ?? tx.state.liveFrom[collection] ?? from
    if (covered !== undefined && (isObjectKind(tx, collection) || covered <= from)) continue
    tx.state.covered[coverKey(stream.name, collection)] = from
    const plan = plans.get(String(to)) ?? { stream, collections: [], range: { from, to } }
    plan.collections.push(collection)
    plans.set(String(to), plan)
  }
  return [...plans.values()]
}

/** A collection is switched off: live reading of it ends at the watermark, and backfills read on without it. */
export function switchOff(tx: Transaction, collection: string): void {
  const { state } = tx
  state.offAt[collection] ??= { from: feedWatermarks(tx, collection).lowest, to: partnerNow(tx) }
  for (const backfill of state.backfills) {
    const meant = backfill.slices.filter((slice) => slice.state !== "read" && slice.collections.includes(collection))
    for (const slice of meant) setAside(tx, partOf(tx, backfill, slice, collection), "off")
  }
  delete state.denied[collection]
}

/** The part of a slice that reads one collection: itself, or split off, so that it can go on from where both stand. */
export function partOf(tx: Transaction, backfill: Backfill, slice: Slice, collection: string): Slice {
  if (slice.collections.length === 1) return slice
  const part = { ...structuredClone(slice), id: `${slice.id}:${collection}`, collections: [collection] }
  // Two cannot go on with one scroll.
  part.mayHaveMoved = isScroll(tx, slice.stream)
  slice.collections = slice.collections.filter((name) => name !== collection)
  backfill.slices.push(part)
  return part
}

/** A collection is switched on: parts set aside go on, and a backfill reads the facts since it was switched off. */
export function switchOn(tx: Transaction, collection: string): void {
  const { state } = tx
  const off = state.offAt[collection]
  delete state.offAt[collection]
  for (const slice of state.backfills.flatMap((backfill) => backfill.slices))
    if (slice.state === "off" && slice.collections.includes(collection)) resume(slice)
  const to = feedWatermarks(tx, collection).highest
  if (off === undefined) state.liveFrom[collection] = Math.max(to, state.configuration.startDate)
  // Nothing has been read since: live reading of it goes on as if it had never been off.
  if (off === undefined || off.from >= to) return
  const rest = restOf(tx, collection, { from: off.from, to })
  leaveToBackfill(tx, collection, { from: off.from, to })
  const plans = streamsOf(tx, "backfill")
    .filter((stream) => state.covered[coverKey(stream.name, collection)] !== undefined)
    .flatMap((stream) => rest.map((range) => ({ stream, collections: [collection], range })))
  const run = plans.length > 0 ? openBackfill(tx, "collection", plans, "schedule", off) : null
  if (run) noteUnfinished(run, plans)
}

/** The start date moved forward: parts that have not begun are trimmed; what has begun is read to its end. */
export function trimPending(tx: Transaction): void {
  const from = tx.state.configuration.startDate
  for (const slice of tx.state.backfills.flatMap((backfill) => backfill.slices)) {
    // Of a part, the list has been begun above it.
    const isBegun = slice.page > 0 || slice.isPart
    if (slice.state !== "reading" || !slice.range || isBegun || slice.lease || slice.range.from >= from) continue
    slice.range.from = Math.min(from, slice.range.to)
    setWindow(slice, listWindow(tx, slice))
    for (const collection of slice.collections) tx.state.covered[coverKey(slice.stream, collection)] = slice.range.from
  }
}

/**
 * The feed could not reach back: the lists are read for the gap. Called with the live cursor already moved past it. `overlap`: the
 * part of the range that was read before.
 */
export function openGapBackfill(tx: Transaction, feed: AnyStream, range: Plan["range"], overlap: Span): void {
  const fed = new Set(chosen(tx.state, feed))
  const rests = new Map([...fed].map((collection) => [collection, restOf(tx, collection, range)]))
  for (const collection of fed) leaveToBackfill(tx, collection, range)
  const lists = streamsOf(tx, "backfill")
  const plans = lists.flatMap((stream) => plansOf(stream, rests))
  const opened = plans.length > 0 ? openBackfill(tx, "gap", plans, "schedule", overlap) : null
  const run = opened ?? tx.state.run
  if (run) noteUnfinished(run, plans)
  const listed = new Set(lists.flatMap(({ collections }) => collections))
  for (const name of fed) {
    if (run && !listed.has(name))
      addIncomplete(
        run,
        [name],
        `What happened ${rangeInWords(range)} is missing: ${tx.connector.title} has no list that shows it.`,
      )
    else if (run && isObjectKind(tx, name))
      addIncomplete(
        run,
        [name],
        `Deletions ${rangeInWords(range)} are missing: ${tx.connector.title} lists only what is left.`,
      )
  }
}

/** What a list is to tell of a gap: one plan for all collections that miss the same. */
function plansOf(stream: AnyStream, rests: ReadonlyMap<string, Span[]>): Plan[] {
  const plans = new Map<string, Plan>()
  for (const name of stream.collections)
    for (const range of rests.get(name) ?? []) {
      const plan = plans.get(JSON.stringify(range)) ?? { stream, collections: [], range }
      plan.collections.push(name)
      plans.set(JSON.stringify(range), plan)
    }
  return [...plans.values()]
}

/**
 * The part of a span that no backfill has been given yet, since a second one would tell it again. Backfills have all facts from before live
 * reading began, and, of a collection that two live streams feed, the times that the other one has left. An object has no past that
 * another backfill could have told.
 */
function restOf(tx: Transaction, collection: string, { from, to }: Span): Span[] {
  const rest: Span[] = []
  const liveFrom = tx.state.liveFrom[collection] ?? from
  let at = isObjectKind(tx, collection) ? from : Math.max(from, liveFrom)
  for (const span of (tx.state.backfillSpans[collection] ?? []).toSorted((a, b) => a.from - b.from)) {
    if (span.from > at) rest.push({ from: at, to: Math.min(span.from, to) })
    at = Math.max(at, span.to)
    if (at >= to) break
  }
  if (at < to) rest.push({ from: at, to })
  return rest.filter((span) => span.from < span.to)
}

/**
 * Facts of these times are a backfill's from now on. What is earlier stays live reading's: a debit begun before may settle any day, and
 * nobody noted its key. A span is forgotten with the last key that may still wait for its fact.
 */
function leaveToBackfill(tx: Transaction, collection: string, span: Span): void {
  const oldest = partnerNow(tx) - tx.connector.pendingForDays * DAY_MS
  const spans = (tx.state.backfillSpans[collection] ?? []).filter(({ to }) => to > oldest)
  const last = spans.at(-1)
  if (last && last.from <= span.from && span.from <= last.to) last.to = Math.max(last.to, span.to)
  else spans.push({ from: span.from, to: span.to })
  tx.state.backfillSpans[collection] = spans.slice(-SPANS_MAX)
}

function rangeInWords({ from, to }: Plan["range"]): string {
  return `from ${dayOf(from)} to ${dayOf(to)}`
}

/** Live reading of it may go on while a list of it is denied: that must stay visible. */
export function isHistoryDenied(tx: Transaction, collection: string): boolean {
  const { state } = tx
  const aside = state.backfills.flatMap((backfill) => backfill.slices).filter((slice) => slice.state === "denied")
  const lists = streamsOf(tx, "backfill").filter((stream) => stream.collections.includes(collection))
  return (
    aside.some((slice) => slice.collections.includes(collection)) ||
    lists.some((stream) => state.covered[coverKey(stream.name, collection)] === undefined)
  )
}

/**
 * Reads one collection again from `from` on. Where a resync of it waits (it was denied, or failed) that one is tried again, unless
 * it would begin later: then the new one, which reads all that it would, takes its place.
 */
export function openResync(tx: Transaction, collection: string, from: number): Run | "full" | null {
  const { state } = tx
  const waiting = state.backfills.find((backfill) => backfill.kind === "resync" && readsOnly(backfill, collection))
  if (waiting?.slices.every(({ range }) => range !== null && range.from <= from)) {
    for (const slice of waiting.slices) if (slice.state === "denied") resume(slice)
    const run = runOfBackfill(tx, waiting)
    if (run) return run
  }
  const to = feedWatermarks(tx, collection).lowest
  const plans = streamsOf(tx, "backfill")
    .filter((stream) => stream.collections.includes(collection))
    .map((stream) => ({ stream, collections: [collection], range: { from, to } }))
  if (plans.length === 0) return null
  state.backfills = state.backfills.filter((backfill) => backfill !== waiting)
  return state.backfills.length >= BACKFILLS_MAX ? "full" : openBackfill(tx, "resync", plans, "manual")
}

function readsOnly(backfill: Backfill, collection: string): boolean {
  return backfill.slices.every(({ collections }) => collections.includes(collection))
}
