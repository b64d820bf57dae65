/** From what a user asks for to the row that is stored: a source that can start, or a draft and what it lacks. */

import type { MissingField } from "../api/enums.ts"
import type { AnyConnector, JsonValue } from "../connectors/kit/define.ts"
import type { Tenant } from "../db/database.ts"
import type { GrantRow } from "../db/grants.ts"
import { CHECK_SOON_MS, countSources, findByAccount, type SourceInsert, type SourceRow } from "../db/sources.ts"
import { badField, Problem } from "../errors.ts"
import type { ApiPorts } from "../platform.ts"
import type { CollectionChoice, SourceRef } from "../source/rpc.ts"
import { chooseStartDate } from "../source/startdate.ts"
import { sealContext } from "../vault.ts"
import { type Checked, checkAccount } from "./account.ts"

/** What a project may hold: far above any use, far below what lists and fan-outs can bear. */
export const SOURCES_MAX = 500
export const INTERVAL_HOURS_DEFAULT = 1
/** An unfinished draft is forgotten after a week. */
export const DRAFT_KEPT_MS = 7 * 24 * 60 * 60 * 1000

export interface SyncWish {
  startDate?: string | undefined
  intervalHours?: number | undefined
}

/** A request whose parts have each been found valid; null is what was not sent. */
export interface Wish {
  connector: AnyConnector
  config: JsonValue
  credential: string | null
  /** An install that is claimed. */
  grant: GrantRow | null
  name: string | null
  sync: SyncWish | null
  collections: CollectionChoice[]
  identity: "email" | "partnerId"
  templates: string[]
}

type Ports = Pick<ApiPorts, "db" | "clock" | "http" | "random" | "cipher">

/** Asks the partner whose credentials these are, and puts the row together. Nothing is written yet. */
export async function planSource(ports: Ports, tenant: Tenant, by: string, wish: Wish): Promise<SourceInsert> {
  const now = ports.clock.now()
  const sync = planSync(wish.sync ?? {}, now, null)
  if ((await countSources(ports.db, tenant)) >= SOURCES_MAX) throw new Problem("limit_reached")
  const checked = await identify(ports, tenant, wish)
  const ref = { ...tenant, source: ports.random.id("src") }
  const credential = wish.credential && (await sealCredential(ports, ref, wish.credential))
  return {
    ...{ ...tenant, id: ref.source, connector: wish.connector.name, config: wish.config },
    ...{ collections: wish.collections, identity: wish.identity, templates: wish.templates, ...sync },
    name: wish.name ?? checked?.account.name ?? wish.connector.title,
    ...{ credential, grantId: wish.grant?.id ?? null, credentialVersion: 1, ...accountColumns(checked) },
    ...{ destination: null, destinationVersion: 1 },
    ...{ active: true, version: 1, statusAt: now, ...stageColumns(lacksOf(wish), now) },
    ...{ createdBy: by, createdAt: now, updatedAt: now },
  }
}

export function sealCredential(ports: Pick<ApiPorts, "cipher">, ref: SourceRef, plain: string): Promise<string> {
  return ports.cipher.seal(plain, sealContext(ref, "credential"))
}

/** The columns of new sync settings. What is not sent stays as stored or, for a new source, takes the default. */
export function planSync(wish: SyncWish, now: number, stored: { startDate: number; intervalHours: number } | null) {
  const chosen = chooseStartDate(wish.startDate, now, stored?.startDate ?? null)
  if (!chosen.ok) throw badField("sync.startDate", chosen.reason)
  const intervalHours = wish.intervalHours ?? stored?.intervalHours ?? INTERVAL_HOURS_DEFAULT
  return { startDate: chosen.startDate, intervalHours }
}

/** One call to the partner; refuses an account that the project already reads. */
async function identify(
  ports: Ports,
  tenant: Tenant,
  { connector, config, credential, grant }: Wish,
): Promise<Checked | null> {
  if (credential === null && grant === null) return null
  const checked = grant
    ? { account: grant.account, at: grant.connectedAt }
    : await checkAccount(ports, { connector, config, credential: { kind: "key", value: credential ?? "" } })
  await refuseTaken(ports, tenant, connector, checked, null)
  return checked
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
export function refuseOther(row: SourceRow, { account }: Checked): void {
  if (row.accountId === null) return
  if (account.id === row.accountId && account.mode === row.accountMode) return
  const modes =
    account.id === row.accountId ? `in ${account.mode} mode instead of ${row.accountMode} mode` : `of ${account.name}`
  throw new Problem("account_mismatch", {
    detail: `This source reads ${row.accountName}; what was given is ${modes}.`,
  })
}

export function accountColumns(checked: Checked | null) {
  if (!checked) return { accountId: null, accountName: null, accountMode: null, connectedAt: null }
  const { id, name, mode } = checked.account
  return { accountId: id, accountName: name, accountMode: mode, connectedAt: checked.at }
}

function lacksOf({ credential, grant, name, sync }: Wish): MissingField[] {
  const lacks: MissingField[] = []
  if (credential === null && grant === null) lacks.push("credentials")
  if (name === null) lacks.push("name")
  if (sync === null) lacks.push("sync")
  return lacks
}

/** A draft waits for its finish and has no Durable Object to be looked after; a source starts. */
export function stageColumns(missing: MissingField[], now: number) {
  return missing.length > 0
    ? ({ missing, status: "draft", expiresAt: now + DRAFT_KEPT_MS, checkAfter: null } as const)
    : ({ missing, status: "connected", expiresAt: null, checkAfter: now + CHECK_SOON_MS } as const)
}
