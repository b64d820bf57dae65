/**
 * A source at all its bounds at once: every list of its core row as long as it may be, every table as full. The platform's limits are
 * held by the store and the calls of the tests' world; what is counted here is how much room is left.
 */
import { describe, expect, it } from "vitest"
import { sentBytes, utf8Bytes } from "../../src/lib/bytes.ts"
import { CHECKPOINT_BYTES_MAX, TOKEN_BYTES_MAX } from "../../src/pipeline/page.ts"
import { RPC_BYTES_MAX, STORAGE_BYTES_MAX, STORED_ROW_BYTES_MAX } from "../../src/platform-limits.ts"
import { SPANS_MAX } from "../../src/source/backfill/backfill.ts"
import { BACKFILLS_MAX } from "../../src/source/backfill/opening.ts"
import { PENDING_MAX, PENDING_ROW_ENTRIES, PendingKeys } from "../../src/source/dedupe/pending-keys.ts"
import { KEYS_MAX } from "../../src/source/dedupe/seen.ts"
import { SEEN_ROW_BYTES_MAX } from "../../src/source/dedupe/seen-row.ts"
import { CLAIM_BYTES_MAX, REFUSED_SINGLES_MAX } from "../../src/source/delivery/delivery.ts"
import { ROW_BYTES, ROW_ITEMS, WAITING_BYTES_MAX, WAITING_ITEMS_MAX } from "../../src/source/delivery/outbox.ts"
import { QUARANTINE_MAX } from "../../src/source/delivery/quarantine.ts"
import { ENTRY_BYTES } from "../../src/source/protocol/entry.ts"
import { COMPLETED_MAX } from "../../src/source/reading/checkpoint.ts"
import { beginProbe, PLACES_MAX } from "../../src/source/reading/probe.ts"
import { KNOWN_MAX, SIGHTINGS_NEEDED } from "../../src/source/reading/step-over.ts"
import { NOTE_CHARS_MAX, NOTES_MAX, RUNS_KEPT, RUNS_WAITING_MAX, runId } from "../../src/source/runs/run.ts"
import { NO_CHANGES } from "../../src/source/state/changes.ts"
import type { Slice } from "../../src/source/state/slices.ts"
import type { Run, State } from "../../src/source/state/state.ts"
import { freshState } from "../../src/source/state/stored.ts"
import { BUNDLE_BYTES_MAX } from "../../src/worker/outbox/bundle-index.ts"
import { choose, configurationOf, fact, START, sourceWorld, type World } from "../support/source-world.ts"

/** More than any connector has, with names longer than any. */
const COLLECTIONS = Array.from({ length: 12 }, (_, index) => `Collection of things ${index}`)
const LISTS_OF_A_BACKFILL = 7
const LIVE_STREAMS = 3
/** `REASON_CHARS_MAX` (http/partner.ts) of what a partner is quoted with. */
const REASON = "ł".repeat(300)
const NOTE = "ł".repeat(NOTE_CHARS_MAX)
const HASH = "zzzzzzzzzzzzzz"
/** A request's body is 64 KB at most, and most of it may be what the user added. */
const ADDED_BYTES = 64_000
/** Of one page, beyond what waited before it: a connector's largest. */
const PAGE_ITEMS = 1_200

const times = <T>(count: number, one: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => one(index))
const named = <T>(value: T): Record<string, T> => Object.fromEntries(COLLECTIONS.map((name) => [name, value]))

function runAt(index: number, changes: Partial<Run> = {}): Run {
  const counts = { accepted: 10 ** 12, dropped: 10 ** 12, quarantined: 10 ** 6 }
  return {
    ...{ id: runId(index), kind: "collection", trigger: "schedule", state: "delivering" },
    ...{
      startedAt: START,
      readAt: START,
      endedAt: null,
      reason: REASON,
      calls: 10 ** 9,
      pages: 10 ** 9,
      records: 10 ** 12,
    },
    collections: named(counts),
    denied: COLLECTIONS.map((collection) => ({ collection, reason: NOTE })),
    incomplete: times(NOTES_MAX, (note) => ({ collection: COLLECTIONS[note] ?? "", reason: NOTE })),
    failed: times(LIVE_STREAMS, (stream) => ({ stream: `stream ${stream}`, collections: COLLECTIONS, reason: NOTE })),
    ...changes,
  } as Run
}

const PLACES = times(PLACES_MAX + 1, () => ({ from: START, to: START }))

function sliceAt(id: string, stream: string): Slice {
  return {
    ...{ id, stream, lane: "backfill", collections: COLLECTIONS, range: { from: START, to: START } },
    ...{ window: { from: START, to: START }, top: START, bottom: START, isPart: true, no: 10 ** 9, bound: START },
    ...{
      pageToken: "ł".repeat(TOKEN_BYTES_MAX / 2),
      page: 10 ** 6,
      pageSize: 250,
      edge: { time: START, since: START },
    },
    ...{ records: 10 ** 9, attempts: 8, lapses: 5, notBefore: START, waiting: REASON },
    lease: { number: 10 ** 9, until: START, nonce: "n".repeat(40), lapsed: true },
    ...{ state: "failed", asideAt: START, stuck: { since: START, reason: REASON }, shrunkByFailures: true },
    probe: { ...beginProbe({ window: { from: START, to: START } }, START, true, 1_000), places: PLACES, step: START },
    sighted: { places: PLACES, seenAt: times(SIGHTINGS_NEEDED, () => START), run: runId(10 ** 6) },
  } as Slice
}

/** All that the core row holds, as long as it may be. */
function fullState(base: State): State {
  const refusedObjects = 2 * QUARANTINE_MAX + WAITING_ITEMS_MAX + PAGE_ITEMS
  const counts = {
    accepted: 10 ** 12,
    dropped: 10 ** 12,
    quarantined: QUARANTINE_MAX,
    refused: 10 ** 6,
    lastItemAt: START,
  }
  return {
    ...base,
    error: { code: "credentials_rejected", message: REASON, remedy: REASON, at: START },
    waits: Object.fromEntries(times(20, (index) => [`stream:${index}`, { until: START, reason: REASON }])),
    ids: { run: 10 ** 6, backfill: 10 ** 6, outbox: 10 ** 12, quarantine: 10 ** 6, seen: 10 ** 6, pending: 10 ** 6 },
    live: Object.fromEntries(
      times(LIVE_STREAMS, (index) => [
        `feed${index}`,
        {
          ...{ cursor: START, perHour: 10 ** 6, movedFrom: START, movedSince: START },
          slice: sliceAt(`live:feed${index}`, `feed${index}`),
          completed: times(COMPLETED_MAX, (record) => ({ id: `gid://shop/Order/${10 ** 12 + record}`, time: START })),
        },
      ]),
    ),
    run: runAt(0, { state: "reading" }),
    others: [
      ...times(RUNS_WAITING_MAX, (index) => runAt(index + 1)),
      ...times(BACKFILLS_MAX, (index) => runAt(index + 100, { state: "reading" })),
    ],
    backfills: times(BACKFILLS_MAX, (index) => ({
      ...{ id: `p${index}`, kind: "resync", run: runId(index + 100), trigger: "manual" },
      overlap: { from: START, to: START },
      slices: times(LISTS_OF_A_BACKFILL, (list) => sliceAt(`p${index}:list${list}`, `list${list}`)),
    })),
    liveFrom: named(START),
    backfillSpans: named(times(SPANS_MAX, () => ({ from: START, to: START }))),
    offAt: named({ from: START, to: START }),
    covered: Object.fromEntries(
      COLLECTIONS.flatMap((name) => times(LISTS_OF_A_BACKFILL, (list) => [`list${list}|${name}`, START])),
    ),
    denied: named(REASON),
    counts: named(counts),
    steppedOver: Object.fromEntries(
      times(LISTS_OF_A_BACKFILL + LIVE_STREAMS, (list) => [
        `list${list}`,
        times(KNOWN_MAX, () => ({ at: START, place: { from: START, to: START } })),
      ]),
    ),
    delivery: {
      ...{ state: "paused", reason: REASON, retryAt: START, attempts: 10 ** 6, maybeRepeated: 10 ** 9 },
      refused: times(REFUSED_SINGLES_MAX, (index) => 10 ** 9 + index),
      unsure: times(WAITING_ITEMS_MAX + PAGE_ITEMS, (index) => 10 ** 9 + index),
    },
    idle: times(RUNS_KEPT, (index) => [runId(index), 1, START, START, 10 ** 6, 10 ** 9]),
    quarantinedObjects: Object.fromEntries(
      times(refusedObjects, (index) => [`${String(index).padStart(4, "0")}${HASH.slice(4)}`, 10 ** 6 + index]),
    ),
  } as State
}

const full = fullState(
  freshState(configurationOf({ collections: [{ name: "Orders", fields: { field: "x".repeat(ADDED_BYTES) } }] })),
)
const large = (key: string, bytes: number) => fact(key, START, { data: { text: `${"x".repeat(bytes)}ł` } })

describe("at all its bounds, a source", () => {
  it("has a core row with room to spare", () => {
    const bytes = utf8Bytes(JSON.stringify(full))
    expect(bytes).toBeGreaterThan(1_000_000)
    expect(bytes).toBeLessThan(0.9 * STORED_ROW_BYTES_MAX)
  })

  it.each([
    ["a run of history", utf8Bytes(JSON.stringify(runAt(1)))],
    ["a row of seen", SEEN_ROW_BYTES_MAX],
    ["a bundle of the outbox", Math.max(BUNDLE_BYTES_MAX, ROW_BYTES + ROW_ITEMS * (HASH.length + 1) + 2_000)],
    ["an entry of quarantine", ENTRY_BYTES + 6_000],
    ["a row of pending keys", utf8Bytes(JSON.stringify(times(PENDING_ROW_ENTRIES, () => [HASH, START])))],
  ])("has rows with room to spare: %s", (_name, bytes) => {
    expect(bytes).toBeLessThan(0.75 * STORED_ROW_BYTES_MAX)
  })

  it("stores less than an object may", () => {
    const tables = {
      seen: KEYS_MAX * 40,
      open: PENDING_MAX * 40,
      outbox: WAITING_BYTES_MAX + 32_000_000,
      quarantine: (COLLECTIONS.length + 1) * QUARANTINE_MAX * (ENTRY_BYTES + 6_000),
      runs: 2 * RUNS_KEPT * 10_000,
    }
    const sum = Object.values(tables).reduce((all, bytes) => all + bytes, 0)
    expect(sum).toBeLessThan(STORAGE_BYTES_MAX / 2)
  })

  it("hands out and takes messages with room to spare", () => {
    expect(CLAIM_BYTES_MAX).toBeLessThanOrEqual(RPC_BYTES_MAX / 2)
    expect(CHECKPOINT_BYTES_MAX).toBeLessThanOrEqual(RPC_BYTES_MAX / 2)
  })

  it("answers every call", async () => {
    const world = sourceWorld()
    await world.configure()
    const state = { ...world.state(), others: full.others, run: null, idle: full.idle, denied: full.denied }
    const put = times(300, (index) => ({ id: index + 1, body: JSON.stringify({ ...entry(index), run: runId(1) }) }))
    const runs = times(2 * RUNS_KEPT, (index) => ({ id: index + 1_000, body: JSON.stringify(runAt(index + 1_000)) }))
    world.store.commit({
      ...NO_CHANGES,
      ...{ core: JSON.stringify(state), alarm: null },
      quarantine: { put, remove: [] },
      runs: { put: runs, remove: [] },
    })
    world.restart()
    for (const ask of [
      () => world.engine.view(),
      () => world.engine.runs({ limit: 100, cursor: null }),
      () => world.engine.quarantine({ limit: 100, cursor: null }),
    ])
      expect(sentBytes(await ask())).toBeLessThan(RPC_BYTES_MAX / 2)
  })
})

function entry(index: number) {
  const body = { truncated: "語".repeat(ENTRY_BYTES / 3) }
  return { kind: "record", collection: "Orders", key: `k${index}`, reason: REASON, at: START, body }
}

describe("a bound that is met", () => {
  it("of pending keys gives the oldest up, and the run says so", async () => {
    const world = await waiting()
    const keys = new PendingKeys(world.store.pending(), 10 ** 6)
    expect([keys.size <= PENDING_MAX, keys.has("oldest"), keys.size > PENDING_MAX / 2]).toEqual([true, false, true])
    const [run] = (await world.view()).current
    expect(run?.incomplete).toEqual([
      { collection: "Orders", reason: expect.stringContaining(`More than ${PENDING_MAX}`) },
    ])
  })

  it("of runs that wait for the destination ends the oldest as partial, with the reason", async () => {
    const world = sourceWorld()
    await world.configure()
    await world.drain("backfill")
    for (let hour = 0; hour < RUNS_WAITING_MAX + 3; hour++) {
      await world.page(await world.lease("live"), { items: [fact(`k${hour}`, world.now())] })
      await world.until(world.state().nextRunAt ?? 0)
    }
    const waits = world.state().others.filter(({ state }) => state === "delivering")
    expect(waits).toHaveLength(RUNS_WAITING_MAX)
    const page = await world.engine.runs({ limit: 100, cursor: null })
    const ended = page.ok ? page.runs.filter(({ state }) => state === "partial") : []
    expect(ended).toHaveLength(3)
    expect(ended[0]?.reason).toContain("wait for the destination")
    expect(await world.deliver()).toHaveLength(RUNS_WAITING_MAX + 3)
  })

  it("of what a run says leaves its last place to the others", async () => {
    const world = sourceWorld()
    await world.configure()
    const incomplete = times(NOTES_MAX + 5, (index) => ({
      collection: "Orders",
      reason: `${index} ${"x".repeat(1_000)}`,
    }))
    await world.page(await world.lease("live"), { incomplete, next: "t1" } as never)
    const [run] = (await world.view()).current
    expect(run?.incomplete).toHaveLength(NOTES_MAX)
    expect(run?.incomplete.at(-1)?.reason).toContain("and more")
    expect(run?.incomplete[0]?.reason).toHaveLength(NOTE_CHARS_MAX)
  })

  it("of joins in quarantine stops the reading, and says so", async () => {
    const world = sourceWorld()
    await world.configure()
    const counts = {
      alias: { accepted: 1_000, dropped: 0, quarantined: QUARANTINE_MAX, refused: 1_000, lastItemAt: START },
    }
    world.store.commit({ ...NO_CHANGES, core: JSON.stringify({ ...world.state(), counts }), alarm: null })
    world.restart()
    expect((await world.refusedLease("live")).kind).toBe("idle")
    await world.engine.alarm()
    const page = await world.engine.runs({ limit: 100, cursor: null })
    const said = page.ok ? page.runs.map(({ reason }) => reason ?? "").join() : ""
    expect(said).toContain("quarantine")
  })
})

async function waiting(): Promise<World> {
  const world = sourceWorld()
  await world.configure({ collections: choose("Orders") })
  const keys = new PendingKeys([], 0)
  keys.add("oldest", START - 1)
  for (let index = 1; index < PENDING_MAX; index++) keys.add(`key${index}`, START + index)
  const { put } = keys.takeChanges()
  const state = world.state()
  const core = JSON.stringify({ ...state, ids: { ...state.ids, open: keys.nextId } })
  world.store.commit({ ...NO_CHANGES, core, alarm: null, pending: { put, remove: [] } })
  world.restart()
  const pending = [1, 2].map((index) => ({ collection: "Orders", key: `one more ${index}`, time: START + 10 ** 6 }))
  await world.page(await world.lease("live"), { pending, next: "t1" })
  return world
}

it("a page of many small items, and of large ones, is one commit of rows that fit", async () => {
  const world = sourceWorld()
  await world.configure()
  const task = await world.lease("live")
  expect(await world.page(task, { items: times(20_000, (index) => fact(`k${index}`, START)), next: "t1" })).toBe("stop")
  const other = sourceWorld()
  await other.configure()
  const items = times(7, (index) => large(`k${index}`, 990_000))
  expect(await other.page(await other.lease("live"), { items, next: "t1" })).toBe("go")
})
