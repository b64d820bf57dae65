/** What the API says of money that would count otherwise than one might think, and how it is answered. */
import { env } from "cloudflare:workers"
import { describe, expect, it } from "vitest"
import type { PublicSource } from "../../src/api/views.ts"
import { placeOrder } from "../sandbox/shopify/actions.ts"
import { call, json, problem, rows, simulateWorld } from "../support/api.ts"

const world = simulateWorld()
const MUG = {
  ...{ product: null, title: "Mug", variant: null, sku: null, vendor: null },
  ...{ quantity: 1, total: 1_250 },
}
const STRIPE = [{ gateway: "stripe", from: "2026-03-01" }]

const codes = ({ notices }: PublicSource) => notices?.map(({ code }) => code)

/** Each test in a project of its own: what is said depends on the project's other sources. */
function inProject(project: string) {
  let accounts = 0
  const send = (method: string, path: string, body?: unknown, status = 200) =>
    json<PublicSource>(call(method, path, { ...(body !== undefined && { body }), project }), status)
  const start = (connector: string, apiKey: string, more: object = {}) =>
    send("POST", "/sources", { connector, credentials: { apiKey }, name: connector, sync: {}, ...more }, 201)
  const newShop = () => {
    const name = `${project}-${++accounts}`
    return { config: { shop: `${name}.myshopify.com` }, ...world.shopify.create({ name }) }
  }
  return {
    send,
    stripe: (mode: "live" | "test", more: object = {}) =>
      start("stripe", world.stripeKey(`${project}-${++accounts}`, mode), more),
    shop: () => {
      const { config, token } = newShop()
      return start("shopify", token, { config })
    },
    newShop,
    read: (id: string) => send("GET", `/sources/${id}`),
  }
}

describe("a source of test money", () => {
  it("says so when it is made, and whenever it is read", async () => {
    const { stripe, read } = inProject("test-money")
    const made = await stripe("test")
    expect(made.notices).toMatchObject([{ code: "test_money", message: expect.stringContaining("no Charge is sent") }])
    expect((await read(made.id)).notices).toEqual(made.notices)
  })

  it("says so as a draft is given its account, and as it is finished", async () => {
    const { send } = inProject("test-money-draft")
    const draft = await send("POST", "/sources", { connector: "stripe" }, 201)
    expect(draft.notices).toEqual([])
    const apiKey = world.stripeKey("test-money-draft")
    expect(codes(await send("PUT", `/sources/${draft.id}/credentials`, { apiKey }))).toEqual(["test_money"])
    const finished = await send("POST", `/sources/${draft.id}/finish`, { name: "Ours", sync: {} })
    expect(codes(finished)).toEqual(["test_money"])
  })

  it("is not looked for in lists", async () => {
    const { stripe } = inProject("test-money-list")
    await stripe("test")
    const { data } = await json<{ data: PublicSource[] }>(call("GET", "/sources", { project: "test-money-list" }))
    expect(data.map(({ notices }) => notices)).toEqual([null])
  })
})

describe("test payments that the user lets count", () => {
  const COUNT = { countTestPayments: true }

  it("are said as the source is made, and from the change of the setting on", async () => {
    const { stripe, send, read } = inProject("test-money-counts")
    const made = await stripe("test", { config: COUNT })
    expect([made.config, codes(made)]).toEqual([COUNT, ["test_payments_count"]])
    const patch = (config: object) => send("PATCH", `/sources/${made.id}`, { config })
    const off = await patch({ countTestPayments: false })
    expect([off.config, codes(off)]).toEqual([{ countTestPayments: false }, ["test_money"]])
    const on = await patch(COUNT)
    expect([on.config, on.notices]).toEqual([COUNT, made.notices])
    expect((await read(made.id)).notices).toEqual(made.notices)
  })

  it("are said of a draft, before and after it is finished", async () => {
    const { send } = inProject("test-money-counts-draft")
    const apiKey = world.stripeKey("test-money-counts-draft")
    const draft = await send("POST", "/sources", { connector: "stripe", credentials: { apiKey } }, 201)
    expect([draft.config, codes(draft)]).toEqual([{ countTestPayments: false }, ["test_money"]])
    expect(codes(await send("PATCH", `/sources/${draft.id}`, { config: COUNT }))).toEqual(["test_payments_count"])
    const finished = await send("POST", `/sources/${draft.id}/finish`, { name: "Ours", sync: {} })
    expect([finished.config, codes(finished)]).toEqual([COUNT, ["test_payments_count"]])
  })

  it("are not counted by a source that was stored before there was the setting, which can be changed there, too", async () => {
    const { stripe, send, read } = inProject("test-money-stored")
    const { id } = await stripe("test")
    await env.DB.prepare("update sources set config = '{}' where id = ?").bind(id).run()
    const stored = await read(id)
    expect([stored.config, codes(stored)]).toEqual([{ countTestPayments: false }, ["test_money"]])
    expect(codes(await send("PATCH", `/sources/${id}`, { name: "Renamed" }))).toEqual(["test_money"])
    const changed = await send("PATCH", `/sources/${id}`, { config: COUNT })
    expect([changed.config, codes(changed)]).toEqual([COUNT, ["test_payments_count"]])
  })

  it("may count twice, where a development shop and a test account report them", async () => {
    const { stripe, send, newShop } = inProject("test-money-twice")
    const { config, token, shop } = newShop()
    shop.options.isDevelopment = true
    const wish = { connector: "shopify", name: "Shop", sync: {}, credentials: { apiKey: token } }
    const first = await send("POST", "/sources", { ...wish, config: { ...config, ...COUNT } }, 201)
    expect(codes(first)).toEqual(["test_payments_count"])
    expect(codes(await stripe("test"))).toEqual(["test_money"])
    expect(codes(await stripe("test", { config: COUNT }))).toEqual(["test_payments_count", "payments_twice"])
  })
})

describe("two sources that could report the same payments", () => {
  it("make the second ask as it is made, then both, until it is answered; the answer may be changed later", async () => {
    const { send, stripe, shop, read } = inProject("twice")
    const first = await stripe("live")
    expect(first.notices).toEqual([])
    const second = await shop()
    expect(codes(second)).toEqual(["payments_twice"])
    expect(second.notices?.[0]?.message).toContain(first.id)
    expect(codes(await read(first.id))).toEqual(["payments_twice"])

    const patch = (paymentsElsewhere: unknown) =>
      send("PATCH", `/sources/${second.id}`, { config: { paymentsElsewhere } })
    const left = await patch(STRIPE)
    expect(left.config).toEqual({ ...(second.config as object), paymentsElsewhere: STRIPE })
    expect(left.notices).toMatchObject([
      { code: "payments_elsewhere", remedy: expect.stringContaining("what was sent stays sent") },
    ])
    expect((await read(first.id)).notices).toEqual([])
    expect(codes(await patch([]))).toEqual([])
  })

  it("make the second ask where the shop came first, before a draft is connected too", async () => {
    const { send, shop, stripe } = inProject("twice-shop-first")
    const first = await shop()
    const draft = await send("POST", "/sources", { connector: "stripe" }, 201)
    const second = await stripe("live")
    for (const { notices } of [draft, second])
      expect(notices).toMatchObject([{ code: "payments_twice", remedy: expect.stringContaining(first.id) }])
  })

  it("do not if one is a draft, of test money or another project's", async () => {
    const [{ send, stripe, shop }, other] = [inProject("twice-not"), inProject("twice-other")]
    await other.stripe("live")
    await stripe("test")
    await send("POST", "/sources", { connector: "stripe", credentials: { apiKey: world.stripeKey("d", "live") } }, 201)
    expect((await shop()).notices).toEqual([])
  })
})

describe("a source's configuration", () => {
  it("changes where its connector lets it, also of a draft", async () => {
    const { send, newShop } = inProject("config-draft")
    const draft = await send("POST", "/sources", { connector: "shopify", config: newShop().config }, 201)
    const { config } = await send("PATCH", `/sources/${draft.id}`, { config: { paymentsElsewhere: STRIPE } })
    expect(config).toEqual({ ...(draft.config as object), paymentsElsewhere: STRIPE })
  })

  it.each<[string, object, string]>([
    ["the account", { shop: "other.myshopify.com" }, "config.shop"],
    ["what nobody knows", { colour: "red" }, "config.colour"],
    ["to no truth value", { countTestPayments: "yes" }, "config.countTestPayments"],
    ["to what is not valid", { paymentsElsewhere: [{ gateway: "" }] }, "config.paymentsElsewhere[0].gateway"],
  ])("does not change %s", async (what, config, field) => {
    const { shop, read } = inProject(`config-${what.replaceAll(" ", "-")}`)
    const source = await shop()
    const project = `config-${what.replaceAll(" ", "-")}`
    const refused = await problem(call("PATCH", `/sources/${source.id}`, { body: { config }, project }))
    expect(refused.errors?.map((error) => error.field)).toContain(field)
    expect((await read(source.id)).config).toEqual(source.config)
    expect(
      (await rows<{ action: string; project: string }>("audit")).filter((one) => one.project === project),
    ).toHaveLength(1)
  })
})

describe("the payment gateways of a source", () => {
  const gateways = (id: string, project: string) => call("GET", `/sources/${id}/gateways`, { project })

  it("are those of the shop's latest orders, told of a draft and of the source that it becomes", async () => {
    const { send, newShop } = inProject("gateways")
    const { config, token, shop } = newShop()
    for (const credit of [undefined, { gateway: "gift_card", amount: 500 }])
      placeOrder(shop, { lines: [MUG], payment: "paid", ...(credit && { credit }) })
    const body = { connector: "shopify", config, credentials: { apiKey: token } }
    const { id } = await send("POST", "/sources", body, 201)
    const named = { gateways: ["shopify_payments", "gift_card"] }
    expect(await json(gateways(id, "gateways"))).toEqual(named)
    await send("POST", `/sources/${id}/finish`, { name: "Ours", sync: {} })
    expect(await json(gateways(id, "gateways"))).toEqual(named)
  })

  it("cannot be asked for where nothing is connected yet, or the partner names none", async () => {
    const { send, newShop } = inProject("gateways-none")
    const ofShop = await send("POST", "/sources", { connector: "shopify", config: newShop().config }, 201)
    const ofStripe = await send("POST", "/sources", { connector: "stripe" }, 201)
    expect((await problem(gateways(ofShop.id, "gateways-none"))).code).toBe("draft_incomplete")
    expect((await problem(gateways(ofStripe.id, "gateways-none"))).code).toBe("no_gateways")
  })

  it("are refused as the partner refuses", async () => {
    const { send, newShop } = inProject("gateways-refused")
    const { config, token } = newShop()
    const { id } = await send("POST", "/sources", { connector: "shopify", config, credentials: { apiKey: token } }, 201)
    world.shopify.revokeToken(token)
    expect(await problem(gateways(id, "gateways-refused"))).toMatchObject({ code: "credentials_rejected" })
  })
})
