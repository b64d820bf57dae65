/**
 * One turn: everything a decision may look at and change. The machine loads it, calls the decision, and commits what it changed
 * at once or, if it throws, not at all. Decisions are functions of a turn: they know no platform, no clock and no randomness of
 * their own.
 */
import type { AnyConnector } from "../connectors/kit/define.ts"
import { CLOCK_TOLERANCE_MS } from "./clocks/skew.ts"
import type { OpenKeys } from "./dedupe/openkeys.ts"
import type { SeenIndex } from "./dedupe/seen.ts"
import type { Outbox } from "./delivery/outbox.ts"
import type { Random, Store } from "./ports.ts"
import type { Row } from "./state/changes.ts"
import type { State } from "./state/state.ts"

export interface Turn {
  state: State
  /** Our clock, epoch ms. */
  now: number
  random: Pick<Random, "next" | "id">
  connector: AnyConnector
  seen: SeenIndex
  open: OpenKeys
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

/** The partner's clock as we reckon it now. For deciding what to ask, never for versions or bounds that are kept. */
export function partnerNow(turn: Turn): number {
  return turn.now + turn.state.clock.skewMs
}

/** The partner's time has come to this at least: at times it is reckoned by answers alone, since our own clock may be ahead. */
export function lastBelieved({ state, now }: Turn): number {
  return Math.min(state.clock.believedAt ?? now, now) + state.clock.skewMs
}

/** Nothing that is kept of the partner's time may lie above it. */
export function latestBelievable(turn: Turn): number {
  return partnerNow(turn) + CLOCK_TOLERANCE_MS
}
