/** The schedule under a clock that is moved: intervals, outages, start dates, Sync now, a partner that hangs. */
import { runDurableObjectAlarm } from "cloudflare:test"
import { expect, test } from "vitest"
import type { PublicSource } from "../../src/api/views.ts"
import { dayOf } from "../../src/lib/time.ts"
import type { RunView } from "../../src/source/protocol/views.ts"
import { json, problem } from "../support/api.ts"
import { advance, advanceTo, DAY, HOUR, MINUTE, now, SECOND } from "./kit/clock.ts"
import { look, nextRun, settled, until } from "./kit/drive.ts"
import { ask, differences, expectEqual, type Source, stubOf } from "./kit/source.ts"
import { stripe } from "./kit/stripe.ts"
import { openWorld } from "./kit/world.ts"

const world = openWorld()

const putSync = (source: Source, body: unknown) => json<PublicSource>(ask(source, "PUT", "/sync", body))
const latestRun = async (source: Source) => (await runs(source))[0]

async function runs(source: Source): Promise<RunView[]> {
  return (await json<{ data: RunView[] }>(ask(source, "GET", "/runs?limit=50"))).data
}

test("an interval changed from one hour to six plans anew, and the runs follow it without drift", async () => {
  const source = await stripe.connect(world, { name: "interval", history: null })
  await settled(world, source)
  await putSync(source, { intervalHours: 6 })
  const { state } = await look(source)
  const planned = state.nextRunAt ?? 0
  expect(planned - now()).toBeGreaterThan(0)
  expect(planned - now()).toBeLessThanOrEqual(6 * HOUR)
  for (let run = 0; run < 3; run++) {
    expect((await look(source)).state.nextRunAt).toBe(planned + run * 6 * HOUR)
    await nextRun(world, source)
    expect((await latestRun(source))?.startedAt).toBeGreaterThanOrEqual(planned + run * 6 * HOUR)
  }
})

test("three days in which nothing ran are made up for by one run", async () => {
  const source = await stripe.connect(world, { name: "outage" })
  await settled(world, source)
  const before = await runs(source)
  for (let day = 0; day < 3; day++) {
    source.business.evolve(20)
    advance(DAY)
  }
  await runDurableObjectAlarm(stubOf(source))
  await settled(world, source)
  const after = await runs(source)
  expect(after.length - before.length).toBe(1)
  expect(after[0]).toMatchObject({ kind: "live", trigger: "schedule", state: "succeeded" })
  expectEqual(world, source)
  expect(((await look(source)).state.nextRunAt ?? 0) - now()).toBeLessThanOrEqual(HOUR)
})

test("a start date moved from 30 to 90 days back reads the 60 days between, and nothing again", async () => {
  const startDate = dayOf(now() - 30 * DAY)
  const source = await stripe.connect(world, { name: "earlier", sync: { startDate } })
  await settled(world, source)
  expectEqual(world, source)
  const calls = world.counters.log.length
  const moved = dayOf(now() - 90 * DAY)
  await putSync(source, { startDate: moved })
  await settled(world, source)
  expect(differences(world, source, Date.parse(moved))).toEqual([])
  const asked = world.counters.log.slice(calls).filter(({ host }) => host === "api.stripe.com")
  const tops = asked.map(({ query }) => 1000 * Number(new URLSearchParams(query).get("created[lt]")))
  expect(tops.length).toBeGreaterThan(0)
  expect(tops.every((top) => top <= Date.parse(startDate))).toBe(true)
  expect(asked.some(({ path }) => path === "/v1/customers")).toBe(false)
  expect(await latestRun(source)).toMatchObject({ kind: "earlier", state: "succeeded" })
})

test("a second Sync now is refused for a minute, with the seconds that are left, and then taken", async () => {
  const source = await stripe.connect(world, { name: "button", history: null, sync: { intervalHours: 24 } })
  await settled(world, source)
  await json(ask(source, "POST", "/sync"), 202)
  await settled(world, source)
  const pressedAt = (await look(source)).state.lastSyncNowAt ?? 0
  advanceTo(pressedAt + 45 * SECOND)
  const refused = await problem(ask(source, "POST", "/sync"))
  expect(refused).toMatchObject({ status: 429, code: "too_soon" })
  expect(Number(refused.headers.get("retry-after"))).toBe(refused.retryAfterSeconds)
  expect(refused.retryAfterSeconds).toBeGreaterThanOrEqual(10)
  expect(refused.retryAfterSeconds).toBeLessThanOrEqual(15)
  advanceTo(pressedAt + MINUTE)
  await json(ask(source, "POST", "/sync"), 202)
})

test("a partner that hangs: the run is given up and reported, and the next scheduled one works", async () => {
  const source = await stripe.connect(world, { name: "hang" })
  await settled(world, source)
  source.business.evolve(10)
  const fault = world.faults.on({ name: "hang", account: "hang" })
  const failed = await failedRun(source)
  expect(failed).toMatchObject({
    kind: "live",
    state: "failed",
    reason: "Stripe did not answer in time. What was read is kept. The next run goes on from there.",
  })
  world.faults.off(fault)
  await nextRun(world, source)
  expect(await latestRun(source)).toMatchObject({ state: "succeeded" })
  expectEqual(world, source)
})

test("consumers that hang themselves: the run is given up after five leases, and the next one works", async () => {
  const source = await stripe.connect(world, { name: "stuck" })
  await settled(world, source)
  source.business.evolve(10)
  for (let lease = 1; lease <= 5; lease++) world.kill("api.stripe.com", lease)
  expect((await failedRun(source)).reason).toContain("hung")
  await nextRun(world, source)
  expect(await latestRun(source)).toMatchObject({ state: "succeeded" })
  expectEqual(world, source)
})

test("an unchanged start date is accepted for ever, however old it has grown", async () => {
  const source = await stripe.connect(world, { name: "old", history: null, sync: { intervalHours: 24 } })
  await settled(world, source)
  advance(400 * DAY)
  const startDate = dayOf(source.startDate)
  expect((await putSync(source, { startDate, intervalHours: 12 })).sync).toEqual({ startDate, intervalHours: 12 })
  const dayBefore = dayOf(source.startDate - DAY)
  expect((await problem(ask(source, "PUT", "/sync", { startDate: dayBefore }))).status).toBe(422)
})

/** The next scheduled run, which fails. */
async function failedRun(source: Source): Promise<RunView> {
  const { state } = await look(source)
  advanceTo(state.nextRunAt ?? now())
  await runDurableObjectAlarm(stubOf(source))
  await until(world, source, (seen) => seen.state.ids.run > state.ids.run && seen.state.run === null)
  const [run] = await runs(source)
  if (!run) throw new Error("no run")
  return run
}
