/** What partners granted. A source's tokens stay here only until its Durable Object has taken them. */
import { and, asc, eq, gt, isNotNull, isNull, lte, ne, or, sql } from "drizzle-orm"
import type { SealedTokens } from "../source/protocol/configuration.ts"
import type { Database, Tenant } from "./database.ts"
import { grants, sources } from "./schema.ts"
import type { SourceRow } from "./sources.ts"

export type GrantRow = typeof grants.$inferSelect

export function insertGrantStatement(db: Database, row: GrantRow) {
  return db.insert(grants).values(row)
}

export async function findGrant(db: Database, tenant: Tenant, id: string): Promise<GrantRow | null> {
  const mine = and(eq(grants.org, tenant.org), eq(grants.project, tenant.project), eq(grants.id, id))
  return (await db.select().from(grants).where(mine).get()) ?? null
}

/** Of one source, the newest. */
export async function findGrantOf(db: Database, { org, project, id }: SourceRow): Promise<GrantRow | null> {
  const mine = and(eq(grants.org, org), eq(grants.project, project), eq(grants.source, id))
  return (await db.select().from(grants).where(mine).get()) ?? null
}

/** An install that waits to be claimed by this code. */
export async function findWaitingInstall(db: Database, claim: string, now: number): Promise<GrantRow | null> {
  const waits = and(eq(grants.installCode, claim), isNull(grants.org), gt(grants.expiresAt, now))
  return (await db.select().from(grants).where(waits).get()) ?? null
}

/** The first who claims it has it. Follow it with a statement that fails where no row was changed. */
export function useInstallStatement(
  db: Database,
  id: string,
  owner: Tenant & { source: string },
  tokens: SealedTokens,
) {
  const { org, project, source } = owner
  return db
    .update(grants)
    .set({ org, project, source, tokens, installCode: null, expiresAt: null })
    .where(and(eq(grants.id, id), isNull(grants.org)))
}

/** The Durable Object has them now. */
export async function forgetTokens(db: Database, tenant: Tenant, id: string): Promise<void> {
  const mine = and(eq(grants.org, tenant.org), eq(grants.project, tenant.project), eq(grants.id, id))
  await db
    .update(grants)
    .set({ tokens: null })
    .where(and(mine, isNotNull(grants.tokens)))
}

/** A newer grant took their place: the partner has replaced them, there is nothing to give back. What waits to be given back goes on waiting. */
export function forgetOthersStatement(db: Database, { org, project, id }: SourceRow, kept: string | null) {
  const source = and(eq(grants.org, org), eq(grants.project, project), eq(grants.source, id))
  const mine = and(source, isNull(grants.expiresAt))
  return db.delete(grants).where(kept === null ? mine : and(mine, ne(grants.id, kept)))
}

export function forgetGrantStatement(db: Database, id: string) {
  return db.delete(grants).where(eq(grants.id, id))
}

/** Across projects: grants nobody wants any more. */
export function expiredGrants(db: Database, now: number, limit: number): Promise<GrantRow[]> {
  return db
    .select()
    .from(grants)
    .where(and(isNotNull(grants.expiresAt), lte(grants.expiresAt, now)))
    .orderBy(asc(grants.expiresAt))
    .limit(limit)
}

/** Grants that came in by a clock that was ahead are given back no later than one that comes now. */
export async function bringGrantsBack(db: Database, latest: number): Promise<void> {
  await db.update(grants).set({ expiresAt: latest }).where(gt(grants.expiresAt, latest))
}

export async function postpone(db: Database, { id, tries }: GrantRow, until: number): Promise<void> {
  await db
    .update(grants)
    .set({ tries: tries + 1, expiresAt: until })
    .where(eq(grants.id, id))
}

/** Lets the watchdog give it back. */
export function expireStatement(db: Database, { org, project, id }: SourceRow, now: number) {
  const mine = and(eq(grants.org, org), eq(grants.project, project), eq(grants.source, id), isNotNull(grants.tokens))
  return db.update(grants).set({ expiresAt: now }).where(mine)
}

/**
 * Across projects: whether anybody else still reads the account by a grant. Giving one back takes the app away from the account,
 * and with it every other grant.
 */
export async function isAccountInUse(
  db: Database,
  grant: Pick<GrantRow, "id" | "connector" | "accountId">,
  now: number,
) {
  const same = and(
    eq(grants.connector, grant.connector),
    eq(grants.accountId, grant.accountId),
    ne(grants.id, grant.id),
  )
  const alive = or(isNull(grants.expiresAt), gt(grants.expiresAt, now))
  const row = await db
    .select({ id: grants.id })
    .from(grants)
    .leftJoin(sources, eq(sources.id, grants.source))
    .where(and(same, alive, or(isNull(grants.source), sql`${sources.deletedAt} is null`)))
    .get()
  return row !== undefined
}

/** Across projects: whether a working source reads the account by a grant. */
export async function isAccountRead(db: Database, connector: string, accountId: string): Promise<boolean> {
  const same = and(eq(sources.connector, connector), eq(sources.accountId, accountId), isNotNull(sources.grantId))
  const works = and(isNull(sources.deletedAt), ne(sources.status, "error"))
  const row = await db.select({ id: sources.id }).from(sources).where(and(same, works)).get()
  return row !== undefined
}
