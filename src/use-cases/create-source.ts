/**
 * POST /sources: a source that starts at once or, where something is missing, a draft that says what. All that needs no network is
 * checked first, so that a typing mistake costs no call to the partner; everything is stored in one batch.
 */
import type { MissingField } from "../api/enums.ts"
import { parse } from "../api/parse.ts"
import type { CreateSource } from "../api/requests.ts"
import { connectors } from "../connectors/index.ts"
import type { AnyConnector, JsonValue } from "../connectors/kit/define.ts"
import type { GrantRow } from "../db/grants.ts"
import { type IdempotentRequest, rememberRequestStatements } from "../db/idempotency.ts"
import { countSources, insertSource, type SourceRow } from "../db/sources.ts"
import { badField, Problem } from "../errors.ts"
import { accountColumns, refuseTaken, sealKey } from "./attach-account.ts"
import { type Checked, checkAccount, checkShape } from "./check-account.ts"
import { chooseCollections, chooseConnector, fieldsOf } from "./choices.ts"
import { configure } from "./configure.ts"
import { auditEntry, type Changed, type Context } from "./context.ts"
import { againOf } from "./continue-former.ts"
import { draftColumns, goOnDetail, startSource } from "./finish-source.ts"
import { once } from "./idempotency.ts"
import { findInstall, useInstallStatements } from "./install-code.ts"
import { authorizeLink } from "./start-oauth.ts"
import { checkTemplates } from "./templates.ts"
import { syncColumns } from "./update-source.ts"

/** What a project may hold: far above any use, far below what lists and fan-outs can bear. */
export const SOURCES_MAX = 500

/** `request`: the caller's Idempotency-Key; null where none was sent. */
export async function createSource(
  context: Context,
  input: CreateSource,
  request: IdempotentRequest | null,
): Promise<Changed & { authorizeUrl: string | null }> {
  const row = await once(context, request, () => storeSource(context, input, request))
  const view = await configure(context.ports, row)
  return { row, view, authorizeUrl: await authorizeUrlOf(context, row) }
}

async function storeSource(
  context: Context,
  input: CreateSource,
  request: IdempotentRequest | null,
): Promise<SourceRow> {
  const { ports, tenant, caller } = context
  const grant = input.installCode === undefined ? null : await findInstall(ports, input.connector, input.installCode)
  const again = againOf(input)
  const connector = chooseConnector(input.connector)
  const config = configOf(connector, input, grant)
  const collections = chooseCollections(connector, input.collections)
  checkTemplates(connector, input.templates)
  if (input.credentials) checkShape(connector, input.credentials.apiKey, connectors)
  const sync = syncColumns(input.sync ?? {}, ports.clock.now(), null)
  if ((await countSources(ports.db, tenant)) >= SOURCES_MAX) throw new Problem("limit_reached")

  const checked = await accountGiven(context, connector, config, input, grant)
  if (checked) await refuseTaken(ports, tenant, connector, checked, null)

  const now = ports.clock.now()
  const ref = { ...tenant, source: ports.random.id("src") }
  const source = {
    ...{ ...tenant, id: ref.source, connector: connector.name, config, collections, identity: input.identity, ...sync },
    name: input.name ?? checked?.account.name ?? connector.title,
    credential: input.credentials ? await sealKey(ports, ref, input.credentials.apiKey) : null,
    ...{ grantId: grant?.id ?? null, credentialVersion: 1, ...accountColumns(checked) },
    ...{ destination: null, destinationVersion: 1, templates: input.templates },
    ...{ active: true, version: 1, statusAt: now, createdBy: caller.subject, createdAt: now, updatedAt: now },
  }
  const missing = missingOf(input, grant)
  const start = missing.length === 0 ? await startSource(context, source, again, now) : null
  const stage = start ? start.columns : { ...draftColumns(missing, now), again }
  const detail = { name: source.name, ...goOnDetail(start) }
  const entry = auditEntry(context, start ? "source.created" : "source.drafted", source.id, detail)
  return insertSource(ports.db, { ...source, ...stage }, entry, [
    ...(grant ? await useInstallStatements(ports, grant, ref, entry) : []),
    ...(request ? rememberRequestStatements(ports.db, tenant, request, source.id, entry.at) : []),
    ...(start?.statements ?? []),
  ])
}

/** An install that is claimed names part of the configuration: the shop that it was approved in. What may change is the user's. */
function configOf(connector: AnyConnector, input: CreateSource, grant: GrantRow | null): JsonValue {
  if (grant && input.credentials) throw badField("credentials", "are not needed beside `installCode`. Leave them out.")
  const approved = Object.entries(fieldsOf(grant?.config)).filter(([field]) => !connector.changeable?.includes(field))
  return parse(connector.config, { ...input.config, ...Object.fromEntries(approved) }, "config")
}

/** Whose credentials these are: one call to the partner, unless an install was checked already. Null: none were sent. */
async function accountGiven(
  { ports }: Context,
  connector: AnyConnector,
  config: JsonValue,
  { credentials }: CreateSource,
  grant: GrantRow | null,
): Promise<Checked | null> {
  if (grant) return { account: grant.account, at: grant.connectedAt }
  if (!credentials) return null
  return checkAccount(ports, { connector, config, credential: { kind: "key", value: credentials.apiKey } })
}

function missingOf({ credentials, name, sync }: CreateSource, grant: GrantRow | null): MissingField[] {
  const missing: MissingField[] = []
  if (!credentials && !grant) missing.push("credentials")
  if (name === undefined) missing.push("name")
  if (sync === undefined) missing.push("sync")
  return missing
}

/** How a draft is given its account where that takes signing in. */
async function authorizeUrlOf({ ports, caller }: Context, row: SourceRow): Promise<string | null> {
  if (!row.missing.includes("credentials")) return null
  return (await authorizeLink(ports, row, chooseConnector(row.connector), caller.subject))?.url ?? null
}
