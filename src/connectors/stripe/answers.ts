/** What Stripe's answers mean, and what they say of the account. https://docs.stripe.com/error-codes, /rate-limits, /keys */
import type { Account, Credential, PartnerAnswer, PartnerFailure } from "../kit/define.ts"
import { limited, tokenRefused } from "../kit/failure.ts"
import { retryAfterMs } from "../kit/retry-after.ts"
import { at, json, text } from "../kit/values.ts"

export function classify(
  status: number,
  body: unknown,
  headers: Headers,
  credential: Credential,
): PartnerFailure | null {
  const error = json(body)
  const [code, param] = [text(error, "error.code"), text(error, "error.param")]
  const message = text(error, "error.message") ?? `Stripe answered ${status}`
  // Each error of Stripe's has a type. Without it, what lies between Stripe and us has answered. https://docs.stripe.com/api/errors
  const isTheirs = text(error, "error.type") !== null
  if ((status === 401 || status === 403) && !isTheirs) return null
  if (status === 401) return { kind: "auth", reason: refusedKey(code) }
  // Sent where an app's access was revoked or the account is gone.
  if (code === "account_invalid" || code === "platform_api_key_expired")
    return { kind: "auth", reason: refusedKey(code) }
  if (status === 403)
    return { kind: "denied", reason: missingPermission(message), ...accountNamed(message, credential) }
  if (status === 429) return limited("Stripe", retryAfterMs(headers))
  // The object that the page before ended with is gone, or older than the feed keeps events.
  if (param === "starting_after" || /aged out of our retention policy/.test(message)) return tokenRefused("Stripe")
  if (status === 409 || status === 424) return { kind: "transient", reason: message }
  return status >= 400 && status < 500 ? { kind: "fault", reason: message } : null
}

export function readAccount(answer: PartnerAnswer, credential: Credential): Account {
  const account = json(answer.body)
  const id = text(account, "id") ?? ""
  const name =
    text(account, "settings.dashboard.display_name") ?? text(account, "business_profile.name") ?? text(account, "email")
  return { id, name: name ?? id, mode: modeOf(credential) }
}

/**
 * A restricted key may work and yet not be allowed to read the account; the refusal names the account: "The provided key
 * 'rk_live_...' does not have the required permissions for this endpoint on account 'acct_1Nuzfl...'."
 */
function accountNamed(message: string, credential: Credential): { account?: Account } {
  const [id] = message.match(/\bacct_[A-Za-z0-9]+\b(?!\*)/) ?? []
  return id === undefined ? {} : { account: { id, name: id, mode: modeOf(credential) } }
}

/** An access token need not look like a key; the token endpoint's answer says whose money it is about. */
export function grantedMode(answer: unknown): Account["mode"] | null {
  const live = at(json(answer), "livemode")
  return typeof live === "boolean" ? (live ? "live" : "test") : null
}

function modeOf({ value }: Credential): Account["mode"] {
  return /^[a-z]+_live_/.test(value) ? "live" : "test"
}

function refusedKey(code: string | null): string {
  if (code === "api_key_expired" || code === "platform_api_key_expired") {
    return "This Stripe key has expired or was rolled. Paste the new one from the Stripe Dashboard under Developers, API keys."
  }
  return "Stripe does not accept this key. Check in the Stripe Dashboard under Developers, API keys that it still exists."
}

/** `rak_subscription_read` is what the Dashboard lists as Subscriptions, Read. */
function missingPermission(message: string): string {
  const [, resource, level] = message.match(/\brak_([a-z0-9_]+)_(read|write)\b/) ?? []
  if (!resource)
    return "This Stripe key lacks the permission to read this. Edit the restricted key in the Stripe Dashboard."
  const name = resource.replaceAll("_", " ")
  return `This Stripe key lacks the permission "${name}: ${level}". Edit the restricted key in the Stripe Dashboard and add it.`
}
