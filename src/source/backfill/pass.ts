/**
 * Passes: readings of the lists for a fixed range of fact times. Initial sync, an earlier start date, a collection switched on
 * later, a gap and a resync differ only in their range. What is covered is kept by stream and collection, so that no range is
 * read twice for the same facts.
 */
import { DAY_MS, dayOf } from "../../lib/time.ts"
import { partnerNow } from "../clocks/partnertime.ts"
import type { Span } from "../protocol/pass.ts"
import {
  type AnyStream,
  chosen,
  feedFloors,
  isScroll,
  resume,
  setAside,
  setWindow,
  streamsOf,
} from "../reading/slice.ts"
import type { Pass, Slice } from "../state/reading.ts"
import type { Run } from "../state/state.ts"
import type { Turn } from "../turn.ts"
import { isDimension, listWindow, openPass, PASSES_MAX } from "./opening.ts"
import { runOfPass } from "./takeup.ts"
import { addUntold, noteUnfinished, type Plan } from "./untold.ts"

/** Spans of one collection whose facts are the passes'. Past it the oldest is forgotten: a fact of it that comes late may repeat. */
export const SPANS_MAX = 24

export const coverKey = (stream: string, collection: string) => `${stream}|${collection}`

/**
 * Opens what is missing between what the user wants (the chosen collections from the start date on) and what is covered. Called
 * whenever either changes; does nothing when nothing is missing.
 */
export function openMissing(turn: Turn, kind: "initial" | "earlier" | "collection"): void {
  const { collections, startDate } = turn.state.configuration
  // Where live reading begins below the start date, what it shows of before that is not wanted.
  for (const { name } of collections) turn.state.liveFrom[name] ??= Math.max(feedFloors(turn, name).highest, startDate)
  const plans = streamsOf(turn, "backfill").flatMap((stream) => missing(turn, stream))
  if (plans.length > 0) openPass(turn, kind, plans, "schedule")
}

/** The missing ranges of one stream, one plan for all collections that miss the same. */
function missing(turn: Turn, stream: AnyStream): Plan[] {
  const plans = new Map<string, Plan>()
  const from = turn.state.configuration.startDate
  for (const collection of chosen(turn.state, stream)) {
    const covered = turn.state.covered[coverKey(stream.name, collection)]
    const to = covered ?? turn.state.liveFrom[collection] ?? from
    if (covered !== undefined && (isDimension(turn, collection) || covered <= from)) continue
    turn.state.covered[coverKey(stream.name, collection)] = from
    const plan = plans.get(String(to)) ?? { stream, collections: [], range: { from, to } }
    plan.collections.push(collection)
    plans.set(String(to), plan)
  }
  return [...plans.values()]
}

/** A collection is switched off: live reading of it ends at the floor, and passes read on without it. */
export function switchOff(turn: Turn, collection: string): void {
  const { state } = turn
  state.offAt[collection] ??= { from: feedFloors(turn, collection).lowest, to: partnerNow(turn) }
  for (const pass of state.passes) {
    const meant = pass.slices.filter((slice) => slice.state !== "read" && slice.collections.includes(collection))
    for (const slice of meant) setAside(turn, partOf(turn, pass, slice, collection), "off")
  }
  delete state.denied[collection]
}

/** The part of a slice that reads one collection: itself, or split off, so that it can go on from where both stand. */
export function partOf(turn: Turn, pass: Pass, slice: Slice, collection: string): Slice {
  if (slice.collections.length === 1) return slice
  const part = { ...structuredClone(slice), id: `${slice.id}:${collection}`, collections: [collection] }
  // Two cannot go on with one scroll.
  part.mayHaveMoved = isScroll(turn, slice.stream)
  slice.collections = slice.collections.filter((name) => name !== collection)
  pass.slices.push(part)
  return part
}

/** A collection is switched on: parts set aside go on, and a pass reads the facts since it was switched off. */
export function switchOn(turn: Turn, collection: string): void {
  const { state } = turn
  const off = state.offAt[collection]
  delete state.offAt[collection]
  for (const slice of state.passes.flatMap((pass) => pass.slices))
    if (slice.state === "off" && slice.collections.includes(collection)) resume(slice)
  const to = feedFloors(turn, collection).highest
  if (off === undefined) state.liveFrom[collection] = Math.max(to, state.configuration.startDate)
  // Nothing has been read since: live reading of it goes on as if it had never been off.
  if (off === undefined || off.from >= to) return
  const rest = restOf(turn, collection, { from: off.from, to })
  leaveToPass(turn, collection, { from: off.from, to })
  const plans = streamsOf(turn, "backfill")
    .filter((stream) => state.covered[coverKey(stream.name, collection)] !== undefined)
    .flatMap((stream) => rest.map((range) => ({ stream, collections: [collection], range })))
  const run = plans.length > 0 ? openPass(turn, "collection", plans, "schedule", off) : null
  if (run) noteUnfinished(run, plans)
}

/** The start date moved forward: parts that have not begun are trimmed; what has begun is read to its end. */
export function trimPending(turn: Turn): void {
  const from = turn.state.configuration.startDate
  for (const slice of turn.state.passes.flatMap((pass) => pass.slices)) {
    if (slice.state !== "reading" || !slice.range || slice.page > 0 || slice.lease || slice.range.from >= from) continue
    slice.range.from = Math.min(from, slice.range.to)
    setWindow(slice, listWindow(turn, slice))
    for (const collection of slice.collections)
      turn.state.covered[coverKey(slice.stream, collection)] = slice.range.from
  }
}

/**
 * The feed could not reach back: the lists are read for the gap. Called with the live cursor already moved past it. `overlap`: the
 * part of the range that was read before.
 */
export function openGapPass(turn: Turn, feed: AnyStream, range: Plan["range"], overlap: Span): void {
  const fed = new Set(chosen(turn.state, feed))
  const rests = new Map([...fed].map((collection) => [collection, restOf(turn, collection, range)]))
  for (const collection of fed) leaveToPass(turn, collection, range)
  const lists = streamsOf(turn, "backfill")
  const plans = lists.flatMap((stream) => plansOf(stream, rests))
  const opened = plans.length > 0 ? openPass(turn, "gap", plans, "schedule", overlap) : null
  const run = opened ?? turn.state.run
  if (run) noteUnfinished(run, plans)
  const listed = new Set(lists.flatMap(({ collections }) => collections))
  for (const name of fed) {
    if (run && !listed.has(name)) addUntold(run, [name], `no list tells what happened ${rangeInWords(range)}`)
    else if (run && isDimension(turn, name))
      addUntold(run, [name], "deletions while the feed could not be read are in no list")
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
 * Less what has been left to passes before: of a collection that two live streams feed, each may leave the same times, and the second
 * pass would tell them again.
 */
function restOf(turn: Turn, collection: string, { from, to }: Span): Span[] {
  const rest: Span[] = []
  let at = from
  for (const span of (turn.state.passSpans[collection] ?? []).toSorted((a, b) => a.from - b.from)) {
    if (span.from > at) rest.push({ from: at, to: Math.min(span.from, to) })
    at = Math.max(at, span.to)
    if (at >= to) break
  }
  if (at < to) rest.push({ from: at, to })
  return rest.filter((span) => span.from < span.to)
}

/**
 * Facts of these times are a pass's from now on. What is earlier stays live reading's: a debit begun before may settle any day, and
 * nobody noted its key. A span is forgotten with the last key that may still wait for its fact.
 */
function leaveToPass(turn: Turn, collection: string, span: Span): void {
  const oldest = partnerNow(turn) - turn.connector.openForDays * DAY_MS
  const spans = (turn.state.passSpans[collection] ?? []).filter(({ to }) => to > oldest)
  const last = spans.at(-1)
  if (last && last.from <= span.from && span.from <= last.to) last.to = Math.max(last.to, span.to)
  else spans.push({ from: span.from, to: span.to })
  turn.state.passSpans[collection] = spans.slice(-SPANS_MAX)
}

function rangeInWords({ from, to }: Plan["range"]): string {
  return `from ${dayOf(from)} to ${dayOf(to)}`
}

/** Live reading of it may go on while a list of it is denied: that must stay visible. */
export function isHistoryDenied(turn: Turn, collection: string): boolean {
  const { state } = turn
  const aside = state.passes.flatMap((pass) => pass.slices).filter((slice) => slice.state === "denied")
  const lists = streamsOf(turn, "backfill").filter((stream) => stream.collections.includes(collection))
  return (
    aside.some((slice) => slice.collections.includes(collection)) ||
    lists.some((stream) => state.covered[coverKey(stream.name, collection)] === undefined)
  )
}

/**
 * Reads one collection again from `from` on. Where a resync of it waits (it was denied, or failed) that one is tried again, unless
 * it would begin later: then the new one, which reads all that it would, takes its place.
 */
export function openResync(turn: Turn, collection: string, from: number): Run | "full" | null {
  const { state } = turn
  const waiting = state.passes.find((pass) => pass.kind === "resync" && readsOnly(pass, collection))
  if (waiting?.slices.every(({ range }) => range !== null && range.from <= from)) {
    for (const slice of waiting.slices) if (slice.state === "denied") resume(slice)
    const run = runOfPass(turn, waiting)
    if (run) return run
  }
  const to = feedFloors(turn, collection).lowest
  const plans = streamsOf(turn, "backfill")
    .filter((stream) => stream.collections.includes(collection))
    .map((stream) => ({ stream, collections: [collection], range: { from, to } }))
  if (plans.length === 0) return null
  state.passes = state.passes.filter((pass) => pass !== waiting)
  return state.passes.length >= PASSES_MAX ? "full" : openPass(turn, "resync", plans, "manual")
}

function readsOnly(pass: Pass, collection: string): boolean {
  return pass.slices.every(({ collections }) => collections.includes(collection))
}
