/** Opening passes: what they read of the lists, and where an older one that waits takes it over. */
import type { Window } from "../connectors/kit/define.ts"
import { DAY_MS } from "./openkeys.ts"
import { newRun } from "./run.ts"
import { blankSlice, setWindow, streamsOf } from "./slice.ts"
import type { Pass, Run, Slice, Span } from "./state.ts"
import { runOfPass } from "./takeup.ts"
import { lastBelieved, type Turn } from "./turn.ts"
import { noteUntold, type Plan } from "./untold.ts"

/**
 * Passes that may wait. Each has up to a slice for each list and collection, of 0.5 KB and a page token of 4 KB, and all of them lie in
 * one row of 2 MB. Only what a user asks for again and again could reach it: what one waiting pass can take over adds none.
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
 * any once many of them wait.
 */
function takeOver(turn: Turn, kind: Pass["kind"], plan: Plan, overlap: Span | null): Pass | null {
  const isMany = turn.state.passes.length >= PASSES_MAX / 2
  for (const pass of turn.state.passes) {
    const slice =
      pass.kind === kind
        ? pass.slices.find((one) => canTakeOver(one, plan) && (isMany || one.state !== "reading"))
        : undefined
    if (!slice?.range) continue
    const { from, to } = plan.range
    const whole = { from: Math.min(slice.range.from, from), to: Math.max(slice.range.to, to) }
    setRange(turn, slice, plan, whole)
    if (overlap && pass.overlap)
      pass.overlap = { from: Math.min(pass.overlap.from, overlap.from), to: Math.max(pass.overlap.to, overlap.to) }
    else pass.overlap = overlap ?? pass.overlap
    return pass
  }
  return null
}

function canTakeOver(slice: Slice, { stream, collections, range }: Plan): boolean {
  const isUnread = slice.state !== "read" && slice.page === 0 && slice.edge === null && slice.lease === null
  const isSame = slice.stream === stream.name && slice.collections.join() === collections.join()
  const isNextTo = slice.range !== null && slice.range.from <= range.to && range.from <= slice.range.to
  return isUnread && isSame && isNextTo
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
