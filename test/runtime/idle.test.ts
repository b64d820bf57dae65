/** What a sync costs that finds nothing new, or little: counted in the storage that the platform bills. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { expect, test } from "vitest"
import { ROW_ITEMS } from "../../src/source/delivery/outbox.ts"
import { createCharge } from "../sandbox/stripe/charges.ts"
import { advanceTo, HOUR, now } from "./kit/clock.ts"
import { isAtRest, look, settled, untilUnmoved } from "./kit/drive.ts"
import { PARTNERS } from "./kit/partners.ts"
import { countRows, type RowCount } from "./kit/rows.ts"
import { calls, received, type Source, stubOf } from "./kit/source.ts"
import { happen, stripe } from "./kit/stripe.ts"
import { openWorld } from "./kit/world.ts"

const world = openWorld()

const TITLE =
  "an idle live sync of %s is one partner call, five Durable Object rows at most, no D1 row and nothing forwarded"

test.each(PARTNERS.map((partner) => [partner.connector, partner] as const))(TITLE, async (connector, { connect }) => {
  const source = await connect(world, { name: `${connector}-idle`, history: "some" })
  await settled(world, source)
  // The first idle run still reads the last minutes of the initial sync again; the second is like all that follow.
  await scheduledRun(source)
  const calls = world.counters.calls()
  const items = received(world, source).length
  const d1 = await d1Changes()
  const rows = await countedFrom(source)
  await scheduledRun(source)
  expect(world.counters.calls() - calls).toBe(1)
  expect(world.counters.log.at(-1)).toMatchObject({ host: source.host })
  expect(rows.written()).toBeGreaterThan(0)
  expect(rows.written()).toBeLessThanOrEqual(5)
  expect((await d1Changes()) - d1).toBe(1)
  expect(received(world, source)).toHaveLength(items)
})

test("a run that finds one change is eight Durable Object rows at most, of which its item and its key are none", async () => {
  const source = await stripe.connect(world, { name: "stripe-change", history: "some" })
  await settled(world, source)
  await scheduledRun(source)
  const rows = await countedFrom(source)
  const items = received(world, source).length
  happen(source, (account) => createCharge(account, { amount: 1_000 }))
  await scheduledRun(source)
  expect(received(world, source)).toHaveLength(items + 1)
  expect(rows.written()).toBeGreaterThan(0)
  expect(rows.written()).toBeLessThanOrEqual(8)
})

test("the items of a first sync from pages of 100 are three outbox rows written a page at most", async () => {
  const rows = await countedFrom(await stripe.connect(world, { name: "stripe-before", history: null }))
  const source = await stripe.connect(world, { name: "stripe-first", history: "pages" })
  await settled(world, source)
  const written = rows.written("bundles")
  expect(written).toBeGreaterThan(0)
  expect(written).toBeLessThanOrEqual(3 * calls(world, source))
  // Each POST's items in a row of their own would be written and removed.
  expect(written).toBeLessThan((2 * received(world, source).length) / ROW_ITEMS)
})

/** Rows of every source from now on. */
function countedFrom(source: Source): Promise<RowCount> {
  return runInDurableObject(stubOf(source), (_, { storage }) => countRows(storage))
}

/** Without a look through the API, which reads D1. */
async function scheduledRun(source: Source): Promise<void> {
  const { state } = await look(source)
  advanceTo(state.nextRunAt ?? now() + HOUR)
  await runDurableObjectAlarm(stubOf(source))
  await untilUnmoved(source, (seen) => isAtRest(seen) && seen.state.ids.run > state.ids.run)
}

/**
 * SQLite's own count of rows changed since the database was opened. Every statement, be it this question, moves D1's bookmark by
 * one: a difference of one means that there was no other statement at all.
 */
async function d1Changes(): Promise<number> {
  return (await env.DB.prepare("SELECT total_changes() AS changes").first<number>("changes")) ?? Number.NaN
}
