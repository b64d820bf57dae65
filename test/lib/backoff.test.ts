import { expect, it } from "vitest"
import { backoffMs } from "../../src/lib/backoff.ts"

it.each([
  [0, 0, 500],
  [0, 1, 1_000],
  [1, 0, 1_000],
  [1, 0.5, 1_500],
  [3, 1, 8_000],
  [4, 0, 5_000],
  [4, 1, 10_000],
  [10_000, 1, 10_000],
])("attempt %i with the die at %d waits %i ms", (attempt, random, expected) => {
  expect(backoffMs(attempt, 1_000, 10_000, random)).toBe(expected)
})
