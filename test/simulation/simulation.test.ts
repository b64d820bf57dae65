import { describe, expect, it } from "vitest"
import { type Options, simulate } from "./world.ts"

const SEEDS = 100
const A_PART = 50

/** The same seeds each time: what fails here fails for everyone, and `npm run simulate -- --seed N` tells its story. */
describe("nothing is lost, repeated or turned back", () => {
  const parts = Array.from({ length: SEEDS / A_PART }, (_, part) => 1 + part * A_PART)

  it.each(parts)(`in ${A_PART} histories from seed %i on`, { timeout: 300_000 }, async (first) => {
    const failed: string[] = []
    for (let seed = first; seed < first + A_PART; seed++) {
      const { faults } = await simulate(seed)
      if (faults.length > 0) failed.push(`seed ${seed}: ${faults[0]}`)
    }
    expect(failed).toEqual([])
  })
})

/** Shopify's seeds, half of them signed in; Stripe's, signed in; those of a made-up partner with three live streams; and Paddle's. */
describe("nothing is lost at another partner, or while tokens run out", () => {
  it.each<[Options, number]>([
    [{ partner: "shopify" }, 50],
    [{ partner: "stripe", auth: "oauth" }, 30],
    [{ partner: "meadow" }, 40],
    [{ partner: "paddle" }, 30],
  ])("%o: %i histories", { timeout: 300_000 }, async (options, seeds) => {
    const failed: string[] = []
    for (let seed = 1; seed <= seeds; seed++) {
      const { faults } = await simulate(seed, options)
      if (faults.length > 0) failed.push(`seed ${seed}: ${faults[0]}`)
    }
    expect(failed).toEqual([])
  })
})

describe("a seed", () => {
  it("is the same history each time, to the last event", async () => {
    const [once, again] = [await simulate(7, { isTold: true }), await simulate(7, { isTold: true })]
    expect(again.story).toEqual(once.story)
    expect(once.struck.length).toBeGreaterThan(0)
  })

  it("of a source that signed in is the same history each time, too", async () => {
    const options = { partner: "shopify", auth: "oauth", isTold: true } as const
    const [once, again] = [await simulate(4, options), await simulate(4, options)]
    expect(again.story).toEqual(once.story)
  })

  it("that is not told takes the same way", async () => {
    const [told, incomplete] = [await simulate(8, { isTold: true }), await simulate(8)]
    expect([incomplete.events, incomplete.items, incomplete.struck]).toEqual([told.events, told.items, told.struck])
  })
})
