import { describe, expect, it } from "vitest"
import { withSection } from "./file.ts"
import { median, spread, usd } from "./numbers.ts"
import { markdownOf, tableText } from "./section.ts"

const ORIGIN = { command: "npm run bench", commit: "abc1234", date: "2026-11-20", machine: "2 cores" }

describe("a section", () => {
  it("says where it comes from, what was measured, the table, and how to read it", () => {
    const table = { head: ["", "Stripe"], rows: [["items", "10"]] }
    const section = { key: "paired", title: "Beside it", measured: "What.", tables: [table], reading: "So." } as const
    expect(markdownOf(section, ORIGIN)).toBe(
      "## Beside it\n\n`npm run bench` at commit abc1234, 2026-11-20, on 2 cores.\n\nWhat.\n\n" +
        "|       | Stripe |\n| ----- | ------ |\n| items | 10     |\n\nSo.",
    )
  })

  it("replaces what stood between its marks and leaves the others alone", () => {
    const file = "# B\n<!-- paired -->\nold\n<!-- end of paired -->\n<!-- large -->\nkept\n<!-- end of large -->\n"
    const once = withSection(file, "paired", "new")
    expect(once).toContain("<!-- paired -->\n\nnew\n\n<!-- end of paired -->\n<!-- large -->\nkept")
    expect(withSection(once, "paired", "new")).toBe(once)
  })

  it("is refused where the file has no place for it", () => {
    expect(() => withSection("# B\n", "large", "new")).toThrow("no place for large")
  })
})

it("pads a table's columns to their longest cell", () => {
  expect(tableText({ head: ["a", "b"], rows: [["long cell", "1"]] })).toContain(
    "| a         | b   |\n| --------- | --- |",
  )
})

it("gives the middle of several numbers and between which they lie", () => {
  expect(spread([0.5, 0.8, 0.6])).toBe("0.60 (0.50 to 0.80)")
  expect(spread([2])).toBe("2.00")
  expect(spread([])).toBe("unknown")
  expect(median([1, 3])).toBe(2)
})

it("writes small amounts of money with two digits that count", () => {
  expect([0.0712, 8.7, 1200, 0.000007].map(usd)).toEqual(["$0.071", "$8.7", "$1200", "$0.0000070"])
})
