/**
 * A Stripe App's OAuth: the install link of marketplace.stripe.com and the token endpoint of api.stripe.com.
 * https://docs.stripe.com/stripe-apps/api-authentication/oauth
 */
import type { Clock } from "../clock.ts"
import { type Answer, type Call, httpDate, json, textOf } from "../http.ts"
import { type App, createGrants, type Grants, type Issued } from "../oauth/grants.ts"
import { backTo, consent, escaped, page } from "../oauth/pages.ts"
import type { Writer } from "../store.ts"
import type { Mode } from "./account.ts"
import { PERMISSIONS } from "./keys.ts"

export const MARKETPLACE = "marketplace.stripe.com"
const TOKEN_PATH = "/v1/oauth/token"
const AUTHORIZE_PATH = "/oauth/v2/authorize"
const APP_PATH = "/apps/"

/** What the sandbox's app may read; a real one's permissions are in its manifest. */
export const APP_PERMISSIONS: string[] = Object.values(PERMISSIONS)

export const STRIPE_APP: App = {
  id: "ca_SandboxCloudSources",
  secret: "sk_test_51SandboxAppDeveloperKey0000",
  name: "Intempt Cloud sources",
  installUrl: null,
  grants: null,
}

export interface StripeOAuth {
  apps: Map<string, App>
  grants: Grants
  /** Null: the call is not about OAuth. */
  answer(call: Call): Answer | Promise<Answer> | null
}

interface Parts {
  clock: Clock
  writer: Writer
  /** `name/mode` -> account id, of all accounts. */
  accounts(): { scope: string; id: string; label: string }[]
  issueKey(scope: string, no: number, expiresAt: number): string
  endKeys(scope: string): void
}

export function createStripeOAuth({ clock, writer, accounts, issueKey, endKeys }: Parts): StripeOAuth {
  const apps = new Map<string, App>([[STRIPE_APP.id, { ...STRIPE_APP }]])
  const grants = createGrants({
    partner: "stripe",
    // "Access tokens expire in 1 hour, and refresh tokens expire after 1 year ... the previous refresh token expires."
    policy: {
      ...{ codeLifeS: 300, accessLifeS: 3_600, refreshLifeS: 365 * 86_400 },
      ...{ retires: "used", revokesOnReuse: false },
    },
    clock,
    writer,
    issueAccess: (scope, _scopes, no, expiresAt) => issueKey(scope, no, expiresAt),
    endAccess: endKeys,
    refreshPrefix: "rt_",
  })

  return {
    apps,
    grants,
    answer(call) {
      const { hostname, pathname } = call.url
      if (hostname === MARKETPLACE) return marketplace(call)
      return pathname === TOKEN_PATH ? token(call) : null
    },
  }

  function marketplace(call: Call): Answer {
    const { pathname, searchParams: query } = call.url
    if (pathname.startsWith(APP_PATH)) return listing(pathname.slice(APP_PATH.length))
    const app = apps.get(query.get("client_id") ?? "")
    const redirectUri = query.get("redirect_uri") ?? ""
    if (pathname !== AUTHORIZE_PATH || !app || !URL.canParse(redirectUri))
      return page(400, "The provided OAuth link is invalid", "")
    const state: Record<string, string> = query.has("state") ? { state: query.get("state") ?? "" } : {}
    if (call.method !== "POST") {
      const choices = accounts().map(({ scope, label }) => ({ value: scope, label }))
      return consent(`Install ${app.name}`, ["Read customers, charges, subscriptions, invoices and events"], choices)
    }
    const form = new URLSearchParams(textOf(call))
    if (form.get("decision") !== "approve")
      return backTo(redirectUri, {
        ...state,
        error: "access_denied",
        error_description: "The user denied your request",
      })
    const account = form.get("account") ?? ""
    const code = grants.issueCode({ app: app.id, account, scopes: ["stripe_apps"], redirectUri, challenge: null })
    return backTo(redirectUri, { ...state, code })
  }

  /** The app's page in the marketplace: its install button leads to the page that the developer has registered. */
  function listing(id: string): Answer {
    const app = apps.get(id)
    if (!app?.installUrl) return page(404, "No such app", "")
    return page(200, app.name, `<a id="install" href="${escaped(app.installUrl)}">Install app</a>`)
  }

  async function token(call: Call): Promise<Answer> {
    const app = appOf(call)
    if (!app) return refused(401, { error: { type: "invalid_request_error", message: "Invalid API Key provided" } })
    const form = new URLSearchParams(textOf(call))
    const unknown = [...form.keys()].find((name) => !["grant_type", "code", "refresh_token"].includes(name))
    if (unknown)
      return refused(400, { error: "invalid_request", error_description: `Unexpected parameter: ${unknown}` })
    const type = form.get("grant_type")
    if (type !== "authorization_code" && type !== "refresh_token")
      return refused(400, { error: "unsupported_grant_type" })
    const outcome =
      type === "refresh_token"
        ? grants.refresh(form.get("refresh_token") ?? "", app.id)
        : await grants.exchange(form.get("code") ?? "", app.id, null)
    if (!outcome.ok) return refused(400, { error: outcome.error, error_description: outcome.description })
    return json(200, body(outcome.issued), { date: httpDate(clock()) })
  }

  function appOf(call: Call): App | null {
    const [, encoded = ""] = (call.headers.get("authorization") ?? "").split(" ")
    const [secret, password] = decoded(encoded).split(":")
    return (password === "" && [...apps.values()].find((app) => app.secret === secret)) || null
  }

  /** As documented: without a word of how long anything lives. */
  function body({ account, access, refresh }: Issued) {
    const mode = account.split("/")[1] as Mode
    const known = accounts().find(({ scope }) => scope === account)
    return {
      access_token: access,
      livemode: mode === "live",
      refresh_token: refresh,
      scope: "stripe_apps",
      stripe_publishable_key: `pk_${mode}_sandbox`,
      stripe_user_id: known?.id ?? "",
      token_type: "bearer",
    }
  }

  function refused(status: number, error: unknown): Answer {
    return json(status, error, { date: httpDate(clock()) })
  }
}

function decoded(text: string): string {
  try {
    return atob(text)
  } catch {
    return ""
  }
}
