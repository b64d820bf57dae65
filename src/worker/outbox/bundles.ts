/**
 * The outbox's rows are stored in bundles: all rows that one commit inserts are one row of SQLite. The platform bills each row written,
 * however long, and a page's items are cut into as many rows as POSTs may take them. A bundle is written once; when some of its rows
 * leave or change, only what it says of them is written anew, and it goes with the last of them.
 *
 * What lies in which bundle is kept in memory, and read again after a commit that threw.
 */
import type { Changes, OutboxMeta, Row } from "../../source/state/changes.ts"
import { type BundleChanges, type BundleIndex, type BundleMetas, changed, cut, indexOf } from "./bundle-index.ts"

/** Where bundles are stored. */
export interface BundleTable {
  metas(): BundleMetas[]
  bodies(ids: readonly number[]): Iterable<Row>
}

export class OutboxBundles {
  readonly #table: BundleTable
  /** As stored; null: to be read (again). */
  #index: BundleIndex | null = null

  constructor(table: BundleTable) {
    this.#table = table
  }

  /** In the order of their ids, which is not that of the bundles. */
  rows(): OutboxMeta[] {
    const placed = [...this.#stored().bundles.values()].flatMap((rows) => [...rows.values()])
    return placed.map(({ start: _start, end: _end, ...meta }) => meta).sort((a, b) => a.id - b.id)
  }

  /** In the order of their ids. */
  items(ids: readonly number[]): Row[] {
    const { bundles, bundleOf } = this.#stored()
    const wanted = new Set(ids)
    const holders = new Set(ids.flatMap((id) => bundleOf.get(id) ?? []))
    const items: Row[] = []
    for (const { id, body } of this.#table.bodies([...holders])) {
      const rows = [...(bundles.get(id)?.values() ?? [])].filter((row) => wanted.has(row.id))
      items.push(...cut(body, rows))
    }
    return items.sort((a, b) => a.id - b.id)
  }

  /** `write` stores the changes and all else that belongs to the commit. Where it throws, what was stored is asked for anew. */
  commit(changes: Changes["outbox"], write: (bundles: BundleChanges) => void): void {
    const index = this.#stored()
    this.#index = null
    write(changed(index, changes))
    this.#index = index
  }

  /** All has been erased, or may have been. */
  forget(): void {
    this.#index = null
  }

  #stored(): BundleIndex {
    this.#index ??= indexOf(this.#table.metas())
    return this.#index
  }
}
