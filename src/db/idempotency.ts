/** What a create made, kept for a day under the caller's Idempotency-Key: a repeated request gets the same thing, not another. */

import { and, eq, gte, lt } from "drizzle-orm"
import { DAY_MS } from "../lib/time.ts"
import type { Database, Tenant } from "./database.ts"
import { idempotency } from "./schema.ts"

export const IDEMPOTENCY_KEPT_MS = DAY_MS

export interface IdempotentRequest {
  key: string
  /** SHA-256 of method, path and body. */
  request: string
}

export async function findMade(db: Database, { org, project }: Tenant, key: string, now: number) {
  const mine = and(eq(idempotency.org, org), eq(idempotency.project, project), eq(idempotency.key, key))
  const fresh = gte(idempotency.at, now - IDEMPOTENCY_KEPT_MS)
  return (await db.select().from(idempotency).where(and(mine, fresh)).get()) ?? null
}

/** For the batch of the create: fails it when a concurrent request with the same key was first. */
export function rememberRequestStatements(
  db: Database,
  tenant: Tenant,
  asked: IdempotentRequest,
  made: string,
  now: number,
) {
  const { org, project } = tenant
  return [forgetOldStatement(db, now), db.insert(idempotency).values({ org, project, ...asked, made, at: now })]
}

export function forgetOldStatement(db: Database, now: number) {
  return db.delete(idempotency).where(lt(idempotency.at, now - IDEMPOTENCY_KEPT_MS))
}
