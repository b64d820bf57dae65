/**
 * Our own clock may be set: ahead by weeks, and back. What was noted meanwhile lies out of reach then, and would make a source
 * stand still until that time comes. So before anything is decided, and before anything is saved, every time that is kept by our
 * clock is brought back to the furthest that it can lie ahead. The same bound holds what a partner or a destination may ask for.
 *
 * Not so the lives of tokens: a partner may grant a year. But where it has said how long they last, they last no longer than that from
 * now on: an access token that is over early is refused, and renewed; a refresh token of a source that rests would lapse.
 */
import { ASKED_WAIT_MAX_MS } from "../../connectors/kit/retry-after.ts"
import { assign } from "../../lib/assign.ts"
import { HOUR_MS } from "../../lib/time.ts"
import { DENIED_AGAIN_MS } from "../backfill/resume.ts"
import { INTENT_MS } from "../credentials/token.ts"
import { CLAIM_MS, TRIAL_MS } from "../delivery/delivery.ts"
import type { SealedTokens } from "../protocol/configuration.ts"
import { LEASE_MS } from "../reading/lease.ts"
import { READ_RETRY_MAX_MS } from "../reading/settlement.ts"
import { WAKE_AGAIN_MAX_MS } from "../runs/plan.ts"
import { slicesOf } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"
import { partnerNow } from "./partner-time.ts"

/** How far ahead each kind of time may lie. */
export const AHEAD_MAX_MS = {
  lease: LEASE_MS,
  claim: CLAIM_MS,
  wake: WAKE_AGAIN_MAX_MS,
  intent: INTENT_MS,
  /** A partner's longest wait is a day, and a fifth of it jitter. */
  wait: ASKED_WAIT_MAX_MS + ASKED_WAIT_MAX_MS / 5,
  slice: READ_RETRY_MAX_MS,
  denied: DENIED_AGAIN_MS,
  /** The destination's longest wait. */
  delivery: HOUR_MS,
  /** A row held back for others while the destination is tried. */
  row: 2 * TRIAL_MS,
} as const

export function bringBack(tx: Transaction): void {
  const { state, now, outbox } = tx
  const within = (time: number, most: number) => Math.min(time, now + most)
  const past = (time: number | null) => (time === null ? null : Math.min(time, now))
  // The grid of a source's runs is fixed: its next time is found anew.
  if ((state.nextRunAt ?? 0) > now + state.configuration.intervalHours * HOUR_MS) state.nextRunAt = null
  state.lastSyncNowAt = past(state.lastSyncNowAt)
  state.lastLiveAt = past(state.lastLiveAt)
  for (const wait of Object.values(state.waits)) {
    // As long as it was to last, from now on: half a minute must not become the longest wait there is.
    if ((wait.since ?? now) > now) assign(wait, { until: wait.until - (wait.since ?? now) + now, since: now })
    wait.until = within(wait.until, AHEAD_MAX_MS.wait)
  }
  for (const slice of slicesOf(state)) {
    slice.notBefore = within(slice.notBefore, AHEAD_MAX_MS[slice.state === "denied" ? "denied" : "slice"])
    if (slice.lease) slice.lease.until = within(slice.lease.until, AHEAD_MAX_MS.lease)
    if (slice.asideAt !== null) slice.asideAt = Math.min(slice.asideAt, partnerNow(tx))
    if (slice.stuck) {
      slice.stuck.since = Math.min(slice.stuck.since, partnerNow(tx))
      slice.stuck.dayAt = Math.min(slice.stuck.dayAt, now)
    }
    if (slice.sighted) slice.sighted.seenAt = slice.sighted.seenAt.map((at) => Math.min(at, now))
  }
  for (const steps of Object.values(state.steppedOver ?? {})) for (const step of steps) step.at = Math.min(step.at, now)
  if (state.claim) state.claim.until = within(state.claim.until, AHEAD_MAX_MS.claim)
  for (const wake of Object.values(state.wakes)) wake.deadline = within(wake.deadline, AHEAD_MAX_MS.wake)
  const { delivery, token, clock } = state
  if (delivery.retryAt !== null) delivery.retryAt = within(delivery.retryAt, AHEAD_MAX_MS.delivery)
  outbox.holdAtMost(now + AHEAD_MAX_MS.row)
  if (token?.intent) token.intent.until = within(token.intent.until, AHEAD_MAX_MS.intent)
  if (token) token.sentAt = past(token.sentAt)
  if (token) token.tokens = lasting(token.tokens, now)
  // Not now: by the life that the wrong clock gave them, these tokens may be over long before they seem to.
  if (token?.renewedAt != null && token.renewedAt > now) token.renewedAt = null
  if (state.operatorWait) state.operatorWait.since = Math.min(state.operatorWait.since, now)
  // Nothing is read before the confirming call, and a stopped source tries its credential a day after it stopped.
  if (state.checking) state.checking.since = Math.min(state.checking.since, now)
  if (state.error) state.error.at = Math.min(state.error.at, now)
  state.triedAt = past(state.triedAt)
  for (const counts of Object.values(state.counts)) counts.lastItemAt = past(counts.lastItemAt)
  // A run that seems to begin in the future would never be done: whatever has been read ends before it began.
  for (const run of [...(state.run ? [state.run] : []), ...state.others]) {
    run.startedAt = Math.min(run.startedAt, now)
    run.readAt = past(run.readAt)
  }
  clock.offSince = past(clock.offSince)
  clock.believedAt = past(clock.believedAt)
  clock.readings = clock.readings.filter(({ at }) => at <= now)
}

function lasting(tokens: SealedTokens, now: number): SealedTokens {
  const { expiresAt, lifeMs, refreshExpiresAt, refreshLifeMs } = tokens
  const within = (at: number | null, life: number | null) =>
    at === null || life === null ? at : Math.min(at, now + life)
  return { ...tokens, expiresAt: within(expiresAt, lifeMs), refreshExpiresAt: within(refreshExpiresAt, refreshLifeMs) }
}
