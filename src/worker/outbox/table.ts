/** The outbox's bundles in a Durable Object's SQLite. */
import { BOUND_PARAMETERS_MAX } from "../../platform-limits.ts"
import type { Row } from "../../source/state/changes.ts"
import type { BundleChanges, BundleMetas } from "./bundle-index.ts"
import type { BundleTable } from "./bundles.ts"

/** The body last: what is said of the rows is read without it. */
const SCHEMA = "CREATE TABLE IF NOT EXISTS bundles (id INTEGER PRIMARY KEY, metas TEXT NOT NULL, body TEXT NOT NULL);"

/**
 * An earlier version stored each row by itself: each becomes a bundle of one. A text has no more characters than bytes, and one that is
 * cut beyond its end is taken whole.
 */
const TAKE_OVER = `
  INSERT INTO bundles SELECT id, json_array(json_object(
    'id', id, 'run', run, 'items', items, 'bytes', bytes, 'attempts', attempts, 'notBefore', notBefore,
    'objects', objects, 'counts', counts, 'start', 0, 'end', bytes
  )), body FROM outbox;
  DROP TABLE outbox;
`

export class OutboxTable implements BundleTable {
  readonly #storage: DurableObjectStorage

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  create(): void {
    this.#storage.sql.exec(SCHEMA)
  }

  metas(): BundleMetas[] {
    const { sql } = this.#storage
    if (this.#has("outbox")) this.#storage.transactionSync(() => sql.exec(SCHEMA + TAKE_OVER))
    if (!this.#has("bundles")) return []
    return sql.exec<{ id: number; metas: string }>("SELECT id, metas FROM bundles").toArray()
  }

  *bodies(ids: readonly number[]): Iterable<Row> {
    for (let start = 0; start < ids.length; start += BOUND_PARAMETERS_MAX) {
      const some = ids.slice(start, start + BOUND_PARAMETERS_MAX)
      const query = `SELECT id, body FROM bundles WHERE id IN (${some.map(() => "?").join(",")})`
      yield* this.#storage.sql.exec<{ id: number; body: string }>(query, ...some)
    }
  }

  /** Within the commit's transaction. */
  write({ insert, update, remove }: BundleChanges): void {
    const { sql } = this.#storage
    for (const id of remove) sql.exec("DELETE FROM bundles WHERE id = ?", id)
    for (const { id, metas } of update) sql.exec("UPDATE bundles SET metas = ? WHERE id = ?", metas, id)
    for (const { id, metas, body } of insert) sql.exec("INSERT INTO bundles VALUES (?, ?, ?)", id, metas, body)
  }

  erase(): void {
    this.#storage.sql.exec(`DROP TABLE IF EXISTS outbox; ${SCHEMA} DELETE FROM bundles`)
  }

  #has(table: string): boolean {
    const query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    return this.#storage.sql.exec(query, table).toArray().length > 0
  }
}
