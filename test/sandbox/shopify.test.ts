/** The simulated Shopify behaves as its documentation has it. */
import { describe, expect, test } from "vitest"
import type { JsonValue } from "../../src/connectors/kit/item.ts"
import { at } from "../../src/connectors/kit/values.ts"
import { createSandbox, type Sandbox } from "./sandbox.ts"
import { addCustomer, changeCustomer, leaveCheckout, placeOrder, refund } from "./shopify/actions.ts"
import { addLine, raiseLine } from "./shopify/edits.ts"
import type { NewLine } from "./shopify/model.ts"
import { evolve, seedShop } from "./shopify/people.ts"
import { asOf, type Shop } from "./shopify/shop.ts"
import type { StoredRow } from "./store.ts"

const NOW = Date.UTC(2026, 5, 1)
const DAY = 86_400_000
const LINE: NewLine = {
  product: null,
  title: "Mug",
  variant: null,
  sku: null,
  vendor: null,
  quantity: 1,
  total: 1_234,
}

interface Answer {
  status: number
  /** What stands at a dotted path of the body. */
  at(path: string): JsonValue | undefined
}

interface World {
  sandbox: Sandbox
  shop: Shop
  token: string
  ask(query: string, variables?: Record<string, unknown>, token?: string): Promise<Answer>
}

function world(options: Parameters<Sandbox["shopify"]["create"]>[0]["options"] = {}): World {
  const sandbox = createSandbox({ clock: () => NOW, sleep: async () => undefined })
  const { shop, token } = sandbox.shopify.create({ name: "example", options })
  return {
    sandbox,
    shop,
    token,
    async ask(query, variables = {}, given = token) {
      const response = await sandbox.handle(
        new Request("https://example.myshopify.com/admin/api/2026-07/graphql.json", {
          method: "POST",
          headers: { "x-shopify-access-token": given, "content-type": "application/json" },
          body: JSON.stringify({ query, variables }),
        }),
      )
      const body = (await response.json()) as JsonValue
      return { status: response.status, at: (path) => at(body, path) }
    },
  }
}

const ids = "nodes { id updatedAt } pageInfo { hasNextPage endCursor }"

describe("a list", () => {
  test("is paged by cursors that keep their place whatever is added above", async () => {
    const { shop, ask } = world()
    for (let n = 0; n < 5; n++) asOf(shop, NOW - n * 1000, () => addCustomer(shop, { email: `${n}@example.com` }))
    const query = `query($after: String) { customers(first: 2, after: $after, sortKey: UPDATED_AT, reverse: true) { ${ids} } }`
    const first = await ask(query)
    const [moved] = [...shop.tables.customer.byId.keys()].slice(-1)
    if (moved) changeCustomer(shop, moved, { city: "Berlin" })
    const endCursor = String(first.at("data.customers.pageInfo.endCursor"))
    const second = await ask(query, { after: endCursor })
    const seen = [first, second].flatMap((page) => [0, 1].map((n) => page.at(`data.customers.nodes.${n}.id`)))
    expect(new Set(seen).size).toBe(4)
    expect(seen).not.toContain(`gid://shopify/Customer/${moved}`)
    expect(JSON.parse(atob(endCursor))).toEqual({
      last_id: expect.any(Number),
      last_value: expect.any(String),
    })
  })

  test("refuses a cursor of another order of rows", async () => {
    const { shop, ask } = world()
    for (let n = 0; n < 3; n++) addCustomer(shop, {})
    const endCursor = (await ask(`{ customers(first: 1, sortKey: ID) { ${ids} } }`)).at(
      "data.customers.pageInfo.endCursor",
    )
    const refused = await ask(`{ customers(first: 1, sortKey: UPDATED_AT, after: "${endCursor}") { ${ids} } }`)
    expect(refused.at("errors.0.message")).toContain("Invalid cursor")
  })

  test("gives at most 250 rows and needs to know how many", async () => {
    const { ask } = world()
    expect((await ask("{ customers { nodes { id } } }")).at("errors.0.message")).toContain("first or last")
    expect((await ask("{ customers(first: 251) { nodes { id } } }")).at("errors.0.message")).toContain("250")
  })

  test("is searched to the fraction of a second, of which only the second is shown", async () => {
    const { shop, ask } = world()
    asOf(shop, NOW - 60_000 + 500, () => addCustomer(shop, {}))
    const second = new Date(NOW - 60_000).toISOString().replace(".000Z", "Z")
    const found = async (query: string) =>
      (await ask(`query($q: String) { customers(first: 5, query: $q) { ${ids} } }`, { q: query })).at(
        "data.customers.nodes",
      )
    expect(await found(`updated_at:>'${second}'`)).toMatchObject([{ updatedAt: second }])
    expect(await found(`updated_at:<='${second}'`)).toEqual([])
    expect(await found(`updated_at:>='${second}' updated_at:<'${new Date(NOW - 59_000).toISOString()}'`)).toHaveLength(
      1,
    )
    // Without quotes only the date counts.
    expect(await found("updated_at:>=2026-05-31T23:59:59Z")).toHaveLength(1)
  })
})

describe("an order", () => {
  test("carries amounts in the shop's currency and the customer's", async () => {
    const { shop, ask } = world()
    placeOrder(shop, { lines: [LINE], payment: "paid", presentment: "JPY" })
    const answer = await ask(
      "{ orders(first: 1) { nodes { totalPriceSet { shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } } } } }",
    )
    expect(answer.at("data.orders.nodes.0.totalPriceSet")).toEqual({
      shopMoney: { amount: "12.34", currencyCode: "USD" },
      presentmentMoney: { amount: "1851.0", currencyCode: "JPY" },
    })
  })

  test("shows a line after its own discounts, and every discount of it", async () => {
    const { shop, ask } = world()
    const allocations = [
      { of: "line" as const, amount: 100 },
      { of: "cart" as const, amount: 177 },
      { of: "code" as const, amount: 590 },
    ]
    placeOrder(shop, { lines: [{ ...LINE, total: 5_900, allocations }], payment: "paid" })
    const bag = "{ shopMoney { amount } }"
    const line = `originalTotalSet ${bag} discountedTotalSet ${bag} withCodes: discountedTotalSet(withCodeDiscounts: true) ${bag} discountAllocations { allocatedAmountSet ${bag} }`
    const answer = await ask(`{ orders(first: 1) { nodes { lineItems(first: 1) { nodes { ${line} } } } } }`)
    const amount = (path: string) => answer.at(`data.orders.nodes.0.lineItems.nodes.0.${path}.shopMoney.amount`)
    expect([amount("originalTotalSet"), amount("discountedTotalSet"), amount("withCodes")]).toEqual([
      "59.0",
      "58.0",
      "52.1",
    ])
    expect([0, 1, 2].map((n) => amount(`discountAllocations.${n}.allocatedAmountSet`))).toEqual(["1.0", "1.77", "5.9"])
  })

  test("says by its agreements what was sold when, and of what kind", async () => {
    const { sandbox, shop, ask } = world()
    const tip = { ...LINE, kind: "tip" as const, total: 300 }
    const row = placeOrder(shop, { lines: [LINE, tip], payment: "paid" })
    sandbox.clock.advance(60_000)
    addLine(shop, row.id, { ...LINE, title: "Bowl" })
    raiseLine(shop, row.id, row.lines[0]?.id ?? 0, 1)
    const sales = "sales(first: 9) { nodes { lineType actionType quantity ... on ProductSale { lineItem { title } } } }"
    const answer = await ask(
      `{ orders(first: 1) { nodes { edited totalTipReceivedSet { shopMoney { amount } } agreements(first: 9) { nodes { reason ${sales} } } } } }`,
    )
    const order = answer.at("data.orders.nodes.0") as {
      edited: boolean
      agreements: { nodes: { reason: string; sales: unknown }[] }
    }
    expect([order.edited, answer.at("data.orders.nodes.0.totalTipReceivedSet.shopMoney.amount")]).toEqual([true, "3.0"])
    const sold = (title: string, quantity: number) => ({
      ...{ lineType: "PRODUCT", actionType: "ORDER", quantity },
      lineItem: { title },
    })
    expect(order.agreements.nodes).toEqual([
      { reason: "ORDER", sales: { nodes: [sold("Mug", 1), { lineType: "TIP", actionType: "ORDER", quantity: 1 }] } },
      { reason: "ORDER_EDIT", sales: { nodes: [sold("Bowl", 1)] } },
      { reason: "ORDER_EDIT", sales: { nodes: [sold("Mug", 1)] } },
    ])
  })

  test("changes with every refund of it", async () => {
    const { sandbox, shop, ask } = world()
    const row = asOf(shop, NOW - DAY, () => placeOrder(shop, { lines: [LINE], payment: "paid" }))
    expect(refund(shop, row.id, 2_000)).toBeNull()
    refund(shop, row.id, 234)
    const answer = await ask(
      "{ orders(first: 1) { nodes { updatedAt displayFinancialStatus refunds(first: 2) { totalRefundedSet { shopMoney { amount } } } transactions(first: 5) { kind status } } } }",
    )
    expect(answer.at("data.orders.nodes.0")).toEqual({
      updatedAt: new Date(sandbox.clock.now()).toISOString().replace(".000Z", "Z"),
      displayFinancialStatus: "PARTIALLY_REFUNDED",
      refunds: [{ totalRefundedSet: { shopMoney: { amount: "2.34" } } }],
      transactions: [
        { kind: "SALE", status: "SUCCESS" },
        { kind: "REFUND", status: "SUCCESS" },
      ],
    })
  })

  test("of more than sixty days ago is hidden from an app without read_all_orders", async () => {
    const { sandbox, shop, ask } = world()
    for (const days of [59, 61])
      asOf(shop, NOW - days * DAY, () => placeOrder(shop, { lines: [LINE], payment: "paid" }))
    const { token } = sandbox.shopify.addToken({ shop: "example", scopes: ["read_orders"] })
    const found = async (given?: string) =>
      (await ask("{ orders(first: 9) { nodes { id } } }", {}, given)).at("data.orders.nodes")
    expect(await found()).toHaveLength(2)
    expect(await found(token)).toHaveLength(1)
  })
})

test("a checkout is listed ten minutes after the buyer's last step", async () => {
  const { sandbox, shop, ask } = world()
  leaveCheckout(shop, { customer: null, lines: [LINE], idle: 60_000 })
  const found = async () =>
    (await ask("{ abandonedCheckouts(first: 9) { nodes { id } } }")).at("data.abandonedCheckouts.nodes")
  expect(await found()).toHaveLength(0)
  sandbox.clock.advance(11 * 60_000)
  expect(await found()).toHaveLength(1)
})

describe("points", () => {
  test("are reserved as asked for and given back as not used", async () => {
    const { shop, ask } = world()
    addCustomer(shop, {})
    const cost = (await ask("{ customers(first: 100) { nodes { id amountSpent { amount } } } }")).at("extensions.cost")
    expect(cost).toEqual({
      requestedQueryCost: 11,
      actualQueryCost: 3,
      throttleStatus: { maximumAvailable: 2000, currentlyAvailable: 1997, restoreRate: 100 },
    })
  })

  test("that are used up throttle with status 200, and come back in time", async () => {
    const { sandbox, shop, ask } = world({ bucket: { maximum: 20, rate: 5 } })
    for (let n = 0; n < 250; n++) addCustomer(shop, {})
    const query = "{ customers(first: 250) { nodes { id } } }"
    expect((await ask(query)).at("data.customers.nodes")).toHaveLength(250)
    const refused = await ask(query)
    expect(refused.status).toBe(200)
    expect(refused.at("errors.0.extensions.code")).toBe("THROTTLED")
    expect(refused.at("extensions.cost")).toMatchObject({ requestedQueryCost: 13, actualQueryCost: null })
    sandbox.clock.advance(5_000)
    expect((await ask(query)).at("errors")).toBeUndefined()
  })

  test("bound a single query", async () => {
    const { ask } = world({ charging: "inFull" })
    const answer = await ask("{ orders(first: 100) { nodes { lineItems(first: 100) { nodes { id } } } } }")
    expect(answer.at("errors.0.extensions")).toMatchObject({ code: "MAX_COST_EXCEEDED", maxCost: 1000 })
  })
})

describe("access", () => {
  test("needs the shop's own token", async () => {
    const { sandbox, ask, token } = world()
    sandbox.shopify.create({ name: "other" })
    const [, other] = [...sandbox.shopify.tokens.keys()]
    expect((await ask("{ shop { name } }", {}, "shpat_x")).status).toBe(401)
    expect((await ask("{ shop { name } }", {}, other)).status).toBe(401)
    sandbox.shopify.revokeToken(token)
    expect((await ask("{ shop { name } }")).status).toBe(401)
  })

  test("to a list without its scope is an error that takes the whole answer with it", async () => {
    const { sandbox, ask } = world()
    const { token } = sandbox.shopify.addToken({ shop: "example", scopes: ["read_customers"] })
    const answer = await ask("{ customers(first: 1) { nodes { id } } orders(first: 1) { nodes { id } } }", {}, token)
    expect(answer.at("data")).toBeNull()
    expect(answer.at("errors")).toMatchObject([{ path: ["orders"], extensions: { code: "ACCESS_DENIED" } }])
  })

  test("to personal fields without approval is an error for each, and null", async () => {
    const { sandbox, shop, ask } = world()
    addCustomer(shop, { firstName: "Ada", email: "ada@example.com" })
    const { token } = sandbox.shopify.addToken({ shop: "example", protectedLevel: 1 })
    const query = "{ customers(first: 1) { nodes { firstName defaultEmailAddress { emailAddress } tags } } }"
    const answer = await ask(query, {}, token)
    expect(answer.at("data.customers.nodes")).toEqual([{ firstName: null, defaultEmailAddress: null, tags: [] }])
    expect(answer.at("errors")).toMatchObject([
      { path: ["customers", "nodes", 0, "firstName"] },
      { path: ["customers", "nodes", 0, "defaultEmailAddress"] },
    ])
  })

  test("to fields that do not exist is refused before anything is read", async () => {
    const { ask } = world()
    const answer = await ask("{ orders(first: 1) { nodes { secrets } } }")
    expect([answer.at("data"), answer.at("errors.0.extensions.code")]).toEqual([undefined, "undefinedField"])
  })
})

describe("a history", () => {
  test("is the same for the same seed, and holds all that a shop meets", () => {
    const make = () => {
      const { shop } = world()
      seedShop(shop, { customers: 60, orders: 500, days: 300 })
      evolve(shop, 150)
      return shop
    }
    const [one, other] = [make(), make()]
    expect(one.facts).toEqual(other.facts)
    const orders = [...one.tables.order.byId.values()]
    const has = (test: (order: (typeof orders)[number]) => boolean) => orders.filter(test).length
    expect({
      guests: has(({ customer }) => customer === null) > 20,
      large: has(({ lines }) => lines.length > 50) > 0,
      cancelled: has(({ cancelled }) => cancelled !== null) > 3,
      refundedTwice: has(({ refunds }) => refunds.length > 1) > 0,
      foreign: has(({ presentment }) => presentment !== "USD") > 20,
      edited: has(({ isEdited }) => isEdited) > 5,
      tipped: has(({ lines }) => lines.some(({ kind }) => kind === "tip")) > 0,
      discounted: has(({ lines }) => lines.some(({ allocations }) => allocations.some(({ of }) => of === "cart"))) > 5,
      pending: has(({ transactions }) => transactions.some(({ status }) => status === "PENDING")) > 0,
      imported: has(({ processed, created }) => processed < created) > 0,
      recovered: [...one.tables.checkout.byId.values()].some(({ completed }) => completed !== null),
      drafts: one.tables.draft.byId.size > 5,
    }).toEqual({
      guests: true,
      large: true,
      cancelled: true,
      refundedTwice: true,
      foreign: true,
      edited: true,
      tipped: true,
      discounted: true,
      pending: true,
      imported: true,
      recovered: true,
      drafts: true,
    })
  })

  test("survives a restart, and goes on as it would have", () => {
    const rows = new Map<string, StoredRow>()
    const store = {
      write: (written: readonly StoredRow[]) => {
        for (const row of written) rows.set(`${row.table} ${row.id}`, row)
      },
    }
    const before = createSandbox({ clock: () => NOW, store })
    const { shop, token } = before.shopify.create({ name: "example" })
    seedShop(shop, { customers: 10, orders: 40, days: 60 })
    before.flush()
    const after = createSandbox({ clock: () => NOW })
    after.restore(rows.values())
    const restored = after.shopify.shop("example")
    expect(restored.facts).toEqual(shop.facts)
    expect([...restored.tables.order.byId.values()].sort((a, b) => a.id - b.id)).toEqual(
      [...shop.tables.order.byId.values()].sort((a, b) => a.id - b.id),
    )
    expect(after.shopify.tokens.get(token)?.shop).toBe("example")
    expect(restored.tasks.length).toBe(shop.tasks.length)
    expect(evolve(restored, 20)).toEqual(evolve(shop, 20))
    expect(restored.facts).toEqual(shop.facts)
  })
})
