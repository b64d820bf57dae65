/**
 * One transaction: everything a decision may look at and change. The engine loads it, calls the decision, and commits what it changed
 * at once or, if it throws, not at all. Decisions are functions of a transaction: they know no platform, no clock and no randomness of
 * their own.
 */
import type { AnyConnector } from "../connectors/kit/define.ts"
import type { Random } from "../ports.ts"
import type { PendingKeys } from "./dedupe/pending-keys.ts"
import type { SeenIndex } from "./dedupe/seen.ts"
import type { Outbox } from "./delivery/outbox.ts"
import type { Store } from "./ports.ts"
import type { Row } from "./state/changes.ts"
import type { State } from "./state/state.ts"

export interface Transaction {
  state: State
  /** Our clock, epoch ms. */
  now: number
  random: Pick<Random, "next" | "id">
  connector: AnyConnector
  seen: SeenIndex
  pending: PendingKeys
  outbox: Outbox
  /** Reads of the last commit. */
  stored: Pick<Store, "outboxItems" | "quarantine" | "quarantineByIds" | "runs">
  staged: {
    quarantinePut: Row[]
    quarantineRemove: number[]
    runsPut: Row[]
    runsRemove: number[]
  }
}
