/**
 * An account that a deleted source read into the same destination: everything would arrive there a second time, since Intempt does not
 * deduplicate. The user says which of the two it shall be, going on from where the former source stopped or all of it again.
 */
import type { AnyConnector } from "../connectors/kit/define.ts"
import type { Statement, Tenant } from "../db/database.ts"
import { findDestination } from "../db/destinations.ts"
import { type FormerRow, findFormer, rememberFormerStatement } from "../db/former-sources.ts"
import type { RETURNING, StoredDestination } from "../db/schema.ts"
import type { SourceInsert, SourceRow } from "../db/sources.ts"
import { badField, Problem } from "../errors.ts"
import { dayOf } from "../lib/time.ts"
import { coverKey } from "../source/backfill/backfill.ts"
import type { Bookmark } from "../source/protocol/bookmark.ts"
import type { ApiPorts } from "../worker/platform.ts"

/** D1 binds 100 values a statement. */
const HASHES_TOGETHER = 90
const SENT_BEFORE =
  "Nothing was changed. A deleted source of the same account has sent to this destination before, and what it delivered is still " +
  'there. A source that is already reading cannot go on from there: send "duplicates": "accept" to let the same facts arrive again, or delete it and create ' +
  'it with this destination and "continue": true.'

export type Again = (typeof RETURNING)[number]

type Ports = Pick<ApiPorts, "db" | "clock" | "mark">
type Read = Pick<SourceInsert, "org" | "project" | "connector" | "accountId" | "accountMode">
type Target = Pick<StoredDestination, "org" | "project" | "sourceId">

/** What a request says of it: `continue: true` or `duplicates: "accept"`. */
export function againOf(sent: { continue?: true | undefined; duplicates?: "accept" | undefined }): Again | null {
  if (sent.continue && sent.duplicates)
    throw badField("duplicates", "cannot be accepted beside `continue`: send one of the two.")
  return sent.continue ? "continue" : (sent.duplicates ?? null)
}

/** The columns of a source that is about to start. Throws where its data is at the destination already and nothing was said of it. */
export async function goOnColumns(
  ports: Ports,
  row: Read & { destination?: SourceInsert["destination"] },
  again: Again | null,
): Promise<Pick<SourceInsert, "continues" | "bookmark" | "again">> {
  const former = await formerOf(ports, row, row.destination ?? (await findDestination(ports.db, row))?.target ?? null)
  if (!former || again === "accept") return { continues: null, bookmark: null, again: null }
  if (again === null) throw connectedBefore(former)
  if (former.bookmark) return { continues: former.deletedAt, bookmark: former.bookmark, again: null }
  throw new Problem("unavailable", {
    detail: "The former source is still being deleted, so where it stopped is not known yet. Try again in a minute.",
  })
}

/** The deleted source that read this account into this destination. */
export async function formerOf(ports: Ports, row: Read, target: Target | null): Promise<FormerRow | null> {
  const marks = target && (await marksOf(ports, row, target))
  if (!marks) return null
  return findFormer(
    ports.db,
    row,
    marks.map(({ hash }) => hash),
    ports.clock.now(),
  )
}

/** Sources that begin to send elsewhere, to where a deleted source of the same account has sent already. */
export async function refuseConnectedBefore(
  ports: Ports,
  rows: readonly SourceRow[],
  target: Target,
  duplicates: "accept" | undefined,
): Promise<void> {
  if (duplicates) return
  const marks = await Promise.all(rows.map((row) => marksOf(ports, row, target)))
  const hashes = marks.flatMap((some) => some ?? []).map(({ hash }) => hash)
  for (let start = 0; start < hashes.length; start += HASHES_TOGETHER) {
    const some = hashes.slice(start, start + HASHES_TOGETHER)
    const [first] = rows
    const former = first && (await findFormer(ports.db, first, some, ports.clock.now()))
    if (former) throw new Problem("was_connected_before", { detail: SENT_BEFORE, source: former.source })
  }
}

/** For the batch that deletes a source; nothing for one that had not started, or had nowhere to send to. */
export async function rememberDeletedStatements(ports: Ports, row: SourceRow, now: number): Promise<Statement[]> {
  if (row.status === "draft") return []
  const target = row.destination ?? (await findDestination(ports.db, row))?.target
  const [mark] = (target && (await marksOf(ports, row, target))) ?? []
  return mark ? [rememberFormerStatement(ports.db, row, row.id, mark, now)] : []
}

async function marksOf({ mark }: Pick<Ports, "mark">, row: Read & Tenant, target: Target) {
  const { org, project, connector, accountId, accountMode } = row
  if (!accountId || !accountMode) return null
  const { org: toOrg, project: toProject, sourceId } = target
  return mark(JSON.stringify([org, project, connector, accountId, accountMode, toOrg, toProject, sourceId]))
}

export function connectedBefore({ deletedAt, source }: FormerRow): Problem {
  return new Problem("was_connected_before", {
    detail:
      `A source of this account was deleted on ${dayOf(deletedAt)}; what it had delivered is still at the destination. ` +
      'With "continue": true the new source goes on where that one stopped. With "duplicates": "accept" it reads everything from the ' +
      "start date, and what was delivered before arrives a second time.",
    source,
  })
}

/**
 * Collections whose history is read again from its beginning, since some of it waited for the destination when the former source was
 * deleted: of those that are chosen, the ones it read and the lists can tell.
 */
export function readAgain(
  streams: AnyConnector["streams"],
  { liveFrom, covered }: Pick<Bookmark, "liveFrom" | "covered">,
  chosen: readonly string[],
): string[] {
  const lists = streams.filter(({ mode }) => mode === "backfill")
  return chosen.filter(
    (name) =>
      liveFrom[name] !== undefined &&
      lists.some((list) => list.collections.includes(name) && covered[coverKey(list.name, name)] === undefined),
  )
}

/** Said with every source that goes on from a former one. `again`: see `readAgain`; null: not known any more. */
export function repeatsAfter(
  streams: AnyConnector["streams"],
  deletedAt: number,
  again: readonly string[] | null,
): string {
  const lookbacks = streams.filter(({ mode }) => mode === "live").map(({ lookbackSeconds }) => lookbackSeconds)
  const minutes = Math.ceil(Math.max(0, ...lookbacks) / 60)
  const recent =
    `It goes on from a source that was deleted on ${dayOf(deletedAt)}. What that one had delivered of its last ${minutes} minutes, ` +
    "and of a sync under way at that moment, may arrive twice."
  return `${recent}${historyAgain(again)} What was in its quarantine is not sent, unless its collection is read again.`
}

function historyAgain(again: readonly string[] | null): string {
  if (again === null)
    return " So may the history of a collection of which something still waited for the destination then: it is read again."
  if (again.length === 0) return ""
  return ` Something still waited for the destination then, so all history is read again of: ${again.join(", ")}. What was delivered of it arrives twice.`
}
