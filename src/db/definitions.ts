/** Metrics and segments: one shape, two tables. */
import { and, count, desc, eq, lt, or } from "drizzle-orm"
import type { JsonValue } from "../connectors/kit/define.ts"
import { Problem } from "../errors.ts"
import { type AuditEntry, auditOfChange, auditStatement, changedNothing } from "./audit.ts"
import type { Database, Tenant } from "./database.ts"
import { cutPage, type Page, type PageQuery, placeOf } from "./paging.ts"
import { metrics, segments } from "./schema.ts"

export type Kind = "metric" | "segment"
export type DefinitionRow = typeof metrics.$inferSelect
export type DefinitionInsert = typeof metrics.$inferInsert

const TABLES = { metric: metrics, segment: segments } as const satisfies Record<Kind, unknown>

export async function findDefinition(db: Database, kind: Kind, tenant: Tenant, id: string): Promise<DefinitionRow> {
  const table = TABLES[kind]
  const row = await db
    .select()
    .from(table)
    .where(and(ours(kind, tenant), eq(table.id, id)))
    .get()
  if (!row) throw gone(kind, id)
  return row
}

export async function listDefinitions(
  db: Database,
  kind: Kind,
  tenant: Tenant,
  query: PageQuery,
): Promise<Page<DefinitionRow>> {
  const table = TABLES[kind]
  const rows = await db
    .select()
    .from(table)
    .where(and(ours(kind, tenant), below(kind, query.cursor)))
    .orderBy(desc(table.createdAt), desc(table.id))
    .limit(query.limit + 1)
  return cutPage(rows, query.limit)
}

export async function countDefinitions(db: Database, kind: Kind, tenant: Tenant): Promise<number> {
  const row = await db.select({ total: count() }).from(TABLES[kind]).where(ours(kind, tenant)).get()
  return row?.total ?? 0
}

/** For a batch of its own or a source's: a template that was already made real stays as the user left it. */
export function definitionStatement(db: Database, kind: Kind, row: DefinitionInsert) {
  return db.insert(TABLES[kind]).values(row).onConflictDoNothing()
}

export async function insertDefinition(db: Database, kind: Kind, row: DefinitionInsert, entry: AuditEntry) {
  await db.batch([definitionStatement(db, kind, row), auditStatement(db, row, entry)])
  return findDefinition(db, kind, row, row.id)
}

export async function changeDefinition(
  db: Database,
  kind: Kind,
  row: DefinitionRow,
  patch: { name?: string; definition?: JsonValue },
  entry: AuditEntry,
): Promise<DefinitionRow> {
  const table = TABLES[kind]
  const update = db
    .update(table)
    .set({ ...patch, updatedAt: entry.at })
    .where(and(ours(kind, row), eq(table.id, row.id)))
    .returning()
  const [rows] = await orGone(kind, row, db.batch([update, auditOfChange(db, row, entry)]))
  const [changed] = rows
  if (!changed) throw gone(kind, row.id)
  return changed
}

export async function removeDefinition(db: Database, kind: Kind, row: DefinitionRow, entry: AuditEntry): Promise<void> {
  const table = TABLES[kind]
  const remove = db.delete(table).where(and(ours(kind, row), eq(table.id, row.id)))
  await orGone(kind, row, db.batch([remove, auditOfChange(db, row, entry)]))
}

async function orGone<T>(kind: Kind, { id }: DefinitionRow, batch: Promise<T>): Promise<T> {
  try {
    return await batch
  } catch (error) {
    throw changedNothing(error) ? gone(kind, id) : error
  }
}

const gone = (kind: Kind, id: string) => new Problem("not_found", { detail: `There is no ${kind} ${id}.` })

function ours(kind: Kind, { org, project }: Tenant) {
  const table = TABLES[kind]
  return and(eq(table.org, org), eq(table.project, project))
}

function below(kind: Kind, cursor: string | null) {
  if (cursor === null) return undefined
  const table = TABLES[kind]
  const { createdAt, id } = placeOf(cursor)
  return or(lt(table.createdAt, createdAt), and(eq(table.createdAt, createdAt), lt(table.id, id)))
}
