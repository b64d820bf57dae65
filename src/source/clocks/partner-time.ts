/** The partner's time, as it is reckoned from our clock and the answers' dates. */
import type { Transaction } from "../transaction.ts"
import { CLOCK_TOLERANCE_MS } from "./skew.ts"

/** What a partner that does not say so cuts its times to. */
const TICK_MS = 1_000

/** The partner's clock as we reckon it now. For deciding what to ask, never for versions or bounds that are kept. */
export function partnerNow(tx: Transaction): number {
  return tx.now + tx.state.clock.skewMs
}

/**
 * The partner's time has come to this at least: at times it is reckoned by answers alone, since our own clock may be ahead. The first is
 * the one that the credential was checked by.
 */
export function lastBelieved({ state, now }: Transaction): number {
  const { believedAt, skewMs } = state.clock
  return Math.min(believedAt === null ? state.configuration.connectedAt : believedAt + skewMs, now + skewMs)
}

/** Nothing that is kept of the partner's time may lie above it. */
export function latestBelievable(tx: Transaction): number {
  return partnerNow(tx) + CLOCK_TOLERANCE_MS
}

/** What the partner's times are cut to. */
export function tickMs({ connector }: Pick<Transaction, "connector">): number {
  return connector.clock?.granularityMs ?? TICK_MS
}
