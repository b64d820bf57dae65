/** Tells a source's Durable Object what D1 knows. D1 is right; whoever was not told is told again by the watchdog. */
import type { DestinationRow } from "../db/destinations.ts"
import { findDestination } from "../db/destinations.ts"
import { findGrant, forgetTokens } from "../db/grants.ts"
import { forgetBookmark, type SourceRow } from "../db/sources.ts"
import { Problem } from "../errors.ts"
import { inParallel } from "../lib/parallel.ts"
import type { Configuration, DestinationConfig, SourceRef } from "../source/protocol/configuration.ts"
import type { SourceView } from "../source/protocol/views.ts"
import type { ApiPorts } from "../worker/platform.ts"

/** Sources told at once when something of the whole project changes; the watchdog tells the others within minutes. */
const TOLD_AT_ONCE_MAX = 60
const PARALLEL = 6

const NOT_CONFIGURED: Configured = { view: null, unable: null }

type Ports = Pick<ApiPorts, "db" | "source" | "log">

export function refOf({ org, project, id }: Pick<SourceRow, "org" | "project" | "id">): SourceRef {
  return { org, project, source: id }
}

export interface Configured {
  view: SourceView | null
  /** Why the source cannot work until an operator has put it right; null: it can, or was not reached. */
  unable: string | null
}

/** Null for a draft, which has none, and when the Durable Object could not be told now: the change itself is safe. */
export async function configure(ports: Ports, row: SourceRow): Promise<SourceView | null> {
  return (await configureOrWhy(ports, row)).view
}

export async function configureOrWhy(ports: Ports, row: SourceRow): Promise<Configured> {
  if (row.status === "draft") return NOT_CONFIGURED
  try {
    const configuration = await configurationOf(ports, row)
    const answer = await ports.source(refOf(row)).configure(configuration)
    if (answer.ok) {
      // It has taken the tokens: from now on only it knows the current ones.
      if (configuration.grant?.tokens) await forgetTokens(ports.db, row, configuration.grant.id)
      if (configuration.bookmark) await forgetBookmark(ports.db, row)
      return { view: answer.view, unable: null }
    }
    ports.log("configure_refused", { source: row.id, code: answer.code })
    return { view: null, unable: answer.cause ?? null }
  } catch (error) {
    ports.log("configure_failed", { source: row.id, error: error instanceof Error ? error.name : "unknown" })
  }
  return NOT_CONFIGURED
}

export async function configureAll(ports: Ports, rows: readonly SourceRow[]): Promise<void> {
  const waiting = rows.slice(0, TOLD_AT_ONCE_MAX).values()
  await inParallel(
    PARALLEL,
    () => waiting.next().value,
    async (row) => void (await configure(ports, row)),
  )
}

export async function configurationOf(ports: Ports, row: SourceRow): Promise<Configuration> {
  const { accountId, accountName, accountMode, credential, grantId, connectedAt } = row
  if (row.status === "draft" || !accountId || !accountMode || !(credential || grantId) || connectedAt === null)
    throw new Problem("draft", { detail: `Source ${row.id} is not connected.` })
  const fallback = await findDestination(ports.db, row)
  return {
    ...refOf(row),
    version: row.version,
    connector: row.connector,
    config: row.config,
    account: { id: accountId, name: accountName ?? accountId, mode: accountMode },
    identity: row.identity,
    collections: row.collections,
    startDate: row.startDate,
    intervalHours: row.intervalHours,
    active: row.active,
    credential,
    grant: grantId === null ? null : { id: grantId, tokens: (await findGrant(ports.db, row, grantId))?.tokens ?? null },
    credentialVersion: row.credentialVersion,
    destination: destinationOf(row, fallback),
    // Both parts only grow, so the sum grows whichever of the two changed, or when one takes the other's place.
    destinationVersion: row.destinationVersion + (fallback?.version ?? 0),
    connectedAt,
    ...(row.bookmark && { bookmark: row.bookmark }),
  }
}

/** The source's own destination, else the project's. A key opens only for whom it was sealed: `owner` says which. */
function destinationOf(row: SourceRow, fallback: DestinationRow | null): DestinationConfig | null {
  if (row.destination) return { ...row.destination, owner: row.id }
  return fallback && { ...fallback.target, owner: projectRef(row).source }
}

/** The seal context of what belongs to a project and to no source. */
export function projectRef({ org, project }: Pick<SourceRow, "org" | "project">): SourceRef {
  return { org, project, source: "" }
}
