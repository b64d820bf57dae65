import { describe, expect, it } from "vitest"
import type { Store } from "../../src/source/ports.ts"
import { type Changes, NO_CHANGES, type OutboxInsert } from "../../src/source/state/changes.ts"
import { PackedStore, SMALL_ROW_CHARS, SMALL_ROWS_CHARS } from "../../src/worker/packed-store.ts"
import { type MemoryStore, memoryStore } from "../support/platform/memory-store.ts"

/** Counts as the platform bills: each row put or removed, the core row and the alarm. */
function counting(inner: MemoryStore): Store & { written(): number } {
  let written = 0
  const { commit } = inner
  return Object.assign(Object.create(inner) as MemoryStore, {
    commit: (changes: Changes) => {
      const has = new Set([...inner.outbox(), ...inner.seen()].map(({ id }) => id))
      written += changes.core === null ? 0 : 1
      written += changes.outbox.insert.length + changes.outbox.update.length + changes.seen.put.length
      written += [...changes.outbox.remove, ...changes.seen.remove].filter((id) => has.has(id)).length
      commit.call(inner, changes)
    },
    written: () => written,
  })
}

const CORE = '{"schema":4}'

function row(id: number, chars = 100): OutboxInsert {
  const meta = { run: "r1", items: 1, bytes: chars, attempts: 0, notBefore: 0, objects: "", counts: "{}" }
  return { id, ...meta, body: "x".repeat(chars) }
}

function body(bytes: number): ArrayBuffer {
  return Uint8Array.from({ length: bytes }, (_, at) => (at * 7) % 256).buffer
}

function changes(change: Partial<Changes>): Changes {
  return { ...NO_CHANGES, core: null, alarm: null, ...change }
}

function insert(...rows: OutboxInsert[]): Changes["outbox"] {
  return { ...NO_CHANGES.outbox, insert: rows }
}

/** What a reader sees. */
function seenBy(store: Store, ids: readonly number[]) {
  const items = store.outboxItems(ids).map(({ id, body }) => ({ id, body }))
  const seen = [...store.seen()].map(({ id, body: bytes }) => [id, [...new Uint8Array(bytes as ArrayBuffer)]])
  for (const [id, bytes] of seen) expect([...new Uint8Array(store.seenRow(Number(id)) ?? [])]).toEqual(bytes)
  expect(store.seenRow(1_000_000)).toBeNull()
  return { core: store.core(), outbox: store.outbox(), items, seen }
}

describe("a commit that writes the core row", () => {
  it("takes a small item and its key along: one row written, and one when they are gone", () => {
    const disk = counting(memoryStore())
    const store = new PackedStore(disk)
    store.commit(
      changes({ core: '{"schema":4}', outbox: insert(row(1)), seen: { put: [{ id: 1, body: body(40) }], remove: [] } }),
    )
    expect(disk.written()).toBe(1)
    const gone = { ...NO_CHANGES.outbox, remove: [1] }
    store.commit(changes({ core: '{"schema":4,"delivered":1}', outbox: gone, seen: { put: [], remove: [1] } }))
    expect(disk.written()).toBe(2)
    expect(disk.core()).toBe('{"schema":4,"delivered":1}')
  })

  it("leaves a row by itself that is not small, and all that finds no room", () => {
    const disk = memoryStore()
    const store = new PackedStore(disk)
    const many = Array.from({ length: 6 }, (_, at) => row(at + 2, SMALL_ROW_CHARS))
    store.commit(changes({ core: CORE, outbox: insert(row(1, SMALL_ROW_CHARS + 1), ...many) }))
    expect(disk.outbox().map(({ id }) => id)).toEqual([1, 6, 7])
    expect(disk.core()?.length).toBeLessThan(SMALL_ROWS_CHARS * 1.2)
    expect(store.outbox().map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7])
  })
})

describe("small rows", () => {
  it("are found by whoever opens the store next", () => {
    const disk = memoryStore()
    const seen = { put: [{ id: 3, body: body(40) }], remove: [] }
    new PackedStore(disk).commit(changes({ core: '{"schema":4}', outbox: insert(row(1), row(2)), seen }))
    expect(seenBy(new PackedStore(disk), [2])).toEqual({
      core: '{"schema":4}',
      outbox: [row(1), row(2)].map(({ body: _, ...meta }) => meta),
      items: [{ id: 2, body: "x".repeat(100) }],
      seen: [[3, [...new Uint8Array(body(40))]]],
    })
  })

  it("are as they were where the commit failed", () => {
    const disk = memoryStore()
    const store = new PackedStore(disk)
    store.commit(changes({ core: CORE, outbox: insert(row(1)) }))
    const before = seenBy(store, [1])
    const { commit } = disk
    disk.commit = () => {
      throw new Error("the disk is full")
    }
    expect(() => store.commit(changes({ core: '{"next":1}', outbox: { ...insert(row(2)), remove: [1] } }))).toThrow()
    disk.commit = commit
    expect(seenBy(store, [1])).toEqual(before)
  })

  it("are erased with the rest", () => {
    const store = new PackedStore(memoryStore())
    store.commit(changes({ core: CORE, outbox: insert(row(1)) }))
    store.erase('{"erased":true}')
    expect(seenBy(store, [1])).toEqual({ core: '{"erased":true}', outbox: [], items: [], seen: [] })
  })
})

it("is what the store inside would be, whatever is committed and however often it is opened anew", () => {
  let last = 1
  const next = (below: number) => {
    last = (last * 48_271) % 2_147_483_647
    return last % below
  }
  const plain = memoryStore()
  const disk = memoryStore()
  let store = new PackedStore(disk)
  const sizes = [30, 900, SMALL_ROW_CHARS, SMALL_ROW_CHARS + 1, 20_000]
  let id = 0
  for (let step = 0; step < 3_000; step++) {
    const waiting = plain.outbox().map((meta) => meta.id)
    const known = [...plain.seen()].map((kept) => kept.id)
    const some = (ids: readonly number[]) => ids.filter(() => next(5) === 0)
    const removed = some(waiting)
    const inserted = Array.from({ length: next(4) }, () => row(++id, sizes[next(sizes.length)]))
    const halved = removed.slice(0, 1).map((one) => row(one, sizes[next(sizes.length)]))
    const rewritten = some(known)
    const put = [...rewritten, ...(next(2) ? [++id] : [])].map((one) => ({ id: one, body: body(next(2) ? 40 : 4_000) }))
    const update = some(waiting)
      .filter((one) => !removed.includes(one))
      .map((one) => ({ id: one, attempts: next(9) }))
    const change = changes({
      core:
        step === 0 || next(3) ? JSON.stringify({ schema: 4, step, small: undefined, note: 'a "small": thing' }) : null,
      outbox: { insert: [...halved, ...inserted], remove: removed, update },
      seen: { put, remove: some(known) },
    })
    plain.commit(structuredClone(change))
    store.commit(structuredClone(change))
    if (next(4) === 0) store = new PackedStore(disk)
    const ids = some([...waiting, ...inserted.map((one) => one.id)])
    expect(seenBy(store, ids)).toEqual(seenBy(plain, ids))
  }
})
