/** Every fault of a partner, as it strikes at Shopify. One that is added to the sandbox does not compile until it is placed here. */
import { describe, expect, test } from "vitest"
import type { JsonValue } from "../../src/connectors/kit/item.ts"
import { at, rows } from "../../src/connectors/kit/values.ts"
import type { FAULTS, FaultName, FaultRequest } from "./faults.ts"
import { createSandbox } from "./sandbox.ts"
import { addCustomer, changeCustomer, changeDraft, enterDraft } from "./shopify/actions.ts"
import { INACTIVE_REFRESH_TOKEN } from "./shopify/oauth.ts"
import { asOf } from "./shopify/shop.ts"

const NOW = Date.UTC(2026, 5, 1)
const SECOND = 1_000
const API = "https://example.myshopify.com/admin/api/2026-07/graphql.json"
const TOKENS = "https://example.myshopify.com/admin/oauth/access_token"
const LIST =
  "query($after: String) { customers(first: 2, after: $after, sortKey: UPDATED_AT) { nodes { id } pageInfo { hasNextPage endCursor } } }"

type PartnerFault = {
  [Name in FaultName]: (typeof FAULTS)[Name]["side"] extends "destination" ? never : Name
}[FaultName]

interface Answered {
  status: number
  headers: Headers
  text: string
  /** What stands at a dotted path of the body. */
  at(path: string): JsonValue | undefined
}

function world(fault?: FaultRequest) {
  const sandbox = createSandbox({ clock: () => NOW, sleep: async () => undefined })
  const { shop, token } = sandbox.shopify.create({ name: "example" })
  for (let n = 0; n < 4; n++) asOf(shop, NOW - n * 10 * SECOND, () => addCustomer(shop, { email: `${n}@example.com` }))
  if (fault) sandbox.faults.on({ account: "example", ...fault })
  const send = async (url: string, body: unknown): Promise<Answered> => {
    const headers = { "x-shopify-access-token": token, "content-type": "application/json" }
    const response = await sandbox.handle(new Request(url, { method: "POST", headers, body: JSON.stringify(body) }))
    const { status } = response
    const text = await response.text()
    return { status, headers: response.headers, text, at: (path) => at(JSON.parse(text) as JsonValue, path) }
  }
  return {
    ...{ sandbox, shop },
    ask: (query: string, variables: Record<string, unknown> = {}) => send(API, { query, variables }),
    post: send,
  }
}

const first = (fault: FaultRequest) => world(fault).ask(LIST)
const cursor = async ({ ask }: ReturnType<typeof world>) => (await ask(LIST)).at("data.customers.pageInfo.endCursor")

const STRIKES: Record<PartnerFault, () => Promise<void>> = {
  async rate_limit() {
    const answer = await first({ name: "rate_limit", options: { seconds: 3 } })
    expect([answer.status, answer.at("errors.0.extensions.code")]).toEqual([200, "THROTTLED"])
    expect(answer.at("extensions.cost")).toMatchObject({
      requestedQueryCost: 300,
      actualQueryCost: null,
      throttleStatus: { currentlyAvailable: 0, restoreRate: 100 },
    })
  },
  async rate_limit_bare() {
    const { status, headers } = await first({ name: "rate_limit_bare" })
    expect([status, headers.has("retry-after")]).toEqual([429, false])
  },
  async server_error() {
    const outside = await first({ name: "server_error" })
    expect([outside.status, outside.headers.get("content-type")]).toEqual([503, "text/html"])
    const inside = await first({ name: "server_error", options: { status: 200 } })
    expect([inside.status, inside.at("errors.0.extensions.code")]).toEqual([200, "INTERNAL_SERVER_ERROR"])
  },
  async hang() {
    expect((await first({ name: "hang" })).status).toBe(504)
  },
  async slow() {
    expect((await first({ name: "slow" })).at("data.customers.nodes")).toHaveLength(2)
  },
  async truncated_body() {
    const { status, text } = await first({ name: "truncated_body" })
    expect(status).toBe(200)
    expect(() => JSON.parse(text)).toThrow()
  },
  async not_json() {
    const { status, text } = await first({ name: "not_json" })
    expect([status, text.startsWith("<html>")]).toEqual([200, true])
  },
  async reset() {
    await expect(first({ name: "reset" })).rejects.toThrow("connection reset")
  },
  async reset_body() {
    await expect(first({ name: "reset_body" })).rejects.toThrow("connection reset")
  },
  async huge_body() {
    expect((await first({ name: "huge_body", options: { megabytes: 3 } })).text.length).toBeGreaterThan(3_000_000)
  },
  async redirect() {
    const { status, headers } = await first({ name: "redirect" })
    expect([status, headers.get("location")]).toEqual([302, expect.stringContaining("elsewhere")])
  },
  async date_ahead() {
    const { headers } = await first({ name: "date_ahead" })
    expect(Date.parse(headers.get("date") ?? "")).toBe(NOW + 1_800 * SECOND)
  },
  async date_behind() {
    const { headers } = await first({ name: "date_behind", options: { seconds: 7 } })
    expect(Date.parse(headers.get("date") ?? "")).toBe(NOW - 7 * SECOND)
  },
  async date_frozen() {
    const { headers } = await first({ name: "date_frozen" })
    expect(Date.parse(headers.get("date") ?? "")).toBe(NOW)
  },
  async unauthorized() {
    const { status, at } = await first({ name: "unauthorized" })
    expect([status, at("errors")]).toEqual([401, expect.stringContaining("Invalid API key or access token")])
  },
  async revoked_key() {
    expect((await first({ name: "revoked_key" })).status).toBe(401)
  },
  async forbidden() {
    expect((await first({ name: "forbidden" })).status).toBe(403)
    const { ask } = world({ name: "forbidden", path: "orders" })
    expect((await ask(LIST)).at("errors")).toBeUndefined()
    const denied = await ask("{ customers(first: 1) { nodes { id } } orders(first: 1) { nodes { id } } }")
    expect([denied.status, denied.at("data")]).toEqual([200, null])
    expect(denied.at("errors")).toMatchObject([{ path: ["orders"], extensions: { code: "ACCESS_DENIED" } }])
  },
  async expired_token() {
    const shop = world({ name: "expired_token", times: 1 })
    const after = await cursor(shop)
    const refused = await shop.ask(LIST, { after })
    expect([refused.status, refused.at("data")]).toEqual([200, null])
    expect(refused.at("errors")).toMatchObject([
      { message: "Invalid cursor for current pagination sort.", path: ["customers"] },
    ])
    expect((await shop.ask(LIST, { after })).at("data.customers.nodes")).toHaveLength(2)
  },
  async repeated_token() {
    const shop = world({ name: "repeated_token" })
    const one = await shop.ask(LIST)
    const other = await shop.ask(LIST, { after: one.at("data.customers.pageInfo.endCursor") })
    expect(other.at("data")).toEqual(one.at("data"))
    expect(other.at("data.customers.pageInfo.hasNextPage")).toBe(true)
  },
  // A cursor holds the row and its place: nothing of its second is lost.
  async lost_second() {
    const shop = world({ name: "lost_second" })
    expect((await shop.ask(LIST, { after: await cursor(shop) })).at("data.customers.nodes")).toHaveLength(2)
  },
  slow_visibility: () => findsLate("slow_visibility"),
  late_rows: () => findsLate("late_rows"),
  async equal_timestamps() {
    const { sandbox, shop } = world({ name: "equal_timestamps", options: { seconds: 60 } })
    sandbox.clock.advance(59 * SECOND)
    const rows = [0, 1, 2].map(() => {
      sandbox.clock.advance(20 * SECOND)
      return addCustomer(shop, {}).updated
    })
    expect(new Set(rows).size).toBe(1)
  },
}

async function findsLate(name: FaultName): Promise<void> {
  const { sandbox, shop, ask } = world({ name, options: { seconds: 30 } })
  addCustomer(shop, {})
  const found = async () => (await ask("{ customers(first: 9) { nodes { id } } }")).at("data.customers.nodes")
  expect(await found()).toHaveLength(4)
  sandbox.clock.advance(30 * SECOND)
  expect(await found()).toHaveLength(5)
}

test("a change that searches do not know yet leaves the row where it was, whatever the order of rows", async () => {
  const { sandbox, shop, ask } = world({ name: "slow_visibility", options: { seconds: 30 } })
  const [oldest = 0] = [...shop.tables.customer.byId.keys()].reverse()
  const place = async (sortKey: string, query = "") => {
    const answer = await ask(`{ customers(first: 9, sortKey: ${sortKey}, query: "${query}") { nodes { id } } }`)
    return rows(answer.at("data") ?? null, "customers.nodes").findIndex(
      (row) => at(row, "id") === `gid://shopify/Customer/${oldest}`,
    )
  }
  sandbox.clock.advance(SECOND)
  const changed = `updated_at:>='${new Date(NOW + SECOND).toISOString()}'`
  changeCustomer(shop, oldest, { city: "Berlin" })
  expect([await place("CREATED_AT"), await place("UPDATED_AT"), await place("ID", changed)]).toEqual([0, 0, -1])
  sandbox.clock.advance(30 * SECOND)
  expect([await place("CREATED_AT"), await place("UPDATED_AT"), await place("ID", changed)]).toEqual([0, 3, 0])
})

test("a draft whose change searches do not know yet is shown whole as it was, with the total of its time", async () => {
  const { sandbox, shop, ask } = world({ name: "slow_visibility", options: { seconds: 30 } })
  const { id } = enterDraft(shop, { customer: null, email: "ada@example.com", total: 1_000, quantity: 1 })
  sandbox.clock.advance(60 * SECOND)
  changeDraft(shop, id, { total: 2_500, quantity: 2 })
  const shown = async () => {
    const fields = "createdAt updatedAt totalQuantityOfLineItems"
    const answer = await ask(`{ draftOrders(first: 1, sortKey: ID, reverse: true) { nodes { ${fields} } } }`)
    const draft = answer.at("data.draftOrders.nodes.0") ?? null
    return [at(draft, "updatedAt") === at(draft, "createdAt"), at(draft, "totalQuantityOfLineItems")]
  }
  expect(await shown()).toEqual([true, 1])
  sandbox.clock.advance(30 * SECOND)
  expect(await shown()).toEqual([false, 2])
})

test.each(Object.entries(STRIKES))("%s", (_name, strikes) => strikes())

test("a cursor is known wherever the document has it", async () => {
  const shop = world({ name: "expired_token" })
  const written = `{ customers(first: 2, after: "${await cursor(shop)}", sortKey: UPDATED_AT) { nodes { id } } }`
  expect((await shop.ask(written)).at("errors.0.message")).toContain("Invalid cursor")
})

describe("the token endpoint", () => {
  test.each<[FaultName, number, unknown]>([
    ["rate_limit", 429, undefined],
    ["rate_limit_bare", 429, undefined],
    ["server_error", 503, undefined],
    ["not_json", 200, undefined],
    ["unauthorized", 401, { error: "invalid_client" }],
    ["revoked_key", 401, INACTIVE_REFRESH_TOKEN],
  ])("%s", async (name, status, body) => {
    const { post } = world({ name })
    const answer = await post(TOKENS, {})
    expect(answer.status).toBe(status)
    if (body) expect(JSON.parse(answer.text)).toEqual(body)
    else expect(answer.headers.get("content-type")).toBe("text/html")
  })
})

test.each([
  ["https://nobody.myshopify.com/admin/api/2026-07/graphql.json"],
  ["https://nobody.myshopify.com/admin/oauth/access_token"],
])("there is no shop under an address that nobody has: %s", async (url) => {
  const answer = await world().post(url, {})
  expect([answer.status, answer.at("errors")]).toEqual([404, "Not Found"])
})
