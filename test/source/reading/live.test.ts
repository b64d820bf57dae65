import { describe, expect, it } from "vitest"
import { keyHash } from "../../../src/source/dedupe/hashes.ts"
import { SeenIndex } from "../../../src/source/dedupe/seen.ts"
import {
  leaveLost,
  openWindows,
  RESUME_MARGIN_MS,
  RETENTION_MARGIN_MS,
  windowRead,
} from "../../../src/source/reading/live.ts"
import { newRun } from "../../../src/source/runs/run.ts"
import { NO_CHANGES } from "../../../src/source/state/changes.ts"
import type { LiveStream, Slice } from "../../../src/source/state/slices.ts"
import type { Transaction } from "../../../src/source/transaction.ts"
import {
  crowd,
  DAY,
  fact,
  HOUR,
  LOOKBACK,
  MINUTE,
  RETENTION_DAYS,
  START,
  sourceWorld,
  transactionOf,
} from "../../support/source-world.ts"

function feedOf(tx: Transaction): LiveStream {
  const feed = tx.state.live.feed
  if (!feed) throw new Error("no feed")
  return feed
}

/** A live run that opens its windows so long after the cursor. */
function openedAfter(ms: number, perHour: number | null): { tx: Transaction; feed: LiveStream } {
  const tx = transactionOf({ live: { feed: { cursor: START, slice: null, completed: [], perHour } } }, START + ms)
  tx.state.run = newRun(tx, "live", "schedule")
  openWindows(tx)
  return { tx, feed: feedOf(tx) }
}

/** The same, once the partner has answered. */
function answeredAfter(ms: number): { tx: Transaction; feed: LiveStream } {
  const { tx, feed } = openedAfter(ms, 1)
  if (feed.slice) leaveLost(tx, feed.slice)
  return { tx, feed }
}

describe("a live window", () => {
  it.each<[string, number, number | null, number | null]>([
    ["reaches from the watermark up to now", HOUR, 10, null],
    ["is not cut within two hours, however dense", 2 * HOUR - LOOKBACK, 1e9, null],
    ["of three days is not cut when little is in it", 3 * DAY, 10, null],
    ["of three days is cut at a day while nothing is known of it", 3 * DAY, null, DAY - LOOKBACK],
    ["is cut at about 50,000 records", 3 * DAY, 5_000, 10 * HOUR - LOOKBACK],
    ["is cut above the cursor, however dense", 3 * DAY, 1e9, 2 * HOUR],
    ["is not cut close to its end", DAY + HOUR, null, null],
  ])("%s", (_title, outage, perHour, top) => {
    const { feed } = openedAfter(outage, perHour)
    expect(feed.slice?.window).toEqual({ from: START - LOOKBACK, to: top === null ? null : START + top })
  })

  it("moves the cursor to the time its first page was asked at, without the lookback", async () => {
    const world = sourceWorld()
    await world.configure()
    world.advance(5 * MINUTE)
    const task = await world.lease("live")
    await world.page(task, { next: "t1" })
    world.advance(2 * MINUTE)
    await world.page(task)
    expect(world.state().live.feed).toMatchObject({ cursor: START + 5 * MINUTE, slice: null })
  })

  it("never moves the cursor back", async () => {
    const world = sourceWorld()
    await world.configure()
    const task = await world.lease("live")
    await world.page(task, { asked: START - MINUTE / 2 })
    expect(world.state().live.feed?.cursor).toBe(START)
  })

  it("is bounded by the partner's clock, whatever ours shows", async () => {
    const world = sourceWorld(-HOUR)
    await world.configure({ connectedAt: START - HOUR })
    // Three answers, over two minutes, until such a clock is believed.
    for (let minute = 0; minute < 5; minute++) {
      await world.drain("live")
      await world.until(world.now() + MINUTE)
    }
    await world.until(START + 3 * HOUR)
    await world.drain("live")
    const cursor = world.state().live.feed?.cursor ?? 0
    expect(cursor).toBe(START + 2 * HOUR)
  })

  it("after an outage is one of several, oldest first, without a gap", async () => {
    const world = sourceWorld()
    await world.configure()
    await world.page(await world.lease("live"), { records: 400 })
    world.advance(3 * DAY)
    await world.engine.alarm()
    const windows = []
    for (let task = await world.lease("live"); ; task = await world.lease("live")) {
      windows.push(task.window)
      const isLast = task.window.to === null
      await world.page(task, { records: 48_000 })
      if (isLast) break
    }
    expect(windows.length).toBeGreaterThan(1)
    for (const [index, window] of windows.entries()) {
      const before = windows[index - 1]
      expect(window.from).toBe(before ? (before.to ?? 0) - LOOKBACK : START - LOOKBACK)
    }
    expect(world.state().live.feed?.cursor).toBe(START + 3 * DAY)
    expect(world.state().run).toBeNull()
  })

  it("left by a failed run is gone on with, and then followed up to the new run's start", async () => {
    const world = sourceWorld()
    await world.configure()
    const task = await world.lease("live")
    await world.page(task, { next: "t1", items: [fact("a", START)] })
    await world.settle(task, { kind: "fault", reason: "a bad request" })
    expect((await world.view()).lastRun).toMatchObject({
      state: "failed",
      reason: "a bad request. What was read is kept. The next run goes on from there.",
    })
    await world.until(START + 5 * HOUR)
    const again = await world.lease("live")
    expect(again).toMatchObject({ pageToken: "t1", window: { from: START - LOOKBACK, to: null } })
    await world.page(again)
    const next = await world.lease("live")
    expect(next).toMatchObject({ pageToken: null, window: { from: START - LOOKBACK } })
    await world.page(next)
    expect(world.state().live.feed?.cursor).toBe(START + 5 * HOUR)
    expect(world.state().run).toBeNull()
  })

  it.each<[string, number, boolean]>([
    ["is followed by another where an earlier run had left it", 2 * MINUTE + 1, true],
    ["is not where the partner dates its answers by the minute", 2 * MINUTE, false],
  ])("%s", (_title, before, isFollowed) => {
    const { tx, feed } = openedAfter(HOUR, 10)
    tx.connector = { ...tx.connector, clock: { granularityMs: MINUTE } }
    const run = newRun(tx, "live", "schedule")
    if (feed.slice) windowRead(tx, { ...feed.slice, bound: run.startedAt - before }, run)
    expect(feed.slice !== null).toBe(isFollowed)
  })

  it("ends where it has been read, with a cursor that stands when nothing was bounded", () => {
    const { tx, feed } = openedAfter(HOUR, 10)
    const run = newRun(tx, "live", "schedule")
    if (feed.slice) windowRead(tx, { ...feed.slice, bound: null, top: null }, { ...run, startedAt: 0 })
    expect(feed.cursor).toBe(START)
  })
})

describe("where the feed does not reach back", () => {
  const reach = RETENTION_DAYS * DAY - RETENTION_MARGIN_MS

  it.each([
    [0, "the feed is read", 0],
    [1, "a backfill reads the lists", 1],
  ])("%i ms past the margin %s", (past, _what, backfills) => {
    const { tx, feed } = answeredAfter(reach - LOOKBACK + past)
    expect(tx.state.backfills.filter(({ kind }) => kind === "gap")).toHaveLength(backfills)
    const resumed = START + reach - LOOKBACK + past - RETENTION_DAYS * DAY + RESUME_MARGIN_MS
    expect(feed.cursor).toBe(backfills ? 1000 * Math.floor(resumed / 1000) : START)
  })

  it("only an answer of the partner says so: our own clock may have been set ahead", async () => {
    const world = sourceWorld()
    await world.configure()
    await world.drain("backfill")
    await world.page(await world.lease("live"))
    world.advance(40 * DAY)
    await world.engine.alarm()
    const task = await world.lease("live")
    expect(task.window).toMatchObject({ from: START - LOOKBACK })
    await world.page(task, { asked: START + HOUR, items: [fact("a", START + MINUTE)] })
    expect(world.state()).toMatchObject({ backfills: [], live: { feed: { cursor: START } } })
    world.advance(-40 * DAY)
    await world.view()
    await world.until(START + HOUR)
    await world.drain("live")
    expect(world.state()).toMatchObject({ backfills: [], live: { feed: { cursor: START + HOUR } } })
  })

  it("a clock of ours that is hours ahead of the partner's leaves nothing between the gap and what is read live", () => {
    const { feed } = answeredAfter(40 * DAY)
    const partnersClock = START + 40 * DAY - 5 * HOUR
    expect(feed.cursor).toBeLessThan(partnersClock)
  })

  it("the gap's facts are the backfill's, from the old watermark to the new one, and later ones live reading's", () => {
    const { tx, feed } = answeredAfter(40 * DAY)
    const watermark = feed.cursor - LOOKBACK
    expect(tx.state.backfills[0]?.slices.map(({ stream, range }) => [stream, range])).toEqual([
      ["orders", { from: START - LOOKBACK, to: watermark }],
      ["people", { from: START - LOOKBACK, to: watermark }],
    ])
    const span = { from: START - LOOKBACK, to: watermark }
    expect(tx.state.backfillSpans).toMatchObject({ Orders: [span], People: [span] })
    expect(feed.slice?.window).toEqual({ from: watermark, to: null })
  })

  it("what no list tells is reported", () => {
    const tx = transactionOf({}, START + 40 * DAY)
    tx.state.configuration.collections = ["Orders", "Visits"].map((name) => ({ name, fields: {} }))
    tx.state.run = newRun(tx, "live", "schedule")
    openWindows(tx)
    leaveLost(tx, feedOf(tx).slice as Slice)
    const incomplete = tx.state.others[0]?.incomplete.filter(({ reason }) => reason.includes("no list"))
    expect(incomplete?.map(({ collection }) => collection)).toEqual(["Visits"])
  })

  it("what no list at all tells is reported by the live run", () => {
    const tx = transactionOf({}, START + 40 * DAY)
    tx.state.configuration.collections = [{ name: "Visits", fields: {} }]
    tx.state.run = newRun(tx, "live", "schedule")
    openWindows(tx)
    leaveLost(tx, feedOf(tx).slice as Slice)
    expect(tx.state.backfills).toEqual([])
    expect(tx.state.run.incomplete.map(({ collection }) => collection)).toEqual(["Visits"])
  })

  it("a window that a pause left open is given up for a gap backfill too", async () => {
    const world = sourceWorld()
    await world.configure()
    await world.drain("backfill")
    await world.page(await world.lease("live"), { next: "t1", items: [fact("a", START)] })
    await world.configure({ active: false })
    world.advance(40 * DAY)
    await world.configure({ active: true })
    // The page that shows the partner's time is not taken.
    expect(await world.page(await world.lease("live"), { items: [fact("z", START)] })).toBe("stop")
    const task = await world.lease("live")
    expect(task).toMatchObject({
      pageToken: null,
      window: { from: START + 40 * DAY - RETENTION_DAYS * DAY + RESUME_MARGIN_MS - LOOKBACK },
    })
    const gap = await world.lease("backfill")
    expect(gap).toMatchObject({ stream: "orders", range: { from: START - LOOKBACK } })
    expect(await world.page(gap, { items: [fact("a", START), fact("b", START + DAY)] })).toBe("stop")
    expect((await world.deliver()).map(({ key }) => key)).toEqual(["a", "b"])
  })

  it("the keys of all that was told within the gap are kept: a window's last page may have shown more than its end", () => {
    const { tx, feed } = answeredAfter(40 * DAY)
    expect(tx.state.backfills[0]?.overlap).toEqual({ from: START - LOOKBACK, to: feed.cursor - LOOKBACK })
  })

  it("a fact read before the gap is not sent again by the gap's backfill, though live reading has gone on since", async () => {
    const world = sourceWorld()
    await world.configure()
    await world.drain("backfill")
    await world.page(await world.lease("live"), { items: [fact("a", START - MINUTE), ...crowd(START - MINUTE)] })
    await world.deliver()
    world.advance(40 * DAY)
    await world.engine.alarm()
    await world.page(await world.lease("live"))
    await world.page(await world.lease("live"), { items: [fact("late", world.now() - MINUTE)] })
    world.restart()
    const gap = await world.lease("backfill")
    await world.page(gap, { items: [fact("lost", START + DAY), fact("a", START - MINUTE)] })
    expect((await world.deliver()).map(({ key }) => key)).toEqual(["late", "lost"])
  })
})

describe("a record that moves out of every window while it is read", () => {
  /** Windows of several pages, one an interval; answers the feed after so many. */
  function windows(count: number, everyMs: number): LiveStream {
    const { tx, feed } = openedAfter(everyMs, 10)
    tx.connector = {
      ...tx.connector,
      streams: tx.connector.streams.map((one) => ({ ...one, sortedByUpdate: true })),
    }
    const run = { ...newRun(tx, "live", "schedule"), startedAt: 0 }
    for (let window = 1; window <= count; window++) {
      if (window > 1) openWindows(tx)
      if (feed.slice) windowRead(tx, { ...feed.slice, page: 1, bound: START + window * everyMs }, run)
    }
    return feed
  }

  it.each<[string, number, number, number]>([
    ["of one window: from where it began", 1, HOUR, -LOOKBACK],
    ["of five windows running: from where the first began", 5, HOUR, -LOOKBACK],
    ["of forty: from a day below the cursor", 40, HOUR, 40 * HOUR - DAY],
    ["of two windows of three days each: from where the last began", 2, 3 * DAY, 3 * DAY - LOOKBACK],
  ])("is awaited, %s", (_title, count, everyMs, from) => {
    expect((windows(count, everyMs).movedFrom ?? 0) - START).toBe(from)
  })

  it("is awaited no more after a window of one page", () => {
    const { tx, feed } = openedAfter(HOUR, 10)
    feed.movedFrom = START - DAY
    if (feed.slice) windowRead(tx, { ...feed.slice, page: 0 }, newRun(tx, "live", "schedule"))
    expect(feed).toMatchObject({ movedFrom: null, movedSince: null })
  })

  it("brings its facts late by more than that: they go out unless they were sent, and are counted", async () => {
    const world = sourceWorld()
    await world.configure()
    await world.drain("live")
    await world.drain("backfill")
    const moved = { cursor: START + 2 * DAY, movedFrom: START + DAY, movedSince: START }
    const feed = { ...world.state().live.feed, ...moved }
    const core = JSON.stringify({ ...world.state(), live: { feed } })
    const index = new SeenIndex(world.store, world.state().ids.seen)
    index.put(keyHash("Orders", "sent"), "live", {
      version: 0,
      content: "",
      announcedAt: START + DAY - 2,
      window: 0,
      by: "live",
    })
    index.takeChanges()
    index.prune({ watermark: START + DAY, edges: new Map(), overlaps: [], mayComeLate: true })
    world.store.commit({ ...NO_CHANGES, seen: index.takeChanges(), core, alarm: null })
    world.restart()
    world.advance(2 * DAY + HOUR)
    await world.engine.alarm()
    const places = { b: START + DAY, moved: START + DAY - 1, sent: START + DAY - 2, first: START, before: START - 1 }
    const items = Object.entries(places).map(([key, place]) => fact(key, place))
    const task = await world.lease("live")
    await world.page(task, { items, next: "2" })
    expect((await world.deliver()).map(({ key }) => key)).toEqual(["b", "moved", "first"])
    const { collections, lastRun } = await world.view()
    expect(collections[0]).toMatchObject({ accepted: 3, dropped: 2, late: 2 })
    expect(lastRun?.collections).toMatchObject({ Orders: { accepted: 3, dropped: 2, late: 2 } })
    // Read again, they are known.
    await world.page({ ...task, page: 1 }, { items })
    expect(await world.deliver()).toEqual([])
  })
})
