import { describe, expect, it } from "vitest"
import {
  halve,
  nextSendable,
  Outbox,
  ROW_BYTES,
  ROW_ITEMS,
  sendable,
  toRows,
  WAITING_ITEMS_MAX,
} from "../../../src/source/delivery/outbox.ts"
import { itemsIn } from "../../../src/source/protocol/outbox-body.ts"
import type { OutboxMeta } from "../../../src/source/state/changes.ts"
import { encoded, encodedAll, itemsOf } from "../../support/encoded.ts"
import { fact, person } from "../../support/source-world.ts"

const facts = (count: number) => Array.from({ length: count }, (_, index) => encoded(fact(`k${index}`, index + 1)))
const wide = (text: string) => encoded(fact("wide", 1, { data: { text } }))
const keysOf = (row: { body: string }) => itemsOf(row).map(({ key }) => key)

describe("rows", () => {
  it.each([
    [1, [1]],
    [50, [50]],
    [51, [50, 1]],
    [120, [50, 50, 20]],
  ])("%i items are kept as %j", (count, sizes) => {
    expect(toRows(facts(count), "run_1", 0).map((row) => row.items)).toEqual(sizes)
    expect(ROW_ITEMS).toBe(50)
  })

  it("hold at most a megabyte, counted in bytes and not in letters", () => {
    const japanese = "語".repeat(120_000)
    const rows = toRows(
      Array.from({ length: 6 }, () => wide(japanese)),
      "run_1",
      0,
    )
    expect(rows.map((row) => row.items)).toEqual([2, 2, 2])
    for (const row of rows) {
      expect(new TextEncoder().encode(row.body).length).toBeLessThanOrEqual(ROW_BYTES)
      expect(row.bytes).toBe(new TextEncoder().encode(row.body).length)
    }
  })

  it("keep the order of the items, and take the sequence number of their first", () => {
    const rows = toRows(facts(120), "run_1", 7)
    expect(rows.map((row) => row.id)).toEqual([7, 57, 107])
    expect(rows.flatMap(keysOf)).toEqual(facts(120).map(({ key }) => key))
  })

  it("say which objects and how many items of which collection they hold", () => {
    const [row] = toRows(encodedAll([fact("a", 1), person("p", 1), person("p", 2), person("q", 1)]), "run_1", 0)
    expect(row?.objects.split(" ")).toHaveLength(2)
    expect(JSON.parse(row?.counts ?? "")).toEqual({ Orders: 1, People: 3 })
  })
})

describe("halving", () => {
  it.each([4, 7, 50])(
    "a row of %i items keeps their place in line; halves take the attempts along, a single item begins anew",
    (count) => {
      const items = facts(count)
      const [row] = toRows(items, "run_1", 100, 3)
      const halves = halve(row as OutboxMeta, items, 5)
      expect(halves.map((half) => half.id)).toEqual([100, 100 + Math.ceil(count / 2)])
      expect(halves.flatMap(keysOf)).toEqual(items.map(({ key }) => key))
      expect(halves.map((half) => half.attempts)).toEqual(halves.map((half) => (half.items > 1 ? 3 : 1)))
      expect(halves.every((half) => half.notBefore === 5 && half.run === "run_1")).toBe(true)
    },
  )

  it("goes down to single items without a number given twice", () => {
    let rows = toRows(facts(50), "run_1", 0)
    while (rows.some((row) => row.items > 1))
      rows = rows.flatMap((row) => (row.items > 1 ? halve(row, itemsIn(row.body), 0) : [row]))
    expect(rows.map((row) => row.id).sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, id) => id))
  })
})

describe("what may be sent", () => {
  const row = (id: number, objects = "", notBefore = 0): OutboxMeta => {
    return { id, run: "r", items: 1, bytes: 1, attempts: 0, notBefore, objects, counts: "{}" }
  }

  it.each<[string, OutboxMeta[], number, number[]]>([
    ["the oldest rows, as many as are asked for", [row(1), row(2), row(3)], 2, [1, 2]],
    ["no row that is held back", [row(1, "", 11), row(2, "", 10)], 9, [2]],
    ["no newer state of an object while an older one waits", [row(1, "a", 11), row(2, "a"), row(3, "b")], 9, [3]],
    ["no two states of an object at once", [row(1, "a b"), row(2, "b"), row(3, "c")], 9, [1, 3]],
    ["nor one behind a row that is blocked itself", [row(1, "a", 11), row(2, "a b"), row(3, "b")], 9, []],
  ])("%s", (_title, rows, most, expected) => {
    expect(sendable(rows, 10, most).map(({ id }) => id)).toEqual(expected)
  })

  it.each<[string, OutboxMeta[], number | null]>([
    ["never, when nothing waits", [], null],
    ["when the first is no longer held back", [row(1, "", 30), row(2, "", 20)], 20],
    ["not before the row that blocks", [row(1, "a", 30), row(2, "a", 0)], 30],
  ])("next: %s", (_title, rows, expected) => expect(nextSendable(rows)).toBe(expected))
})

describe("the outbox", () => {
  it("is full past so many items", () => {
    const outbox = new Outbox([])
    for (const row of toRows(facts(WAITING_ITEMS_MAX), "run_1", 0)) outbox.insert(row)
    expect([outbox.items, outbox.isFull]).toEqual([WAITING_ITEMS_MAX, false])
    for (const row of toRows(facts(1), "run_1", WAITING_ITEMS_MAX)) outbox.insert(row)
    expect(outbox.isFull).toBe(true)
    outbox.remove(WAITING_ITEMS_MAX)
    expect([outbox.items, outbox.isFull]).toEqual([WAITING_ITEMS_MAX, false])
  })

  it("replaces a stored row by one of the same id in one commit", () => {
    const [stored] = toRows(facts(4), "run_1", 0)
    const outbox = new Outbox([stored as OutboxMeta])
    outbox.update(0, { attempts: 2 })
    outbox.remove(0)
    for (const half of halve(stored as OutboxMeta, facts(4), 0)) outbox.insert(half)
    const changes = outbox.takeChanges()
    expect([changes.remove, changes.insert.map(({ id }) => id), changes.update]).toEqual([[0], [0, 2], []])
    expect(outbox.items).toBe(4)
  })

  it("keeps no body once it is stored, and stores a change of the same commit with the row", () => {
    const outbox = new Outbox([])
    const [row] = toRows(facts(3), "run_1", 0)
    if (!row) throw new Error("no row")
    outbox.insert(row)
    outbox.update(0, { attempts: 2 })
    const { insert, update } = outbox.takeChanges()
    expect([insert, update]).toEqual([[{ ...row, attempts: 2 }], []])
    expect(outbox.get(0)).not.toHaveProperty("body")
    outbox.update(0, { notBefore: 7 })
    expect(outbox.takeChanges()).toMatchObject({ insert: [], update: [{ id: 0, notBefore: 7 }] })
  })

  it("says what waits by collection", () => {
    const outbox = new Outbox([])
    for (const row of toRows([...facts(60), encoded(person("p", 1))], "run_1", 0)) outbox.insert(row)
    expect(outbox.waiting()).toEqual({ Orders: 60, People: 1 })
    expect([outbox.hasRun("run_1"), outbox.hasRun("run_2")]).toEqual([true, false])
  })
})
