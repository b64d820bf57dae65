/** The store port over a Durable Object's SQLite. One commit is one transaction, the alarm in it. */
import { BOUND_PARAMETERS_MAX } from "../platform-limits.ts"
import type { Store } from "../source/ports.ts"
import type { Changes, OutboxMeta, Row, RowChanges, SeenChanges, StoredSeen } from "../source/state/changes.ts"
import { OutboxBundles } from "./outbox/bundles.ts"
import { OutboxTable } from "./outbox/table.ts"

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS core (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS seen (id INTEGER PRIMARY KEY, body NOT NULL);
  CREATE TABLE IF NOT EXISTS open (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS quarantine (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS runs (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
`

/** The table of each kind of row: that of pending keys has its name from the first version. */
const TABLES = { seen: "seen", pending: "open", quarantine: "quarantine", runs: "runs" } as const

type Kind = keyof typeof TABLES

export class SqlStore implements Store {
  readonly #storage: DurableObjectStorage
  readonly #table: OutboxTable
  readonly #outbox: OutboxBundles
  #exists = false

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
    this.#table = new OutboxTable(storage)
    this.#outbox = new OutboxBundles(this.#table)
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
    return this.#outbox.rows()
  }

  outboxItems(ids: readonly number[]): Row[] {
    return this.#outbox.items(ids)
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
    const rows: Row[] = []
    if (!this.#hasTables()) return rows
    for (let start = 0; start < ids.length; start += BOUND_PARAMETERS_MAX) {
      const some = ids.slice(start, start + BOUND_PARAMETERS_MAX)
      const query = `SELECT id, body FROM quarantine WHERE id IN (${some.map(() => "?").join(",")}) ORDER BY id`
      rows.push(...this.#storage.sql.exec<{ id: number; body: string }>(query, ...some).toArray())
    }
    return rows
  }

  commit(changes: Changes): void {
    this.#outbox.commit(changes.outbox, (bundles) =>
      this.#storage.transactionSync(() => {
        this.#create()
        if (changes.core !== null) this.#put("core", { id: 1, body: changes.core })
        this.#table.write(bundles)
        for (const kind of Object.keys(TABLES) as Kind[]) this.#apply(kind, changes[kind])
      }),
    )
    // Not awaited: without an await in between, the platform writes it together with the rows above.
    if (changes.alarm !== null) void this.#storage.setAlarm(changes.alarm)
  }

  erase(core: string): void {
    void this.#storage.deleteAlarm()
    this.#outbox.forget()
    this.#storage.transactionSync(() => {
      this.#create()
      for (const table of ["core", ...Object.values(TABLES)]) this.#storage.sql.exec(`DELETE FROM ${table}`)
      this.#table.erase()
      this.#put("core", { id: 1, body: core })
    })
  }

  #create(): void {
    if (this.#hasTables()) return
    this.#storage.sql.exec(SCHEMA)
    this.#table.create()
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

  #apply(kind: Kind, { put, remove }: RowChanges | SeenChanges): void {
    const table = TABLES[kind]
    for (const row of put) this.#put(table, row)
    for (const id of remove) this.#storage.sql.exec(`DELETE FROM ${table} WHERE id = ?`, id)
  }

  #put(table: (typeof TABLES)[Kind] | "core", { id, body }: Row | StoredSeen): void {
    this.#storage.sql.exec(`INSERT OR REPLACE INTO ${table} (id, body) VALUES (?, ?)`, id, body)
  }
}
