import { describe, expect, it } from "vitest"
import { defineConnector } from "../../../src/connectors/kit/define.ts"
import { BOOKMARK_KEYS_MAX } from "../../../src/source/control/bookmark.ts"
import type { Bookmark } from "../../../src/source/protocol/bookmark.ts"
import type { Configuration } from "../../../src/source/protocol/configuration.ts"
import type { Task } from "../../../src/source/protocol/fetching.ts"
import { PROTOCOL } from "../../../src/source/protocol/source.ts"
import { desk } from "../../support/partners/desk.ts"
import {
  alias,
  choose,
  DAY,
  fact,
  HOUR,
  LOOKBACK,
  MINUTE,
  type Page,
  person,
  START,
  START_DATE,
  sourceWorld,
  stream,
  type World,
} from "../../support/source-world.ts"

const WATERMARK = START - LOOKBACK
const sold = (key: string, time = START - 30 * DAY) => fact(key, time, { announcedAt: START })
const keys = (items: { key: string }[]) => items.map(({ key }) => key)

const unordered = defineConnector<unknown>({
  ...desk,
  streams: [
    stream({ name: "conversations", mode: "live", collections: ["Closings"], lookbackSeconds: LOOKBACK / 1000 }),
    stream({ name: "list", mode: "backfill", collections: ["Closings"], order: "none" }),
  ],
})

/** A source that has sent one item of its history, and one of its feed. */
async function used(changes: Partial<Configuration> = {}): Promise<World> {
  const world = sourceWorld()
  await world.configure(changes)
  await world.page(await world.lease("live"), { items: [fact("new", START)] })
  await world.page(await world.lease("backfill"), { items: [sold("old")] })
  await world.drain("backfill")
  await world.deliver()
  return world
}

/** The same three hours later: its next run is due. */
async function usedForHours(): Promise<World> {
  const former = await used()
  former.advance(3 * HOUR)
  await former.until(former.now())
  return former
}

/** Everything is read and delivered, and a debit is known to be open. */
async function knowingADebit(): Promise<World> {
  const world = sourceWorld()
  await world.configure()
  const pending = [{ collection: "Orders", key: "debit", time: WATERMARK - DAY }]
  await world.page(await world.lease("backfill"), { items: [sold("old")], pending })
  await world.drain("backfill")
  await world.drain("live")
  await world.deliver()
  return world
}

/** Live reading is done, and both lists are about to be read. */
async function readingLists(): Promise<{ former: World; orders: Task; people: Task }> {
  const former = sourceWorld()
  await former.configure()
  await former.drain("live")
  return { former, orders: await former.lease("backfill"), people: await former.lease("backfill") }
}

async function markOf(world: World): Promise<Bookmark> {
  const { bookmark } = await world.engine.erase()
  if (!bookmark) throw new Error("no bookmark was handed out")
  return bookmark
}

/** Another source, made a while later, that goes on from there. */
async function goingOn(bookmark: Bookmark, changes: Partial<Configuration> = {}): Promise<World> {
  const world = sourceWorld()
  world.advance(2 * HOUR)
  await world.configure({ source: "src_2", connectedAt: world.now(), bookmark, ...changes })
  return world
}

const opened = (world: World) =>
  world.state().backfills.map(({ kind, slices }) => [kind, ...slices.map(({ stream, range }) => [stream, range])])

describe("a source that goes on from a deleted one", () => {
  it("reads live from where that one stopped, and nothing of its history", async () => {
    const cursor = (world: World) => world.state().live.feed?.cursor
    const former = await used()
    const stopped = cursor(former)
    const world = await goingOn(await markOf(former))
    expect(opened(world)).toEqual([])
    expect(cursor(world)).toBe(stopped)
    expect((await world.lease("live")).window.from).toBe((stopped ?? 0) - LOOKBACK)
    expect(JSON.stringify(world.state())).not.toContain("bookmark")
  })

  it("takes the fact of a key that the former one knew to be open, whatever its time", async () => {
    const former = await knowingADebit()
    const world = await goingOn(await markOf(former))
    const late = fact("debit", WATERMARK - DAY, { announcedAt: START + HOUR })
    await world.page(await world.lease("live"), {
      items: [late, fact("foreign", WATERMARK - DAY, { announcedAt: START + HOUR })],
    })
    expect(keys(await world.deliver())).toEqual(["debit"])
  })

  it("knows what the feed may show until long after it was delivered, and takes what was not", async () => {
    const former = await used()
    const told = fact("told", START, { announcedAt: START + 7 * DAY })
    const waiting = { ...told, key: "waiting" }
    await former.until(START + HOUR)
    const live = await former.lease("live")
    await former.page(live, { items: [told], next: "more" })
    await former.deliver()
    await former.page(live, { items: [waiting] })
    const world = await goingOn(await markOf(former))
    await world.page(await world.lease("live"), { items: [told, waiting] })
    expect(keys(await world.deliver())).toEqual(["waiting"])
  })

  it("knows it too where our clock stood ahead when it was deleted", async () => {
    const former = await used()
    const told = fact("told", START, { announcedAt: START + 7 * DAY })
    await former.until(START + HOUR)
    await former.page(await former.lease("live"), { items: [told] })
    await former.deliver()
    former.advance(30 * DAY)
    const world = await goingOn(await markOf(former))
    await world.page(await world.lease("live"), { items: [told] })
    expect(keys(await world.deliver())).toEqual([])
  })

  it("reads on where a list was being read, the boundary included", async () => {
    const former = sourceWorld()
    await former.configure({ collections: choose("Orders") })
    await former.drain("live")
    const task = await former.lease("backfill")
    await former.page(task, { items: [sold("old")], edge: START - 30 * DAY, next: "more" })
    await former.deliver()
    const world = await goingOn(await markOf(former), { collections: choose("Orders") })
    expect((await world.lease("backfill")).window).toEqual({ from: task.window.from, to: START - 30 * DAY + 1 })
    expect(opened(world)).toEqual([["initial", ["orders", { from: START_DATE, to: WATERMARK }]]])
  })

  it("reads a list that comes in no order again from its beginning", async () => {
    const former = sourceWorld(0, unordered)
    await former.configure({ collections: choose("Closings") })
    await former.drain("live")
    const task = await former.lease("backfill")
    const closing = fact("old", START - 30 * DAY, { collection: "Closings", announcedAt: START })
    await former.page(task, { items: [closing], edge: START - 30 * DAY, next: "more" })
    await former.deliver()
    const world = sourceWorld(0, unordered)
    world.advance(2 * HOUR)
    const bookmark = await markOf(former)
    const collections = choose("Closings")
    await world.configure({ source: "src_2", connectedAt: world.now(), bookmark, collections })
    expect((await world.lease("backfill")).window).toEqual(task.window)
  })

  it("goes back to the first item of the feed that had not been delivered", async () => {
    const former = await usedForHours()
    await former.page(await former.lease("live"), { items: [fact("lost", START + HOUR)] })
    const world = await goingOn(await markOf(former))
    expect(world.state().live.feed?.cursor).toBe(START + HOUR)
  })

  it("reads the history again of a collection of which not all had been delivered", async () => {
    const { former, orders, people } = await readingLists()
    await former.page(people, { items: [person("ada", START)] })
    await former.deliver()
    await former.page(orders, { items: [sold("lost")] })
    const world = await goingOn(await markOf(former))
    expect(opened(world)).toEqual([["earlier", ["orders", { from: START_DATE, to: WATERMARK }]]])
  })

  it("reads no history again because of what a run had brought that failed", async () => {
    const former = await usedForHours()
    const task = await former.lease("live")
    await former.page(task, { items: [fact("lost", START + HOUR)], next: "more", edge: START + HOUR })
    await former.settle(task, { kind: "fault", reason: "gone" })
    expect(former.state().run).toBeNull()
    const world = await goingOn(await markOf(former))
    expect(opened(world)).toEqual([])
    expect(world.state().live.feed?.cursor).toBe(START)
  })

  it("takes the fact of a pending key again that had not been delivered", async () => {
    const former = await knowingADebit()
    former.advance(3 * HOUR)
    await former.until(former.now())
    const late = fact("debit", WATERMARK - DAY, { announcedAt: START + HOUR })
    await former.page(await former.lease("live"), { items: [late] })
    const world = await goingOn(await markOf(former))
    await world.page(await world.lease("live"), { items: [late] })
    expect(keys(await world.deliver())).toEqual(["debit"])
  })

  it("goes back to the first join of two ids that had not been delivered", async () => {
    const former = await usedForHours()
    await former.page(await former.lease("live"), { items: [alias("a", "b", START + HOUR)] })
    const world = await goingOn(await markOf(former))
    expect(world.state().live.feed?.cursor).toBe(START + HOUR)
  })

  it("reads the people again where joins that a list had told were not delivered", async () => {
    const { former, orders, people } = await readingLists()
    await former.page(orders, { items: [sold("sent")] })
    await former.deliver()
    await former.page(people, { items: [alias("a", "b", START - DAY)] })
    const world = await goingOn(await markOf(former))
    expect(opened(world).flat(2)).toContain("people")
  })

  it("reads all of a collection that was off, and of which not all had been delivered, once it is on again", async () => {
    const former = sourceWorld()
    await former.configure()
    await former.drain("live")
    const orders = await former.lease("backfill")
    await former.page(orders, { items: [sold("lost")] })
    await former.configure({ collections: choose("People") })
    const world = await goingOn(await markOf(former), { collections: choose("People") })
    world.advance(DAY)
    await world.until(world.now())
    await world.drain("live")
    await world.configure({ collections: choose("Orders", "People") })
    const watermark = (world.state().live.feed?.cursor ?? 0) - LOOKBACK
    expect(opened(world).flatMap(([, ...slices]) => slices)).toContainEqual([
      "orders",
      { from: START_DATE, to: watermark },
    ])
    expect(world.state().backfillSpans.Orders ?? []).toEqual([])
  })

  it("reads what is chosen now and was not then: an earlier start date, another collection", async () => {
    const former = await used({ collections: choose("Orders"), startDate: START_DATE + 10 * DAY })
    const world = await goingOn(await markOf(former))
    const ranges = opened(world).flatMap(([, ...slices]) => slices)
    expect(ranges).toContainEqual(["orders", { from: START_DATE, to: START_DATE + 10 * DAY }])
    expect(ranges).toContainEqual(["people", { from: START_DATE, to: expect.any(Number) }])
    expect(ranges).toHaveLength(2)
  })

  it("does not read what is not chosen any more", async () => {
    const world = await goingOn(await markOf(await used()), { collections: choose("People") })
    expect(opened(world)).toEqual([])
    expect((await world.lease("live")).collections.map(({ name }) => name)).toEqual(["People"])
  })
})

describe("a source that goes on from one whose partner's clock was half an hour ahead", () => {
  const AHEAD = HOUR / 2

  /** Reads live once a minute, answers dated so far ahead of our clock. */
  async function readFor(world: World, minutes: number, skewMs: number, page: Page = {}): Promise<void> {
    for (const end = world.now() + minutes * MINUTE; world.now() < end; await world.until(world.now() + MINUTE)) {
      const answer = await world.engine.lease({ lane: "live", nonce: `n${world.now()}`, protocol: PROTOCOL })
      if (answer.kind === "given") await world.page(answer.task, { asked: world.now() + skewMs, ...page })
    }
  }

  /** It read last at START + 2 h, which the partner called half past. */
  async function former(): Promise<Bookmark> {
    const world = await used()
    await world.until(START + HOUR)
    await readFor(world, 5, AHEAD)
    await world.until(START + 2 * HOUR)
    const items = [fact("last", START + HOUR + AHEAD)]
    await world.page(await world.lease("live"), { asked: world.now() + AHEAD, items })
    await world.deliver()
    return markOf(world)
  }

  /** `skewMs`: of the partner's clock now. */
  async function anew(bookmark: Bookmark, afterMs: number): Promise<World> {
    const world = sourceWorld()
    world.advance(2 * HOUR + afterMs)
    await world.configure({ source: "src_2", connectedAt: world.now(), bookmark })
    return world
  }

  it.each([
    ["minutes later, below the place where that one stopped", 5 * MINUTE],
    ["hours later", 3 * HOUR],
  ])("and was set right since: %s, it reads what happened since", async (_title, afterMs) => {
    const world = await anew(await former(), afterMs)
    const items = [fact("since", START + 2 * HOUR + 2 * MINUTE)]
    await readFor(world, 6, 0, { items })
    expect(keys(await world.deliver())).toEqual(["since"])
    expect(world.state().live.feed?.cursor).toBeLessThanOrEqual(world.now())
    expect((await world.view()).lastRun?.incomplete[0]?.reason).toMatch(/clock went back/)
  })

  it("and still is: reading goes on at once, from where it stopped", async () => {
    const world = await anew(await former(), HOUR)
    const task = await world.lease("live")
    expect(task.window.from).toBe(START + 2 * HOUR + AHEAD - LOOKBACK)
    expect(await world.page(task, { asked: world.now() + AHEAD })).toBe("stop")
    expect(world.state().live.feed?.cursor).toBe(world.now() + AHEAD)
    expect((await world.view()).lastRun).toMatchObject({ state: "succeeded", incomplete: [] })
  })

  it("goes on from a bookmark that does not tell of a clock, too", async () => {
    const { clock: _clock, ...older } = await former()
    const world = await anew(older as Bookmark, HOUR)
    await readFor(world, 1, 0)
    expect(world.state().live.feed?.cursor).toBe(START + 3 * HOUR)
  })
})

describe("a bookmark", () => {
  it("is not handed out by a source that never sent anything", async () => {
    const world = sourceWorld()
    await world.configure()
    await world.drain("live")
    expect(await world.engine.erase()).toEqual({ ok: true })
  })

  it("comes with every answer until it is said to be kept", async () => {
    const world = await used()
    const first = await world.engine.erase()
    expect(first.bookmark).toBeDefined()
    world.restart()
    expect(await world.engine.erase()).toEqual(first)
    await world.engine.bookmarkKept()
    world.restart()
    expect(await world.engine.erase()).toEqual({ ok: true })
  })

  it("names no key and no person", async () => {
    const text = JSON.stringify(await markOf(await used()))
    expect(text).not.toMatch(/old|new|acct_1|key_1|dest_1|@/)
  })

  it("keeps a bounded number of keys of each sort, the newest", async () => {
    const former = sourceWorld()
    await former.configure()
    const numbers = Array.from({ length: BOOKMARK_KEYS_MAX + 5 }, (_, n) => n)
    const pending = numbers.map((n) => ({ collection: "Orders", key: `debit_${n}`, time: WATERMARK - n }))
    const shown = numbers.map((n) => fact(`checkout_${n}`, START, { announcedAt: START + 7 * DAY - n }))
    await former.page(await former.lease("live"), { items: shown })
    for (let rows = 0; rows < shown.length; ) rows += (await former.deliver()).length
    await former.page(await former.lease("backfill"), { items: [sold("old")], pending })
    const { delivered = [], ...bookmark } = await markOf(former)
    expect(bookmark.pending).toHaveLength(BOOKMARK_KEYS_MAX)
    expect(Math.min(...bookmark.pending.map(([, time]) => time))).toBe(WATERMARK - BOOKMARK_KEYS_MAX + 1)
    expect(delivered).toHaveLength(BOOKMARK_KEYS_MAX)
    expect(Math.min(...delivered.map(([, place]) => place))).toBe(START + 7 * DAY - BOOKMARK_KEYS_MAX + 1)
    expect(JSON.stringify({ ...bookmark, delivered }).length).toBeLessThan(1_600_000)
  })
})
