/** Rows of `seen` that are not kept in memory, read from the store as they are asked for. The last few stay: a page's keys lie close together. */
import type { StoredSeen } from "../state/changes.ts"
import { PackedEntries } from "./packed-entries.ts"

/** As the source's store has them (`Store`). */
export interface SeenStore {
  seen(): Iterable<StoredSeen>
  seenRow(id: number): ArrayBuffer | null
}

/** Of some 1,000 entries and 37 KB each: 1.2 MB. */
export const ROWS_KEPT_MAX = 32

export class StoredRows {
  readonly #store: Pick<SeenStore, "seenRow">
  /** By id, the one that was used last at the end. */
  readonly #kept = new Map<number, PackedEntries>()
  #last: { id: number; entries: PackedEntries } | null = null

  constructor(store: Pick<SeenStore, "seenRow">) {
    this.#store = store
  }

  get bytes(): number {
    let sum = 0
    for (const entries of this.#kept.values()) sum += entries.bytes
    return sum
  }

  get(id: number): PackedEntries {
    if (this.#last?.id === id) return this.#last.entries
    const entries = this.#kept.get(id) ?? this.#read(id)
    this.#last = { id, entries }
    this.#kept.delete(id)
    this.#kept.set(id, entries)
    const oldest = this.#kept.keys().next()
    if (this.#kept.size > ROWS_KEPT_MAX && !oldest.done) this.#kept.delete(oldest.value)
    return entries
  }

  forget(id: number): void {
    if (this.#last?.id === id) this.#last = null
    this.#kept.delete(id)
  }

  #read(id: number): PackedEntries {
    const body = this.#store.seenRow(id)
    if (body === null) throw new Error(`row ${id} of seen is not stored`)
    return PackedEntries.read(body)
  }
}
