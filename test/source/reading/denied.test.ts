import { describe, expect, it } from "vitest"
import { BACKFILLS_MAX } from "../../../src/source/backfill/opening.ts"
import type { Span } from "../../../src/source/protocol/backfill.ts"
import type { Task } from "../../../src/source/protocol/fetching.ts"
import { PROTOCOL } from "../../../src/source/protocol/source.ts"
import { NO_CHANGES } from "../../../src/source/state/changes.ts"
import { choose, DAY, fact, HOUR, START, START_DATE, sourceWorld, type World } from "../../support/source-world.ts"

const DENIED = { kind: "denied" as const, collections: ["Orders"], reason: "scope missing" }

/** The list of orders is denied after a page of it; everything else has been read. */
async function denied(): Promise<World> {
  const world = sourceWorld()
  await world.configure({ collections: choose("Orders", "Refunds") })
  await world.drain("live")
  const orders = await world.lease("backfill")
  await world.page(orders, { items: [fact("a", START_DATE + DAY)], next: "t1" })
  await world.settle(orders, DENIED)
  return world
}

/** A day of hourly runs; how often the list was asked. */
async function aDay(world: World, isAllowed = false): Promise<number> {
  let asked = 0
  for (const end = world.now() + DAY; world.now() < end; ) {
    await world.until((await world.view()).nextRunAt ?? 0)
    await world.drain("live")
    const lease = await world.engine.lease({ lane: "backfill", nonce: `n${world.now()}`, protocol: PROTOCOL })
    if (lease.kind !== "given") continue
    expect(lease.task).toMatchObject({ stream: "orders", pageToken: "t1" })
    asked++
    if (isAllowed) await world.page(lease.task, { items: [fact("b", START_DATE + HOUR)] })
    else await world.settle(lease.task, DENIED)
  }
  return asked
}

describe("a list that was denied", () => {
  it("is asked again once a day, with one call, from where it was", async () => {
    const world = await denied()
    expect([await aDay(world), await aDay(world), await aDay(world)]).toEqual([1, 1, 1])
    expect(world.state().backfills).toHaveLength(1)
    expect(await aDay(world, true)).toBe(1)
    expect(world.state().backfills).toEqual([])
    await aDay(world)
    expect((await world.view()).collections.find(({ name }) => name === "Orders")?.denied).toBeNull()
    expect((await world.deliver()).map(({ key }) => key)).toEqual(["a", "b"])
  })

  it("keeps what it may show again, and nothing of the days that it is asked in vain", async () => {
    const world = await denied()
    const { asideAt } = world.state().backfills[0]?.slices[0] ?? {}
    await aDay(world)
    expect(world.state().backfills[0]?.slices[0]?.asideAt).toBe(asideAt)
  })

  it("is asked each day though the source syncs but once a day", async () => {
    const world = await denied()
    await world.configure({ intervalHours: 24 })
    expect([await aDay(world), await aDay(world), await aDay(world)]).toEqual([1, 1, 1])
  })

  it("within a page, with another that is read on, waits where it was before that page", async () => {
    const world = sourceWorld()
    await world.configure({ collections: choose("Orders", "Refunds") })
    await world.drain("live")
    const list = await world.lease("backfill")
    await world.page(list, { next: "t1" })
    const note = [{ collection: "Orders", reason: "scope missing" }]
    expect(
      await world.page(list, {
        next: "t2",
        denied: note,
        items: [fact("r", START_DATE + DAY, { collection: "Refunds" })],
      }),
    ).toBe("go")
    expect(await world.page(list)).toBe("stop")
    const [backfill] = world.state().backfills
    expect(backfill?.slices.map(({ collections, state, pageToken }) => [collections, state, pageToken])).toEqual([
      [["Refunds"], "read", "t2"],
      [["Orders"], "denied", "t1"],
    ])
    await world.engine.syncNow()
    expect(world.state().backfills).toHaveLength(1)
    expect((await world.lease("backfill")).collections).toEqual(choose("Orders"))
  })

  it("alone within its page stays where it was", async () => {
    const world = sourceWorld()
    await world.configure({ collections: choose("Orders") })
    await world.drain("live")
    const list = await world.lease("backfill")
    await world.page(list, { next: "t1" })
    expect(await world.page(list, { denied: [{ collection: "Orders", reason: "scope missing" }] })).toBe("stop")
    expect(world.state().backfills[0]?.slices).toMatchObject([{ state: "denied", pageToken: "t1" }])
  })
})

describe("a resync of a denied collection", () => {
  const resync = (world: World, from: number | null) => world.engine.resync("Orders", from)

  async function refused(world: World, from: number | null): Promise<void> {
    expect((await resync(world, from)).ok).toBe(true)
    for (let task = await world.lease("backfill"); ; task = await world.lease("backfill")) {
      await world.settle(task, DENIED)
      if (task.lease.slice !== "p1:orders") return
    }
  }

  it("adds no second one where one waits, however often it is asked for", async () => {
    const world = await denied()
    for (let times = 0; times < 10; times++) {
      await refused(world, null)
      world.advance(HOUR)
    }
    expect(world.state().backfills.map(({ kind }) => kind)).toEqual(["initial", "resync"])
  })

  it("from an earlier time takes the place of the one that waits", async () => {
    const world = await denied()
    await refused(world, START_DATE + 30 * DAY)
    await refused(world, START_DATE + 10 * DAY)
    expect(world.state().backfills.map(({ slices }) => slices[0]?.range?.from)).toEqual([
      START_DATE,
      START_DATE + 10 * DAY,
    ])
  })
})

it("waiting backfills are bounded: another resync is refused, and says why", async () => {
  const world = await denied()
  const [backfill] = world.state().backfills
  if (!backfill) throw new Error("no backfill")
  const backfills = Array.from({ length: BACKFILLS_MAX }, (_, index) => ({ ...backfill, id: `p${index}`, run: null }))
  world.store.commit({ ...NO_CHANGES, core: JSON.stringify({ ...world.state(), backfills }), alarm: null })
  world.restart()
  expect(await world.engine.resync("Refunds", START - DAY)).toMatchObject({ ok: false, code: "too_many_waiting" })
})

describe("a collection that is switched off and on again and again, while its list", () => {
  const CYCLES = BACKFILLS_MAX + 8

  /** After each time it is on, the list is asked as long as it answers; each answer may end it. */
  async function toggled(
    answer: (world: World, task: Task) => Promise<unknown>,
  ): Promise<{ world: World; off: Span[] }> {
    const world = sourceWorld()
    await world.configure({ collections: choose("Orders", "Refunds") })
    const off: Span[] = []
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      await world.drain("live")
      const from = world.now()
      await world.configure({ collections: choose("Orders") })
      await world.until(world.now() + 3 * HOUR)
      await world.drain("live")
      await world.configure({ collections: choose("Orders", "Refunds") })
      off.push({ from, to: world.now() - HOUR })
      await world.until(world.now() + 3 * HOUR)
      for (let tries = 0; tries < 4; tries++) {
        const lease = await world.engine.lease({ lane: "backfill", nonce: `n${cycle}.${tries}`, protocol: PROTOCOL })
        if (lease.kind === "given") await answer(world, lease.task)
      }
    }
    return { world, off }
  }

  const readsAll = (world: World, off: Span[]) =>
    off.filter(({ from, to }) =>
      world
        .state()
        .backfills.some(({ slices }) =>
          slices.some(
            ({ collections, range }) =>
              collections.includes("Refunds") && range !== null && range.from <= from && range.to >= to,
          ),
        ),
    )

  it.each<[string, (world: World, task: Task) => Promise<unknown>]>([
    ["is denied", (world, task) => world.settle(task, { ...DENIED, collections: ["Orders", "Refunds"] })],
    [
      "fails after its first page",
      async (world, task) => {
        await world.page(task, { items: [fact(`${task.lease.number}`, START_DATE + DAY)], next: `t${task.page + 1}` })
        await world.settle(task, { kind: "fault", reason: "broken" })
      },
    ],
  ])("%s: the backfills that wait stay few, and no time that it was off is left out", async (_title, answer) => {
    const { world, off } = await toggled(answer)
    expect(world.state().backfills.length).toBeLessThanOrEqual(BACKFILLS_MAX + 2)
    expect(world.state().others.length).toBeLessThanOrEqual(BACKFILLS_MAX + 2)
    expect(readsAll(world, off)).toEqual(off)
    const { lastRun, current } = await world.view()
    expect(JSON.stringify([lastRun, current])).toContain("may be sent twice")
  })
})
