import { serialize } from "node:v8"
import { describe, expect, it, vi } from "vitest"
import type { Reject } from "../../../src/connectors/kit/item.ts"
import { utf8Bytes } from "../../../src/lib/bytes.ts"
import { RPC_BYTES_MAX } from "../../../src/platform-limits.ts"
import { Outbox } from "../../../src/source/delivery/outbox.ts"
import { QUARANTINE_MAX } from "../../../src/source/delivery/quarantine.ts"
import { bounded, ENTRY_BYTES } from "../../../src/source/protocol/entry.ts"
import { encodedIn } from "../../../src/source/protocol/outbox-body.ts"
import { NO_CHANGES } from "../../../src/source/state/changes.ts"
import { encoded } from "../../support/encoded.ts"
import { choose, fact, HOUR, person, START, START_DATE, sourceWorld, type World } from "../../support/source-world.ts"

const reject = (key: string, collection = "Orders"): Reject => ({
  collection,
  key,
  reason: "no person",
  record: { id: key },
})

async function begun(...names: string[]): Promise<World> {
  const world = sourceWorld()
  await world.configure({ collections: choose(...(names.length > 0 ? names : ["Orders", "People"])) })
  return world
}

/** These were taken and refused for good. */
async function refused(...items: ReturnType<typeof fact>[]): Promise<World> {
  const world = await begun()
  await world.drain("backfill")
  for (const item of items) {
    await world.page(await world.lease("live"), { items: [item] })
    await world.report(await world.claim(), "too_large")
    world.advance(HOUR)
    await world.engine.alarm()
  }
  return world
}

const entries = async (world: World) => {
  const page = await world.engine.quarantine({ limit: 100, cursor: null })
  return page.ok ? page.entries : []
}
const counts = async (world: World, name = "Orders") => {
  const view = (await world.view()).collections.find((one) => one.name === name)
  return (
    view && { accepted: view.accepted, delivered: view.delivered, waiting: view.waiting, quarantined: view.quarantined }
  )
}

describe("a record that could not be normalized", () => {
  it("is kept as the partner sent it, with the reason; the rest of its page goes on", async () => {
    const world = await begun()
    await world.page(await world.lease("live"), { items: [fact("a", START)], rejects: [reject("bad")] })
    expect(await entries(world)).toMatchObject([
      { kind: "record", key: "bad", reason: "no person", body: { id: "bad" } },
    ])
    expect(await counts(world)).toEqual({ accepted: 1, delivered: 0, waiting: 1, quarantined: 1 })
    await world.deliver()
    expect(await counts(world)).toEqual({ accepted: 1, delivered: 1, waiting: 0, quarantined: 1 })
    expect((await world.view()).lastRun?.state ?? "").toMatch(/reading|partial/)
  })

  it("is kept once, however often the overlap shows it", async () => {
    const world = await begun()
    const task = await world.lease("live")
    await world.page(task, { rejects: [reject("bad")], next: "t1" })
    await world.page(task, { rejects: [reject("bad")] })
    expect(await entries(world)).toHaveLength(1)
  })

  it("is left where it is by a replay, and counted as left", async () => {
    const world = await begun()
    await world.page(await world.lease("live"), { rejects: [reject("bad")] })
    expect(await world.engine.replay("all")).toEqual({ ok: true, replayed: 0, left: 1 })
    expect(await entries(world)).toHaveLength(1)
  })
})

describe(`${QUARANTINE_MAX} of one collection`, () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => reject(`bad${index}`))

  it("end the run of the stream that feeds it, visibly, and each run after it, until some are given up", async () => {
    const world = await begun()
    await world.drain("backfill")
    const task = await world.lease("live")
    expect(await world.page(task, { rejects: many(QUARANTINE_MAX - 1), next: "t1" })).toBe("go")
    expect(await world.page(task, { rejects: [reject("last")], next: "t2" })).toBe("stop")
    expect((await world.view()).lastRun).toMatchObject({ state: "failed", reason: expect.stringMatching(/quarantine/) })
    await world.until((await world.view()).nextRunAt ?? 0)
    expect((await world.refusedLease("live")).kind).toBe("idle")
    expect(await world.view()).toMatchObject({ status: "connected", lastRun: { kind: "live", state: "failed" } })
    const [newest] = await entries(world)
    expect(await world.engine.discard(newest?.id ?? 0)).toEqual({ ok: true })
    await world.until((await world.view()).nextRunAt ?? 0)
    expect((await world.lease("live")).pageToken).toBe("t2")
  })

  it("stop the lists that feed it and not the others", async () => {
    const world = await begun()
    await world.drain("live")
    const orders = await world.lease("backfill")
    await world.page(orders, { rejects: many(QUARANTINE_MAX), next: "t1" })
    await world.page(await world.lease("backfill"), { items: [person("p", START)] })
    expect(await world.engine.run("run_00000001")).toMatchObject({
      run: { state: "failed", reason: expect.stringMatching(/quarantine/), collections: { People: { accepted: 1 } } },
    })
    const runs = world.state().ids.run
    await world.until(START + 4 * HOUR)
    expect(world.state().backfills).toHaveLength(1)
    // The live runs of these hours, and none of the backfill that could not read.
    expect(world.state().ids.run - runs).toBeLessThanOrEqual(4)
  })
})

describe("a refused item", () => {
  const removed = person("p", START, "Ada", { accountId: "acme.com", cleared: { shop_note: "text" } })

  it("is shown with all that it tells, what was removed among its attributes", async () => {
    const { cleared: _, ...shown } = removed
    expect(await entries(await refused(removed, fact("a", START)))).toEqual([
      expect.objectContaining({ kind: "item", key: "a", body: fact("a", START) }),
      expect.objectContaining({
        ...{ kind: "item", collection: "People", key: "p", reason: "too_large" },
        body: { ...shown, userAttributes: { name: "Ada", shop_note: "" } },
      }),
    ])
  })

  it("is replayed with the text that was refused, whatever the destination's setting says by now", async () => {
    const world = await refused(removed)
    const destination = world.state().configuration.destination
    await world.configure({ destination: destination && { ...destination, clearing: "null" } })
    await world.engine.replay("all")
    expect((await world.claim()).rows.flatMap(({ body }) => encodedIn(body))).toMatchObject([
      { text: encoded(removed).text },
    ])
  })
})

describe("delivered = accepted - waiting - refused", () => {
  it("when an item is refused, replayed and then delivered", async () => {
    const world = await refused(fact("a", START))
    expect(await counts(world)).toEqual({ accepted: 1, delivered: 0, waiting: 0, quarantined: 1 })
    expect(await world.engine.replay("all")).toEqual({ ok: true, replayed: 1, left: 0 })
    expect(await counts(world)).toEqual({ accepted: 1, delivered: 0, waiting: 1, quarantined: 0 })
    expect(world.wakes.at(-1)).toBe("forward")
    await world.deliver()
    expect(await counts(world)).toEqual({ accepted: 1, delivered: 1, waiting: 0, quarantined: 0 })
    expect(await entries(world)).toEqual([])
  })

  it("when one of two is given up", async () => {
    const world = await refused(fact("a", START), fact("b", START))
    const [entry] = await entries(world)
    await world.engine.discard(entry?.id ?? 0)
    expect(await counts(world)).toEqual({ accepted: 1, delivered: 0, waiting: 0, quarantined: 1 })
  })

  it("when a newer state of an object takes the refused one's place", async () => {
    const world = await refused(person("p", START))
    await world.page(await world.lease("live"), { items: [person("p", START + 1, "Bea")] })
    expect(await entries(world)).toEqual([])
    expect(await counts(world, "People")).toEqual({ accepted: 1, delivered: 0, waiting: 1, quarantined: 0 })
    await world.deliver()
    expect(await counts(world, "People")).toEqual({ accepted: 1, delivered: 1, waiting: 0, quarantined: 0 })
  })

  it("when a page of history shows a repeat", async () => {
    const world = await begun()
    const task = await world.lease("backfill")
    await world.page(task, { items: [fact("a", START_DATE), fact("a", START_DATE)] })
    expect((await world.view()).collections[0]).toMatchObject({ accepted: 1, dropped: 1, delivered: 0, waiting: 1 })
  })
})

it("an entry that is not there cannot be given up", async () => {
  const world = await begun()
  expect(await world.engine.discard(7)).toMatchObject({ ok: false, code: "not_found" })
  expect(await world.engine.replay([7])).toEqual({ ok: true, replayed: 0, left: 1 })
})

it("forgets all, of each kind, so that a collection that was full is read on", async () => {
  const world = await begun()
  await world.drain("backfill")
  const rejects = Array.from({ length: QUARANTINE_MAX }, (_, index) => reject(`bad${index}`))
  expect(await world.page(await world.lease("live"), { rejects, next: "t1" })).toBe("stop")
  expect(await world.engine.discardEntries([1, 2, 2_000])).toEqual({ ok: true, discarded: 2 })
  expect(await world.engine.discardEntries("all")).toEqual({ ok: true, discarded: QUARANTINE_MAX - 2 })
  expect(await entries(world)).toEqual([])
  expect(await counts(world)).toMatchObject({ quarantined: 0 })
  await world.until((await world.view()).nextRunAt ?? 0)
  const task = await world.lease("live")
  expect(task.pageToken).toBe("t1")
  await world.page(task, { items: [fact("after", START)] })
  expect(await world.deliver()).toMatchObject([{ key: "after" }])
})

it("pages are newest first and follow on without a gap", async () => {
  const world = await begun()
  await world.page(await world.lease("live"), {
    rejects: Array.from({ length: 5 }, (_, index) => reject(`bad${index}`)),
  })
  const first = await world.engine.quarantine({ limit: 3, cursor: null })
  const second = await world.engine.quarantine({ limit: 3, cursor: first.ok ? first.cursor : null })
  const keys = [first, second].flatMap((page) => (page.ok ? page.entries.map(({ key }) => key) : []))
  expect(keys).toEqual(["bad4", "bad3", "bad2", "bad1", "bad0"])
  expect(second).toMatchObject({ cursor: null })
})

describe("what is kept", () => {
  it.each([
    ["Latin text", "x"],
    ["another script, three bytes a character", "語"],
    ["text that is quoted once more", '"'],
  ])("of a record that is too long is cut to its bytes: %s", async (_name, character) => {
    const world = await begun()
    const record = { text: character.repeat(ENTRY_BYTES) }
    await world.page(await world.lease("live"), { rejects: [{ ...reject("long"), record }] })
    const [row] = world.store.quarantine(null, 1)
    expect(utf8Bytes(row?.body ?? "")).toBeLessThan(ENTRY_BYTES + 1_000)
    expect((await entries(world))[0]?.body).toEqual({ truncated: expect.stringContaining(character) })
  })

  it("is cut once: what a consumer has cut is kept as it is", () => {
    const cut = bounded({ text: '"'.repeat(ENTRY_BYTES) })
    expect(bounded(cut)).toEqual(cut)
  })
})

describe("many large entries", () => {
  const large = (key: string) => fact(key, START, { data: { text: "語".repeat(80_000) } })
  const held = async (count: number) => {
    const world = await begun()
    await world.drain("backfill")
    const put = Array.from({ length: count }, (_, index) => {
      const item = large(`k${index}`)
      const entry = { kind: "item", collection: "Orders", key: item.key, reason: "refused", at: START, body: item }
      return { id: index + 1, body: JSON.stringify({ ...entry, run: "run_00000001" }) }
    })
    const state = world.state()
    const Orders = { accepted: count, dropped: 0, quarantined: count, refused: count, lastItemAt: START }
    const core = JSON.stringify({ ...state, counts: { Orders }, ids: { ...state.ids, quarantine: count } })
    world.store.commit({ ...NO_CHANGES, core, alarm: null, quarantine: { put, remove: [] } })
    world.restart()
    return world
  }

  it("are shown in pages of a size that one call may carry", async () => {
    const world = await held(70)
    const keys: string[] = []
    let pages = 0
    for (let cursor: string | null = null; ; pages++) {
      const page = await world.engine.quarantine({ limit: 100, cursor })
      if (!page.ok) throw new Error(page.message)
      expect(serialize(page).length).toBeLessThan(RPC_BYTES_MAX / 2)
      keys.push(...page.entries.map(({ key }) => key))
      if (page.cursor === null) break
      cursor = page.cursor
    }
    expect(pages).toBeGreaterThan(0)
    expect(keys).toEqual(Array.from({ length: 70 }, (_, index) => `k${69 - index}`))
  })

  it("are replayed all, a few bodies in memory at a time", async () => {
    const world = await held(70)
    const read = vi.spyOn(world.store, "quarantineByIds")
    expect(await world.engine.replay("all")).toEqual({ ok: true, replayed: 70, left: 0 })
    expect(Math.max(...read.mock.calls.map(([ids]) => ids.length))).toBeLessThanOrEqual(16)
    expect(await counts(world)).toMatchObject({ waiting: 70, quarantined: 0 })
    expect(await world.deliver()).toHaveLength(70)
  })

  it("are replayed as far as the outbox has room, and the others are said to be left", async () => {
    const world = await held(40)
    const isFull = vi.spyOn(Outbox.prototype, "isFull", "get").mockImplementation(function (this: Outbox) {
      return this.items >= 20
    })
    expect(await world.engine.replay("all")).toEqual({ ok: true, replayed: 32, left: 8 })
    expect(await world.engine.replay("all")).toEqual({ ok: true, replayed: 0, left: 8 })
    isFull.mockRestore()
    expect(await world.deliver()).toHaveLength(32)
    expect(await world.engine.replay("all")).toEqual({ ok: true, replayed: 8, left: 0 })
  })
})
