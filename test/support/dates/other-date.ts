/**
 * A second date for the tests, drawn from a commit's hash, so that every commit meets another one and the same commit the same:
 *
 *   node test/support/dates/other-date.ts $(git rev-parse HEAD)        prints 2028-02-29T23:59:30.000Z, say
 */
import { pathToFileURL } from "node:url"

const DAY_MS = 86_400_000
const YEARS = [2026, 2027, 2028, 2029, 2031]
const LEAP_YEARS = [2028, 2032, 2036]
const MONTHS_OF_31_DAYS = [1, 3, 5, 7, 8, 10, 12]
/** A file's tests run over the next seconds: from such a time on, they cross what comes after it. */
const TIMES = ["00:00:00", "00:59:30", "10:00:00", "12:34:56", "23:59:30", "23:59:50"]

type Draw = <T>(from: readonly T[]) => T

/** Each names a day; the time of the day is drawn beside it. */
export const KINDS = {
  "29 February": (draw) => `${draw(LEAP_YEARS)}-02-29`,
  "the 31st": (draw) => `${draw(YEARS)}-${twoDigits(draw(MONTHS_OF_31_DAYS))}-31`,
  "New Year's Eve": (draw) => `${draw(YEARS)}-12-31`,
  "New Year's Day": (draw) => `${draw(YEARS)}-01-01`,
  "the change to summer time": (draw) => summerTimeOf(draw(YEARS)),
  "any day": (draw) => dayOf(Date.UTC(draw(YEARS), 0, 1) + draw([...Array(365).keys()]) * DAY_MS),
} satisfies Record<string, (draw: Draw) => string>

export interface OtherDate {
  kind: string
  /** ISO, in UTC. */
  now: string
}

export function otherDate(hash: string): OtherDate {
  if (!/^[0-9a-f]{16,}$/.test(hash)) throw new Error(`not a commit's hash: ${hash}`)
  let left = BigInt(`0x${hash}`)
  const draw: Draw = (from) => {
    const index = Number(left % BigInt(from.length))
    left /= BigInt(from.length)
    return from[index] as (typeof from)[number]
  }
  const [kind, dayOfKind] = draw(Object.entries(KINDS))
  return { kind, now: `${dayOfKind(draw)}T${draw(TIMES)}.000Z` }
}

/** In Europe: the last Sunday of March. */
function summerTimeOf(year: number): string {
  const last = new Date(Date.UTC(year, 2, 31))
  return dayOf(last.getTime() - last.getUTCDay() * DAY_MS)
}

const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10)
const twoDigits = (value: number) => String(value).padStart(2, "0")

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { kind, now } = otherDate(process.argv[2] ?? "")
  console.error(`drawn from the commit: ${kind}`)
  console.log(now)
}
