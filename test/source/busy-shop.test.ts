import { expect, it } from "vitest"
import { busyShop } from "../support/busy-shop.ts"

it("a shop where every window takes several pages is kept in mind for a day, however long it goes on", async () => {
  const { days, facts, lost, repeated } = await busyShop(3, 100)
  expect({ lost, repeated }).toEqual({ lost: 0, repeated: 0 })
  expect(facts).toBeGreaterThan(9_000)
  const [, second, third] = days
  if (!second || !third) throw new Error("three days were asked for")
  expect(third.keys).toBeLessThan(1.1 * second.keys)
  expect(third.rows).toBeLessThanOrEqual(second.rows + 1)
  expect(third.bytes).toBeLessThan(1.2 * second.bytes)
  expect(third.coreChars).toBeLessThan(1.1 * second.coreChars)
  for (const { largestRow, seenWritten, forgotten, late } of days) {
    expect(largestRow).toBeLessThan(150_000)
    expect(seenWritten).toBeLessThanOrEqual(7)
    expect(late).toBe(0)
    expect(forgotten).toBe(0)
  }
})
