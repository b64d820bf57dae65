/** Rows of which only the hashes are in memory answer as those do that are there whole; and what all of them take. */
import { afterEach, describe, expect, it, vi } from "vitest"
import { hash64 } from "../../../src/lib/hash.ts"
import type { SeenEntry } from "../../../src/source/dedupe/packed-entries.ts"
import { KEYS_MAX, SeenIndex } from "../../../src/source/dedupe/seen.ts"
import { SeenRow } from "../../../src/source/dedupe/seen-row.ts"
import { ROWS_KEPT_MAX } from "../../../src/source/dedupe/stored-rows.ts"
import { type Chance, createChance } from "../../simulation/chance.ts"
import { hashOf, type MemorySeen, rowsOfKeys, seenStore } from "../../support/seen-store.ts"

afterEach(() => vi.restoreAllMocks())

const KEYS = Array.from({ length: 3_000 }, (_, key) => hash64(`${key}`))
const CONTENTS = ["", "", hash64("one"), hash64("other")]
const COMMITS = 120
const ENTRY: SeenEntry = { version: 1, content: "", announcedAt: 1, window: 1, by: "backfill" }

const entryOf = (chance: Chance, place: number): SeenEntry => ({
  version: place,
  content: chance.pick("content", CONTENTS),
  announcedAt: place + chance.int("place", -50, 50),
  window: chance.int("window", 1, 6),
  by: chance.pick("by", ["backfill", "webhook", "live"] as const),
})

/** A source's life with its keys, and all that it was told of them, commit by commit. */
function life(seed: number): { told: string[]; closed: number } {
  const chance = createChance(seed, {}, new Set())
  const store = seenStore()
  const index = new SeenIndex(store, 0)
  const closed = vi.spyOn(SeenRow.prototype, "close")
  const lines: unknown[][] = []
  for (let commit = 1; commit <= COMMITS; commit++) {
    const place = 10 * commit
    const feeds = chance.pick("feeds", ["", "", "orders", "people"])
    const kind = chance.pick("kind", ["live", "live", "backfill"] as const)
    for (let keys = chance.int("keys", 0, 500); keys > 0; keys--)
      index.put(chance.pick("key", KEYS), kind, { ...entryOf(chance, place), ...(feeds && { feeds }) })
    for (let keys = 20; keys > 0; keys--) index.touch(chance.pick("touched", KEYS), commit)
    if (commit % 7 === 0) index.prune(neededAt(chance, place))
    const forgotten = commit % 11 === 0 ? index.makeRoom(12_000, 4_000) : 0
    lines.push([
      ...[forgotten, index.size, index.entries("live"), index.entries("backfill"), index.factsAbove(place - 100)],
      KEYS.filter((_, at) => at % 50 === commit % 50).map((key) => index.get(key)),
      KEYS.slice(0, 50).map((key) => index.wasNeverSent(key, place - 100)),
    ])
    store.save(index.takeChanges())
  }
  return { told: [...lines, rowsOf(store)].map((line) => JSON.stringify(line)), closed: closed.mock.calls.length }
}

function neededAt(chance: Chance, place: number) {
  const from = place - chance.int("overlap", 0, 400)
  return {
    watermark: place - 300,
    watermarks: new Map([["orders", place - 100]]),
    edges: new Map([[chance.int("edge", 1, 6), place - chance.int("since", 0, 900)]]),
    overlaps: [{ from, to: from + 20 }],
    mayComeLate: chance.draw("late") < 0.7,
  }
}

const rowsOf = (store: MemorySeen) =>
  store.seen().map(({ id, body }) => [id, hash64(String(new Uint8Array(body as ArrayBuffer)))])

describe("a closed row", () => {
  it.each([1, 2, 3])("answers as one that never was closed, and leaves the same rows: life %i", (seed) => {
    const { told, closed } = life(seed)
    expect(closed).toBeGreaterThan(20)
    vi.spyOn(SeenRow.prototype, "close").mockImplementation(() => undefined)
    expect(told).toEqual(life(seed).told)
  })

  it("is not closed before it is stored", () => {
    const store = seenStore()
    const index = new SeenIndex(store, 0)
    for (let key = 0; key < 40_000; key++) index.put(hashOf(key), "live", ENTRY)
    const changes = index.takeChanges()
    expect(index.get(hashOf(0))).toBeDefined()
    store.save(changes)
    index.takeChanges()
    expect(index.get(hashOf(0))).toBeDefined()
  })

  it("that is not stored any more is a fault, never an answer", () => {
    const store = seenStore()
    const index = new SeenIndex(store, 0)
    for (let key = 0; key < 40_000; key++) index.put(hashOf(key), "live", ENTRY)
    index.takeChanges()
    index.takeChanges()
    expect(() => index.get(hashOf(0))).toThrow("not stored")
  })

  it("is read once for keys that lie close together, and few are kept", () => {
    const store = seenStore(rowsOfKeys(100_000, "live", ENTRY))
    const index = new SeenIndex(store, 0)
    const read = vi.spyOn(store, "seenRow")
    const before = index.bytes
    for (let key = 0; key < 90_000; key++) index.get(hashOf(key))
    expect(read).toHaveBeenCalledTimes(90)
    expect(index.bytes - before).toBeLessThan(ROWS_KEPT_MAX * 38_000)
  })
})

describe("two million keys", () => {
  // After 1,468,006 the table of hashes has just grown: it is at its emptiest.
  it.each([1_469_000, KEYS_MAX])("take at most 24 bytes each in memory: %i", (keys) => {
    const index = new SeenIndex(seenStore(rowsOfKeys(keys, "live", ENTRY)), 0)
    expect(index.size).toBe(keys)
    expect(index.bytes / keys).toBeLessThan(20)
    // A key of each row, read again by a window.
    for (let key = 0; key < keys; key += 1_000) index.touch(hashOf(key), 2)
    expect(index.bytes / keys).toBeLessThanOrEqual(24)
  })
})
