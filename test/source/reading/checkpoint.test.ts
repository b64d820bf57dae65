import { describe, expect, it, vi } from "vitest"
import { WAITING_ITEMS_MAX } from "../../../src/source/delivery/outbox.ts"
import type { Checkpoint, Outcome } from "../../../src/source/protocol/fetching.ts"
import { PROTOCOL } from "../../../src/source/protocol/source.ts"
import { PAGE_STALE_MS } from "../../../src/source/reading/checkpoint.ts"
import { LEASE_MS } from "../../../src/source/reading/lease.ts"
import { encoded } from "../../support/encoded.ts"
import { begunWorld, choose, DAY, fact, HOUR, MINUTE, START, START_DATE } from "../../support/source-world.ts"

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

  describe("with the page above it", () => {
    const LIST = { collections: choose("Orders") }
    const key = (items: { key: string }[]) => items.map((item) => item.key)

    async function pair(changes: Partial<Checkpoint> = {}) {
      const world = await begunWorld(LIST)
      const task = await world.lease("backfill")
      const commits = vi.spyOn(world.store, "commit")
      const of = (page: number, name: string, next: string | null): Checkpoint => ({
        ...{ protocol: PROTOCOL, lease: task.lease, page, asked: START, spreadMs: 0, ageMs: 0, records: 1, calls: 1 },
        ...{ rejects: [], pending: [], closed: [], completed: [] },
        ...{ items: [encoded(fact(name, START_DATE + (9 - page) * DAY))], edge: START_DATE + (9 - page) * DAY, next },
      })
      const both: Checkpoint = { ...of(1, "b", "t2"), before: of(0, "a", "t1"), ...changes }
      const answer = await world.engine.checkpoint(both)
      return { world, both, answer: answer.kind, slice: world.state().backfills[0]?.slices[0], commits }
    }

    it("saves both in one commit", async () => {
      const { world, answer, slice, commits } = await pair()
      expect([answer, commits.mock.calls.length]).toEqual(["go", 1])
      expect(slice).toMatchObject({ page: 2, pageToken: "t2", records: 2 })
      expect(key(await world.deliver())).toEqual(["a", "b"])
    })

    it("sent again is answered as before and saved once", async () => {
      const { world, both } = await pair()
      expect((await world.engine.checkpoint(both)).kind).toBe("go")
      expect(key(await world.deliver())).toEqual(["a", "b"])
    })

    it("may end the list", async () => {
      const { world, answer } = await pair({ next: null })
      expect([answer, world.state().backfills]).toEqual(["stop", []])
    })

    it("saves the first alone where the second is too old or of another number, and neither where the first is", async () => {
      const second = await pair({ page: 2 })
      expect([second.answer, second.slice?.page]).toEqual(["stale", 1])
      const first = await pair()
      const stale = { ...first.both, page: 3, before: { ...first.both, page: 2, ageMs: PAGE_STALE_MS + 1 } }
      expect((await first.world.engine.checkpoint(stale)).kind).toBe("stale")
      expect(first.world.state().backfills[0]?.slices[0]?.page).toBe(2)
    })

    it("stops nothing where what came of the next page is told after it: a partner that asks to wait is heard", async () => {
      const many = Array.from({ length: WAITING_ITEMS_MAX + 1 }, (_, at) => encoded(fact(`k${at}`, START_DATE + DAY)))
      const { world, answer, slice, both } = await pair({ items: many, isFollowed: true })
      expect(answer).toBe("go")
      const wait: Outcome = { kind: "limited", until: world.now() + HOUR, reason: "too many calls" }
      await world.engine.settle({ protocol: PROTOCOL, lease: both.lease, outcome: wait, calls: 1 })
      expect(slice?.page).toBe(2)
      expect(await world.refusedLease("backfill")).toMatchObject({ kind: "later", reason: "too many calls" })
    })

    it("takes both though the outbox was full after the first: it has been read", async () => {
      const many = Array.from({ length: WAITING_ITEMS_MAX + 1 }, (_, at) => encoded(fact(`k${at}`, START_DATE + DAY)))
      const { both } = await pair()
      const { world, answer } = await pair({ before: { ...(both.before as Checkpoint), items: many } })
      expect([answer, world.state().backfills[0]?.slices[0]?.page]).toEqual(["stop", 2])
      expect((await world.deliver()).length).toBe(WAITING_ITEMS_MAX + 2)
    })
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

  it("is none whose fact the page tells beside it, though it was sent so long ago that it is not known any more", async () => {
    const world = await begunWorld()
    const sentBefore = fact("a:paid", START - DAY, { announcedAt: START - 2 * DAY })
    await world.page(await world.lease("live"), { items: [sentBefore], pending: [open], next: "t1" })
    expect([await world.deliver(), world.store.pending()]).toEqual([[], []])
  })

  it("that will never become a fact is forgotten", async () => {
    const world = await begunWorld({ collections: choose("Orders") })
    const task = await world.lease("backfill")
    await world.page(task, { pending: [open], next: "t1" })
    await world.page(task, { closed: [{ collection: "Orders", key: "a:paid" }] })
    expect(world.store.pending()).toEqual([])
  })
})
