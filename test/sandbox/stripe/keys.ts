/** API keys: which account and mode a key opens, what a restricted one may read, and whether it was rolled. */
import { hashText, idFor } from "../random.ts"
import type { Mode } from "./account.ts"

/**
 * What a restricted key needs per resource, as refusals spell it: the name in the reference behind `rak_`. Refunds belong to
 * charges. https://docs.stripe.com/keys/permissions-reference
 */
export const PERMISSIONS = {
  account: "rak_connected_account_read",
  customers: "rak_customer_read",
  subscriptions: "rak_subscription_read",
  charges: "rak_charge_read",
  refunds: "rak_charge_read",
  invoices: "rak_invoice_read",
  disputes: "rak_dispute_read",
  events: "rak_event_read",
} as const

export type Resource = keyof typeof PERMISSIONS

export interface Key {
  key: string
  account: string
  mode: Mode
  /** Null: a secret key, which may everything. */
  permissions: string[] | null
  revoked: boolean
  /** Epoch ms: an app's access token runs out. */
  expiresAt?: number
}

/** The key that every account has from the start: the same for the same name and mode, in Stripe's form and length. */
export function defaultKey(account: string, mode: Mode, kind: "sk" | "rk" = "sk"): string {
  const scope = `${kind}/${account}/${mode}`
  const noise = [1, 2, 3, 4, 5].map((n) => idFor("k", hashText(scope), n).slice(3)).join("")
  return `${kind}_${mode}_51${account.replace(/[^A-Za-z0-9]/g, "")}${noise}`
}

/** The key in an Authorization header: Bearer, or the user name of Basic. */
export function keyIn(headers: Headers): string | null {
  const header = headers.get("authorization") ?? ""
  const [scheme = "", value = ""] = header.split(/\s+/, 2)
  if (scheme.toLowerCase() === "bearer") return value || null
  if (scheme.toLowerCase() !== "basic") return null
  try {
    return atob(value).split(":")[0] || null
  } catch {
    return null
  }
}
