/** What a partner's refusals mean, as data: where its answers name an error, and which of its words stand for what. */
import type { PartnerFailure } from "../define.ts"
import { limited, tokenRefused } from "../failure.ts"
import { retryAfterMs } from "../retry-after.ts"
import { at, json, text } from "../values.ts"

export interface Errors {
  /** Dotted path of the error's code or type. An answer without it is not the partner's own: whatever lies between has answered. */
  code: string
  /** Dotted path of a sentence for people. */
  message?: string
  /** Codes that say that the credential is not accepted, and what the user can do. */
  auth: { codes: readonly string[]; reason: string }
  /** Codes that say that the credential may not read this, and what the user can do. */
  denied: { codes: readonly string[]; reason: string }
  /** Codes that say that the page token is not known any more. */
  token?: readonly string[]
  /** Codes of what may pass, whatever the status. */
  later?: readonly string[]
  /** Statuses that say to wait, beside 429. */
  limits?: readonly number[]
  /** How long an answer asks to wait, where `Retry-After` does not say it, ms. */
  waitMs?(headers: Headers, body: unknown): number | null
}

export function classifierOf(
  title: string,
  errors: Errors,
): (status: number, body: unknown, headers: Headers) => PartnerFailure | null {
  return (status, body, headers) => {
    const code = codeIn(body, errors)
    const wait = () => limited(title, retryAfterMs(headers) ?? errors.waitMs?.(headers, body) ?? null)
    if (status === 429 || errors.limits?.includes(status)) return wait()
    if (status < 400 || status >= 500 || code === null) return null
    const { auth, denied, token = [], later = [], message } = errors
    if (auth.codes.includes(code)) return { kind: "auth", reason: auth.reason }
    if (denied.codes.includes(code)) return { kind: "denied", reason: denied.reason }
    if (token.includes(code)) return tokenRefused(title)
    const said = (message === undefined ? null : text(json(body), message)) ?? `${title} answered ${status} (${code})`
    if (later.includes(code) || status === 408 || status === 409) return { kind: "transient", reason: said }
    return status === 401 || status === 403 ? null : { kind: "fault", reason: said }
  }
}

function codeIn(body: unknown, { code }: Errors): string | null {
  const found = at(json(body), code)
  return typeof found === "string" && found !== "" ? found : null
}
