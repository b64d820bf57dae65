import { describe, expect, it } from "vitest"
import type { RunView } from "../../../src/source/protocol/views.ts"
import { NO_CHANGES } from "../../../src/source/state/changes.ts"
import type { Slice } from "../../../src/source/state/slices.ts"
import { readLongList } from "../../support/long-list.ts"
import {
  choose,
  DAY,
  fact,
  HOUR,
  START,
  START_DATE,
  shop,
  sourceWorld,
  type World,
} from "../../support/source-world.ts"

const SLOW_MS = 400

/** Its lists may be cut; ten calls a second. */
const cuttable = {
  ...shop,
  streams: shop.streams.map((one) =>
    one.mode === "backfill" ? { ...one, parts: { by: "created" as const, granularityMs: 1_000 } } : one,
  ),
}

async function world(): Promise<World> {
  const made = sourceWorld(0, cuttable)
  await made.configure({ collections: choose("Orders", "Refunds") })
  await made.drain("live")
  return made
}

/** A full page, down to that many days before now. */
const FULL = { records: 100, next: "t1", answerMs: SLOW_MS }
const page = (days: number, next: string | null = "t1") => ({
  ...FULL,
  next,
  edge: START - days * DAY,
  digest: `${days}`,
})

const parts = (of: World) => (of.state().backfills[0]?.slices ?? []).filter(({ stream }) => stream === "orders")
const daysOf = ({ window: { from, to } }: Slice) => [from, to].map((at) => (at === null ? null : (START - at) / DAY))

/** Cut at its first page. */
async function cutWorld() {
  const made = await world()
  const upper = await made.lease("backfill")
  await made.page(upper, page(10))
  return { made, upper }
}

describe("a long list", () => {
  it("is cut where its partner is slow: no second is lost, and none is in two parts", async () => {
    const { made } = await cutWorld()
    const cut = parts(made)
    expect(cut.length).toBeGreaterThan(1)
    for (const [index, { window }] of cut.slice(0, -1).entries()) {
      expect(window.from).toBe(cut[index + 1]?.window.to)
      expect((window.from ?? 0) % 1_000).toBe(0)
    }
    expect(cut.at(-1)?.window.from).toBe(START_DATE - 5 * DAY)
    expect(new Set(cut.map(({ no }) => no)).size).toBe(cut.length)
  })

  it.each([
    ["answers at once", 10, 50],
    ["has little left of it", 300, SLOW_MS],
  ])("is read by one where its partner %s", async (_title, days, answerMs) => {
    const made = await world()
    await made.page(await made.lease("backfill"), { ...page(days), answerMs })
    expect(parts(made)).toHaveLength(1)
  })

  it("stays whole where its connector does not say that it can be cut", async () => {
    const made = sourceWorld()
    await made.configure({ collections: choose("Orders") })
    await made.drain("live")
    await made.page(await made.lease("backfill"), page(10))
    expect(made.state().backfills[0]?.slices).toHaveLength(1)
  })

  it("is handed out newest first, each part to a reader of its own, who is told where it ends", async () => {
    const { made } = await cutWorld()
    const next = [await made.lease("backfill"), await made.lease("backfill")]
    expect(next.map(({ lease }) => lease.slice)).toEqual(
      parts(made)
        .slice(1, 3)
        .map(({ id }) => id),
    )
    expect(next[0]?.window).toEqual(parts(made)[1]?.window)
  })

  it("takes no page that reaches below the cut: it was asked for before", async () => {
    const { made, upper } = await cutWorld()
    const [first] = parts(made)
    const below = START - (daysOf(first as Slice)[0] ?? 0) * DAY - 1_000
    expect(await made.page(upper, { ...page(0), edge: below, items: [fact("late", below)] })).toBe("stop")
    expect((await made.deliver()).map(({ key }) => key)).toEqual([])
    expect(await made.lease("backfill")).toMatchObject({ lease: { slice: first?.id }, page: 1, window: first?.window })
  })

  it("keeps no part that has been read, and ends with the last of them", async () => {
    const { made, upper } = await cutWorld()
    const before = parts(made).length
    await made.page(upper, { next: null, records: 0 })
    expect(parts(made)).toHaveLength(before - 1)
    await made.drain("backfill")
    expect(made.state().backfills).toEqual([])
  })

  it("says how much of it has been read, whichever part that was", async () => {
    const { made, upper } = await cutWorld()
    const share = async () => (await made.view()).current.find(({ kind }) => kind === "initial")?.progress ?? 1
    const shares = [await share()]
    const lowest = [await made.lease("backfill"), await made.lease("backfill")].at(-1)
    for (const task of [lowest, upper]) {
      if (task) await made.page(task, { next: null, records: 10 })
      shares.push(await share())
    }
    expect(shares).toEqual(shares.toSorted((one, other) => one - other))
    expect(new Set(shares).size).toBe(3)
  })
})

describe("a list that is open below", () => {
  const quick = (days: number) => ({ ...page(days), answerMs: 0 })
  const people = (of: World) => of.state().backfills[0]?.slices.filter(({ stream }) => stream === "people") ?? []

  async function firstPage(of: ReturnType<typeof page>): Promise<World> {
    const made = sourceWorld(0, cuttable)
    await made.configure({ collections: choose("Orders", "People") })
    await made.drain("live")
    await made.lease("backfill")
    await made.page(await made.lease("backfill"), of)
    return made
  }

  it("is cut where its range begins, however soon its partner answers, and what is older begins next", async () => {
    const made = await firstPage(quick(10))
    const [upper, older] = people(made)
    expect([upper?.window.from, older?.window]).toEqual([START_DATE, { from: null, to: START_DATE }])
    expect(await made.lease("backfill")).toMatchObject({ stream: "people", window: { from: null, to: START_DATE } })
  })

  it("stays whole where its first page is its last, or reaches below the range already", async () => {
    expect(people(await firstPage({ ...quick(10), next: null })).map(({ isPart }) => isPart)).toEqual([false])
    expect(people(await firstPage(quick(2 * 366))).map(({ isPart }) => isPart)).toEqual([false])
  })
})

describe("a feed that is read as a list, in parts", () => {
  const feed = {
    ...cuttable,
    streams: cuttable.streams.map((one) =>
      one.name === "orders" ? { ...one, reach: { days: 0 }, reachesBackDays: 30 } : one,
    ),
  }

  it("says of each part what the feed forgot of it before it was read, and of none more", async () => {
    const made = sourceWorld(0, feed)
    await made.configure({ collections: choose("Orders") })
    await made.drain("live")
    await made.page(await made.lease("backfill"), page(2))
    // By then the feed has forgotten two days of the lowest part.
    made.advance(2 * DAY)
    await made.page(await made.lease("backfill"), { next: null, records: 0 })
    const [backfill] = made.state().backfills
    expect(made.state().others.find(({ id }) => id === backfill?.run)?.incomplete).toHaveLength(1)
    await made.drain("backfill")
    await made.deliver()
    const { runs } = (await made.engine.runs({ limit: 10, cursor: null })) as { runs: RunView[] }
    expect(runs.find(({ kind }) => kind === "initial")?.incomplete).toHaveLength(2)
  })
})

describe("a list in parts", () => {
  const DENIED = { kind: "denied" as const, collections: ["Orders", "Refunds"], reason: "scope missing" }

  it("that is denied is asked once, now and each day", async () => {
    const { made, upper } = await cutWorld()
    const other = await made.lease("backfill")
    await made.settle(upper, DENIED)
    expect(parts(made).every(({ state }) => state === "denied")).toBe(true)
    expect(await made.page(other, page(20))).toBe("stale")
    await made.until(START + DAY)
    await made.drain("live")
    await made.settle(await made.lease("backfill"), DENIED)
    expect(await made.refusedLease("backfill")).toMatchObject({ kind: "idle" })
  })

  it("is read on by all once one of them may be read", async () => {
    const { made, upper } = await cutWorld()
    await made.settle(upper, DENIED)
    await made.engine.syncNow()
    await made.drain("live")
    const asking = await made.lease("backfill")
    await made.refusedLease("backfill")
    await made.page(asking, page(11))
    expect((await made.lease("backfill")).lease.slice).not.toBe(asking.lease.slice)
  })

  it("waits as a whole where its stream is limited", async () => {
    const { made, upper } = await cutWorld()
    const other = await made.lease("backfill")
    await made.settle(upper, { kind: "limited", until: START + HOUR, reason: "busy", scope: "stream" })
    expect(await made.page(other, page(20))).toBe("stop")
    expect(await made.refusedLease("backfill")).toMatchObject({ kind: "later", reason: "busy" })
  })

  it("goes on without a collection that is switched off, and takes it up again", async () => {
    const { made, upper } = await cutWorld()
    const before = parts(made).length
    await made.configure({ collections: choose("Orders") })
    expect(parts(made).filter(({ state }) => state === "off")).toHaveLength(before)
    await made.page(upper)
    await made.drain("backfill")
    await made.configure({ collections: choose("Orders", "Refunds") })
    await made.drain("live")
    await made.drain("backfill")
    expect(made.state().backfills).toEqual([])
  })

  it("goes on in parts after an eviction, and whole ones of an older deploy are cut from then on", async () => {
    const made = await world()
    const old = made.state()
    for (const slice of old.backfills[0]?.slices ?? []) Reflect.deleteProperty(slice, "isPart")
    Reflect.deleteProperty(old, "answerMs")
    made.store.commit({ ...NO_CHANGES, core: JSON.stringify(old), alarm: null })
    made.restart()
    const task = await made.lease("backfill")
    await made.page(task, page(10))
    expect(parts(made).length).toBeGreaterThan(1)
    made.restart()
    expect(await made.page(task, page(20))).toBe("go")
  })

  it("is gone on with, part by part, by a source that is made again", async () => {
    const { made, upper } = await cutWorld()
    await made.page(upper, { ...page(11), items: [fact("a", START - 11 * DAY)] })
    await made.deliver()
    const before = parts(made)
    const { bookmark } = await made.engine.erase()
    if (!bookmark) throw new Error("no bookmark was handed out")
    const again = sourceWorld(0, cuttable)
    await again.configure({ source: "src_2", collections: choose("Orders", "Refunds"), bookmark })
    const bounds = ({ top, bottom, isPart }: Slice) => ({ top, bottom, isPart })
    expect(parts(again).map(bounds)).toEqual(before.map(bounds))
    expect(parts(again)[0]?.window.to).toBe(START - 11 * DAY + 1)
  })

  it("is not begun anew where the start date moves forward", async () => {
    const { made } = await cutWorld()
    const before = parts(made).map(({ window }) => window)
    await made.configure({ startDate: START_DATE + 30 * DAY })
    expect(parts(made).map(({ window }) => window)).toEqual(before)
  })
})

describe("10,000 customers at the shipped pace", () => {
  it.each([
    { answerMs: 0, mostMs: 5_200, calls: 101, consumers: "one" as const },
    { answerMs: 50, mostMs: 5_400, calls: 101, consumers: "one" as const },
    // Six connections are what one consumer has: 15 calls a second at 400 ms.
    { answerMs: SLOW_MS, mostMs: 8_900, calls: 115, consumers: "one" as const },
    { answerMs: SLOW_MS, mostMs: 8_000, calls: 115, consumers: "many" as const },
  ])("take $mostMs ms at $answerMs ms an answer and $consumers, each once, and the next sync one call", async (one) => {
    const { answerMs, consumers } = one
    const read = await readLongList({ customers: 10_000, answerMs, saveMs: 30, consumers })
    expect(read.ms).toBeLessThanOrEqual(one.mostMs)
    expect(read.calls).toBeLessThanOrEqual(one.calls)
    // 25 a second is what Stripe allows in test mode: https://docs.stripe.com/rate-limits
    expect(read.callsInASecond).toBeLessThan(25)
    expect(new Set(read.delivered).size).toBe(read.delivered.length)
    expect(read.delivered).toHaveLength(20_000)
    expect(read.idleCalls).toBe(1)
    expect(read.progressOff).toBeLessThan(0.05)
  })

  it.each<[string, (place: number) => number]>([
    ["more of them lately", (place) => place ** 3],
    ["fewer of them lately", (place) => place ** 0.33],
  ])("with %s take no longer", async (_title, ageOf) => {
    const read = await readLongList({ customers: 10_000, answerMs: SLOW_MS, saveMs: 30, ageOf, consumers: "one" })
    expect(read.ms).toBeLessThanOrEqual(9_500)
    expect(read.slices).toBeLessThanOrEqual(8)
  })
})
