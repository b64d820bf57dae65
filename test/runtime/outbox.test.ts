/** The outbox in the real SQLite: what a page of it costs, what a version before bundles left, and what an erased source leaves. */
import { runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { describe, expect, test } from "vitest"
import type { Item } from "../../src/connectors/kit/item.ts"
import type { Bindings } from "../../src/env.ts"
import { toRows } from "../../src/source/delivery/outbox.ts"
import { objectName } from "../../src/source/protocol/configuration.ts"
import type { EncodedItem } from "../../src/source/protocol/encoded-item.ts"
import { type Changes, NO_CHANGES } from "../../src/source/state/changes.ts"
import { PackedStore } from "../../src/worker/packed-store.ts"
import { SqlStore } from "../../src/worker/sqlite-store.ts"
import { encodedAll } from "../support/encoded.ts"
import { limitedStorage } from "../support/platform/limits.ts"
import { countRows } from "./kit/rows.ts"

const bindings = env as unknown as Bindings
const AT = Date.UTC(2026, 4, 1)

function onStorage<T>(source: string, work: (storage: DurableObjectStorage) => T): Promise<T> {
  const name = objectName({ org: "o", project: "outbox", source })
  return runInDurableObject(bindings.SOURCES.getByName(name), (_, { storage }) => work(storage))
}

function itemsOf(count: number): EncodedItem[] {
  const data = (at: number) => ({ amount: at, note: `Größe 🎉 語 ${"x".repeat(200)}` })
  const items = Array.from(
    { length: count },
    (_, at): Item => ({
      ...{ collection: "Charge", kind: "event", key: `k${at}`, version: AT, time: AT, announcedAt: AT },
      ...{ userId: `user-${at}@example.com`, data: data(at) },
    }),
  )
  return encodedAll(items)
}

const outboxOf = (outbox: Partial<Changes["outbox"]>): Changes => ({
  ...NO_CHANGES,
  ...{ core: null, alarm: null },
  outbox: { ...NO_CHANGES.outbox, ...outbox },
})

test.each([
  { items: 200, reports: 2, rows: 4, written: 3 },
  { items: 1_000, reports: 4, rows: 20, written: 5 },
])("a page of $items items, $rows rows reported by $reports calls, is $written rows written", async (page) => {
  const written = await onStorage(`page-${page.items}`, (storage) => {
    const store = new PackedStore(new SqlStore(limitedStorage(storage)))
    store.commit({ ...outboxOf({}), core: '{"schema":5}' })
    const counted = countRows(storage)
    const rows = toRows(itemsOf(page.items), "run_1", 1)
    expect(rows).toHaveLength(page.rows)
    store.commit(outboxOf({ insert: rows }))
    const ids = rows.map(({ id }) => id)
    expect(store.outboxItems(ids)).toEqual(rows.map(({ id, body }) => ({ id, body })))
    const some = ids.length / page.reports
    for (let at = 0; at < ids.length; at += some) store.commit(outboxOf({ remove: ids.slice(at, at + some) }))
    expect(store.outbox()).toEqual([])
    return counted.written()
  })
  expect(written).toBe(page.written)
})

describe("rows that a version before bundles stored one by one", () => {
  const OLD_TABLE = `
    CREATE TABLE outbox (
      id INTEGER PRIMARY KEY, run TEXT NOT NULL, items INTEGER NOT NULL, bytes INTEGER NOT NULL, attempts INTEGER NOT NULL,
      notBefore INTEGER NOT NULL, objects TEXT NOT NULL, counts TEXT NOT NULL, body TEXT NOT NULL
    );
    DROP TABLE bundles;
  `
  const rows = toRows(itemsOf(120), "run_1", 7, 2, AT)

  /** As that version left it. */
  function oldSource({ sql }: DurableObjectStorage, store: SqlStore): void {
    store.commit({ ...outboxOf({}), core: '{"schema":4}' })
    sql.exec(OLD_TABLE)
    for (const { id, run, items, bytes, attempts, notBefore, objects, counts, body } of rows) {
      const values = [id, run, items, bytes, attempts, notBefore, objects, counts, body]
      sql.exec("INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", ...values)
    }
  }

  test("are read, changed and removed as they were, whoever opens the source next", async () => {
    await onStorage("old", (storage) => {
      oldSource(storage, new SqlStore(storage))
      const [first, second, third] = rows.map(({ body: _body, ...meta }) => meta)
      expect(new SqlStore(storage).outbox()).toEqual([first, second, third])
      const store = new SqlStore(storage)
      const more = toRows(itemsOf(60), "run_2", 127)
      store.commit(outboxOf({ remove: [7], update: [{ id: 57, attempts: 3 }], insert: more }))
      const opened = new SqlStore(storage)
      expect(opened.outbox().slice(0, 2)).toEqual([{ ...second, attempts: 3 }, third])
      const left = [...rows.slice(1), ...more]
      expect(opened.outboxItems(left.map(({ id }) => id))).toEqual(left.map(({ id, body }) => ({ id, body })))
    })
  })

  test("are gone once the source is erased, before and after they were read, and it can be made again", async () => {
    for (const isRead of [false, true])
      await onStorage(`erased-${isRead}`, (storage) => {
        oldSource(storage, new SqlStore(storage))
        const store = new SqlStore(storage)
        if (isRead) expect(store.outbox()).toHaveLength(3)
        store.erase('{"erased":true}')
        for (const one of [store, new SqlStore(storage)]) expect([one.outbox(), one.outboxItems([7])]).toEqual([[], []])
        store.commit(outboxOf({ insert: rows }))
        expect(new SqlStore(storage).outbox()).toHaveLength(3)
      })
  })
})
