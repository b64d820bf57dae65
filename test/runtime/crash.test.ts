/** Consumers and Durable Objects that die in the middle of their work: it is done by others, whole and once. */
import { abortAllDurableObjects, evictDurableObject } from "cloudflare:test"
import { describe, expect, test } from "vitest"
import { settled, until } from "./kit/drive.ts"
import { PARTNERS } from "./kit/partners.ts"
import { calls, expectEqual, stubOf, view } from "./kit/source.ts"
import { openWorld } from "./kit/world.ts"

const INTEMPT = "api.intempt.com"
const world = openWorld()

describe.each(PARTNERS)("while $connector is read", ({ connector, connect, callsAtMost }) => {
  const named = (name: string) => `${connector}-${name}`

  test("consumers killed while they read: leases run out, and the reading goes on from the last checkpoint", async () => {
    const before = world.killed()
    const source = await connect(world, { name: named("readers") })
    for (const nth of [2, 5, 9]) world.kill(source.host, nth)
    await settled(world, source)
    expect(world.killed() - before).toBe(3)
    expectEqual(world, source)
    expect(calls(world, source)).toBeLessThanOrEqual(callsAtMost)
  })

  test("consumers killed before their POST goes out: nothing repeats", async () => {
    const before = world.killed()
    const source = await connect(world, { name: named("posters"), history: "some" })
    for (const nth of [1, 3, 4]) world.kill(INTEMPT, nth)
    await settled(world, source)
    expect(world.killed() - before).toBe(3)
    expectEqual(world, source)
  })

  test("a Durable Object evicted and torn down between and during its calls", async () => {
    const source = await connect(world, { name: named("evicted") })
    for (let read = calls(world, source) + 1; read < 9; read = calls(world, source) + 2) {
      const isOver = await until(
        world,
        source,
        (seen) => calls(world, source) >= read || seen.state.backfills.length === 0,
      )
      if (isOver.state.backfills.length === 0) break
      await (read % 2 ? abortAllDurableObjects() : evictDurableObject(stubOf(source)))
    }
    await settled(world, source)
    expectEqual(world, source)
    expect((await view(source)).live?.delivery.waiting).toBe(0)
  })
})
