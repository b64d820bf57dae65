/** What the connector makes of Shopify's objects: facts with their own time, people, money. */
import { describe, expect, test } from "vitest"
import type { NormalizeContext, Normalized } from "../../../src/connectors/kit/define.ts"
import type { Item, JsonValue } from "../../../src/connectors/kit/item.ts"
import { toItems } from "../../../src/connectors/kit/items.ts"
import type { Config } from "../../../src/connectors/shopify/shape.ts"
import { shopify } from "../../../src/connectors/shopify.ts"
import {
  agreement,
  allocations,
  at,
  CONFIG,
  checkout,
  connection,
  customer,
  DAY,
  draftOrder,
  HOUR,
  idOf,
  line,
  listed,
  money,
  type Node,
  order,
  reading,
  refund,
  sale,
  streamOf,
  T,
  transaction,
} from "./objects.ts"

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

  test("made with the test gateway is told as a test, and no money", () => {
    const told = itemsOf(order({ test: true, transactions: [transaction({ test: true })] }))
    expect(told.map(({ collection, data }) => [collection, data?.test])).toEqual([
      ["Placed order", true],
      ["Product ordered", true],
    ])
    expect(itemsOf(order()).every(({ data }) => data?.test === undefined)).toBe(true)
  })

  test("that was edited does not say of how many units it was when it was placed, and what it came to", () => {
    const [placed] = of(itemsOf(order({ edited: true, subtotalLineItemsQuantity: 9 })), "Placed order")
    expect([placed?.data?.quantity, placed?.data?.amount]).toEqual([undefined, 40])
  })
})

test("whatever happens in a development shop is a test, and nobody pays there", () => {
  const account = { id: CONFIG.shop, name: "Example", mode: "test" as const }
  const told = [order(), draftOrder(), checkout()].flatMap((body) => itemsOf(body, { account }))
  expect(told.map(({ collection, data }) => [collection, data?.test])).toEqual([
    ["Placed order", true],
    ["Product ordered", true],
    ["Draft order placed", true],
    ["Abandoned checkouts", true],
  ])
})

describe("a line", () => {
  const linesOf = (...lines: Node[]) => of(itemsOf(order({ lineItems: connection(lines) })), "Product ordered")

  test.each([
    ["a discount of the whole cart", "59.00", ["1.77"], 57.23],
    ["one of its own and a code", "59.00", ["9.00", "5.00"], 45],
    ["no discount", "59.00", [], 59],
    ["all of it taken off", "59.00", ["59.00"], 0],
    ["fractions that binary numbers do not have", "0.30", ["0.10"], 0.2],
  ])("is told for what the customer pays, with %s", (_title, total, discounts, amount) => {
    const [item] = linesOf(line({ originalTotalSet: money(total), discountAllocations: allocations(...discounts) }))
    expect([item?.data?.amount, item?.data?.currency]).toEqual([amount, "usd"])
  })

  test("that is a gift card is no product", () => {
    expect(linesOf(line(), line({ id: "gid://shopify/LineItem/42", isGiftCard: true })).map(({ key }) => key)).toEqual([
      "41:ordered",
    ])
  })

  describe("of an order that was edited or tipped", () => {
    const later = { id: "gid://shopify/LineItem/42", title: "Bowl", product: null } as JsonValue
    const agreements = (...nodes: JsonValue[]) => ({
      taxesIncluded: false,
      agreements: listed(nodes),
    })
    const placed = agreement("ORDER", at(T + HOUR + 2000), [
      sale(),
      sale({ id: "gid://shopify/Sale/92", lineType: "TIP", lineItem: null }),
      sale({ id: "gid://shopify/Sale/93", lineType: "GIFT_CARD", lineItem: null }),
    ])
    const added = agreement("ORDER_EDIT", at(T + 5 * HOUR), [
      sale({
        id: "gid://shopify/Sale/94",
        quantity: 1,
        totalAmount: money("12.5"),
        totalTaxAmount: money("0.0"),
        lineItem: later,
      }),
      sale({ id: "gid://shopify/Sale/95", quantity: 1, totalAmount: money("21.5"), totalTaxAmount: money("1.5") }),
      sale({ id: "gid://shopify/Sale/96", actionType: "RETURN", quantity: -1 }),
    ])
    const told = (changes: Node) => of(itemsOf(order(changes)), "Product ordered")

    test("is told by its agreements alone", () => {
      expect(told({ edited: true })).toEqual([])
      expect(told({ totalTipReceivedSet: money("5.00") })).toEqual([])
    })

    test("comes when it was added, tips and gift cards never", () => {
      const items = told({ edited: true, ...agreements(placed, added) })
      expect(
        items.map(({ key, time, announcedAt, data }) => [key, time, announcedAt, data?.quantity, data?.amount]),
      ).toEqual([
        ["41:ordered", T + HOUR, T + HOUR, 2, 40],
        ["94:added", T + 5 * HOUR, T + 5 * HOUR, 1, 12.5],
        ["95:added", T + 5 * HOUR, T + 5 * HOUR, 1, 20],
      ])
      expect(items.map(({ data }) => data?.lineItemId)).toEqual(["41", "42", "41"])
    })

    test("is the same as of an order that nobody has touched", () => {
      const before = told({})
      expect(told({ edited: true, ...agreements(placed, added) })[0]).toEqual(before[0])
    })

    test("holds the taxes where prices do", () => {
      const [item] = told({ edited: true, ...agreements(placed), taxesIncluded: true })
      expect(item?.data?.amount).toBe(43)
    })

    test("that was sold in an order's agreement of its own, after the checkout, has its time", () => {
      const upsell = agreement("ORDER", at(T + 2 * HOUR), [sale({ lineItem: later })])
      expect(told({ edited: true, ...agreements(placed, upsell) }).map(({ key, time }) => [key, time])).toEqual([
        ["41:ordered", T + HOUR],
        ["42:ordered", T + 2 * HOUR],
      ])
    })
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

  test("is left to the source that reports the payments of its gateway, from the day on that it does", () => {
    const day = new Date(T).toISOString().slice(0, 10)
    const elsewhere = (gateway: string, from: string) => ({
      config: { ...CONFIG, paymentsElsewhere: [{ gateway, from }] },
    })
    expect(charges({}, elsewhere("shopify_payments", day))).toEqual([])
    expect(charges({ gateway: "Shopify_Payments" }, elsewhere("shopify_payments", day))).toEqual([])
    expect(charges({ gateway: "paypal" }, elsewhere("shopify_payments", day))).toHaveLength(1)
    expect(charges({}, elsewhere("shopify_payments", "2026-03-02"))).toHaveLength(1)
    expect(charges({ processedAt: at(T + DAY) }, elsewhere("shopify_payments", "2026-03-02"))).toEqual([])
  })

  test("of a test gateway is no money", () => {
    expect(charges({ test: true })).toEqual([])
  })

  test.each([
    ["gift_card", "giftCard"],
    ["shopify_store_credit", "storeCredit"],
    ["store-credit", "storeCredit"],
    ["exchange-credit", "storeCredit"],
  ])("of %s moves no money, whether it pays or is given back", (gateway, kind) => {
    const credit = { status: "credit", kind, creditAmount: 40, currency: "usd", gateway }
    const [paid, back] = [charges({ gateway })[0]?.data, charges({ gateway, kind: "REFUND" })[0]?.data]
    expect(paid).toMatchObject({ ...credit, type: "payment" })
    expect(back).toMatchObject({ ...credit, type: "refund" })
    for (const data of [paid, back]) {
      expect(data).not.toHaveProperty("amount")
      expect(data).not.toHaveProperty("amount_refunded")
    }
    expect(charges({ gateway, status: "FAILURE" })[0]?.data).toMatchObject({ status: "failed", creditAmount: 40 })
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

  test("is the customer's own email, else the customer's id, whatever else was left with the order", () => {
    expect(who({ email: "other@example.com" })).toBe("ada@example.com")
    expect(who({ customer: noEmail, email: " Guest@Example.COM" })).toBe(idOf("11"))
    expect(who({ customer: noEmail, email: null })).toBe(idOf("11"))
  })

  test("is a guest's email, and nobody where there is none", () => {
    expect(who({ customer: null, email: "Guest@example.com" })).toBe("guest@example.com")
    expect(who({ customer: null, email: null })).toBe(idOf("order:21"))
    const anonymous = (changes: Node) => itemsOf(order(changes)).map(({ data }) => data?.anonymous)
    expect(anonymous({ customer: null, email: null })).toEqual([true, true, true])
    expect(anonymous({ customer: null })).toEqual([undefined, undefined, undefined])
    expect(anonymous({ customer: noEmail, email: null })).toEqual([undefined, undefined, undefined])
  })

  test("is the same in all that an order tells, in a draft and in a checkout", () => {
    const all = [
      order({ email: "frozen@example.com", cancelledAt: at(T + 3 * HOUR), refunds: [refund()] }),
      draftOrder({ email: "frozen@example.com" }),
      checkout(),
    ].flatMap((body) => itemsOf(body))
    expect(new Set(all.map(({ userId }) => userId))).toEqual(new Set(["ada@example.com"]))
  })

  test("is the customer's id where the user chose so, and a guest is still told apart", () => {
    expect(who({}, { identity: "partnerId" })).toBe(idOf("11"))
    expect(who({ customer: null }, { identity: "partnerId" })).toBe("ada@example.com")
  })
})

describe("a customer", () => {
  test("is a person with attributes, joined to the id by which older records name them", () => {
    const [state, alias] = itemsOf(customer())
    expect(state).toMatchObject({ collection: "Customers", kind: "object", key: "11", userId: "ada@example.com" })
    expect(state?.version).toBe(T + HOUR)
    expect(state?.userAttributes).toEqual({
      name: "Ada Lovelace",
      email: "ada@example.com",
      phone: "+15550100",
      city: "London",
      country: "GB",
      shopify_customerId: "11",
      shopify_firstName: "Ada",
      shopify_lastName: "Lovelace",
      shopify_region: "England",
      shopify_postalCode: "W1",
      shopify_locale: "en",
      shopify_state: "enabled",
      shopify_emailMarketing: "subscribed",
      shopify_verifiedEmail: true,
      shopify_taxExempt: false,
      shopify_tags: "VIP, Repeat",
      shopify_orders: 3,
      shopify_amountSpent: 123.45,
      shopify_currency: "usd",
      shopify_createdAt: new Date(T - 90 * DAY).toISOString(),
    })
    expect(state).not.toHaveProperty("cleared")
    expect(alias).toMatchObject({ collection: "alias", userId: "ada@example.com", anotherUserId: idOf("11") })
  })

  const bare = customer({
    tags: [],
    lastName: null,
    defaultEmailAddress: null,
    defaultPhoneNumber: null,
    defaultAddress: null,
  })

  test("that has lost a value says so, of what only Shopify knows, and in live readings", () => {
    const [state] = itemsOf(bare)
    expect(state?.cleared).toEqual({
      shopify_emailMarketing: "text",
      shopify_lastName: "text",
      shopify_postalCode: "text",
      shopify_region: "text",
      shopify_tags: "text",
    })
    for (const shared of ["phone", "city", "country", "email"]) expect(state?.userAttributes).not.toHaveProperty(shared)
    const [past] = itemsOf(bare, { via: "list" })
    expect(past).not.toHaveProperty("cleared")
    expect(past?.userAttributes).toEqual(state?.userAttributes)
  })

  test("is joined to the email where nobody wants to know of customers", () => {
    const told = itemsOf(customer(), { collections: new Set(["Placed order"]) })
    expect(told).toMatchObject([{ collection: "alias", userId: "ada@example.com", anotherUserId: idOf("11") }])
    expect(itemsOf(customer(), { collections: new Set(["Placed order"]), identity: "partnerId" })).toEqual([])
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
    expect(items[0]?.userId).toBe(idOf("11"))
    expect(Object.keys(items[0]?.userAttributes ?? {})).not.toContain("name")
  })

  test("is not joined where people go by their id", () => {
    expect(itemsOf(customer(), { identity: "partnerId" }).map(({ userId }) => userId)).toEqual([idOf("11")])
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
    const [item] = itemsOf(checkout({ customer: null }))
    expect([item?.userId, item?.data?.anonymous]).toEqual([idOf("abandonedCheckout:81"), true])
  })

  test("and completed later does not say what was left", () => {
    const [item] = itemsOf(checkout({ completedAt: at(T + 9 * HOUR) }))
    expect(item?.data).toEqual({ checkoutId: "81", checkout: "#81", customerId: "11" })
  })
})

test("a draft order is placed when it is entered", () => {
  const [item] = itemsOf(draftOrder())
  expect(item).toMatchObject({
    collection: "Draft order placed",
    key: "71:placed",
    time: T + HOUR,
    announcedAt: T + HOUR,
  })
  expect(item?.data).toEqual({
    draftOrderId: "71",
    draftOrder: "#D1",
    customerId: "11",
    amount: 99,
    currency: "usd",
    quantity: 4,
  })
})

test("a draft order that was changed since does not say what was entered", () => {
  const [item] = itemsOf(draftOrder({ updatedAt: at(T + 2 * HOUR), totalPriceSet: money("50.00") }))
  expect(item?.data).toEqual({ draftOrderId: "71", draftOrder: "#D1", customerId: "11" })
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
