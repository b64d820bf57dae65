/** What the destination received equals what the account holds: compared field by field, nothing missing, nothing twice. */
import { describe, expect, test } from "vitest"
import { advance, MINUTE } from "./kit/clock.ts"
import { nextRun, settled, sync } from "./kit/drive.ts"
import { PARTNERS } from "./kit/partners.ts"
import { calls, expectEqual } from "./kit/source.ts"
import { openWorld } from "./kit/world.ts"

const world = openWorld()

describe.each(PARTNERS)("an account at $connector", ({ connector, connect }) => {
  const named = (name: string) => `${connector}-${name}`

  test("changes between syncs arrive with the next one, and nothing else", async () => {
    const source = await connect(world, { name: named("changes"), history: "some" })
    await settled(world, source)
    expectEqual(world, source)
    for (let round = 0; round < 4; round++) {
      advance(MINUTE)
      source.business.evolve(40)
      await sync(world, source)
      expectEqual(world, source)
    }
  })

  test("records created, changed and deleted between the pages of a running sync", async () => {
    const source = await connect(world, { name: named("between") })
    const { evolve, between } = source.business
    for (let afterRequests = 1; afterRequests <= 12; afterRequests++) between(afterRequests, () => evolve(3))
    await settled(world, source)
    expect(calls(world, source)).toBeGreaterThanOrEqual(8)
    // What happened right after the last page is told by the next sync, and what happens right after that one's by the next.
    await sync(world, source)
    await sync(world, source)
    expectEqual(world, source)
  })

  test("what becomes visible only minutes after its time", async () => {
    const source = await connect(world, { name: named("late"), history: "some" })
    await settled(world, source)
    const fault = world.faults.on({ name: "slow_visibility", account: source.project, options: { seconds: 240 } })
    for (let round = 0; round < 5; round++) {
      advance(MINUTE)
      source.business.evolve(20)
      await sync(world, source)
    }
    world.faults.off(fault)
    advance(5 * MINUTE)
    await sync(world, source)
    expectEqual(world, source)
  })

  test("a month of business, read day by day", async () => {
    const source = await connect(world, {
      name: named("month"),
      history: "some",
      autopilot: true,
      sync: { intervalHours: 24 },
    })
    await settled(world, source)
    for (let day = 0; day < 31; day++) {
      source.business.evolve(5)
      await nextRun(world, source)
    }
    await sync(world, source)
    expectEqual(world, source)
  })
})
