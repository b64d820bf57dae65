/** How readings end. */
import { DENIED_AGAIN_MS } from "../backfill/takeup.ts"
import { whyFailed } from "../runs/reasons.ts"
import { failRun, findRun, readingDone } from "../runs/run.ts"
import type { Slice } from "../state/reading.ts"
import type { Run } from "../state/state.ts"
import { slicesOf } from "../state/state.ts"
import type { Turn } from "../turn.ts"
import { runOf } from "./lease.ts"
import { leaveToLists } from "./live.ts"
import { chosen, setStuck, streamsOf } from "./slice.ts"

/**
 * A live run ends when each of its streams has been read or cannot be read now; what could not is tried again by the next. It
 * has failed only where nothing could be read.
 */
export function endLive(turn: Turn): void {
  const { run, live } = turn.state
  if (!run || Object.values(live).some(({ slice }) => slice?.state === "reading")) return
  if (run.failed.length === 0 || isAnyRead(turn, run)) readingDone(turn, run)
  else failRun(turn, run, whyFailed(turn, run))
}

function isAnyRead(turn: Turn, run: Run): boolean {
  const inUse = streamsOf(turn, "live").filter((stream) => chosen(turn.state, stream).length > 0)
  const hasFailed = (name: string) => run.failed.some(({ stream }) => stream === name)
  return inUse.some(({ name }) => turn.state.live[name]?.slice === null && !hasFailed(name))
}

/** A pass's run ends when nothing of it can be read now; the pass itself when all of it has been. */
export function endPasses(turn: Turn): void {
  const { state } = turn
  for (const pass of state.passes) {
    if (pass.run === null || pass.slices.some((slice) => slice.state === "reading")) continue
    const run = findRun(state, pass.run)
    const failed = pass.slices.find((slice) => slice.state === "failed")
    if (run && failed) failRun(turn, run, failed.waiting ?? "a list could not be read")
    else if (run) readingDone(turn, run)
    pass.run = null
  }
  state.passes = state.passes.filter((pass) => pass.slices.some((slice) => slice.state !== "read"))
}

export function voidLeases(turn: Turn): void {
  for (const slice of slicesOf(turn.state)) slice.lease = null
}

/** Ends a pass's run; its slices wait for the next run, window and token kept. */
export function parkPass(turn: Turn, id: string, reason: string): void {
  const pass = turn.state.passes.find((one) => one.id === id)
  const run = pass?.run ? findRun(turn.state, pass.run) : undefined
  if (run) failRun(turn, run, reason)
  if (pass) pass.run = null
}

/** Why a slice cannot be read: a fault is its own, an outage may be the whole partner's. */
export type Trouble = "fault" | "outage"

/** Suspends the slice with the reason; window and token stay, the others are read, and the next run goes on with it. */
export function abort(turn: Turn, slice: Slice, reason: string, trouble: Trouble = "fault"): void {
  const run = runOf(turn, slice)
  setStuck(turn, slice, "failed", reason)
  slice.waiting = reason
  if (run) noteFailed(run, slice, reason)
  if (slice.lane === "live") leaveToLists(turn, slice, trouble === "outage")
}

function noteFailed(run: Run, { stream, collections }: Slice, reason: string): void {
  run.failed = [...run.failed.filter((one) => one.stream !== stream), { stream, collections: [...collections], reason }]
}

/** Suspends what the credentials may not read, window and token kept: a list is asked again daily, live reading with each run. */
export function deny(turn: Turn, slice: Slice, reason: string): void {
  setStuck(turn, slice, "denied", reason)
  if (slice.lane === "backfill") slice.notBefore = turn.now + DENIED_AGAIN_MS
  else leaveToLists(turn, slice, false)
}
