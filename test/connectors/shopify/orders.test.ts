/** Orders, their lines and cancellations: facts with their own time and money. */
import { describe, expect, test } from "vitest"
import type { JsonValue } from "../../../src/connectors/kit/item.ts"
import { toItems } from "../../../src/connectors/kit/to-items.ts"
import { shopify } from "../../../src/connectors/shopify.ts"
import {
  agreement,
  allocations,
  at,
  CONFIG,
  checkout,
  connection,
  DAY,
  draftOrder,
  HOUR,
  line,
  listed,
  money,
  type Node,
  order,
  reading,
  refund,
  sale,
  T,
  transaction,
} from "./objects.ts"
import { itemsOf, live, of } from "./told.ts"

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

  test.each<[string, Node, string[], string[]]>([
    ["payment", { transactions: [transaction({ amountSet: null }), transaction()] }, ["Charge"], []],
    ["refund", { refunds: [refund({ totalRefundedSet: null }), refund()] }, ["Order refunded"], []],
    ["line", { lineItems: connection([line({ id: null }), line()]) }, ["Product ordered"], []],
    [
      "total",
      { originalTotalPriceSet: null },
      ["Placed order", "Order cancelled"],
      ["Placed order", "Order cancelled"],
    ],
  ])("of which a %s cannot be read tells all else", (_name, changes, refused, missing) => {
    const record = { id: "gid://shopify/Order/21", time: T, body: { ...cancelled, ...changes } }
    const { items, rejects } = toItems(shopify, live, record, reading(), {})
    expect(rejects.map(({ collection }) => collection)).toEqual(refused)
    expect(items).toEqual(itemsOf(cancelled).filter(({ collection }) => !missing.includes(collection)))
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

  test.each<Node>([{ edited: true }, { returnStatus: "RETURNED" }])(
    "with %j does not say of how many units it was when it was placed, and what it came to",
    (changes) => {
      const [placed] = of(itemsOf(order({ ...changes, subtotalLineItemsQuantity: 9 })), "Placed order")
      expect([placed?.data?.quantity, placed?.data?.amount]).toEqual([undefined, 40])
    },
  )
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

  describe("of an order that was edited, returned or tipped", () => {
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
      expect(told({ returnStatus: "RETURNED" })).toEqual([])
      expect(told({ returnStatus: "NO_RETURN" })).toHaveLength(1)
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

    test("that was sent for one that went back comes when that was agreed on", () => {
      const back = sale({ id: "gid://shopify/Sale/97", actionType: "RETURN", quantity: -1 })
      const sent = sale({ id: "gid://shopify/Sale/98", quantity: 1, lineItem: later })
      const exchanged = agreement("RETURN", at(T + 9 * HOUR), [back, sent])
      expect(
        told({ returnStatus: "RETURNED", ...agreements(placed, exchanged) }).map(({ key, time }) => [key, time]),
      ).toEqual([
        ["41:ordered", T + HOUR],
        ["98:added", T + 9 * HOUR],
      ])
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
