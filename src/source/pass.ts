/**
 * Passes: readings of the lists for a fixed range of fact times. Initial sync, an earlier start date, a collection switched on
 * later, a gap and a resync differ only in their range. What is covered is kept by stream and collection, so that no range is
 * read twice for the same facts.
 */
import type { Window } from "../connectors/kit/define.ts"
import { DAY_MS } from "./openkeys.ts"
import { newRun } from "./run.ts"
import { type AnyStream, blankSlice, chosen, feedFloors, resume, setAside, streamsOf } from "./slice.ts"
import { dayOf } from "./startdate.ts"
import type { Pass, Run, Slice, Span } from "./state.ts"
import { partnerNow, type Turn } from "./turn.ts"

interface Plan {
  stream: AnyStream
  collections: string[]
  range: { from: number; to: number }
}

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

/** An object has no past: its state is read whole, once, whatever the start date. */
function isDimension(turn: Turn, collection: string): boolean {
  return turn.connector.collections.some((one) => one.name === collection && one.kind === "object")
}

/** A collection is switched off: live reading of it ends at the floor, and passes read on without it. */
export function switchOff(turn: Turn, collection: string): void {
  const { state } = turn
  state.offAt[collection] ??= { from: feedFloors(turn, collection).lowest, to: partnerNow(turn) }
  for (const pass of state.passes) {
    const meant = pass.slices.filter((slice) => slice.state !== "read" && slice.collections.includes(collection))
    for (const slice of meant) setAside(turn, partOf(pass, slice, collection), "off")
  }
  delete state.denied[collection]
}

/** The part of a slice that reads one collection: itself, or split off, so that it can go on from where both stand. */
function partOf(pass: Pass, slice: Slice, collection: string): Slice {
  if (slice.collections.length === 1) return slice
  const part = { ...structuredClone(slice), id: `${slice.id}:${collection}`, collections: [collection] }
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
  leaveToPass(turn, collection, { from: off.from, to })
  const plans = streamsOf(turn, "backfill")
    .filter((stream) => state.covered[coverKey(stream.name, collection)] !== undefined)
    .map((stream) => ({ stream, collections: [collection], range: { from: off.from, to } }))
  if (plans.length > 0) noteUnfinished(openPass(turn, "collection", plans, "schedule", off), plans)
}

/** The start date moved forward: parts that have not begun are trimmed; what has begun is read to its end. */
export function trimPending(turn: Turn): void {
  const from = turn.state.configuration.startDate
  for (const slice of turn.state.passes.flatMap((pass) => pass.slices)) {
    if (slice.state !== "reading" || !slice.range || slice.page > 0 || slice.lease || slice.range.from >= from) continue
    slice.range.from = Math.min(from, slice.range.to)
    slice.window = listWindow(turn, slice)
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
  for (const collection of fed) leaveToPass(turn, collection, range)
  const plans = streamsOf(turn, "backfill").flatMap((stream) => {
    const collections = stream.collections.filter((name) => fed.has(name))
    return collections.length > 0 ? [{ stream, collections, range }] : []
  })
  const run = plans.length > 0 ? openPass(turn, "gap", plans, "schedule", overlap) : turn.state.run
  if (run) noteUnfinished(run, plans)
  const listed = new Set(plans.flatMap((plan) => plan.collections))
  for (const name of fed) {
    if (!listed.has(name))
      run?.untold.push({ collection: name, reason: `no list tells what happened ${inWords(range)}` })
    else if (isDimension(turn, name))
      run?.untold.push({ collection: name, reason: "deletions while the feed could not be read are in no list" })
  }
}

/**
 * Facts of these times are a pass's from now on. What is earlier stays live reading's: a debit begun before may settle any day, and
 * nobody noted its key. A span is forgotten with the last key that may still wait for its fact.
 */
function leaveToPass(turn: Turn, collection: string, span: Span): void {
  const oldest = partnerNow(turn) - turn.connector.openForDays * DAY_MS
  const spans = (turn.state.passSpans[collection] ?? []).filter(({ to }) => to > oldest)
  turn.state.passSpans[collection] = [...spans, { from: span.from, to: span.to }]
}

function inWords({ from, to }: Plan["range"]): string {
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

export function openResync(turn: Turn, collection: string, from: number): Run | null {
  const to = feedFloors(turn, collection).lowest
  const plans = streamsOf(turn, "backfill")
    .filter((stream) => stream.collections.includes(collection))
    .map((stream) => ({ stream, collections: [collection], range: { from, to } }))
  return plans.length > 0 ? openPass(turn, "resync", plans, "manual") : null
}

function openPass(
  turn: Turn,
  kind: Pass["kind"],
  plans: readonly Plan[],
  trigger: Run["trigger"],
  overlap: Span | null = null,
): Run {
  const { state } = turn
  const id = `p${++state.ids.pass}`
  const run = newRun(turn, kind, trigger)
  const slices = plans.map((plan, index) =>
    passSlice(
      turn,
      plan,
      `${id}:${plan.stream.name}${index > 0 && plans[index - 1]?.stream === plan.stream ? `.${index}` : ""}`,
    ),
  )
  for (const [index, plan] of plans.entries()) noteUntold(run, plan, slices[index])
  state.passes.push({ id, kind, slices, run: run.id, trigger, overlap })
  state.others.push(run)
  return run
}

function passSlice(turn: Turn, plan: Plan, id: string): Slice {
  const slice = { ...blankSlice(turn, plan.stream, id), collections: plan.collections, range: { ...plan.range } }
  const reach = plan.stream.reachesBackDays
  if (reach !== undefined)
    slice.range.from = Math.max(slice.range.from, Math.min(slice.range.to, partnerNow(turn) - reach * DAY_MS))
  slice.window = listWindow(turn, slice)
  slice.top = slice.window.to
  return slice
}

/** The list's own order field must be read this far to find every fact of the range. */
function listWindow(turn: Turn, slice: Slice): Window {
  const stream = streamsOf(turn, "backfill").find((one) => one.name === slice.stream)
  const range = slice.range ?? { from: 0, to: 0 }
  if (stream?.reach === "all" || slice.collections.some((name) => isDimension(turn, name)))
    return { from: null, to: range.to }
  return { from: range.from - (stream?.reach?.days ?? 0) * DAY_MS, to: range.to }
}

/** What lies before the reach of a list that is really a feed cannot be told by anyone; say so rather than look complete. */
function noteUntold(run: Run, plan: Plan, slice: Slice | undefined): void {
  if (slice?.range && slice.range.from > plan.range.from)
    tellReach(run, plan.stream, plan.collections, slice.range.from)
}

/** The feed went on forgetting while it waited to be read as a list: what its last page could still show is what has been read. */
export function noteReach(turn: Turn, slice: Slice, run: Run, asked: number): void {
  const stream = streamsOf(turn, "backfill").find((one) => one.name === slice.stream)
  if (stream?.reachesBackDays === undefined || !slice.range) return
  const reached = asked - stream.reachesBackDays * DAY_MS
  if (reached > slice.range.from) tellReach(run, stream, slice.collections, reached)
}

function tellReach(run: Run, stream: AnyStream, collections: readonly string[], reached: number): void {
  const reason = `${stream.title} reach back to ${dayOf(reached)} only`
  for (const collection of collections) {
    const isTold = run.untold.some((untold) => untold.collection === collection && untold.reason === reason)
    if (!isTold) run.untold.push({ collection, reason })
  }
}

/**
 * A list dates what it tells by its beginning (a debit, an authorization). What began before the range and came true while nobody
 * read the feed lies outside it, and nothing says so later: only readings that noted its key as open will take it.
 */
function noteUnfinished(run: Run, plans: readonly Plan[]): void {
  for (const { stream, collections, range } of plans) {
    if (stream.reach === undefined || stream.reach === "all" || stream.reach.days === 0) continue
    const reason = `${stream.title} begun before ${dayOf(range.from)} that were settled while the feed was not read are in no list`
    for (const collection of collections) run.untold.push({ collection, reason })
  }
}

/** How much of the ranges has been read, 0..1, where the lower end is known; null where it is not. */
export function shareOf(pass: Pass): number | null {
  const shares = pass.slices.map(sliceShare)
  const known = shares.filter((share) => share !== null)
  return known.length === 0 ? null : known.reduce((sum, share) => sum + share, 0) / known.length
}

function sliceShare(slice: Slice): number | null {
  if (slice.state === "read") return 1
  const top = slice.top
  const from = slice.window.from ?? slice.range?.from ?? null
  if (top === null || from === null || top <= from) return null
  if (slice.edge === null) return 0
  return Math.min(1, Math.max(0, (top - slice.edge.time) / (top - from)))
}
