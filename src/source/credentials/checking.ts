/**
 * "Checking the key": the partner refused the credential once, in its own words. That may be a passing mistake at the partner, so
 * all slices let go, and one call follows after some minutes. Its answer decides (refusal.ts). A source that stopped asks again
 * once a day.
 */
import { DAY_MS } from "../../lib/time.ts"
import { inForce } from "../state/lease.ts"
import type { Slice } from "../state/slices.ts"
import { type Checking, type State, slicesOf } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"

/** Between the refusal and the call that confirms it: passing mistakes of partners are over within minutes. */
export const AUTH_CONFIRM_MS = 5 * 60_000

/** A stopped source asks its partner once a day whether the credential is accepted again: keys are given back, mistakes undone. */
export const TRY_DAILY_MS = DAY_MS

/** Codes of errors that end with a credential that is accepted. */
const CREDENTIAL_ERRORS: readonly string[] = ["credentials_rejected", "reconnect"]

export const CHECKING =
  "The credentials were refused once. They are tried again within minutes, before the source stops. What was read is kept."

export function confirmAt({ since }: Checking): number {
  return since + AUTH_CONFIRM_MS
}

/** Until when no slice may be leased: before the confirming call is due, and while it is being made. Null: one may. */
export function checkHoldsUntil({ state, now }: Transaction): number | null {
  const { checking } = state
  if (!checking) return null
  if (now < confirmAt(checking)) return confirmAt(checking)
  const leases = slicesOf(state).flatMap(({ lease }) => (inForce(lease, now) ? [lease.until] : []))
  return leases.length > 0 ? Math.max(...leases) : null
}

/** Whether a lease was given before the check began. */
export function isOlderThanCheck({ checking }: State, lease: Slice["lease"]): boolean {
  return checking !== null && lease !== null && lease.number <= checking.lastLease
}

/** When a stopped source tries its credential next, our clock; null: it does not. */
export function dailyTryAt({ error, triedAt, configuration, token }: State): number | null {
  if (!error || !configuration.active || !CREDENTIAL_ERRORS.includes(error.code)) return null
  const at = (triedAt ?? error.at) + TRY_DAILY_MS
  // Once the grant is over and its access token has run out, there is nothing left to try.
  const isSpent = token?.isOver === true && token.tokens.expiresAt !== null && token.tokens.expiresAt <= at
  return isSpent ? null : at
}

/** The partner answered a call under this lease with something else than a refusal of the credential. */
export function noteAccepted({ state }: Transaction, lease: Slice["lease"]): void {
  if (state.token?.isAfterRefusal) state.token.isAfterRefusal = false
  if (!isOlderThanCheck(state, lease)) state.checking = null
}
