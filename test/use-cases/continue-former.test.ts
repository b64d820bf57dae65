/** What is said of repeats when a source goes on from a deleted one. */
import { describe, expect, it } from "vitest"
import { readAgain, repeatsAfter } from "../../src/use-cases/continue-former.ts"
import { choose, fact, person, START, shop, sourceWorld, type World } from "../support/source-world.ts"

/** What a deleted source handed out: one order and one person of its history were read, and these were delivered or not. */
async function markOf(deliver: (world: World) => Promise<unknown>) {
  const world = sourceWorld()
  await world.configure({ collections: choose("Orders", "People") })
  await world.drain("live")
  const [orders, people] = [await world.lease("backfill"), await world.lease("backfill")]
  await world.page(people, { items: [person("ada", START)] })
  await deliver(world)
  await world.page(orders, { items: [fact("old", START - 1e9, { announcedAt: START })] })
  const { bookmark } = await world.engine.erase()
  if (!bookmark) throw new Error("no bookmark was handed out")
  return bookmark
}

describe("of a source that goes on from a deleted one", () => {
  it("the collections are named whose history will be read again", async () => {
    const some = await markOf((world) => world.deliver())
    expect(readAgain(shop.streams, some, ["Orders", "People", "Visits"])).toEqual(["Orders"])
    const all = await markOf(async () => undefined)
    expect(readAgain(shop.streams, all, ["Orders", "People"])).toEqual(["Orders", "People"])
    expect(readAgain(shop.streams, all, ["People"])).toEqual(["People"])
  })

  it.each<[string, string[] | null, RegExp]>([
    [
      "some",
      ["Orders", "People"],
      /all history is read again of: Orders, People\. What was delivered of it arrives twice\./,
    ],
    [
      "none",
      [],
      /deleted on 2026-11-01\..* last 10 minutes,.* may arrive twice\. What was in its quarantine is not sent, unless/,
    ],
    ["not known any more", null, /10 minutes.*So may the history of a collection of which something still waited/],
  ])("it is said in plain words: %s", (_title, again, words) => {
    expect(repeatsAfter(shop.streams, START, again)).toMatch(words)
  })
})
