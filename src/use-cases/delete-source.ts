/** DELETE /sources/:id: the row becomes a tombstone, and its Durable Object erases all that it holds. */

import { moveCheck } from "../db/across-tenants.ts"
import { keepBookmark } from "../db/former-sources.ts"
import { expireStatement, findGrantOf, forgetGrantStatement, isAccountInUse } from "../db/grants.ts"
import { findSource, forgetSource, type SourceRow } from "../db/sources.ts"
import type { ApiPorts } from "../worker/platform.ts"
import { refOf } from "./configure.ts"
import { auditEntry, type Context } from "./context.ts"
import { rememberDeletedStatements } from "./continue-former.ts"

export async function deleteSource(context: Context, id: string): Promise<void> {
  const { ports, tenant } = context
  const row = await findSource(ports.db, tenant, id)
  const entry = auditEntry(context, "source.deleted", row.id, { name: row.name })
  const remember = await rememberDeletedStatements(ports, row, entry.at)
  const gone = await forgetSource(ports.db, row, entry, [expireStatement(ports.db, row, entry.at), ...remember])
  // Not erased now: the watchdog's appointment is in the same batch as the deletion.
  if (await eraseSource(ports, gone)) await moveCheck(ports.db, gone, null)
}

/** True once the Durable Object holds nothing but its tombstone, and has given the grant back where nobody else needs it. */
export async function eraseSource(ports: ApiPorts, row: SourceRow): Promise<boolean> {
  try {
    const grant = await findGrantOf(ports.db, row)
    const revoke = grant !== null && !(await isAccountInUse(ports.db, grant, ports.clock.now()))
    const source = ports.source(refOf(row))
    const { ok, bookmark } = await source.erase(revoke)
    if (ok || bookmark) await keepBookmark(ports.db, row.id, bookmark ?? null)
    if (bookmark) await source.bookmarkKept()
    // Tokens that the Durable Object never took are given back by the watchdog.
    if (ok && grant && grant.tokens === null) await forgetGrantStatement(ports.db, grant.id)
    return ok
  } catch (error) {
    ports.log("erase_failed", { source: row.id, error: error instanceof Error ? error.name : "unknown" })
    return false
  }
}
