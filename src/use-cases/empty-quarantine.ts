/** POST /sources/:id/quarantine/replay and .../discard, and DELETE .../:item: entries are delivered again, or forgotten. */
import { auditStatement } from "../db/audit.ts"
import { findSource } from "../db/sources.ts"
import { command } from "./ask-source.ts"
import { auditEntry, type Context } from "./context.ts"

export async function replayItems(
  context: Context,
  id: string,
  items: number[] | "all",
): Promise<{ replayed: number; left: number }> {
  const { ports, tenant } = context
  const row = await findSource(ports.db, tenant, id)
  const { replayed, left } = await command(ports, row, (source) => source.replay(items))
  await auditStatement(ports.db, tenant, auditEntry(context, "quarantine.replayed", row.id, { replayed }))
  return { replayed, left }
}

export async function discardItems(
  context: Context,
  id: string,
  items: number[] | "all",
): Promise<{ discarded: number }> {
  const { ports, tenant } = context
  const row = await findSource(ports.db, tenant, id)
  const { discarded } = await command(ports, row, (source) => source.discardEntries(items))
  await auditStatement(ports.db, tenant, auditEntry(context, "quarantine.discarded", row.id, { discarded }))
  return { discarded }
}

export async function discardItem(context: Context, id: string, item: number): Promise<void> {
  const { ports, tenant } = context
  const row = await findSource(ports.db, tenant, id)
  await command(ports, row, (source) => source.discard(item))
  await auditStatement(ports.db, tenant, auditEntry(context, "quarantine.discarded", row.id, { item }))
}
