import { describe, expect, it } from "vitest"
import { PROTOCOL } from "../../../src/source/protocol/source.ts"
import { LEASE_MS } from "../../../src/source/reading/lease.ts"
import { begunWorld, choose, DAY, fact, START, START_DATE, sourceWorld } from "../../support/source-world.ts"

const place = { org: "o", project: "p", sourceId: "1", key: "sealed:dest_1", owner: "" }

describe("a lease", () => {
  it("says how removed values are told to the destination of that time", async () => {
    const world = await begunWorld({ destination: null })
    expect(await world.lease("live")).toMatchObject({ clearing: "empty" })
    await world.configure({ destination: { ...place, clearing: "null" }, destinationVersion: 2 })
    expect(await world.lease("backfill")).toMatchObject({ clearing: "null" })
  })

  it("asked for again with the same nonce is the same", async () => {
    const world = await begunWorld()
    const ask = { lane: "live" as const, nonce: "n", protocol: PROTOCOL }
    const [first, second] = [await world.engine.lease(ask), await world.engine.lease(ask)]
    expect(second).toEqual(first)
  })

  it("is nobody else's while it lasts, and another's with a higher number afterwards", async () => {
    const world = await begunWorld()
    const first = await world.lease("live")
    expect((await world.refusedLease("live")).kind).toBe("idle")
    world.advance(LEASE_MS)
    const second = await world.lease("live")
    expect(second.lease.number).toBeGreaterThan(first.lease.number)
    expect(await world.page(first, { items: [fact("a", START)] })).toBe("stale")
    expect((await world.view()).collections.find(({ name }) => name === "Orders")?.accepted).toBe(0)
  })

  it("that has run out still holds while nobody else was given the work", async () => {
    const world = await begunWorld()
    const task = await world.lease("live")
    await world.until(START + LEASE_MS + 1)
    expect(await world.page(task, { items: [fact("a", START)] })).toBe("stop")
  })

  it("carries what reading takes, and a secret that was opened for it", async () => {
    const world = await begunWorld()
    expect(await world.lease("live")).toMatchObject({
      stream: "feed",
      page: 0,
      pageToken: null,
      credential: { kind: "key", value: "key_1", version: 1 },
    })
  })

  it("is of the first page of each list, before the second of another: then it goes on where it was", async () => {
    const world = await begunWorld({ collections: choose("Orders", "People") })
    const orders = await world.lease("backfill")
    expect(await world.page(orders, { items: [fact("a", START_DATE)], next: "t1" })).toBe("stop")
    const people = await world.lease("backfill")
    expect(people).toMatchObject({ stream: "people", page: 0 })
    expect(await world.page(people, { next: "t1" })).toBe("go")
    expect(await world.lease("backfill")).toMatchObject({ stream: "orders", page: 1, pageToken: "t1" })
  })

  it("is given to three slices of backfills at most, each list to one backfill at a time", async () => {
    const world = await begunWorld()
    await world.configure({ startDate: START_DATE - DAY })
    expect([(await world.lease("backfill")).stream, (await world.lease("backfill")).stream]).toEqual([
      "orders",
      "people",
    ])
    expect((await world.refusedLease("backfill")).kind).toBe("idle")
  })
})

describe("backpressure", () => {
  it("stops reading past 6,400 waiting items, and reading goes on when they are delivered", async () => {
    const world = sourceWorld()
    await world.configure({ collections: choose("Orders") })
    const task = await world.lease("backfill")
    const items = Array.from({ length: 6_401 }, (_, index) => fact(`k${index}`, START_DATE + index))
    expect(await world.page(task, { items, next: "t1" })).toBe("stop")
    expect(await world.refusedLease("live")).toMatchObject({
      kind: "later",
      reason: expect.stringMatching(/destination/),
    })
    world.wakes.length = 0
    expect(await world.deliver()).toHaveLength(6_401)
    expect(world.wakes).toEqual(expect.arrayContaining(["fetch", "backfill"]))
    expect((await world.lease("backfill")).pageToken).toBe("t1")
  })
})
