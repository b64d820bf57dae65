import { expect, it } from "vitest"
import { paceMs } from "../../../src/source/reading/budget.ts"

it.each([
  [20, 1, 50],
  [20, 4, 200],
  [3, 1, 334],
  [3, 0, 334],
  [0.5, 2, 4_000],
])("%d calls a second shared by %i slices make a call every %i ms each", (callsPerSecond, slices, expected) => {
  const pace = paceMs({ callsPerSecond }, slices)
  expect(pace).toBe(expected)
  expect((Math.max(slices, 1) * 1000) / pace).toBeLessThanOrEqual(callsPerSecond)
})
