/** How the connector reads several lists at once, page by page. */
import { describe, expect, test } from "vitest"
import { type PageContext, ShapeError } from "../../../src/connectors/kit/define.ts"
import type { JsonValue } from "../../../src/connectors/kit/item.ts"
import { toItems } from "../../../src/connectors/kit/to-items.ts"
import type { Config } from "../../../src/connectors/shopify/shape.ts"
import { shopify } from "../../../src/connectors/shopify.ts"
import {
  agreement,
  answer,
  at,
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
  pageContext,
  reading,
  requestOf,
  SECOND,
  sale,
  streamOf,
  T,
  transaction,
} from "./objects.ts"

const live = streamOf("changes")

const EMPTY: Node = {
  customers: listed([]),
  orders: listed([]),
  draftOrders: listed([]),
  abandonedCheckouts: listed([]),
}

function pageOf(data: JsonValue, changes: Partial<PageContext<Config>> = {}, stream = live) {
  return stream.page(answer({ data }), pageContext(changes, stream))
}

function asked(pageToken: string | null, changes: Partial<PageContext<Config>> = {}, stream = live) {
  return requestOf(stream, pageContext({ pageToken, ...changes }, stream))
}

describe("live reading", () => {
  test("asks for everything new at once, newest change first, and is done when there is nothing", () => {
    const { query, variables } = asked(null)
    expect(query.match(/sortKey: (\w+), reverse: true/g)).toEqual([
      "sortKey: UPDATED_AT, reverse: true",
      "sortKey: UPDATED_AT, reverse: true",
      "sortKey: UPDATED_AT, reverse: true",
      "sortKey: CREATED_AT, reverse: true",
    ])
    for (const name of ["customers", "orders", "draftOrders", "abandonedCheckouts"])
      expect(variables[`${name}Query`]).toBe(`updated_at:>='${at(T)}'`)
    expect(pageOf(EMPTY)).toMatchObject({ records: [], next: null })
  })

  test("asks only for lists that feed a chosen collection", () => {
    const { query } = asked(null, { collections: new Set(["Customers", "Charge"]) })
    expect(query).toContain("customers(")
    expect(query).toContain("orders(")
    expect(query).not.toContain("draftOrders(")
    expect(query).not.toContain("abandonedCheckouts(")
  })

  test("asks for the emails of customers that are not chosen, by which older records are joined", () => {
    const { query } = asked(null, { collections: new Set(["Charge"]) })
    expect(query).toContain("...CustomerEmail")
    expect(query).not.toContain("CustomerParts")
    const back = requestOf(streamOf("orders"), pageContext({ collections: new Set(["Charge"]) }, streamOf("orders")))
    expect(back.query).not.toContain("customers(")
  })

  test("goes on only with lists that have more, from where each stands", () => {
    const next = pageOf({
      ...EMPTY,
      customers: listed([customer()], "c1"),
      draftOrders: listed([draftOrder()], "d1"),
    }).next
    const { query, variables } = asked(next)
    expect(variables).toMatchObject({ customersAfter: "c1", draftOrdersAfter: "d1" })
    expect(query).not.toContain("orders(first")
    const last = pageOf({ customers: listed([]), draftOrders: listed([draftOrder()], "d2") }, { pageToken: next })
    expect(asked(last.next).variables).toMatchObject({ draftOrdersAfter: "d2", draftOrdersFirst: 250 })
    expect(pageOf({ draftOrders: listed([]) }, { pageToken: last.next }).next).toBeNull()
  })

  test("bounds are whole seconds that take in fractions which Shopify keeps and does not show", () => {
    const { variables } = asked(null, { window: { from: T + 700, to: T + HOUR + 1 } })
    expect(variables.ordersQuery).toBe(`updated_at:>='${at(T)}' updated_at:<'${at(T + HOUR + SECOND)}'`)
    // Not what changed only later: it is read by a later window.
    expect(variables.abandonedCheckoutsQuery).toBe(`updated_at:>='${at(T)}'`)
  })

  test("stops where rows are older than the window, should the search be coarser than asked", () => {
    const old = customer({ id: "gid://shopify/Customer/12", updatedAt: at(T - SECOND) })
    const page = pageOf({ ...EMPTY, customers: listed([customer(), old], "c1") })
    expect(page.records.map(({ id }) => id)).toEqual(["gid://shopify/Customer/11"])
    expect(page.next).toBeNull()
  })

  test("reads on past old checkouts, which do not come in the order of their change", () => {
    const old = checkout({ id: "gid://shopify/AbandonedCheckout/82", updatedAt: at(T - SECOND) })
    const page = pageOf({ ...EMPTY, abandonedCheckouts: listed([checkout(), old], "a1") })
    expect(page.records).toHaveLength(1)
    expect(asked(page.next).variables).toMatchObject({ abandonedCheckoutsAfter: "a1" })
  })

  test("ends a page with the row down to which every list that goes on has been read", () => {
    const at4 = order({ id: "gid://shopify/Order/24", updatedAt: at(T + 4 * HOUR) })
    const at3 = customer({ updatedAt: at(T + 3 * HOUR) })
    const at1 = draftOrder({ updatedAt: at(T + HOUR) })
    const page = pageOf({
      ...EMPTY,
      customers: listed([at3], "c"),
      orders: listed([at4]),
      draftOrders: listed([at1], "d"),
    })
    expect(page.records.at(-1)?.time).toBe(T + 3 * HOUR)
    expect(page.records).toHaveLength(3)
  })

  test("begins a list anew before Shopify stops paging, the last second included", () => {
    const pageToken = JSON.stringify({
      open: { customers: { after: "c", rows: 19_999, below: null } },
      rest: [],
      edge: null,
      denied: [],
    })
    const next = pageOf({ customers: listed([customer()], "c2") }, { pageToken }).next
    const { variables } = asked(next)
    expect(variables).toMatchObject({ customersAfter: null })
    expect(variables.customersQuery).toBe(`updated_at:>='${at(T)}' updated_at:<'${at(T + HOUR + SECOND)}'`)
    const again = JSON.stringify({
      open: { customers: { after: "c", rows: 19_999, below: T + HOUR + SECOND } },
      rest: [],
      edge: null,
      denied: [],
    })
    const stuck = pageOf({ customers: listed([customer()], "c3") }, { pageToken: again }).next
    expect(asked(stuck).variables).toMatchObject({ customersAfter: "c3" })
  })

  test("has the same token where a page ends where it began: the reading stops there", () => {
    const page = { ...EMPTY, orders: listed([order()], "o1") }
    const { next } = pageOf(page)
    expect(pageOf(page, { pageToken: next }).next).toBe(next)
    expect(pageOf({ ...EMPTY, orders: listed([order()], "o2") }, { pageToken: next }).next).not.toBe(next)
  })

  test("asks for smaller pages where an answer was too large", () => {
    expect(asked(null).variables).toMatchObject({ customersFirst: 100, ordersFirst: 100, ordersLines: 148 })
    const { variables } = asked(null, { pageSize: live.pageSize / 2 })
    expect(variables).toMatchObject({ customersFirst: 50, ordersFirst: 50, ordersLines: 74 })
    expect(asked(null, { pageSize: 1 }).variables).toMatchObject({ customersFirst: 1, ordersFirst: 1, ordersLines: 1 })
  })

  test("takes an answer that leaves out a list for no answer", () => {
    expect(() => pageOf({ ...EMPTY, orders: null })).toThrow(ShapeError)
    expect(() => pageOf({ ...EMPTY, orders: listed([{ id: "gid://shopify/Order/1" }]) })).toThrow(ShapeError)
  })
})

describe("an order that does not fit into its page", () => {
  const many = (count: number) => [...Array(count).keys()].map((n) => line({ id: `gid://shopify/LineItem/${100 + n}` }))
  const big = (id: number, hour: number) =>
    order({
      id: `gid://shopify/Order/${id}`,
      updatedAt: at(T + hour * HOUR),
      lineItems: connection(many(5), `lines-${id}`),
    })

  test("is completed by pages of its own, several orders at once, before anything else is read", () => {
    const first = pageOf({ ...EMPTY, orders: listed([big(3, 3), big(2, 2)], "o1") })
    const { query, variables } = asked(first.next)
    expect(query).not.toContain("customers(")
    expect(variables).toEqual({
      lines: 250,
      id0: "gid://shopify/Order/3",
      id1: "gid://shopify/Order/2",
      after0: "lines-3",
      after1: "lines-2",
    })
    const rest = { ...big(3, 3), originalTotalPriceSet: null, lineItems: connection(many(7), "lines-3b") }
    const second = pageOf({ o0: rest, o1: { ...big(2, 2), lineItems: connection(many(2)) } }, { pageToken: first.next })
    expect(second.records).toHaveLength(2)
    expect(asked(second.next).variables).toMatchObject({ id0: "gid://shopify/Order/3", after0: "lines-3b", lines: 250 })
    const smaller = { token: first.next, pageSize: live.pageSize / 20 }
    expect(asked(smaller.token, smaller).variables).toEqual({
      lines: 12,
      id0: "gid://shopify/Order/3",
      after0: "lines-3",
    })
    const third = pageOf({ o0: { ...big(3, 3), lineItems: connection([]) } }, { pageToken: second.next })
    expect(asked(third.next).variables).toMatchObject({ ordersAfter: "o1" })
  })

  test("keeps the page's end at the order that is not complete", () => {
    const page = pageOf({ ...EMPTY, orders: listed([big(3, 3), order({ updatedAt: at(T + HOUR) })], "o1") })
    expect(page.records.at(-1)?.id).toBe("gid://shopify/Order/3")
  })

  test("has its transactions and refunds read whole, where their lists are full", () => {
    const paid = order({
      transactions: [...Array(7).keys()].map((n) => transaction({ id: `gid://shopify/OrderTransaction/${n}` })),
    })
    const { next } = pageOf({ ...EMPTY, orders: listed([paid]) })
    const { query, variables } = asked(next)
    expect(variables).toEqual({ id0: "gid://shopify/Order/21" })
    expect(query).toContain("transactions(first: 30)")
    expect(pageOf({ o0: paid }, { pageToken: next }).next).toBeNull()
    const more = [...Array(30).keys()].map((n) => transaction({ id: `gid://shopify/OrderTransaction/${n}` }))
    const again = pageOf({ o0: { ...paid, transactions: more } }, { pageToken: next }).next
    expect(asked(again).query).toContain("transactions(first: 200)")
    expect(pageOf({ o0: { ...paid, transactions: more } }, { pageToken: again })).not.toHaveProperty("untold")
    const most = [...Array(200).keys()].map((n) => transaction({ id: `gid://shopify/OrderTransaction/${n}` }))
    const last = pageOf({ o0: { ...paid, transactions: most } }, { pageToken: again })
    expect(last.next).toBeNull()
    expect(last.incomplete?.map(({ collection, reason }) => [collection, /first 200 payments/.test(reason)])).toEqual([
      ["Charge", true],
      ["Order refunded", true],
    ])
  })

  test("ends its page early where a token could not name all that is left", () => {
    const orders = [...Array(90).keys()].map((n) => ({
      ...big(100 + n, 3),
      lineItems: connection(many(5), "c".repeat(60)),
    }))
    const page = pageOf({ ...EMPTY, orders: listed(orders, "o90") })
    expect(page.records.length).toBeLessThan(40)
    expect(page.next?.length).toBeLessThan(4000)
    const { open } = JSON.parse(page.next ?? "") as { open: { orders: { after: string } } }
    expect(open.orders.after).toBe(`c${page.records.length - 1}`)
  })

  test("is left as it is where nobody wants to know", () => {
    const { next } = pageOf({ ...EMPTY, orders: listed([big(3, 3)]) }, { collections: new Set(["Placed order"]) })
    expect(next).toBeNull()
  })

  test("may be gone by then", () => {
    const { next } = pageOf({ ...EMPTY, orders: listed([big(3, 3)]) })
    expect(pageOf({ o0: null }, { pageToken: next })).toMatchObject({ records: [], next: null })
    expect(() => pageOf({}, { pageToken: next })).toThrow(ShapeError)
  })

  test("tells of its further lines only what is new", () => {
    const more = { ...order(), lineItems: connection([line({ id: "gid://shopify/LineItem/49" })]) }
    for (const name of ["originalTotalPriceSet", "transactions", "refunds", "cancelledAt"]) delete (more as Node)[name]
    const record = { id: "gid://shopify/Order/21", time: T, body: more as JsonValue }
    const { items, rejects } = toItems(shopify, live, record, reading(), {})
    expect(rejects).toEqual([])
    expect(items.map(({ collection, key }) => [collection, key])).toEqual([["Product ordered", "49:ordered"]])
  })
})

describe("an order that was edited or tipped", () => {
  const edited = (id: number, changes: Node = {}) =>
    order({ id: `gid://shopify/Order/${id}`, edited: true, lineItems: connection([line()], "more"), ...changes })
  const agreements = (nodes: JsonValue[], hasNextPage = false) => ({
    edges: nodes.map((node, index) => ({ cursor: `a${index}`, node })),
    pageInfo: { hasNextPage },
  })
  const answered = (...nodes: JsonValue[]) => ({ orders: { nodes } })
  const sold = (endCursor: string | null = null) => agreement("ORDER", at(T + HOUR), [sale()], endCursor)

  test("has its agreements read instead of its lines, several orders at once", () => {
    const tipped = order({ id: "gid://shopify/Order/4", totalTipReceivedSet: money("2.00") })
    const { next } = pageOf({ ...EMPTY, orders: listed([edited(3), tipped, order({})]) })
    const { query, variables } = asked(next)
    expect(query).toContain("orders(first: $orders, query: $query)")
    expect(variables).toEqual({ agreements: 4, sales: 20, orders: 2, query: "id:3 OR id:4" })
    const whole = answered(
      { ...tipped, agreements: agreements([]) },
      { ...edited(3), agreements: agreements([sold()]) },
    )
    expect(pageOf(whole, { pageToken: next })).toMatchObject({ records: { length: 2 }, next: null })
  })

  test("that the search does not find is asked for by itself, and may be gone", () => {
    const { next } = pageOf({ ...EMPTY, orders: listed([edited(3), edited(4)]) })
    const page = pageOf(answered({ ...edited(4), agreements: agreements([sold()]) }), { pageToken: next })
    expect(page.records).toHaveLength(1)
    expect(asked(page.next).variables).toMatchObject({ id0: "gid://shopify/Order/3", after0: null, sales0: null })
    expect(pageOf({ o0: null }, { pageToken: page.next })).toMatchObject({ records: [], next: null })
    expect(() => pageOf({}, { pageToken: next })).toThrow(ShapeError)
  })

  test("has all of them read, and all that each sold", () => {
    const { next } = pageOf({ ...EMPTY, orders: listed([edited(3)]) })
    const more = pageOf(answered({ ...edited(3), agreements: agreements([sold(), sold()], true) }), { pageToken: next })
    expect(asked(more.next).variables).toMatchObject({ agreements: 4, after0: "a1", sales0: null })
    const cut = pageOf(answered({ ...edited(3), agreements: agreements([sold(), sold("s20"), sold()]) }), {
      pageToken: next,
    })
    expect(asked(cut.next).variables).toMatchObject({ agreements: 1, sales: 250, after0: "a0", sales0: "s20" })
    const rest = pageOf({ o0: { ...edited(3), agreements: agreements([sold()], true) } }, { pageToken: cut.next })
    expect(asked(rest.next).variables).toMatchObject({ agreements: 4, after0: "a0", sales0: null })
  })

  test("between two pages of its lines is read by its agreements", () => {
    const plain = order({ id: "gid://shopify/Order/3", lineItems: connection([line()], "l1") })
    const { next } = pageOf({ ...EMPTY, orders: listed([plain]) })
    const then = pageOf({ o0: { ...plain, edited: true, lineItems: connection([line()], "l2") } }, { pageToken: next })
    expect(asked(then.next).query).toContain("query Sold")
  })

  test("is left as it is where nobody wants to know of products", () => {
    const { next } = pageOf({ ...EMPTY, orders: listed([edited(3)]) }, { collections: new Set(["Placed order"]) })
    expect(next).toBeNull()
  })
})

describe("what the credential may not read", () => {
  const denied = (path: JsonValue[], message = "Access denied") => ({
    message,
    path,
    extensions: { code: "ACCESS_DENIED", documentation: "https://shopify.dev/api/usage/access-scopes" },
  })
  const page = (body: JsonValue, changes: Partial<PageContext<Config>> = {}) =>
    live.page(answer(body), pageContext(changes))

  test("is reported, and the rest is asked for again without it", () => {
    const refused = page({ data: null, errors: [denied(["orders"]), denied(["abandonedCheckouts"])] })
    expect(refused.records).toEqual([])
    expect(refused.denied?.map(({ collection }) => collection).sort()).toEqual(
      ["Abandoned checkouts", "Charge", "Order cancelled", "Order refunded", "Placed order", "Product ordered"].sort(),
    )
    const { query } = asked(refused.next)
    expect(query).toContain("customers(")
    expect(query).not.toContain("orders(first: $orders")
    const rest = page({ data: { customers: listed([]), draftOrders: listed([]) } }, { pageToken: refused.next })
    expect(rest.next).toBeNull()
    expect(rest.denied).toHaveLength(6)
  })

  test("may be everything", () => {
    const names = ["customers", "orders", "draftOrders", "abandonedCheckouts"]
    const refused = page({ data: null, errors: names.map((name) => denied([name])) })
    expect(refused).toMatchObject({ records: [], next: null })
    expect(refused.denied).toHaveLength(8)
  })

  test.each<[string, JsonValue[], JsonValue]>([
    ["itself", ["o0"], { o0: null }],
    ["in a field that it cannot be without", ["o0", "lineItems"], { o0: null }],
    ["with all of the answer", ["o0"], null],
  ])("may be an order of which a part has been read, %s: other lists go on", (_, path, data) => {
    const long = order({ lineItems: connection([line()], "l1") })
    const { next } = pageOf({ ...EMPTY, customers: listed([customer()], "c1"), orders: listed([long], "o1") })
    const refused = page({ data, errors: [denied(path)] }, { pageToken: next })
    expect(refused.records).toEqual([])
    expect(refused.denied?.map(({ collection }) => collection)).toContain("Product ordered")
    const { query, variables } = asked(refused.next)
    expect(variables).toMatchObject({ customersAfter: "c1" })
    expect(query).not.toContain("orders(first: $orders")
  })

  test("may be amended orders that are read together, whatever page of them", () => {
    const amended = order({ edited: true })
    const { next } = pageOf({ ...EMPTY, customers: listed([customer()], "c1"), orders: listed([amended], "o1") })
    expect(asked(next).query).toContain("agreements(")
    const refused = page({ data: null, errors: [denied(["orders"])] }, { pageToken: next })
    expect(refused.denied?.map(({ collection }) => collection)).toContain("Product ordered")
    expect(asked(refused.next).variables).toMatchObject({ customersAfter: "c1" })
  })

  test("in single fields is said once, and the rows are taken", () => {
    const withheld = [
      [0, "email"],
      [0, "customer"],
      [1, "customer"],
    ] as const
    const errors = withheld.map(([row, field]) => denied(["orders", "nodes", row, field]))
    const read = page({ data: { ...EMPTY, orders: listed([order({ customer: null })]) }, errors })
    expect(read.records).toHaveLength(1)
    expect(read.incomplete?.filter(({ collection }) => collection === "Placed order")).toHaveLength(1)
    expect(read.incomplete?.[0]?.reason).toMatch(/: customer, email$/)
  })

  test("is not taken for what there is not: nothing is said to have been removed", () => {
    const bare = customer({ firstName: null, lastName: null, tags: [] })
    const errors = [denied(["customers", "edges", 0, "node", "firstName"])]
    const [record] = page({ data: { ...EMPTY, customers: listed([bare]) }, errors }).records
    const [state] = record ? toItems(shopify, live, record, reading(), {}).items : []
    expect(state?.cleared).toEqual({ shopify_lastName: "text", shopify_tags: "text" })
  })

  test("of a customer leaves their id, by which the order is told then", () => {
    const unnamed = order({ customer: { id: "gid://shopify/Customer/11", defaultEmailAddress: null }, email: null })
    const errors = [
      denied(["orders", "edges", 0, "node", "email"]),
      denied(["orders", "edges", 0, "node", "customer", "defaultEmailAddress"]),
    ]
    const [record] = page({ data: { ...EMPTY, orders: listed([unnamed]) }, errors }).records
    const [placed] = record ? toItems(shopify, live, record, reading(), {}).items : []
    expect([placed?.userId, placed?.data?.anonymous]).toEqual([idOf("11"), undefined])
  })
})

describe("reading back", () => {
  const orders = streamOf("orders")
  const range = { from: T, to: T + DAY }
  const scopes = (...handles: string[]) => ({
    currentAppInstallation: { accessScopes: handles.map((handle) => ({ handle })) },
    orders: listed([]),
  })

  test("goes by creation, which does not change", () => {
    const back = (name: string) => asked(null, { window: range }, streamOf(name))
    expect(back("customers").query).toContain("sortKey: CREATED_AT, reverse: true")
    expect(back("draftOrders").query).toContain("sortKey: ID, reverse: true")
    expect(back("draftOrders").variables.draftOrdersQuery).toBe(`created_at:>='${at(T)}' created_at:<'${at(T + DAY)}'`)
    expect(back("customers").variables.customersQuery).toBe(
      `customer_date:>='${at(T)}' customer_date:<'${at(T + DAY)}'`,
    )
  })

  test("finds what came late of old orders, and leaves out orders that have not changed since", () => {
    const { variables } = asked(null, { window: { from: null, to: T + DAY }, range }, orders)
    expect(variables.ordersQuery).toBe(`created_at:<'${at(T + DAY)}' updated_at:>='${at(T)}'`)
  })

  test.each([
    ["sixty days are enough", T + DAY - 60 * DAY, [], 0],
    ["more are asked for than shown", T + DAY - 61 * DAY, ["read_orders"], 5],
    ["the scope is there", T - 300 * DAY, ["read_orders", "read_all_orders"], 0],
  ])("says that old orders are not shown: %s", (_title, from, handles, notes) => {
    const ctx = { window: { from: null, to: T }, range: { from, to: T } }
    expect(asked(null, ctx, orders).query).toContain("accessScopes")
    expect(pageOf(scopes(...(handles as string[])), ctx, orders).incomplete ?? []).toHaveLength(notes)
  })
})
