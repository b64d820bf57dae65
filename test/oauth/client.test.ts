import { describe, expect, it } from "vitest"
import type { OAuth2Auth } from "../../src/connectors/kit/define.ts"
import { shopify } from "../../src/connectors/shopify.ts"
import { stripe } from "../../src/connectors/stripe.ts"
import { authorization, exchangeCode, LIFE_MAX_S, type OAuthContext, refresh } from "../../src/oauth/client.ts"
import { oauthOf, sealTokens } from "../../src/oauth/tokens.ts"
import { clock } from "../../src/worker/platform.ts"

const CLIENT = { id: "client_1", secrets: ["secret_1"] as const }
const REDIRECT = "https://cloud-sources.test/oauth/x/callback"
const NEVER = { auth: {} as OAuth2Auth<unknown> }

function oauth(connector: Parameters<typeof oauthOf>[0], config: unknown = {}): OAuthContext {
  return { title: connector.title, auth: oauthOf(connector) ?? NEVER.auth, config, client: CLIENT }
}

/** What was sent, and what the answer comes to. */
async function asking(of: OAuthContext, answer: Response | Error, type: "code" | "refresh" = "refresh") {
  const sent: { url: string; headers: Headers; body: URLSearchParams }[] = []
  const http = async (url: string, init: RequestInit) => {
    sent.push({ url, headers: new Headers(init.headers), body: new URLSearchParams(String(init.body)) })
    if (answer instanceof Error) throw answer
    return answer
  }
  const ports = { clock, http }
  const code = { code: "code_1", verifier: null, redirectUri: REDIRECT }
  const result = await (type === "code" ? exchangeCode(ports, of, code) : refresh(ports, of, "refresh_1"))
  return { result, sent: sent[0] }
}

const ok = (body: object) => Response.json({ access_token: "access_1", ...body })
const json = (status: number, body: unknown) => Response.json(body, { status })

describe("as Stripe documents it", () => {
  it("the link names client, redirect and state", async () => {
    const { url, verifier } = await authorization(oauth(stripe), REDIRECT, "state_1")
    expect(url.origin + url.pathname).toBe("https://marketplace.stripe.com/oauth/v2/authorize")
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: "code",
      client_id: "client_1",
      redirect_uri: REDIRECT,
      state: "state_1",
    })
    expect(verifier).toBeNull()
  })

  it.each([
    ["https://marketplace.stripe.com/oauth/v2/chnlink_1/authorize", "/oauth/v2/chnlink_1/authorize"],
    ["https://evil.example/oauth/v2/authorize", "/oauth/v2/authorize"],
  ])("an external test has a link of its own, at Stripe only: %s", async (authorizeUrl, path) => {
    const own = { ...oauth(stripe), client: { ...CLIENT, authorizeUrl } }
    const { url } = await authorization(own, REDIRECT, "s")
    expect(url.origin + url.pathname).toBe(`https://marketplace.stripe.com${path}`)
  })

  it("the token endpoint gets the app's secret key as user name, and nothing that it does not know", async () => {
    const { sent } = await asking(oauth(stripe), ok({}), "code")
    expect(sent?.url).toBe("https://api.stripe.com/v1/oauth/token")
    expect(sent?.headers.get("authorization")).toBe(`Basic ${btoa("secret_1:")}`)
    expect(Object.fromEntries(sent?.body ?? [])).toEqual({ grant_type: "authorization_code", code: "code_1" })
  })

  it("a token lives an hour and what renews it a year, although the answer does not say", async () => {
    const { result } = await asking(oauth(stripe), ok({ refresh_token: "rt_1", livemode: true }))
    if (result.kind !== "ok") throw new Error(result.reason)
    const cipher = { seal: async (plain: string) => `sealed:${plain}` }
    const ref = { org: "o", project: "p", source: "s" }
    expect(await sealTokens(cipher, ref, oauth(stripe), result.answer, 1_000)).toEqual({
      ...{ access: "sealed:access_1", refresh: "sealed:rt_1", client: "client_1", isOwnClient: false },
      ...{ expiresAt: 3_601_000, lifeMs: 3_600_000 },
      ...{ refreshExpiresAt: 31_536_001_000, refreshLifeMs: 31_536_000_000 },
    })
    expect(oauthOf(stripe)?.grantedMode?.(result.answer.body)).toBe("live")
  })
})

describe("as Shopify documents it", () => {
  const of = oauth(shopify, { shop: "example.myshopify.com", paymentsElsewhere: [] })

  it("the link is the shop's own, scopes with commas", async () => {
    const { url } = await authorization(of, REDIRECT, "state_1")
    expect(url.origin + url.pathname).toBe("https://example.myshopify.com/admin/oauth/authorize")
    expect(url.searchParams.get("scope")).toBe("read_customers,read_orders,read_draft_orders,read_products")
  })

  it("the token endpoint gets client and secret in the body, and is asked for a token that expires", async () => {
    const { sent } = await asking(of, ok({}), "code")
    expect(sent?.url).toBe("https://example.myshopify.com/admin/oauth/access_token")
    expect(sent?.headers.has("authorization")).toBe(false)
    expect(Object.fromEntries(sent?.body ?? [])).toMatchObject({
      ...{ client_id: "client_1", client_secret: "secret_1", code: "code_1", expiring: "1" },
    })
  })
})

describe("an answer of a token endpoint", () => {
  it.each([
    ["a token", () => ok({ expires_in: "3600" }), "ok"],
    ["invalid_grant", () => json(400, { error: "invalid_grant" }), "refused"],
    ["invalid_grant with a 401", () => json(401, { error: "invalid_grant" }), "refused"],
    ["invalid_grant with a 200, as some send it", () => json(200, { error: "invalid_grant" }), "refused"],
    ["a word that says nothing of the grant", () => json(400, { error: "invalid_request" }), "client"],
    ["our own client refused", () => json(401, { error: "invalid_client" }), "client"],
    ["our own key refused, as Stripe says it", () => json(401, { error: { type: "invalid_request_error" } }), "client"],
    ["an unknown app", () => json(400, { error: "application_cannot_be_found" }), "client"],
    ["invalid_grant on a page", () => new Response("invalid_grant", { status: 400 }), "later"],
    ["a gateway's own JSON", () => json(403, { message: "Forbidden" }), "later"],
    ["500", () => json(500, {}), "later"],
    ["503 with an error of the protocol", () => json(503, { error: "invalid_grant" }), "later"],
    ["429", () => json(429, { error: "slow_down" }), "later"],
    ["a firewall's page", () => new Response("<html>", { status: 403 }), "later"],
    ["a redirect", () => new Response(null, { status: 302, headers: { location: "https://evil.example" } }), "later"],
    ["no connection", () => new TypeError("connection refused"), "later"],
    ["half an answer", () => new Response('{"access_tok'), "lost"],
    ["a page with 200", () => new Response("<html>"), "lost"],
    ["a token that is none", () => json(200, { access_token: 7 }), "lost"],
    ["more than it may say", () => new Response(`{"access_token":"a"}${" ".repeat(70_000)}`), "lost"],
  ])("%s", async (_title, answer, kind) => {
    const { result } = await asking(oauth(stripe), answer())
    expect(result.kind).toBe(kind)
    expect(JSON.stringify({ ...result, answer: null })).not.toMatch(/secret_1|refresh_1/)
  })

  it.each([
    ["a token that was replaced", 401, "This request requires an active refresh_token", "refused"],
    ["anything else about the request", 400, "Unexpected parameter", "client"],
  ])("of Shopify's to a refresh is told in its own words: %s", async (_title, status, error_description, kind) => {
    const answer = json(status, { error: "invalid_request", error_description })
    expect((await asking(oauth(shopify, { shop: "example.myshopify.com" }), answer)).result.kind).toBe(kind)
  })

  it.each([
    ["a code that Shopify does not know", 400, "invalid_request", "refused"],
    ["a code that is used up", 401, "invalid_grant", "refused"],
    ["our own client refused", 401, "invalid_client", "client"],
  ])("to a code: %s", async (_title, status, error, kind) => {
    expect(
      (await asking(oauth(shopify, { shop: "example.myshopify.com" }), json(status, { error }), "code")).result.kind,
    ).toBe(kind)
  })

  it("that asks to wait is waited for", async () => {
    const slow = new Response("{}", { status: 429, headers: { "retry-after": "7" } })
    expect((await asking(oauth(stripe), slow)).result).toMatchObject({ kind: "later", retryAfterMs: 7_000 })
  })

  it.each<[string, unknown, number | null]>([
    ["as text", "3600", 3600],
    ["with a fraction", 3599.9, 3599],
    ["of a second", 1, 1],
    ["of a million years", 3.2e13, LIFE_MAX_S],
    ["of more than a number holds", "9".repeat(400), null],
    ["of nothing", 0, null],
    ["below nothing", -1, null],
    ["that is no number", "soon", null],
    ["as empty text", "", null],
    ["as a list", [], null],
  ])("with a life %s gives the token all the same: the rotated one must not get lost", async (_title, life, told) => {
    const given = ok({ refresh_token: "rt_1", expires_in: life, refresh_token_expires_in: life })
    expect((await asking(oauth(stripe), given)).result).toMatchObject({
      kind: "ok",
      answer: { refreshToken: "rt_1", expiresInS: told, refreshExpiresInS: told },
    })
  })
})
