import { describe, expect, it } from "vitest"
import { feedsOf, feedWatermarks, lowestWatermark } from "../../../src/source/reading/slice.ts"
import type { Transaction } from "../../../src/source/transaction.ts"
import { choose, LOOKBACK, MINUTE, START, shop, transactionOf } from "../../support/source-world.ts"

/** Two feeds: one of orders and people, which lags behind, and one of visits and people. */
function twoFeeds(...chosen: string[]): Transaction {
  const [feed] = shop.streams
  if (!feed) throw new Error("the shop has no feed")
  const one = { ...feed, name: "one", collections: ["Orders", "People"] }
  const two = { ...feed, name: "two", collections: ["Visits", "People"] }
  const cursorAt = (cursor: number) => ({ cursor, slice: null, completed: [], perHour: null })
  const tx = transactionOf({ live: { one: cursorAt(START), two: cursorAt(START + 5 * MINUTE) } })
  tx.state.configuration.collections = choose(...chosen)
  return { ...tx, connector: { ...shop, streams: [one, two] } }
}

const [ONE, TWO] = [START - LOOKBACK, START + 5 * MINUTE - LOOKBACK]

describe("the lowest watermark", () => {
  it.each([
    ["is that of the feed that lags behind", ["Orders", "Visits"], ONE],
    ["is not held back by a feed that nobody uses", ["Visits"], TWO],
  ])("%s", (_title, chosen, watermark) => expect(lowestWatermark(twoFeeds(...chosen))).toBe(watermark))

  it("of a source that reads nothing live is now", () => {
    const tx = transactionOf({ live: {} })
    expect(lowestWatermark({ ...tx, connector: { ...shop, streams: [] } })).toBe(START)
  })
})

describe("what may show an item again", () => {
  it.each([
    ["Orders", { names: "one", watermark: ONE }],
    ["Visits", { names: "two", watermark: TWO }],
    ["People", undefined],
  ])("of %s", (collection, feeds) => expect(feedsOf(twoFeeds("Orders", "Visits", "People"), collection)).toEqual(feeds))
})

describe("the watermarks of a collection", () => {
  it.each([
    ["Orders", ONE, ONE],
    ["Visits", TWO, TWO],
    ["People", ONE, TWO],
  ])("%s: all of it has been read below %i, and will be read above %i", (collection, lowest, highest) => {
    expect(feedWatermarks(twoFeeds("Orders", "Visits", "People"), collection)).toEqual({ lowest, highest })
  })
})
