/**
 * How an OAuth flow starts. The API hands out a link to a page of ours; the browser that opens it and confirms is the one that is bound,
 * and only then is there a state. The link itself is sealed, so that nothing is stored for links that nobody opens.
 */
import { z } from "zod"
import { MODES } from "../api/enums.ts"
import type { AnyConnector, JsonValue, OAuth2Auth } from "../connectors/kit/define.ts"
import type { Tenant } from "../db/database.ts"
import { insertState } from "../db/oauth-states.ts"
import { findByAccount, type SourceRow } from "../db/sources.ts"
import { Problem } from "../errors.ts"
import { authorization, authorizeUrl, type OAuthContext } from "../oauth/client.ts"
import { cookieName, newSecrets, STATE_LIFE_MS } from "../oauth/state.ts"
import { oauthOf } from "../oauth/tokens.ts"
import { clientFor } from "../oauth/which-client.ts"
import type { ApiPorts } from "../worker/platform.ts"

/** The link may wait in a wizard, or be sent to whoever has the partner's password. */
export const LINK_LIFE_MS = 60 * 60_000
const LINK_CONTEXT = "oauth#link"
const LINK_CHARS_MAX = 4_096

type Ports = Pick<ApiPorts, "db" | "clock" | "cipher" | "settings" | "sha256">

/** What a link stands for: connecting a source, or an install that its partner signed. */
const link = z.discriminatedUnion("purpose", [
  z.object({
    purpose: z.literal("connect"),
    connector: z.string(),
    org: z.string(),
    project: z.string(),
    source: z.string(),
    by: z.string(),
    until: z.number(),
  }),
  z.object({ purpose: z.literal("install"), connector: z.string(), config: z.json(), until: z.number() }),
])

export type Link = z.infer<typeof link>
type Unsealed = Link extends infer One ? (One extends Link ? Omit<One, "until"> : never) : never

/** Address of the page that begins, or null where this source cannot be connected by signing in. */
export async function authorizeLink(ports: Ports, row: SourceRow, connector: AnyConnector, by: string) {
  const { org, project, id: source } = row
  const ready = oauthOf(connector) && (await clientFor(ports, row, connector.name))
  if (!ready || !ports.settings.publicUrl) return null
  return sealLink(ports, { purpose: "connect", connector: connector.name, org, project, source, by })
}

export async function sealLink(ports: Ports, what: Unsealed): Promise<{ url: string; expiresAt: number }> {
  const until = ports.clock.now() + LINK_LIFE_MS
  const ticket = await ports.cipher.seal(JSON.stringify({ ...what, until }), LINK_CONTEXT)
  const page = what.purpose === "connect" ? "start" : "install"
  return {
    url: `${baseOf(ports)}/oauth/${what.connector}/${page}?ticket=${encodeURIComponent(ticket)}`,
    expiresAt: until,
  }
}

/** Throws the problem of a link that is no link, or too old. */
export async function openLink(ports: Ports, connector: AnyConnector, ticket: string | undefined): Promise<Link> {
  const invalid = new Problem("link_invalid", { partner: connector.title })
  if (!ticket || ticket.length > LINK_CHARS_MAX) throw invalid
  const plain = await ports.cipher.open(ticket, LINK_CONTEXT).catch(() => null)
  const opened = plain === null ? null : link.safeParse(JSON.parse(plain))
  if (!opened?.success || opened.data.connector !== connector.name) throw invalid
  if (opened.data.until <= ports.clock.now()) throw new Problem("link_expired", { partner: connector.title })
  return opened.data
}

/**
 * Where the configuration names the account, whether another source of the project reads it: told before anybody leaves, since a
 * new grant takes the place of the one which that source lives on.
 */
export async function refuseKnown(ports: Ports, row: SourceRow, connector: AnyConnector): Promise<void> {
  const config = typeof row.config === "object" && row.config !== null ? row.config : {}
  const texts = Object.entries(config).filter((entry): entry is [string, string] => typeof entry[1] === "string")
  const accountId = oauthOf(connector)?.signature?.account(Object.fromEntries(texts)) ?? null
  if (accountId === null) return
  for (const accountMode of MODES) {
    const first = await findByAccount(ports.db, row, { connector: connector.name, accountId, accountMode })
    if (!first || first.id === row.id) continue
    const detail = `The source "${first.name}" reads ${accountId}.`
    throw new Problem("account_taken", { partner: connector.title, source: first.id, detail })
  }
}

export interface OAuthStart {
  connector: AnyConnector
  purpose: "connect" | "install"
  /** Null for an install. */
  owner: (Tenant & { source: string }) | null
  config: JsonValue
  actor: string
  /** What allows to begin, a sealed link or a signed query: good for a bounded number of attempts. */
  ticket: string
}

export interface OAuthStarted {
  /** The partner's page. */
  url: string
  cookie: { name: string; value: string }
}

export async function startOAuth(
  ports: Ports,
  { connector, purpose, owner, config, actor, ticket }: OAuthStart,
): Promise<OAuthStarted> {
  const oauth = await oauthContextFor(ports, connector, owner, config)
  const { state, cookie } = newSecrets()
  const hash = await ports.sha256(state)
  const { url, verifier } = await authorization(oauth, redirectUri(ports, connector), state)
  const { org = null, project = null, source = null } = owner ?? {}
  const isKept = await insertState(ports.db, {
    ticket: await ports.sha256(ticket),
    ...{ hash, connector: connector.name, purpose, org, project, source, config, actor },
    client: oauth.client.id,
    verifier: verifier && (await ports.cipher.seal(verifier, `${hash}#verifier`)),
    browser: await ports.sha256(cookie),
    expiresAt: ports.clock.now() + STATE_LIFE_MS,
  })
  if (!isKept) throw new Problem("too_many_attempts", { partner: connector.title })
  return { url: elsewhere(ports, url), cookie: { name: cookieName(hash, isSecure(ports)), value: cookie } }
}

export async function oauthContextFor(
  ports: Ports,
  connector: AnyConnector,
  tenant: Tenant | null,
  config: unknown,
): Promise<OAuthContext> {
  const auth: OAuth2Auth<unknown> | null = oauthOf(connector)
  const client = auth && (await clientFor(ports, tenant, connector.name))
  if (!auth || !client || !ports.settings.publicUrl)
    throw new Problem("oauth_unavailable", { partner: connector.title })
  return { title: connector.title, auth, config, client }
}

export function redirectUri(ports: Pick<ApiPorts, "settings">, { name }: Pick<AnyConnector, "name">): string {
  return `${baseOf(ports)}/oauth/${name}/callback`
}

export function isSecure({ settings }: Pick<ApiPorts, "settings">): boolean {
  return settings.publicUrl?.startsWith("https:") ?? true
}

/** Where the browser will be sent: a page's forms may lead there. */
export function authorizeOrigin(ports: Pick<ApiPorts, "settings">, oauth: OAuthContext): string {
  return new URL(elsewhere(ports, authorizeUrl(oauth))).origin
}

function elsewhere({ settings }: Pick<ApiPorts, "settings">, url: URL): string {
  const instead = settings.authorizeOrigins.get(url.origin)
  return instead === undefined ? url.href : instead + url.pathname + url.search
}

function baseOf({ settings }: Pick<ApiPorts, "settings">): string {
  if (settings.publicUrl) return settings.publicUrl
  throw new Problem("oauth_unavailable", { detail: "PUBLIC_URL is not set: partners could not send the browser back." })
}
