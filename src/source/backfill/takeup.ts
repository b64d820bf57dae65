/** Taking up passes again that had to stop. */
import { isQuarantineFull } from "../reading/lease.ts"
import { resume } from "../reading/slice.ts"
import { findRun, newRun } from "../runs/run.ts"
import type { Pass } from "../state/reading.ts"
import type { Run } from "../state/state.ts"
import type { Turn } from "../turn.ts"

/**
 * A list that was denied is asked again this often, with one call: whoever edits the same key is not told to do more. A little less
 * than a day, so that a source that syncs once a day does not miss it by a minute each time.
 */
export const DENIED_AGAIN_MS = 23 * 3_600_000

/** What failed is tried again; a pass with something to read and no run gets one. */
export function takeUp(turn: Turn, pass: Pass): void {
  for (const slice of pass.slices) if (slice.state === "failed" && !isQuarantineFull(turn, slice)) resume(slice)
  if (pass.run !== null || !pass.slices.some((slice) => slice.state === "reading")) return
  const run = newRun(turn, pass.kind, pass.trigger)
  pass.run = run.id
  turn.state.others.push(run)
  for (const slice of pass.slices) if (slice.state === "reading") resume(slice)
}

/** The pass's run; a pass that waits is taken up. Null: nothing of it can be read now. */
export function runOfPass(turn: Turn, pass: Pass): Run | null {
  takeUp(turn, pass)
  return (pass.run !== null && findRun(turn.state, pass.run)) || null
}

/** What the partner denied is tried again: with another credential, because the user says so, or since it lets us read again. */
export function retryDenied(turn: Turn, isMeant: (collection: string) => boolean = () => true): void {
  const { live, passes } = turn.state
  const slices = [...Object.values(live).flatMap(({ slice }) => slice ?? []), ...passes.flatMap((pass) => pass.slices)]
  for (const slice of slices) if (slice.state === "denied" && slice.collections.some(isMeant)) resume(slice)
}

/** Lists that were denied a day ago: the same slice asks again, from where it was. */
export function retryDeniedDaily({ state, now }: Turn): void {
  for (const slice of state.passes.flatMap((pass) => pass.slices)) {
    // A clock that has jumped back must not put it off for longer.
    const isDue = slice.notBefore <= now || slice.notBefore > now + DENIED_AGAIN_MS
    if (slice.state === "denied" && isDue) resume(slice)
  }
}
