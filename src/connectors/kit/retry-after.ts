/** A partner that asks for a longer wait than a day is mistaken: waited for, it would look like a source that died. */
export const ASKED_WAIT_MAX_MS = 86_400_000

/**
 * How long an answer asks us to wait, ms (RFC 9110, 10.2.3): seconds, or a date, measured by the partner's own `Date` header.
 * Null where it does not say.
 */
export function retryAfterMs(headers: Headers): number | null {
  const asked = headers.get("retry-after")?.trim()
  if (!asked) return null
  if (/^\d+(\.\d+)?$/.test(asked)) return Math.ceil(Number(asked) * 1000)
  const wait = Date.parse(asked) - Date.parse(headers.get("date") ?? "")
  return Number.isNaN(wait) ? null : Math.max(0, wait)
}
