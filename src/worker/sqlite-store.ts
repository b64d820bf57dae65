/** The store port over a Durable Object's SQLite. One commit is one transaction, the alarm in it. */
import { BOUND_PARAMETERS_MAX } from "../platform-limits.ts"
import type { Store } from "../source/ports.ts"
import type { Changes, OutboxMeta, Row, RowChanges, SeenChanges, StoredSeen } from "../source/state/changes.ts"

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS core (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS seen (id INTEGER PRIMARY KEY, body NOT NULL);
  CREATE TABLE IF NOT EXISTS open (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS quarantine (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS runs (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS outbox (
    id INTEGER PRIMARY KEY, run TEXT NOT NULL, items INTEGER NOT NULL, bytes INTEGER NOT NULL, attempts INTEGER NOT NULL,
    notBefore INTEGER NOT NULL, objects TEXT NOT NULL, counts TEXT NOT NULL, body TEXT NOT NULL
  );
`

/** The table of each kind of row: that of pending keys has its name from the first version. */
const TABLES = { seen: "seen", pending: "open", quarantine: "quarantine", runs: "runs" } as const

type Kind = keyof typeof TABLES

export class SqlStore implements Store {
  readonly #storage: DurableObjectStorage
  #exists = false

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  core(): string | null {
    if (!this.#hasTables()) return null
    const [row] = this.#storage.sql.exec<{ body: string }>("SELECT body FROM core WHERE id = 1").toArray()
    return row?.body ?? null
  }

  seen(): Iterable<StoredSeen> {
    if (!this.#hasTables()) return []
    return this.#storage.sql.exec<{ id: number; body: ArrayBuffer | string }>("SELECT id, body FROM seen ORDER BY id")
  }

  seenRow(id: number): ArrayBuffer | null {
    const [row] = this.#storage.sql.exec<{ body: ArrayBuffer }>("SELECT body FROM seen WHERE id = ?", id).toArray()
    return row?.body ?? null
  }

  pending(): Row[] {
    return this.#rows("pending")
  }

  runs(): Row[] {
    return this.#rows("runs")
  }

  outbox(): OutboxMeta[] {
    const columns = "id, run, items, bytes, attempts, notBefore, objects, counts"
    return this.#storage.sql.exec(`SELECT ${columns} FROM outbox ORDER BY id`).toArray() as unknown as OutboxMeta[]
  }

  outboxItems(ids: readonly number[]): Row[] {
    return this.#byIds("outbox", ids)
  }

  quarantine(before: number | null, limit: number): Row[] {
    if (!this.#hasTables()) return []
    const below = before ?? Number.MAX_SAFE_INTEGER
    return this.#storage.sql
      .exec<{ id: number; body: string }>(
        "SELECT id, body FROM quarantine WHERE id < ? ORDER BY id DESC LIMIT ?",
        below,
        limit,
      )
      .toArray()
  }

  quarantineByIds(ids: readonly number[]): Row[] {
    return this.#byIds("quarantine", ids)
  }

  commit(changes: Changes): void {
    this.#storage.transactionSync(() => {
      if (!this.#hasTables()) this.#storage.sql.exec(SCHEMA)
      this.#exists = true
      if (changes.core !== null) this.#put("core", { id: 1, body: changes.core })
      this.#outbox(changes.outbox)
      for (const kind of Object.keys(TABLES) as Kind[]) this.#apply(kind, changes[kind])
    })
    // Not awaited: without an await in between, the platform writes it together with the rows above.
    if (changes.alarm !== null) void this.#storage.setAlarm(changes.alarm)
  }

  erase(core: string): void {
    void this.#storage.deleteAlarm()
    this.#storage.transactionSync(() => {
      this.#storage.sql.exec(SCHEMA)
      this.#exists = true
      for (const table of ["core", ...Object.values(TABLES), "outbox"]) this.#storage.sql.exec(`DELETE FROM ${table}`)
      this.#put("core", { id: 1, body: core })
    })
  }

  /** An object nobody configured has no tables and stays without: asking it anything writes nothing. */
  #hasTables(): boolean {
    if (this.#exists) return true
    const found = this.#storage.sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'core'").toArray()
    this.#exists = found.length > 0
    return this.#exists
  }

  #rows(kind: "pending" | "runs"): Row[] {
    if (!this.#hasTables()) return []
    const query = `SELECT id, body FROM ${TABLES[kind]} ORDER BY id`
    return this.#storage.sql.exec<{ id: number; body: string }>(query).toArray()
  }

  #byIds(table: "outbox" | "quarantine", ids: readonly number[]): Row[] {
    const rows: Row[] = []
    if (!this.#hasTables()) return rows
    for (let start = 0; start < ids.length; start += BOUND_PARAMETERS_MAX) {
      const some = ids.slice(start, start + BOUND_PARAMETERS_MAX)
      const marks = some.map(() => "?").join(",")
      const query = `SELECT id, body FROM ${table} WHERE id IN (${marks}) ORDER BY id`
      rows.push(...this.#storage.sql.exec<{ id: number; body: string }>(query, ...some).toArray())
    }
    return rows
  }

  #outbox({ insert, remove, update }: Changes["outbox"]): void {
    const { sql } = this.#storage
    for (const id of remove) sql.exec("DELETE FROM outbox WHERE id = ?", id)
    for (const { id, run, items, bytes, attempts, notBefore, objects, counts, body } of insert) {
      sql.exec(
        "INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        id,
        run,
        items,
        bytes,
        attempts,
        notBefore,
        objects,
        counts,
        body,
      )
    }
    for (const { id, attempts, notBefore } of update) {
      const query =
        "UPDATE outbox SET attempts = COALESCE(?, attempts), notBefore = COALESCE(?, notBefore) WHERE id = ?"
      sql.exec(query, attempts ?? null, notBefore ?? null, id)
    }
  }

  #apply(kind: Kind, { put, remove }: RowChanges | SeenChanges): void {
    const table = TABLES[kind]
    for (const row of put) this.#put(table, row)
    for (const id of remove) this.#storage.sql.exec(`DELETE FROM ${table} WHERE id = ?`, id)
  }

  #put(table: (typeof TABLES)[Kind] | "core", { id, body }: Row | StoredSeen): void {
    this.#storage.sql.exec(`INSERT OR REPLACE INTO ${table} (id, body) VALUES (?, ?)`, id, body)
  }
}
