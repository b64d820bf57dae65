/** What a person does in the browser to connect a partner, at the simulated ones. */
import { expect } from "vitest"
import type { PublicSource } from "../../src/api/views.ts"
import type { Sandbox } from "../sandbox/sandbox.ts"
import { SHOPIFY_APP } from "../sandbox/shopify/oauth.ts"
import { call, json } from "../support/api.ts"
import { type Browser, createBrowser, ORIGIN, type Page, ticketOf } from "../support/browser.ts"

export interface Draft {
  id: string
  url: string
  account: string
}

export interface SigningIn {
  draftOf(connector: "stripe" | "shopify", more?: Record<string, unknown>): Promise<Draft>
  comingBack(draft: Draft, decision?: string): Promise<{ browser: Browser; url: string }>
  installShopify(name: string): Promise<{ browser: Browser; page: Page }>
  installStripe(name: string): Promise<{ browser: Browser; page: Page }>
}

export function signingIn(world: Sandbox): SigningIn {
  let made = 0
  return { draftOf, comingBack, installShopify, installStripe }

  /** A draft of an account of its own, and the page that starts its OAuth flow. */
  async function draftOf(connector: "stripe" | "shopify", more: Record<string, unknown> = {}): Promise<Draft> {
    made += 1
    const account = `flow${made}`
    if (connector === "stripe") world.stripe.create({ name: account })
    else world.shopify.create({ name: account })
    const config = connector === "shopify" ? { config: { shop: `${account}.myshopify.com` } } : {}
    const source = await json<PublicSource>(call("POST", "/sources", { body: { connector, ...config, ...more } }), 201)
    return { id: source.id, url: source.draft?.authorizeUrl ?? "", account }
  }

  /** Up to the address that the partner sends the browser back to. */
  async function comingBack(draft: Draft, decision = "approve"): Promise<{ browser: Browser; url: string }> {
    let stop = true
    const browser = createBrowser(world, (url) => stop && url.includes("/callback"))
    const page = await toPartner(browser, draft.url)
    const { url } = await browser.post(page.url, { decision, account: `${draft.account}/test` })
    stop = false
    return { browser, url }
  }

  async function installShopify(name: string): Promise<{ browser: Browser; page: Page }> {
    world.shopify.create({ name })
    const browser = createBrowser(world)
    const query = await world.shopify.oauth.opening(`${name}.myshopify.com`, SHOPIFY_APP)
    const consent = await browser.get(`${ORIGIN}/oauth/shopify/install?${new URLSearchParams(query)}`)
    return { browser, page: await browser.post(consent.url, { decision: "approve" }) }
  }

  async function installStripe(name: string): Promise<{ browser: Browser; page: Page }> {
    world.stripe.create({ name })
    const browser = createBrowser(world)
    const url = `${ORIGIN}/oauth/stripe/install`
    const consent = await browser.post(url, { ticket: ticketOf(await browser.get(url)) })
    return { browser, page: await approve(browser, consent, name) }
  }
}

/** From our page to the partner's consent page. */
export async function toPartner(browser: Browser, url: string): Promise<Page> {
  const page = await browser.get(url)
  expect(page.status).toBe(200)
  return browser.post(url, { ticket: ticketOf(page) })
}

export const approve = (browser: Browser, page: Page, account: string) =>
  browser.post(page.url, { decision: "approve", account: `${account}/test` })

export const show = (id: string) => json<PublicSource>(call("GET", `/sources/${id}`))

/** What Shopify would sign. */
export async function signedWith(query: Record<string, string>): Promise<Record<string, string>> {
  const { hmac: _hmac, ...bare } = query
  const bytes = (text: string) => new TextEncoder().encode(text)
  const key = await crypto.subtle.importKey(
    "raw",
    bytes(SHOPIFY_APP.secret),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  )
  const message = Object.entries(bare)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join("&")
  const digest = new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes(message)))
  return { ...bare, hmac: [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("") }
}
