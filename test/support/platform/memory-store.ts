/** The store port over memory, as the platform keeps it: whole commits, and refused what the platform refuses. */
import type { Store } from "../../../src/source/ports.ts"
import type { Changes, OutboxInsert, Row, StoredSeen } from "../../../src/source/state/changes.ts"
import { assertStorable } from "./limits.ts"

export interface Written {
  core: boolean
  alarm: boolean
  rows: number
}

export interface MemoryStore extends Store {
  alarmAt: number | null
  /** Every commit, in order. */
  written: Written[]
  /** All rows, for telling that nothing is left. */
  rows(): number
}

export function memoryStore(): MemoryStore {
  let core: string | null = null
  const tables = {
    seen: new Map<number, StoredSeen>(),
    pending: new Map<number, Row>(),
    quarantine: new Map<number, Row>(),
    runs: new Map<number, Row>(),
  }
  const outbox = new Map<number, OutboxInsert>()
  const sorted = <R extends { id: number }>(rows: Iterable<R>) => [...rows].sort((a, b) => a.id - b.id)
  const apply = (changes: Changes) => {
    for (const row of changes.seen.put) tables.seen.set(row.id, row)
    for (const name of ["pending", "quarantine", "runs"] as const)
      for (const row of changes[name].put) tables[name].set(row.id, row)
    for (const name of ["seen", "pending", "quarantine", "runs"] as const)
      for (const id of changes[name].remove) tables[name].delete(id)
    for (const id of changes.outbox.remove) outbox.delete(id)
    for (const row of changes.outbox.insert) {
      if (outbox.has(row.id)) throw new Error(`outbox row ${row.id} is there already`)
      outbox.set(row.id, { ...row })
    }
    for (const { id, ...update } of changes.outbox.update)
      outbox.set(id, { ...(outbox.get(id) as OutboxInsert), ...update })
  }
  const store: MemoryStore = {
    alarmAt: null,
    written: [],
    rows: () => outbox.size + Object.values(tables).reduce((sum, table) => sum + table.size, 0),
    core: () => core,
    seen: () => sorted(tables.seen.values()),
    seenRow: (id) => {
      const body = tables.seen.get(id)?.body
      return body instanceof ArrayBuffer ? body : null
    },
    pending: () => sorted(tables.pending.values()),
    runs: () => sorted(tables.runs.values()),
    outbox: () => sorted(outbox.values()).map(({ body: _body, ...meta }) => meta),
    outboxItems: (ids) => sorted(outbox.values()).filter(({ id }) => ids.includes(id)),
    quarantine: (before, limit) =>
      sorted(tables.quarantine.values())
        .reverse()
        .filter(({ id }) => id < (before ?? Number.POSITIVE_INFINITY))
        .slice(0, limit),
    quarantineByIds: (ids) => sorted(tables.quarantine.values()).filter(({ id }) => ids.includes(id)),
    commit: (changes) => {
      assertStorable(changes)
      apply(changes)
      core = changes.core ?? core
      store.alarmAt = changes.alarm ?? store.alarmAt
      const { outbox: rows, seen, pending, quarantine, runs } = changes
      const lists = [
        rows.insert,
        rows.remove,
        rows.update,
        ...[seen, pending, quarantine, runs].flatMap(({ put, remove }) => [put, remove]),
      ]
      const written = lists.reduce((sum, list) => sum + list.length, 0)
      store.written.push({ core: changes.core !== null, alarm: changes.alarm !== null, rows: written })
    },
    erase: (tombstone) => {
      for (const table of [outbox, ...Object.values(tables)]) table.clear()
      core = tombstone
      store.alarmAt = null
    },
  }
  return store
}
