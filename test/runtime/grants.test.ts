/** Grants whose access tokens run out while a first sync is under way: renewed once, whatever the token endpoint does meanwhile. */
import { describe, expect, test } from "vitest"
import type { PublicSource } from "../../src/api/views.ts"
import type { FaultName } from "../sandbox/faults.ts"
import { SHOPIFY_APP } from "../sandbox/shopify/oauth.ts"
import { call, json } from "../support/api.ts"
import { createBrowser, ticketOf } from "../support/browser.ts"
import { advance, HOUR, MINUTE, now } from "./kit/clock.ts"
import { look, settled, sync, until } from "./kit/drive.ts"
import { openShop, type ShopSource, shopSource } from "./kit/shopify.ts"
import { ask, calls, expectEqual, openDestination, opened, view } from "./kit/source.ts"
import { openWorld } from "./kit/world.ts"

/** An access token is good for an hour and renewed a quarter of an hour before. */
const NEARLY = 50 * MINUTE
const OVER = HOUR + MINUTE
const RENEWED_AFTER = 45 * MINUTE
const TOKENS = "/admin/oauth/access_token"
/** The code, the account and some pages: others are left. */
const BEGUN = 5

const world = openWorld()

const tokens = ({ project }: ShopSource) =>
  world.counters.log.filter(({ account, path }) => account === project && path === TOKENS)
const refusals = ({ project }: ShopSource) =>
  world.counters.log.filter(({ account, status, path }) => account === project && status === 401 && path !== TOKENS)

describe("an access token", () => {
  test.each([
    ["is renewed before it runs out", NEARLY, 0],
    // Each of the two lanes may meet it.
    ["that ran out unnoticed is renewed when it is refused", OVER, 2],
  ])("%s", async (title, passed, refused) => {
    const source = await signIn(title.split(" ").slice(0, 4).join("-"), () => advance(passed))
    await settled(world, source)
    expectEqual(world, source)
    expectNoNeedlessRenewal(source)
    expect(refusals(source).length).toBeLessThanOrEqual(refused)
    await sync(world, source)
    expectEqual(world, source)
  })
})

describe("while the token endpoint answers with", () => {
  test.each<FaultName>([
    "rate_limit",
    "server_error",
    "hang",
    "truncated_body",
    "reset",
    "reset_body",
    "redirect",
    "unauthorized",
  ])("%s, the source waits and goes on by itself", async (name) => {
    const project = name.replaceAll("_", "-")
    const source = await signIn(project, () => {
      world.faults.on({ name, account: project, path: TOKENS, times: 2 })
      advance(NEARLY + MINUTE)
    })
    await settled(world, source)
    expect(world.faults.active()).toEqual([])
    expectEqual(world, source)
    expect((await look(source)).state.error).toBeNull()
    expectNoNeedlessRenewal(source)
  })
})

test.each(["an app that is taken off the shop", "a grant that is refused"])(
  "%s needs its user; signing in again goes on where it stopped",
  async (what) => {
    const project = what.replaceAll(" ", "-")
    const source = await signIn(project, () => {
      if (what.startsWith("an app")) world.shopify.oauth.grants.uninstall(SHOPIFY_APP.id, project)
      else world.faults.on({ name: "revoked_key", account: project, path: TOKENS, times: 1 })
      advance(OVER)
    })
    await until(world, source, ({ state }) => state.error !== null)
    expect(await view(source)).toMatchObject({ status: "error", error: { code: "reconnect" } })
    const before = calls(world, source)
    const { authorizeUrl } = await json<{ authorizeUrl: string }>(ask(source, "POST", "/authorize"))
    await approve(authorizeUrl)
    await settled(world, source)
    expectEqual(world, source)
    expect(calls(world, source)).toBeGreaterThan(before)
    expect((await view(source)).status).toBe("connected")
  },
)

/** Renewed at all, and no oftener than the time that has passed makes necessary. */
function expectNoNeedlessRenewal(source: ShopSource): void {
  // The first was got with the code.
  const renewed = tokens(source).filter(({ fault }) => fault === null).length - 1
  expect(renewed).toBeGreaterThan(0)
  expect(renewed).toBeLessThanOrEqual(Math.floor((now() - source.connectedAt) / RENEWED_AFTER))
}

/** Within the last sixty days: Shopify shows no others to an app without a scope of its own. */
const HISTORY = { customers: 30, orders: 110, days: 55, seed: 3 }

/** `midway` happens right after one of the first pages, however fast the rest is read. */
async function signIn(name: string, midway: () => void): Promise<ShopSource> {
  const prepare: Parameters<typeof openShop>[1]["prepare"] = ({ between }) => between(BEGUN, midway)
  const { shop } = openShop(world, { name, history: HISTORY, prepare })
  await openDestination(world, name)
  const wish = { connector: "shopify", config: { shop: `${name}.myshopify.com` }, name, sync: {} }
  const draft = await json<PublicSource>(call("POST", "/sources", { project: name, body: wish }), 201)
  await approve(draft.draft?.authorizeUrl ?? "")
  const made = await json<PublicSource>(call("GET", `/sources/${draft.id}`, { project: name }))
  return shopSource(world, shop, { ...opened(made, name), credentials: {} })
}

/** From our page to the shop's, where the app is approved, and back. */
async function approve(url: string): Promise<void> {
  const browser = createBrowser(world)
  const consent = await browser.post(url, { ticket: ticketOf(await browser.get(url)) })
  const done = await browser.post(consent.url, { decision: "approve" })
  expect(done.status).toBe(200)
}
