import { describe, expect, it } from "vitest"
import { dayOf } from "../../../src/lib/time.ts"
import { chooseStartDate, earliestStartDate, parseDay } from "../../../src/source/control/start-date.ts"

const at = (text: string) => Date.parse(text)

describe("the earliest start date is the same calendar date last year, UTC", () => {
  it.each([
    ["2026-11-23T15:00:00Z", "2025-11-23"],
    ["2026-01-01T00:00:00Z", "2025-01-01"],
    ["2026-12-31T23:59:59Z", "2025-12-31"],
    ["2028-02-29T12:00:00Z", "2027-02-28"],
    ["2029-02-28T12:00:00Z", "2028-02-28"],
    ["2029-03-01T00:00:00Z", "2028-03-01"],
    ["2027-01-01T00:30:00+14:00", "2025-12-31"],
  ])("at %s it is %s", (now, day) => {
    expect(dayOf(earliestStartDate(at(now)))).toBe(day)
  })
})

describe("a start date", () => {
  const now = at("2026-11-23T15:00:00Z")
  const accepted = (text: string | undefined, stored: number | null = null) => {
    const verdict = chooseStartDate(text, now, stored)
    return verdict.ok ? dayOf(verdict.startDate) : verdict.reason
  }

  it("defaults to the earliest", () => expect(accepted(undefined)).toBe("2025-11-23"))
  it("stays as stored when it is not sent", () => expect(accepted(undefined, at("2024-05-05"))).toBe("2024-05-05"))
  it("may be the earliest", () => expect(accepted("2025-11-23")).toBe("2025-11-23"))
  it("may be today", () => expect(accepted("2026-11-23")).toBe("2026-11-23"))
  it("may not be tomorrow", () => expect(accepted("2026-11-24")).toMatch(/future.*2026-11-23/))
  it("may not be a day earlier than the earliest", () =>
    expect(accepted("2025-11-22")).toMatch(/year back.*2025-11-23/))
  it("may stay at a stored date that has grown too old", () =>
    expect(accepted("2024-05-05", at("2024-05-05"))).toBe("2024-05-05"))
  it("may not move to another date that is too old", () =>
    expect(accepted("2024-05-06", at("2024-05-05"))).toMatch(/year back/))

  it.each(["yesterday", "2026-02-30", "2026-13-01", "2026-1-1", "2025-02-29", "2026-11-23T00:00:00Z", "", "20261123"])(
    "may not be %j",
    (text) => expect(accepted(text)).toMatch(/calendar date/),
  )
})

describe("parseDay", () => {
  it.each(["2024-02-29", "2026-12-31", "1999-01-01"])("reads %s as 00:00 UTC of that day", (text) => {
    expect(parseDay(text)).toBe(at(`${text}T00:00:00.000Z`))
  })
})
