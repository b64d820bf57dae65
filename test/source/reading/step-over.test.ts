/** One record that always makes the partner fail, from the partner's answers to what is delivered: source, consumer and a small partner. */
import { describe, expect, it } from "vitest"
import { type AnyConnector, defineConnector } from "../../../src/connectors/kit/define.ts"
import { json, number, rows, text } from "../../../src/connectors/kit/values.ts"
import { runFetch } from "../../../src/pipeline/fetch.ts"
import type { Span } from "../../../src/source/protocol/backfill.ts"
import type { Found } from "../../../src/source/protocol/fetching.ts"
import type { QuarantineEntry } from "../../../src/source/protocol/views.ts"
import { openWindows } from "../../../src/source/reading/live.ts"
import { PLACES_MAX } from "../../../src/source/reading/probe.ts"
import { probed, SIGHTINGS_NEEDED, STEPS_A_DAY } from "../../../src/source/reading/step-over.ts"
import { newRun } from "../../../src/source/runs/run.ts"
import type { Slice } from "../../../src/source/state/slices.ts"
import {
  DAY,
  HOUR,
  MINUTE,
  START,
  shop,
  sourceWorld,
  stream,
  transactionOf,
  type World,
} from "../../support/source-world.ts"

const SECOND = 1_000
const PAGE = 100

interface Row {
  id: string
  time: number
}

/** A list, newest first, that fails for every page that holds a record it cannot show. */
interface Partner {
  rows: Row[]
  fails: Set<string>
  /** Answers nothing at all. */
  isDown: boolean
  /** Refuses pages of one row. */
  refusesOne: boolean
  /** What a failing page is answered with. */
  failure: () => Response
  calls: number
}

interface Stage {
  world: World
  partner: Partner
  /** An order at a time. */
  order(time: number): string
  /** Lets time pass; wake-ups are followed at once. */
  backfill(ms: number): Promise<void>
  delivered(): Promise<string[]>
  entries(): Promise<QuarantineEntry[]>
}

function connectorOf(stepOver: boolean): AnyConnector {
  const orders = stream({
    name: "feed",
    title: "Everything new",
    mode: "live",
    collections: ["Orders"],
    pageSize: PAGE,
    lookbackSeconds: 600,
    retentionDays: 30,
    ...(stepOver && { stepOver: { by: "time", granularityMs: SECOND } as const }),
    request: ({ window: { from, to }, pageToken, pageSize }) => ({
      path: "/orders",
      query: { from: from ?? undefined, to: to ?? undefined, after: pageToken ?? undefined, limit: pageSize },
    }),
    page: ({ body }) => {
      const records = rows(json(body), "rows").map((row) => ({
        id: text(row, "id") ?? "",
        time: number(row, "time") ?? 0,
        body: row,
      }))
      return { records, next: text(json(body), "next") }
    },
    normalize: ({ id, time }) => ({
      drafts: [{ collection: "Orders", userId: "ada@example.com", id, fact: "made", time, data: {} }],
    }),
  })
  const key = { kind: "apiKey", label: "", help: "", schema: undefined as never, headers: () => ({}) } as const
  return defineConnector({
    ...shop,
    auth: [{ ...key, schema: { safeParse: () => ({ success: true }) } as never }],
    streams: [orders],
  })
}

function answer(partner: Partner, url: URL, now: number): Response {
  const headers = { date: new Date(now).toUTCString() }
  const asked = (name: string) => (url.searchParams.has(name) ? Number(url.searchParams.get(name)) : null)
  const [from, to, limit] = [asked("from") ?? 0, asked("to") ?? Number.POSITIVE_INFINITY, asked("limit") ?? PAGE]
  partner.calls++
  if (partner.isDown || (partner.refusesOne && limit === 1)) return new Response("down", { status: 500, headers })
  const newestFirst = [...partner.rows].sort((a, b) => b.time - a.time || (a.id < b.id ? 1 : -1))
  const after = newestFirst.findIndex(({ id }) => id === url.searchParams.get("after"))
  const left = newestFirst.slice(after + 1).filter(({ time }) => time >= from && time < to)
  const page = left.slice(0, limit)
  if (page.some(({ id }) => partner.fails.has(id))) return partner.failure()
  const next = left.length > page.length ? (page.at(-1)?.id ?? null) : null
  return new Response(JSON.stringify({ rows: page, next }), { headers })
}

async function staged(stepOver = true): Promise<Stage> {
  const connector = connectorOf(stepOver)
  const world = sourceWorld(0, connector)
  const failure = () => new Response("no", { status: 500 })
  const partner: Partner = { rows: [], fails: new Set(), isDown: false, refusesOne: false, failure, calls: 0 }
  const arrived: string[] = []
  let ids = 0
  const ports = {
    clock: {
      now: () => world.now(),
      sleep: async (ms: number) => world.advance(ms),
      timeout: () => new AbortController().signal,
    },
    random: { next: () => 0.5, id: (prefix: string) => `${prefix}_${++ids}` },
    http: async (url: string) => answer(partner, new URL(url), world.now()),
    source: () => world.engine,
    log: () => undefined,
    connector: () => connector,
  }
  const work = async () => {
    while (world.wakes.length > 0) {
      const lane = world.wakes.shift()
      if (lane === "fetch") await runFetch(ports, "o/p/src_1", "live")
      if (lane === "forward") arrived.push(...(await world.deliver()).map(({ key }) => key.split(":")[0] ?? ""))
    }
  }
  await world.configure({ collections: [{ name: "Orders", fields: {} }] })
  await work()
  return {
    world,
    partner,
    order: (time) => {
      const id = `order_${String(partner.rows.length).padStart(4, "0")}`
      partner.rows.push({ id, time })
      return id
    },
    backfill: async (ms) => {
      const end = world.now() + ms
      while (world.now() < end) {
        await world.until(Math.min(end, Math.max(world.now() + SECOND, world.store.alarmAt ?? end)))
        await work()
      }
    },
    delivered: async () => {
      await work()
      return arrived
    },
    entries: async () => {
      const answer = await world.engine.quarantine({ limit: 50, cursor: null })
      return answer.ok ? answer.entries : []
    },
  }
}

/** Orders a minute apart, within the first hour. */
async function withOrders(stage: Stage, count: number): Promise<string[]> {
  const made = Array.from({ length: count }, (_, index) => stage.order(START + (index + 1) * 10 * SECOND))
  await stage.backfill(1)
  return made
}

/** In all runs but the last that is needed. */
const sightedBefore = (place: Span) => ({
  places: [place],
  seenAt: Array.from({ length: SIGHTINGS_NEEDED - 1 }, (_, run) => START - (SIGHTINGS_NEEDED - run) * HOUR),
  run: "run_before",
})

const cursorOf = async ({ world }: Stage) => (await world.view()).cursors.feed ?? 0

describe("an order that always makes the partner fail", () => {
  it.each<[string, Partial<Partner>]>([
    ["with a 500", {}],
    [
      "by an answer that breaks off",
      { failure: () => new Response('{"rows": [', { headers: { date: new Date(START).toUTCString() } }) },
    ],
    [
      "by one that is larger than can be read",
      {
        failure: () => new Response("x".repeat(9 * 1024 * 1024), { headers: { date: new Date(START).toUTCString() } }),
      },
    ],
  ])(`%s is stepped over with the third run that finds it, and all others arrive once`, async (_, how) => {
    const stage = await staged()
    Object.assign(stage.partner, how)
    const made = await withOrders(stage, 150)
    const bad = made[70] ?? ""
    stage.partner.fails.add(bad)
    for (let run = 1; run < SIGHTINGS_NEEDED; run++) {
      await stage.backfill(HOUR)
      expect(await stage.entries()).toEqual([])
      expect((await stage.world.view()).lastRun).toMatchObject({ state: "failed" })
      expect((await stage.world.view()).lastRun?.reason).toContain(`Found there ${run} of ${SIGHTINGS_NEEDED} times`)
    }
    await stage.backfill(2 * HOUR)
    expect((await stage.delivered()).sort()).toEqual(made.filter((id) => id !== bad))
    expect(await cursorOf(stage)).toBeGreaterThan(START + HOUR)
    const [entry, ...others] = await stage.entries()
    expect(others).toEqual([])
    const at = new Date(START + 71 * 10 * SECOND).toISOString()
    expect(entry).toMatchObject({
      kind: "skipped",
      collection: "Orders",
      key: `feed@${at}`,
      body: { stream: "feed", from: at },
    })
    expect(entry?.reason).toContain("a resync reads it")
    expect(JSON.stringify(entry)).not.toContain(bad)
  })

  it("is read where the partner shows it again before that", async () => {
    const stage = await staged()
    const made = await withOrders(stage, 150)
    stage.partner.fails.add(made[70] ?? "")
    await stage.backfill(2 * HOUR)
    stage.partner.fails.clear()
    await stage.backfill(4 * HOUR)
    expect((await stage.delivered()).sort()).toEqual(made)
    expect(await stage.entries()).toEqual([])
  })

  it("is not stepped over sooner by runs that the user starts", async () => {
    const stage = await staged()
    const made = await withOrders(stage, 20)
    stage.partner.fails.add(made[7] ?? "")
    await stage.backfill(HOUR)
    for (let times = 0; times < 6; times++) {
      await stage.world.engine.syncNow()
      await stage.backfill(8 * MINUTE)
    }
    expect(await stage.entries()).toEqual([])
    await stage.backfill(3 * HOUR)
    expect(await stage.entries()).toHaveLength(1)
  })

  it("stops its stream, and says so, where the connector declares no way past it", async () => {
    const stage = await staged(false)
    const made = await withOrders(stage, 20)
    stage.partner.fails.add(made[7] ?? "")
    await stage.backfill(2 * DAY)
    expect(await stage.entries()).toEqual([])
    expect((await stage.world.view()).lastRun).toMatchObject({
      state: "failed",
      reason: "Shop answered 500. What was read is kept. The next run goes on from there.",
    })
    expect((await stage.delivered()).sort()).toEqual(made.slice(8))
  })
})

describe("an outage never becomes skipped data", () => {
  const outages: [string, (stage: Stage, made: string[]) => void][] = [
    ["of days", ({ partner }) => Object.assign(partner, { isDown: true })],
    [
      "of pages of one row",
      ({ partner }, made) => Object.assign(partner, { refusesOne: true, fails: new Set(made.slice(0, 60)) }),
    ],
    ["of all that is older", ({ partner }, made) => Object.assign(partner, { fails: new Set(made.slice(0, 60)) })],
    [
      "of a stretch in the middle",
      ({ partner }, made) => Object.assign(partner, { fails: new Set(made.slice(40, 41 + PLACES_MAX)) }),
    ],
  ]

  it.each(outages)("%s: nothing is stepped over, and all arrives once it is over", async (_, begin) => {
    const stage = await staged()
    const made = await withOrders(stage, 150)
    begin(stage, made)
    await stage.backfill(3 * DAY)
    expect(await stage.entries()).toEqual([])
    Object.assign(stage.partner, { isDown: false, refusesOne: false, fails: new Set() })
    await stage.backfill(3 * HOUR)
    expect((await stage.delivered()).sort()).toEqual(made)
    expect(await stage.entries()).toEqual([])
  })

  it("that begins in the middle of a window", async () => {
    const stage = await staged()
    const made = await withOrders(stage, 450)
    await stage.world.until((await stage.world.view()).nextRunAt ?? 0)
    const answered = stage.partner.calls
    const { failure } = stage.partner
    Object.defineProperty(stage.partner, "isDown", {
      configurable: true,
      get: () => stage.partner.calls > answered + 3,
      set: () => undefined,
    })
    await stage.backfill(2 * DAY)
    expect(await stage.entries()).toEqual([])
    Object.defineProperty(stage.partner, "isDown", { value: false, writable: true })
    Object.assign(stage.partner, { failure })
    await stage.backfill(3 * HOUR)
    expect((await stage.delivered()).sort()).toEqual(made)
  })
})

it("is kept for each collection whose reading met it, once", async () => {
  const tx = transactionOf()
  const run = newRun(tx, "live", "schedule")
  openWindows(tx)
  const slice = tx.state.live.feed?.slice as Slice
  const place = { from: START, to: START + SECOND }
  const found: Found = { kind: "places", places: [place] }
  tx.state.run = run
  tx.state.steppedOver = { feed: [{ at: START, place, collections: ["Orders"] }] }
  Object.assign(slice, { collections: ["Orders", "People"], sighted: sightedBefore(place) })
  probed(tx, slice, run, found, "Shop answered 500.", () => undefined)
  probed(tx, slice, run, found, "Shop answered 500.", () => undefined)
  const entries = tx.staged.quarantinePut.map(({ body }) => JSON.parse(body))
  expect(entries).toMatchObject([
    { kind: "skipped", collection: "People", key: `feed@${new Date(START).toISOString()}` },
  ])
})

it(`no more than ${STEPS_A_DAY} are stepped over in one stream within a day`, async () => {
  const stage = await staged()
  const made = await withOrders(stage, 150)
  // Apart from each other, so that each is one for itself.
  const bad = Array.from({ length: STEPS_A_DAY + 2 }, (_, index) => made[10 * index + 5] ?? "")
  for (const id of bad) stage.partner.fails.add(id)
  await stage.backfill(DAY)
  expect((await stage.entries()).length).toBeLessThanOrEqual(STEPS_A_DAY)
  await stage.backfill(3 * DAY)
  expect(await stage.entries()).toHaveLength(bad.length)
  expect((await stage.delivered()).sort()).toEqual(made.filter((id) => !bad.includes(id)))
})

describe("where it leaves nothing of the window", () => {
  /** Known already: stepped over by an earlier window, and met again at the bottom of this one. */
  function met(bound: number | null) {
    const tx = transactionOf()
    const run = newRun(tx, "live", "schedule")
    tx.state.run = run
    openWindows(tx)
    const slice = tx.state.live.feed?.slice as Slice
    const place = { from: (slice.window.from ?? 0) - SECOND, to: (slice.window.from ?? 0) + SECOND }
    tx.state.steppedOver = { feed: [{ at: START, place }] }
    slice.bound = bound
    const retried: string[] = []
    probed(tx, slice, run, { kind: "places", places: [place] }, "Shop answered 500.", (_tx, _slice, reason) => {
      retried.push(reason)
    })
    return { tx, retried }
  }

  it("the window has been read", () => {
    const { tx, retried } = met(START + MINUTE)
    expect(tx.state.live.feed).toMatchObject({ cursor: START + MINUTE })
    expect(tx.state.live.feed?.slice?.window.to ?? null).toBeNull()
    expect(retried).toEqual([])
  })

  it("and no page of it was read, the run counts a failure: it is not asked for without end", () => {
    expect(met(null).retried).toEqual(["Shop answered 500."])
  })
})
