/** What a project sets for all its sources: its own OAuth clients. */
import { and, eq, sql } from "drizzle-orm"
import { Problem } from "../errors.ts"
import { type AuditEntry, auditStatement } from "./audit.ts"
import type { Database, Tenant } from "./database.ts"
import { type StoredClient, settings } from "./schema.ts"

export type SettingsRow = typeof settings.$inferSelect

export async function findSettings(db: Database, { org, project }: Tenant): Promise<SettingsRow | null> {
  const mine = and(eq(settings.org, org), eq(settings.project, project))
  return (await db.select().from(settings).where(mine).get()) ?? null
}

/** What is not named stays, whoever else changes it in the same moment; null takes a client out. */
export async function changeSettings(
  db: Database,
  tenant: Tenant,
  clients: Record<string, StoredClient | null>,
  entry: AuditEntry,
): Promise<SettingsRow> {
  const { org, project } = tenant
  const by = { updatedBy: entry.actor, updatedAt: entry.at }
  const set = Object.entries(clients).filter((one): one is [string, StoredClient] => one[1] !== null)
  const merged = sql`json_patch(${settings.oauthClients}, ${JSON.stringify(clients)})`
  const upsert = db
    .insert(settings)
    .values({ org, project, oauthClients: Object.fromEntries(set), ...by })
    .onConflictDoUpdate({ target: [settings.org, settings.project], set: { oauthClients: merged, ...by } })
    .returning()
  const [[row]] = await db.batch([upsert, auditStatement(db, tenant, entry)])
  if (!row) throw new Problem("internal", { detail: "The settings were not stored." })
  return row
}
