/** What a backfill cannot tell, said with its run rather than left to look complete. */
import { DAY_MS, dayOf } from "../../lib/time.ts"
import type { AnyStream } from "../reading/slice.ts"
import { isOldestFirst, streamsOf } from "../reading/slice.ts"
import { addNote } from "../runs/run.ts"
import type { Slice } from "../state/slices.ts"
import type { Run } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"

/** One stream's part of a backfill, as it is planned. */
export interface Plan {
  stream: AnyStream
  collections: string[]
  range: { from: number; to: number }
}

/** What lies before the reach of a list that is really a feed cannot be told by anyone; say so rather than look complete. */
export function noteIncomplete(run: Run, plan: Plan, slice: Slice | undefined): void {
  if (slice?.range && slice.range.from > plan.range.from) addReach(run, plan.stream, plan.collections, slice.range.from)
}

/**
 * The feed went on forgetting while it waited to be read as a list: what the page that held its oldest part could still show is what
 * has been read. `asked`: when the last page was asked for; an oldest-first list shows its oldest part first.
 */
export function noteReach(tx: Transaction, slice: Slice, run: Run, asked: number): void {
  const stream = streamsOf(tx, "backfill").find((one) => one.name === slice.stream)
  if (stream?.reachesBackDays === undefined || !slice.range) return
  const askedForOldest = isOldestFirst(tx, slice.stream) ? (slice.bound ?? asked) : asked
  const reached = askedForOldest - stream.reachesBackDays * DAY_MS
  // A part tells no more than from where it begins.
  const from = Math.max(slice.range.from, slice.bottom ?? slice.range.from)
  if (reached > from) addReach(run, stream, slice.collections, reached)
}

function addReach(run: Run, stream: AnyStream, collections: readonly string[], reached: number): void {
  addIncomplete(
    run,
    collections,
    `${stream.title} reach back to ${dayOf(reached)} only: the partner keeps no older ones.`,
  )
}

/**
 * A list dates what it tells by its beginning (a debit, an authorization). What began before the range and came true while nobody
 * read the feed lies outside it, and nothing says so later: only readings that noted its key as open will take it.
 */
export function noteUnfinished(run: Run, plans: readonly Plan[]): void {
  for (const { stream, collections, range } of plans) {
    const late = comesLate(stream, range)
    if (late === null) continue
    addIncomplete(
      run,
      collections,
      `${stream.title} created before ${dayOf(range.from)} and ${late} during the gap may be missing. A resync from an earlier day may find them.`,
    )
  }
}

/** What may have become of records of before the range that no list of it tells; null: nothing. */
function comesLate(
  { reach, listedWithinDays }: AnyStream,
  { from, to }: Plan["range"],
): "settled" | "first listed" | null {
  if (reach !== undefined && reach !== "all" && reach.days > 0) return "settled"
  return listedWithinDays !== undefined && to - from > listedWithinDays * DAY_MS ? "first listed" : null
}

export function addIncomplete(run: Run, collections: readonly string[], reason: string): void {
  for (const collection of collections) addNote(run.incomplete, { collection, reason })
}
