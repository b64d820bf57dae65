/** Refunds and transactions: what was paid, by whom, and what was no payment. */
import { describe, expect, test } from "vitest"
import type { NormalizeContext } from "../../../src/connectors/kit/define.ts"
import type { JsonValue } from "../../../src/connectors/kit/item.ts"
import type { Config } from "../../../src/connectors/shopify/shape.ts"
import { at, CONFIG, DAY, HOUR, money, type Node, order, refund, T, transaction } from "./objects.ts"
import { itemsOf, normalized, of } from "./told.ts"

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

  test.each(["SALE", "CAPTURE", "REFUND"])("%s of nothing, as of an order that is free, moves no money", (kind) => {
    expect(charges({ kind, amountSet: money("0.0") })).toEqual([])
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
