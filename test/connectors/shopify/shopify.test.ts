import { createHmac } from "node:crypto"
import { describe, expect, test } from "vitest"
import type { Credential, PartnerFailure } from "../../../src/connectors/kit/define.ts"
import { HISTORY_LIMIT } from "../../../src/connectors/shopify/scopes.ts"
import { type HmacSha256, isFreshInstall, type Query, verifyInstallHmac } from "../../../src/connectors/shopify/shop.ts"
import { shopify } from "../../../src/connectors/shopify.ts"
import { answer, CONFIG, T } from "./objects.ts"

const TOKEN: Credential = { kind: "accessToken", value: "shpat_x" }
const key = shopify.auth.find((way) => way.kind === "apiKey")
const oauth = shopify.auth.find((way) => way.kind === "oauth2")

describe("the shop's address", () => {
  const parse = (shop: string) => shopify.config.safeParse({ shop })

  test.each(["example.myshopify.com", " Example.MyShopify.com ", "my-shop-2.myshopify.com", "1.myshopify.com"])(
    "%j is taken, in lower case",
    (shop) => {
      expect(parse(shop).data?.shop).toBe(shop.trim().toLowerCase())
    },
  )

  test.each([
    "",
    "example",
    "example.com",
    "evil.com/.myshopify.com",
    "evil.com?.myshopify.com",
    "evil.com#.myshopify.com",
    "user:pass@evil.myshopify.com",
    "example.myshopify.com:8443",
    "example.myshopify.com.evil.com",
    "https://example.myshopify.com",
    "a.b.myshopify.com",
    "-example.myshopify.com",
    ".myshopify.com",
    "127.0.0.1",
    "[::1]",
    "exämple.myshopify.com",
    "example.myshopify.com\n.evil.com",
    `${"a".repeat(64)}.myshopify.com`,
  ])("%j is refused", (shop) => {
    expect(parse(shop).success).toBe(false)
  })

  test("is where everything is asked, the app's install too", () => {
    expect(shopify.baseUrl(CONFIG)).toBe("https://example.myshopify.com")
    expect(oauth?.authorizeUrl(CONFIG)).toBe("https://example.myshopify.com/admin/oauth/authorize")
    expect(oauth?.tokenUrl(CONFIG)).toBe("https://example.myshopify.com/admin/oauth/access_token")
  })

  test("payments are counted unless the user says that another source does", () => {
    expect(parse("example.myshopify.com").data?.paymentsElsewhere).toBeNull()
    const elsewhere = (gateway: string, from: string) =>
      shopify.config.safeParse({ shop: "example.myshopify.com", paymentsElsewhere: [{ gateway, from }] })
    expect(elsewhere(" PayPal ", "2026-03-01").data?.paymentsElsewhere).toEqual([
      { gateway: "paypal", from: "2026-03-01" },
    ])
    expect([elsewhere("", "2026-03-01"), elsewhere("paypal", "yesterday")].map(({ success }) => success)).toEqual([
      false,
      false,
    ])
  })
})

describe("a token", () => {
  const schema = key?.schema

  test("of a custom app is taken, without the space around it", () => {
    expect(schema?.parse(" shpat_0123456789abcdef0123456789abcdef\n")).toBe("shpat_0123456789abcdef0123456789abcdef")
    expect(key?.headers("shpat_x")).toEqual({ "X-Shopify-Access-Token": "shpat_x" })
  })

  test.each([
    ["shpss_0123456789abcdef0123456789abcdef", "app's secret"],
    ["shpca_0123456789abcdef0123456789abcdef", "older kind"],
    ["0123456789abcdef0123456789abcdef", "storefront token"],
    ["shpat_", "begins with shpat_"],
    ["sk_live_51AbCdEf", "begins with shpat_"],
  ])("%j is refused, and the message names the way out", (token, message) => {
    const said = schema?.safeParse(token).error?.issues[0]?.message ?? ""
    expect(said).toContain(message)
    expect(said).toContain("shpat_")
  })

  test("of an installed app expires and is asked for with the least scopes", () => {
    expect(oauth).toMatchObject({ refresh: "rotating", tokenParams: { expiring: "1" } })
    expect(oauth?.scopes).toEqual(["read_customers", "read_orders", "read_draft_orders", "read_products"])
  })
})

describe("an install", () => {
  const hmac: HmacSha256 = async (secret, message) => createHmac("sha256", secret).update(message).digest()
  const query = {
    shop: "some-shop.myshopify.com",
    code: "a94a110d86d2452eb3e2af4cfb8a3828",
    timestamp: "1337178173",
    hmac: "2cb1a277650a659f1b11e92a4a64275b128e037f2c3390e3c8fd2d8721dac9e2",
  }
  const signed = (changes: Query): Promise<boolean> => verifyInstallHmac({ ...query, ...changes }, ["hush"], hmac)

  test("is taken with Shopify's signature, also with the former secret's", async () => {
    expect(await verifyInstallHmac(query, ["hush"], hmac)).toBe(true)
    expect(await verifyInstallHmac(query, ["new", "hush"], hmac)).toBe(true)
  })

  test("is taken with a list among its parameters", async () => {
    const listed = {
      shop: query.shop,
      "ids[]": [2, 1],
      hmac: "b93b9f82996f6f8bf9f1b7bbddec284c8fabacdc4e12dc80550b4705f3003b1e",
    }
    expect(await verifyInstallHmac(listed, ["hush"], hmac)).toBe(true)
  })

  test("is refused when anything of it was changed", async () => {
    expect(await signed({ code: "b94a110d86d2452eb3e2af4cfb8a3828" })).toBe(false)
    expect(await signed({ extra: "1" })).toBe(false)
    expect(await signed({ hmac: "" })).toBe(false)
    expect(await signed({ hmac: query.hmac.toUpperCase() })).toBe(false)
    expect(await verifyInstallHmac(query, ["other"], hmac)).toBe(false)
    expect(await verifyInstallHmac(query, [], hmac)).toBe(false)
  })

  test("is refused for an address that is no shop, whoever signed it", async () => {
    const shop = "evil.com/.myshopify.com"
    const made = createHmac("sha256", "hush").update(`shop=${shop}`).digest("hex")
    expect(await verifyInstallHmac({ shop, hmac: made }, ["hush"], hmac)).toBe(false)
  })

  test("cannot pass one parameter for two", async () => {
    const made = createHmac("sha256", "hush").update(`shop=${query.shop}&state=1`).digest("hex")
    expect(await verifyInstallHmac({ shop: `${query.shop}&state=1`, hmac: made }, ["hush"], hmac)).toBe(false)
  })

  test.each([
    [0, true],
    [90, true],
    [91, false],
    [-90, true],
    [-91, false],
  ])("%i seconds old: fresh is %s", (age, fresh) => {
    expect(isFreshInstall(query, (1_337_178_173 + age) * 1000)).toBe(fresh)
  })

  test("without a time is not fresh", () => {
    expect(isFreshInstall({ shop: "s" }, T)).toBe(false)
    expect(isFreshInstall({ timestamp: "-1" }, T)).toBe(false)
  })
})

describe("the account", () => {
  const shop = { name: "Example", myshopifyDomain: "example.myshopify.com", plan: { partnerDevelopment: false } }

  test("is the shop, by its permanent address", () => {
    const read = (changes: object) => shopify.account.read(answer({ data: { shop: { ...shop, ...changes } } }), TOKEN)
    expect(read({})).toEqual({ id: "example.myshopify.com", name: "Example", mode: "live" })
    expect(read({ plan: { partnerDevelopment: true } }).mode).toBe("test")
  })
})

describe("an answer", () => {
  const means = (status: number, body: unknown = {}, headers = {}): PartnerFailure | null =>
    shopify.classify(status, body, new Headers(headers), TOKEN)
  const error = (code: string | undefined, message = "m", more = {}) => ({
    errors: [{ message, ...(code && { extensions: { code } }), ...more }],
  })
  const cost = (requestedQueryCost: number, currentlyAvailable: number, restoreRate = 100) => ({
    extensions: {
      cost: { requestedQueryCost, throttleStatus: { maximumAvailable: 2000, currentlyAvailable, restoreRate } },
    },
  })

  test.each<[string, number, unknown, string | null]>([
    ["data", 200, { data: {} }, null],
    ["a query over the limit", 200, error("MAX_COST_EXCEEDED"), "too_large"],
    ["a query that takes too long", 200, error(undefined, "Timeout"), "too_large"],
    ["an inner failure", 200, error("INTERNAL_SERVER_ERROR"), "transient"],
    ["a failure without a code", 200, error(undefined), "transient"],
    ["a cursor of another list", 200, error(undefined, "Invalid cursor for current pagination sort."), "token_refused"],
    ["a field that does not exist", 200, error("undefinedField", "Field 'x' doesn't exist on type 'Order'"), "fault"],
    ["a list that may not be read", 200, error("ACCESS_DENIED", "m", { path: ["orders"] }), null],
    ["an inactive shop", 200, error("SHOP_INACTIVE"), "fault"],
    ["a refused token", 401, { errors: "[API] Invalid API key or access token" }, "auth"],
    ["a gateway that refuses us", 401, { message: "Unauthorized" }, null],
    ["a gateway that forbids", 403, {}, null],
    ["a frozen shop", 402, {}, "fault"],
    ["a scope that is missing", 403, { errors: "[API] This action requires merchant approval for x scope." }, "denied"],
    ["an address without a shop", 404, {}, "fault"],
    ["a locked shop", 423, {}, "fault"],
    ["a failure of theirs", 500, {}, null],
  ])("of %s (%i) is understood", (_title, status, body, kind) => {
    expect(means(status, body)?.kind ?? null).toBe(kind)
  })

  test.each([301, 308])("that the shop has moved (%i) names its address and how to go on", (status) => {
    const location = "https://new-name.myshopify.com/admin/api/2026-07/graphql.json"
    const failure = means(status, null, { location })
    expect(failure).toMatchObject({ kind: "fault", isMoved: true })
    expect(failure?.reason).toContain("moved to new-name.myshopify.com")
    expect(failure?.reason).toContain("create one for new-name.myshopify.com")
    expect(failure?.reason.length).toBeLessThan(300)
    for (const elsewhere of ["https://evil.com/x.myshopify.com", "/password", ""])
      expect(means(status, null, elsewhere ? { location: elsewhere } : {})).toBeNull()
  })

  test("that it was throttled says when the bucket holds enough", () => {
    expect(means(200, { ...error("THROTTLED"), ...cost(900, 100) })).toMatchObject({
      kind: "limited",
      retryAfterMs: 8000,
    })
    expect(means(200, { ...error("THROTTLED"), ...cost(10, 100) })).toMatchObject({
      kind: "limited",
      retryAfterMs: 1000,
    })
    expect(means(200, error("THROTTLED"))).toMatchObject({ kind: "limited", retryAfterMs: 1000 })
    expect(means(429, {}, { "retry-after": "2.0" })).toMatchObject({ kind: "limited", retryAfterMs: 2000 })
    expect(means(430)).toMatchObject({ kind: "limited", retryAfterMs: null })
  })

  test("sets the pace by what is left in the bucket", () => {
    const rest = (body: unknown) => shopify.limits.restMs?.(body)
    expect(rest(cost(900, 2000))).toBe(0)
    expect(rest(cost(900, 400))).toBe(5000)
    expect(rest(cost(900, 400, 1000))).toBe(500)
    expect(rest({})).toBe(0)
    expect(rest(cost(900, 0, 0))).toBe(0)
  })
})

test("the payment gateways of a shop are those of its latest orders, the most frequent first", () => {
  const paid = (...gateways: (string | null)[]) => ({ transactions: gateways.map((gateway) => ({ gateway })) })
  const nodes = [paid("paypal"), paid("shopify_payments", "gift_card"), paid("Shopify_Payments", null)]
  expect(shopify.payments?.gateways?.read(answer({ data: { orders: { nodes } } }))).toEqual([
    "shopify_payments",
    "gift_card",
    "paypal",
  ])
  expect(shopify.payments?.gateways?.read(answer({ data: null }))).toEqual([])
})

test("the limit of sixty days is said where it applies", () => {
  expect(HISTORY_LIMIT).toContain("60 days")
  for (const name of ["Placed order", "Product ordered", "Order cancelled", "Order refunded", "Charge"])
    expect(shopify.collections.find((one) => one.name === name)?.description).toContain("60 days")
})
