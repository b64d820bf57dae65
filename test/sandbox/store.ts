/**
 * Where the sandbox keeps what it must remember over a restart. The model works in memory and hands over what changed; without a
 * store (in-process tests, the simulator) nothing is kept.
 */

export interface StoredRow {
  /** `stripe/acme/test/charge`, `intempt/received` ... */
  table: string
  id: string
  /** JSON text; null: the row is gone. */
  value: string | null
}

export interface Store {
  write(rows: readonly StoredRow[]): void
}

/** Rows handed over at once: a big seed must not stand in memory a second time as text. */
const FLUSH_ROWS = 5_000

/** Collects changed rows between two flushes; a row changed twice is written once, as it is at the flush. */
export interface Writer {
  /** `isNew` says that the store cannot hold it yet: removed before the next flush, it is never written at all. */
  touch(table: string, id: string, read: () => unknown, isNew?: boolean): void
  remove(table: string, id: string): void
  flush(): void
}

interface Change {
  /** Null: the row is gone. */
  read: (() => unknown) | null
  isNew: boolean
}

export function createWriter(store: Store | null): Writer {
  if (!store) return { touch() {}, remove() {}, flush() {} }
  const dirty = new Map<string, Map<string, Change>>()
  const changesOf = (table: string) => {
    const changes = dirty.get(table) ?? new Map<string, Change>()
    dirty.set(table, changes)
    return changes
  }
  return {
    touch(table, id, read, isNew = false) {
      const changes = changesOf(table)
      changes.set(id, { read, isNew: isNew || changes.get(id)?.isNew === true })
    },
    remove(table, id) {
      const changes = changesOf(table)
      if (changes.get(id)?.isNew) changes.delete(id)
      else changes.set(id, { read: null, isNew: false })
    },
    flush() {
      let rows: StoredRow[] = []
      for (const [table, changes] of dirty) {
        for (const [id, { read }] of changes) {
          rows.push({ table, id, value: read ? JSON.stringify(read()) : null })
          if (rows.length === FLUSH_ROWS) {
            store.write(rows)
            rows = []
          }
        }
      }
      dirty.clear()
      if (rows.length > 0) store.write(rows)
    },
  }
}
