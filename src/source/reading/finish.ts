/** A window has been read whole. */
import { noteReach } from "../backfill/incomplete.ts"
import type { CheckpointAnswer } from "../protocol/fetching.ts"
import type { Slice } from "../state/slices.ts"
import type { Run } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"
import { noteReadable } from "./collection-notes.ts"
import { windowRead } from "./live.ts"
import { takeOut } from "./parts.ts"

/** `asked`: partner time, when its last page was asked for. */
export function finishWindow(tx: Transaction, slice: Slice, run: Run, asked: number): CheckpointAnswer {
  slice.lease = null
  slice.state = "read"
  if (slice.lane === "live") finishLive(tx, slice, run)
  else finishList(tx, slice, run, asked)
  return { kind: "stop", reason: "the window has been read whole" }
}

function finishList(tx: Transaction, slice: Slice, run: Run, asked: number): void {
  noteReach(tx, slice, run, asked)
  takeOut(tx, slice)
}

function finishLive(tx: Transaction, slice: Slice, run: Run): void {
  noteReadable(tx, slice, run)
  windowRead(tx, slice, run)
}
