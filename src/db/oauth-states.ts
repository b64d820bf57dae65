/** Attempts under way. Found by the hash of their state, which is the only secret there is. */

import { and, eq, isNull, lt, sql } from "drizzle-orm"
import { DAY_MS } from "../lib/time.ts"
import { type Database, isViolation } from "./database.ts"
import { oauthStates } from "./schema.ts"

/** So long a replayed or expired state is still told from one that never was. */
const KEPT_MS = DAY_MS

/** A link is good for an hour: more attempts than a person makes, far fewer than would fill a table. */
export const ATTEMPTS_A_TICKET = 20

export type StateRow = typeof oauthStates.$inferSelect

/**
 * False, and nothing stored, for a ticket that has begun as much as it may. Counted in the statement that inserts: the column may not be
 * null, so that of many at once no more are stored than the limit allows.
 */
export async function insertState(db: Database, row: Omit<StateRow, "usedAt">): Promise<boolean> {
  const begun = sql`(select count(*) from ${oauthStates} where ${oauthStates.ticket} = ${row.ticket})`
  const connector = sql<string>`case when ${begun} < ${ATTEMPTS_A_TICKET} then ${row.connector} end`
  try {
    await db.insert(oauthStates).values({ ...row, connector, usedAt: null })
    return true
  } catch (error) {
    if (isViolation(error, "NOT NULL constraint failed: oauth_states.connector")) return false
    throw error
  }
}

export async function findState(db: Database, hash: string): Promise<StateRow | null> {
  return (await db.select().from(oauthStates).where(eq(oauthStates.hash, hash)).get()) ?? null
}

/** True for the one caller who takes it. */
export async function takeState(db: Database, hash: string, now: number): Promise<boolean> {
  const unused = and(eq(oauthStates.hash, hash), isNull(oauthStates.usedAt))
  const taken = await db.update(oauthStates).set({ usedAt: now }).where(unused).returning({ hash: oauthStates.hash })
  return taken.length === 1
}

export function forgetStatesStatement(db: Database, now: number) {
  return db.delete(oauthStates).where(lt(oauthStates.expiresAt, now - KEPT_MS))
}
