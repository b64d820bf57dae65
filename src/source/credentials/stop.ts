/** A source that may read no further until its user has done something. The outbox still drains. */
import { assign } from "../../lib/assign.ts"
import type { SourceError } from "../protocol/views.ts"
import { parkPass, voidLeases } from "../reading/ending.ts"
import { failRun } from "../runs/run.ts"
import type { Turn } from "../turn.ts"

/** The job quits early: no further attempt on any collection; windows and tokens of pages stay. */
export function stop(turn: Turn, error: Omit<SourceError, "at">): void {
  const { state } = turn
  state.error = { ...error, at: turn.now }
  assign(state, { checking: null, triedAt: null })
  state.nextRunAt = null
  voidLeases(turn)
  if (state.run) failRun(turn, state.run, error.message)
  for (const pass of state.passes) parkPass(turn, pass.id, error.message)
}
