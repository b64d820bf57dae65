import { describe, expect, it } from "vitest"
import type { SeenClass } from "../../../src/source/dedupe/packed-entries.ts"
import { BACKFILL_KEYS_MAX, WINDOW_KEYS_MAX } from "../../../src/source/dedupe/seen.ts"
import type { Task } from "../../../src/source/protocol/fetching.ts"
import { PROTOCOL } from "../../../src/source/protocol/source.ts"
import { KEYS_FULL } from "../../../src/source/reading/lease.ts"
import { WAKE_AGAIN_MAX_MS, WAKE_AGAIN_MS } from "../../../src/source/runs/plan.ts"
import { NO_CHANGES } from "../../../src/source/state/changes.ts"
import { rowsOfKeys } from "../../support/seen-store.ts"
import {
  DAY,
  fact,
  HOUR,
  LOOKBACK,
  MINUTE,
  person,
  START,
  sourceWorld,
  type World,
} from "../../support/source-world.ts"

async function read(): Promise<World> {
  const world = sourceWorld()
  await world.configure()
  await world.drain("live")
  await world.drain("backfill")
  world.wakes.length = 0
  return world
}

const liveRuns = async (world: World) => {
  const answer = await world.engine.runs({ limit: 100, cursor: null })
  return answer.ok ? answer.runs.filter(({ kind }) => kind === "live") : []
}

describe("the schedule", () => {
  it("three days without an alarm are made up for by one run", async () => {
    const world = await read()
    const before = (await liveRuns(world)).length
    world.advance(3 * DAY)
    await world.engine.alarm()
    await world.drain("live")
    expect(await liveRuns(world)).toHaveLength(before + 1)
    expect(world.state().nextRunAt).toBeGreaterThan(world.now())
  })

  it("runs every hour, start to start", async () => {
    const world = await read()
    const starts: number[] = []
    for (let hour = 0; hour < 5; hour++) {
      await world.until(world.state().nextRunAt ?? 0)
      starts.push(world.now())
      world.advance(7 * MINUTE)
      await world.drain("live")
    }
    expect(starts.slice(1).map((start, index) => start - (starts[index] ?? 0))).toEqual([HOUR, HOUR, HOUR, HOUR])
  })

  it("passes the time of a run that is still being read", async () => {
    const world = await read()
    await world.until(world.state().nextRunAt ?? 0)
    const task = await world.lease("live")
    const run = world.state().run?.id
    for (let page = 0; page < 40; page++) {
      world.advance(2 * MINUTE)
      await world.page(task, { next: `t${page}` })
    }
    expect(world.state().run?.id).toBe(run)
    expect(world.state().nextRunAt).toBeGreaterThan(world.now())
  })
})

describe("a wake-up", () => {
  it("without an answer is sent again after two minutes, doubling up to an hour", async () => {
    const world = await read()
    const due = world.state().nextRunAt ?? 0
    await world.until(due)
    const times: number[] = []
    for (let sent = world.wakes.length; times.length < 8; ) {
      await world.until(world.store.alarmAt ?? 0)
      if (world.wakes.length > sent) times.push(world.now() - due)
      sent = world.wakes.length
    }
    const gaps = times.map((time, index) => time - (times[index - 1] ?? 0))
    expect(gaps.slice(0, 5)).toEqual([1, 2, 4, 8, 16].map((times) => times * WAKE_AGAIN_MS))
    expect(Math.max(...gaps)).toBe(WAKE_AGAIN_MAX_MS)
  })

  it("that was answered is not sent again", async () => {
    const world = await read()
    await world.until(world.state().nextRunAt ?? 0)
    const task = await world.lease("live")
    for (let minute = 0; minute < 30; minute += 2) {
      await world.until(world.now() + 2 * MINUTE)
      await world.page(task, { next: `t${minute}` })
    }
    expect(world.wakes).toEqual(["fetch"])
  })

  it.each(["live", "backfill"] as const)(
    "answered by a %s consumer of another version does not follow at once",
    async (lane) => {
      const world = sourceWorld()
      await world.configure()
      const before = world.wakes.length
      const answer = await world.engine.lease({ lane, nonce: "n", protocol: PROTOCOL + 1 })
      expect(answer.kind).toBe("later")
      expect(world.wakes).toHaveLength(before)
      world.advance(MINUTE)
      await world.engine.alarm()
      expect(world.wakes).toHaveLength(before + 1)
    },
  )

  it("that cannot be sent is left to its deadline", async () => {
    const world = await read()
    const due = world.state().nextRunAt ?? 0
    const wakes = world.wakes
    Object.defineProperty(world, "wakes", {
      configurable: true,
      get: () => {
        throw new Error("the queue is down")
      },
    })
    await world.until(due)
    Object.defineProperty(world, "wakes", { value: wakes })
    expect(world.lines).toContain("source.wake_lost")
    await world.until(due + WAKE_AGAIN_MS)
    expect(wakes).toEqual(["fetch"])
  })
})

describe("while work is due an alarm is set", () => {
  it.each<[string, (world: World) => Promise<void>]>([
    ["a wake-up is out", async () => undefined],
    ["a lease is held", async (world) => void (await world.lease("live"))],
    [
      "the partner asked to wait",
      async (world) => {
        const until = world.now() + HOUR / 2
        await world.settle(await world.lease("live"), { kind: "limited", until, reason: "busy" })
      },
    ],
    [
      "a page failed",
      async (world) => {
        await world.settle(await world.lease("live"), { kind: "transient", reason: "500" })
      },
    ],
    ["items wait", async (world) => void (await world.page(await world.lease("live"), { items: [fact("a", START)] }))],
    [
      "a claim is held",
      async (world) => {
        await world.page(await world.lease("live"), { items: [fact("a", START)] })
        await world.claim()
      },
    ],
    [
      "the destination is down",
      async (world) => {
        await world.page(await world.lease("live"), { items: [fact("a", START)] })
        await world.report(await world.claim(), "later")
      },
    ],
    [
      "the destination rejects the key of a paused source",
      async (world) => {
        await world.page(await world.lease("live"), { items: [fact("a", START)] })
        await world.configure({ active: false })
        await world.report(await world.claim(), "rejected")
      },
    ],
  ])("%s", async (_title, arrange) => {
    const world = sourceWorld()
    await world.configure()
    await arrange(world)
    const alarm = world.store.alarmAt ?? Number.POSITIVE_INFINITY
    expect(alarm).toBeGreaterThan(world.now())
    expect(alarm).toBeLessThanOrEqual(world.now() + HOUR)
  })
})

describe("past the keys that there is room for", () => {
  /** So many items that a list brought, as the object reads them after an eviction; both lists go on. */
  async function filled(kind: SeenClass): Promise<{ world: World; people: Task }> {
    const world = sourceWorld()
    await world.configure()
    await world.drain("live")
    const people = [await world.lease("backfill"), await world.lease("backfill")].find(
      (task) => task.stream === "people",
    )
    if (!people) throw new Error("no list of people")
    await world.page(people, { items: [person("p", START)], edge: START, next: "t1" })
    await world.deliver()
    // A backfill's own are of its window; what else it read, only live reading may read again.
    const slice = world.state().backfills[0]?.slices.find(({ id }) => id === people.lease.slice)
    const window = kind === "backfill" ? (slice?.no ?? 0) : 0
    const keys = kind === "backfill" ? WINDOW_KEYS_MAX : BACKFILL_KEYS_MAX
    const entry = { version: START, content: "", announcedAt: START, window, by: "backfill" } as const
    const put = rowsOfKeys(keys + 1, kind, entry, world.state().ids.seen + 1)
    world.store.commit({ ...NO_CHANGES, seen: { put, remove: [] }, core: null, alarm: null })
    world.restart()
    return { world, people }
  }

  const initial = async (world: World) => (await world.view()).current.find(({ kind }) => kind === "initial")

  /** A run begun from here on raises the watermark above START: it stands the lookback below the second in which it is asked for. */
  const PASSED = START + LOOKBACK + 1_000

  it("backfills wait, and say for what and until when, and go on once one live run has raised the watermark", async () => {
    const { world, people } = await filled("live")
    await world.settle(people, { kind: "release" })
    expect(await world.refusedLease("backfill")).toMatchObject({ kind: "later", reason: KEYS_FULL })
    expect((await initial(world))?.waits).toEqual({ reason: KEYS_FULL, until: PASSED })
    const before = (await liveRuns(world)).length
    await world.until(PASSED - 1)
    expect(await liveRuns(world)).toHaveLength(before)
    await world.until(PASSED)
    expect((await initial(world))?.waits?.reason).toBe(KEYS_FULL)
    world.wakes.length = 0
    await world.drain("live")
    expect(await liveRuns(world)).toHaveLength(before + 1)
    expect(world.wakes).toContain("backfill")
    const streams = [(await world.lease("backfill")).stream, (await world.lease("backfill")).stream]
    expect(streams).toContain("people")
    expect((await initial(world))?.waits).toBeNull()
  })

  it("a live stream that fails beside them is tried on schedule only, and named as what they wait for", async () => {
    const { world } = await filled("live")
    await world.until(PASSED)
    await world.settle(await world.lease("live"), { kind: "fault", reason: "the feed is broken" })
    const before = (await liveRuns(world)).length
    const due = world.state().nextRunAt ?? 0
    await world.until(due - 1)
    expect(await liveRuns(world)).toHaveLength(before)
    const waits = { reason: `${KEYS_FULL} The last run failed: the feed is broken`, until: due }
    expect((await initial(world))?.waits).toEqual(waits)
  })

  it("of one second of a list, the backfill goes on: it keeps its part, and what it forgets is counted", async () => {
    const { world, people } = await filled("backfill")
    expect((await initial(world))?.waits).toBeNull()
    expect(await world.page(people, { items: [person("q", START)], edge: START, next: "t2" })).toBe("go")
    const { keys, current } = await world.view()
    expect(keys.kept).toBeLessThanOrEqual(WINDOW_KEYS_MAX + 2)
    expect(keys.forgotten).toBeGreaterThan(0)
    expect(current.find(({ kind }) => kind === "initial")?.forgotten).toBe(keys.forgotten)
    expect(world.state().forgotten).toBe(keys.forgotten)
  })
})
