/** Opening backfills: what they read of the lists, and where an older one that waits takes it over. */
import type { Window } from "../../connectors/kit/define.ts"
import { ALIAS } from "../../connectors/kit/item.ts"
import { assign } from "../../lib/assign.ts"
import { DAY_MS } from "../../lib/time.ts"
import { lastBelieved } from "../clocks/partner-time.ts"
import type { Span } from "../protocol/backfill.ts"
import { partsIn } from "../reading/parts.ts"
import { blankSlice, setWindow, streamsOf } from "../reading/slice.ts"
import { newRun } from "../runs/run.ts"
import type { Backfill, Slice } from "../state/slices.ts"
import type { Run } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"
import { addIncomplete, noteIncomplete, type Plan } from "./incomplete.ts"
import { runOfBackfill } from "./resume.ts"

/**
 * Backfills that may wait. Each has up to a slice for each list and collection, of 0.5 KB and a page token of 4 KB, and all of them lie in
 * one row of 2 MB. Only what a user asks for again and again could reach it: what one waiting backfill can take over adds none. A resync is
 * refused then; anything else joins one that waits for the same list, and makes a backfill of its own only where none does.
 */
export const BACKFILLS_MAX = 16

/** An object has no past: its state is read whole, once, whatever the start date. Neither has the joining of its ids. */
export function isObjectKind(tx: Transaction, collection: string): boolean {
  if (collection === ALIAS) return true
  return tx.connector.collections.some((one) => one.name === collection && one.kind === "object")
}

/** The run it is read in; null where all of it went to a backfill that waits and cannot be read now. */
export function openBackfill(
  tx: Transaction,
  kind: Backfill["kind"],
  wanted: readonly Plan[],
  trigger: Run["trigger"],
  overlap: Span | null = null,
): Run | null {
  const { state } = tx
  const taken = wanted.map((plan) => (kind === "resync" ? null : takeOver(tx, kind, plan, overlap)))
  const plans = wanted.filter((_, index) => taken[index] === null)
  const [older] = taken.filter((backfill) => backfill !== null)
  if (plans.length === 0 && older) return runOfBackfill(tx, older)
  const id = `p${++state.ids.backfill}`
  const run = newRun(tx, kind, trigger)
  const slices = plans.map((plan, index) =>
    backfillSlice(
      tx,
      plan,
      `${id}:${plan.stream.name}${index > 0 && plans[index - 1]?.stream === plan.stream ? `.${index}` : ""}`,
    ),
  )
  for (const [index, plan] of plans.entries()) noteIncomplete(run, plan, slices[index])
  state.backfills.push({ id, kind, slices, run: run.id, trigger, overlap, share: null, recordsOfParts: 0 })
  state.others.push(run)
  return run
}

/**
 * A backfill that has not begun to read the same list for the same collections reads the neighbouring range, too: one that is set aside, or
 * any once many of them wait. Once as many wait as may, the nearest one reads all of what lies between as well.
 */
function takeOver(tx: Transaction, kind: Backfill["kind"], plan: Plan, overlap: Span | null): Backfill | null {
  const { backfills } = tx.state
  const isMany = backfills.length >= BACKFILLS_MAX / 2
  for (const backfill of backfills) {
    const slice =
      backfill.kind === kind
        ? backfill.slices.find((one) => canTakeOver(one, plan) && (isMany || one.state !== "reading"))
        : undefined
    if (slice) return widen(tx, backfill, slice, plan, overlap)
  }
  return backfills.length >= BACKFILLS_MAX ? join(tx, plan, overlap) : null
}

function widen(tx: Transaction, backfill: Backfill, slice: Slice, plan: Plan, overlap: Span | null): Backfill {
  setRange(tx, slice, plan, hull(slice.range ?? plan.range, plan.range))
  backfill.overlap = overlap && backfill.overlap ? hull(backfill.overlap, overlap) : (overlap ?? backfill.overlap)
  return backfill
}

function hull(one: Span, other: Span): Span {
  return { from: Math.min(one.from, other.from), to: Math.max(one.to, other.to) }
}

/** What was read live between the two ranges is read again, and no key of it is known any more: that is said. Nothing is left out. */
function join(tx: Transaction, plan: Plan, overlap: Span | null): Backfill | null {
  const apart = ({ range }: Slice) => (range ? Math.max(plan.range.from - range.to, range.from - plan.range.to) : 0)
  const waiting = tx.state.backfills
    .filter(({ kind }) => kind !== "resync")
    .flatMap((backfill) =>
      backfill.slices.filter((slice) => canJoin(slice, plan)).map((slice) => ({ backfill, slice })),
    )
  const [nearest] = waiting.sort((one, other) => apart(one.slice) - apart(other.slice))
  if (!nearest) return null
  const { backfill, slice } = nearest
  const others = partsIn(backfill, slice).filter((part) => part !== slice)
  backfill.slices = backfill.slices.filter((one) => !others.includes(one))
  widen(tx, backfill, slice, plan, overlap)
  assign(slice, { isPart: false, pageToken: null, digest: null, edge: null, probe: null, page: slice.page + 1 })
  slice.no = ++tx.state.windows
  const run = runOfBackfill(tx, backfill) ?? tx.state.run
  const facts = plan.collections.filter((name) => !isObjectKind(tx, name))
  if (run) addIncomplete(run, facts, JOINED)
  return backfill
}

const JOINED =
  "So much history waits to be read that two readings were joined. Nothing is missing, but some of what was sent may be sent twice."

function canJoin(slice: Slice, plan: Plan): boolean {
  return slice.state !== "read" && slice.lease === null && slice.range !== null && isSameReading(slice, plan)
}

function isSameReading(slice: Slice, { stream, collections }: Plan): boolean {
  return slice.stream === stream.name && slice.collections.join() === collections.join()
}

function canTakeOver(slice: Slice, plan: Plan): boolean {
  const { range } = plan
  const isBegun = slice.isPart || slice.page > 0 || slice.edge !== null
  const isUnread = slice.state !== "read" && !isBegun && slice.lease === null
  const isNextTo = slice.range !== null && slice.range.from <= range.to && range.from <= slice.range.to
  return isUnread && isSameReading(slice, plan) && isNextTo
}

function backfillSlice(tx: Transaction, plan: Plan, id: string): Slice {
  const slice = { ...blankSlice(tx, plan.stream, id), collections: plan.collections }
  setRange(tx, slice, plan, plan.range)
  return slice
}

function setRange(tx: Transaction, slice: Slice, { stream }: Plan, range: Plan["range"]): void {
  slice.range = { ...range }
  const reach = stream.reachesBackDays
  if (reach !== undefined)
    slice.range.from = Math.max(range.from, Math.min(range.to, lastBelieved(tx) - reach * DAY_MS))
  setWindow(slice, listWindow(tx, slice))
}

/** The list's own order field must be read this far to find every fact of the range. */
export function listWindow(tx: Transaction, slice: Slice): Window {
  const stream = streamsOf(tx, "backfill").find((one) => one.name === slice.stream)
  const range = slice.range ?? { from: 0, to: 0 }
  if (stream?.reach === "all" || slice.collections.some((name) => isObjectKind(tx, name)))
    return { from: null, to: range.to }
  const reached = range.from - (stream?.reach?.days ?? 0) * DAY_MS
  const { startDate } = tx.state.configuration
  const listed = Math.max(range.from - (stream?.listedWithinDays ?? 0) * DAY_MS, startDate)
  return { from: Math.min(reached, listed), to: range.to }
}
