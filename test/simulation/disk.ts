/**
 * A Durable Object's storage: rows and the alarm, changed by whole commits only. What is on it survives every crash. The outbox is read
 * from its bundles, as it ships; beside them it lies row by row, for those who look at what was committed.
 */
import type { Store } from "../../src/source/ports.ts"
import { type Changes, NO_CHANGES, type OutboxInsert, type StoredSeen } from "../../src/source/state/changes.ts"
import type { Bundle, BundleChanges } from "../../src/worker/outbox/bundle-index.ts"
import { OutboxBundles } from "../../src/worker/outbox/bundles.ts"
import type { Chance } from "./chance.ts"

export interface Disk {
  core: string | null
  alarm: number | null
  tables: Record<Exclude<Table, "seen">, Map<number, string>> & { seen: Map<number, StoredSeen["body"]> }
  outbox: Map<number, OutboxInsert>
  bundles: Map<number, Bundle>
}

type Table = "seen" | "pending" | "quarantine" | "runs"
const TABLES = ["pending", "quarantine", "runs"] as const

export function blankDisk(): Disk {
  const tables = { seen: new Map(), pending: new Map(), quarantine: new Map(), runs: new Map() }
  return { core: null, alarm: null, tables, outbox: new Map(), bundles: new Map() }
}

export interface StoreParts {
  disk: Disk
  chance: Chance
  /** Throws when the instance that holds the store is gone. */
  assertAlive(): void
  committed(before: string | null, changes: Changes): void
  alarmSet(): void
}

/** The store port of one instance of the object. */
export function storeOn({ disk, chance, assertAlive, committed, alarmSet }: StoreParts): Store {
  const read = <T>(value: () => T): T => {
    assertAlive()
    return value()
  }
  const write = (changes: Changes, change: () => void) => {
    assertAlive()
    if (chance.strikes("commit_fails")) throw new Error("the commit failed")
    const before = disk.core
    change()
    committed(before, changes)
    if (chance.strikes("commit_throws")) throw new Error("the commit was written, and threw")
  }
  const outbox = new OutboxBundles({
    metas: () => [...disk.bundles.values()],
    bodies: (ids) => ids.flatMap((id) => disk.bundles.get(id) ?? []),
  })
  return {
    core: () => read(() => disk.core),
    seen: () => read(() => rowsOf(disk.tables.seen)),
    seenRow: (id) =>
      read(() => {
        const body = disk.tables.seen.get(id)
        return body instanceof ArrayBuffer ? body : null
      }),
    pending: () => read(() => rowsOf(disk.tables.pending)),
    runs: () => read(() => rowsOf(disk.tables.runs)),
    outbox: () => read(() => outbox.rows()),
    outboxItems: (ids) => read(() => outbox.items(ids)),
    quarantineByIds: (ids) => read(() => byIds(disk.tables.quarantine, ids, (body) => body)),
    quarantine: (before, limit) =>
      read(() =>
        rowsOf(disk.tables.quarantine)
          .reverse()
          .filter((row) => row.id < (before ?? Number.MAX_SAFE_INTEGER))
          .slice(0, limit),
      ),
    commit: (changes) =>
      outbox.commit(changes.outbox, (bundles) =>
        write(changes, () => {
          assertApplicable(disk, changes, bundles)
          apply(disk, changes)
          applyBundles(disk, bundles)
          if (changes.alarm !== null) {
            disk.alarm = changes.alarm
            alarmSet()
          }
        }),
      ),
    erase: (core) => {
      outbox.forget()
      write({ ...NO_CHANGES, core, alarm: null }, () => {
        Object.assign(disk, { ...blankDisk(), core })
      })
    },
  }
}

/** What SQLite would refuse, refused before anything is changed. */
function assertApplicable(disk: Disk, changes: Changes, bundles: BundleChanges): void {
  assertFitting(changes)
  for (const { metas, body } of bundles.insert) assertRowFits("bundles", metas + body)
  for (const { id, metas } of bundles.update) assertRowFits("bundles", metas + (disk.bundles.get(id)?.body ?? ""))
  const { outbox } = changes
  const removed = new Set(outbox.remove)
  const inserted = new Set<number>()
  for (const { id } of outbox.insert) {
    if ((disk.outbox.has(id) && !removed.has(id)) || inserted.has(id))
      throw new Error(`outbox row ${id} exists already`)
    inserted.add(id)
  }
}

/** "Maximum string, BLOB or table row size: 2 MB". https://developers.cloudflare.com/durable-objects/platform/limits/ */
const ROW_BYTES_MAX = 2_000_000
/** A character is at most three bytes: shorter texts need not be counted. */
const SURELY_FITTING = ROW_BYTES_MAX / 3

function assertFitting({ core, seen, pending, quarantine, runs }: Changes): void {
  if (core !== null) assertRowFits("core", core)
  for (const [table, { put }] of Object.entries({ seen, pending, quarantine, runs }))
    for (const { body } of put) assertRowFits(table, body)
}

function assertRowFits(table: string, text: string | ArrayBuffer): void {
  if (typeof text !== "string") {
    if (text.byteLength <= ROW_BYTES_MAX) return
    throw new Error(`string or blob too big: SQLITE_TOOBIG (a row of ${table})`)
  }
  if (text.length < SURELY_FITTING || Buffer.byteLength(text) <= ROW_BYTES_MAX) return
  throw new Error(`string or blob too big: SQLITE_TOOBIG (a row of ${table})`)
}

function apply(disk: Disk, changes: Changes): void {
  if (changes.core !== null) disk.core = changes.core
  for (const id of changes.outbox.remove) disk.outbox.delete(id)
  for (const row of changes.outbox.insert) disk.outbox.set(row.id, { ...row })
  for (const { id, ...change } of changes.outbox.update) {
    const row = disk.outbox.get(id)
    if (row) Object.assign(row, change)
  }
  applyRows(disk.tables.seen, changes.seen)
  for (const table of TABLES) applyRows(disk.tables[table], changes[table])
}

function applyBundles(disk: Disk, { insert, update, remove }: BundleChanges): void {
  for (const id of remove) disk.bundles.delete(id)
  for (const { id, metas } of update) {
    const bundle = disk.bundles.get(id)
    if (bundle) disk.bundles.set(id, { ...bundle, metas })
  }
  for (const bundle of insert) disk.bundles.set(bundle.id, bundle)
}

function applyRows<Body>(table: Map<number, Body>, { put, remove }: Changed<Body>): void {
  for (const { id, body } of put) table.set(id, body)
  for (const id of remove) table.delete(id)
}

interface Changed<Body> {
  put: readonly { id: number; body: Body }[]
  remove: readonly number[]
}

function rowsOf<Body>(table: ReadonlyMap<number, Body>): { id: number; body: Body }[] {
  return [...table].map(([id, body]) => ({ id, body })).sort((a, b) => a.id - b.id)
}

function byIds<T>(table: ReadonlyMap<number, T>, ids: readonly number[], body: (row: T) => string) {
  return [...ids]
    .sort((a, b) => a - b)
    .flatMap((id) => {
      const row = table.get(id)
      return row === undefined ? [] : [{ id, body: body(row) }]
    })
}
