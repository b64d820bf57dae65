import { describe, expect, it } from "vitest"
import { utf8Bytes } from "../../../src/lib/bytes.ts"
import { STORED_ROW_BYTES_MAX } from "../../../src/platform-limits.ts"
import { type Changes, NO_CHANGES, type OutboxInsert } from "../../../src/source/state/changes.ts"
import { BUNDLE_BYTES_MAX, type BundleChanges } from "../../../src/worker/outbox/bundle-index.ts"
import { type BundleTable, OutboxBundles } from "../../../src/worker/outbox/bundles.ts"
import { memoryStore } from "../../support/platform/memory-store.ts"

type OutboxChanges = Changes["outbox"]

/** Keeps texts as UTF-8, as SQLite does. */
function bundleTable() {
  const bundles = new Map<number, { metas: string; body: Uint8Array }>()
  const written: (keyof BundleChanges)[] = []
  const read: number[] = []
  const decoder = new TextDecoder()
  const table: BundleTable = {
    metas: () => [...bundles].map(([id, { metas }]) => ({ id, metas })),
    *bodies(ids) {
      for (const [id, { body }] of bundles) {
        if (!ids.includes(id)) continue
        read.push(id)
        yield { id, body: decoder.decode(body) }
      }
    },
  }
  const write = ({ insert, update, remove }: BundleChanges) => {
    for (const id of remove) {
      if (!bundles.delete(id)) throw new Error(`no bundle ${id} to remove`)
      written.push("remove")
    }
    for (const { id, metas } of update) {
      const bundle = bundles.get(id)
      if (!bundle) throw new Error(`no bundle ${id} to update`)
      bundles.set(id, { ...bundle, metas })
      written.push("update")
    }
    for (const { id, metas, body } of insert) {
      if (bundles.has(id)) throw new Error(`bundle ${id} exists already`)
      bundles.set(id, { metas, body: new TextEncoder().encode(body) })
      written.push("insert")
    }
  }
  const sizes = () => [...bundles.values()].map(({ metas, body }) => utf8Bytes(metas) + body.byteLength)
  return { table, write, written, read, sizes }
}

function row(id: number, text = `item ${id}`, objects = ""): OutboxInsert {
  const body = JSON.stringify([{ id, text }])
  return {
    ...{ id, run: "r1", items: 1, attempts: 0, notBefore: 0, objects, counts: "{}" },
    bytes: utf8Bytes(body),
    body,
  }
}

const rows = (...ids: number[]) => ids.map((id) => row(id))
const change = (changes: Partial<OutboxChanges>): OutboxChanges => ({ ...NO_CHANGES.outbox, ...changes })
const seenBy = (outbox: OutboxBundles, ids: readonly number[]) => ({ rows: outbox.rows(), items: outbox.items(ids) })
const metaOf = ({ body: _body, ...meta }: OutboxInsert) => meta
const itemsOf = (...of: OutboxInsert[]) => of.map(({ id, body }) => ({ id, body }))

describe("a commit writes", () => {
  it.each<[what: string, OutboxChanges, (keyof BundleChanges)[]]>([
    ["nothing where nothing changes", change({}), []],
    ["one row for all that it inserts", change({ insert: rows(10, 11, 12) }), ["insert"]],
    ["one for several rows of one bundle that are gone", change({ remove: [1, 3] }), ["update"]],
    ["one for a bundle whose rows are all gone", change({ remove: [1, 2, 3] }), ["remove"]],
    ["one for rows of one bundle that wait", change({ update: [1, 2].map((id) => ({ id, attempts: 1 })) }), ["update"]],
    ["one where some are gone and others wait", change({ remove: [1], update: [{ id: 2, notBefore: 5 }] }), ["update"]],
    ["one for each bundle that it changes", change({ remove: [1, 4] }), ["update", "update"]],
    ["the halves as a bundle of their own", change({ remove: [1], insert: rows(1, 100) }), ["update", "insert"]],
    ["nothing for rows that it does not hold", change({ remove: [77], update: [{ id: 78, attempts: 1 }] }), []],
  ])("%s", (_what, changes, expected) => {
    const { table, write, written } = bundleTable()
    const outbox = new OutboxBundles(table)
    outbox.commit(change({ insert: rows(1, 2, 3) }), write)
    outbox.commit(change({ insert: rows(4, 5) }), write)
    written.length = 0
    outbox.commit(changes, write)
    expect(written).toEqual(expected)
  })

  it("as many bundles as the rows fill, each with room to spare in a stored row", () => {
    const { table, write, written, sizes } = bundleTable()
    const outbox = new OutboxBundles(table)
    const large = [1, 2, 3, 4, 5].map((id) => row(id, "語".repeat(130_000), "h".repeat(700)))
    outbox.commit(change({ insert: [...large, row(6, "x".repeat(BUNDLE_BYTES_MAX + 10)), row(7)] }), write)
    expect(written).toEqual(["insert", "insert", "insert", "insert", "insert"])
    const whole = sizes()
    expect(Math.max(...whole)).toBeLessThan(0.6 * STORED_ROW_BYTES_MAX)
    expect(whole.filter((size) => size > BUNDLE_BYTES_MAX)).toHaveLength(1)
    expect(outbox.items([2, 6])).toEqual(itemsOf(large[1] as OutboxInsert, row(6, "x".repeat(BUNDLE_BYTES_MAX + 10))))
  })

  it("fewer rows a bundle where what is said of them takes more than their items", () => {
    const { table, write, sizes } = bundleTable()
    const short = Array.from({ length: 6_000 }, (_, id) => ({ ...row(id, "", "h".repeat(500)) }))
    new OutboxBundles(table).commit(change({ insert: short }), write)
    expect(Math.max(...sizes())).toBeLessThan(0.6 * STORED_ROW_BYTES_MAX)
  })
})

describe("rows", () => {
  const texts = ["plain", "ł語🎉", "", 'a "quote", a \\ and \u0000', "\ud83c a lone half", "\ufeff first"]

  it("are cut out of their bundle as they were put in, whatever characters they have", () => {
    const { table, write, read } = bundleTable()
    const all = texts.map((text, id) => row(id, text))
    new OutboxBundles(table).commit(change({ insert: all }), write)
    const opened = new OutboxBundles(table)
    expect(opened.items(all.map(({ id }) => id).reverse())).toEqual(itemsOf(...all))
    expect(read).toHaveLength(1)
    for (const one of all) expect(opened.items([one.id])).toEqual(itemsOf(one))
  })

  it("are in the order of their ids, a half of a refused row in its place", () => {
    const { table, write } = bundleTable()
    const outbox = new OutboxBundles(table)
    outbox.commit(change({ insert: rows(1, 51, 101) }), write)
    const halves = [row(1, "first half"), row(26, "second half")]
    outbox.commit(change({ remove: [1], insert: halves }), write)
    for (const one of [outbox, new OutboxBundles(table)]) {
      expect(one.rows().map(({ id }) => id)).toEqual([1, 26, 51, 101])
      expect(one.items([101, 1, 26, 51])).toEqual(itemsOf(...halves, ...rows(51, 101)))
    }
    // The second half goes, the first is halved once more: those of the first bundle stay.
    outbox.commit(change({ remove: [1, 26], insert: [row(1, "a quarter"), row(13)] }), write)
    expect(new OutboxBundles(table).items([1, 13, 26, 51])).toEqual(itemsOf(row(1, "a quarter"), ...rows(13, 51)))
  })

  it("are never inserted over another of their id", () => {
    const { table, write, written } = bundleTable()
    const outbox = new OutboxBundles(table)
    outbox.commit(change({ insert: rows(1, 2) }), write)
    for (const insert of [rows(2), rows(3, 3)])
      expect(() => outbox.commit(change({ insert }), write)).toThrow("exists already")
    expect(written).toEqual(["insert"])
    expect(outbox.items([1, 2, 3])).toEqual(itemsOf(...rows(1, 2)))
  })

  it.each(["nothing of it was written", "all of it was written"])(
    "are as stored after a commit that threw: %s",
    (how) => {
      const { table, write } = bundleTable()
      const outbox = new OutboxBundles(table)
      outbox.commit(change({ insert: rows(1, 2, 3) }), write)
      const failing = (bundles: BundleChanges) => {
        if (how.startsWith("all")) write(bundles)
        throw new Error("the disk is full")
      }
      expect(() => outbox.commit(change({ remove: [1], insert: rows(4) }), failing)).toThrow("the disk is full")
      expect(outbox.rows().map(({ id }) => id)).toEqual(how.startsWith("all") ? [2, 3, 4] : [1, 2, 3])
      expect(seenBy(outbox, [1, 2, 4])).toEqual(seenBy(new OutboxBundles(table), [1, 2, 4]))
    },
  )

  it("cannot be changed in storage by who changes what was handed out", () => {
    const { table, write } = bundleTable()
    const outbox = new OutboxBundles(table)
    outbox.commit(change({ insert: rows(1, 2) }), write)
    for (const meta of outbox.rows()) meta.attempts = 9
    outbox.commit(change({ remove: [2] }), write)
    expect(new OutboxBundles(table).rows()).toEqual([metaOf(row(1))])
  })
})

it("are what rows stored one by one would be, whatever is committed and however often they are opened anew", () => {
  let last = 1
  const next = (below: number) => {
    last = (last * 48_271) % 2_147_483_647
    return last % below
  }
  const plain = memoryStore()
  const { table, write, sizes } = bundleTable()
  let outbox = new OutboxBundles(table)
  const texts = ["", "plain", "ł語🎉".repeat(30), "x".repeat(2_000)]
  const text = () => texts[next(texts.length)] ?? ""
  let lastId = 0
  for (let step = 0; step < 1_000; step++) {
    const waiting = plain.outbox().map(({ id }) => id)
    // Now and then nearly all goes, so that bundles end.
    const oneIn = next(20) === 0 ? 1 : 4
    const some = (ids: readonly number[]) => ids.filter(() => next(oneIn) === 0)
    const remove = some(waiting)
    const halved = remove.filter((id) => next(3) === 0 && !waiting.includes(id + 1))
    const inserted = Array.from({ length: next(6) }, () => {
      lastId += 2 + next(50)
      return lastId
    })
    const insert = [...new Set([...halved.flatMap((id) => [id, id + 1]), ...inserted])].map((id) => row(id, text()))
    const update = some(waiting)
      .filter((id) => !remove.includes(id))
      .map((id) => ({ id, ...(next(2) ? { attempts: next(9) } : { notBefore: next(10 ** 6) }) }))
    const changes = change({ insert, remove: [...remove, lastId + 1_000], update })
    const fails = next(10) === 0
    const commit = (bundles: BundleChanges) => {
      if (fails) throw new Error("the disk is full")
      write(bundles)
    }
    if (fails) expect(() => outbox.commit(structuredClone(changes), commit)).toThrow("the disk is full")
    else {
      plain.commit({ ...NO_CHANGES, core: null, alarm: null, outbox: structuredClone(changes) })
      outbox.commit(structuredClone(changes), commit)
    }
    if (next(6) === 0) outbox = new OutboxBundles(table)
    const ids = some([...waiting, ...insert.map(({ id }) => id)])
    const items = plain.outboxItems(ids).map(({ id, body }) => ({ id, body }))
    expect(seenBy(outbox, ids)).toEqual({ rows: plain.outbox(), items })
    expect(sizes().length).toBeLessThanOrEqual(plain.outbox().length)
  }
})
