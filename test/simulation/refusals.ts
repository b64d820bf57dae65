/**
 * What must hold of refused credentials, looked at from the partner's side and at each commit: a source stops only for a credential
 * that the partner refused twice, minutes apart; and once it has stopped, it asks no oftener than once a day.
 */
import type { State } from "../../src/source/state/state.ts"
import type { Call } from "../sandbox/http.ts"
import { unseal } from "./object.ts"
import { Violation } from "./story.ts"
import { tokenIn } from "./tokens.ts"

/** Between the first refusal and the one that confirms it. */
const CONFIRMED_AFTER_MS = 300_000
/** A stopped source tries its credential once in that time. */
const TRIED_EVERY_MS = 86_400_000
/** Consumers that stood still when the source stopped may still make the call they were at. */
const LATE_CALLS_MS = 1_800_000
/** From the partner's answer to the decision: a way back, a call of the object, and its repeats. */
const NOTICED_WITHIN_MS = 60_000

export interface RefusalWatch {
  /** A call of the API arrived; the partner itself refused its credential. */
  called(): void
  refused(call: Call): void
  committed(state: State | null): void
}

/** `now` is the object's clock: what it decides by. */
export function createRefusalWatch(now: () => number): RefusalWatch {
  /** Credential -> when it was refused. */
  const refusals = new Map<string, number[]>()
  let stoppedAt: number | null = null
  let triedAt = Number.NEGATIVE_INFINITY
  return {
    called() {
      if (stoppedAt === null || now() - stoppedAt < LATE_CALLS_MS) return
      const since = now() - triedAt
      // Below nothing: the clock stood ahead then.
      if (since >= 0 && since < TRIED_EVERY_MS - NOTICED_WITHIN_MS)
        throw new Violation("a source that stopped for its credential asks its partner more than once a day")
      triedAt = now()
    },
    refused(call) {
      const credential = tokenIn(call)
      refusals.set(credential, [...(refusals.get(credential) ?? []), now()])
    },
    committed(state) {
      const error = state?.error ?? null
      if (state && error && stoppedAt === null && state.token?.isOver !== true) assertConfirmed(state)
      if (state?.operatorWait && error) throw new Violation("a source stopped for our own OAuth client")
      if (error && stoppedAt === null) triedAt = Number.NEGATIVE_INFINITY
      stoppedAt = error ? (stoppedAt ?? now()) : null
    },
  }

  function assertConfirmed({ token, configuration }: State): void {
    const sealed = token?.tokens.access ?? configuration.credential
    const times = sealed === null ? [] : (refusals.get(unseal(sealed)) ?? [])
    const [first, last] = [Math.min(...times), Math.max(...times)]
    if (times.length < 2 || last - first < CONFIRMED_AFTER_MS - NOTICED_WITHIN_MS)
      throw new Violation("a source stopped for a credential that was not refused twice, minutes apart")
  }
}
