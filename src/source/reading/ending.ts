/** How readings end. */
import { DENIED_AGAIN_MS } from "../backfill/resume.ts"
import { goesOn, whyFailed } from "../runs/reasons.ts"
import { failRun, findRun, readingDone } from "../runs/run.ts"
import type { Slice } from "../state/slices.ts"
import type { Run } from "../state/state.ts"
import { slicesOf } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"
import { runOf } from "./lease.ts"
import { leaveToLists } from "./live.ts"
import { partsOf } from "./parts.ts"
import { chosen, setStuck, streamsOf } from "./slice.ts"

/**
 * A live run ends when each of its streams has been read or cannot be read now; what could not is tried again by the next. It
 * has failed only where nothing could be read.
 */
export function endLive(tx: Transaction): void {
  const { run, live } = tx.state
  if (!run || Object.values(live).some(({ slice }) => slice?.state === "reading")) return
  if (run.failed.length === 0 || isAnyRead(tx, run)) readingDone(tx, run)
  else failRun(tx, run, whyFailed(tx, run))
}

function isAnyRead(tx: Transaction, run: Run): boolean {
  const inUse = streamsOf(tx, "live").filter((stream) => chosen(tx.state, stream).length > 0)
  const hasFailed = (name: string) => run.failed.some(({ stream }) => stream === name)
  return inUse.some(({ name }) => tx.state.live[name]?.slice === null && !hasFailed(name))
}

/** A backfill's run ends when nothing of it can be read now; the backfill itself when all of it has been. */
export function endBackfills(tx: Transaction): void {
  const { state } = tx
  for (const backfill of state.backfills) {
    if (backfill.run === null || backfill.slices.some((slice) => slice.state === "reading")) continue
    const run = findRun(state, backfill.run)
    const failed = backfill.slices.find((slice) => slice.state === "failed")
    if (run && failed) failRun(tx, run, goesOn(failed.waiting ?? "A list could not be read."))
    else if (run) readingDone(tx, run)
    backfill.run = null
  }
  state.backfills = state.backfills.filter((backfill) => backfill.slices.some((slice) => slice.state !== "read"))
}

export function voidLeases(tx: Transaction): void {
  for (const slice of slicesOf(tx.state)) slice.lease = null
}

/** Ends a backfill's run; its slices wait for the next run, window and token kept. */
export function parkBackfill(tx: Transaction, id: string, reason: string): void {
  const backfill = tx.state.backfills.find((one) => one.id === id)
  const run = backfill?.run ? findRun(tx.state, backfill.run) : undefined
  if (run) failRun(tx, run, reason)
  if (backfill) backfill.run = null
}

/** Why a slice cannot be read: a fault is its own, an outage may be the whole partner's. */
export type Trouble = "fault" | "outage"

/** Suspends the slice with the reason; window and token stay, the others are read, and the next run goes on with it. */
export function abort(tx: Transaction, slice: Slice, reason: string, trouble: Trouble = "fault"): void {
  const run = runOf(tx, slice)
  setStuck(tx, slice, "failed", reason)
  slice.waiting = reason
  if (trouble === "outage") putOff(tx, slice, reason)
  if (run) noteFailed(run, slice, reason)
  if (slice.lane === "live") leaveToLists(tx, slice, trouble === "outage")
}

function noteFailed(run: Run, { stream, collections }: Slice, reason: string): void {
  run.failed = [...run.failed.filter((one) => one.stream !== stream), { stream, collections: [...collections], reason }]
}

/** Of a list that could not be read before, one part has asked for all. */
function putOff(tx: Transaction, slice: Slice, reason: string): void {
  for (const part of partsOf(tx, slice)) {
    if (part.state !== "reading" || part.stuck === null) continue
    setStuck(tx, part, "failed", reason)
    part.waiting = reason
  }
}

/**
 * Suspends what the credentials may not read, window and token kept: a list is asked again daily, live reading with each run. What one
 * part of a list was told is so for all of them.
 */
export function deny(tx: Transaction, slice: Slice, reason: string): void {
  for (const part of partsOf(tx, slice)) {
    if (part !== slice && part.state !== "reading" && part.state !== "failed") continue
    setStuck(tx, part, "denied", reason)
    if (part.lane === "backfill") part.notBefore = tx.now + DENIED_AGAIN_MS
  }
  if (slice.lane === "live") leaveToLists(tx, slice, false)
}
