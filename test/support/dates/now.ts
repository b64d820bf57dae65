/**
 * Before each test file of every project: `Date` begins at NOW and goes on as fast as real time does. So a file sees the same
 * dates on whichever day it runs, timeouts take the time they take, and nothing has to be told to go on.
 */
import { dateOf } from "./date.ts"

const RealDate = realDate()

/** How far the tests' time is ahead of the machine's. Negative: behind. */
export const AHEAD_MS = dateOf(process.env.NOW) - RealDate.now()

class ShiftedDate extends RealDate {
  constructor(...given: unknown[]) {
    const args = given.length === 0 ? [ShiftedDate.now()] : given
    super(...(args as [number]))
  }
  static override now(): number {
    return RealDate.now() + AHEAD_MS
  }
  /** Dates that the runtime itself has made are dates too. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return Object.prototype.toString.call(value) === "[object Date]"
  }
}

globalThis.Date = ShiftedDate as DateConstructor

/** The one of the machine, also where an earlier file has put its own in its place. */
function realDate(): DateConstructor {
  const holder = globalThis as { [key: symbol]: DateConstructor | undefined }
  const key = Symbol.for("cloud-sources.real-date")
  holder[key] ??= Date
  return holder[key]
}
