import { describe, expect, it } from "vitest"
import { PROTOCOL } from "../../../src/source/protocol/source.ts"
import { PAGE_STALE_MS } from "../../../src/source/reading/checkpoint.ts"
import { LEASE_MS } from "../../../src/source/reading/lease.ts"
import { begunWorld, choose, DAY, fact, MINUTE, START } from "../../support/source-world.ts"

describe("a checkpoint", () => {
  it("sent again is answered as before and saved once", async () => {
    const world = await begunWorld()
    const task = await world.lease("live")
    await world.page(task, { items: [fact("a", START)], next: "t1" })
    task.page--
    expect(await world.page(task, { items: [fact("b", START)], next: "t2" })).toBe("go")
    expect(world.state().live.feed?.slice).toMatchObject({ pageToken: "t1", page: 1 })
    expect(await world.deliver()).toHaveLength(1)
  })

  it.each([
    [PAGE_STALE_MS, "stop"],
    [PAGE_STALE_MS + 1, "stale"],
  ])("of a page asked for %i ms ago: %s", async (age, expected) => {
    const world = await begunWorld()
    const task = await world.lease("live")
    world.advance(age)
    const page = {
      protocol: PROTOCOL,
      lease: task.lease,
      page: 0,
      asked: START,
      spreadMs: 0,
      ageMs: age,
      records: 0,
      edge: null,
      next: null,
      calls: 1,
    }
    const answer = await world.engine.checkpoint({
      ...page,
      items: [],
      rejects: [],
      pending: [],
      closed: [],
      completed: [],
    })
    expect(answer.kind).toBe(expected)
  })

  it("renews the lease", async () => {
    const world = await begunWorld()
    const task = await world.lease("live")
    world.advance(MINUTE)
    await world.page(task, { next: "t1" })
    expect(world.state().live.feed?.slice?.lease?.until).toBe(START + MINUTE + LEASE_MS)
  })

  it("whose token repeats with other records goes on: so do scrolls", async () => {
    const world = await begunWorld()
    const task = await world.lease("live")
    for (const digest of ["d1", "d2", "d3"]) expect(await world.page(task, { next: "t1", digest })).toBe("go")
    expect(await world.page(task)).toBe("stop")
    expect(world.state().live.feed?.slice).toBeNull()
  })

  it("whose token repeats with the same records ends the run with an error, and takes nothing", async () => {
    const world = await begunWorld()
    const task = await world.lease("live")
    await world.page(task, { next: "t1", digest: "d1" })
    expect(await world.page(task, { items: [fact("a", START)], next: "t1", digest: "d1" })).toBe("stop")
    expect((await world.view()).lastRun).toMatchObject({ state: "failed", reason: expect.stringMatching(/repeats/) })
    expect(await world.deliver()).toEqual([])
  })
})

describe("a pending key", () => {
  const open = { collection: "Orders", key: "a:paid", time: START - 2 * DAY }

  it("noted by a backfill lets live reading take its fact whatever its time, once", async () => {
    const world = await begunWorld()
    const [orders, live] = [await world.lease("backfill"), await world.lease("live")]
    await world.page(orders, { pending: [open] })
    await world.page(live, { items: [fact("a:paid", START - DAY, { announcedAt: START })], next: "t1" })
    await world.page(live, { items: [fact("a:paid", START - DAY, { announcedAt: START })] })
    expect(await world.deliver()).toHaveLength(1)
    expect(world.store.pending()).toEqual([])
  })

  it("whose fact was taken already is not open any more, however late a page shows it so", async () => {
    const world = await begunWorld()
    await world.page(await world.lease("live"), { items: [fact("a:paid", START)] })
    await world.page(await world.lease("backfill"), { pending: [open] })
    expect(world.store.pending()).toEqual([])
  })

  it("that will never become a fact is forgotten", async () => {
    const world = await begunWorld({ collections: choose("Orders") })
    const task = await world.lease("backfill")
    await world.page(task, { pending: [open], next: "t1" })
    await world.page(task, { closed: [{ collection: "Orders", key: "a:paid" }] })
    expect(world.store.pending()).toEqual([])
  })
})
