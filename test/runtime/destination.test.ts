/** A destination that takes nothing for weeks: what was read waits, and is not read again. */
import { runDurableObjectAlarm } from "cloudflare:test"
import { expect, test } from "vitest"
import { ORG } from "../support/api.ts"
import { advance, DAY, HOUR } from "./kit/clock.ts"
import { type Seen, settled, until } from "./kit/drive.ts"
import { expectEqual, received, stubOf, view } from "./kit/source.ts"
import { pagesReadTwice, stripe } from "./kit/stripe.ts"
import { openWorld } from "./kit/world.ts"

const world = openWorld()
const STEP = 12 * HOUR

const isRead = ({ state }: Seen) => state.run === null && state.backfills.length === 0 && state.claim === null

test("our key is rejected for 20 days, then taken: everything arrives, and no page was asked for twice", async () => {
  // The first request is the test of the key as it is set.
  const fault = world.faults.on({ name: "reject_key", account: `${ORG}/outage`, after: 1 })
  const source = await stripe.connect(world, { name: "outage", sync: { intervalHours: 12 } })
  for (let passed = 0; passed < 20 * DAY; passed += STEP) {
    await until(world, source, isRead)
    source.business.evolve(2)
    advance(STEP)
    await runDurableObjectAlarm(stubOf(source))
  }
  await until(world, source, isRead)
  expect(received(world, source)).toEqual([])
  expect((await view(source)).live?.delivery).toMatchObject({ state: "paused", reason: expect.stringContaining("key") })

  world.faults.off(fault)
  await settled(world, source)
  expectEqual(world, source)
  expect(pagesReadTwice(world, source)).toEqual([])
}, 60_000)
