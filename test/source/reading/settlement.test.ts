import { describe, expect, it } from "vitest"
import { AUTH_CONFIRM_MS } from "../../../src/source/credentials/checking.ts"
import { PROTOCOL } from "../../../src/source/protocol/source.ts"
import { LEASE_MS } from "../../../src/source/reading/lease.ts"
import { ATTEMPTS_MAX, LAPSES_MAX } from "../../../src/source/reading/settlement.ts"
import {
  begunWorld,
  choose,
  DAY,
  fact,
  HOUR,
  MINUTE,
  START,
  START_DATE,
  sourceWorld,
  type World,
} from "../../support/source-world.ts"

describe("an asked wait", () => {
  it("holds the whole source, is shown, and ends by itself", async () => {
    const world = await begunWorld()
    const until = START + 10 * MINUTE
    await world.settle(await world.lease("live"), { kind: "limited", until, reason: "the rate is used up" })
    expect(await world.refusedLease("backfill")).toMatchObject({ kind: "later", at: until })
    expect((await world.view()).current[0]?.waits).toEqual({ until, reason: "waiting for Shop: the rate is used up" })
    world.wakes.length = 0
    await world.until(until)
    expect(world.wakes).toEqual(["fetch", "backfill"])
  })

  it("is not cut short by another answer that asks for less", async () => {
    const world = await begunWorld()
    const [live, list] = [await world.lease("live"), await world.lease("backfill")]
    await world.settle(live, { kind: "limited", until: START + HOUR, reason: "an hour" })
    await world.settle(list, { kind: "limited", until: START + MINUTE, reason: "a minute" })
    expect(world.state().waits).toEqual({ source: { until: START + HOUR, reason: "an hour", since: START } })
  })

  it("does not count against the run, however often it is asked", async () => {
    const world = await begunWorld()
    for (let round = 0; round < 3 * ATTEMPTS_MAX; round++) {
      await world.settle(await world.lease("live"), { kind: "limited", until: world.now() + MINUTE, reason: "busy" })
      await world.until(world.now() + MINUTE)
    }
    expect(world.state().run?.state).toBe("reading")
  })
})

describe("a failing page", () => {
  const failing = async (world: World, times: number) => {
    for (let round = 0; round < times; round++) {
      const task = await world.lease("live")
      await world.settle(task, { kind: "transient", reason: "Shop answered 500." })
      await world.until(world.state().live.feed?.slice?.notBefore ?? 0)
    }
  }

  it(`is tried ${ATTEMPTS_MAX} times, further apart each time; then the run fails with the reason`, async () => {
    const world = await begunWorld()
    await failing(world, ATTEMPTS_MAX - 1)
    expect(world.state().run?.state).toBe("reading")
    await failing(world, 1)
    expect((await world.view()).lastRun).toMatchObject({
      state: "failed",
      reason: "Shop answered 500. What was read is kept. The next run goes on from there.",
    })
  })

  it.each([
    [undefined, [100, 100, 25, 6, 1]],
    [true as const, [100, 100, 100, 100, 100]],
  ])(
    "is asked for with fewer rows from the second failure on, unless nothing was answered at all (%s)",
    async (unreached, sizes) => {
      const world = await begunWorld()
      const asked: number[] = []
      for (let round = 0; round < sizes.length; round++) {
        const task = await world.lease("live")
        asked.push(task.pageSize)
        await world.settle(task, { kind: "transient", reason: "no", ...(unreached && { unreached }) })
        await world.until(world.state().live.feed?.slice?.notBefore ?? 0)
      }
      expect(asked).toEqual(sizes)
    },
  )

  it("grows by twice with each page that is read, once the partner answers again", async () => {
    const world = await begunWorld()
    await failing(world, 5)
    const asked: number[] = []
    for (let page = 0; page < 7; page++) {
      const task = await world.lease("live")
      asked.push(task.pageSize)
      await world.page(task, { next: `t${page}` })
      await world.settle(task, { kind: "release" })
    }
    expect(asked).toEqual([1, 5, 10, 20, 40, 80, 100])
  })

  it("counts from the last progress", async () => {
    const world = await begunWorld()
    await failing(world, ATTEMPTS_MAX - 1)
    const task = await world.lease("live")
    await world.page(task, { next: "t1" })
    await world.settle(task, { kind: "release" })
    await failing(world, ATTEMPTS_MAX - 1)
    expect(world.state().run?.state).toBe("reading")
  })

  it("of one list does not keep the backfill from reading the others; its run fails at the end, and the next goes on", async () => {
    const world = await begunWorld()
    await world.drain("live")
    const [orders, people] = [await world.lease("backfill"), await world.lease("backfill")]
    await world.settle(orders, { kind: "fault", reason: "a bad request" })
    expect(await world.page(people, { next: "t1" })).toBe("go")
    expect(await world.page(people)).toBe("stop")
    const failed = {
      kind: "initial",
      state: "failed",
      reason: "a bad request. What was read is kept. The next run goes on from there.",
    }
    expect(await world.engine.run("run_00000001")).toMatchObject({ run: failed })
    await world.until((await world.view()).nextRunAt ?? 0)
    await world.drain("live")
    expect((await world.lease("backfill")).stream).toBe("orders")
    expect((await world.refusedLease("backfill")).kind).toBe("idle")
  })
})

describe("an answer over the size limit", () => {
  it("halves the page down to one record, and then fails the run", async () => {
    const world = await begunWorld()
    const sizes = []
    while (world.state().run) {
      const task = await world.lease("live")
      sizes.push(task.pageSize)
      await world.settle(task, { kind: "too_large", reason: "too much" })
    }
    expect(sizes).toEqual([100, 50, 25, 12, 6, 3, 1])
    expect((await world.view()).lastRun?.reason).toMatch(/larger than can be read/)
  })

  it("is forgotten page by page: the next lease asks for more again, up to a full page", async () => {
    const world = await begunWorld()
    await world.settle(await world.lease("live"), { kind: "too_large", reason: "too much" })
    const task = await world.lease("live")
    for (let page = 1; page <= 3; page++) await world.page(task, { next: `t${page}` })
    await world.settle(task, { kind: "release" })
    const later = await world.lease("live")
    expect([task.pageSize, later.pageSize]).toEqual([50, 62])
    for (let page = 4; page <= 40; page++) await world.page(later, { next: `t${page}` })
    await world.settle(later, { kind: "release" })
    expect((await world.lease("live")).pageSize).toBe(100)
  })
})

describe("a credential that is rejected twice", () => {
  async function rejected(): Promise<World> {
    const world = await begunWorld({ collections: choose("Orders") })
    await world.page(await world.lease("backfill"), { items: [fact("a", START_DATE)], next: "t1" })
    await world.settle(await world.lease("live"), { kind: "auth", reason: "no such key", credentialVersion: 1 })
    await world.until(START + AUTH_CONFIRM_MS)
    await world.settle(await world.lease("live"), { kind: "auth", reason: "no such key", credentialVersion: 1 })
    return world
  }

  it("stops every reading and the schedule, and says what to do; the outbox still drains", async () => {
    const world = await rejected()
    const view = await world.view()
    expect(view).toMatchObject({ status: "error", nextRunAt: null, error: { code: "credentials_rejected" } })
    expect(view.error?.remedy).toMatch(/Reconnect/)
    expect(world.published).toEqual(["error"])
    expect([(await world.refusedLease("live")).kind, (await world.refusedLease("backfill")).kind]).toEqual([
      "idle",
      "idle",
    ])
    expect(await world.deliver()).toHaveLength(1)
    await world.until(START + 10 * HOUR)
    expect(world.state().run).toBeNull()
    const runs = await world.engine.runs({ limit: 10, cursor: null })
    expect(runs.ok && runs.runs.map(({ state }) => state)).toEqual(["failed", "failed"])
  })

  it("replaced by a new one resumes where it stopped", async () => {
    const world = await rejected()
    const view = await world.configure({ credential: "sealed:key_2", credentialVersion: 2 })
    expect(view).toMatchObject({ status: "syncing", error: null })
    expect(await world.lease("live")).toMatchObject({ credential: { value: "key_2", version: 2 } })
    expect(await world.lease("backfill")).toMatchObject({ stream: "orders", pageToken: "t1" })
    expect(world.published).toEqual(["error", "connected"])
  })

  it("that has been replaced meanwhile is no error", async () => {
    const world = await begunWorld()
    const task = await world.lease("live")
    await world.configure({ credential: "sealed:key_2", credentialVersion: 2 })
    const again = await world.lease("live")
    await world.settle(again, { kind: "auth", reason: "no such key", credentialVersion: 1 })
    await world.settle(task, { kind: "auth", reason: "no such key", credentialVersion: 1 })
    expect((await world.view()).error).toBeNull()
  })

  it.each([
    [1, null],
    [0, { kind: "key", value: "key_1", version: 1 }],
  ])("asked about by its reader: version %i failed", async (failed, expected) => {
    const world = await begunWorld()
    const task = await world.lease("live")
    expect(await world.engine.credential({ protocol: PROTOCOL, lease: task.lease, failedVersion: failed })).toEqual(
      expected,
    )
    expect(
      await world.engine.credential({ protocol: PROTOCOL, lease: { ...task.lease, number: 99 }, failedVersion: 0 }),
    ).toBeNull()
  })
})

describe("a denied reading", () => {
  it("of a list is reported, the others go on, the run ends partial, and live reading does not hide it", async () => {
    const world = await begunWorld()
    const [orders, people] = [await world.lease("backfill"), await world.lease("backfill")]
    await world.settle(orders, { kind: "denied", collections: ["Orders"], reason: "scope missing" })
    await world.page(people)
    await world.drain("live")
    const view = await world.view()
    expect(view.collections.map(({ name, denied }) => [name, denied])).toContainEqual(["Orders", "scope missing"])
    const runs = await world.engine.runs({ limit: 10, cursor: null })
    expect(runs.ok && runs.runs.find(({ kind }) => kind === "initial")).toMatchObject({
      state: "partial",
      denied: [{ collection: "Orders" }],
    })
  })

  it("of a list goes on from where it was with a new credential, and repeats nothing", async () => {
    const world = await begunWorld({ collections: choose("Orders") })
    await world.drain("live")
    const orders = await world.lease("backfill")
    await world.page(orders, { items: [fact("a", START_DATE + DAY)], next: "t1" })
    await world.settle(orders, { kind: "denied", collections: ["Orders"], reason: "scope missing" })
    await world.drain("backfill")
    await world.until(START + 3 * HOUR)
    await world.drain("live")
    expect((await world.refusedLease("backfill")).kind).toBe("idle")
    await world.configure({ credential: "sealed:key_2", credentialVersion: 2 })
    expect(await world.lease("backfill")).toMatchObject({ stream: "orders", pageToken: "t1" })
    expect((await world.view()).collections.find(({ name }) => name === "Orders")?.denied).toBeNull()
  })

  it("of a list is tried again by Sync now", async () => {
    const world = await begunWorld()
    await world.drain("live")
    await world.settle(await world.lease("backfill"), {
      kind: "denied",
      collections: ["Orders"],
      reason: "scope missing",
    })
    await world.drain("backfill")
    await world.engine.syncNow()
    expect((await world.lease("backfill")).stream).toBe("orders")
    expect(world.state().backfills).toHaveLength(1)
  })

  it("of the feed ends the run partial and is tried again by the next", async () => {
    const world = await begunWorld()
    const task = await world.lease("live")
    await world.settle(task, { kind: "denied", collections: ["Orders", "People"], reason: "scope missing" })
    expect(await world.engine.run("run_00000002")).toMatchObject({ run: { kind: "live", state: "partial" } })
    await world.until((await world.view()).nextRunAt ?? 0)
    await world.page(await world.lease("live"))
    expect((await world.view()).collections.every(({ denied }) => denied === null)).toBe(true)
  })

  it("of one collection within a page of the feed loses nothing: a backfill reads what was left out", async () => {
    const world = sourceWorld()
    await world.configure()
    await world.drain("backfill")
    const denied = [{ collection: "Orders", reason: "scope missing" }]
    await world.page(await world.lease("live"), { denied })
    await world.until(START + 3 * HOUR)
    await world.page(await world.lease("live"), { denied })
    expect((await world.view()).collections.find(({ name }) => name === "Orders")?.denied).toBe("scope missing")
    await world.until(START + 5 * HOUR)
    await world.page(await world.lease("live"))
    expect((await world.view()).collections.find(({ name }) => name === "Orders")?.denied).toBeNull()
    const range = { from: START - 10 * MINUTE, to: START + 3 * HOUR - 10 * MINUTE }
    expect(await world.lease("backfill")).toMatchObject({ stream: "orders", range })
  })
})

describe("a hang", () => {
  const lapse = async (world: World) => {
    await world.lease("live")
    await world.until(world.now() + LEASE_MS)
  }

  it(`is ${LAPSES_MAX} leases in a row that ran out without a checkpoint: the run is aborted and reported`, async () => {
    const world = await begunWorld()
    for (let round = 1; round < LAPSES_MAX; round++) await lapse(world)
    expect(world.state().run?.state).toBe("reading")
    await lapse(world)
    expect((await world.view()).lastRun).toMatchObject({ state: "failed", reason: expect.stringMatching(/hung/) })
    await world.until((await world.view()).nextRunAt ?? 0)
    expect((await world.lease("live")).page).toBe(0)
  })

  it("does not count waiting in the queue", async () => {
    const world = await begunWorld()
    await world.until(START + 40 * MINUTE)
    expect(world.state().run?.state).toBe("reading")
    expect(world.state().live.feed?.slice?.lapses).toBe(0)
  })

  it.each(["a page", "letting go"])("is counted anew after %s", async (what) => {
    const world = await begunWorld()
    for (let round = 1; round < LAPSES_MAX; round++) await lapse(world)
    const task = await world.lease("live")
    if (what === "a page") await world.page(task, { next: "t1" })
    await world.settle(task, { kind: "release" })
    await lapse(world)
    expect(world.state().run?.state).toBe("reading")
  })
})
