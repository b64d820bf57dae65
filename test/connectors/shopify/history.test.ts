/** A simulated shop over a year, read by the product as it ships, compared with what really happened there. */
import { describe, expect, test } from "vitest"
import { AUTH_CONFIRM_MS } from "../../../src/source/credentials/checking.ts"
import {
  addCustomer,
  capture,
  changeCustomer,
  fulfil,
  leaveCheckout,
  placeOrder,
  recoverCheckout,
  refund,
  settle,
} from "../../sandbox/shopify/actions.ts"
import { exchangeLine } from "../../sandbox/shopify/edits.ts"
import type { NewLine } from "../../sandbox/shopify/model.ts"
import { ALL_SCOPES } from "../../sandbox/shopify/partner.ts"
import { evolve, runDue, seedShop } from "../../sandbox/shopify/people.ts"
import { asOf } from "../../sandbox/shopify/shop.ts"
import { createReader, differences, expected, expectedPeople, NOW, people, type Reader, told } from "./reader.ts"

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const START = Date.UTC(2025, 5, 1)

const LINE: NewLine = {
  product: null,
  title: "Mug",
  variant: null,
  sku: null,
  vendor: null,
  quantity: 1,
  total: 1_000,
}

function lines(count: number): NewLine[] {
  return [...Array(count).keys()].map(() => LINE)
}

/** Everything since the start date, once each, and the newest state of everybody. */
function expectWhole(reader: Reader, shownBy = reader.clock.now()): void {
  expect(told(reader.items)).toEqual(expected(reader.shop, { from: START, shownBy }))
  expect(differences(reader, { from: START, shownBy })).toEqual([])
  const known = people(reader.items)
  for (const [id, email] of expectedPeople(reader.shop)) expect([id, known.get(id)]).toEqual([id, email])
}

test("a year is told whole, and stays so while the shop goes on", async () => {
  const reader = createReader()
  seedShop(reader.shop, { customers: 300, orders: 900, days: 500 })
  await reader.configure()
  // The points of a standard plan come back a hundred a second.
  await reader.pass(2 * HOUR)
  expectWhole(reader)
  for (let hour = 0; hour < 30; hour++) {
    await reader.pass(40 * MINUTE)
    evolve(reader.shop, 4)
    await reader.pass(20 * MINUTE)
    runDue(reader.shop, reader.clock.now())
  }
  await reader.pass(3 * HOUR)
  expectWhole(reader)
  expect((await reader.view()).lastRun?.state).toBe("succeeded")
})

test("history comes in full pages, lines and payments with their orders", async () => {
  const reader = createReader()
  const counts = seedShop(reader.shop, { customers: 400, orders: 1_000, days: 300 })
  await reader.configure()
  const pages = ["customer", "order", "draft", "checkout"].map((kind) => Math.ceil((counts[kind] ?? 0) / 250))
  const orders = [...reader.shop.tables.order.byId.values()].sort((one, other) => other.created - one.created)
  const amended = [...Array(Math.ceil(orders.length / 250)).keys()].map((page) => {
    const hasMore = orders
      .slice(250 * page, 250 * (page + 1))
      .filter(({ isEdited, lines }) => isEdited || lines.some(({ kind }) => kind === "tip"))
    return Math.ceil(hasMore.length / 20)
  })
  const needed = [...pages, ...amended].reduce((sum, count) => sum + count, 0)
  // One more reads live, and one what an order was refunded so often.
  expect(reader.calls() - needed).toBeLessThanOrEqual(2)
  expectWhole(reader)
})

test("an idle sync is one call and forwards nothing", async () => {
  const reader = createReader()
  seedShop(reader.shop, { customers: 30, orders: 60, days: 100 })
  await reader.configure()
  await reader.pass(2 * HOUR)
  const [calls, items] = [reader.calls(), reader.items.length]
  await reader.sync()
  expect([reader.calls() - calls, reader.items.length - items]).toEqual([1, 0])
})

test("orders with more lines than fit are told to the last line, live and back", async () => {
  const reader = createReader()
  asOf(reader.shop, NOW - 10 * DAY, () => {
    for (let n = 0; n < 20; n++) placeOrder(reader.shop, { lines: lines(150 + n), payment: "paid" })
  })
  await reader.configure()
  placeOrder(reader.shop, { lines: lines(300), payment: "paid" })
  for (let n = 0; n < 15; n++) placeOrder(reader.shop, { lines: lines(160), payment: "failed" })
  await reader.pass(2 * HOUR)
  expectWhole(reader)
})

test("orders with more refunds than fit tell each once, live and back", async () => {
  const reader = createReader()
  const refundOften = () => {
    const row = placeOrder(reader.shop, { lines: lines(2), payment: "failed" })
    for (let n = 0; n < 4; n++) refund(reader.shop, row.id, 100 + n)
  }
  for (let n = 0; n < 220; n++) asOf(reader.shop, NOW - 30 * DAY + n * HOUR, refundOften)
  await reader.configure()
  await reader.pass(HOUR)
  for (let n = 0; n < 15; n++) refundOften()
  await reader.pass(2 * HOUR)
  expectWhole(reader)
})

test("what is exchanged is ordered when it is exchanged, before the source was connected and after", async () => {
  const reader = createReader()
  const [before, after] = [1, 2].map(() =>
    asOf(reader.shop, NOW - 30 * DAY, () => placeOrder(reader.shop, { lines: lines(2), payment: "paid" })),
  )
  const exchange = (row = before) =>
    exchangeLine(reader.shop, row?.id ?? 0, row?.lines[0]?.id ?? 0, { ...LINE, title: "Bowl", total: 1_500 })
  asOf(reader.shop, NOW - 5 * DAY, exchange)
  await reader.configure()
  await reader.pass(HOUR)
  exchange(after)
  await reader.pass(2 * HOUR)
  expectWhole(reader)
  const bowls = reader.items.filter(({ data }) => data?.product === "Bowl")
  expect(bowls.map(({ time, data }) => [time, data?.amount])).toEqual([
    [NOW - 5 * DAY, 15],
    [NOW + HOUR, 15],
  ])
})

test("an order changed for another reason tells nothing again", async () => {
  const reader = createReader()
  await reader.configure()
  const row = placeOrder(reader.shop, { lines: lines(2), payment: "paid" })
  for (let hour = 0; hour < 5; hour++) {
    await reader.pass(HOUR)
    fulfil(reader.shop, row.id)
    placeOrder(reader.shop, { lines: lines(1), payment: "paid" })
    await reader.sync()
    expectWhole(reader)
  }
  refund(reader.shop, row.id, 500)
  await reader.sync()
  expectWhole(reader)
})

describe("what comes later than its own time", () => {
  test.each(["now", "begun"] as const)(
    "a payment that was pending when its order was read, dated %s",
    async (dated) => {
      const reader = createReader()
      const old = asOf(reader.shop, NOW - 9 * DAY, () =>
        placeOrder(reader.shop, { lines: lines(1), payment: "pending" }),
      )
      await reader.configure()
      const young = placeOrder(reader.shop, { lines: lines(1), payment: "pending" })
      await reader.sync()
      await reader.pass(2 * DAY)
      settle(reader.shop, old.id, "SUCCESS", dated)
      settle(reader.shop, young.id, "FAILURE", dated)
      await reader.pass(2 * HOUR)
      fulfil(reader.shop, old.id)
      fulfil(reader.shop, young.id)
      await reader.pass(2 * HOUR)
      expectWhole(reader)
    },
  )

  test("a capture, in parts, of an order from before the start date", async () => {
    const reader = createReader()
    const row = asOf(reader.shop, START - 3 * DAY, () =>
      placeOrder(reader.shop, { lines: lines(4), payment: "authorized" }),
    )
    asOf(reader.shop, START + DAY, () => capture(reader.shop, row.id, 1_000))
    await reader.configure()
    capture(reader.shop, row.id)
    await reader.sync()
    expectWhole(reader)
    expect(told(reader.items)).toHaveLength(2)
  })

  test("a checkout that was left hours after it was begun, and once only however often it changes", async () => {
    const reader = createReader()
    await reader.configure()
    await reader.pass(HOUR)
    const row = leaveCheckout(reader.shop, { customer: null, lines: lines(1), idle: 5 * HOUR })
    await reader.pass(8 * HOUR)
    expectWhole(reader)
    await reader.pass(2 * DAY)
    recoverCheckout(reader.shop, row.id)
    await reader.pass(2 * HOUR)
    expectWhole(reader)
  })

  test("changes that the search shows only minutes later", async () => {
    const reader = createReader()
    await reader.configure()
    reader.sandbox.faults.on({ name: "slow_visibility", options: { seconds: 600 } })
    for (let hour = 0; hour < 4; hour++) {
      await reader.pass(58 * MINUTE)
      evolve(reader.shop, 6)
      await reader.pass(2 * MINUTE)
    }
    await reader.pass(2 * HOUR)
    expectWhole(reader)
  })
})

test("rows of one second are all read, over any number of pages", async () => {
  const reader = createReader()
  reader.sandbox.faults.on({ name: "equal_timestamps", options: { seconds: 3600 } })
  for (let n = 0; n < 300; n++) {
    addCustomer(reader.shop, { email: `p${n}@example.com` })
    asOf(reader.shop, NOW - 5 * DAY, () => placeOrder(reader.shop, { lines: lines(1), payment: "paid" }))
  }
  await reader.configure()
  for (let n = 0; n < 120; n++) placeOrder(reader.shop, { lines: lines(1), payment: "paid" })
  await reader.sync()
  expectWhole(reader)
})

test("what changes between two pages is read, then or with the next sync", async () => {
  const reader = createReader()
  for (let n = 0; n < 600; n++) addCustomer(reader.shop, { email: `p${n}@example.com` })
  const rows = [...Array(600).keys()].map(() => placeOrder(reader.shop, { lines: lines(1), payment: "paid" }))
  for (let n = 1; n < 8; n++) {
    reader.sandbox.shopify.between({
      shop: "example",
      afterRequests: n,
      change: (shop) => {
        const row = rows[n * 60]
        if (row) refund(shop, row.id, 100)
        const [one] = [...shop.tables.customer.byId.keys()].slice(n * 60)
        if (one) changeCustomer(shop, one, { email: `new${n}@example.com` })
      },
    })
  }
  await reader.configure()
  await reader.pass(HOUR)
  await reader.pass(HOUR)
  expectWhole(reader)
})

test("a checkout that was begun before the source was connected, and left after its lists were read, is told", async () => {
  const reader = createReader()
  const begunAt = reader.clock.now() - 2 * HOUR
  asOf(reader.shop, begunAt, () => leaveCheckout(reader.shop, { customer: null, lines: lines(1), idle: 3 * HOUR }))
  await reader.configure()
  await reader.pass(3 * HOUR)
  expect(told(reader.items)).toHaveLength(1)
  expectWhole(reader)
})

test("what happened before the start date is not told, however recent that is", async () => {
  const reader = createReader()
  const startDate = DAY * Math.floor(reader.clock.now() / DAY)
  asOf(reader.shop, startDate - HOUR, () => placeOrder(reader.shop, { lines: lines(1), payment: "paid" }))
  placeOrder(reader.shop, { lines: lines(1), payment: "paid" })
  await reader.configure({ startDate })
  await reader.pass(HOUR)
  expect(told(reader.items)).toEqual(expected(reader.shop, { from: startDate, shownBy: reader.clock.now() }))
})

describe("an order that moves while changes are read", () => {
  /** More than a page of orders above it, so that it would stand on a later page than the first, after which it is changed. */
  const moveBetweenPages = (reader: Reader) => {
    const [row] = [...reader.shop.tables.order.byId.values()]
    reader.sandbox.shopify.between({
      shop: "example",
      afterRequests: 1,
      change: (shop) => void (row && fulfil(shop, row.id)),
    })
    for (let n = 0; n < 300; n++) placeOrder(reader.shop, { lines: lines(1), payment: "paid" })
  }

  test.each([
    ["with the next sync, however old its facts are by then", [50 * MINUTE]],
    ["in the end, though it moves out of two windows running", [50 * MINUTE, 10 * MINUTE]],
  ])("is told %s", async (_title, waits) => {
    const reader = createReader()
    await reader.configure({ intervalHours: 24 })
    placeOrder(reader.shop, { lines: lines(2), payment: "paid" })
    for (const wait of waits) {
      await reader.pass(wait)
      moveBetweenPages(reader)
      await reader.sync()
    }
    await reader.sync()
    expectWhole(reader)
  })

  test("long after it was placed, when nothing was read meanwhile, is told whole", async () => {
    const reader = createReader()
    await reader.configure({ active: false })
    const row = placeOrder(reader.shop, { lines: lines(2), payment: "paid" })
    await reader.pass(3 * DAY)
    fulfil(reader.shop, row.id)
    await reader.pass(3 * DAY)
    await reader.configure({ active: true })
    await reader.pass(3 * HOUR)
    expectWhole(reader)
  })
})

describe("a bucket of points", () => {
  test("that is small slows reading down, and nothing is lost", async () => {
    const reader = createReader({ shop: { bucket: { maximum: 500, rate: 5 } } })
    seedShop(reader.shop, { customers: 40, orders: 400, days: 90 })
    await reader.configure()
    await reader.pass(2 * HOUR)
    expectWhole(reader)
  })

  test("that is charged for every row in full has pages made smaller until they fit", async () => {
    const reader = createReader({ shop: { charging: "inFull" } })
    seedShop(reader.shop, { customers: 40, orders: 300, days: 90 })
    await reader.configure()
    await reader.pass(4 * HOUR)
    expectWhole(reader)
  })

  test("that others have emptied is waited for, as the user can see", async () => {
    const reader = createReader()
    seedShop(reader.shop, { customers: 10, orders: 20, days: 30 })
    reader.sandbox.faults.on({ name: "rate_limit", times: 6, options: { seconds: 3 } })
    await reader.configure()
    await reader.pass(HOUR)
    expectWhole(reader)
  })
})

describe("a credential", () => {
  const without = (...scopes: string[]) => ALL_SCOPES.filter((scope) => !scopes.includes(scope))

  test("without a scope denies its collections, and the others go on", async () => {
    const reader = createReader({ token: { scopes: without("read_orders", "read_all_orders") } })
    seedShop(reader.shop, { customers: 20, orders: 30, days: 30 })
    await reader.configure()
    await reader.pass(2 * HOUR)
    const { collections, lastRun } = await reader.view()
    const denied = collections.filter((one) => one.denied !== null).map(({ name }) => name)
    expect(denied.sort()).toEqual(
      ["Abandoned checkouts", "Charge", "Order cancelled", "Order refunded", "Placed order", "Product ordered"].sort(),
    )
    expect(lastRun?.state).toBe("partial")
    const span = { from: START, shownBy: reader.clock.now(), collections: new Set(["Draft order placed"]) }
    expect(told(reader.items)).toEqual(expected(reader.shop, span))
    expect(people(reader.items).size).toBe(reader.shop.tables.customer.byId.size)
  })

  test("that is given the scope later misses nothing of the time between", async () => {
    const reader = createReader({ token: { scopes: without("read_orders", "read_all_orders") } })
    seedShop(reader.shop, { customers: 20, orders: 30, days: 30 })
    await reader.configure()
    await reader.pass(5 * HOUR)
    evolve(reader.shop, 20)
    await reader.pass(5 * HOUR)
    const { token } = reader.sandbox.shopify.addToken({ shop: "example" })
    await reader.configure({ credential: token, credentialVersion: 2 })
    await reader.pass(5 * HOUR)
    expectWhole(reader)
  })

  test("that is given the scope while nobody looks misses nothing of the time between", async () => {
    const reader = createReader({ token: { scopes: without("read_orders", "read_all_orders") } })
    seedShop(reader.shop, { customers: 20, orders: 30, days: 30 })
    await reader.configure()
    await reader.pass(5 * HOUR)
    evolve(reader.shop, 20)
    await reader.pass(5 * HOUR)
    for (const token of reader.sandbox.shopify.tokens.values()) token.scopes = ALL_SCOPES
    await reader.pass(5 * HOUR)
    expectWhole(reader)
  })

  test("without read_all_orders reads sixty days, and says so", async () => {
    const reader = createReader({ token: { scopes: without("read_all_orders") } })
    seedShop(reader.shop, { customers: 20, orders: 80, days: 300 })
    await reader.configure()
    const orders = reader.shop.tables.order.byId
    const isWanted = ({ order }: { order: number | null }) =>
      order === null || (orders.get(order)?.created ?? 0) >= NOW - 60 * DAY
    expect(told(reader.items)).toEqual(expected(reader.shop, { from: START, shownBy: reader.clock.now(), isWanted }))
    const run = await firstRun(reader)
    expect(run.incomplete.map(({ collection }) => collection)).toContain("Placed order")
    expect(run.incomplete[0]?.reason).toContain("60 days")
  })

  test("without protected data knows people by id, loses none, and says what is kept back", async () => {
    const reader = createReader({ token: { protectedLevel: 1 } })
    seedShop(reader.shop, { customers: 20, orders: 40, days: 30 })
    await reader.configure()
    expect(told(reader.items)).toEqual(expected(reader.shop, { from: START, shownBy: reader.clock.now() }))
    expect(reader.items.every(({ userId }) => /^shopify:example\.myshopify\.com:(\w+:)?\d+$/.test(userId ?? ""))).toBe(
      true,
    )
    expect((await firstRun(reader)).incomplete.map(({ reason }) => reason).join()).toContain("protected customer data")
  })

  test("that is refused stops the source until it is replaced", async () => {
    const reader = createReader()
    await reader.configure()
    for (const token of reader.sandbox.shopify.tokens.keys()) reader.sandbox.shopify.revokeToken(token)
    await reader.sync()
    await reader.pass(AUTH_CONFIRM_MS + MINUTE)
    const { status, error } = await reader.view()
    expect([status, error?.message]).toEqual(["error", expect.stringContaining("access token")])
  })
})

test("a shop that moves while it is read says where to, and how to go on", async () => {
  const reader = createReader()
  seedShop(reader.shop, { customers: 5, orders: 10, days: 30 })
  await reader.configure()
  await reader.pass(HOUR)
  reader.shop.options.movedTo = "new-name"
  await reader.pass(2 * HOUR)
  const { lastRun } = await reader.view()
  expect(lastRun?.state).toBe("failed")
  expect(lastRun?.reason).toMatch(/moved to new-name\.myshopify\.com.*create one for new-name\.myshopify\.com/)
})

test("money in yen and dinars is told in their own units", async () => {
  for (const currency of ["JPY", "KWD"]) {
    const reader = createReader({ shop: { currency } })
    seedShop(reader.shop, { customers: 5, orders: 20, days: 20 })
    await reader.configure()
    expectWhole(reader)
    expect(reader.items.find(({ collection }) => collection === "Charge")?.data?.currency).toBe(currency.toLowerCase())
  }
})

async function firstRun(reader: Reader) {
  const runs = reader.store
    .runs()
    .map(({ body }) => JSON.parse(body) as { kind: string; incomplete: { collection: string; reason: string }[] })
  const run = runs.find(({ kind }) => kind === "initial")
  if (!run) throw new Error("no initial run")
  return run
}
