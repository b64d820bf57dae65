/** Dances under way. Found by the hash of their state, which is the only secret there is. */
import { and, eq, isNull, lt } from "drizzle-orm"
import type { Database } from "./database.ts"
import { oauthStates } from "./schema.ts"

/** So long a replayed or expired state is still told from one that never was. */
const KEPT_MS = 24 * 60 * 60 * 1000

export type StateRow = typeof oauthStates.$inferSelect

export async function insertState(db: Database, row: Omit<StateRow, "usedAt">): Promise<void> {
  await db.insert(oauthStates).values({ ...row, usedAt: null })
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
