/** What the real platform would refuse and the local one takes: rows, statements and messages past the documented limits. */
import { sentBytes, utf8Bytes } from "../../../src/lib/bytes.ts"
import {
  BOUND_PARAMETERS_MAX,
  D1_QUERIES_MAX,
  QUEUE_MESSAGE_BYTES_MAX,
  RPC_BYTES_MAX,
  STORED_ROW_BYTES_MAX,
} from "../../../src/platform-limits.ts"
import type { Changes } from "../../../src/source/state/changes.ts"
import type { BundleChanges } from "../../../src/worker/outbox/bundle-index.ts"

export class PlatformLimit extends Error {
  override name = "PlatformLimit"
}

function most(what: string, found: number, bound: number): void {
  if (found > bound) throw new PlatformLimit(`${what}: ${found}, of which the platform takes ${bound}`)
}

/** An id, a length for each column and some for the row. */
const ROW_OVERHEAD_BYTES = 200

/** Before a commit: every row fits, with all its columns. */
export function assertStorable(changes: Changes): void {
  const rows = (table: string, bodies: readonly (string | ArrayBuffer | null)[]) => {
    for (const body of bodies)
      if (body !== null)
        most(`bytes of a row of ${table}`, storedBytes(body) + ROW_OVERHEAD_BYTES, STORED_ROW_BYTES_MAX)
  }
  rows("core", [changes.core])
  rows(
    "outbox",
    changes.outbox.insert.map(({ body, objects, counts, run }) => body + objects + counts + run),
  )
  for (const table of ["seen", "pending", "quarantine", "runs"] as const)
    rows(
      table,
      changes[table].put.map(({ body }) => body),
    )
}

/** Before a bundle is written. */
export function assertBundlesStorable({ insert }: BundleChanges): void {
  for (const { metas, body } of insert)
    most("bytes of a bundle", utf8Bytes(metas) + utf8Bytes(body) + ROW_OVERHEAD_BYTES, STORED_ROW_BYTES_MAX)
}

function storedBytes(body: string | ArrayBuffer): number {
  return typeof body === "string" ? utf8Bytes(body) : body.byteLength
}

/** Before a call, and before its answer. */
export function assertSendable(what: string, value: unknown): void {
  most(`bytes of ${what}`, sentBytes(value), RPC_BYTES_MAX)
}

export function assertQueueable(message: unknown): void {
  most("bytes of a message", utf8Bytes(JSON.stringify(message)), QUEUE_MESSAGE_BYTES_MAX)
}

/** A source's methods, with what goes in and comes out held to the limit. */
export function limitedCalls<T extends object>(source: T): T {
  return new Proxy(source, {
    get(target, name) {
      const method = Reflect.get(target, name, target)
      if (typeof method !== "function") return method
      return async (...args: unknown[]) => {
        assertSendable(`the arguments of ${String(name)}`, args)
        const answer = await method.apply(target, args)
        assertSendable(`the answer of ${String(name)}`, answer)
        return answer
      }
    },
  })
}

/** A Durable Object's storage whose statements are held to the limits. */
export function limitedStorage(storage: DurableObjectStorage): DurableObjectStorage {
  const sql = bound(storage.sql, {
    exec: (query: string, ...values: unknown[]) => {
      assertStatement(values)
      return storage.sql.exec(query, ...values)
    },
  })
  return bound(storage, { sql })
}

/** A database of which one invocation's statements are counted, and held to the limits. */
export function limitedDatabase(database: D1Database): { database: D1Database; queries: () => number } {
  let queries = 0
  const asked = (count: number) => {
    queries += count
    most("statements of one invocation", queries, D1_QUERIES_MAX)
  }
  const statement = (given: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(given, {
      get(target, name) {
        if (name === "bind")
          return (...values: unknown[]) => {
            assertStatement(values)
            return statement(target.bind(...values))
          }
        if (name === ORIGINAL) return target
        const method = Reflect.get(target, name, target)
        if (typeof method !== "function") return method
        return (...args: unknown[]) => {
          asked(1)
          return method.apply(target, args)
        }
      },
    })
  const limited = bound(database, {
    prepare: (query: string) => statement(database.prepare(query)),
    batch: (statements: D1PreparedStatement[]) => {
      asked(statements.length)
      return database.batch(
        statements.map((one) => (one as unknown as Record<symbol, D1PreparedStatement>)[ORIGINAL] ?? one),
      )
    },
  })
  return { database: limited, queries: () => queries }
}

const ORIGINAL = Symbol("original")

function assertStatement(values: readonly unknown[]): void {
  most("bound parameters", values.length, BOUND_PARAMETERS_MAX)
  for (const value of values)
    if (typeof value === "string" || value instanceof ArrayBuffer)
      most("bytes of a value", storedBytes(value), STORED_ROW_BYTES_MAX)
}

/** The platform's objects want their methods called on themselves. */
function bound<T extends object>(target: T, changes: object): T {
  return new Proxy(target, {
    get(_, name) {
      if (name in changes) return changes[name as keyof typeof changes]
      const value = Reflect.get(target, name, target)
      return typeof value === "function" ? value.bind(target) : value
    },
  })
}
