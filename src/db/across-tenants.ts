/**
 * What the watchdog and the operators read and write across tenants: the only queries without an organization and a project in
 * their condition.
 */

import { and, asc, eq, gt, inArray, isNotNull, isNull, lt, lte, ne, or, sql } from "drizzle-orm"
import { DAY_MS } from "../lib/time.ts"
import type { SourceRef } from "../source/protocol/configuration.ts"
import type { SourceView } from "../source/protocol/views.ts"
import { WAITING_FOR_OPERATOR } from "../source/state/state.ts"
import type { Database } from "./database.ts"
import { type Status, sources } from "./schema.ts"
import { ours, type SourceRow } from "./sources.ts"

/** What is told of a source whose Durable Object cannot work. */
const UNABLE = "unable"

/**
 * Sources, deleted ones among them, whose Durable Object should be looked after, the longest overdue first. An appointment further
 * ahead than any is made was made by a clock that was ahead: it is due too.
 */
export function dueSources(db: Database, now: number, aheadMaxMs: number, limit: number): Promise<SourceRow[]> {
  return db
    .select()
    .from(sources)
    .where(or(lte(sources.checkAfter, now), gt(sources.checkAfter, now + aheadMaxMs)))
    .orderBy(asc(sources.checkAfter))
    .limit(limit)
}

/** Moves the appointment, unless the source was changed meanwhile and has a new one. */
export async function moveCheck(
  db: Database,
  row: SourceRow,
  checkAfter: number | null,
  sealedWith: readonly string[] | null = null,
): Promise<void> {
  await db
    .update(sources)
    .set({ checkAfter, ...(sealedWith && { sealedWith: sealedWith.join(",") }) })
    .where(and(eq(sources.id, row.id), eq(sources.version, row.version)))
}

/**
 * A source whose Durable Object cannot work (its state is newer than the code, a setting cannot be read) cannot say so itself, nor that
 * it can again. An error of its own is told already, and stays.
 */
export async function noteUnable(db: Database, row: SourceRow, reason: string, now: number): Promise<void> {
  if (row.statusCode === UNABLE && row.statusMessage === reason) return
  const since = row.statusCode === UNABLE ? row.statusAt : now
  await db
    .update(sources)
    .set({ statusCode: UNABLE, statusMessage: reason, statusAt: since })
    .where(and(eq(sources.id, row.id), ne(sources.status, "error")))
}

/** It works again: what it waits for, if anything, is told in its place. */
export async function noteAble(
  db: Database,
  row: SourceRow,
  { operatorWait: wait }: Pick<SourceView, "operatorWait">,
  now: number,
): Promise<void> {
  if (row.statusCode !== UNABLE) return
  const statusMessage = wait?.reason ?? null
  await db
    .update(sources)
    .set({ statusCode: wait && WAITING_FOR_OPERATOR, statusMessage, statusAt: wait?.since ?? now })
    .where(and(eq(sources.id, row.id), eq(sources.statusCode, UNABLE)))
}

/** Drafts that were made by a clock that was ahead expire no later than one made now. */
export async function bringDraftsBack(db: Database, latest: number): Promise<void> {
  await db.update(sources).set({ expiresAt: latest }).where(gt(sources.expiresAt, latest))
}

/** The row of a deleted source, once nothing is left to be done for it; its Durable Object keeps its tombstone. */
export const DELETED_KEPT_MS = 90 * DAY_MS

export function forgetDeletedStatement(db: Database, now: number) {
  return db.delete(sources).where(and(lt(sources.deletedAt, now - DELETED_KEPT_MS), isNull(sources.checkAfter)))
}

export function expiredDrafts(db: Database, now: number, limit: number): Promise<SourceRow[]> {
  return db
    .select()
    .from(sources)
    .where(and(isNotNull(sources.expiresAt), lte(sources.expiresAt, now), isNull(sources.deletedAt)))
    .orderBy(asc(sources.expiresAt))
    .limit(limit)
}

export interface CoarseStatus {
  status: Exclude<Status, "draft">
  code: string | null
  message: string | null
}

/** The Durable Object's word on how a source fares, for lists. Writes only what differs. */
export async function publishStatus(
  db: Database,
  ref: SourceRef,
  { status, code, message }: CoarseStatus,
  now: number,
) {
  // `is not` tells null from a text, which `!=` does not.
  const codeDiffers = sql`${sources.statusCode} is not ${code}`
  const differs = or(ne(sources.status, status), codeDiffers, sql`${sources.statusMessage} is not ${message}`)
  await db
    .update(sources)
    .set({ status, statusCode: code, statusMessage: message, statusAt: now })
    .where(and(ours(ref), eq(sources.id, ref.source), ne(sources.status, "draft"), differs))
}

/** Sources in trouble over all projects, the longest first. */
export function troubledSources(db: Database, now: number, limit: number): Promise<SourceRow[]> {
  const failing = inArray(sources.status, ["error"])
  const overdue = and(isNotNull(sources.checkAfter), lte(sources.checkAfter, now))
  return db
    .select()
    .from(sources)
    .where(and(isNull(sources.deletedAt), or(failing, overdue)))
    .orderBy(asc(sources.statusAt))
    .limit(limit)
}

/** What operators have to put right, with how many sources wait for it; the longest first. */
export interface OperatorAlert {
  connector: string
  reason: string | null
  sources: number
  since: number
}

export function operatorAlerts(db: Database, limit: number): Promise<OperatorAlert[]> {
  const since = sql<number>`min(${sources.statusAt})`
  return db
    .select({ connector: sources.connector, reason: sources.statusMessage, sources: sql<number>`count(*)`, since })
    .from(sources)
    .where(and(isNull(sources.deletedAt), inArray(sources.statusCode, [WAITING_FOR_OPERATOR, UNABLE])))
    .groupBy(sources.connector, sources.statusMessage)
    .orderBy(asc(since))
    .limit(limit)
}

/** By id alone, for operators. */
export async function findAnywhere(db: Database, id: string): Promise<SourceRow | null> {
  const row = await db
    .select()
    .from(sources)
    .where(and(eq(sources.id, id), isNull(sources.deletedAt)))
    .get()
  return row ?? null
}
