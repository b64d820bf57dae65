/** Rows of `seen` as they are stored, for an index without a source. */
import { hashFromHalves } from "../../src/lib/hash.ts"
import { PackedEntries, type SeenClass, type SeenEntry } from "../../src/source/dedupe/packed-entries.ts"
import type { SeenStore } from "../../src/source/dedupe/stored-rows.ts"
import type { SeenChanges, StoredSeen } from "../../src/source/state/changes.ts"

export interface MemorySeen extends SeenStore {
  seen(): StoredSeen[]
  save(changes: SeenChanges): void
}

export function seenStore(rows: Iterable<StoredSeen> = []): MemorySeen {
  const stored = new Map([...rows].map((row) => [row.id, row.body]))
  return {
    seen: () => [...stored].map(([id, body]) => ({ id, body })).sort((one, other) => one.id - other.id),
    seenRow: (id) => {
      const body = stored.get(id)
      return body instanceof ArrayBuffer ? body : null
    },
    save: ({ put, remove }) => {
      for (const { id, body } of put) stored.set(id, body)
      for (const id of remove) stored.delete(id)
    },
  }
}

/** A hash for each number, much faster than a text's. */
export function hashOf(key: number): string {
  return hashFromHalves(...halvesOf(key))
}

function halvesOf(key: number): [high: number, low: number] {
  return [Math.imul(key, 0x9e3779b1) >>> 0, Math.imul(key, 0x85ebca6b) >>> 0]
}

/** So many keys, all with the same entry, a thousand a row. */
export function rowsOfKeys(keys: number, kind: SeenClass, entry: SeenEntry, firstId = 1) {
  const rows: { id: number; body: ArrayBuffer }[] = []
  for (let first = 0; first < keys; first += 1_000) {
    const entries = PackedEntries.empty(kind)
    for (let key = first; key < Math.min(first + 1_000, keys); key++) entries.add(...halvesOf(key), entry)
    rows.push({ id: firstId + rows.length, body: entries.body() })
  }
  return rows
}
