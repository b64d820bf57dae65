/** Several live streams beside one another: what befalls one must not stop the others, and must be seen. */
import { describe, expect, it } from "vitest"
import { defineConnector } from "../../../src/connectors/kit/define.ts"
import { QUARANTINE_MAX } from "../../../src/source/delivery/quarantine.ts"
import type { Outcome, Task } from "../../../src/source/protocol/fetching.ts"
import { PROTOCOL } from "../../../src/source/protocol/source.ts"
import type { RunView } from "../../../src/source/protocol/views.ts"
import { STUCK_DAYS_MAX, STUCK_KEPT_MS } from "../../../src/source/reading/live.ts"
import { ATTEMPTS_MAX } from "../../../src/source/reading/settlement.ts"
import { desk, deskWorld } from "../../support/partners/desk.ts"
import {
  choose,
  DAY,
  fact,
  HOUR,
  LOOKBACK,
  person,
  START,
  sourceWorld,
  stream,
  type World,
} from "../../support/source-world.ts"

const FAULT: Outcome = { kind: "fault", reason: "Desk refused the request (404)." }

/** Leases all that is to be read of the lane, and answers by stream: an outcome, or an empty page that ends the window. */
async function answer(world: World, lane: Task["lane"], outcomes: Record<string, Outcome> = {}): Promise<string[]> {
  const streams: string[] = []
  for (;;) {
    const lease = await world.engine.lease({
      lane,
      nonce: `${world.now()}:${lane}:${streams.length}`,
      protocol: PROTOCOL,
    })
    if (lease.kind !== "given") return streams
    streams.push(lease.task.stream)
    const outcome = outcomes[lease.task.stream]
    if (outcome) await world.settle(lease.task, outcome)
    else await world.page(lease.task)
  }
}

async function nextRun(world: World, outcomes: Record<string, Outcome> = {}): Promise<void> {
  await world.until((await world.view()).nextRunAt ?? 0)
  await answer(world, "live", outcomes)
}

async function lastLive(world: World): Promise<RunView | undefined> {
  const runs = await world.engine.runs({ limit: 20, cursor: null })
  return runs.ok ? runs.runs.find(({ kind }) => kind === "live") : undefined
}

const collectionOf = async (world: World, name: string) =>
  (await world.view()).collections.find((one) => one.name === name)

describe("a fault of one live stream", () => {
  it("does not keep the others from being read; the run is partial and says what could not be read", async () => {
    const world = await deskWorld()
    expect(await answer(world, "live", { companies: FAULT })).toEqual(["contacts", "companies", "conversations"])
    const failed = [{ stream: "companies", collections: ["Companies"], reason: "Desk refused the request (404)." }]
    expect(await lastLive(world)).toMatchObject({
      state: "partial",
      failed,
      reason:
        "Companies could not be read: Desk refused the request (404). What was read is kept. The next run goes on from there.",
    })
  })

  it("is shown with its collections as long as it lasts, and no longer", async () => {
    const world = await deskWorld()
    await answer(world, "live", { companies: FAULT })
    await nextRun(world, { companies: { kind: "fault", reason: "Gone." } })
    expect((await collectionOf(world, "Companies"))?.failing).toEqual({ since: START, reason: "Gone." })
    expect((await collectionOf(world, "Contacts"))?.failing).toBeNull()
    await nextRun(world)
    expect((await collectionOf(world, "Companies"))?.failing).toBeNull()
    expect((await lastLive(world))?.state).toBe("succeeded")
  })

  it("keeps window and token: the next run goes on with them", async () => {
    const world = await deskWorld()
    await world.page(await world.lease("live"))
    const companies = await world.lease("live")
    await world.page(companies, { next: "t1", edge: START })
    await world.settle(companies, FAULT)
    await answer(world, "live")
    const { slice } = world.state().live.companies ?? {}
    expect(slice).toMatchObject({ state: "failed", pageToken: "t1", edge: { time: START } })
    world.advance(HOUR)
    await world.engine.alarm()
    await answer(world, "live")
    expect(world.state().live.companies?.slice).toBeNull()
  })

  it("ends the run as failed only where no stream could be read", async () => {
    const world = await deskWorld()
    const other: Outcome = { kind: "fault", reason: "no such field" }
    await answer(world, "live", { contacts: FAULT, companies: FAULT, conversations: other })
    expect(await lastLive(world)).toMatchObject({
      state: "failed",
      reason:
        "Contacts: Desk refused the request (404). Companies: Desk refused the request (404). Conversations: no such field. What was read is kept. The next run goes on from there.",
    })
  })

  it("may be that it always fails in time: eight attempts, then the others' run ends", async () => {
    const world = await deskWorld()
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      await answer(world, "live", { companies: { kind: "transient", reason: "Desk answered 500." } })
      world.advance(10 * 60_000)
    }
    expect(await lastLive(world)).toMatchObject({ state: "partial", failed: [{ stream: "companies" }] })
  })
})

it("what another stream has told of a feed's gap is not told again by the list that is read for it", async () => {
  const live = { mode: "live" as const, lookbackSeconds: LOOKBACK / 1000, collections: ["Closings"] }
  const world = sourceWorld(
    0,
    defineConnector<unknown>({
      ...desk,
      streams: [
        stream({ ...live, name: "closed", title: "Closed", order: "oldest" }),
        stream({ ...live, name: "feed", title: "Feed", retentionDays: 30 }),
        stream({ name: "list", mode: "backfill", collections: ["Closings"] }),
      ],
    }),
  )
  await world.configure({ collections: choose("Closings") })
  await answer(world, "live")
  await answer(world, "backfill")
  world.advance(40 * DAY)
  await world.engine.alarm()
  const closing = fact("told", START + 5 * DAY, { collection: "Closings" })
  await world.page(await world.lease("live"), { items: [closing] })
  await world.deliver()
  // The feed does not reach back so far, and the streams go on.
  await answer(world, "live")
  await nextRun(world)
  const missed = fact("missed", START + 6 * DAY, { collection: "Closings" })
  const list = await world.lease("backfill")
  await world.page(list, { items: [missed], edge: START + 6 * DAY, next: "more" })
  await world.page({ ...list, page: 1 }, { items: [closing] })
  expect((await world.deliver()).map(({ key }) => key)).toEqual(["missed"])
})

it("a quarantine that is full stops only the streams that feed it", async () => {
  const world = await deskWorld()
  await answer(world, "live")
  const rejects = Array.from({ length: QUARANTINE_MAX }, (_, index) => ({
    collection: "Companies",
    key: `c${index}`,
    reason: "no name",
    record: null,
  }))
  await world.until((await world.view()).nextRunAt ?? 0)
  await world.page(await world.lease("live"))
  await world.page(await world.lease("live"), { rejects })
  await answer(world, "live")
  await nextRun(world)
  const run = await lastLive(world)
  expect(run?.state).toBe("partial")
  expect(run?.failed.map(({ stream }) => stream)).toEqual(["companies"])
  expect(world.state().live.contacts?.cursor).toBeGreaterThan(START + HOUR)
})

describe("a live stream that nothing can be read of", () => {
  const DENIED: Outcome = { kind: "denied", collections: ["Companies"], reason: "scope missing" }

  async function stuckFor(ms: number, outcomes: Record<string, Outcome>): Promise<World> {
    const world = await deskWorld()
    await answer(world, "backfill")
    while (world.now() < START + ms) await nextRun(world, outcomes)
    return world
  }

  it.each([
    ["faulty", FAULT],
    ["denied", DENIED],
  ])("(%s) for a week is left to the lists, and holds up nothing from then on", async (_what, outcome) => {
    const world = await stuckFor(STUCK_DAYS_MAX * DAY - 2 * HOUR, { companies: outcome })
    expect(world.state().live.companies?.cursor).toBe(START)
    expect(world.state().backfills).toEqual([])
    while (world.state().live.companies?.slice !== null) await nextRun(world, { companies: outcome })
    const cursor = world.state().live.companies?.cursor ?? 0
    expect(world.now() - cursor - STUCK_KEPT_MS).toBeLessThan(1_000)
    const range = { from: START - LOOKBACK, to: cursor - LOOKBACK }
    expect(world.state().backfills).toMatchObject([{ kind: "gap", slices: [{ stream: "company_list", range }] }])
    expect((await lastLive(world))?.state).toBe("partial")
  })

  it("for a month adds no more than two backfills, however its lists fare", async () => {
    const world = await deskWorld()
    await answer(world, "backfill", { company_list: DENIED })
    while (world.now() < START + 31 * DAY) {
      await nextRun(world, { companies: DENIED })
      await answer(world, "backfill", { company_list: DENIED })
    }
    // The first sync's, and one gap that grows: it has not been begun.
    expect(world.state().backfills.map(({ kind }) => kind)).toEqual(["initial", "gap"])
    const [, gap] = world.state().backfills
    const companies = world.state().live.companies
    expect(gap?.slices[0]?.range).toEqual({ from: START - LOOKBACK, to: (companies?.cursor ?? 0) - LOOKBACK })
  })

  it("waits as it is where no list tells what it would", async () => {
    const world = await stuckFor(STUCK_DAYS_MAX * DAY + DAY, { conversations: FAULT })
    expect(world.state().live.conversations).toMatchObject({ cursor: START, slice: { state: "failed" } })
    expect(world.state().backfills).toEqual([])
  })

  it("since the partner is down is no gap, however long that lasts", async () => {
    const down: Outcome = { kind: "token_refused", reason: "Desk is down." }
    const all = { contacts: down, companies: down, conversations: down }
    const world = await deskWorld()
    await answer(world, "backfill")
    for (let hours = 0; hours < 8 * 24; hours++) {
      await world.until(world.now() + HOUR)
      await answer(world, "live", all)
    }
    expect(world.state().live.companies?.cursor).toBe(START)
    expect(world.state().backfills).toEqual([])
    await world.until(world.now() + HOUR)
    await answer(world, "live")
    expect(world.state().backfills).toEqual([])
    expect(world.state().live.companies?.cursor).toBeGreaterThan(START + 8 * DAY)
  })

  it("is tried once more after a pause before it is left to the lists", async () => {
    const world = await deskWorld()
    await answer(world, "backfill")
    await answer(world, "live", { companies: FAULT })
    await world.configure({ active: false })
    world.advance(10 * DAY)
    await world.configure({ active: true })
    await answer(world, "live")
    expect(world.state().backfills).toEqual([])
    expect(world.state().live.companies?.cursor).toBe(START + 10 * DAY)
  })

  it("is not left to the lists because our own clock was set ahead", async () => {
    const world = await deskWorld()
    await answer(world, "backfill")
    await answer(world, "live", { companies: FAULT })
    world.advance(30 * DAY)
    await nextRun(world, { companies: FAULT })
    expect(world.state().backfills).toEqual([])
    expect(world.state().live.companies?.cursor).toBe(START)
  })

  it("does not hold up what is kept of the other streams", async () => {
    const world = await deskWorld()
    await answer(world, "backfill")
    await answer(world, "live", { companies: FAULT })
    for (let run = 0; run < 5; run++) {
      await world.until((await world.view()).nextRunAt ?? 0)
      const contacts = await world.lease("live")
      const items = Array.from({ length: 1_001 }, (_, index) =>
        person(`p${run}:${index}`, world.now(), "Ada", { collection: "Contacts" }),
      )
      await world.page(contacts, { items })
      await answer(world, "live", { companies: FAULT })
    }
    // What the last two windows showed, and no more: an hour lies between two runs, a lookback of ten minutes below each.
    expect([...world.store.seen()].length).toBeLessThanOrEqual(2)
  })
})
