import { expect, it } from "vitest"
import { syncNowWaitSeconds } from "../../../src/source/runs/throttle.ts"

const LAST = Date.UTC(2026, 10, 1)

it.each([
  ["at once", 0, 60],
  ["after a millisecond", 1, 60],
  ["after a second", 1_000, 59],
  ["after 59 s", 59_000, 1],
  ["after 59.999 s", 59_999, 1],
  ["after exactly a minute", 60_000, 0],
  ["after an hour", 3_600_000, 0],
  ["with a clock that jumped back by a day", -86_400_000, 60],
])("%s Sync now waits: %i ms -> %i s", (_when, passed, seconds) => {
  expect(syncNowWaitSeconds(LAST, LAST + passed)).toBe(seconds)
})

it("the first Sync now does not wait", () => expect(syncNowWaitSeconds(null, LAST)).toBe(0))
