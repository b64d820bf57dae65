import { describe, expect, it } from "vitest"
import { defineConnector } from "../../../src/connectors/kit/define.ts"
import { openGapBackfill } from "../../../src/source/backfill/backfill.ts"
import type { Configuration } from "../../../src/source/protocol/configuration.ts"
import { newRun } from "../../../src/source/runs/run.ts"
import type { Transaction } from "../../../src/source/transaction.ts"
import {
  begunWorld,
  choose,
  crowd,
  DAY,
  fact,
  HOUR,
  LOOKBACK,
  MINUTE,
  person,
  RETENTION_DAYS,
  START,
  START_DATE,
  shop,
  sourceWorld,
  stream,
  transactionOf,
  type World,
} from "../../support/source-world.ts"

const WATERMARK = START - LOOKBACK

/** The same with two live streams, of which one tells of orders, too. */
const twoFeeds = defineConnector<unknown>({
  ...shop,
  streams: [
    ...shop.streams,
    stream({ name: "news", mode: "live", collections: ["Orders", "Visits"], lookbackSeconds: LOOKBACK / 1000 }),
  ],
})

/** A source whose first reading is over. */
async function settled(changes: Partial<Configuration> = {}): Promise<World> {
  const world = sourceWorld()
  await world.configure(changes)
  await world.drain("live")
  await world.drain("backfill")
  await world.deliver()
  expect(world.state().backfills).toEqual([])
  return world
}

const opened = (world: World) =>
  world.state().backfills.map(({ kind, slices }) => [kind, ...slices.map(({ stream, range }) => [stream, range])])

/** Read from a list: its place is the time its page was asked for. */
const listed = (key: string, time: number) => fact(key, time, { announcedAt: START })

const keys = (items: { key: string }[]) => items.map(({ key }) => key)

describe("the initial backfill", () => {
  it("reads from the start date to the live watermark, the lists as far back as their facts may lie", async () => {
    const world = sourceWorld()
    await world.configure()
    expect(opened(world)).toEqual([
      ["initial", ["orders", { from: START_DATE, to: WATERMARK }], ["people", { from: START_DATE, to: WATERMARK }]],
    ])
    const [orders, people] = [await world.lease("backfill"), await world.lease("backfill")]
    expect(orders.window).toEqual({ from: START_DATE - 5 * DAY, to: WATERMARK })
    expect(people.window).toEqual({ from: null, to: WATERMARK })
  })

  it("leaves later facts to live reading and takes no earlier ones than the start date", async () => {
    const world = sourceWorld()
    await world.configure()
    const task = await world.lease("backfill")
    const items = [WATERMARK, WATERMARK - 1, START_DATE, START_DATE - 1].map((time) =>
      fact(String(time - WATERMARK), time),
    )
    await world.page(task, { items })
    expect(keys(await world.deliver())).toEqual(["-1", String(START_DATE - WATERMARK)])
  })

  it("is a run of its own, beside the live one, and ends when all of its lists are read and delivered", async () => {
    const world = sourceWorld()
    await world.configure()
    await world.page(await world.lease("backfill"), { items: [fact("a", START_DATE)] })
    await world.page(await world.lease("backfill"))
    const run = (await world.view()).current.find(({ kind }) => kind === "initial")
    expect(run?.state).toBe("delivering")
    await world.deliver()
    const history = await world.engine.run(run?.id ?? "")
    expect(history).toMatchObject({ ok: true, run: { state: "succeeded", collections: { Orders: { accepted: 1 } } } })
  })
})

describe("times that two live streams of a collection leave to the lists", () => {
  const leave = (tx: Transaction, name: string, from: number, to: number) => {
    const feed = twoFeeds.streams.find((one) => one.name === name) as (typeof twoFeeds.streams)[number]
    openGapBackfill(tx, feed, { from, to }, { from, to })
  }
  const daysRead = (tx: Transaction) =>
    tx.state.backfills
      .flatMap(({ slices }) => slices.filter(({ collections }) => collections.includes("Orders")))
      .map(({ range }) => [range?.from ?? 0, range?.to ?? 0].map((time) => (time - START) / DAY))

  it.each<[string, [number, number], [number, number][]]>([
    ["the same", [0, 5], [[0, 5]]],
    ["within", [1, 2], [[0, 5]]],
    [
      "longer",
      [0, 9],
      [
        [0, 5],
        [5, 9],
      ],
    ],
    [
      "later",
      [6, 9],
      [
        [0, 5],
        [6, 9],
      ],
    ],
    [
      "around",
      [-1, 6],
      [
        [0, 5],
        [-1, 0],
        [5, 6],
      ],
    ],
  ])("are read once: %s", (_title, [from, to], days) => {
    const tx = { ...transactionOf(), connector: twoFeeds }
    tx.state.run = newRun(tx, "live", "schedule")
    leave(tx, "news", START, START + 5 * DAY)
    leave(tx, "feed", START + from * DAY, START + to * DAY)
    expect(daysRead(tx)).toEqual(days)
  })
})

it("a gap that begins before live reading of a collection did is read from there, objects whole", () => {
  const tx = { ...transactionOf(), connector: twoFeeds }
  tx.state.run = newRun(tx, "live", "schedule")
  tx.state.liveFrom = { Orders: START + HOUR, People: START + HOUR }
  const range = { from: START, to: START + 2 * DAY }
  openGapBackfill(tx, twoFeeds.streams[0] as (typeof twoFeeds.streams)[number], range, range)
  expect(tx.state.backfills.flatMap(({ slices }) => slices.map((slice) => [slice.stream, slice.range]))).toEqual([
    ["orders", { from: START + HOUR, to: range.to }],
    ["people", range],
  ])
})

it.each([0, 30])(
  "a feed that is read as a list reaches back from when the key was checked: our clock %i days ahead",
  async (days) => {
    const feed = stream({ name: "visits", mode: "backfill", collections: ["Visits"], reachesBackDays: RETENTION_DAYS })
    const world = sourceWorld(0, defineConnector<unknown>({ ...shop, streams: [...shop.streams, feed] }))
    world.advance(days * DAY)
    await world.configure({ collections: choose("Visits"), connectedAt: START })
    expect(opened(world).flat()).toContainEqual(["visits", { from: START - RETENTION_DAYS * DAY, to: WATERMARK }])
  },
)

describe("the start date", () => {
  it("unchanged opens nothing", async () => {
    const world = await settled()
    await world.configure({ intervalHours: 2 })
    expect(world.state().backfills).toEqual([])
  })

  it("moved back reads only the gap, facts only", async () => {
    const world = await settled()
    await world.configure({ startDate: START_DATE - 30 * DAY })
    expect(opened(world)).toEqual([["earlier", ["orders", { from: START_DATE - 30 * DAY, to: START_DATE }]]])
  })

  it("moved back twice reads each gap once", async () => {
    const world = await settled()
    await world.configure({ startDate: START_DATE - 10 * DAY })
    await world.configure({ startDate: START_DATE - 30 * DAY })
    expect(opened(world)).toEqual([
      ["earlier", ["orders", { from: START_DATE - 10 * DAY, to: START_DATE }]],
      ["earlier", ["orders", { from: START_DATE - 30 * DAY, to: START_DATE - 10 * DAY }]],
    ])
  })

  it("moved forward trims what has not begun, and moved back again reads what was trimmed", async () => {
    const world = sourceWorld()
    await world.configure()
    await world.configure({ startDate: START_DATE + 30 * DAY })
    expect(opened(world)[0]?.[1]).toEqual(["orders", { from: START_DATE + 30 * DAY, to: WATERMARK }])
    await world.configure({ startDate: START_DATE })
    expect(opened(world)[1]).toEqual(["earlier", ["orders", { from: START_DATE, to: START_DATE + 30 * DAY }]])
  })

  it("moved forward leaves alone what has begun", async () => {
    const world = sourceWorld()
    await world.configure()
    await world.lease("backfill")
    await world.configure({ startDate: START_DATE + 30 * DAY })
    expect(opened(world)[0]?.[1]).toEqual(["orders", { from: START_DATE, to: WATERMARK }])
  })

  it("moved forward and back after reading opens nothing", async () => {
    const world = await settled()
    await world.configure({ startDate: START_DATE + 30 * DAY })
    await world.configure({ startDate: START_DATE })
    expect(world.state().backfills).toEqual([])
  })
})

describe("a collection", () => {
  it("switched on later is read from the start date to the live watermark, and live from there", async () => {
    const world = await settled()
    await world.until(START + 5 * HOUR)
    await world.drain("live")
    const watermark = (world.state().live.feed?.cursor ?? 0) - LOOKBACK
    await world.configure({ collections: choose("Orders", "People", "Refunds") })
    expect(opened(world)).toEqual([["collection", ["orders", { from: START_DATE, to: watermark }]]])
    expect(world.state().backfills[0]?.slices[0]?.collections).toEqual(["Refunds"])
    expect(world.state().liveFrom.Refunds).toBe(watermark)
  })

  it.each([
    ["at once", 0],
    ["hours later", 5 * HOUR],
  ])("switched off and on %s is told by live reading what began before and comes true now", async (_when, ms) => {
    const world = await settled()
    await world.until(START + 2 * HOUR)
    await world.drain("live")
    await world.configure({ collections: choose("People") })
    await world.until(START + 2 * HOUR + ms + 1)
    await world.drain("live")
    await world.configure({ collections: choose("Orders", "People") })
    await world.drain("backfill")
    const debit = fact("debit", START + HOUR, { announcedAt: world.now() })
    await world.until(START + 9 * HOUR)
    await world.page(await world.lease("live"), { items: [debit] })
    expect(keys(await world.deliver())).toEqual(["debit"])
  })

  it("switched on while a live window is being read makes it be read again for it", async () => {
    const world = await settled()
    await world.until(START + 2 * HOUR)
    const task = await world.lease("live")
    await world.page(task, { items: [fact("a", world.now())], next: "t1" })
    await world.configure({ collections: choose("Orders", "People", "Refunds") })
    expect(await world.page(task, { items: [fact("b", world.now())] })).toBe("stale")
    const again = await world.lease("live")
    expect(again).toMatchObject({ pageToken: null, collections: choose("Orders", "People", "Refunds") })
    const items = [fact("a", world.now()), fact("r", world.now(), { collection: "Refunds" })]
    await world.page(again, { items })
    expect(keys(await world.deliver())).toEqual(["a", "r"])
  })

  it("switched off and on again misses nothing of the time between, and repeats nothing from before", async () => {
    const world = await settled()
    await world.until(START + 2 * HOUR)
    const sent = fact("sent", world.now() - MINUTE)
    await world.page(await world.lease("live"), { items: [sent, ...crowd(sent.time)] })
    await world.deliver()
    const off = world.now()
    await world.configure({ collections: choose("People") })
    await world.until(START + 10 * HOUR)
    await world.page(await world.lease("live"), { items: [person("p", world.now())] })
    await world.until(START + 11 * HOUR)
    await world.page(await world.lease("live"), { items: [person("q", world.now())] })
    await world.configure({ collections: choose("Orders", "People") })
    expect(opened(world)).toEqual([
      ["collection", ["orders", { from: off - LOOKBACK, to: START + 11 * HOUR - LOOKBACK }]],
    ])
    await world.until(START + 13 * HOUR)
    await world.page(await world.lease("live"), { items: [person("r", world.now())] })
    await world.page(await world.lease("backfill"), { items: [fact("missed", off + HOUR), sent] })
    expect(keys(await world.deliver())).toEqual(["p", "q", "r", "missed"])
  })

  it.each([
    ["a day", 1, []],
    [
      "weeks",
      20,
      [
        "drafts created before 2026-11-01 and first listed during the gap may be missing. A resync from an earlier day may find them.",
      ],
    ],
  ])(
    "that is listed late is read further back after %s without it, and what may be missing is said",
    async (_, days, incomplete) => {
      const drafts = stream({
        name: "drafts",
        mode: "backfill",
        collections: ["Visits"],
        reach: { days: 0 },
        listedWithinDays: 7,
      })
      const world = sourceWorld(0, defineConnector<unknown>({ ...shop, streams: [...shop.streams, drafts] }))
      const startDate = START - 3 * DAY
      await world.configure({ collections: choose("People", "Visits"), startDate })
      await world.drain("live")
      await world.drain("backfill")
      const off = { collections: choose("People") }
      await world.configure(off)
      await world.until(START + days * DAY)
      await world.drain("live")
      await world.configure({ collections: choose("People", "Visits") })
      expect(opened(world).flat()).toContainEqual(["drafts", { from: WATERMARK, to: world.now() - LOOKBACK }])
      expect(await world.lease("backfill")).toMatchObject({ stream: "drafts", window: { from: startDate } })
      expect((await world.view()).current.flatMap((run) => run.incomplete.map(({ reason }) => reason))).toEqual(
        incomplete,
      )
    },
  )

  it("switched off while its history is being read goes on from there when it is switched on again", async () => {
    const world = sourceWorld()
    await world.configure()
    await world.drain("live")
    const task = await world.lease("backfill")
    await world.page(task, { items: [fact("a", START_DATE + 9 * DAY)], next: "t1" })
    await world.configure({ collections: choose("People") })
    expect(await world.page(task, { items: [fact("b", START_DATE)] })).toBe("stale")
    await world.drain("backfill")
    await world.deliver()
    expect((await world.view()).current).toEqual([])
    expect((await world.view()).status).toBe("connected")
    await world.configure({ collections: choose("Orders", "People") })
    const again = await world.lease("backfill")
    expect(again).toMatchObject({ stream: "orders", pageToken: "t1", range: { from: START_DATE, to: WATERMARK } })
    expect(world.state().backfills).toHaveLength(1)
  })

  it("switched off shares its list no longer: the other is read on, and what comes of it is not taken", async () => {
    const world = sourceWorld()
    await world.configure({ collections: choose("Orders", "Refunds") })
    const task = await world.lease("backfill")
    await world.page(task, { items: [], next: "t1", edge: START_DATE + DAY })
    await world.configure({ collections: choose("Refunds") })
    const items = [fact("o", START_DATE), fact("r", START_DATE, { collection: "Refunds" })]
    expect(await world.page(task, { items })).toBe("stop")
    expect(keys(await world.deliver())).toEqual(["r"])
    await world.configure({ collections: choose("Orders", "Refunds") })
    expect(await world.lease("backfill")).toMatchObject({ pageToken: "t1", collections: choose("Orders") })
  })

  it("of objects switched off and on again is not read from its beginning", async () => {
    const world = await settled()
    await world.configure({ collections: choose("Orders") })
    await world.configure({ collections: choose("Orders", "People") })
    expect(world.state().backfills).toEqual([])
  })

  it("switched off before live reading knew of it leaves no reading that never ends", async () => {
    const world = sourceWorld()
    await world.configure()
    await world.configure({ collections: [] })
    await world.drain("live")
    await world.drain("backfill")
    expect((await world.view()).status).toBe("connected")
  })
})

describe("a resync", () => {
  it("reads one collection again and sends its facts once more", async () => {
    const world = await settled()
    await world.until(START + 2 * HOUR)
    const [first] = [fact("a", START - DAY)]
    const answer = await world.engine.resync("Orders", null)
    expect(answer).toMatchObject({ ok: true })
    const task = await world.lease("backfill")
    expect(task).toMatchObject({ stream: "orders", collections: choose("Orders"), range: { from: START_DATE } })
    await world.page(task, { items: [first] })
    expect(keys(await world.deliver())).toEqual(["a"])
  })

  it.each([
    ["a collection that is not read", "Refunds", "unknown_collection"],
    ["a collection no list tells", "Visits", "unknown_collection"],
  ])("of %s is refused", async (_title, collection, code) => {
    const world = await settled({ collections: choose("Orders", "People", "Visits") })
    expect(await world.engine.resync(collection, null)).toMatchObject({ ok: false, code })
  })

  it("from a time to come is refused", async () => {
    const world = await settled()
    expect(await world.engine.resync("Orders", START + DAY)).toMatchObject({ ok: false, code: "out_of_range" })
    expect(world.state().backfills).toEqual([])
  })

  it("is refused while one of the collection is under way", async () => {
    const world = await settled()
    const first = await world.engine.resync("Orders", null)
    expect(await world.engine.resync("Orders", null)).toMatchObject({
      ok: false,
      code: "run_in_progress",
      run: first.ok ? first.run : "",
    })
    expect(await world.engine.resync("People", null)).toMatchObject({ ok: true })
  })
})

describe("a token that the partner refuses", () => {
  it("makes the window be read again from its edge, and the items of one time that were read are dropped", async () => {
    const world = await begunWorld({ collections: choose("Orders") })
    const task = await world.lease("backfill")
    const [newer, tie1, tie2, older] = [
      listed("newer", START_DATE + 3 * DAY),
      listed("tie1", START_DATE + 2 * DAY),
      listed("tie2", START_DATE + 2 * DAY),
      listed("older", START_DATE + DAY),
    ]
    await world.page(task, { items: [newer, tie1], edge: tie1.time, next: "t1" })
    await world.settle(task, { kind: "token_refused", reason: "gone" })
    const again = await world.lease("backfill")
    expect(again).toMatchObject({ pageToken: null, window: { to: tie1.time + 1 } })
    await world.page(again, { items: [tie1, tie2, older] })
    expect(keys(await world.deliver())).toEqual(["newer", "tie1", "tie2", "older"])
  })

  it("twice, the second time with what was read beyond the edge met but in part, repeats nothing", async () => {
    const world = sourceWorld()
    await world.configure({ collections: choose("Orders") })
    const [newer, older, oldest] = [3, 2, 1].map((day) => START_DATE + day * DAY) as [number, number, number]
    const items = [listed("long", newer), listed("older", older), listed("oldest", oldest)]
    const again = (item: (typeof items)[number]) => ({ ...item, announcedAt: world.now() })
    let task = await world.lease("backfill")
    await world.page(task, { items, edge: newer, lowest: oldest, next: "t1" })
    await world.settle(task, { kind: "token_refused", reason: "gone" })
    world.advance(HOUR)
    task = await world.lease("backfill")
    await world.page(task, { items: items.slice(0, 2).map(again), edge: older, next: "t2" })
    await world.page(await world.lease("live"), { items: [fact("new", world.now())] })
    await world.settle(task, { kind: "token_refused", reason: "gone" })
    task = await world.lease("backfill")
    expect(task.window.to).toBe(older + 1)
    await world.page(task, { items: items.slice(1).map(again), edge: oldest })
    expect(keys(await world.deliver())).toEqual(["long", "older", "oldest", "new"])
  })

  it("again and again at the same place ends the run instead of going in circles", async () => {
    const world = sourceWorld()
    await world.configure({ collections: choose("Orders") })
    for (let round = 0; round < 8; round++) {
      const task = await world.lease("backfill")
      await world.page(task, { items: [fact("a", START_DATE + DAY)], next: "t1" })
      await world.settle(task, { kind: "token_refused", reason: "the place is unknown" })
    }
    expect((await world.refusedLease("backfill")).kind).toBe("idle")
    expect(world.state().backfills[0]?.slices[0]?.state).toBe("failed")
    await world.until((await world.view()).nextRunAt ?? 0)
    expect((await world.lease("backfill")).stream).toBe("orders")
  })
})
