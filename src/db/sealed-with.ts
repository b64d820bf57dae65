/** Which vault key what is sealed with, across tenants: what operators see while a key is being replaced, and what is left to do. */
import { and, eq, isNotNull, isNull, ne, or, type SQL, sql } from "drizzle-orm"
import type { SQLiteColumn } from "drizzle-orm/sqlite-core"
import type { Database } from "./database.ts"
import { destinations, formerSources, grants, settings, sources } from "./schema.ts"

/** Where sealed values stand; `objects` are the sources' Durable Objects, as last asked, `former` the hashes of deleted sources. */
export const PLACES = ["credentials", "destinations", "grants", "clients", "objects", "former"] as const
export type Place = (typeof PLACES)[number]

export interface Counted {
  place: Place
  /** Key id; of objects, a list of them; null: an object that was not asked yet. */
  keys: string | null
  total: number
}

const keyOf = (sealed: SQL | SQLiteColumn) => sql`substr(${sealed}, 4, instr(substr(${sealed}, 4), '.') - 1)`
const key = (column: SQLiteColumn) => sql`json_extract(${column}, '$.key')`
const access = sql`json_extract(${grants.tokens}, '$.access')`
const refresh = sql`json_extract(${grants.tokens}, '$.refresh')`

export async function countSealed(db: Database): Promise<Counted[]> {
  const count = (place: Place, keys: SQL | SQLiteColumn, from: SQL) =>
    sql`select ${place} as place, ${keys} as keys, count(*) as total from ${from} group by 2`
  const parts = [
    count("credentials", keyOf(sources.credential), sql`${sources} where ${sources.credential} is not null`),
    count("destinations", keyOf(key(sources.destination)), sql`${sources} where ${sources.destination} is not null`),
    count("destinations", keyOf(key(destinations.target)), sql`${destinations}`),
    count("grants", keyOf(access), sql`${grants} where ${grants.tokens} is not null`),
    count("grants", keyOf(refresh), sql`${grants} where ${refresh} is not null`),
    count(
      "clients",
      keyOf(sql`json_extract(one.value, '$.secret')`),
      sql`${settings}, json_each(${settings.oauthClients}) one`,
    ),
    count("objects", sources.sealedWith, sql`${sources} where ${hasObject()}`),
    count("former", formerSources.keyId, sql`${formerSources}`),
  ]
  // One statement each: D1 joins five at most.
  return (await Promise.all(parts.map((part) => db.all<Counted>(part)))).flat()
}

/** A source that has begun, and a deleted one whose object still owes something. */
function hasObject(): SQL | undefined {
  return and(ne(sources.status, "draft"), or(isNull(sources.deletedAt), isNotNull(sources.checkAfter)))
}

/** In no order: one that cannot be opened must not keep the others from their turn. */
const anyOrder = sql`random()`
const isUnder = (sealed: SQL | SQLiteColumn, old: readonly string[]) =>
  or(...old.map((id) => sql`${sealed} like ${`v1.${id}.%`}`))

export function sourcesSealedWith(db: Database, old: readonly string[], limit: number) {
  const theirs = or(isUnder(sources.credential, old), isUnder(key(sources.destination), old))
  return db.select().from(sources).where(theirs).orderBy(anyOrder).limit(limit)
}

export function destinationsSealedWith(db: Database, old: readonly string[], limit: number) {
  return db
    .select()
    .from(destinations)
    .where(isUnder(key(destinations.target), old))
    .orderBy(anyOrder)
    .limit(limit)
}

export function grantsSealedWith(db: Database, old: readonly string[], limit: number) {
  return db
    .select()
    .from(grants)
    .where(or(isUnder(access, old), isUnder(refresh, old)))
    .orderBy(anyOrder)
    .limit(limit)
}

export function settingsSealedWith(db: Database, old: readonly string[], limit: number) {
  const theirs = or(...old.map((id) => sql`${settings.oauthClients} like ${`%"v1.${id}.%`}`))
  return db.select().from(settings).where(theirs).orderBy(anyOrder).limit(limit)
}

/** Sources whose objects were not asked yet, or hold something sealed with one of these. */
export function objectsSealedWith(db: Database, old: readonly string[], limit: number) {
  const theirs = old.map((id) => sql`(',' || ${sources.sealedWith} || ',') like ${`%,${id},%`}`)
  return db
    .select()
    .from(sources)
    .where(and(hasObject(), or(isNull(sources.sealedWith), ...theirs)))
    .orderBy(anyOrder)
    .limit(limit)
}

/** Replaces exactly the value that was read: one that was set anew meanwhile stays. */
export function exchangeCredential(db: Database, id: string, from: string, to: string) {
  return db
    .update(sources)
    .set({ credential: to })
    .where(and(eq(sources.id, id), eq(sources.credential, from)))
}

export function exchangeOverride(db: Database, id: string, from: string, to: string) {
  return db
    .update(sources)
    .set({ destination: sql`json_set(${sources.destination}, '$.key', ${to})` })
    .where(and(eq(sources.id, id), sql`${key(sources.destination)} = ${from}`))
}

export function exchangeDestination(db: Database, org: string, project: string, from: string, to: string) {
  const mine = and(eq(destinations.org, org), eq(destinations.project, project))
  return db
    .update(destinations)
    .set({ target: sql`json_set(${destinations.target}, '$.key', ${to})` })
    .where(and(mine, sql`${key(destinations.target)} = ${from}`))
}

export function exchangeToken(db: Database, id: string, which: "access" | "refresh", from: string, to: string) {
  const path = `$.${which}`
  return db
    .update(grants)
    .set({ tokens: sql`json_set(${grants.tokens}, ${path}, ${to})` })
    .where(and(eq(grants.id, id), sql`json_extract(${grants.tokens}, ${path}) = ${from}`))
}

export function exchangeClient(
  db: Database,
  org: string,
  project: string,
  connector: string,
  from: string,
  to: string,
) {
  const path = `$."${connector}".secret`
  const mine = and(eq(settings.org, org), eq(settings.project, project))
  return db
    .update(settings)
    .set({ oauthClients: sql`json_set(${settings.oauthClients}, ${path}, ${to})` })
    .where(and(mine, sql`json_extract(${settings.oauthClients}, ${path}) = ${from}`))
}

export function noteSealedWith(db: Database, id: string, keys: readonly string[]) {
  return db
    .update(sources)
    .set({ sealedWith: keys.join(",") })
    .where(eq(sources.id, id))
}
