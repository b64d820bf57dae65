/** A failure of the partner, with what the source's Durable Object needs to know beside it. Pure. */
import type { PartnerFailure } from "../connectors/kit/define.ts"
import { ASKED_WAIT_MAX_MS } from "../connectors/kit/retry-after.ts"
import type { Outcome } from "../source/protocol/fetching.ts"

/** For a 429 that does not say how long: most published limits are per second or per minute. */
export const LIMITED_WAIT_MS = 30_000
/** `Retry-After: 0` and its like: less is no wait. */
export const LIMITED_WAIT_MIN_MS = 1000
/** Sources that were told to wait alike do not come back in one moment: up to this share later, never earlier. */
export const LIMITED_JITTER = 0.2

export interface Situation {
  now: number
  /** Uniform in [0, 1). */
  random: number
  /** Those that the slice feeds. */
  collections: string[]
  /** The version of the credential that was used. */
  credentialVersion: number
}

export function outcomeOfFailure(failure: PartnerFailure, situation: Situation): Outcome {
  const { reason } = failure
  switch (failure.kind) {
    case "limited": {
      const until = situation.now + waitMs(failure.retryAfterMs, situation.random)
      return { kind: "limited", until, reason, ...(failure.scope && { scope: failure.scope }) }
    }
    case "auth":
      return { kind: "auth", reason, credentialVersion: situation.credentialVersion }
    case "denied":
      return { kind: "denied", reason, collections: situation.collections }
    case "transient":
    case "too_large":
    case "token_refused":
    case "fault":
      return failure
  }
}

function waitMs(asked: number | null, random: number): number {
  const wait = Math.min(Math.max(asked ?? LIMITED_WAIT_MS, LIMITED_WAIT_MIN_MS), ASKED_WAIT_MAX_MS)
  return wait + Math.floor(wait * LIMITED_JITTER * random)
}
