/** Installs that begin at the partner, and what nobody wants any more. */
import { env } from "cloudflare:workers"
import { beforeEach, describe, expect, it } from "vitest"
import type { PublicSource } from "../../src/api/views.ts"
import { getConnector } from "../../src/connectors/index.ts"
import type { Bindings } from "../../src/env.ts"
import { watch } from "../../src/use-cases/watchdog.ts"
import { apiPorts, tokensOf } from "../../src/worker/platform.ts"
import { SHOPIFY_APP } from "../sandbox/shopify/oauth.ts"
import { call, json, problem, rows, simulateWorld, snapshot } from "../support/api.ts"
import { createBrowser, ORIGIN, type Page, titleOf } from "../support/browser.ts"
import { approve, signedWith, signingIn, toPartner } from "./signing-in.ts"

const world = simulateWorld()
const { draftOf, installShopify, installStripe } = signingIn(world)

beforeEach(() => world.faults.off())

describe("an install that begins at the partner", () => {
  const installCodeOf = (page: Page) => /<code class="code">(install_[a-z0-9]+)<\/code>/.exec(page.text)?.[1] ?? ""

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

  it("leaves to whoever makes the source what may be changed later, and not the shop", async () => {
    const chosen = { paymentsElsewhere: [], countTestPayments: true }
    const make = async (shop: string, config: object) => {
      const { page } = await installShopify(shop)
      const body = { connector: "shopify", installCode: installCodeOf(page), name: shop, sync: {}, config }
      return (await json<PublicSource>(call("POST", "/sources", { body }), 201)).config
    }
    expect(await make("choosing", { shop: "other.myshopify.com", ...chosen })).toEqual({
      ...{ shop: "choosing.myshopify.com", ...chosen },
    })
    expect(await make("silent", {})).toMatchObject({ paymentsElsewhere: null, countTestPayments: false })
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

  it("an install, after a day in which nobody used it", async () => {
    await installShopify("unwanted")
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
    await installShopify("stubborn")
    world.faults.on({ name: "server_error", account: "stubborn" })
    await tick(DAY_MS + 1_000)
    expect(await grantsOf("stubborn")).toHaveLength(1)
    world.faults.off()
    await tick(DAY_MS + 3_600_000 + 2_000)
    expect(isInstalled("stubborn")).toBe(false)
  })
})
