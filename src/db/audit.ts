/** Who changed what, and when. Written in the same batch as the change; never updated, and deleted by age alone. */

import { and, desc, eq, lt, sql } from "drizzle-orm"
import type { JsonValue } from "../connectors/kit/define.ts"
import { DAY_MS } from "../lib/time.ts"
import { type Database, isViolation, type Tenant } from "./database.ts"
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

/** Two years. The trigger in the migrations refuses to delete anything younger. */
export const AUDIT_KEPT_MS = 730 * DAY_MS

export function forgetAuditStatement(db: Database, now: number) {
  return db.delete(audit).where(lt(audit.at, now - AUDIT_KEPT_MS))
}

export function auditStatement(db: Database, { org, project }: Tenant, entry: AuditEntry) {
  return db.insert(audit).values({ org, project, ...entry })
}

/**
 * For the batch of a change, right after the statement that makes it. If that one changed no row, this one breaks its own NOT NULL
 * rule, and the database takes the whole batch back: a change that lost its race leaves nothing behind.
 */
export function auditOfChange(db: Database, { org, project }: Tenant, entry: AuditEntry) {
  const orgIfChanged = sql<string>`case when changes() > 0 then ${org} end`
  return db.insert(audit).values({ org: orgIfChanged, project, ...entry })
}

/** True for the error of a batch that `auditOfChange` took back. */
export function changedNothing(error: unknown): boolean {
  return isViolation(error, "NOT NULL constraint failed: audit.org")
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
