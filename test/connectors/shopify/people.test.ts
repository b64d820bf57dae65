/** Persons, customers, checkouts and drafts: who it is, and what may be told of the past. */
import { describe, expect, test } from "vitest"
import type { NormalizeContext } from "../../../src/connectors/kit/define.ts"
import type { Config } from "../../../src/connectors/shopify/shape.ts"
import { at, checkout, customer, DAY, draftOrder, HOUR, idOf, money, type Node, order, refund, T } from "./objects.ts"
import { itemsOf, live } from "./told.ts"

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
