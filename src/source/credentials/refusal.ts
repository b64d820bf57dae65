/** What follows when the partner refuses the credential: the first time it is checked, the second time the source stops. */
import type { Transaction } from "../transaction.ts"
import { stopSource } from "./stop-source.ts"
import { credentialVersionOf, mayRecover, renewRefused } from "./token.ts"

/** The partner refused the credential in its own words, under the lease of this number. */
export function credentialRefused(tx: Transaction, lease: number, reason: string, credentialVersion: number): void {
  const { state } = tx
  // The credential that failed has been replaced meanwhile, or will be: the next lease carries the new one.
  if (mayRecover(state, credentialVersion) || credentialVersion !== credentialVersionOf(state)) return
  const { checking } = state
  if (checking === null) {
    if (renewRefused(state)) return
    state.checking = { since: tx.now, reason, credentialVersion, lastLease: state.leases }
    return
  }
  // Of the call that confirms it; a lease from before the check only says again what is known.
  if (lease > checking.lastLease) stopReading(tx, reason)
}

function stopReading(tx: Transaction, reason: string): void {
  const { state, connector } = tx
  const way = state.token ? "sign in again" : `create a new key in ${connector.title} and paste it`
  stopSource(tx, {
    code: state.token ? "reconnect" : "credentials_rejected",
    message: `${connector.title} rejected the credentials of this source, twice some minutes apart: ${reason} Nothing more is read; what was read is kept and delivered.`,
    remedy: `Reconnect the source: ${way}. The sync goes on where it stopped. Until then the credentials are tried once a day.`,
  })
}
