/** What a page says of collections that the partner shows in part or not at all, while it shows the others. */
import type { CollectionNote } from "../../connectors/kit/define.ts"
import { isHistoryDenied, openMissing, partOf, switchOn } from "../backfill/pass.ts"
import { retryDenied, takeUp } from "../backfill/takeup.ts"
import { partnerNow } from "../clocks/partnertime.ts"
import type { Checkpoint } from "../protocol/reading.ts"
import { addDenied, addNote } from "../runs/run.ts"
import type { Slice } from "../state/reading.ts"
import type { Run } from "../state/state.ts"
import type { Turn } from "../turn.ts"
import { deny } from "./ending.ts"
import { feedFloors } from "./slice.ts"

export function noteCollections(turn: Turn, slice: Slice, run: Run, { denied = [], untold = [] }: Checkpoint): void {
  for (const note of untold) addNote(run.untold, note)
  for (const note of denied) {
    addDenied(run, note)
    turn.state.denied[note.collection] = note.reason
    if (slice.lane === "live")
      turn.state.offAt[note.collection] ??= { from: feedFloors(turn, note.collection).lowest, to: partnerNow(turn) }
    // It waits where it was before this page, for the day that it may be read.
    else denyPart(turn, slice, note)
  }
}

function denyPart(turn: Turn, slice: Slice, { collection, reason }: CollectionNote): void {
  const pass = turn.state.passes.find((one) => one.slices.includes(slice))
  if (pass && slice.state === "reading" && slice.collections.includes(collection))
    deny(turn, partOf(turn, pass, slice, collection), reason)
}

/** A live window has been read whole: what it could read is denied no more, and what was missed meanwhile is read by a pass. */
export function noteReadable(turn: Turn, slice: Slice, run: Run): void {
  const readable = slice.collections.filter((name) => !run.denied.some(({ collection }) => collection === name))
  const regained = readable.filter((name) => turn.state.offAt[name] !== undefined)
  retryDenied(turn, (name) => regained.includes(name))
  for (const name of readable) if (!isHistoryDenied(turn, name)) delete turn.state.denied[name]
  // First the history that no pass could read: the time since is read of lists that one has been opened for.
  if (regained.length > 0) openMissing(turn, "collection")
  for (const name of regained) switchOn(turn, name)
  if (regained.length > 0) for (const pass of turn.state.passes) takeUp(turn, pass)
}
