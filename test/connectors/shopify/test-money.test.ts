/** Test payments that the user lets count: the charges of live ones, marked. */
import { describe, expect, test } from "vitest"
import type { NormalizeContext } from "../../../src/connectors/kit/define.ts"
import type { Item } from "../../../src/connectors/kit/item.ts"
import type { Config } from "../../../src/connectors/shopify/shape.ts"
import { placeOrder, refund as refundOrder } from "../../sandbox/shopify/actions.ts"
import { CONFIG, HOUR, type Node, order, T, transaction } from "./objects.ts"
import { createReader } from "./reader.ts"
import { itemsOf, normalized, of } from "./told.ts"

const COUNTED = { config: { ...CONFIG, countTestPayments: true } }
const DEVELOPMENT = { id: CONFIG.shop, name: "Example", mode: "test" } as const

const charges = (changes: Node, ctx: Partial<NormalizeContext<Config>> = COUNTED, ofOrder: Node = {}) =>
  of(itemsOf(order({ ...ofOrder, transactions: [transaction(changes)] }), ctx), "Charge")

const PAYMENT: Item = {
  userId: "ada@example.com",
  collection: "Charge",
  kind: "event",
  key: "31:succeeded",
  ...{ time: T + HOUR, version: T + HOUR, announcedAt: T + HOUR },
  data: {
    ...{ type: "payment", status: "succeeded", amount: 40, currency: "usd", transactionId: "31" },
    ...{ orderId: "21", order: "#1001", gateway: "shopify_payments", customerId: "11", test: true },
  },
}

describe("test payments that count", () => {
  test.each<[string, () => Item[]]>([
    ["of a test gateway", () => charges({ test: true })],
    ["of a test order", () => charges({}, COUNTED, { test: true })],
    ["of both", () => charges({ test: true }, COUNTED, { test: true })],
    ["of a development shop", () => charges({}, { ...COUNTED, account: DEVELOPMENT })],
  ])("%s are told as live ones, and say that they are a test", (_which, told) => {
    expect(told()).toEqual([PAYMENT])
  })

  test.each<[string, Node, object]>([
    ["a refund", { kind: "REFUND" }, { type: "refund", status: "succeeded", amount_refunded: 40 }],
    ["a declined card", { status: "FAILURE" }, { type: "payment", status: "failed", amount: 40 }],
    ["a gift card", { gateway: "gift_card" }, { status: "credit", kind: "giftCard", creditAmount: 40 }],
  ])("are told of %s, too", (_what, changes, data) => {
    expect(charges({ test: true, ...changes }).map((item) => item.data)).toMatchObject([{ ...data, test: true }])
  })

  test("wait while they are pending, and not where they do not count", () => {
    const pending = order({ transactions: [transaction({ test: true, status: "PENDING" })] })
    expect(normalized(pending, COUNTED).pending?.map(({ key }) => key)).toEqual(["31:succeeded", "31:failed"])
    expect(normalized(pending).pending).toEqual([])
  })

  test("are left to another source where that reports their gateway", () => {
    const paymentsElsewhere = [{ gateway: "shopify_payments", from: "2026-01-01" }]
    expect(charges({ test: true }, { config: { ...COUNTED.config, paymentsElsewhere } })).toEqual([])
  })
})

test("a live payment is the same whether test payments count or not", () => {
  const [live] = charges({}, {})
  expect(charges({})).toEqual([live])
  expect(live?.data).not.toHaveProperty("test")
})

test("from when they count, test payments are told; a resync tells the earlier ones; what was told stays", async () => {
  const reader = createReader()
  const line = { product: null, title: "Mug", variant: null, sku: null, vendor: null, quantity: 1, total: 1_000 }
  const buy = () => placeOrder(reader.shop, { lines: [line], payment: "paid", isTest: true })
  const toldCharges = () =>
    of(reader.items, "Charge").map(({ data }) => [data?.orderId, data?.amount ?? data?.amount_refunded, data?.test])
  const count = (countTestPayments: boolean) =>
    reader.configure({ config: { shop: CONFIG.shop, paymentsElsewhere: [], countTestPayments } })

  const early = buy()
  reader.clock.advance(2 * HOUR)
  await reader.configure()
  await reader.pass(HOUR)
  expect([of(reader.items, "Placed order").length, toldCharges()]).toEqual([1, []])

  await count(true)
  await reader.pass(HOUR)
  // Seen again as it changes: what was paid before is not told by that.
  refundOrder(reader.shop, early.id, 400)
  const late = buy()
  await reader.pass(2 * HOUR)
  const live = [
    [String(late.id), 10, true],
    [String(early.id), 4, true],
  ]
  expect(toldCharges()).toEqual(live)

  await reader.resync("Charge")
  expect(toldCharges()).toContainEqual([String(early.id), 10, true])

  await count(false)
  const before = toldCharges()
  buy()
  await reader.pass(2 * HOUR)
  expect(toldCharges()).toEqual(before)
  expect(of(reader.items, "Placed order")).toHaveLength(3)
})
