import { beforeEach, describe, expect, it } from "vitest"
import type { PublicSource } from "../../src/api/views.ts"
import { SHOPIFY_APP } from "../sandbox/shopify/oauth.ts"
import { call, json, rows, simulateWorld, snapshot } from "../support/api.ts"
import { createBrowser, ORIGIN, ticketOf, titleOf } from "../support/browser.ts"
import { approve, show, signedWith, signingIn, toPartner } from "./signing-in.ts"

const world = simulateWorld()
const { draftOf, comingBack } = signingIn(world)

beforeEach(() => world.faults.off())

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
