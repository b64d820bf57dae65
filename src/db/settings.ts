/** What a project sets for all its sources: its own OAuth clients. */
import { and, eq } from "drizzle-orm"
import { Problem } from "../errors.ts"
import { type AuditEntry, auditStatement } from "./audit.ts"
import type { Database, Tenant } from "./database.ts"
import { type StoredClient, settings } from "./schema.ts"

export type SettingsRow = typeof settings.$inferSelect

export async function findSettings(db: Database, { org, project }: Tenant): Promise<SettingsRow | null> {
  const mine = and(eq(settings.org, org), eq(settings.project, project))
  return (await db.select().from(settings).where(mine).get()) ?? null
}

export async function putSettings(
  db: Database,
  tenant: Tenant,
  oauthClients: Record<string, StoredClient>,
  entry: AuditEntry,
): Promise<SettingsRow> {
  const { org, project } = tenant
  const fresh = { oauthClients, updatedBy: entry.actor, updatedAt: entry.at }
  const upsert = db
    .insert(settings)
    .values({ org, project, ...fresh })
    .onConflictDoUpdate({ target: [settings.org, settings.project], set: fresh })
    .returning()
  const [[row]] = await db.batch([upsert, auditStatement(db, tenant, entry)])
  if (!row) throw new Problem("internal", { detail: "The settings were not stored." })
  return row
}
