import { describe, expect, test } from "vitest"
import { createSandbox } from "../sandbox/sandbox.ts"
import {
  addCustomer,
  changeCustomer,
  deleteCustomer,
  leaveCheckout,
  placeOrder,
  refund,
} from "../sandbox/shopify/actions.ts"
import { shopExpectationOf } from "./shopify.ts"

const NOW = Date.UTC(2026, 5, 1) + 678
const MINUTE = 60_000
const MUG = {
  ...{ product: null, title: "Mug", variant: null, sku: "MUG", vendor: null },
  ...{ quantity: 2, total: 2_500 },
}

function world() {
  const sandbox = createSandbox({ clock: () => NOW, sleep: async () => undefined })
  return { sandbox, shop: sandbox.shopify.create({ name: "example" }).shop }
}

describe("of a shop is expected", () => {
  test("each fact of an order, under its own key, at its own second, in major units", () => {
    const { shop } = world()
    const order = placeOrder(shop, { lines: [MUG], payment: "cash", email: "Ada@Example.com" })
    const back = refund(shop, order.id, 999)
    const [sale, change, returned] = order.transactions
    const { facts } = shopExpectationOf(shop, { from: 0, shownBy: NOW })
    expect(facts.map(({ collection, key }) => `${collection} ${key}`)).toEqual([
      `Placed order ${order.id}:placed`,
      `Product ordered ${order.lines[0]?.id}:ordered`,
      `Charge ${sale?.id}:succeeded`,
      `Charge ${change?.id}:succeeded`,
      `Charge ${returned?.id}:succeeded`,
      `Order refunded ${back}:refunded`,
    ])
    expect(new Set(facts.map(({ time }) => time))).toEqual(new Set([NOW - 678]))
    expect(facts.map(({ data }) => data.amount ?? data.amount_refunded)).toEqual([25, 25, 30, 5, 9.99, 9.99])
    expect(facts.map(({ data }) => data.type).filter(Boolean)).toEqual(["payment", "change", "refund"])
    expect(new Set(facts.flatMap(({ people }) => people))).toEqual(new Set(["ada@example.com"]))
  })

  test("who was known by several addresses, and nobody who is gone", () => {
    const { sandbox, shop } = world()
    const { id: ada } = addCustomer(shop, { firstName: "Ada", email: "ada@example.com" })
    const { id: eve } = addCustomer(shop, { email: "eve@example.com" })
    changeCustomer(shop, ada, { email: "Ada@new.example" })
    const order = placeOrder(shop, { customer: ada, lines: [MUG], payment: "pending" })
    deleteCustomer(shop, eve)
    const { facts, people, aliases } = shopExpectationOf(shop, { from: 0, shownBy: NOW })
    expect(people.map(({ key, attributes }) => [key, attributes.email, attributes.name])).toEqual([
      [String(ada), "ada@new.example", "Ada"],
    ])
    expect(aliases).toEqual([{ former: `shopify:example.myshopify.com:${ada}`, userId: "ada@new.example" }])
    expect(facts[0]?.people).toEqual(["ada@new.example"])
    sandbox.clock.advance(MINUTE)
    changeCustomer(shop, ada, { email: null })
    const later = shopExpectationOf(shop, { from: 0, shownBy: NOW }).facts.find(
      ({ record }) => record === String(order.id),
    )
    expect(later?.people).toEqual(["ada@new.example", `shopify:example.myshopify.com:${ada}`])
  })

  test("nothing from before the start date, and what the shop did not show yet may be missing", () => {
    const { sandbox, shop } = world()
    placeOrder(shop, { lines: [MUG], payment: "pending" })
    sandbox.clock.advance(MINUTE)
    leaveCheckout(shop, { customer: null, lines: [MUG] })
    const { facts } = shopExpectationOf(shop, { from: NOW + 1, shownBy: NOW + MINUTE })
    expect(facts.map(({ collection, optional }) => [collection, optional])).toEqual([["Abandoned checkouts", true]])
  })
})
