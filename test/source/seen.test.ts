import { describe, expect, it } from "vitest"
import { type Needed, SEEN_ROW_ENTRIES, type SeenClass, type SeenEntry, SeenIndex } from "../../src/source/seen.ts"

const entry = (place: number, window = 1): SeenEntry => ({ version: place, content: "c", place, window, by: "live" })
const needed = (changes: Partial<Needed> = {}): Needed => ({ floor: 0, edges: new Map(), overlaps: [], ...changes })

/** As stored and read again. */
function reopened(index: SeenIndex, rows = index.takeChanges().put): SeenIndex {
  return new SeenIndex(rows, index.nextId)
}

describe("seen", () => {
  it("comes back from its rows as it was", () => {
    const index = new SeenIndex([], 0)
    const stored: SeenEntry = { version: 5, content: "x", place: 4, window: 3, by: "webhook" }
    index.put("a", "live", stored)
    index.put("b", "pass", { ...stored, by: "pass" })
    const again = reopened(index)
    expect(again.get("a")).toMatchObject(stored)
    expect(again.get("b")).toMatchObject({ by: "pass" })
    expect(again.get("c")).toBeUndefined()
    expect(again.size).toBe(2)
  })

  it("lets a later entry of a key win, after reading it again too", () => {
    const index = new SeenIndex([], 0)
    index.put("a", "live", entry(1))
    index.put("a", "live", entry(2))
    expect(index.get("a")?.version).toBe(2)
    expect(reopened(index).get("a")?.version).toBe(2)
  })

  it("writes one row a page, and a full row no more", () => {
    const index = new SeenIndex([], 0)
    for (let page = 0; page < 12; page++) {
      for (let key = 0; key < 100; key++) index.put(`${page}:${key}`, "live", entry(page))
      expect(index.takeChanges().put).toHaveLength(1)
    }
    expect(index.nextId).toBe(2)
    expect(SEEN_ROW_ENTRIES).toBe(1_000)
  })

  it("notes a touch in memory only", () => {
    const index = new SeenIndex([], 0)
    index.put("a", "live", entry(1, 1))
    index.takeChanges()
    index.touch("a", 2)
    expect(index.get("a")?.window).toBe(2)
    expect(index.changed).toBe(false)
  })
})

describe("pruning", () => {
  it.each<[string, SeenClass, number, Partial<Needed>, boolean]>([
    ["what lies at the live floor is kept", "live", 10, { floor: 10 }, true],
    ["what lies below the live floor is forgotten", "live", 9, { floor: 10 }, false],
    ["a pass's fact above the floor is forgotten: no live reading takes it", "pass", 11, { floor: 10 }, false],
    ["a pass's fact at the edge of its window is kept", "pass", 10, { edges: new Map([[1, 10]]) }, true],
    ["a pass's fact read before the edge's first page is forgotten", "pass", 9, { edges: new Map([[1, 10]]) }, false],
    ["another window's edge keeps nothing", "pass", 10, { edges: new Map([[2, 1]]) }, false],
    ["what a later reading overlaps is kept", "live", 5, { floor: 10, overlaps: [{ from: 5, to: 7 }] }, true],
    ["to the last of it", "live", 7, { floor: 10, overlaps: [{ from: 5, to: 7 }] }, true],
    ["and no further", "live", 8, { floor: 10, overlaps: [{ from: 5, to: 7 }] }, false],
  ])("%s", (_title, kind, place, bounds, kept) => {
    const index = new SeenIndex([], 0)
    index.put("a", kind, entry(place))
    index.takeChanges()
    index.prune(needed(bounds))
    expect(index.get("a") !== undefined).toBe(kept)
    expect(index.takeChanges().remove).toHaveLength(kept ? 0 : 1)
  })

  it("of what other streams show goes by their floor: one that stands still holds up its own only", () => {
    const index = new SeenIndex([], 0)
    index.put("its own", "live", { ...entry(5), feeds: "stuck" })
    index.put("shared", "live", { ...entry(5), feeds: "stuck+other" })
    index.put("another's", "live", { ...entry(5), feeds: "other" })
    const again = reopened(index)
    const floors = new Map(Object.entries({ stuck: 1, "stuck+other": 1, other: 10 }))
    again.prune(needed({ floor: 1, floors }))
    expect(["its own", "shared", "another's"].map((key) => again.get(key) !== undefined)).toEqual([true, true, false])
  })

  it("keeps a row while one of its entries is needed", () => {
    const index = new SeenIndex([], 0)
    index.put("old", "live", entry(1))
    index.put("new", "live", entry(20))
    index.prune(needed({ floor: 10 }))
    expect(index.get("old")).toBeDefined()
  })

  it("of a key in two rows forgets only the older entry", () => {
    const index = new SeenIndex([], 0)
    index.put("a", "pass", entry(1))
    index.put("a", "live", entry(20))
    index.prune(needed({ floor: 10 }))
    expect(index.get("a")?.place).toBe(20)
    expect(index.size).toBe(1)
  })
})
