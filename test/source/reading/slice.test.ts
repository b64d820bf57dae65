import { describe, expect, it } from "vitest"
import { feedFloors, feedsOf, lowestFloor } from "../../../src/source/reading/slice.ts"
import type { Turn } from "../../../src/source/turn.ts"
import { choose, LOOKBACK, MINUTE, START, shop, turnOf } from "../../support/source-world.ts"

/** Two feeds: one of orders and people, which lags behind, and one of visits and people. */
function twoFeeds(...chosen: string[]): Turn {
  const [feed] = shop.streams
  if (!feed) throw new Error("the shop has no feed")
  const one = { ...feed, name: "one", collections: ["Orders", "People"] }
  const two = { ...feed, name: "two", collections: ["Visits", "People"] }
  const cursorAt = (cursor: number) => ({ cursor, slice: null, completed: [], perHour: null })
  const turn = turnOf({ live: { one: cursorAt(START), two: cursorAt(START + 5 * MINUTE) } })
  turn.state.configuration.collections = choose(...chosen)
  return { ...turn, connector: { ...shop, streams: [one, two] } }
}

const [ONE, TWO] = [START - LOOKBACK, START + 5 * MINUTE - LOOKBACK]

describe("the lowest floor", () => {
  it.each([
    ["is that of the feed that lags behind", ["Orders", "Visits"], ONE],
    ["is not held back by a feed that nobody uses", ["Visits"], TWO],
  ])("%s", (_title, chosen, floor) => expect(lowestFloor(twoFeeds(...chosen))).toBe(floor))

  it("of a source that reads nothing live is now", () => {
    const turn = turnOf({ live: {} })
    expect(lowestFloor({ ...turn, connector: { ...shop, streams: [] } })).toBe(START)
  })
})

describe("what may show an item again", () => {
  it.each([
    ["Orders", { names: "one", floor: ONE }],
    ["Visits", { names: "two", floor: TWO }],
    ["People", undefined],
  ])("of %s", (collection, feeds) => expect(feedsOf(twoFeeds("Orders", "Visits", "People"), collection)).toEqual(feeds))
})

describe("the floors of a collection", () => {
  it.each([
    ["Orders", ONE, ONE],
    ["Visits", TWO, TWO],
    ["People", ONE, TWO],
  ])("%s: all of it has been read below %i, and will be read above %i", (collection, lowest, highest) => {
    expect(feedFloors(twoFeeds("Orders", "Visits", "People"), collection)).toEqual({ lowest, highest })
  })
})
