/**
 * Giving a source its account, or the same account anew: with a pasted key (PUT /sources/:id/credentials), or with what the partner
 * granted to whoever signed in there (finish-oauth.ts).
 */
import { connectors } from "../connectors/index.ts"
import type { AnyConnector } from "../connectors/kit/define.ts"
import type { Tenant } from "../db/database.ts"
import { forgetOthersStatement, type GrantRow, insertGrantStatement } from "../db/grants.ts"
import { changeSource, findByAccount, findSource, type SourceRow } from "../db/sources.ts"
import { Problem } from "../errors.ts"
import type { SourceRef } from "../source/protocol/configuration.ts"
import type { ApiPorts } from "../worker/platform.ts"
import { sealContext } from "../worker/vault.ts"
import { type Checked, checkAccount, checkShape } from "./check-account.ts"
import { chooseConnector } from "./choices.ts"
import { configure, refOf } from "./configure.ts"
import { auditEntry, type Changed, type Context } from "./context.ts"
import { type Start, startSource } from "./finish-source.ts"

/** What opens the account: a sealed key, or a grant. */
export type SealedAccess = { key: string } | { grant: GrantRow }

export async function attachKey(context: Context, id: string, apiKey: string): Promise<Changed> {
  const { ports, tenant } = context
  const row = await findSource(ports.db, tenant, id)
  const connector = chooseConnector(row.connector)
  checkShape(connector, apiKey, connectors)
  const credential = { kind: "key", value: apiKey } as const
  const checked = await checkAccount(ports, { connector, config: row.config, credential })
  return attachAccount(context, row, checked, { key: await sealKey(ports, refOf(row), apiKey) })
}

export async function attachAccount(
  context: Context,
  row: SourceRow,
  checked: Checked,
  access: SealedAccess,
): Promise<Changed> {
  const { ports } = context
  const { account } = checked
  refuseOther(row, checked)
  await refuseTaken(ports, row, chooseConnector(row.connector), checked, row.id)
  const grant = "grant" in access ? access.grant : null
  const patch = {
    ...(row.accountId === null ? accountColumns(checked) : { accountName: account.name }),
    // Until somebody names it, a draft is called as its account.
    ...(row.missing.includes("name") && { name: account.name }),
    ...{ credential: "key" in access ? access.key : null, grantId: grant?.id ?? null },
    credentialVersion: row.credentialVersion + 1,
    missing: row.missing.filter((field) => field !== "credentials"),
  }
  // A client that pastes a key goes on with POST .../finish; from a partner's page nobody comes back to do so.
  const start = grant ? await startOrWait(context, { ...row, ...patch }) : null
  const action = row.status === "draft" ? "source.authorized" : "source.reconnected"
  const entry = auditEntry(context, action, row.id, { account: account.id })
  const changed = await changeSource(ports.db, row, { ...patch, ...start?.columns }, entry, [
    ...(grant ? [insertGrantStatement(ports.db, grant)] : []),
    forgetOthersStatement(ports.db, row, grant?.id ?? null),
    ...(start?.statements ?? []),
  ])
  return { row: changed, view: await configure(ports, changed) }
}

/** Null: no draft, or one that still lacks something: a word on what to do, where the account was read into the destination before. */
async function startOrWait(context: Context, row: SourceRow): Promise<Start | null> {
  if (row.status !== "draft" || row.missing.length > 0) return null
  try {
    return await startSource(context, row, row.again, context.ports.clock.now())
  } catch (error) {
    if (error instanceof Problem) return null
    throw error
  }
}

export function sealKey(ports: Pick<ApiPorts, "cipher">, ref: SourceRef, plain: string): Promise<string> {
  return ports.cipher.seal(plain, sealContext(ref, "credential"))
}

/** One source per account and mode in a project: twice the account is twice the revenue. `except` is the source itself. */
export async function refuseTaken(
  ports: Pick<ApiPorts, "db">,
  tenant: Tenant,
  connector: AnyConnector,
  { account }: Checked,
  except: string | null,
): Promise<void> {
  const key = { connector: connector.name, accountId: account.id, accountMode: account.mode }
  const first = await findByAccount(ports.db, tenant, key)
  if (!first || first.id === except) return
  const detail = `The source "${first.name}" already reads the ${connector.title} account "${account.name}".`
  throw new Problem("account_taken", { detail, source: first.id })
}

/** A source keeps its account: another one's data would mix with what was already delivered. */
function refuseOther(row: SourceRow, { account }: Checked): void {
  if (row.accountId === null) return
  if (account.id === row.accountId && account.mode === row.accountMode) return
  const modes =
    account.id === row.accountId ? `in ${account.mode} mode instead of ${row.accountMode} mode` : `of ${account.name}`
  throw new Problem("account_mismatch", {
    detail: `This source reads ${row.accountName}; the credentials are ${modes}.`,
  })
}

export function accountColumns(checked: Checked | null) {
  if (!checked) return { accountId: null, accountName: null, accountMode: null, connectedAt: null }
  const { id, name, mode } = checked.account
  return { accountId: id, accountName: name, accountMode: mode, connectedAt: checked.at }
}
