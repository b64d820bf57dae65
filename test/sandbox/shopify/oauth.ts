/**
 * Shopify's OAuth of one shop: the page that asks, the signed way back, the token endpoint, the signed way from the admin.
 * https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant
 */
import { type Clock, SECOND_MS } from "../clock.ts"
import { type Answer, type Call, httpDate, json, textOf } from "../http.ts"
import { type App, createGrants, type Grants, type Issued } from "../oauth/grants.ts"
import { backTo, consent, escaped, page } from "../oauth/pages.ts"
import type { Writer } from "../store.ts"

const AUTHORIZE_PATH = "/admin/oauth/authorize"
export const TOKEN_PATH = "/admin/oauth/access_token"
const APPS_PATH = "/admin/apps/"

export const SHOPIFY_APP: App = {
  id: "5a0db0c5a0db0c5a0db0c5a0db0c5a0d",
  secret: "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",
  name: "Intempt Cloud sources",
  installUrl: null,
  grants: null,
}

/** https://community.shopify.dev/t/520-during-refresh-token-rotation-permanently-orphans-the-offline-access-token/35182 */
export const INACTIVE_REFRESH_TOKEN = {
  error: "invalid_request",
  error_description: "This request requires an active refresh_token",
}

export interface ShopifyOAuth {
  apps: Map<string, App>
  grants: Grants
  /** Null: the call is not about OAuth. */
  answer(shop: string, domain: string, call: Call): Answer | Promise<Answer> | null
  /** The signed query with which the shop's admin opens an app. */
  opening(domain: string, app: App): Promise<Record<string, string>>
}

interface Parts {
  clock: Clock
  writer: Writer
  issueToken(shop: string, scopes: string[], no: number, expiresAt: number): string
  endTokens(shop: string): void
}

export function createShopifyOAuth({ clock, writer, issueToken, endTokens }: Parts): ShopifyOAuth {
  const apps = new Map<string, App>([[SHOPIFY_APP.id, { ...SHOPIFY_APP }]])
  const grants = createGrants({
    partner: "shopify",
    // An hour, ninety days; the token before stays good until the new one is used.
    // https://shopify.dev/changelog/more-resilient-refreshes-for-expiring-offline-access-tokens
    policy: {
      ...{ codeLifeS: 300, accessLifeS: 3_600, refreshLifeS: 90 * 86_400 },
      ...{ retires: "replaced", revokesOnReuse: false },
    },
    clock,
    writer,
    issueAccess: issueToken,
    endAccess: endTokens,
    refreshPrefix: "shprt_",
  })

  const oauth: ShopifyOAuth = {
    apps,
    grants,
    answer(shop, domain, call) {
      const { pathname } = call.url
      if (pathname === AUTHORIZE_PATH) return authorize(shop, domain, call)
      if (pathname === TOKEN_PATH) return token(shop, call)
      return pathname.startsWith(APPS_PATH) ? admin(domain, pathname.slice(APPS_PATH.length)) : null
    },
    async opening(domain, app) {
      return signed(app.secret, { host: hostOf(domain), shop: domain, timestamp: timestamp() })
    },
  }
  return oauth

  async function authorize(shop: string, domain: string, call: Call): Promise<Answer> {
    const query = call.url.searchParams
    const app = apps.get(query.get("client_id") ?? "")
    const redirectUri = query.get("redirect_uri") ?? ""
    if (!app || !URL.canParse(redirectUri)) return page(400, "Oauth error invalid_request", "")
    const scopes = (query.get("scope") ?? "").split(",")
    const common = { host: hostOf(domain), shop: domain, state: query.get("state") ?? "", timestamp: timestamp() }
    if (call.method !== "POST") return consent(`Install ${app.name} on ${domain}`, scopes, [])
    if (new URLSearchParams(textOf(call)).get("decision") !== "approve")
      return backTo(redirectUri, await signed(app.secret, { ...common, error: "access_denied" }))
    const granted = app.grants ?? scopes
    const code = grants.issueCode({ app: app.id, account: shop, scopes: granted, redirectUri, challenge: null })
    return backTo(redirectUri, await signed(app.secret, { ...common, code }))
  }

  /** The app's entry in the shop's admin. */
  async function admin(domain: string, id: string): Promise<Answer> {
    const app = apps.get(id)
    if (!app?.installUrl) return page(404, "No such app", "")
    const query = new URLSearchParams(await oauth.opening(domain, app))
    return page(
      200,
      `${domain}: apps`,
      `<a id="open" href="${escaped(`${app.installUrl}?${query}`)}">Open ${escaped(app.name)}</a>`,
    )
  }

  async function token(shop: string, call: Call): Promise<Answer> {
    const form = new URLSearchParams(textOf(call))
    const app = apps.get(form.get("client_id") ?? "")
    if (!app) return refused(400, "application_cannot_be_found")
    if (app.secret !== form.get("client_secret")) return refused(401, "invalid_client")
    const isRefresh = form.get("grant_type") === "refresh_token"
    if (!isRefresh && form.get("expiring") !== "1") return refused(400, "invalid_request")
    const outcome = isRefresh
      ? grants.refresh(form.get("refresh_token") ?? "", app.id)
      : await grants.exchange(form.get("code") ?? "", app.id, null)
    if (!outcome.ok || outcome.issued.account !== shop)
      return isRefresh
        ? json(401, INACTIVE_REFRESH_TOKEN, { date: httpDate(clock()) })
        : refused(400, "invalid_request")
    return json(200, body(outcome.issued), { date: httpDate(clock()) })
  }

  function body({ scopes, access, accessExpiresAt, refresh, refreshExpiresAt }: Issued) {
    const left = (until: number) => Math.round((until - clock()) / SECOND_MS)
    return {
      access_token: access,
      scope: scopes.join(","),
      expires_in: left(accessExpiresAt),
      refresh_token: refresh,
      refresh_token_expires_in: left(refreshExpiresAt),
    }
  }

  function refused(status: number, error: string): Answer {
    return json(status, { error }, { date: httpDate(clock()) })
  }

  function timestamp(): string {
    return String(Math.floor(clock() / SECOND_MS))
  }
}

function hostOf(domain: string): string {
  return btoa(`admin.shopify.com/store/${domain.split(".")[0]}`).replace(/=+$/, "")
}

async function signed(secret: string, query: Record<string, string>): Promise<Record<string, string>> {
  const bytes = (text: string) => new TextEncoder().encode(text)
  const algorithm = { name: "HMAC", hash: "SHA-256" }
  const key = await crypto.subtle.importKey("raw", bytes(secret), algorithm, false, ["sign"])
  const message = Object.entries(query)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}=${value.replaceAll("%", "%25").replaceAll("&", "%26")}`)
    .join("&")
  const digest = new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes(message)))
  return { ...query, hmac: [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("") }
}
