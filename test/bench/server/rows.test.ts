import { describe, expect, it } from "vitest"
import { type Cut, recordedRows, slice, textsOf } from "./rows.ts"

const rows = recordedRows([
  { time: 50, cursor: "e", text: "5" },
  { time: 40, cursor: "d", text: "4" },
  { time: 40, cursor: "c", text: "3" },
  { time: 20, cursor: "b", text: "2" },
  { time: 10, cursor: "a", text: "1" },
])
const ALL: Cut = { from: null, below: null, after: null, limit: 10 }

function page(cut: Partial<Cut>) {
  const found = slice(rows, { ...ALL, ...cut })
  return found && [textsOf(rows, found), found.hasMore]
}

describe("a cut of a recorded list", () => {
  it.each([
    ["the whole list", {}, ["5,4,3,2,1", false]],
    ["its first rows", { limit: 2 }, ["5,4", true]],
    ["what follows a row", { limit: 2, after: "d" }, ["3,2", true]],
    ["nothing after the last row", { after: "a" }, ["", false]],
    ["from a moment on, that moment too", { from: 40 }, ["5,4,3", false]],
    ["below a moment, without it", { below: 40 }, ["2,1", false]],
    ["a range, page after page", { from: 20, below: 50, after: "d", limit: 1 }, ["3", true]],
    ["a row above the range", { below: 30, after: "e" }, ["2,1", false]],
    ["a row below the range", { from: 40, after: "b" }, ["", false]],
    ["an empty range", { from: 60 }, ["", false]],
  ] as const)("holds %s", (_, cut, expected) => {
    expect(page(cut)).toEqual(expected)
  })

  it("is not there after a row that the list does not hold", () => {
    expect(page({ after: "z" })).toBeNull()
  })
})

describe("recorded rows", () => {
  it("stand once, where they were first listed", () => {
    const twice = recordedRows([
      { time: 2, cursor: "b", text: "2" },
      { time: 1, cursor: "a", text: "1" },
      { time: 2, cursor: "b", text: "2" },
    ])
    expect(twice.length).toBe(2)
    expect(twice.indexOf("a")).toBe(1)
  })

  it("are refused where the list is not sorted by time", () => {
    const rising = [
      { time: 1, cursor: "a", text: "1" },
      { time: 2, cursor: "b", text: "2" },
    ]
    expect(() => recordedRows(rising)).toThrow("the list rises at b")
  })
})
