import { describe, expect, test } from "vitest"
import { planted, unplantable } from "./plant.ts"

const ONCE = "return lease !== null && lease.number === number"
const bug = { name: "a bug", file: "source/state/lease.ts", from: ONCE, to: "return number > 0" }

describe("a bug is planted", () => {
  test("where its place is found once", () => {
    expect(planted(bug)).toContain("return number > 0")
    expect(planted(bug)).not.toContain(ONCE)
  })

  test.each([
    ["nowhere, where the place is gone", { from: "nothing of the kind" }, "not 0 times"],
    ["nowhere, where there are several such places", { from: "return" }, "must hold this exactly once"],
    ["nowhere, where it changes nothing", { to: ONCE }, "changes nothing"],
    [
      "nowhere, where the file would not parse",
      { to: "return (number > 0" },
      "leaves src/source/state/lease.ts broken",
    ],
  ])("%s", (_, change, complaint) => {
    expect(() => planted({ ...bug, ...change })).toThrow(complaint)
  })

  test("under a name of its own", () => {
    expect(unplantable([bug, bug])).toEqual(['two bugs are called "a bug"'])
  })
})
