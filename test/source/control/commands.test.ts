import { describe, expect, it } from "vitest"
import { AUTH_CONFIRM_MS } from "../../../src/source/credentials/checking.ts"
import { choose, HOUR, MINUTE, readWorld, START, sourceWorld } from "../../support/source-world.ts"

describe("configuring", () => {
  it("starts a live run and an initial backfill, and sets an alarm", async () => {
    const world = sourceWorld()
    const view = await world.configure()
    expect(view).toMatchObject({ status: "syncing", configVersion: 1, error: null })
    expect(view.current.map(({ kind }) => kind)).toEqual(["live", "initial"])
    expect(world.wakes).toEqual(["fetch", "backfill"])
    expect(world.store.alarmAt).not.toBeNull()
  })

  it("a paused source starts nothing until it is resumed", async () => {
    const world = sourceWorld()
    expect(await world.configure({ active: false })).toMatchObject({ status: "paused", nextRunAt: null })
    expect(world.wakes).toEqual([])
    await world.configure({ active: true })
    expect(world.wakes).toEqual(["fetch", "backfill"])
  })

  it.each([
    ["an older version", -1],
    ["the same version", 0],
  ])("with %s changes nothing and writes nothing", async (_title, ahead) => {
    const world = await readWorld()
    await world.configure({ intervalHours: 2 })
    const before = world.store.core()
    const writes = world.store.written.length
    const stale = { ...world.state().configuration, version: 2 + ahead, intervalHours: 24, collections: [] }
    await world.engine.configure(stale)
    expect(world.store.core()).toBe(before)
    expect(world.store.written).toHaveLength(writes)
  })

  it("with another interval plans the next run anew", async () => {
    const world = await readWorld()
    const view = await world.configure({ intervalHours: 24 })
    expect(view.nextRunAt).toBe(world.store.alarmAt)
    expect((view.nextRunAt ?? 0) - START).toBeLessThanOrEqual(24 * HOUR)
  })

  it("re-arms an alarm that the platform lost", async () => {
    const world = await readWorld()
    const due = world.store.alarmAt
    world.store.alarmAt = null
    world.advance(2 * HOUR)
    await world.engine.configure(world.state().configuration)
    expect(world.store.alarmAt).toBeGreaterThan(due ?? 0)
    expect(world.wakes.at(-1)).toBe("fetch")
  })
})

describe("Sync now", () => {
  it.each([
    [59_999, { ok: false, code: "too_soon", retryAfterSeconds: 1 }],
    [60_000, { ok: true }],
  ])("again after %i ms", async (passed, expected) => {
    const world = await readWorld()
    expect(await world.engine.syncNow()).toMatchObject({ ok: true })
    await world.drain("live")
    world.advance(passed)
    expect(await world.engine.syncNow()).toMatchObject(expected)
  })

  it("while a run is being read is refused with that run", async () => {
    const world = sourceWorld()
    const view = await world.configure()
    expect(await world.engine.syncNow()).toMatchObject({ code: "run_in_progress", run: view.current[0]?.id })
  })

  it("beside a backfill and while items wait is carried out", async () => {
    const world = sourceWorld()
    await world.configure()
    await world.drain("live")
    expect(await world.engine.syncNow()).toMatchObject({ ok: true })
    expect((await world.view()).current.map(({ kind, trigger }) => [kind, trigger])).toContainEqual(["live", "manual"])
  })

  it("does not move the schedule", async () => {
    const world = await readWorld()
    const due = world.state().nextRunAt
    world.advance(MINUTE)
    await world.engine.syncNow()
    expect(world.state().nextRunAt).toBe(due)
  })

  it("is refused while paused, saying so", async () => {
    const world = await readWorld()
    await world.configure({ active: false })
    expect(await world.engine.syncNow()).toMatchObject({ ok: false, code: "paused" })
  })

  it("is refused in error, saying what to do", async () => {
    const world = sourceWorld()
    await world.configure()
    const refused = { kind: "auth", reason: "no such key", credentialVersion: 1 } as const
    await world.settle(await world.lease("live"), refused)
    world.advance(AUTH_CONFIRM_MS)
    await world.settle(await world.lease("live"), refused)
    const answer = await world.engine.syncNow()
    expect(answer).toMatchObject({ ok: false, code: "source_error" })
    expect(answer.ok ? "" : answer.message).toMatch(/Reconnect/)
  })
})

describe("pause", () => {
  it("ends reading with the next page, which is kept, and lets the outbox drain", async () => {
    const world = sourceWorld()
    await world.configure()
    const task = await world.lease("live")
    await world.configure({ active: false })
    expect(await world.page(task, { next: "t1" })).toBe("stop")
    expect((await world.refusedLease("live")).kind).toBe("idle")
    expect(world.state().live.feed?.slice?.pageToken).toBe("t1")
    await world.until(START + 3 * HOUR)
    expect((await world.view()).status).toBe("paused")
    await world.configure({ active: true })
    expect((await world.lease("live")).pageToken).toBe("t1")
  })
})

describe("a source without collections", () => {
  it("runs without anything to read, and syncs again when one is chosen", async () => {
    const world = sourceWorld()
    await world.configure({ collections: [] })
    expect((await world.view()).lastRun).toMatchObject({ kind: "live", state: "succeeded" })
    await world.until(START + 2 * HOUR)
    await world.configure({ collections: choose("Orders") })
    await world.until((await world.view()).nextRunAt ?? 0)
    expect((await world.lease("live")).collections).toEqual(choose("Orders"))
  })
})
