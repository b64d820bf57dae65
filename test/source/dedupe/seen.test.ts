import { describe, expect, it } from "vitest"
import { hash64 } from "../../../src/lib/hash.ts"
import type { SeenClass, SeenEntry } from "../../../src/source/dedupe/packed-entries.ts"
import {
  BACKFILL_KEYS_MAX,
  KEYS_MAX,
  SEEN_ROW_ENTRIES,
  SeenIndex,
  WINDOW_KEYS_MAX,
} from "../../../src/source/dedupe/seen.ts"
import { type Needed, SEEN_ROW_BYTES_MAX } from "../../../src/source/dedupe/seen-row.ts"
import type { StoredSeen } from "../../../src/source/state/changes.ts"
import { seenStore } from "../../support/seen-store.ts"

const CONTENT = hash64("content")
const [a, b, c] = [hash64("a"), hash64("b"), hash64("c")]

const entry = (announcedAt: number, window = 1): SeenEntry => ({
  version: announcedAt,
  content: CONTENT,
  announcedAt,
  window,
  by: "live",
})

const needed = (changes: Partial<Needed> = {}): Needed => ({ watermark: 0, edges: new Map(), overlaps: [], ...changes })

/** As stored and read again. */
function reopened(index: SeenIndex, rows: StoredSeen[] = index.takeChanges().put): SeenIndex {
  return new SeenIndex(seenStore(rows), index.nextId)
}

/** So many keys, added by pages of a thousand, with the rows as they are on disk. */
function filled(count: number, kind: SeenClass = "live") {
  const store = seenStore()
  const index = new SeenIndex(store, 0)
  const commit = () => store.save(index.takeChanges())
  for (let key = 0; key < count; key++) {
    index.put(hash64(`${kind}${key}`), kind, entry(key))
    if (key % 1_000 === 999) commit()
  }
  commit()
  return { index, store, commit }
}

describe("seen", () => {
  it("comes back from its rows as it was", () => {
    const index = new SeenIndex(seenStore(), 0)
    const stored: SeenEntry = {
      version: 1.79e12,
      content: CONTENT,
      announcedAt: 1.78e12,
      window: 3,
      by: "webhook",
      feeds: "orders+people",
    }
    index.put(a, "live", stored)
    index.put(b, "backfill", { ...stored, content: "", by: "backfill" })
    const again = reopened(index)
    expect(again.get(a)).toEqual(stored)
    expect(again.get(b)).toEqual({ ...stored, content: "", by: "backfill" })
    expect(again.get(c)).toBeUndefined()
    expect(again.size).toBe(2)
  })

  it("lets a later entry of a key win, after reading it again too", () => {
    const index = new SeenIndex(seenStore(), 0)
    index.put(a, "live", entry(1))
    index.put(a, "live", entry(2))
    expect(index.get(a)?.version).toBe(2)
    expect(reopened(index).get(a)?.version).toBe(2)
  })

  it("writes one row a page, and a full row no more", () => {
    const index = new SeenIndex(seenStore(), 0)
    for (let page = 0; page < 12; page++) {
      for (let key = 0; key < 100; key++) index.put(hash64(`${page}:${key}`), "live", entry(page))
      expect(index.takeChanges().put).toHaveLength(1)
    }
    expect(index.nextId).toBe(2)
    expect(SEEN_ROW_ENTRIES).toBe(1_000)
  })

  it("notes a touch in memory only", () => {
    const index = new SeenIndex(seenStore(), 0)
    index.put(a, "live", entry(1, 1))
    index.takeChanges()
    index.touch(a, 2)
    expect(index.get(a)?.window).toBe(2)
    expect(index.changed).toBe(false)
  })
})

describe("pruning", () => {
  it.each<[string, SeenClass, number, Partial<Needed>, boolean]>([
    ["what lies at the live watermark is kept", "live", 10, { watermark: 10 }, true],
    ["what lies below the live watermark is forgotten", "live", 9, { watermark: 10 }, false],
    [
      "a backfill's fact above the watermark is forgotten: no live reading takes it",
      "backfill",
      11,
      { watermark: 10 },
      false,
    ],
    ["a backfill's fact at the edge of its window is kept", "backfill", 10, { edges: new Map([[1, 10]]) }, true],
    [
      "a backfill's fact read before the edge's first page is forgotten",
      "backfill",
      9,
      { edges: new Map([[1, 10]]) },
      false,
    ],
    ["another window's edge keeps nothing", "backfill", 10, { edges: new Map([[2, 1]]) }, false],
    ["what a later reading overlaps is kept", "live", 5, { watermark: 10, overlaps: [{ from: 5, to: 7 }] }, true],
    ["to the last of it", "live", 7, { watermark: 10, overlaps: [{ from: 5, to: 7 }] }, true],
    ["and no further", "live", 8, { watermark: 10, overlaps: [{ from: 5, to: 7 }] }, false],
  ])("%s", (_title, kind, place, bounds, kept) => {
    const index = new SeenIndex(seenStore(), 0)
    index.put(a, kind, entry(place))
    index.takeChanges()
    index.prune(needed(bounds))
    expect(index.get(a) !== undefined).toBe(kept)
    expect(index.takeChanges().remove).toHaveLength(kept ? 0 : 1)
  })

  it("of what other streams show goes by their watermark: one that stands still holds up its own only", () => {
    const index = new SeenIndex(seenStore(), 0)
    index.put(a, "live", { ...entry(5), feeds: "stuck" })
    index.put(b, "live", { ...entry(5), feeds: "stuck+other" })
    index.put(c, "live", { ...entry(5), feeds: "other" })
    const again = reopened(index)
    const watermarks = new Map(Object.entries({ stuck: 1, "stuck+other": 1, other: 10 }))
    again.prune(needed({ watermark: 1, watermarks }))
    expect([a, b, c].map((key) => again.get(key) !== undefined)).toEqual([true, true, false])
  })

  it("keeps a row while one of its entries is needed", () => {
    const index = new SeenIndex(seenStore(), 0)
    index.put(a, "live", entry(1))
    index.put(b, "live", entry(20))
    index.prune(needed({ watermark: 10 }))
    expect(index.get(a)).toBeDefined()
  })

  it("of a key in two rows knows the later entry, after an eviction too", () => {
    const index = new SeenIndex(seenStore(), 0)
    index.put(b, "live", entry(1))
    index.put(a, "backfill", entry(1))
    index.put(a, "live", entry(20))
    expect(reopened(index).get(a)?.announcedAt).toBe(20)
  })

  it("of a key in two rows forgets only the older entry", () => {
    const index = new SeenIndex(seenStore(), 0)
    index.put(a, "backfill", entry(1))
    index.put(a, "live", entry(20))
    index.prune(needed({ watermark: 10 }))
    expect(index.get(a)?.announcedAt).toBe(20)
    expect(index.size).toBe(1)
  })
})

describe("a fact that comes after it was forgotten", () => {
  /** Rows of a thousand facts each, one an hour; what lies an hour back is forgotten. */
  function forgetting(rows: number): SeenIndex {
    const store = seenStore()
    let index = new SeenIndex(store, 0)
    for (let row = 1; row <= rows; row++) {
      for (let key = 0; key < SEEN_ROW_ENTRIES; key++)
        index.put(hash64(`${row}:${key}`), "live", { ...entry(row), content: "" })
      index.prune(needed({ watermark: row, mayComeLate: true }))
      store.save(index.takeChanges())
      index = new SeenIndex(store, index.nextId)
    }
    return index
  }

  it("is known to have been sent, or surely never was; after the object was evicted too", () => {
    const index = forgetting(10)
    expect(index.size).toBe(SEEN_ROW_ENTRIES)
    const keys = Array.from({ length: SEEN_ROW_ENTRIES }, (_, key) => key)
    expect(keys.filter((key) => index.wasNeverSent(hash64(`5:${key}`), 5))).toEqual([])
    expect(keys.filter((key) => index.wasNeverSent(hash64(`lost:${key}`), 5)).length).toBeGreaterThan(990)
  })

  it("is not taken for one that was never sent when it may have been forgotten for good", () => {
    expect(forgetting(10).wasNeverSent(hash64("lost:1"), 1)).toBe(true)
    expect(forgetting(130).wasNeverSent(hash64("lost:1"), 1)).toBe(false)
  })

  it("is kept in mind in two rows of seen at the most, and not where none can come", () => {
    const index = forgetting(130)
    expect(index.bytes).toBeLessThan(400_000)
    expect(index.wasNeverSent(hash64("lost:1"), 10)).toBe(false)
    expect(index.wasNeverSent(hash64("lost:1"), 100)).toBe(true)
    expect(index.wasNeverSent(hash64("100:1"), 100)).toBe(false)
    index.prune(needed({ watermark: 130 }))
    expect(index.takeChanges()).toMatchObject({ put: [], remove: [expect.any(Number), expect.any(Number)] })
  })
})

describe("rows of an earlier version", () => {
  const old = (id: number, kind: SeenClass, keys: number) => ({
    id,
    body: JSON.stringify({
      kind,
      entries: Array.from({ length: keys }, (_, key) => [hash64(`${id}:${key}`), key, CONTENT, key, 7, 1]),
    }),
  })

  it("are read, and written anew with the next commit, in rows of the size that is allowed now", () => {
    const index = new SeenIndex(seenStore([old(3, "backfill", 2), old(4, "live", 30_000)]), 0)
    expect(index.get(hash64("3:1"))).toEqual({
      version: 1,
      content: CONTENT,
      announcedAt: 1,
      window: 7,
      by: "webhook",
    })
    const { put, remove } = index.takeChanges()
    expect(remove).toEqual([3, 4])
    expect(Math.min(...put.map(({ id }) => id))).toBe(4 + 1)
    for (const { body } of put) expect(body.byteLength).toBeLessThanOrEqual(SEEN_ROW_BYTES_MAX)
    expect(reopened(index, put).size).toBe(30_002)
  })
})

describe("a bulk edit of 500,000 records in one window", () => {
  const { index, store } = filled(500_000)

  it("takes at most 24 bytes a key in memory", () => {
    expect(index.size).toBe(500_000)
    expect(index.bytes / index.size).toBeLessThanOrEqual(24)
  })

  it("takes 37 bytes a key on disk, in rows far below what the platform refuses", () => {
    const sizes = store.seen().map(({ body }) => (body as ArrayBuffer).byteLength)
    expect(sizes.reduce((sum, size) => sum + size, 0) / index.size).toBeLessThan(37.1)
    expect(Math.max(...sizes)).toBeLessThan(50_000)
  })

  it("is the same after the object was evicted", () => {
    const again = new SeenIndex(store, index.nextId)
    expect(again.size).toBe(500_000)
    expect(again.bytes / again.size).toBeLessThanOrEqual(24)
    for (const key of [0, 1, 250_000, 499_999])
      expect(again.get(hash64(`live${key}`))).toEqual(index.get(hash64(`live${key}`)))
    expect(again.get(hash64("live500000"))).toBeUndefined()
  })

  it("is forgotten whole once the watermark has passed it", () => {
    const again = new SeenIndex(store, index.nextId)
    again.prune(needed({ watermark: 499_000 }))
    expect(again.size).toBe(1_000)
    expect(again.get(hash64("live499000"))?.announcedAt).toBe(499_000)
    expect(again.get(hash64("live498999"))).toBeUndefined()
  })
})

describe("a page of 40,000 keys", () => {
  it("takes as many rows as it fills, none of them too large", () => {
    const index = new SeenIndex(seenStore(), 0)
    for (let key = 0; key < 40_000; key++) index.put(hash64(`${key}`), "live", entry(key))
    const { put } = index.takeChanges()
    expect(put).toHaveLength(4)
    for (const { body } of put) expect(body.byteLength).toBeLessThanOrEqual(SEEN_ROW_BYTES_MAX)
    expect(reopened(index, put).size).toBe(40_000)
  })
})

describe("where memory has no room for more", () => {
  const MOST = 10_000

  it("nothing is forgotten up to the bound, of which a quarter is live reading's", () => {
    const { index } = filled(MOST)
    expect(index.makeRoom(MOST, MOST / 2)).toBe(0)
    expect([BACKFILL_KEYS_MAX, WINDOW_KEYS_MAX]).toEqual([0.75 * KEYS_MAX, 0.25 * KEYS_MAX])
  })

  it("the oldest rows are forgotten, and counted; never what was added just now", () => {
    const { index, store, commit } = filled(MOST)
    for (let key = 0; key < 1_500; key++) index.put(hash64(`new${key}`), "live", entry(MOST + key))
    expect(index.makeRoom(MOST, MOST / 2)).toBe(2_000)
    commit()
    expect(index.get(hash64("live1999"))).toBeUndefined()
    expect(index.get(hash64("live2000"))).toBeDefined()
    expect(index.get(hash64("new0"))).toBeDefined()
    expect(index.entries("live")).toBe(MOST - 500)
    expect(store.seen()).toHaveLength(9)
  })

  it("those of a backfill are forgotten first, whatever their age", () => {
    const { index, commit } = filled(MOST - 500)
    for (let key = 0; key < 1_000; key++) index.put(hash64(`pass${key}`), "backfill", entry(MOST + key))
    commit()
    expect(index.makeRoom(MOST, MOST / 2)).toBe(1_000)
    expect(index.get(hash64("pass0"))).toBeUndefined()
    expect(index.get(hash64("live0"))).toBeDefined()
  })

  it("of its own window a backfill keeps no more than its part", () => {
    const { index } = filled(MOST / 2, "backfill")
    index.put(a, "backfill", entry(1))
    expect(index.makeRoom(MOST, MOST / 2)).toBe(1_000)
    expect(index.get(a)).toBeDefined()
  })
})
