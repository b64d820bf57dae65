/** How an OAuth flow ends: the partner sends the browser back, and what it granted becomes a source's, or waits to be claimed. */

import { getConnector } from "../connectors/index.ts"
import type { Account, AnyConnector, OAuth2Auth, SignedQuery } from "../connectors/kit/define.ts"
import { type GrantRow, insertGrantStatement } from "../db/grants.ts"
import { findState, type StateRow, takeState } from "../db/oauth-states.ts"
import { findSource, type SourceRow } from "../db/sources.ts"
import { Problem } from "../errors.ts"
import { DAY_MS } from "../lib/time.ts"
import { exchangeCode, type OAuthContext, type TokenAnswer } from "../oauth/client.ts"
import { judge } from "../oauth/state.ts"
import { oauthOf, sealTokens } from "../oauth/tokens.ts"
import { clientById } from "../oauth/which-client.ts"
import type { SealedTokens, SourceRef } from "../source/protocol/configuration.ts"
import type { ApiPorts } from "../worker/platform.ts"
import { attachAccount } from "./attach-account.ts"
import { checkAccount } from "./check-account.ts"
import { authorizeLink, redirectUri } from "./start-oauth.ts"

/** A grant that nobody claims is given back after a day. */
export const INSTALL_LIFE_MS = DAY_MS

export type Arrival = { kind: "connected"; row: SourceRow } | { kind: "installed"; code: string; account: Account }

interface Granted {
  oauth: OAuthContext
  connector: AnyConnector
  attempt: StateRow
  answer: TokenAnswer
  /** Our clock. */
  askedAt: number
  account: Account
  /** Partner time. */
  connectedAt: number
}

/** `cookie` answers what the browser holds under a name, hashed names being ours. Throws the problem whose page is shown. */
export async function finishOAuth(
  ports: ApiPorts,
  name: string,
  query: SignedQuery,
  cookie: (hash: string) => string | undefined,
): Promise<Arrival> {
  const connector = getConnector(name)
  const auth = connector && oauthOf(connector)
  if (!connector || !auth) throw new Problem("unknown_connector")
  const attempt = await takeAttempt(ports, connector, single(query.state), cookie)
  try {
    const granted = await granting(ports, connector, auth, attempt, query)
    return attempt.purpose === "install" ? await keep(ports, granted) : await attach(ports, granted)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    throw error.with({ partner: connector.title, ...(await retryOf(ports, connector, attempt)) })
  }
}

// ------------------------------------------------------------------------------------------------------------- state

async function takeAttempt(
  ports: ApiPorts,
  connector: AnyConnector,
  state: string | null,
  cookie: (hash: string) => string | undefined,
): Promise<StateRow> {
  const { title: partner } = connector
  if (state === null) throw new Problem("no_state", { partner })
  const now = ports.clock.now()
  const hash = await ports.sha256(state)
  const attempt = await findState(ports.db, hash)
  const held = cookie(hash)
  const browser = held === undefined ? null : await ports.sha256(held)
  const verdict = judge(attempt, { connector: connector.name, browser, now })
  if (verdict !== "good" || !attempt) throw new Problem(verdict === "good" ? "unknown_state" : verdict, { partner })
  if (!(await takeState(ports.db, hash, now))) throw new Problem("state_used", { partner })
  return attempt
}

/** The browser is known to be the one that began: it may have another go. */
async function retryOf(ports: ApiPorts, connector: AnyConnector, attempt: StateRow): Promise<{ retry?: string }> {
  const { org, project, source } = attempt
  if (org === null || project === null || source === null)
    return oauthOf(connector)?.signature ? {} : { retry: `/oauth/${connector.name}/install` }
  const row = await findSource(ports.db, { org, project }, source).catch(() => null)
  const link = row && (await authorizeLink(ports, row, connector, attempt.actor))
  return link ? { retry: link.url } : {}
}

// ------------------------------------------------------------------------------------------------------------- grant

async function granting(
  ports: ApiPorts,
  connector: AnyConnector,
  auth: OAuth2Auth<unknown>,
  attempt: StateRow,
  query: SignedQuery,
): Promise<Granted> {
  const tenant =
    attempt.org !== null && attempt.project !== null ? { org: attempt.org, project: attempt.project } : null
  const client = await clientById(ports, tenant, connector.name, attempt.client)
  if (!client) throw new Problem("oauth_unavailable")
  const oauth: OAuthContext = { title: connector.title, auth, config: attempt.config, client }
  if (query.error !== undefined) throw new Problem(query.error === "access_denied" ? "access_denied" : "partner_error")
  await checkSignature(ports, oauth, query)
  const code = single(query.code)
  if (code === null) throw new Problem("no_code")
  const verifier = attempt.verifier && (await ports.cipher.open(attempt.verifier, `${attempt.hash}#verifier`))
  const askedAt = ports.clock.now()
  const result = await exchangeCode(ports, oauth, { code, verifier, redirectUri: redirectUri(ports, connector) })
  if (result.kind === "refused") throw new Problem("code_refused")
  if (result.kind === "client") {
    ports.log("operator.alert", { connector: connector.name, reason: result.reason })
    throw new Problem("client_refused", { detail: `${result.reason}.` })
  }
  if (result.kind !== "ok") throw new Problem("token_endpoint", { detail: `${result.reason}.` })
  checkScopes(auth, result.answer.scopes)
  const checked = await checkAccount(ports, {
    connector,
    config: attempt.config,
    credential: { kind: "accessToken", value: result.answer.accessToken },
  })
  const mode = auth.grantedMode?.(result.answer.body) ?? checked.account.mode
  const account = { ...checked.account, mode }
  return { oauth, connector, attempt, answer: result.answer, askedAt, account, connectedAt: checked.at }
}

/** What a partner signs, it has signed; and it is about the account that was to be connected. */
async function checkSignature(
  ports: ApiPorts,
  { auth, config, client }: OAuthContext,
  query: SignedQuery,
): Promise<void> {
  if (!auth.signature) return
  const isSigned = await auth.signature.verify(query, client.secrets, ports.hmac, ports.clock.now())
  if (!isSigned) throw new Problem("bad_signature")
  const named = auth.signature.config(query)
  const stated = new Map(Object.entries(typeof config === "object" && config !== null ? config : {}))
  const isSame = named !== null && Object.entries(named).every(([key, value]) => stated.get(key) === value)
  if (!isSame) throw new Problem("wrong_account_address")
}

function checkScopes({ scopes, covers }: OAuth2Auth<unknown>, granted: readonly string[] | null): void {
  if (granted === null) return
  const has = (needed: string) => granted.some((one) => one === needed || covers?.(one, needed) === true)
  const missing = scopes.filter((needed) => !has(needed))
  if (missing.length > 0) throw new Problem("missing_scope", { scopes: missing })
}

// ------------------------------------------------------------------------------------------------------------ outcome

/** An install: whoever signs in with the code takes it. */
async function keep(ports: ApiPorts, granted: Granted): Promise<Arrival> {
  const code = ports.random.id("install")
  const id = ports.random.id("grant")
  const row: GrantRow = {
    ...grantRowOf(granted, id, await sealGranted(ports, granted, installRef(id))),
    installCode: await ports.sha256(code),
    expiresAt: granted.askedAt + INSTALL_LIFE_MS,
  }
  await insertGrantStatement(ports.db, row)
  return { kind: "installed", code, account: granted.account }
}

async function attach(ports: ApiPorts, granted: Granted): Promise<Arrival> {
  const { attempt, account, connectedAt } = granted
  const tenant = { org: attempt.org ?? "", project: attempt.project ?? "" }
  const context = { ports, tenant, caller: { subject: attempt.actor } }
  const ref = { ...tenant, source: attempt.source ?? "" }
  const id = ports.random.id("grant")
  const grant: GrantRow = { ...grantRowOf(granted, id, await sealGranted(ports, granted, ref)), ...ref }
  const give = async () => {
    const row = await findSource(ports.db, tenant, ref.source)
    return attachAccount(context, row, { account, at: connectedAt }, { grant })
  }
  try {
    const { row } = await give().catch((error) => onceMore(error, give))
    return { kind: "connected", row }
  } catch (error) {
    // Nobody wants it: the watchdog gives it back, unless the account is read by somebody else.
    await insertGrantStatement(ports.db, { ...grant, expiresAt: ports.clock.now() }).catch(() => undefined)
    throw error
  }
}

/** The code is used up: somebody who changes the source in the same moment must not make the user sign in again. */
function onceMore<T>(error: unknown, again: () => Promise<T>): Promise<T> {
  if (error instanceof Problem && error.code === "conflict") return again()
  throw error
}

function grantRowOf(
  { connector, attempt, account, connectedAt, askedAt }: Granted,
  id: string,
  tokens: SealedTokens,
): GrantRow {
  return {
    ...{ id, org: null, project: null, source: null, connector: connector.name, config: attempt.config, account },
    ...{ accountId: account.id, connectedAt, tokens, installCode: null, createdAt: askedAt, expiresAt: null, tries: 0 },
  }
}

/** Tokens of nobody are sealed for their grant alone. */
export function installRef(grant: string): SourceRef {
  return { org: "", project: "", source: grant }
}

export function grantRef({ id, org, project, source }: GrantRow): SourceRef {
  return org === null || project === null || source === null ? installRef(id) : { org, project, source }
}

function sealGranted(ports: ApiPorts, { oauth, answer, askedAt }: Granted, ref: SourceRef): Promise<SealedTokens> {
  return sealTokens(ports.cipher, ref, oauth, answer, askedAt)
}

/** A parameter that comes twice is none. */
function single(value: SignedQuery[string] | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null
}
