import { createHash } from "node:crypto"
import { describe, expect, test } from "vitest"
import { dateOf, FIXED_NOW } from "./date.ts"
import { KINDS, otherDate } from "./other-date.ts"

describe("the date at which the tests run", () => {
  test.each([
    [undefined, FIXED_NOW],
    ["", FIXED_NOW],
    ["2028-02-29", "2028-02-29T00:00:00Z"],
    ["2026-12-31T23:59:50Z", "2026-12-31T23:59:50Z"],
    ["2027-03-28T00:59:30.000Z", "2027-03-28T00:59:30Z"],
  ])("%j is %s", (named, time) => {
    expect(dateOf(named)).toBe(Date.parse(time))
  })

  test.each(["2027-02-29", "tomorrow", "1795000000000", "2027-03-28T02:00:00", "2027-13-01"])("%s is none", (named) => {
    expect(() => dateOf(named)).toThrow("NOW must be a date of UTC")
  })

  test("goes on from there", () => {
    expect(Date.now()).toBeGreaterThanOrEqual(dateOf(process.env.NOW))
    expect(Date.now()).toBeLessThan(dateOf(process.env.NOW) + 60_000)
    expect(new Date()).toBeInstanceOf(Date)
    expect(structuredClone(new Date())).toBeInstanceOf(Date)
  })
})

describe("another date, drawn from a commit", () => {
  const hashes = Array.from({ length: 2_000 }, (_, n) => createHash("sha1").update(`commit ${n}`).digest("hex"))
  const drawn = hashes.map(otherDate)

  test("is the same for the same commit", () => {
    expect(hashes.map(otherDate)).toEqual(drawn)
  })

  test("is of every kind, and one that exists", () => {
    expect(new Set(drawn.map(({ kind }) => kind))).toEqual(new Set(Object.keys(KINDS)))
    for (const { now } of drawn) expect(new Date(dateOf(now)).toISOString()).toBe(now)
  })

  test.each([
    ["29 February", /^20(28|32|36)-02-29T/],
    ["the 31st", /-31T/],
    ["New Year's Eve", /-12-31T/],
    ["New Year's Day", /-01-01T/],
    ["the change to summer time", /^(2026-03-29|2027-03-28|2028-03-26|2029-03-25|2031-03-30)T/],
  ])("%s", (name, pattern) => {
    for (const { kind, now } of drawn) if (kind === name) expect(now).toMatch(pattern)
  })

  test("is not drawn from what is no hash", () => {
    expect(() => otherDate("HEAD")).toThrow("not a commit's hash")
  })
})
