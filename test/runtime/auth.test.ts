/** Credentials that stop working: the job quits early, says so, and goes on where it stopped. */
import { runDurableObjectAlarm } from "cloudflare:test"
import { expect, test } from "vitest"
import { dayOf } from "../../src/lib/time.ts"
import type { RunView } from "../../src/source/protocol/views.ts"
import { BACKFILL_AT_ONCE } from "../../src/source/reading/budget.ts"
import { slicesOf } from "../../src/source/state/state.ts"
import { json, problem } from "../support/api.ts"
import { advance, DAY, HOUR, MINUTE, now } from "./kit/clock.ts"
import { look, type Seen, settled, until } from "./kit/drive.ts"
import { ask, expectEqual, stubOf, view } from "./kit/source.ts"
import { pagesReadTwice, stripe } from "./kit/stripe.ts"
import { openWorld } from "./kit/world.ts"

const world = openWorld()

test("a key that is revoked mid-run: one call confirms it, an error with its code, no schedule, one call a day; a new key resumes", async () => {
  const source = await stripe.connect(world, { name: "revoked" })
  const calls = () => world.counters.log.filter(({ account }) => account === "revoked/live")
  // Refused as a revoked key is, from the fifth page on.
  const fault = world.faults.on({ name: "revoked_key", account: "revoked", after: 5 })
  const isNothingRead = ({ state }: Seen) => slicesOf(state).every(({ lease }) => lease === null)
  await until(world, source, (seen) => seen.state.checking !== null && isNothingRead(seen))
  const atFirst = calls().filter(({ status }) => status === 401).length
  // The feed and some lists are read side by side: each can have one request under way.
  expect(atFirst).toBeLessThanOrEqual(1 + BACKFILL_AT_ONCE)
  expect(await view(source)).toMatchObject({
    status: "connected",
    error: null,
    live: { checking: { since: expect.any(Number) } },
  })
  expect(await problem(ask(source, "POST", "/sync"))).toMatchObject({ status: 409, code: "checking_credentials" })
  const { state } = await until(world, source, (seen) => seen.state.error !== null)
  expect(state).toMatchObject({ nextRunAt: null, error: { code: "credentials_rejected" } })
  await until(world, source, (seen) => seen.waiting === 0 && seen.state.claim === null)
  const refused = calls().length
  expect(calls().filter(({ status }) => status === 401)).toHaveLength(atFirst + 1)

  for (let day = 0; day < 3; day++) {
    advance(DAY)
    await runDurableObjectAlarm(stubOf(source))
  }
  expect(calls()).toHaveLength(refused + 3)
  expect(await view(source)).toMatchObject({ status: "error", error: { code: "credentials_rejected" } })
  expect(await problem(ask(source, "POST", "/sync"))).toMatchObject({ status: 409, code: "source_error" })

  world.faults.off(fault)
  advance(MINUTE)
  const { key: apiKey } = world.stripe.addKey({ account: "revoked" })
  await json(ask(source, "PUT", "/credentials", { apiKey }))
  // What the feed forgot in these three days nobody can tell any more, and the run says so.
  source.feedReadAt = now()
  await settled(world, source)
  const { data: runs } = await json<{ data: RunView[] }>(ask(source, "GET", "/runs"))
  // One of them may have been read before the key was revoked: as far as the feed reached back then.
  const reach = (from: number) => `reach back to ${dayOf(from - 30 * DAY)} only`
  const incomplete = runs.flatMap((run) => run.incomplete)
  const saying = (sentences: string[]) =>
    new Set(
      incomplete.filter(({ reason }) => sentences.some((one) => reason.includes(one))).map((note) => note.collection),
    )
  expect(saying([reach(now()), reach(source.connectedAt)])).toEqual(new Set(["Subscription change", "Invoice"]))
  expect(saying([reach(now())]).size).toBeGreaterThan(0)
  expect((await view(source)).status).toBe("connected")
  expect((await look(source)).state.nextRunAt).not.toBeNull()
  expectEqual(world, source)
  expect(pagesReadTwice(world, source)).toEqual([])
})

test("a key that the partner accepts again is found out within a day: the source goes on by itself", async () => {
  const source = await stripe.connect(world, { name: "given-back" })
  const fault = world.faults.on({ name: "revoked_key", account: "given-back", after: 5 })
  await until(world, source, (seen) => seen.state.error !== null)
  const stoppedAt = now()
  world.faults.off(fault)
  await until(world, source, (seen) => seen.state.error === null)
  expect(now() - stoppedAt).toBeLessThan(DAY + HOUR)
  // The feed went on forgetting meanwhile.
  source.feedReadAt = now()
  await settled(world, source)
  expect(await view(source)).toMatchObject({ status: "connected", error: null })
  expectEqual(world, source)
  expect(pagesReadTwice(world, source)).toEqual([])
})
