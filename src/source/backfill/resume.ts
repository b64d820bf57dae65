/** Taking up backfills again that had to stop. */
import { HOUR_MS } from "../../lib/time.ts"
import { isQuarantineFull } from "../reading/lease.ts"
import { resume } from "../reading/slice.ts"
import { findRun, newRun } from "../runs/run.ts"
import type { Backfill } from "../state/slices.ts"
import type { Run } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"

/**
 * A list that was denied is asked again this often, with one call: whoever edits the same key is not told to do more. A little less
 * than a day, so that a source that syncs once a day does not miss it by a minute each time.
 */
export const DENIED_AGAIN_MS = 23 * HOUR_MS

/** What failed is tried again; a backfill with something to read and no run gets one. */
export function resumeBackfill(tx: Transaction, backfill: Backfill): void {
  for (const slice of backfill.slices) if (slice.state === "failed" && !isQuarantineFull(tx, slice)) resume(slice)
  if (backfill.run !== null || !backfill.slices.some((slice) => slice.state === "reading")) return
  const run = newRun(tx, backfill.kind, backfill.trigger)
  backfill.run = run.id
  backfill.share = null
  tx.state.others.push(run)
  for (const slice of backfill.slices) if (slice.state === "reading") resume(slice)
}

/** The backfill's run; a backfill that waits is taken up. Null: nothing of it can be read now. */
export function runOfBackfill(tx: Transaction, backfill: Backfill): Run | null {
  resumeBackfill(tx, backfill)
  return (backfill.run !== null && findRun(tx.state, backfill.run)) || null
}

/** What the partner denied is tried again: with another credential, because the user says so, or since it lets us read again. */
export function retryDenied(tx: Transaction, isMeant: (collection: string) => boolean = () => true): void {
  const { live, backfills } = tx.state
  const slices = [
    ...Object.values(live).flatMap(({ slice }) => slice ?? []),
    ...backfills.flatMap((backfill) => backfill.slices),
  ]
  for (const slice of slices) if (slice.state === "denied" && slice.collections.some(isMeant)) resume(slice)
}

/** Lists that were denied a day ago: the same slice asks again, from where it was. */
export function retryDeniedDaily({ state, now }: Transaction): void {
  for (const slice of state.backfills.flatMap((backfill) => backfill.slices)) {
    // A clock that has jumped back must not put it off for longer.
    const isDue = slice.notBefore <= now || slice.notBefore > now + DENIED_AGAIN_MS
    if (slice.state === "denied" && isDue) resume(slice)
  }
}
