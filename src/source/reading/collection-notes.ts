/** What a page says of collections that the partner shows in part or not at all, while it shows the others. */
import type { CollectionNote } from "../../connectors/kit/define.ts"
import { isHistoryDenied, openMissing, partOf, switchOn } from "../backfill/backfill.ts"
import { resumeBackfill, retryDenied } from "../backfill/resume.ts"
import { partnerNow } from "../clocks/partner-time.ts"
import type { Checkpoint } from "../protocol/fetching.ts"
import { addDenied, addNote } from "../runs/run.ts"
import type { Slice } from "../state/slices.ts"
import type { Run } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"
import { deny } from "./ending.ts"
import { partsOf } from "./parts.ts"
import { feedWatermarks } from "./slice.ts"

export function noteCollections(
  tx: Transaction,
  slice: Slice,
  run: Run,
  { denied = [], incomplete = [] }: Checkpoint,
): void {
  for (const note of incomplete) addNote(run.incomplete, note)
  for (const note of denied) {
    addDenied(run, note)
    tx.state.denied[note.collection] = note.reason
    if (slice.lane === "live")
      tx.state.offAt[note.collection] ??= { from: feedWatermarks(tx, note.collection).lowest, to: partnerNow(tx) }
    // It waits where it was before this page, for the day that it may be read.
    else denyPart(tx, slice, note)
  }
}

function denyPart(tx: Transaction, slice: Slice, { collection, reason }: CollectionNote): void {
  const backfill = tx.state.backfills.find((one) => one.slices.includes(slice))
  if (!backfill) return
  for (const part of partsOf(tx, slice))
    if ((part.state === "reading" || part.state === "failed") && part.collections.includes(collection))
      deny(tx, partOf(tx, backfill, part, collection), reason)
}

/** A live window has been read whole: what it could read is denied no more, and what was missed meanwhile is read by a backfill. */
export function noteReadable(tx: Transaction, slice: Slice, run: Run): void {
  const readable = slice.collections.filter((name) => !run.denied.some(({ collection }) => collection === name))
  const regained = readable.filter((name) => tx.state.offAt[name] !== undefined)
  retryDenied(tx, (name) => regained.includes(name))
  for (const name of readable) if (!isHistoryDenied(tx, name)) delete tx.state.denied[name]
  // First the history that no backfill could read: the time since is read of lists that one has been opened for.
  if (regained.length > 0) openMissing(tx, "collection")
  for (const name of regained) switchOn(tx, name)
  if (regained.length > 0) for (const backfill of tx.state.backfills) resumeBackfill(tx, backfill)
}
