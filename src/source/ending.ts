/** How readings end. */
import { isPassOver } from "./pass.ts"
import { failRun, findRun, type Run, readingDone } from "./run.ts"
import { type Slice, slicesOf } from "./state.ts"
import type { Turn } from "./turn.ts"

/** All live windows are read (or denied, which is tried again with the next run). */
export function endLive(turn: Turn, run: Run): void {
  for (const live of Object.values(turn.state.live)) if (live.slice?.state === "denied") live.slice.state = "reading"
  readingDone(turn, run)
}

/** Passes whose slices are all read are over, whoever read the last one. */
export function finishPass(turn: Turn): void {
  const { state } = turn
  for (const pass of state.passes.filter(isPassOver)) {
    const run = pass.run && findRun(state, pass.run)
    if (run) readingDone(turn, run)
  }
  state.passes = state.passes.filter((pass) => !isPassOver(pass))
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

/** Ends the run with the reason; window and token stay, and the next run goes on with them. */
export function abort(turn: Turn, slice: Slice, reason: string): void {
  const { state } = turn
  slice.lease = null
  slice.waiting = null
  if (slice.lane === "live") {
    if (state.run) failRun(turn, state.run, reason)
    return
  }
  const pass = state.passes.find((one) => one.slices.includes(slice))
  if (!pass) return
  for (const other of pass.slices) other.lease = null
  parkPass(turn, pass.id, reason)
}
