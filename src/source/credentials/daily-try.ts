/** How a source that stopped for its credential finds out that it is accepted again: one call a day. */
import { assign } from "../../lib/assign.ts"
import type { TryAnswer } from "../ports.ts"
import { startLive } from "../runs/plan.ts"
import type { Transaction } from "../transaction.ts"
import { dailyTryAt } from "./checking.ts"
import { credentialVersionOf, needToTry } from "./token.ts"
import type { TokenNeed } from "./token-need.ts"

/** Begins the day's try where it is due: what the access token needs first. Null: none is due. */
export function beginDailyTry(tx: Transaction): TokenNeed | null {
  const at = dailyTryAt(tx.state)
  if (at === null || at > tx.now) return null
  // Noted before the call: whatever becomes of it, the next one is tomorrow's.
  tx.state.triedAt = tx.now
  return needToTry(tx)
}

/** What the call came to. Anything but a clear yes leaves the source as it is. */
export function tried(tx: Transaction, credentialVersion: number, answer: TryAnswer): void {
  const { state } = tx
  if (!state.error || answer !== "accepted" || credentialVersion !== credentialVersionOf(state)) return
  assign(state, { error: null, triedAt: null })
  if (state.configuration.active) startLive(tx, "schedule")
}
