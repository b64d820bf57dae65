/**
 * The sync start date: how far back a source reads. Default and earliest is the same calendar date last year, in UTC. It is
 * checked when it changes and never afterwards: a stored date grows older every day, and stays good.
 */
import { dayOf } from "../../lib/time.ts"

const DAY = /^\d{4}-\d{2}-\d{2}$/

export type StartDate = { ok: true; startDate: number } | { ok: false; reason: string }

/** `text` as `YYYY-MM-DD`; undefined keeps the stored date or, for a new source, takes the default. Dates are 00:00 UTC. */
export function chooseStartDate(text: string | undefined, now: number, stored: number | null): StartDate {
  if (text === undefined) return { ok: true, startDate: stored ?? earliestStartDate(now) }
  const day = parseDay(text)
  if (day === null) return { ok: false, reason: "must be a calendar date, YYYY-MM-DD." }
  if (day === stored) return { ok: true, startDate: day }
  if (day > now) return { ok: false, reason: `lies in the future. Choose ${dayOf(now)} or earlier.` }
  const earliest = earliestStartDate(now)
  if (day >= earliest) return { ok: true, startDate: day }
  return { ok: false, reason: `lies more than a year back. Choose ${dayOf(earliest)} or later.` }
}

/** The same calendar date last year, 00:00 UTC; 29 February becomes 28 February. */
export function earliestStartDate(now: number): number {
  const today = new Date(now)
  const [year, month, day] = [today.getUTCFullYear() - 1, today.getUTCMonth(), today.getUTCDate()]
  const lastYear = Date.UTC(year, month, day)
  return new Date(lastYear).getUTCMonth() === month ? lastYear : Date.UTC(year, month, day - 1)
}

/** 00:00 UTC of the day; null where the calendar has no such day. */
export function parseDay(text: string): number | null {
  if (!DAY.test(text)) return null
  const time = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(time) && dayOf(time) === text ? time : null
}
