/** Opening passes: what they read of the lists, and where an older one that waits takes it over. */
import type { Window } from "../../connectors/kit/define.ts"
import { assign } from "../../lib/assign.ts"
import { DAY_MS } from "../../lib/time.ts"
import { lastBelieved } from "../clocks/partnertime.ts"
import type { Span } from "../protocol/pass.ts"
import { blankSlice, setWindow, streamsOf } from "../reading/slice.ts"
import { newRun } from "../runs/run.ts"
import type { Pass, Slice } from "../state/reading.ts"
import type { Run } from "../state/state.ts"
import type { Turn } from "../turn.ts"
import { runOfPass } from "./takeup.ts"
import { addUntold, noteUntold, type Plan } from "./untold.ts"

/**
 * Passes that may wait. Each has up to a slice for each list and collection, of 0.5 KB and a page token of 4 KB, and all of them lie in
 * one row of 2 MB. Only what a user asks for again and again could reach it: what one waiting pass can take over adds none. A resync is
 * refused then; anything else joins one that waits for the same list, and makes a pass of its own only where none does.
 */
export const PASSES_MAX = 16

/** An object has no past: its state is read whole, once, whatever the start date. */
export function isDimension(turn: Turn, collection: string): boolean {
  return turn.connector.collections.some((one) => one.name === collection && one.kind === "object")
}

/** The run it is read in; null where all of it went to a pass that waits and cannot be read now. */
export function openPass(
  turn: Turn,
  kind: Pass["kind"],
  wanted: readonly Plan[],
  trigger: Run["trigger"],
  overlap: Span | null = null,
): Run | null {
  const { state } = turn
  const taken = wanted.map((plan) => (kind === "resync" ? null : takeOver(turn, kind, plan, overlap)))
  const plans = wanted.filter((_, index) => taken[index] === null)
  const [older] = taken.filter((pass) => pass !== null)
  if (plans.length === 0 && older) return runOfPass(turn, older)
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

/**
 * A pass that has not begun to read the same list for the same collections reads the neighbouring range, too: one that is set aside, or
 * any once many of them wait. Once as many wait as may, the nearest one reads all of what lies between as well.
 */
function takeOver(turn: Turn, kind: Pass["kind"], plan: Plan, overlap: Span | null): Pass | null {
  const { passes } = turn.state
  const isMany = passes.length >= PASSES_MAX / 2
  for (const pass of passes) {
    const slice =
      pass.kind === kind
        ? pass.slices.find((one) => canTakeOver(one, plan) && (isMany || one.state !== "reading"))
        : undefined
    if (slice) return widen(turn, pass, slice, plan, overlap)
  }
  return passes.length >= PASSES_MAX ? join(turn, plan, overlap) : null
}

function widen(turn: Turn, pass: Pass, slice: Slice, plan: Plan, overlap: Span | null): Pass {
  setRange(turn, slice, plan, hull(slice.range ?? plan.range, plan.range))
  pass.overlap = overlap && pass.overlap ? hull(pass.overlap, overlap) : (overlap ?? pass.overlap)
  return pass
}

function hull(one: Span, other: Span): Span {
  return { from: Math.min(one.from, other.from), to: Math.max(one.to, other.to) }
}

/** What was read live between the two ranges is read again, and no key of it is known any more: that is said. Nothing is left out. */
function join(turn: Turn, plan: Plan, overlap: Span | null): Pass | null {
  const apart = ({ range }: Slice) => (range ? Math.max(plan.range.from - range.to, range.from - plan.range.to) : 0)
  const waiting = turn.state.passes
    .filter(({ kind }) => kind !== "resync")
    .flatMap((pass) => pass.slices.filter((slice) => canJoin(slice, plan)).map((slice) => ({ pass, slice })))
  const [nearest] = waiting.sort((one, other) => apart(one.slice) - apart(other.slice))
  if (!nearest) return null
  const { pass, slice } = nearest
  widen(turn, pass, slice, plan, overlap)
  assign(slice, { token: null, digest: null, edge: null, probe: null, page: slice.page + 1 })
  slice.no = ++turn.state.windows
  const run = runOfPass(turn, pass) ?? turn.state.run
  const facts = plan.collections.filter((name) => !isDimension(turn, name))
  if (run) addUntold(run, facts, JOINED)
  return pass
}

const JOINED =
  "too many readings of its lists wait: two of them were joined, and some of what was sent already may be sent twice"

function canJoin(slice: Slice, plan: Plan): boolean {
  return slice.state !== "read" && slice.lease === null && slice.range !== null && isSameReading(slice, plan)
}

function isSameReading(slice: Slice, { stream, collections }: Plan): boolean {
  return slice.stream === stream.name && slice.collections.join() === collections.join()
}

function canTakeOver(slice: Slice, plan: Plan): boolean {
  const { range } = plan
  const isUnread = slice.state !== "read" && slice.page === 0 && slice.edge === null && slice.lease === null
  const isNextTo = slice.range !== null && slice.range.from <= range.to && range.from <= slice.range.to
  return isUnread && isSameReading(slice, plan) && isNextTo
}

function passSlice(turn: Turn, plan: Plan, id: string): Slice {
  const slice = { ...blankSlice(turn, plan.stream, id), collections: plan.collections }
  setRange(turn, slice, plan, plan.range)
  return slice
}

function setRange(turn: Turn, slice: Slice, { stream }: Plan, range: Plan["range"]): void {
  slice.range = { ...range }
  const reach = stream.reachesBackDays
  if (reach !== undefined)
    slice.range.from = Math.max(range.from, Math.min(range.to, lastBelieved(turn) - reach * DAY_MS))
  setWindow(slice, listWindow(turn, slice))
}

/** The list's own order field must be read this far to find every fact of the range. */
export function listWindow(turn: Turn, slice: Slice): Window {
  const stream = streamsOf(turn, "backfill").find((one) => one.name === slice.stream)
  const range = slice.range ?? { from: 0, to: 0 }
  if (stream?.reach === "all" || slice.collections.some((name) => isDimension(turn, name)))
    return { from: null, to: range.to }
  return { from: range.from - (stream?.reach?.days ?? 0) * DAY_MS, to: range.to }
}
