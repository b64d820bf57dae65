/** Who changed what, and when. Written in the same batch as the change; never updated, never deleted. */
import { and, desc, eq, lt, sql } from "drizzle-orm"
import type { JsonValue } from "../connectors/kit/define.ts"
import type { Database, Tenant } from "./database.ts"
import { type AuditAction, audit } from "./schema.ts"

export interface AuditEntry {
  at: number
  actor: string
  action: AuditAction
  /** The id of what was changed. */
  subject: string
  /** Without secrets. */
  detail: JsonValue
}

export const SYSTEM = "system"

export function auditStatement(db: Database, { org, project }: Tenant, entry: AuditEntry) {
  return db.insert(audit).values({ org, project, ...entry })
}

/** As `auditStatement`, but written only if the statement before it in the batch changed a row. */
export function auditIfChanged(db: Database, { org, project }: Tenant, entry: AuditEntry) {
  const { at, actor, action, subject, detail } = entry
  const values = sql`${org}, ${project}, null, ${at}, ${actor}, ${action}, ${subject}, ${JSON.stringify(detail)}`
  // In the order of the table's columns; `changes()` is what the statement before this one changed.
  return db.insert(audit).select(sql`select ${values} where changes() > 0`)
}

/** Newest first; `before` is the id of the last entry of the page before. */
export async function listAudit(db: Database, { org, project }: Tenant, limit: number, before: number | null) {
  const mine = and(eq(audit.org, org), eq(audit.project, project))
  const rows = await db
    .select()
    .from(audit)
    .where(before === null ? mine : and(mine, lt(audit.id, before)))
    .orderBy(desc(audit.id))
    .limit(limit + 1)
  const entries = rows.slice(0, limit)
  const last = entries.at(-1)
  return { entries, cursor: last && rows.length > limit ? String(last.id) : null }
}
