/** Live lists whose records come oldest first: conversations of the desk. */
import { describe, expect, it } from "vitest"
import type { Outcome, Task } from "../../../src/source/protocol/fetching.ts"
import { PROTOCOL } from "../../../src/source/protocol/source.ts"
import { SHOWN_LATE_MS } from "../../../src/source/reading/live.ts"
import { ATTEMPTS_MAX } from "../../../src/source/reading/settlement.ts"
import { desk, deskWorld } from "../../support/partners/desk.ts"
import { choose, fact, HOUR, LOOKBACK, MINUTE, START, sourceWorld, type World } from "../../support/source-world.ts"

const closing = (key: string, time: number) => fact(key, time, { collection: "Closings" })

async function conversations(world: World): Promise<Task> {
  for (;;) {
    const task = await world.lease("live")
    if (task.stream === "conversations") return task
    await world.page(task)
  }
}

async function begun(): Promise<{ world: World; task: Task }> {
  const world = await deskWorld()
  return { world, task: await conversations(world) }
}

describe("an oldest-first window", () => {
  it("whose token is refused is read on upwards from its edge, and loses nothing above it", async () => {
    const { world, task } = await begun()
    const edge = START - 5 * MINUTE
    await world.page(task, { items: [closing("a", edge)], next: "t1" })
    await world.settle(task, { kind: "token_refused", reason: "Desk no longer knows where the last page ended." })
    const again = await conversations(world)
    expect(again).toMatchObject({ pageToken: null, window: { from: edge, to: null } })
    await world.page(again, { items: [closing("a", edge), closing("b", START)] })
    expect((await world.deliver()).map(({ key }) => key)).toEqual(["a", "b"])
  })

  it("keeps its watermark when it is narrowed: what was read of it is still known", async () => {
    const { world, task } = await begun()
    await world.page(task, { items: [closing("a", START - 9 * MINUTE), closing("b", START)], next: "t1" })
    await world.settle(task, { kind: "token_refused", reason: "gone" })
    await world.page(await conversations(world))
    world.advance(5 * MINUTE)
    await world.engine.syncNow()
    const next = await conversations(world)
    // Asked at START, so the next window goes back a lookback from there.
    expect(next.window.from).toBe(START - LOOKBACK)
    await world.page(next, { items: [closing("a", START - 9 * MINUTE), closing("b", START)] })
    expect((await world.deliver()).map(({ key }) => key)).toEqual(["a", "b"])
  })

  it("ends with the page that passes its bound: a list that grows while it is read has an end", async () => {
    const { world, task } = await begun()
    await world.page(task, { next: "t1", edge: START - MINUTE })
    world.advance(2 * MINUTE)
    expect(await world.page(task, { next: "t2", edge: START + SHOWN_LATE_MS })).toBe("stop")
    expect(world.state().live.conversations).toMatchObject({ cursor: START, slice: null })
  })

  it("cut after an outage ends where the next begins, though the list cannot be bounded above", async () => {
    const { world, task } = await begun()
    await world.page(task, { records: 400 })
    world.advance(72 * HOUR)
    await world.engine.alarm()
    const first = await conversations(world)
    const top = first.window.to ?? 0
    expect(top).toBeGreaterThan(START)
    expect(await world.page(first, { records: 48_000, next: "t1", edge: top - 1 })).toBe("go")
    expect(await world.page(first, { next: "t2", edge: top })).toBe("stop")
    expect(world.state().live.conversations).toMatchObject({ cursor: top, slice: { bottom: top - LOOKBACK } })
  })
})

describe("a window in no order", () => {
  const scroll = { ...desk, streams: desk.streams.map((one) => ({ ...one, order: "none" as const })) }

  async function scrolling(): Promise<World> {
    const world = sourceWorld(0, scroll)
    await world.configure({ collections: choose("Companies") })
    return world
  }

  it("whose token is refused is read again from its beginning", async () => {
    const world = await scrolling()
    const task = await world.lease("live")
    await world.page(task, { edge: START, next: "t1", digest: "d1" })
    await world.page(task, { edge: START - 9 * MINUTE, next: "t1", digest: "d2" })
    await world.settle(task, { kind: "token_refused", reason: "the scroll has expired" })
    expect(await world.lease("live")).toMatchObject({ pageToken: null, window: task.window })
  })

  it("that never comes to its end does not go on for ever: the run ends, and the next tries again", async () => {
    const world = await scrolling()
    for (let times = 0; times < ATTEMPTS_MAX; times++) {
      const task = await world.lease("live")
      await world.page(task, { edge: START, next: "t1", digest: "d1" })
      await world.page(task, { edge: START - MINUTE, next: "t1", digest: "d2" })
      await world.settle(task, { kind: "token_refused", reason: "the scroll has expired" })
    }
    expect((await world.view()).lastRun).toMatchObject({
      state: "failed",
      reason: "the scroll has expired. What was read is kept. The next run goes on from there.",
    })
  })

  it.each<[string, Outcome, number, boolean]>([
    ["whose answer broke off", { kind: "transient", reason: "Desk's answer broke off." }, 1, false],
    ["too large", { kind: "too_large", reason: "too much" }, 1, false],
    ["that its follow-up was refused for", { kind: "limited", until: START + 1, reason: "busy" }, 2, false],
    ["that the partner would not give yet", { kind: "limited", until: START + 1, reason: "busy" }, 1, true],
    ["never asked for, since the time was up", { kind: "release" }, 0, true],
  ])("kept by the partner, after a page %s", async (_title, outcome, calls, goesOn) => {
    const world = sourceWorld(0, {
      ...scroll,
      streams: scroll.streams.map((one) => ({ ...one, scroll: true as const })),
    })
    await world.configure({ collections: choose("Companies") })
    const task = await world.lease("live")
    await world.page(task, { edge: START, next: "t1", digest: "d1" })
    await world.engine.settle({ protocol: PROTOCOL, lease: task.lease, outcome, calls })
    await world.until(START + 5 * MINUTE)
    expect((await world.lease("live")).pageToken).toBe(goesOn ? "t1" : null)
  })

  it("kept by the partner begins anew where its reader was never heard of again", async () => {
    const world = sourceWorld(0, {
      ...scroll,
      streams: scroll.streams.map((one) => ({ ...one, scroll: true as const })),
    })
    await world.configure({ collections: choose("Companies") })
    await world.page(await world.lease("live"), { edge: START, next: "t1", digest: "d1" })
    await world.until(START + 5 * MINUTE)
    expect(await world.lease("live")).toMatchObject({ pageToken: null, page: 2 })
  })

  it("is not cut, however long the outage: each part would be all of it", async () => {
    const world = await scrolling()
    await world.page(await world.lease("live"), { records: 400 })
    await world.until(START + 72 * HOUR)
    expect((await world.lease("live")).window.to).toBeNull()
  })
})
