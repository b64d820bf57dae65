/** Deleted sources whose data is at a destination, found by the keyed hash of account and destination. */

import { and, desc, eq, gt, inArray, isNull, lte } from "drizzle-orm"
import { DAY_MS } from "../lib/time.ts"
import type { Bookmark } from "../source/protocol/bookmark.ts"
import type { Marked } from "../worker/vault.ts"
import type { Database, Tenant } from "./database.ts"
import { formerSources } from "./schema.ts"

/** So long a deleted source is remembered: whoever comes back comes back sooner, and this row is not kept for good. */
export const FORGET_AFTER_DAYS = 90

export type FormerRow = typeof formerSources.$inferSelect

/** For the batch that deletes the source. */
export function rememberFormerStatement(
  db: Database,
  { org, project }: Tenant,
  source: string,
  { key, hash }: Marked,
  now: number,
) {
  const expiresAt = now + FORGET_AFTER_DAYS * DAY_MS
  return db
    .insert(formerSources)
    .values({ org, project, source, hash, keyId: key, deletedAt: now, expiresAt, bookmark: null })
}

/** What the Durable Object handed out. Without a bookmark nothing was ever sent, and there is nothing to remember. */
export async function keepBookmark(db: Database, source: string, bookmark: Bookmark | null): Promise<void> {
  const mine = eq(formerSources.source, source)
  if (bookmark) await db.update(formerSources).set({ bookmark }).where(mine)
  else await db.delete(formerSources).where(and(mine, isNull(formerSources.bookmark)))
}

/** The one that was deleted last. */
export async function findFormer(
  db: Database,
  { org, project }: Tenant,
  hashes: readonly string[],
  now: number,
): Promise<FormerRow | null> {
  const mine = and(eq(formerSources.org, org), eq(formerSources.project, project))
  const row = await db
    .select()
    .from(formerSources)
    .where(and(mine, inArray(formerSources.hash, [...hashes]), gt(formerSources.expiresAt, now)))
    .orderBy(desc(formerSources.deletedAt))
    .get()
  return row ?? null
}

export function forgetFormersStatement(db: Database, now: number) {
  return db.delete(formerSources).where(lte(formerSources.expiresAt, now))
}
