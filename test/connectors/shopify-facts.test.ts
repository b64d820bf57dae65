/** What the connector makes of Shopify's objects: facts with their own time, people, money. */
import { describe, expect, test } from "vitest"
import type { NormalizeContext, Normalized } from "../../src/connectors/kit/define.ts"
import type { Item, JsonValue } from "../../src/connectors/kit/item.ts"
import { toItems } from "../../src/connectors/kit/items.ts"
import type { Config } from "../../src/connectors/shopify/shape.ts"
import { shopify } from "../../src/connectors/shopify.ts"
import {
  at,
  CONFIG,
  checkout,
  connection,
  customer,
  DAY,
  draftOrder,
  HOUR,
  line,
  money,
  type Node,
  order,
  reading,
  refund,
  streamOf,
  T,
  transaction,
} from "../support/shopify-objects.ts"

const live = streamOf("changes")

function itemsOf(body: Node, changes: Partial<NormalizeContext<Config>> = {}): Item[] {
  const record = { id: String(body.id), time: Date.parse(String(body.updatedAt)), body }
  const { items, rejects } = toItems(shopify, live, record, reading(changes), {})
  expect(rejects).toEqual([])
  return items
}

function normalized(body: Node): Normalized {
  return live.normalize({ id: String(body.id), time: T, body }, reading())
}

function of(items: Item[], collection: string): Item[] {
  return items.filter((item) => item.collection === collection)
}

describe("an order", () => {
  const cancelled = order({ cancelledAt: at(T + 3 * HOUR), cancelReason: "CUSTOMER", refunds: [refund()] })

  test("tells each fact under its own time, whatever changed last", () => {
    const told = itemsOf(cancelled).map(({ collection, key, time, announcedAt }) => [
      collection,
      key,
      time,
      announcedAt,
    ])
    expect(told).toEqual([
      ["Placed order", "21:placed", T + HOUR, T + HOUR],
      ["Product ordered", "41:ordered", T + HOUR, T + HOUR],
      ["Order cancelled", "21:cancelled", T + 3 * HOUR, T + 3 * HOUR],
      ["Order refunded", "61:refunded", T + 2 * HOUR, T + 2 * HOUR],
      ["Charge", "31:succeeded", T + HOUR, T + HOUR],
    ])
  })

  test("tells the same from a list, from the feed and from what is read of it later", () => {
    const facts = (via: "feed" | "list") =>
      itemsOf(cancelled, { via }).map(({ collection, key, time, data }) => ({ collection, key, time, data }))
    expect(facts("list")).toEqual(facts("feed"))
  })

  test("is documented in full", () => {
    expect(of(itemsOf(cancelled), "Placed order")[0]?.data).toEqual({
      orderId: "21",
      order: "#1001",
      customerId: "11",
      amount: 40,
      currency: "usd",
      quantity: 2,
      channel: "web",
      presentmentCurrency: "eur",
      processedAt: new Date(T + HOUR).toISOString(),
    })
    expect(of(itemsOf(cancelled), "Product ordered")[0]?.data).toEqual({
      orderId: "21",
      order: "#1001",
      customerId: "11",
      lineItemId: "41",
      productId: "51",
      product: "Mug",
      variant: "Blue",
      sku: "MUG-B",
      vendor: "Acme",
      quantity: 2,
      amount: 40,
      currency: "usd",
    })
  })

  test("that was imported is placed when it came to Shopify, and says when it was processed", () => {
    const imported = order({ processedAt: at(T - 300 * DAY) })
    const [placed] = of(itemsOf(imported), "Placed order")
    expect([placed?.time, placed?.data?.processedAt]).toEqual([T + HOUR, new Date(T - 300 * DAY).toISOString()])
  })

  test("of a custom item names no product", () => {
    const [ordered] = of(
      itemsOf(order({ lineItems: connection([line({ product: null, sku: null })]) })),
      "Product ordered",
    )
    expect(ordered?.data).not.toHaveProperty("productId")
  })

  test("made with the test gateway counts in a test shop only", () => {
    const account = { id: CONFIG.shop, name: "Example", mode: "test" as const }
    expect(itemsOf(order({ test: true }))).toEqual([])
    expect(itemsOf(order({ test: true }), { account })).not.toEqual([])
  })
})

describe("a refund", () => {
  test("is each one's own amount", () => {
    const second = refund({ id: "gid://shopify/Refund/62", totalRefundedSet: money("5.00") })
    const told = of(itemsOf(order({ refunds: [refund(), second] })), "Order refunded")
    expect(told.map(({ key, data }) => [key, data?.amount])).toEqual([
      ["61:refunded", 10],
      ["62:refunded", 5],
    ])
  })

  test("of nothing is none yet: its money may be on the way", () => {
    const none = order({ refunds: [refund({ totalRefundedSet: money("0.0") })] })
    expect(of(itemsOf(none), "Order refunded")).toEqual([])
    expect(normalized(none).pending).toEqual([{ collection: "Order refunded", key: "61:refunded", time: T + 2 * HOUR }])
  })
})

describe("a transaction", () => {
  const charges = (changes: Node, ctx: Partial<NormalizeContext<Config>> = {}) =>
    of(itemsOf(order({ transactions: [transaction(changes)] }), ctx), "Charge")

  test.each<[string, Node, JsonValue]>([
    ["a sale", {}, { type: "payment", status: "succeeded", amount: 40 }],
    ["a capture", { kind: "CAPTURE" }, { type: "payment", status: "succeeded", amount: 40 }],
    ["a refund", { kind: "REFUND" }, { type: "refund", status: "succeeded", amount_refunded: 40 }],
    ["change given in cash", { kind: "CHANGE" }, { type: "change", status: "succeeded", amount_refunded: 40 }],
    [
      "a declined card",
      { status: "FAILURE", errorCode: "CARD_DECLINED" },
      { type: "payment", status: "failed", amount: 40, failureCode: "card_declined" },
    ],
    ["an error", { status: "ERROR" }, { type: "payment", status: "failed", amount: 40 }],
  ])("%s is a charge", (_title, changes, data) => {
    expect(charges(changes)[0]?.data).toMatchObject({ ...(data as Node), currency: "usd", transactionId: "31" })
  })

  test.each(["AUTHORIZATION", "EMV_AUTHORIZATION", "VOID", "SUGGESTED_REFUND"])("%s moves no money", (kind) => {
    expect(charges({ kind })).toEqual([])
  })

  test.each(["PENDING", "AWAITING_RESPONSE", "UNKNOWN"])("that is %s stays open until it is told", (status) => {
    const pending = order({ transactions: [transaction({ status })] })
    expect(of(itemsOf(pending), "Charge")).toEqual([])
    expect(normalized(pending).pending).toEqual([
      { collection: "Charge", key: "31:succeeded", time: T + HOUR },
      { collection: "Charge", key: "31:failed", time: T + HOUR },
    ])
    expect(normalized(order()).closed).toEqual([{ collection: "Charge", key: "31:failed" }])
  })

  test("is no fact of the past where an import dates it back, and is one of when it succeeded", () => {
    expect(charges({ processedAt: at(T - 300 * DAY) })[0]?.time).toBe(T + HOUR)
    expect(charges({ processedAt: at(T + 5 * HOUR) })[0]?.time).toBe(T + 5 * HOUR)
    expect(charges({ processedAt: null })[0]?.time).toBe(T + HOUR)
  })

  test("is left to the source that already reports the payments", () => {
    expect(charges({}, { config: { ...CONFIG, paymentsReportedElsewhere: true } })).toEqual([])
  })

  test("of a test gateway is no money in a live shop", () => {
    expect(charges({ test: true })).toEqual([])
  })

  test.each([
    ["12.34", "USD", 12.34],
    ["1234.0", "JPY", 1234],
    ["1.234", "KWD", 1.234],
    ["0.1", "EUR", 0.1],
  ])("of %s %s is %d, in major units as Shopify has it", (amount, currency, expected) => {
    const [item] = charges({ amountSet: money(amount, currency) })
    expect([item?.data?.amount, item?.data?.currency]).toEqual([expected, currency.toLowerCase()])
  })
})

describe("a person", () => {
  const who = (changes: Node, ctx: Partial<NormalizeContext<Config>> = {}) => itemsOf(order(changes), ctx)[0]?.userId
  const noEmail = { id: "gid://shopify/Customer/11", defaultEmailAddress: null }

  test("is the customer's email, else the order's, else the customer's id, else the order's", () => {
    expect(who({ email: "other@example.com" })).toBe("ada@example.com")
    expect(who({ customer: noEmail, email: " Guest@Example.COM" })).toBe("guest@example.com")
    expect(who({ customer: noEmail, email: null })).toBe("11")
    expect(who({ customer: null, email: "guest@example.com" })).toBe("guest@example.com")
    expect(who({ customer: null, email: null })).toBe("21")
  })

  test("is the customer's id where the user chose so, and a guest is still told apart", () => {
    expect(who({}, { identity: "partnerId" })).toBe("11")
    expect(who({ customer: null }, { identity: "partnerId" })).toBe("ada@example.com")
  })
})

describe("a customer", () => {
  test("is a person with attributes, joined to the id by which older records name them", () => {
    const [state, alias] = itemsOf(customer())
    expect(state).toMatchObject({ collection: "Customers", kind: "object", key: "11", userId: "ada@example.com" })
    expect(state?.version).toBe(T + HOUR)
    expect(state?.userAttributes).toEqual({
      shopifyCustomerId: "11",
      name: "Ada Lovelace",
      firstName: "Ada",
      lastName: "Lovelace",
      email: "ada@example.com",
      phone: "+15550100",
      city: "London",
      region: "England",
      postalCode: "W1",
      country: "GB",
      locale: "en",
      state: "enabled",
      emailMarketing: "subscribed",
      verifiedEmail: true,
      taxExempt: false,
      tags: "VIP, Repeat",
      orders: 3,
      amountSpent: 123.45,
      currency: "usd",
      createdAt: new Date(T - 90 * DAY).toISOString(),
    })
    expect(alias).toMatchObject({ collection: "alias", userId: "ada@example.com", anotherUserId: "11" })
  })

  test("without protected data is known by id, with what is left", () => {
    const bare = customer({
      firstName: null,
      lastName: null,
      defaultEmailAddress: null,
      defaultPhoneNumber: null,
      defaultAddress: null,
    })
    const items = itemsOf(bare)
    expect(items).toHaveLength(1)
    expect(items[0]?.userId).toBe("11")
    expect(Object.keys(items[0]?.userAttributes ?? {})).not.toContain("name")
  })

  test("is not joined where people go by their id", () => {
    expect(itemsOf(customer(), { identity: "partnerId" }).map(({ userId }) => userId)).toEqual(["11"])
  })
})

describe("a checkout that was left", () => {
  test("is told under the time it was begun, also when it is listed much later", () => {
    const [item] = itemsOf(checkout())
    expect(item).toMatchObject({ collection: "Abandoned checkouts", key: "81:abandoned", time: T + HOUR })
    expect(item?.announcedAt).toBe(T + HOUR + 7 * DAY)
    expect(item?.data).toEqual({
      checkoutId: "81",
      checkout: "#81",
      customerId: "11",
      amount: 15.5,
      currency: "usd",
      products: "Mug, Bowl",
    })
  })

  test("is not dropped where it names nobody", () => {
    expect(itemsOf(checkout({ customer: null }))[0]?.userId).toBe("81")
  })
})

test("a draft order is placed when it is entered", () => {
  const [item] = itemsOf(draftOrder())
  expect(item).toMatchObject({ collection: "Draft order placed", key: "71:placed", time: T + HOUR, place: T + HOUR })
  expect(item?.data).toEqual({
    draftOrderId: "71",
    draftOrder: "#D1",
    customerId: "11",
    amount: 99,
    currency: "usd",
    quantity: 4,
  })
})

test("what cannot be read counts against the collection it is of", () => {
  const about = (body: Node) => live.collectionOf?.({ id: "x", time: T, body })
  expect([about(customer()), about(order()), about(draftOrder()), about(checkout()), about({ id: "x" })]).toEqual([
    "Customers",
    "Placed order",
    "Draft order placed",
    "Abandoned checkouts",
    "",
  ])
})
