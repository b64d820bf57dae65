import { describe, expect, it } from "vitest"
import { paceMs, smoothed, usefulAtOnce } from "../../../src/source/reading/budget.ts"

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

describe("readers at once", () => {
  it.each([
    [null, 20, 1],
    [0, 20, 1],
    [50, 20, 1],
    [60, 20, 1],
    [61, 20, 2],
    [400, 20, 8],
    [30_000, 20, 8],
    [400, 2, 1],
  ])("are of use at %s ms an answer and %d calls a second: %i", (answerMs, callsPerSecond, expected) => {
    expect(usefulAtOnce(answerMs, callsPerSecond)).toBe(expected)
  })

  it("become no more for one slow answer than a few", () => {
    expect(smoothed(null, 50, 20)).toBe(50)
    expect(usefulAtOnce(smoothed(50, 29_000, 20), 20)).toBe(3)
  })

  it("follow a partner that becomes slow within some pages", () => {
    let answerMs = 50
    for (let pages = 0; pages < 8; pages++) answerMs = smoothed(answerMs, 400, 20)
    expect(usefulAtOnce(answerMs, 20)).toBeGreaterThanOrEqual(7)
  })
})
