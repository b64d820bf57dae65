import { describe, expect, it } from "vitest"
import type { Task } from "../../../src/source/protocol/fetching.ts"
import type { ForwardTask } from "../../../src/source/protocol/forwarding.ts"
import { PROTOCOL } from "../../../src/source/protocol/source.ts"
import { STATE_SCHEMA, StateError } from "../../../src/source/state/stored.ts"
import {
  configurationOf,
  DAY,
  fact,
  HOUR,
  MINUTE,
  readWorld,
  START,
  START_DATE,
  sourceWorld,
  type World,
} from "../../support/source-world.ts"

const lost = {
  protocol: PROTOCOL,
  lease: { slice: "live:feed", number: 1 },
  outcome: { kind: "release" as const },
  calls: 0,
}
const empty = {
  protocol: PROTOCOL,
  records: 0,
  items: [],
  rejects: [],
  pending: [],
  closed: [],
  completed: [],
  edge: null,
  next: null,
  calls: 0,
}

describe("an idle run", () => {
  it("costs one alarm, one lease and one checkpoint, five rows in all, and one wake-up", async () => {
    const world = await readWorld()
    const due = world.state().nextRunAt ?? 0
    expect(world.store.alarmAt).toBe(due)
    world.store.written.length = 0
    world.wakes.length = 0
    await world.until(due)
    await world.page(await world.lease("live"))
    const { written } = world.store
    expect(written.map(({ core, rows }) => [core, rows])).toEqual(Array.from({ length: 3 }, () => [true, 0]))
    expect(written.reduce((sum, { alarm }) => sum + (alarm ? 2 : 1), 0)).toBe(5)
    expect(world.wakes).toEqual(["fetch"])
    expect(world.store.alarmAt).toBe(due + HOUR)
    expect((await world.view()).lastRun).toMatchObject({ kind: "live", state: "succeeded" })
    expect(world.store.written).toHaveLength(3)
    expect(world.published).toEqual([])
  })

  it("that reads the overlap again writes no more and sends nothing", async () => {
    const world = await readWorld()
    await world.until(world.state().nextRunAt ?? 0)
    const again = fact("a", world.now())
    await world.page(await world.lease("live"), { items: [again] })
    await world.deliver()
    await world.until(world.state().nextRunAt ?? 0)
    world.store.written.length = 0
    await world.page(await world.lease("live"), { items: [again] })
    expect(world.store.written.every(({ rows }) => rows === 0)).toBe(true)
    expect(await world.deliver()).toEqual([])
  })
})

describe("a page with items", () => {
  it("is one commit of few rows, whatever it holds: the core, a row of the outbox for each fifty, one of `seen`", async () => {
    const world = sourceWorld()
    await world.configure()
    const task = await world.lease("live")
    world.store.written.length = 0
    await world.page(task, { items: Array.from({ length: 100 }, (_, index) => fact(`k${index}`, START)), next: "t1" })
    expect(world.store.written).toEqual([{ core: true, alarm: false, rows: 3 }])
  })
})

describe("an object without a source", () => {
  const asks: [string, (world: World) => Promise<unknown>, unknown][] = [
    ["view", (world) => world.engine.view(), { ok: false, code: "gone" }],
    ["syncNow", (world) => world.engine.syncNow(), { ok: false, code: "gone" }],
    ["runs", (world) => world.engine.runs({ limit: 1, cursor: null }), { ok: false, code: "gone" }],
    ["run", (world) => world.engine.run("run_00000001"), { ok: false, code: "gone" }],
    ["resync", (world) => world.engine.resync("Orders", null), { ok: false, code: "gone" }],
    ["quarantine", (world) => world.engine.quarantine({ limit: 1, cursor: null }), { ok: false, code: "gone" }],
    ["replay", (world) => world.engine.replay("all"), { ok: false, code: "gone" }],
    ["discard", (world) => world.engine.discard(1), { ok: false, code: "gone" }],
    ["lease", (world) => world.engine.lease({ lane: "live", nonce: "n", protocol: PROTOCOL }), { kind: "gone" }],
    [
      "checkpoint",
      (world) => world.engine.checkpoint({ ...empty, lease: lost.lease, page: 0, asked: START, spreadMs: 0, ageMs: 0 }),
      { kind: "stale" },
    ],
    ["settle", (world) => world.engine.settle(lost), undefined],
    [
      "credential",
      (world) => world.engine.credential({ protocol: PROTOCOL, lease: lost.lease, failedVersion: 0 }),
      null,
    ],
    ["claim", (world) => world.engine.claim({ nonce: "n", protocol: PROTOCOL }), { kind: "gone" }],
    [
      "report",
      (world) => world.engine.report({ protocol: PROTOCOL, number: 1, destinationVersion: 1, results: [], done: true }),
      { kind: "stop" },
    ],
    ["alarm", (world) => world.engine.alarm(), undefined],
  ]

  const matching = (expected: unknown) =>
    typeof expected === "object" && expected ? expect.objectContaining(expected) : expected

  it.each(asks)("asked for %s writes nothing", async (_name, ask, expected) => {
    const world = sourceWorld()
    expect(await ask(world)).toEqual(matching(expected))
    expect([world.store.core(), world.store.written, world.wakes]).toEqual([null, [], []])
  })

  it.each(asks)("that was erased answers %s alike, and writes nothing", async (_name, ask, expected) => {
    const world = await readWorld()
    await world.engine.erase()
    const tombstone = world.store.core()
    world.store.written.length = 0
    world.wakes.length = 0
    expect(await ask(world)).toEqual(matching(expected))
    expect([world.store.core(), world.store.written, world.wakes]).toEqual([tombstone, [], []])
  })
})

describe("erasing", () => {
  it("leaves a tombstone and nothing of anybody, and may be repeated", async () => {
    const world = await readWorld()
    await world.engine.syncNow()
    const reject = { collection: "Orders", key: "bad", reason: "no person", record: { email: "ada@example.com" } }
    await world.page(await world.lease("live"), {
      items: [fact("a", START)],
      rejects: [reject],
      pending: [{ collection: "Orders", key: "o", time: START }],
    })
    expect(world.store.rows()).toBeGreaterThan(3)
    expect(await world.engine.erase()).toMatchObject({ ok: true, bookmark: { startDate: START_DATE } })
    await world.engine.bookmarkKept()
    expect(await world.engine.erase()).toEqual({ ok: true })
    expect([world.store.rows(), world.store.alarmAt]).toEqual([0, null])
    expect(JSON.parse(world.store.core() ?? "")).toEqual({ schema: STATE_SCHEMA, erased: true })
  })

  it("is for good: configuring afterwards answers gone, after a restart too", async () => {
    const world = await readWorld()
    await world.engine.erase()
    for (const again of [() => undefined, () => world.restart()]) {
      again()
      expect(await world.engine.configure(configurationOf({ version: 9 }))).toMatchObject({ ok: false, code: "gone" })
    }
    expect(world.store.rows()).toBe(0)
  })

  it("before it was ever configured keeps a late configuration from bringing it to life", async () => {
    const world = sourceWorld()
    await world.engine.erase()
    expect(await world.engine.configure(configurationOf())).toMatchObject({ ok: false, code: "gone" })
  })
})

describe("an engine that was evicted", () => {
  it("goes on from the last commit as if nothing had happened", async () => {
    const [kept, evicted] = [sourceWorld(), sourceWorld()]
    for (const world of [kept, evicted]) {
      const step = async (act: () => Promise<unknown>) => {
        if (world === evicted) world.restart()
        await act()
      }
      await step(() => world.configure())
      const task = await world.lease("live")
      await step(() => world.page(task, { items: [fact("a", START), fact("b", START)], next: "t1" }))
      await step(() => world.page(task, { items: [fact("b", START), fact("c", START)] }))
      await step(() => world.drain("backfill"))
      const claim = await world.claim()
      await step(() => world.report(claim, "delivered"))
      await step(() => world.until(START + 5 * HOUR))
      await step(() => world.drain("live"))
    }
    expect(evicted.state()).toEqual(kept.state())
    expect(evicted.store.seen()).toEqual(kept.store.seen())
  })
})

describe("a decision that throws", () => {
  /** The store fails from now on until it is mended. */
  function broken(world: World): () => void {
    const { outboxItems, commit } = world.store
    world.store.outboxItems = () => {
      throw new Error("the disk is gone")
    }
    return () => Object.assign(world.store, { outboxItems, commit })
  }

  it("changes nothing, and is carried out when asked again", async () => {
    const world = await readWorld()
    await world.engine.syncNow()
    await world.page(await world.lease("live"), { items: [fact("a", START)] })
    const before = world.store.core()
    const mend = broken(world)
    await expect(world.claim()).rejects.toThrow("the disk is gone")
    expect(world.store.core()).toBe(before)
    mend()
    expect((await world.claim()).rows).toHaveLength(1)
  })

  it("does not escape the alarm: it is looked at again in 5 minutes, doubling up to an hour", async () => {
    const world = await readWorld()
    const core = world.state()
    world.store.commit({
      ...changes(),
      core: JSON.stringify({ ...core, configuration: { ...core.configuration, connector: "gone" } }),
    })
    world.restart()
    const waits: number[] = []
    for (let times = 0; times < 6; times++) {
      world.store.alarmAt = null
      await world.engine.alarm()
      waits.push((world.store.alarmAt ?? 0) - world.now())
      world.advance(waits.at(-1) ?? 0)
    }
    expect(waits.map((wait) => wait / MINUTE)).toEqual([5, 10, 20, 40, 60, 60])
    expect(world.lines).toContain("source.trouble")
    const healed = world.state()
    world.store.commit({
      ...changes(),
      core: JSON.stringify({ ...healed, configuration: { ...healed.configuration, connector: "shop" } }),
    })
    world.restart()
    await world.engine.alarm()
    expect(world.state()).toMatchObject({ trouble: 0 })
    expect(world.wakes.at(-1)).toBe("fetch")
  })

  it("that fails leaves an earlier alarm of the last commit as it is", async () => {
    const world = await readWorld()
    const soon = world.now() + 60_000
    const broken = { ...world.state().configuration, connector: "gone" }
    world.store.commit({
      ...changes(),
      core: JSON.stringify({ ...world.state(), configuration: broken, alarmAt: soon }),
      alarm: soon,
    })
    world.restart()
    await world.engine.alarm()
    expect(world.lines).toContain("source.trouble")
    expect(world.store.alarmAt).toBe(soon)
  })

  it("of a state that cannot be read is set again, and nothing is written", async () => {
    const world = await readWorld()
    world.store.commit({ ...changes(), core: "{" })
    world.restart()
    world.store.written.length = 0
    await world.engine.alarm()
    expect(world.store.written).toEqual([{ core: false, alarm: true, rows: 0 }])
    expect([world.lines.at(-1), world.store.core()]).toEqual(["source.trouble", "{"])
  })
})

describe("a state that is newer than the code", () => {
  const newer = async () => {
    const world = await readWorld()
    await world.engine.syncNow()
    const task = await world.lease("live")
    await world.page(task, { items: [fact("a", START)], next: "t1" })
    const claim = await world.claim()
    world.store.commit({ ...changes(), core: JSON.stringify({ ...world.state(), schema: STATE_SCHEMA + 1, novel: 1 }) })
    world.restart()
    world.store.written.length = 0
    world.wakes.length = 0
    return { world, task, claim, text: world.store.core(), rows: world.store.rows() }
  }

  it("is left as it is by an alarm, which is set again", async () => {
    const { world, text } = await newer()
    for (let times = 0; times < 3; times++) {
      world.store.alarmAt = null
      await world.engine.alarm()
      expect((world.store.alarmAt ?? 0) - world.now()).toBe(5 * MINUTE)
    }
    expect(world.store.written).toEqual(Array.from({ length: 3 }, () => ({ core: false, alarm: true, rows: 0 })))
    expect([world.lines.at(-1), world.store.core()]).toEqual(["source.trouble", text])
  })

  it("is told to operators once an hour", async () => {
    const { world } = await newer()
    world.store.alarmAt = world.now() + MINUTE
    await world.until(START + 3 * HOUR - MINUTE)
    expect(world.lines.filter((line) => line === "operator.alert")).toHaveLength(3)
  })

  const asks: [string, (world: World, task: Task, claim: ForwardTask) => Promise<unknown>][] = [
    ["configure", (world) => world.configure({ intervalHours: 2 })],
    ["view", (world) => world.engine.view()],
    ["syncNow", (world) => world.engine.syncNow()],
    ["resync", (world) => world.engine.resync("Orders", null)],
    ["replay", (world) => world.engine.replay("all")],
    ["discard", (world) => world.engine.discard(1)],
    ["erase", (world) => world.engine.erase(true)],
    ["lease", (world) => world.lease("backfill")],
    ["checkpoint", (world, task) => world.page(task)],
    ["settle", (world, task) => world.settle(task, { kind: "release" })],
    ["credential", (world, { lease }) => world.engine.credential({ protocol: PROTOCOL, lease, failedVersion: 0 })],
    ["claim", (world) => world.claim()],
    ["report", (world, _task, claim) => world.report(claim, "delivered")],
  ]

  it.each(asks)("is left as it is by %s", async (_name, ask) => {
    const { world, task, claim, text, rows } = await newer()
    await expect(ask(world, task, claim)).rejects.toThrow(StateError)
    expect([world.store.core(), world.store.rows(), world.store.written, world.wakes]).toEqual([text, rows, [], []])
  })
})

const changes = () => ({
  core: null,
  alarm: null,
  outbox: { insert: [], remove: [], update: [] },
  seen: { put: [], remove: [] },
  pending: { put: [], remove: [] },
  quarantine: { put: [], remove: [] },
  runs: { put: [], remove: [] },
})

describe("a month of hourly runs", () => {
  it("leaves a source as small as it was", async () => {
    const world = await readWorld()
    for (let hour = 0; hour < 30 * 24; hour++) {
      await world.until(world.state().nextRunAt ?? 0)
      await world.page(await world.lease("live"), { items: [fact(`k${hour}`, world.now())] })
      await world.deliver()
      if (hour % 24 === 0) world.restart()
    }
    expect(world.now()).toBeGreaterThan(START + 29 * DAY)
    expect(world.store.rows()).toBeLessThan(110)
    expect((world.store.core() ?? "").length).toBeLessThan(20_000)
    const sizes = [...world.store.seen()].map(({ body }) => (body as ArrayBuffer).byteLength)
    expect(sizes.length).toBeGreaterThan(0)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(100_000)
  })
})

describe("a secret that cannot be opened", () => {
  it("of the partner ends the run with that reason, and not as a hang", async () => {
    const world = sourceWorld()
    await world.configure({ credential: "foreign" })
    expect(await world.refusedLease("live")).toMatchObject({ kind: "later" })
    const last = await world.engine.runs({ limit: 10, cursor: null })
    const live = last.ok && last.runs.find(({ kind }) => kind === "live")
    expect(live).toMatchObject({
      state: "failed",
      reason: expect.stringMatching(/^The stored credentials cannot be opened/),
    })
  })

  it("of the destination pauses delivery with that reason, and counts nothing as sent", async () => {
    const world = await readWorld()
    await world.engine.syncNow()
    await world.page(await world.lease("live"), { items: [fact("a", START)] })
    const destination = { org: "o", project: "p", sourceId: "1", key: "foreign", owner: "" }
    await world.configure({ destination, destinationVersion: 2 })
    await expect(world.claim()).rejects.toThrow(/no claim/)
    expect((await world.view()).delivery).toMatchObject({ state: "paused", waiting: 1, maybeRepeated: 0 })
    await world.configure({ destination: { ...destination, key: "sealed:dest_2" }, destinationVersion: 3 })
    expect(await world.deliver()).toHaveLength(1)
    expect((await world.view()).delivery).toMatchObject({ state: "ok", maybeRepeated: 0 })
  })
})
