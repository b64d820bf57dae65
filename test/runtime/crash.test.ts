/** Consumers and Durable Objects that die in the middle of their work: it is done by others, whole and once. */
import { abortAllDurableObjects, evictDurableObject } from "cloudflare:test"
import { expect, test } from "vitest"
import { settled, until } from "./kit/drive.ts"
import { connect, expectEqual, type Source, stubOf, view } from "./kit/source.ts"
import { openWorld } from "./kit/world.ts"

const STRIPE = "api.stripe.com"
const INTEMPT = "api.intempt.com"
const world = openWorld()

const calls = (source: Source) => world.counters.calls({ host: STRIPE, account: source.project })

test("consumers killed while they read: leases run out, and the reading goes on from the last checkpoint", async () => {
  const source = await connect(world, { name: "readers" })
  for (const nth of [2, 5, 9]) world.kill(STRIPE, nth)
  await settled(world, source)
  expect(world.killed()).toBe(3)
  expectEqual(world, source)
  // Eleven pages make up the account; each kill costs the one that was under way.
  expect(calls(source)).toBeLessThanOrEqual(16)
})

test("consumers killed before their POST goes out: nothing repeats", async () => {
  const before = world.killed()
  const source = await connect(world, { name: "posters" })
  for (const nth of [1, 3, 4]) world.kill(INTEMPT, nth)
  await settled(world, source)
  expect(world.killed() - before).toBe(3)
  expectEqual(world, source)
})

test("a Durable Object evicted and torn down between and during its calls", async () => {
  const source = await connect(world, { name: "evicted" })
  for (let read = calls(source) + 1; read < 9; read = calls(source) + 2) {
    const isOver = await until(world, source, (seen) => calls(source) >= read || seen.state.passes.length === 0)
    if (isOver.state.passes.length === 0) break
    await (read % 2 ? abortAllDurableObjects() : evictDurableObject(stubOf(source)))
  }
  await settled(world, source)
  expectEqual(world, source)
  expect((await view(source)).live?.delivery.waiting).toBe(0)
})
