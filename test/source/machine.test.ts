import { describe, expect, it } from "vitest"
import { HOUR, START, sourceWorld } from "../support/source-world.ts"

describe("an idle run", () => {
  it("costs one alarm turn, one lease and one checkpoint, five rows in all, and one wake-up", async () => {
    const world = sourceWorld()
    await world.configure()
    await world.drain("live")
    await world.drain("backfill")
    const due = world.state().nextRunAt ?? 0
    expect(due).toBeGreaterThan(START)
    expect(world.store.alarmAt).toBe(due)
    world.store.written.length = 0
    world.wakes.length = 0
    await world.until(due)
    const task = await world.lease("live")
    await world.page(task)
    const { written } = world.store
    expect(written.map(({ core, rows }) => [core, rows])).toEqual([
      [true, 0],
      [true, 0],
      [true, 0],
    ])
    expect(written.filter(({ alarm }) => alarm)).toHaveLength(2)
    expect(world.wakes).toEqual(["fetch"])
    expect(world.store.alarmAt).toBe(due + HOUR)
    expect((await world.view()).lastRun).toMatchObject({ kind: "live", state: "succeeded" })
    expect(world.store.written).toHaveLength(3)
  })
})
