/** Where a project's items go unless a source says otherwise. */
import { and, eq, isNull, ne, sql } from "drizzle-orm"
import { Problem } from "../errors.ts"
import { type AuditEntry, auditStatement } from "./audit.ts"
import type { Database, Tenant } from "./database.ts"
import { destinations, type StoredDestination, sources } from "./schema.ts"
import { CHECK_SOON_MS, ours, type SourceRow } from "./sources.ts"

export type DestinationRow = typeof destinations.$inferSelect

export async function findDestination(db: Database, { org, project }: Tenant): Promise<DestinationRow | null> {
  const mine = and(eq(destinations.org, org), eq(destinations.project, project))
  return (await db.select().from(destinations).where(mine).get()) ?? null
}

/** The sources that send to the project's destination. */
export function followersOf(db: Database, tenant: Tenant): Promise<SourceRow[]> {
  return db.select().from(sources).where(following(tenant))
}

/**
 * Stores the project's destination and, in the same batch, gives every source that follows it a new configuration version and an
 * appointment with the watchdog: whoever is not told at once is told within minutes.
 */
export async function putDestination(db: Database, tenant: Tenant, target: StoredDestination, entry: AuditEntry) {
  const { org, project } = tenant
  const fresh = { target, updatedBy: entry.actor, updatedAt: entry.at }
  const upsert = db
    .insert(destinations)
    .values({ org, project, version: 1, ...fresh })
    .onConflictDoUpdate({
      target: [destinations.org, destinations.project],
      set: { version: sql`${destinations.version} + 1`, ...fresh },
    })
    .returning()
  const [rows, , followers] = await db.batch([
    upsert,
    auditStatement(db, tenant, entry),
    touchFollowers(db, tenant, entry),
  ])
  const [destination] = rows
  if (!destination) throw new Problem("internal", { detail: "The destination was not stored." })
  return { destination, followers }
}

function touchFollowers(db: Database, tenant: Tenant, entry: AuditEntry) {
  return db
    .update(sources)
    .set({ version: sql`${sources.version} + 1`, checkAfter: entry.at + CHECK_SOON_MS })
    .where(following(tenant))
    .returning()
}

function following(tenant: Tenant) {
  return and(ours(tenant), ne(sources.status, "draft"), isNull(sources.destination))
}
