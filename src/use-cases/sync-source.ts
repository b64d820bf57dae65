/** POST /sources/:id/sync, and POST .../collections/:collection/resync: read now, and read one collection again. */
import type { Resync } from "../api/requests.ts"
import { auditStatement } from "../db/audit.ts"
import { findSource, type SourceRow } from "../db/sources.ts"
import { badField, Problem } from "../errors.ts"
import { parseDay } from "../source/control/start-date.ts"
import { command } from "./ask-source.ts"
import { chooseConnector } from "./choices.ts"
import { auditEntry, type Context } from "./context.ts"

export async function syncNow(context: Context, id: string): Promise<{ run: string }> {
  const { ports, tenant } = context
  const row = await findSource(ports.db, tenant, id)
  const { run } = await command(ports, row, (source) => source.syncNow())
  await auditStatement(ports.db, tenant, auditEntry(context, "source.synced", row.id, { run }))
  return { run }
}

export async function resync(
  context: Context,
  id: string,
  collection: string,
  { from, duplicates }: Resync,
): Promise<{ run: string }> {
  const { ports, tenant } = context
  const row = await findSource(ports.db, tenant, id)
  refuseRepeats(row, collection, duplicates)
  const start = from === undefined ? null : dayField("from", from)
  const { run } = await command(ports, row, (source) => source.resync(collection, start))
  const detail = { collection, run, from: from ?? null }
  await auditStatement(ports.db, tenant, auditEntry(context, "source.resynced", row.id, detail))
  return { run }
}

function refuseRepeats(row: SourceRow, collection: string, duplicates: "accept" | undefined): void {
  const known = chooseConnector(row.connector).collections.find(({ name }) => name === collection)
  if (!known) throw new Problem("unknown_collection", { detail: `There is no collection "${collection}".` })
  if (known.kind === "object" || duplicates) return
  const message = `"${collection}" holds events. Intempt does not deduplicate them, so what was delivered would count twice.`
  throw new Problem("duplicates_not_accepted", { detail: message, errors: [{ field: "duplicates", message }] })
}

function dayField(field: string, text: string): number {
  const day = parseDay(text)
  if (day === null) throw badField(field, "must be a calendar date, YYYY-MM-DD.")
  return day
}
