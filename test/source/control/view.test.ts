import { describe, expect, it } from "vitest"
import { statusOf, viewOf } from "../../../src/source/control/view.ts"
import { WAITING_ITEMS_MAX } from "../../../src/source/delivery/outbox.ts"
import { BACKPRESSURE, BACKPRESSURE_RETRY_MS } from "../../../src/source/reading/lease.ts"
import {
  configurationOf,
  DAY,
  fact,
  MINUTE,
  START,
  START_DATE,
  sourceWorld,
  transactionOf,
} from "../../support/source-world.ts"

const error = { code: "credentials_rejected", message: "", remedy: "", at: START }

describe("the status", () => {
  const { run: _none, ...idle } = transactionOf().state
  const live = sourceRun()

  it.each([
    ["is connected while nothing is being read", { ...idle, run: null }, "connected"],
    ["is syncing while a live run is being read", { ...idle, run: live }, "syncing"],
    [
      "is paused though a run is not over",
      { ...idle, run: live, configuration: configurationOf({ active: false }) },
      "paused",
    ],
    [
      "is error before anything else",
      { ...idle, run: live, error, configuration: configurationOf({ active: false }) },
      "error",
    ],
  ] as const)("%s", (_title, state, expected) => expect(statusOf(state)).toBe(expected))
})

function sourceRun() {
  const counts = { calls: 0, pages: 0, records: 0, collections: {}, denied: [], failed: [], incomplete: [] }
  const times = { startedAt: START, readAt: null, endedAt: null, reason: null }
  return {
    id: "run_00000001",
    kind: "live" as const,
    trigger: "schedule" as const,
    state: "reading" as const,
    ...times,
    ...counts,
  }
}

describe("what is shown", () => {
  it("holds no secret", async () => {
    const world = sourceWorld()
    const view = await world.configure()
    expect(JSON.stringify(view)).not.toMatch(/key_1|dest_1|sealed/)
  })

  it("names every collection of the connector, chosen or not", async () => {
    const world = sourceWorld()
    const view = await world.configure()
    expect(view.collections.map(({ name, chosen }) => [name, chosen])).toEqual([
      ["Orders", true],
      ["Refunds", false],
      ["Visits", false],
      ["People", true],
    ])
  })

  it("is not green before it is delivered", async () => {
    const world = sourceWorld()
    await world.configure()
    await world.page(await world.lease("live"), { items: [fact("a", START)] })
    const view = await world.view()
    expect(view.collections[0]).toMatchObject({ accepted: 1, delivered: 0, waiting: 1, lastItemAt: START })
    const run = view.current.find(({ kind }) => kind === "live")
    expect(run).toMatchObject({ state: "delivering", readAt: START, endedAt: null })
  })

  it("says that a list waits for the destination, which has more to take than is kept", async () => {
    const world = sourceWorld()
    await world.configure()
    const orders = await world.lease("backfill")
    const items = Array.from({ length: WAITING_ITEMS_MAX + 1 }, (_, key) => fact(`o${key}`, START - DAY))
    await world.page(orders, { items, next: "t1" })
    const initial = (await world.view()).current.find(({ kind }) => kind === "initial")
    expect(initial?.waits).toEqual({ reason: BACKPRESSURE, until: START + BACKPRESSURE_RETRY_MS })
  })

  it("says what a run waits for: a retry, the destination, nothing", async () => {
    const world = sourceWorld()
    await world.configure()
    await world.settle(await world.lease("live"), { kind: "transient", reason: "Shop answered 500." })
    expect((await world.view()).current[0]?.waits).toMatchObject({ reason: "Shop answered 500." })
    await world.until((await world.view()).current[0]?.waits?.until ?? 0)
    expect((await world.view()).current[0]?.waits).toBeNull()
    await world.page(await world.lease("live"), { items: [fact("a", START)] })
    await world.report(await world.claim(), "later", { reason: "Intempt answered 503." })
    const delivering = (await world.view()).current.find(({ kind }) => kind === "live")
    expect(delivering?.waits).toMatchObject({
      reason: "Intempt answered 503. What was read is kept and sent again by itself.",
    })
  })

  it("tells how much of a backfill has been read, never backwards, and all of it when it has been", async () => {
    const world = sourceWorld()
    await world.configure()
    await world.drain("live")
    const shares: (number | null | undefined)[] = []
    const share = async () => shares.push((await world.view()).current.find(({ kind }) => kind === "initial")?.progress)
    const orders = await world.lease("backfill")
    await share()
    await world.page(orders, { edge: START - 200 * 86_400_000, next: "t1" })
    await share()
    await world.page(orders, { edge: START_DATE, next: "t2" })
    await share()
    const numbers = shares.map(Number)
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
    expect(numbers[0]).toBe(0)
    expect(numbers.at(-1)).toBeLessThan(1)
  })

  it("gives cursors as the partner's times", () => {
    expect(viewOf(transactionOf({}, START + MINUTE)).cursors).toEqual({ feed: START })
  })
})

describe("the coarse status in D1", () => {
  it("is written when it changes, and never by a run", async () => {
    const world = sourceWorld()
    await world.configure()
    await world.drain("live")
    await world.drain("backfill")
    expect(world.published).toEqual([])
    await world.configure({ active: false })
    await world.configure({ active: true })
    expect(world.published).toEqual(["paused", "connected"])
  })
})
