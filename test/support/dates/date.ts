/** The date at which the tests run: a fixed one, or the one that `NOW` names. */

export const FIXED_NOW = "2026-11-23T10:00:00Z"

/** Whole days, and times to the second or finer, of UTC: `2028-02-29`, `2026-12-31T23:59:50Z`. */
const ISO = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?Z)?$/

/** Epoch ms of what the environment names. A typing error would run the tests at a date that nobody meant. */
export function dateOf(named: string | undefined): number {
  const text = named || FIXED_NOW
  const time = ISO.test(text) ? Date.parse(text) : Number.NaN
  // `2027-02-30` parses, as the 2nd of March.
  if (!Number.isFinite(time) || !new Date(time).toISOString().startsWith(text.slice(0, 10)))
    throw new Error(`NOW must be a date of UTC such as 2028-02-29 or 2026-12-31T23:59:50Z, not "${text}"`)
  return time
}
