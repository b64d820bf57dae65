/** How readings end. */
import { isQuarantineFull } from "./lease.ts"
import { failRun, findRun, newRun, type Run, readingDone } from "./run.ts"
import { resume, setAside } from "./slice.ts"
import { type Pass, type Slice, slicesOf } from "./state.ts"
import type { Turn } from "./turn.ts"

/** All live windows are read (or denied, which is tried again with the next run). */
export function endLive(turn: Turn, run: Run): void {
  for (const live of Object.values(turn.state.live)) if (live.slice?.state === "denied") resume(live.slice)
  readingDone(turn, run)
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

/** What failed is tried again; a pass with something to read and no run gets one. */
export function takeUp(turn: Turn, pass: Pass): void {
  for (const slice of pass.slices) if (slice.state === "failed" && !isQuarantineFull(turn, slice)) resume(slice)
  if (pass.run !== null || !pass.slices.some((slice) => slice.state === "reading")) return
  const run = newRun(turn, pass.kind, pass.trigger)
  pass.run = run.id
  turn.state.others.push(run)
  for (const slice of pass.slices) if (slice.state === "reading") resume(slice)
}

/** What the partner denied is tried again: with another credential, or because the user says so. */
export function retryDenied(turn: Turn): void {
  for (const slice of turn.state.passes.flatMap((pass) => pass.slices)) if (slice.state === "denied") resume(slice)
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

/**
 * Ends the run with the reason; window and token stay, and the next run goes on with them. Of a pass, the other slices are read
 * to their end first.
 */
export function abort(turn: Turn, slice: Slice, reason: string): void {
  slice.lease = null
  slice.waiting = null
  if (slice.lane === "live") {
    if (turn.state.run) failRun(turn, turn.state.run, reason)
    return
  }
  setAside(turn, slice, "failed")
  slice.waiting = reason
}
