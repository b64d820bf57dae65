import { env } from "cloudflare:workers"
import { beforeEach, describe, expect, it } from "vitest"
import type { PublicSource } from "../../src/api/views.ts"
import { getConnector } from "../../src/connectors/index.ts"
import type { Bindings } from "../../src/env.ts"
import { watch } from "../../src/use-cases/watchdog.ts"
import { apiPorts, tokensOf } from "../../src/worker/platform.ts"
import { SHOPIFY_APP } from "../sandbox/shopify/oauth.ts"
import { call, json, problem, rows, simulateWorld, snapshot } from "../support/api.ts"
import { type Browser, createBrowser, ORIGIN, type Page, ticketOf, titleOf } from "../support/browser.ts"

const world = simulateWorld()
let made = 0

beforeEach(() => world.faults.off())

interface Draft {
  id: string
  url: string
  account: string
}

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

/** From our page to the partner's consent page. */
async function toPartner(browser: Browser, url: string): Promise<Page> {
  const page = await browser.get(url)
  expect(page.status).toBe(200)
  return browser.post(url, { ticket: ticketOf(page) })
}

const approve = (browser: Browser, page: Page, account: string) =>
  browser.post(page.url, { decision: "approve", account: `${account}/test` })

/** Up to the address that the partner sends the browser back to. */
async function comingBack(draft: Draft, decision = "approve"): Promise<{ browser: Browser; url: string }> {
  let stop = true
  const browser = createBrowser(world, (url) => stop && url.includes("/callback"))
  const page = await toPartner(browser, draft.url)
  const { url } = await browser.post(page.url, { decision, account: `${draft.account}/test` })
  stop = false
  return { browser, url }
}

const show = (id: string) => json<PublicSource>(call("GET", `/sources/${id}`))

describe.each(["stripe", "shopify"] as const)("connecting %s by signing in", (connector) => {
  it("goes from our page to the partner's and back, and leaves a draft that lacks nothing but name and sync", async () => {
    const draft = await draftOf(connector)
    const browser = createBrowser(world)
    const done = await approve(browser, await toPartner(browser, draft.url), draft.account)
    expect(titleOf(done)).toMatch(/is connected$/)
    expect(await show(draft.id)).toMatchObject({
      status: "draft",
      draft: { missing: ["name", "sync"] },
      account: { mode: connector === "stripe" ? "test" : expect.any(String) },
    })
    expect(browser.cookies.size).toBe(0)
    const finish = { name: "Named", sync: {} }
    const source = await json<PublicSource>(call("POST", `/sources/${draft.id}/finish`, { body: finish }))
    expect(source.live).not.toBeNull()
    expect(["connected", "syncing"]).toContain(source.status)
  })

  it("asks the partner with what it granted, as a draft and as a source", async () => {
    if (connector !== "shopify") return
    const draft = await draftOf(connector)
    const browser = createBrowser(world)
    await approve(browser, await toPartner(browser, draft.url), draft.account)
    const gateways = () => json(call("GET", `/sources/${draft.id}/gateways`))
    expect(await gateways()).toEqual({ gateways: [] })
    await json(call("POST", `/sources/${draft.id}/finish`, { body: { name: "Named", sync: {} } }))
    expect(await gateways()).toEqual({ gateways: [] })
  })

  it("starts at once where nothing else was missing, and D1 forgets the tokens", async () => {
    const draft = await draftOf(connector, { name: "Whole", sync: { intervalHours: 6 } })
    const browser = createBrowser(world)
    await approve(browser, await toPartner(browser, draft.url), draft.account)
    const source = await show(draft.id)
    expect(source).toMatchObject({ draft: null, name: "Whole" })
    const grants = (await rows<{ source: string; tokens: string | null }>("grants")).filter(
      (one) => one.source === draft.id,
    )
    expect(grants).toEqual([expect.objectContaining({ tokens: null })])
  })

  it("never shows or stores state, code, cookie or token as it is", async () => {
    const draft = await draftOf(connector)
    const { browser, url } = await comingBack(draft)
    const secrets = [
      ...browser.cookies.values(),
      ...["state", "code"].map((name) => new URL(url).searchParams.get(name)),
    ]
    const done = await browser.get(url)
    const kept = await snapshot()
    for (const secret of secrets) {
      expect(done.text).not.toContain(secret)
      expect(kept).not.toContain(secret)
    }
    expect(kept).not.toMatch(/shpua_|shprt_|rt_1|"rk_test/)
  })

  it("works once: the same address again says that it was used", async () => {
    const { browser, url } = await comingBack(await draftOf(connector))
    expect(titleOf(await browser.get(url))).toMatch(/is connected$/)
    const again = await browser.get(url)
    expect([again.status, titleOf(again)]).toEqual([409, "This was used already"])
  })

  it("ends only in the browser in which it began, and is not spoilt by another one", async () => {
    const { browser, url } = await comingBack(await draftOf(connector))
    const foreign = await createBrowser(world).get(url)
    expect([foreign.status, titleOf(foreign)]).toEqual([403, "This began in another browser"])
    expect(titleOf(await browser.get(url))).toMatch(/is connected$/)
  })

  it("knows no state that it did not give out", async () => {
    const { browser, url } = await comingBack(await draftOf(connector))
    const tampered = new URL(url)
    tampered.searchParams.set("state", `${tampered.searchParams.get("state")}x`)
    const page = await browser.get(tampered.href)
    expect([page.status, titleOf(page)]).toEqual([400, "We do not know this attempt"])
  })

  it.each([
    ["a page of HTML", { name: "not_json" as const }, 502],
    ["a 500", { name: "server_error" as const, options: { status: 500 } }, 502],
    ["a connection that breaks", { name: "reset" as const }, 502],
  ])("says so when the token endpoint answers with %s, and offers another try", async (_what, fault, status) => {
    const draft = await draftOf(connector)
    const { browser, url } = await comingBack(draft)
    const path = connector === "stripe" ? "/v1/oauth/token" : "/admin/oauth/access_token"
    world.faults.on({ ...fault, path })
    const page = await browser.get(url)
    expect([page.status, titleOf(page)]).toEqual([status, expect.stringMatching(/did not answer as expected$/)])
    world.faults.off()
    const retry = /href="([^"]*\/start\?[^"]*)"/.exec(page.text)?.[1]?.replaceAll("&amp;", "&") ?? ""
    const done = await approve(browser, await toPartner(browser, retry), draft.account)
    expect(titleOf(done)).toMatch(/is connected$/)
  })

  it("says so when the user declines", async () => {
    const { browser, url } = await comingBack(await draftOf(connector), "deny")
    const page = await browser.get(url)
    expect([page.status, titleOf(page)]).toEqual([403, "You said no, so nothing was connected"])
    expect(page.text).toContain("Try again")
  })

  it("says so when the source was deleted meanwhile, and gives the grant back", async () => {
    const draft = await draftOf(connector)
    const { browser, url } = await comingBack(draft)
    await call("DELETE", `/sources/${draft.id}`)
    const page = await browser.get(url)
    expect([page.status, titleOf(page)]).toEqual([410, "The source is gone"])
    const grants = await rows<{ source: string; expires_at: number | null }>("grants")
    expect(grants.find((one) => one.source === draft.id)?.expires_at).toBeLessThanOrEqual(Date.now())
  })

  it("refuses an account that another source of the project reads", async () => {
    const first = await draftOf(connector, { name: "First", sync: {} })
    const browser = createBrowser(world)
    await approve(browser, await toPartner(browser, first.url), first.account)
    const config = connector === "shopify" ? { config: { shop: `${first.account}.myshopify.com` } } : {}
    const second = await json<PublicSource>(call("POST", "/sources", { body: { connector, ...config } }), 201)
    const url = second.draft?.authorizeUrl ?? ""
    // Shopify's draft names its shop: nobody is sent there, since a new grant would end the first source's.
    const page =
      connector === "shopify"
        ? await browser.get(url)
        : await approve(browser, await toPartner(browser, url), first.account)
    expect([page.status, titleOf(page)]).toEqual([409, "This account is connected already"])
    expect(page.text).toContain("First")
  })

  it("reconnects a source, and only with its own account", async () => {
    const draft = await draftOf(connector, { name: "Ours", sync: {} })
    const browser = createBrowser(world)
    await approve(browser, await toPartner(browser, draft.url), draft.account)
    const link = await json<{ authorizeUrl: string }>(call("POST", `/sources/${draft.id}/authorize`))
    const again = await approve(browser, await toPartner(browser, link.authorizeUrl), draft.account)
    expect(titleOf(again)).toMatch(/is connected$/)
    const grants = (await rows<{ source: string }>("grants")).filter((one) => one.source === draft.id)
    expect(grants).toHaveLength(1)
    if (connector === "shopify") return
    const other = await draftOf("stripe")
    const more = await json<{ authorizeUrl: string }>(call("POST", `/sources/${draft.id}/authorize`))
    const wrong = await approve(browser, await toPartner(browser, more.authorizeUrl), other.account)
    expect([wrong.status, titleOf(wrong)]).toEqual([409, "This is another account"])
    expect((await show(draft.id)).status).not.toBe("error")
  })
})

describe("a page", () => {
  it("holds to a strict policy, and lets its form lead to the partner alone", async () => {
    const page = await createBrowser(world).get((await draftOf("stripe")).url)
    const policy = page.headers.get("content-security-policy") ?? ""
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("form-action 'self' https://marketplace.stripe.com")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(page.headers.get("cache-control")).toBe("no-store")
    expect(page.headers.get("referrer-policy")).toBe("no-referrer")
    expect(page.text).toMatch(/^<!doctype html><html lang="en">/)
    expect(page.text).not.toMatch(/<script|style="/)
  })

  it("shows what others wrote as text", async () => {
    const draft = await draftOf("stripe", { name: '<img src=x onerror="alert(1)">' })
    const page = await createBrowser(world).get(draft.url)
    expect(page.text).toContain("&lt;img")
    expect(page.text).not.toContain("<img")
  })

  it("reflects nothing of the query", async () => {
    const page = await createBrowser(world).get(`${ORIGIN}/oauth/stripe/callback?state=<b>x&error=<script>&code=%22%3E`)
    expect(page.text).not.toMatch(/<b>|<script|&lt;b&gt;/)
  })

  it("is not begun from another site", async () => {
    const { url } = await draftOf("stripe")
    const browser = createBrowser(world)
    const ticket = ticketOf(await browser.get(url))
    for (const headers of [{ "sec-fetch-site": "cross-site" }, { origin: "https://evil.example" }, {}]) {
      const page = await browser.post(url, { ticket }, headers)
      expect([page.status, titleOf(page)]).toEqual([403, "This did not come from our page"])
    }
    expect((await browser.post(url, { ticket }, { origin: ORIGIN })).url).toContain("marketplace.stripe.com")
  })

  it.each([
    ["/oauth/nobody/start", 404],
    ["/oauth/stripe/start", 400],
    ["/oauth/stripe/start?ticket=v1.k2.AAAA.AAAA", 400],
    ["/oauth/stripe/callback", 400],
    ["/oauth/stripe/callback?state=a&state=b", 400],
    ["/oauth/shopify/callback?code=x", 400],
    ["/oauth/shopify/install", 400],
    ["/oauth/shopify/install?ticket=x", 400],
  ])("%s says what is wrong", async (path, status) => {
    const page = await createBrowser(world).get(ORIGIN + path)
    expect(page.status).toBe(status)
    expect(page.headers.get("content-type")).toContain("text/html")
    expect(titleOf(page)).not.toBe("")
  })
})

describe("Shopify's signature", () => {
  it.each(["hmac", "code", "shop", "timestamp"])("is needed on the way back: a changed %s is refused", async (name) => {
    const { browser, url } = await comingBack(await draftOf("shopify"))
    const changed = new URL(url)
    const value = changed.searchParams.get(name) ?? ""
    changed.searchParams.set(
      name,
      name === "shop" ? `x${value}` : value.replace(/.$/, (last) => (last === "0" ? "1" : "0")),
    )
    const page = await browser.get(changed.href)
    expect([page.status, titleOf(page)]).toEqual([400, "This was changed on the way"])
  })

  it("is of no use for another shop than the one begun with", async () => {
    const [mine, other] = [await draftOf("shopify"), await draftOf("shopify")]
    const { browser, url } = await comingBack(mine)
    const foreign = new URL((await comingBack(other)).url)
    foreign.searchParams.set("state", "")
    const query = await world.shopify.oauth.opening(`${other.account}.myshopify.com`, SHOPIFY_APP)
    const state = new URL(url).searchParams.get("state") ?? ""
    const signed = await signedWith({ ...query, code: "ac_x", state })
    const page = await browser.get(`${ORIGIN}/oauth/shopify/callback?${new URLSearchParams(signed)}`)
    expect([page.status, titleOf(page)]).toEqual([409, "This is another account"])
  })

  it("says which scopes are missing", async () => {
    const draft = await draftOf("shopify")
    const [app] = world.shopify.oauth.apps.values()
    Object.assign(app ?? {}, { grants: ["read_customers", "write_orders", "read_products"] })
    const { browser, url } = await comingBack(draft)
    Object.assign(app ?? {}, { grants: null })
    const page = await browser.get(url)
    expect([page.status, titleOf(page)]).toEqual([403, "Some access is missing"])
    expect(page.text).toContain("Missing: read_draft_orders.")
  })
})

describe("an install that begins at the partner", () => {
  const installCodeOf = (page: Page) => /<code class="code">(install_[a-z0-9]+)<\/code>/.exec(page.text)?.[1] ?? ""

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

  it.each([
    ["shopify", installShopify],
    ["stripe", installStripe],
  ])("of %s waits for a code, which makes a source, once", async (connector, install) => {
    const { page } = await install(`${connector}claimed`)
    expect(titleOf(page)).toMatch(/granted access$/)
    const installCode = installCodeOf(page)
    expect(await snapshot()).not.toContain(installCode)
    const body = { connector, installCode, name: "Installed", sync: {} }
    const source = await json<PublicSource>(call("POST", "/sources", { body }), 201)
    expect(source).toMatchObject({ draft: null, account: { id: expect.any(String) } })
    expect(source.live).not.toBeNull()
    const again = await problem(call("POST", "/sources", { body }))
    expect(again.code).toBe("install_code_invalid")
  })

  it("can be used by one of two at the same time", async () => {
    const { page } = await installShopify("raced")
    const body = { connector: "shopify", installCode: installCodeOf(page), name: "Mine", sync: {} }
    const ask = (project: string) => call("POST", "/sources", { body, project })
    const statuses = (await Promise.all([ask("p1"), ask("p2"), ask("p3")])).map(({ status }) => status)
    expect(statuses.filter((status) => status === 201)).toHaveLength(1)
  })

  it("is refused with a forged or an old signature", async () => {
    world.shopify.create({ name: "forged" })
    const good = await world.shopify.oauth.opening("forged.myshopify.com", SHOPIFY_APP)
    const old = await signedWith({
      shop: "forged.myshopify.com",
      timestamp: String(Math.floor(Date.now() / 1000) - 120),
    })
    for (const query of [{ ...good, hmac: "0".repeat(64) }, { ...good, extra: "1" }, old]) {
      const page = await createBrowser(world).get(`${ORIGIN}/oauth/shopify/install?${new URLSearchParams(query)}`)
      expect([page.status, titleOf(page)]).toEqual([400, "We cannot tell that Shopify sent you"])
    }
  })

  it.each([
    "evil.com/.myshopify.com",
    "127.0.0.1",
    "example.myshopify.com:8443",
    "user:pass@example.myshopify.com",
    "example.myshopify.com.evil.com",
    "example.myshopify.com/admin",
    "EXAMPLE.myshopify.com",
  ])("sends nobody to %s, whoever signed it", async (shop) => {
    const query = await signedWith({ shop, timestamp: String(Math.floor(Date.now() / 1000)) })
    const page = await createBrowser(world).get(`${ORIGIN}/oauth/shopify/install?${new URLSearchParams(query)}`)
    expect([page.status, titleOf(page)]).toEqual([400, "We cannot tell that Shopify sent you"])
    const body = { connector: "shopify", config: { shop } }
    const answer = await call("POST", "/sources", { body })
    // Only the case is ours to mend.
    expect(answer.status).toBe(shop.startsWith("EXAMPLE") ? 201 : 422)
  })

  it("leaves a shop alone that is connected already", async () => {
    const { page } = await installShopify("opened")
    await json(
      call("POST", "/sources", {
        body: { connector: "shopify", installCode: installCodeOf(page), name: "O", sync: {} },
      }),
      201,
    )
    const query = await world.shopify.oauth.opening("opened.myshopify.com", SHOPIFY_APP)
    const opened = await createBrowser(world).get(`${ORIGIN}/oauth/shopify/install?${new URLSearchParams(query)}`)
    expect([opened.status, titleOf(opened)]).toEqual([200, "opened.myshopify.com is connected already"])
  })
})

describe("what nobody wants any more is given back to the partner", () => {
  const DAY_MS = 24 * 60 * 60_000
  /** The watchdog's tick, so much later. */
  const tick = (laterMs: number) => {
    const bindings = env as unknown as Bindings
    const clock = { ...apiPorts(bindings).clock, now: () => Date.now() + laterMs }
    return watch({ ...apiPorts(bindings), clock, tokens: tokensOf(bindings, getConnector) }, clock.now())
  }
  const isInstalled = (shop: string) => world.shopify.oauth.grants.isInstalled(SHOPIFY_APP.id, shop)
  const grantsOf = async (shop: string) =>
    (await rows<{ account_id: string }>("grants")).filter((one) => one.account_id === `${shop}.myshopify.com`)

  async function installed(name: string): Promise<void> {
    world.shopify.create({ name })
    const browser = createBrowser(world)
    const query = await world.shopify.oauth.opening(`${name}.myshopify.com`, SHOPIFY_APP)
    const consent = await browser.get(`${ORIGIN}/oauth/shopify/install?${new URLSearchParams(query)}`)
    await browser.post(consent.url, { decision: "approve" })
  }

  it("an install, after a day in which nobody used it", async () => {
    await installed("unwanted")
    await tick(DAY_MS - 60_000)
    expect(isInstalled("unwanted")).toBe(true)
    await tick(DAY_MS + 1_000)
    expect(isInstalled("unwanted")).toBe(false)
    expect(await grantsOf("unwanted")).toEqual([])
  })

  it("a draft's grant, when the draft expires", async () => {
    const draft = await draftOf("shopify")
    const browser = createBrowser(world)
    await approve(browser, await toPartner(browser, draft.url), draft.account)
    expect(isInstalled(draft.account)).toBe(true)
    // What other tests have left is due too, and each tick gives back so many.
    for (let minute = 0; minute < 5; minute++) await tick(8 * DAY_MS + minute * 60_000)
    expect(isInstalled(draft.account)).toBe(false)
    expect(await grantsOf(draft.account)).toEqual([])
  })

  it("a source's, with the last source that reads the account, and not before", async () => {
    const [first, second] = ["last1", "last2"]
    world.shopify.create({ name: "shared" })
    const made = await Promise.all(
      [first, second].map(async (project) => {
        const body = { connector: "shopify", config: { shop: "shared.myshopify.com" }, name: project, sync: {} }
        const source = await json<PublicSource>(call("POST", "/sources", { body, project }), 201)
        const browser = createBrowser(world)
        await approve(browser, await toPartner(browser, source.draft?.authorizeUrl ?? ""), "shared")
        return { project, id: source.id }
      }),
    )
    for (const [index, { project, id }] of made.entries()) {
      expect((await call("DELETE", `/sources/${id}`, { project })).status).toBe(204)
      expect(isInstalled("shared")).toBe(index === 0)
    }
    expect(await grantsOf("shared")).toEqual([])
  })

  it("is tried again where the partner does not answer", async () => {
    await installed("stubborn")
    world.faults.on({ name: "server_error", account: "stubborn" })
    await tick(DAY_MS + 1_000)
    expect(await grantsOf("stubborn")).toHaveLength(1)
    world.faults.off()
    await tick(DAY_MS + 3_600_000 + 2_000)
    expect(isInstalled("stubborn")).toBe(false)
  })
})

describe("a project's own OAuth client", () => {
  it("is write-only, used for new connections, and given up again", async () => {
    const set = { oauthClients: { stripe: { clientId: "ca_own", clientSecret: "sk_test_own_secret" } } }
    const settings = await json<{ oauthClients: unknown[] }>(call("PUT", "/settings", { body: set, project: "own" }))
    expect(settings.oauthClients).toContainEqual(
      expect.objectContaining({ connector: "stripe", client: "project", clientId: "ca_own" }),
    )
    expect(await (await call("GET", "/settings", { project: "own" })).text()).not.toContain("own_secret")
    expect(await snapshot()).not.toContain("own_secret")
    const source = await json<PublicSource>(
      call("POST", "/sources", { body: { connector: "stripe" }, project: "own" }),
      201,
    )
    const browser = createBrowser(world, (url) => url.includes("marketplace"))
    const { url } = await toPartner(browser, source.draft?.authorizeUrl ?? "")
    expect(new URL(url).searchParams.get("client_id")).toBe("ca_own")
    await json(call("PUT", "/settings", { body: { oauthClients: { stripe: null } }, project: "own" }))
    expect(await json(call("GET", "/settings", { project: "own" }))).toMatchObject({
      oauthClients: expect.arrayContaining([expect.objectContaining({ connector: "stripe", client: "deployment" })]),
    })
  })

  it("stays when another admin changes another partner's in the same moment", async () => {
    const clients = {
      stripe: { clientId: "ca_1", clientSecret: "s1" },
      shopify: { clientId: "app_2", clientSecret: "s2" },
    }
    const set = (oauthClients: object) => json(call("PUT", "/settings", { body: { oauthClients }, project: "both" }))
    await Promise.all([set({ stripe: clients.stripe }), set({ shopify: clients.shopify })])
    const { oauthClients } = await json<{ oauthClients: { clientId: string | null }[] }>(
      call("GET", "/settings", { project: "both" }),
    )
    expect(oauthClients.map(({ clientId }) => clientId).sort()).toEqual(["app_2", "ca_1"])
  })

  it("is refused for what is no connector", async () => {
    const body = { oauthClients: { nobody: { clientId: "a", clientSecret: "b" } } }
    expect((await problem(call("PUT", "/settings", { body }))).code).toBe("unknown_connector")
  })
})

/** What Shopify would sign. */
async function signedWith(query: Record<string, string>): Promise<Record<string, string>> {
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
