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
  touch(table: string, id: string, read: () => unknown): void
  remove(table: string, id: string): void
  flush(): void
}

export function createWriter(store: Store | null): Writer {
  if (!store) return { touch() {}, remove() {}, flush() {} }
  const dirty = new Map<string, Map<string, (() => unknown) | null>>()
  const mark = (table: string, id: string, read: (() => unknown) | null) => {
    const rows = dirty.get(table) ?? new Map<string, (() => unknown) | null>()
    dirty.set(table, rows)
    rows.set(id, read)
  }
  return {
    touch: mark,
    remove: (table, id) => mark(table, id, null),
    flush() {
      let rows: StoredRow[] = []
      for (const [table, changed] of dirty) {
        for (const [id, read] of changed) {
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
