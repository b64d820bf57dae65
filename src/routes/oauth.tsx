/**
 * Where browsers come: from the console to begin, from the partner to install, and back from the partner. No bearer token; what
 * counts is a sealed link, a partner's signature, or a state that is bound to the browser. Every answer of these routes is a page or a
 * redirect; only what the app refuses before them (a body that is too large) is a problem document.
 */
import type { Context } from "hono"
import { deleteCookie, getCookie, setCookie } from "hono/cookie"
import { html } from "hono/html"
import type { JSX } from "hono/jsx/jsx-runtime"
import { getConnector } from "../connectors/index.ts"
import type { AnyConnector, SignedQuery } from "../connectors/kit/define.ts"
import { ConnectedPage, InstallPage, ProblemPage, StartPage, WaitingInstallPage } from "../console/oauth-pages.tsx"
import { style } from "../console/style.ts"
import { isAccountRead } from "../db/grants.ts"
import { findSource, type SourceRow } from "../db/sources.ts"
import { Problem } from "../errors.ts"
import { cookieName, STATE_LIFE_MS } from "../oauth/state.ts"
import { oauthOf } from "../oauth/tokens.ts"
import { isPageCode } from "../problems.ts"
import { finishOAuth } from "../use-cases/finish-oauth.ts"
import {
  authorizeOrigin,
  isSecure,
  type OAuthStart,
  type OAuthStarted,
  oauthContextFor,
  openLink,
  refuseKnown,
  sealLink,
  startOAuth,
} from "../use-cases/start-oauth.ts"
import { log } from "../worker/platform.ts"
import { type ApiEnv, api } from "./kit/api.ts"
import { countAddress, limitAddress, RATE_PERIOD_S } from "./kit/rates.ts"

/** Who installs without an account here. */
const INSTALLER = "install"
const STYLE_LIFE_S = 3600

type C = Context<ApiEnv>

export const oauthRoutes = api()
  .use(limitAddress)
  .get("/style.css", (c) =>
    c.body(style, 200, {
      "content-type": "text/css; charset=utf-8",
      "cache-control": `public, max-age=${STYLE_LIFE_S}`,
    }),
  )
  .get("/:connector/start", async (c) => {
    const { ports } = c.var
    const connector = oauthConnectorAt(c)
    const ticket = c.req.query("ticket")
    const { row, link } = await startOf(c, connector, ticket)
    const oauth = await oauthContextFor(ports, connector, row, row.config)
    const { project, org, name } = row
    const props = { partner: connector.title, project, org, source: name, by: link.by, ticket: ticket ?? "" }
    return page(c, 200, <StartPage {...props} />, authorizeOrigin(ports, oauth))
  })
  .post("/:connector/start", async (c) => {
    const connector = oauthConnectorAt(c)
    refuseCrossSite(c, connector)
    const ticket = await ticketIn(c)
    const { row, link } = await startOf(c, connector, ticket)
    const owner = { org: row.org, project: row.project, source: row.id }
    const what = { connector, purpose: "connect", owner, config: row.config, actor: link.by, ticket } as const
    return startOAuthHere(c, what)
  })
  .get("/:connector/install", async (c) => {
    const { ports } = c.var
    const connector = oauthConnectorAt(c)
    const signature = oauthOf(connector)?.signature
    if (!signature) return installPage(c, connector, {}, null)
    const query = queryOf(c)
    const named = signature.config(query)
    const account = signature.account(query)
    const { client } = await oauthContextFor(ports, connector, null, named)
    const isSigned = await signature.verify(query, client.secrets, ports.hmac, ports.clock.now())
    if (!isSigned || named === null || account === null)
      throw new Problem("install_unsigned", { partner: connector.title })
    const config = connector.config.parse(named)
    // The partner sends people here whenever they open the app, and a new grant would take the old one's place.
    if (await isAccountRead(ports.db, connector.name, account)) return installPage(c, connector, config, account)
    const what = { connector, purpose: "install", owner: null, config, actor: INSTALLER } as const
    return startOAuthHere(c, { ...what, ticket: new URL(c.req.url).search })
  })
  .post("/:connector/install", async (c) => {
    const { ports } = c.var
    const connector = oauthConnectorAt(c)
    refuseCrossSite(c, connector)
    const ticket = await ticketIn(c)
    const link = await openLink(ports, connector, ticket)
    if (link.purpose !== "install") throw new Problem("link_invalid", { partner: connector.title })
    const config = connector.config.parse(link.config)
    const what = { connector, purpose: "install", owner: null, config, actor: INSTALLER, ticket } as const
    return startOAuthHere(c, what)
  })
  .get("/:connector/callback", async (c) => {
    const { ports } = c.var
    const isHttps = isSecure(ports)
    const seen: string[] = []
    const cookie = (hash: string) => {
      const name = cookieName(hash, isHttps)
      seen.push(name)
      return getCookie(c, name)
    }
    const connector = oauthConnectorAt(c)
    const arrival = await finishOAuth(ports, connector.name, queryOf(c), cookie)
    for (const name of seen) deleteCookie(c, name, { path: "/", secure: isHttps })
    const { consoleUrl } = ports.settings
    if (arrival.kind === "connected") {
      const { row } = arrival
      const props = { partner: connector.title, account: row.accountName ?? row.name, left: leftOf(row) }
      return page(c, 200, <ConnectedPage {...props} back={consoleUrl && `${consoleUrl}/sources/${row.id}`} />)
    }
    const { account, code } = arrival
    // Behind the hash, the code stays in the browser: no server's log sees it.
    const back = consoleUrl && `${consoleUrl}/sources/new?connector=${connector.name}#installCode=${code}`
    return page(c, 200, <WaitingInstallPage partner={connector.title} account={account} code={code} back={back} />)
  })

/** A draft that lacks nothing waits for an answer: its account was read before (`goOnColumns`). */
function leftOf({ status, missing }: SourceRow): "nothing" | "settings" | "question" {
  if (status !== "draft") return "nothing"
  return missing.length > 0 ? "settings" : "question"
}

/** What becomes of errors here: a page, always. */
oauthRoutes.onError((error, c) => {
  const problem = shownOf(error)
  if (problem.code === "rate_limited") c.header("retry-after", String(RATE_PERIOD_S))
  const told = problem.code === "no_state" ? problem.with(startHere(c)) : problem
  const words = told.toPage()
  const back = c.var.ports?.settings.consoleUrl ?? null
  return page(c, words.status, <ProblemPage words={words} details={told.details} back={back} />)
})

/** What has no page of its own is not explained to a person: we are told. */
function shownOf(error: Error): Problem {
  const known = error instanceof Problem ? error : null
  if (known && isPageCode(known.code)) return known
  log("oauth_failed", { error: error.name, code: known?.code ?? null })
  return new Problem("internal")
}

/** Whoever came without having begun may begin here, where that takes nothing but a click. */
function startHere(c: C): { retry?: string } {
  const connector = getConnector(c.req.param("connector") ?? "")
  return connector && !oauthOf(connector)?.signature ? { retry: `/oauth/${connector.name}/install` } : {}
}

// ------------------------------------------------------------------------------------------------------------- requests

function oauthConnectorAt(c: C): AnyConnector {
  const connector = getConnector(c.req.param("connector") ?? "")
  if (!connector || !oauthOf(connector)) throw new Problem("unknown_connector")
  return connector
}

async function startOf(c: C, connector: AnyConnector, ticket: string | undefined) {
  const link = await openLink(c.var.ports, connector, ticket)
  if (link.purpose !== "connect") throw new Problem("link_invalid", { partner: connector.title })
  const row = await findSource(c.var.ports.db, link, link.source).catch(() => null)
  if (!row) throw new Problem("not_found", { partner: connector.title })
  await refuseKnown(c.var.ports, row, connector)
  return { link, row }
}

async function ticketIn(c: C): Promise<string | undefined> {
  // A form that cannot be read is one without a ticket.
  const { ticket } = await c.req.parseBody().catch(() => ({ ticket: undefined }))
  return typeof ticket === "string" ? ticket : undefined
}

/** A page elsewhere must not make a browser begin. Every browser that can be meant sends one of the two. */
function refuseCrossSite(c: C, { title }: AnyConnector): void {
  const site = c.req.header("sec-fetch-site")
  const origin = c.req.header("origin")
  const base = c.var.ports.settings.publicUrl
  const isOurs = site === undefined ? base !== null && origin === new URL(base).origin : site === "same-origin"
  if (!isOurs) throw new Problem("cross_site", { partner: title })
}

/** A name that repeats, as a list: a signature covers all of them. */
function queryOf(c: C): SignedQuery {
  return Object.fromEntries(
    Object.entries(c.req.queries()).map(([name, all]) => [name, all.length === 1 ? (all[0] ?? "") : all]),
  )
}

// -------------------------------------------------------------------------------------------------------------- answers

async function installPage(
  c: C,
  connector: AnyConnector,
  config: unknown,
  connected: string | null,
): Promise<Response> {
  const { ports } = c.var
  const parsed = connector.config.safeParse(config)
  if (!parsed.success) throw new Problem("install_unsigned", { partner: connector.title })
  const oauth = await oauthContextFor(ports, connector, null, parsed.data)
  const { url } = await sealLink(ports, { purpose: "install", connector: connector.name, config: parsed.data })
  const ticket = new URL(url).searchParams.get("ticket") ?? ""
  const body = <InstallPage partner={connector.title} ticket={ticket} connected={connected} />
  return page(c, 200, body, authorizeOrigin(ports, oauth))
}

/** Each attempt is a row: bounded by address here, and by ticket where the row is written. */
async function startOAuthHere(
  c: C,
  what: Omit<OAuthStart, "ticket"> & { ticket: string | undefined },
): Promise<Response> {
  await countAddress(c, "starts")
  return goOn(c, await startOAuth(c.var.ports, { ...what, ticket: what.ticket ?? "" }))
}

function goOn(c: C, { url, cookie }: OAuthStarted): Response {
  const secure = isSecure(c.var.ports)
  const maxAge = STATE_LIFE_MS / 1000
  setCookie(c, cookie.name, cookie.value, { path: "/", httpOnly: true, secure, sameSite: "Lax", maxAge })
  c.header("cache-control", "no-store")
  return c.redirect(url, 303)
}

/** `leadsTo`: an origin that the page's form may end at, since browsers hold a form's redirects to the policy too. */
function page(
  c: C,
  status: 200 | Problem["status"],
  body: JSX.Element,
  leadsTo?: string,
): Response | Promise<Response> {
  const forms = leadsTo === undefined ? "'self'" : `'self' ${leadsTo}`
  c.header(
    "content-security-policy",
    `default-src 'none'; style-src 'self'; img-src data:; form-action ${forms}; frame-ancestors 'none'; base-uri 'none'`,
  )
  c.header("cache-control", "no-store")
  return c.html(html`<!doctype html>${body}`, status)
}
