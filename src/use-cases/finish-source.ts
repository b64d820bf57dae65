/** POST /sources/:id/finish: what makes a source of a draft. */
import type { MissingField } from "../api/enums.ts"
import type { FinishSource } from "../api/requests.ts"
import type { Statement } from "../db/database.ts"
import { CHECK_SOON_MS, changeSource, findSource, type SourceInsert, type SourceRow } from "../db/sources.ts"
import { Problem } from "../errors.ts"
import { DAY_MS, dayOf } from "../lib/time.ts"
import { chooseCollections, chooseConnector } from "./choices.ts"
import { configure } from "./configure.ts"
import { auditEntry, type Changed, type Context } from "./context.ts"
import { type Again, againOf, goOnColumns } from "./continue-former.ts"
import { checkTemplates, templateStatements } from "./templates.ts"
import { syncColumns } from "./update-source.ts"

/** An unfinished draft is forgotten after a week. */
export const DRAFT_KEPT_MS = 7 * DAY_MS

export async function finishSource(context: Context, id: string, input: FinishSource): Promise<Changed> {
  const { ports, tenant } = context
  const draft = await findSource(ports.db, tenant, id)
  if (draft.status !== "draft") throw new Problem("not_a_draft")
  const connector = chooseConnector(draft.connector)
  const templates = input.templates ?? draft.templates
  checkTemplates(connector, templates)
  refuseIncomplete(draft, input)
  const now = ports.clock.now()
  const finished = {
    name: input.name ?? draft.name,
    collections: input.collections ? chooseCollections(connector, input.collections) : draft.collections,
    ...syncColumns(input.sync ?? {}, now, draft),
    templates,
  }
  const start = await startSource(context, { ...draft, ...finished }, againOf(input) ?? draft.again, now)
  const entry = auditEntry(context, "source.finished", draft.id, { name: finished.name, ...goOnDetail(start) })
  const row = await changeSource(ports.db, draft, { ...finished, ...start.columns }, entry, start.statements)
  return { row, view: await configure(ports, row) }
}

export interface Start {
  columns: Pick<SourceInsert, "continues"> & ReturnType<typeof startedColumns>
  /** Its metrics and segments. */
  statements: Statement[]
}

/**
 * What turns a row that lacks nothing into a source that runs. Throws where its data is at the destination already, and `again` does
 * not say what to do about it.
 */
export async function startSource(
  { ports, caller }: Pick<Context, "ports" | "caller">,
  row: Parameters<typeof goOnColumns>[1] & Pick<SourceRow, "id" | "templates">,
  again: Again | null,
  at: number,
): Promise<Start> {
  const { org, project, id: source, connector, templates } = row
  const goOn = await goOnColumns(ports, row, again)
  const making = { ...ports, tenant: { org, project }, source, by: caller.subject, at }
  return {
    columns: { ...goOn, ...startedColumns(at) },
    statements: templateStatements(making, chooseConnector(connector), templates),
  }
}

/** A source that runs is looked after. */
function startedColumns(now: number) {
  return { missing: [], status: "connected", expiresAt: null, checkAfter: now + CHECK_SOON_MS } satisfies Stage
}

/** A draft waits for its finish, and has no Durable Object to be looked after. */
export function draftColumns(missing: MissingField[], now: number) {
  return { missing, status: "draft", expiresAt: now + DRAFT_KEPT_MS, checkAfter: null } satisfies Stage
}

type Stage = Pick<SourceInsert, "missing" | "status" | "expiresAt" | "checkAfter">

/** For the audit trail: whether it goes on from a former source. */
export function goOnDetail(start: Start | null): { continues?: string } {
  return start?.columns.continues ? { continues: dayOf(start.columns.continues) } : {}
}

function refuseIncomplete(draft: SourceRow, { name, sync }: FinishSource): void {
  const given: MissingField[] = [...(name ? (["name"] as const) : []), ...(sync ? (["sync"] as const) : [])]
  const missing = draft.missing.filter((field) => !given.includes(field))
  if (missing.length === 0) return
  const errors = missing.map((field) => ({ field, message: HOW_TO_GIVE[field] }))
  throw new Problem("draft_incomplete", { detail: errors.map(({ message }) => message).join(" "), missing, errors })
}

const HOW_TO_GIVE: Record<MissingField, string> = {
  credentials: "Connect the account first: POST /sources/{id}/authorize or PUT /sources/{id}/credentials.",
  name: "Give the source a name.",
  sync: "Send the sync settings; an empty object takes the defaults.",
}
