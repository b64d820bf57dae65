/** A source that may read no further until its user has done something. The outbox still drains. */
import { assign } from "../../lib/assign.ts"
import type { SourceError } from "../protocol/views.ts"
import { parkBackfill, voidLeases } from "../reading/ending.ts"
import { failRun } from "../runs/run.ts"
import type { Transaction } from "../transaction.ts"

/** The run ends early: no further attempt on any collection; windows and tokens of pages stay. */
export function stopSource(tx: Transaction, error: Omit<SourceError, "at">): void {
  const { state } = tx
  state.error = { ...error, at: tx.now }
  assign(state, { checking: null, triedAt: null })
  state.nextRunAt = null
  voidLeases(tx)
  if (state.run) failRun(tx, state.run, error.message)
  for (const backfill of state.backfills) parkBackfill(tx, backfill.id, error.message)
}
