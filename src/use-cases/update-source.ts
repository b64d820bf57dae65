/** PATCH /sources/:id and PUT /sources/:id/sync: name, pause, collections, configuration; start date and interval. */
import type { SyncSettings, UpdateSource } from "../api/requests.ts"
import { changeSource, findSource, type SourceRow } from "../db/sources.ts"
import { badField, Problem } from "../errors.ts"
import { chooseStartDate } from "../source/control/start-date.ts"
import { changeConfig, chooseCollections, chooseConnector } from "./choices.ts"
import { configure } from "./configure.ts"
import { auditEntry, type Changed, type Context } from "./context.ts"

const INTERVAL_HOURS_DEFAULT = 1

export async function updateSource(context: Context, id: string, input: UpdateSource): Promise<Changed> {
  const { ports, tenant } = context
  const { name, active, collections, config } = input
  const row = await findSource(ports.db, tenant, id)
  const patch = {
    name: name ?? row.name,
    active: active ?? row.active,
    collections: collections ? chooseCollections(chooseConnector(row.connector), collections) : row.collections,
    config: config ? changeConfig(chooseConnector(row.connector), row.config, config) : row.config,
    // A name given to a draft is no longer missing.
    missing: name ? row.missing.filter((field) => field !== "name") : row.missing,
  }
  const entry = auditEntry(context, actionOf(row, patch.active), row.id, input)
  const changed = await changeSource(ports.db, row, patch, entry)
  return { row: changed, view: await configure(ports, changed) }
}

function actionOf(row: SourceRow, active: boolean) {
  if (active === row.active) return "source.changed"
  return active ? "source.resumed" : "source.paused"
}

export async function updateSync(context: Context, id: string, input: SyncSettings): Promise<Changed> {
  const { ports, tenant } = context
  const row = await findSource(ports.db, tenant, id)
  if (row.status === "draft") throw new Problem("draft")
  const entry = auditEntry(context, "source.scheduled", row.id, input)
  const changed = await changeSource(ports.db, row, syncColumns(input, entry.at, row), entry)
  return { row: changed, view: await configure(ports, changed) }
}

/** What is not sent stays as stored or, for a new source, takes the default. */
export function syncColumns(
  input: SyncSettings,
  now: number,
  stored: Pick<SourceRow, "startDate" | "intervalHours"> | null,
) {
  const chosen = chooseStartDate(input.startDate, now, stored?.startDate ?? null)
  if (!chosen.ok) throw badField("sync.startDate", chosen.reason)
  const intervalHours = input.intervalHours ?? stored?.intervalHours ?? INTERVAL_HOURS_DEFAULT
  return { startDate: chosen.startDate, intervalHours }
}
