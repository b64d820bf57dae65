import { describe, expect, it } from "vitest"
import { holds, inForce } from "../../../src/source/state/lease.ts"

const lease = { number: 7, until: 1_000, nonce: "n" }

describe("a lease", () => {
  it.each([
    [999, true],
    [1_000, false],
    [1_001, false],
  ])("at %i is in force: %s", (now, expected) => expect(inForce(lease, now)).toBe(expected))

  it("holds under its own number only, past its end too", () => {
    expect([6, 7, 8].map((number) => holds(lease, number))).toEqual([false, true, false])
  })

  it("that was never given is neither", () => {
    expect(inForce(null, 0)).toBe(false)
    expect(holds(null, 0)).toBe(false)
  })
})
