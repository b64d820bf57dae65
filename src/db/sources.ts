/** Sources and drafts. Every change is one batch: the row, its audit entry and the watchdog's appointment. */
import { and, count, desc, eq, inArray, isNull, lt, ne, or, type SQL } from "drizzle-orm"
import { Problem } from "../errors.ts"
import { type AuditEntry, auditOfChange, auditStatement, changedNothing } from "./audit.ts"
import { type Database, isViolation, type Statement, type Tenant } from "./database.ts"
import { cutPage, type Page, type PageQuery, placeOf } from "./paging.ts"
import { sources } from "./schema.ts"

/** The watchdog looks after a changed source this much later, in case the Durable Object was not told. */
export const CHECK_SOON_MS = 60_000

export type SourceRow = typeof sources.$inferSelect
export type SourceInsert = typeof sources.$inferInsert

export interface AccountKey {
  connector: string
  accountId: string
  accountMode: "live" | "test"
}

export async function findSource(db: Database, tenant: Tenant, id: string): Promise<SourceRow> {
  const row = await db
    .select()
    .from(sources)
    .where(and(ours(tenant), eq(sources.id, id)))
    .get()
  if (!row) throw new Problem("not_found", { detail: `There is no source ${id}.` })
  return row
}

export async function listSources(db: Database, tenant: Tenant, query: PageQuery): Promise<Page<SourceRow>> {
  const rows = await db
    .select()
    .from(sources)
    .where(and(ours(tenant), below(query.cursor)))
    .orderBy(desc(sources.createdAt), desc(sources.id))
    .limit(query.limit + 1)
  return cutPage(rows, query.limit)
}

export async function countSources(db: Database, tenant: Tenant): Promise<number> {
  const row = await db.select({ total: count() }).from(sources).where(ours(tenant)).get()
  return row?.total ?? 0
}

/** The source of the project that already reads this account. */
export async function findByAccount(db: Database, tenant: Tenant, key: AccountKey): Promise<SourceRow | null> {
  const { connector, accountId, accountMode } = key
  const same = and(
    eq(sources.connector, connector),
    eq(sources.accountId, accountId),
    eq(sources.accountMode, accountMode),
  )
  return (
    (await db
      .select()
      .from(sources)
      .where(and(ours(tenant), same))
      .get()) ?? null
  )
}

/** The project's sources of these connectors that are started. */
export async function startedOf(db: Database, tenant: Tenant, names: readonly string[]): Promise<SourceRow[]> {
  if (names.length === 0) return []
  const started = and(inArray(sources.connector, names), ne(sources.status, "draft"))
  return db
    .select()
    .from(sources)
    .where(and(ours(tenant), started))
    .all()
}

/** Inserts the source, its audit entry and what comes with it, or nothing. */
export async function insertSource(db: Database, row: SourceInsert, entry: AuditEntry, more: Statement[]) {
  const insert = db.insert(sources).values(row).returning()
  const [rows] = await orProblem(db.batch([insert, auditStatement(db, row, entry), ...more]))
  const [made] = rows
  if (!made) throw new Problem("internal", { detail: "The source was not stored." })
  return made
}

/**
 * Changes a source as it was read: if somebody else changed it since, nothing is written and the caller is told to look again.
 */
export async function changeSource(
  db: Database,
  row: SourceRow,
  patch: Partial<SourceInsert>,
  entry: AuditEntry,
  more: Statement[] = [],
): Promise<SourceRow> {
  const isDraft = (patch.status ?? row.status) === "draft"
  const appointment = isDraft ? {} : { checkAfter: entry.at + CHECK_SOON_MS }
  const update = db
    .update(sources)
    .set({ ...appointment, ...patch, version: row.version + 1, updatedAt: entry.at })
    .where(and(ours(row), eq(sources.id, row.id), eq(sources.version, row.version)))
    .returning()
  const [rows] = await orProblem(db.batch([update, auditOfChange(db, row, entry), ...more]))
  const [changed] = rows
  if (!changed) throw new Problem("conflict")
  return changed
}

/** Leaves a tombstone: the id is never used again, the account is free, and nothing personal or secret stays. */
export function forgetSource(
  db: Database,
  row: SourceRow,
  entry: AuditEntry,
  more: Statement[] = [],
): Promise<SourceRow> {
  const blank = { name: "", accountName: null, accountId: null, accountMode: null, config: {}, collections: [] }
  const shut = {
    credential: null,
    grantId: null,
    destination: null,
    active: false,
    expiresAt: null,
    templates: [],
    missing: [],
    again: null,
    bookmark: null,
  }
  const gone = { deletedAt: entry.at, checkAfter: entry.at + CHECK_SOON_MS }
  return changeSource(db, row, { ...blank, ...shut, ...gone }, entry, more)
}

/** The Durable Object has begun with it. */
export async function forgetBookmark(db: Database, row: SourceRow): Promise<void> {
  await db
    .update(sources)
    .set({ bookmark: null })
    .where(and(ours(row), eq(sources.id, row.id)))
}

export function ours({ org, project }: Tenant): SQL | undefined {
  return and(eq(sources.org, org), eq(sources.project, project), isNull(sources.deletedAt))
}

function below(cursor: string | null): SQL | undefined {
  if (cursor === null) return undefined
  const { createdAt, id } = placeOf(cursor)
  return or(lt(sources.createdAt, createdAt), and(eq(sources.createdAt, createdAt), lt(sources.id, id)))
}

/** Of two creates at once, the second one hits the unique index; of two changes, the second one's audit entry fails. */
async function orProblem<T>(batch: Promise<T>): Promise<T> {
  try {
    return await batch
  } catch (error) {
    if (isViolation(error, "UNIQUE constraint failed: sources.")) throw new Problem("account_taken")
    if (changedNothing(error)) throw new Problem("conflict")
    throw error
  }
}
