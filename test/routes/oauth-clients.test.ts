import { beforeEach, describe, expect, it } from "vitest"
import type { PublicSource } from "../../src/api/views.ts"
import { STRIPE_APP } from "../sandbox/stripe/oauth.ts"
import { call, json, problem, simulateWorld, snapshot } from "../support/api.ts"
import { createBrowser, titleOf } from "../support/browser.ts"
import { approve, toPartner } from "./signing-in.ts"

const world = simulateWorld()

beforeEach(() => world.faults.off())

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

  it("says whom to ask where the partner does not accept it", async () => {
    world.stripe.oauth.apps.set("ca_own", { ...STRIPE_APP, id: "ca_own", secret: "s_own" })
    const wrong = { clientId: "ca_own", clientSecret: "of another app" }
    await json(call("PUT", "/settings", { body: { oauthClients: { stripe: wrong } }, project: "wrong" }))
    world.stripe.create({ name: "wrong" })
    const body = { connector: "stripe" }
    const source = await json<PublicSource>(call("POST", "/sources", { body, project: "wrong" }), 201)
    const browser = createBrowser(world)
    const page = await approve(browser, await toPartner(browser, source.draft?.authorizeUrl ?? ""), "wrong")
    expect([page.status, titleOf(page)]).toEqual([502, "Stripe does not accept this app"])
    expect(page.text).toContain("to correct its id and secret")
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
