/** What shops hold that no other partner's accounts do, and what the destination received of it. */
import { expect, test } from "vitest"
import { collections } from "../../src/connectors/shopify/collections.ts"
import {
  addCustomer,
  cancel,
  capture,
  changeCustomer,
  completeDraft,
  deleteCustomer,
  enterDraft,
  fulfil,
  leaveCheckout,
  type NewOrder,
  placeOrder,
  recoverCheckout,
  refund,
  settle,
} from "../sandbox/shopify/actions.ts"
import type { NewLine } from "../sandbox/shopify/model.ts"
import { asOf, type Shop } from "../sandbox/shopify/shop.ts"
import { call, json, problem } from "../support/api.ts"
import { advance, DAY, HOUR, MINUTE, now } from "./kit/clock.ts"
import { nextRun, settled, sync } from "./kit/drive.ts"
import { happen, type ShopSource, shopify } from "./kit/shopify.ts"
import { differences, expectEqual, received } from "./kit/source.ts"
import { openWorld } from "./kit/world.ts"

const world = openWorld()
/** More than any page holds, alone or beside others. */
const OVER_TWO_PAGES = 520
const MUG: NewLine = {
  ...{ product: null, title: "Mug", variant: null, sku: null, vendor: null },
  ...{ quantity: 1, total: 1_250 },
}

const EVENTS = collections.filter(({ kind }) => kind === "event").map(({ name }) => name)

const told = (source: ShopSource, collection: string) =>
  received(world, source).filter((item) => item.collection === collection)

test("a first sync of a year tells all that happened in it: long orders, refunds, drafts, checkouts, people who left", async () => {
  const history = { customers: 150, orders: 300, days: 500, seed: 5 }
  const source = await shopify.connect(world, { name: "year", history })
  // Only who has not ordered can be deleted.
  const gone = [...source.shop.tables.customer.byId.values()].find(({ orders }) => orders === 0)
  expect(happen(source, (shop) => deleteCustomer(shop, gone?.id ?? 0))).toBe(true)
  await settled(world, source)
  advance(4 * HOUR)
  await sync(world, source)
  expectEqual(world, source)
  const orders = [...source.shop.tables.order.byId.values()]
  expect(Math.max(...orders.map(({ lines }) => lines.length))).toBeGreaterThan(50)
  expect(EVENTS.filter((collection) => told(source, collection).length === 0)).toEqual([])
  expect(new Set(told(source, "Charge").map(({ data }) => `${data.type} ${data.status}`))).toEqual(
    new Set([
      ...["payment succeeded", "payment failed", "payment credit"],
      ...["refund succeeded", "refund credit", "change succeeded"],
    ]),
  )
})

test("more rows of one moment than a page holds, in the past and while the source is live", async () => {
  const crowd = (shop: Shop) => {
    for (let left = OVER_TWO_PAGES; left > 0; left--) order(shop, {})
  }
  const prepare = ({ shop }: Pick<ShopSource, "shop">) => asOf(shop, now() - 40 * DAY, () => crowd(shop))
  const source = await shopify.connect(world, { name: "crowd", history: null, prepare })
  await settled(world, source)
  expectEqual(world, source)
  advance(MINUTE)
  happen(source, crowd)
  await sync(world, source)
  expectEqual(world, source)
  expect(new Set(told(source, "Placed order").map(({ time }) => time)).size).toBe(2)
  expect(told(source, "Placed order")).toHaveLength(2 * OVER_TWO_PAGES)
})

test("changed, removed and taken over emails: what a person was known by is joined to what they are known by", async () => {
  const people: number[] = []
  const prepare = ({ shop }: Pick<ShopSource, "shop">) =>
    asOf(shop, now() - 20 * DAY, () => {
      for (const name of ["ada", "bob", "eve"]) {
        const { id } = addCustomer(shop, { firstName: name, email: `${name}@example.com` })
        if (name !== "eve") order(shop, { customer: id })
        people.push(id)
      }
    })
  const source = await shopify.connect(world, { name: "emails", history: null, prepare })
  await settled(world, source)
  const [ada = 0, bob = 0, eve = 0] = people
  advance(MINUTE)
  const other = happen(source, (shop) => {
    changeCustomer(shop, ada, { email: "Ada@new.example" })
    changeCustomer(shop, bob, { email: null })
    deleteCustomer(shop, eve)
    return addCustomer(shop, { email: "bob@example.com" })
  })
  await sync(world, source)
  expectEqual(world, source)
  const joined = told(source, "alias").map(({ anotherUserId, userId }) => `${anotherUserId} is ${userId}`)
  const idOf = (customer: number) => `shopify:emails.myshopify.com:${customer}`
  expect(joined).toEqual(
    expect.arrayContaining([`${idOf(ada)} is ada@new.example`, `${idOf(other.id)} is bob@example.com`]),
  )
  // Shopify does not say what an address was before: the customer's id joins both.
  expect(joined).toContain(`${idOf(ada)} is ada@example.com`)
})

test.each(["now", "begun"] as const)("a bank transfer that arrives days later, dated %s", async (dated) => {
  const ids: number[] = []
  const prepare = ({ shop }: Pick<ShopSource, "shop">) =>
    asOf(shop, now() - 2 * DAY, () => {
      for (let left = 2; left > 0; left--) ids.push(order(shop, { payment: "pending" }).id)
    })
  const source = await shopify.connect(world, {
    ...{ name: `transfer-${dated}`, history: null, prepare },
    sync: { intervalHours: 24 },
  })
  await settled(world, source)
  expect(told(source, "Charge")).toEqual([])
  for (let day = 0; day < 3; day++) await nextRun(world, source)
  happen(source, (shop) => {
    settle(shop, ids[0] ?? 0, "SUCCESS", dated)
    settle(shop, ids[1] ?? 0, "FAILURE", dated)
  })
  await sync(world, source)
  expectEqual(world, source)
  expect(
    told(source, "Charge")
      .map(({ data }) => data.status)
      .sort(),
  ).toEqual(["failed", "succeeded"])
})

test("what becomes of orders, drafts and checkouts that are older than the source", async () => {
  const ids = { orders: [0, 0], draft: 0, checkout: 0 }
  const prepare = ({ shop }: Pick<ShopSource, "shop">) =>
    asOf(shop, now() - 300 * DAY, () => {
      ids.orders = [order(shop, {}).id, order(shop, {}).id]
      ids.draft = enterDraft(shop, { total: 4_000, quantity: 2, email: "Draft@example.com" }).id
      ids.checkout = leaveCheckout(shop, { customer: null, lines: [MUG, MUG] }).id
    })
  const source = await shopify.connect(world, { name: "later", history: null, prepare })
  await settled(world, source)
  expectEqual(world, source)
  const before = received(world, source).length
  advance(MINUTE)
  happen(source, (shop) => {
    refund(shop, ids.orders[0] ?? 0, 250)
    cancel(shop, ids.orders[1] ?? 0)
    completeDraft(shop, ids.draft, [MUG])
    recoverCheckout(shop, ids.checkout)
  })
  await sync(world, source)
  expectEqual(world, source)
  // Two refunds with their money, a cancellation, an order with its line and payment: none of what had been told before.
  expect(received(world, source).length - before).toBe(2 * 2 + 1 + 3)
})

test("an order that changes hours after it was told tells nothing but the change", async () => {
  const source = await shopify.connect(world, { name: "parcel", history: "few" })
  await settled(world, source)
  const { id } = happen(source, (shop) => order(shop, { lines: [MUG, MUG], payment: "authorized" }))
  await sync(world, source)
  for (let hour = 0; hour < 3; hour++) await nextRun(world, source)
  const before = received(world, source).length
  happen(source, (shop) => fulfil(shop, id))
  await sync(world, source)
  expect(received(world, source)).toHaveLength(before)
  advance(MINUTE)
  happen(source, (shop) => capture(shop, id))
  await sync(world, source)
  expect(received(world, source)).toHaveLength(before + 1)
  expectEqual(world, source)
})

test("a checkout that is begun now counts as abandoned later, and is told then", async () => {
  const source = await shopify.connect(world, { name: "cart", history: "few" })
  await settled(world, source)
  happen(source, (shop) => leaveCheckout(shop, { customer: null, lines: [MUG], idle: 2 * HOUR }))
  await sync(world, source)
  expect(differences(world, source)).toEqual([])
  const before = told(source, "Abandoned checkouts").length
  advance(2 * HOUR + 11 * MINUTE)
  await sync(world, source)
  expectEqual(world, source)
  expect(told(source, "Abandoned checkouts")).toHaveLength(before + 1)
})

test("payments that are left to another source: what was sent stays, and is not sent again; later ones are not told", async () => {
  const source = await shopify.connect(world, { name: "elsewhere", history: null })
  await settled(world, source)
  const first = happen(source, (shop) => order(shop, {}))
  await sync(world, source)
  expect(told(source, "Charge")).toHaveLength(1)
  const paymentsElsewhere = [{ gateway: "shopify_payments", from: new Date(now()).toISOString().slice(0, 10) }]
  const body = { config: { paymentsElsewhere } }
  await json(call("PATCH", `/sources/${source.id}`, { project: source.project, body }))
  advance(MINUTE)
  happen(source, (shop) => {
    fulfil(shop, first.id)
    order(shop, {})
  })
  await sync(world, source)
  expect([told(source, "Placed order"), told(source, "Charge")].map(({ length }) => length)).toEqual([2, 1])
})

test("a shop that there is not is told as it is connected, and nothing is kept", async () => {
  const wish = {
    ...{ connector: "shopify", name: "Nobody", sync: {}, config: { shop: "nobody.myshopify.com" } },
    credentials: { apiKey: "shpat_00000000000000000000000000000000" },
  }
  const refused = await problem(call("POST", "/sources", { project: "nobody", body: wish }))
  expect(refused).toMatchObject({
    ...{ status: 422, code: "account_unusable" },
    detail: expect.stringContaining("no Shopify shop under this address"),
  })
  expect(await json(call("GET", "/sources", { project: "nobody" }))).toMatchObject({ data: [] })
})

test("a shop that has moved is told as it is connected, with its new address", async () => {
  world.shopify.create({ name: "old-name", options: { movedTo: "new-name" } })
  const wish = {
    ...{ connector: "shopify", name: "Old", sync: {}, config: { shop: "old-name.myshopify.com" } },
    credentials: { apiKey: "shpat_00000000000000000000000000000000" },
  }
  const refused = await problem(call("POST", "/sources", { project: "moved", body: wish }))
  expect(refused).toMatchObject({
    ...{ status: 422, code: "account_moved" },
    detail: expect.stringContaining("moved to new-name.myshopify.com"),
    remedy: expect.stringContaining("Enter the address"),
  })
})

function order(shop: Shop, request: Partial<NewOrder>) {
  return placeOrder(shop, { lines: [MUG], payment: "paid", email: `buyer${shop.counter}@example.com`, ...request })
}
