/** The only ways in which stored rows leave. What is secret is not named here, and so stays. */
import type { z } from "zod"
import type { definitionView, destinationView, LiveView, Notice, PublicSource, targetView } from "../../api/views.ts"
import { getConnector } from "../../connectors/index.ts"
import type { DefinitionRow } from "../../db/definitions.ts"
import type { DestinationRow } from "../../db/destinations.ts"
import type { StoredDestination } from "../../db/schema.ts"
import type { SourceRow } from "../../db/sources.ts"
import { dayOf } from "../../lib/time.ts"
import type { SourceView } from "../../source/protocol/views.ts"
import { currentConfig } from "../../use-cases/choices.ts"
import type { Changed } from "../../use-cases/context.ts"
import { readAgain, repeatsAfter } from "../../use-cases/continue-former.ts"

export type Answered = Changed & { authorizeUrl?: string | null }

/**
 * `view` is the Durable Object's word where it was asked; without it, D1's coarse status has to do. `authorizeUrl` is made for
 * whoever may change the source, and told to nobody else.
 */
export function publicSource({
  row,
  view,
  authorizeUrl = null,
  notices = null,
}: Answered & { notices?: Notice[] | null }): PublicSource {
  const { id, connector, name, active, identity, collections, createdBy, createdAt, updatedAt, connectedAt } = row
  return {
    ...{ id, connector, name, active, identity, collections, createdBy, createdAt, updatedAt, connectedAt },
    config: currentConfig(row),
    status: publicStatus(row, view),
    error: view ? view.error : publicError(row),
    account: publicAccount(row),
    sync: row.missing.includes("sync") ? null : { startDate: dayOf(row.startDate), intervalHours: row.intervalHours },
    destination: row.destination && publicTarget(row.destination),
    draft: row.status === "draft" ? { missing: row.missing, authorizeUrl, expiresAt: row.expiresAt } : null,
    continues:
      row.continues === null ? null : { deletedAt: row.continues, repeats: repeatsSentence(row, row.continues) },
    notices,
    live: view && publicLive(view),
  }
}

/** Where the former source stopped is known until the new one has begun: to whoever makes it, that is. */
function repeatsSentence({ connector, collections, bookmark }: SourceRow, deletedAt: number): string {
  const streams = getConnector(connector)?.streams ?? []
  const chosen = collections.map(({ name }) => name)
  return repeatsAfter(streams, deletedAt, bookmark && readAgain(streams, bookmark, chosen))
}

function publicStatus(row: SourceRow, view: SourceView | null): PublicSource["status"] {
  if (row.status === "draft") return "draft"
  if (view) return view.status
  return row.active ? row.status : "paused"
}

/** D1 keeps code and message; the remedy comes with the live view. */
function publicError({ status, statusCode, statusMessage, statusAt }: SourceRow): PublicSource["error"] {
  if (status !== "error" || !statusCode) return null
  const remedy = "Open the source to see what to do."
  return { code: statusCode, message: statusMessage ?? statusCode, remedy, at: statusAt }
}

function publicAccount({ accountId, accountName, accountMode }: SourceRow): PublicSource["account"] {
  return accountId && accountMode ? { id: accountId, name: accountName ?? accountId, mode: accountMode } : null
}

export function publicLive(view: SourceView): LiveView {
  const { nextRunAt, current, lastRun, collections, delivery, operatorWait, checking, keys, cursors } = view
  return { nextRunAt, current, lastRun, collections, delivery, operatorWait, checking, keys, cursors }
}

export function publicTarget({
  org,
  project,
  sourceId,
  clearing = "empty",
}: StoredDestination): z.infer<typeof targetView> {
  return { org, project, sourceId, clearing }
}

export function publicDestination({ target, updatedBy, updatedAt }: DestinationRow): z.infer<typeof destinationView> {
  return { ...publicTarget(target), updatedBy, updatedAt }
}

export function publicDefinition(row: DefinitionRow): z.infer<typeof definitionView> {
  const { id, name, definition, source, template, createdBy, createdAt, updatedAt } = row
  return { id, name, definition, source, template, createdBy, createdAt, updatedAt }
}
