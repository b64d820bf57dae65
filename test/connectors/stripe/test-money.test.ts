/** Test payments that the user lets count: the charges of live ones, marked, by whichever way they come. */
import { describe, expect, test } from "vitest"
import type { Item, JsonValue } from "../../../src/connectors/kit/item.ts"
import { COUNTED, charge, DAY, event, fed, keys, listed, only, pageContext, refund, streamOf, T } from "./objects.ts"

type Fields = Record<string, JsonValue>

const TEST: Fields = { livemode: false }
const IN_TEST_MODE = { ...COUNTED, account: { id: "acct_1", name: "Acme", mode: "test" } } as const
const LISTED_AT = (T + 40 * DAY) * 1000
const ONCE = { time: T * 1000, version: T * 1000 }
const FAILED: Fields = { status: "failed", captured: false, amount_captured: 0, failure_code: "card_declined" }

const feed = streamOf("events")

/** What a page of the feed leaves to be asked for. */
function asked(event: Fields, changes = {}) {
  const answer = { body: { object: "list", data: [event], has_more: false }, headers: new Headers() }
  const ctx = pageContext(changes)
  return feed.lookup?.requests(feed.page(answer, ctx).records, ctx)
}

describe("test payments that count", () => {
  const payment: Item = {
    userId: "cus_1",
    collection: "Charge",
    kind: "event",
    key: "ch_1:succeeded:1234",
    ...ONCE,
    announcedAt: T * 1000,
    data: {
      ...{ type: "payment", status: "succeeded", amount: 12.34, currency: "usd" },
      ...{ charge: "ch_1", customer: "cus_1", test: true },
    },
  }
  const moneyBack: Item = {
    userId: "cus_1",
    collection: "Charge",
    kind: "event",
    key: "re_1:succeeded",
    ...ONCE,
    announcedAt: T * 1000,
    data: {
      ...{ type: "refund", status: "succeeded", amount_refunded: 5, currency: "usd" },
      ...{ refund: "re_1", charge: "ch_1", customer: "cus_1", test: true },
    },
  }
  const paid = charge(TEST)
  const looked = { ...COUNTED, followed: [{ object: "list", data: [refund({ charge: paid })], has_more: false }] }
  const V2020 = { ...TEST, api_version: "2020-08-27" }
  const embedding = charge({ ...TEST, amount_refunded: 500, refunds: { object: "list", data: [refund()] } })

  test.each<[string, Item, () => Item]>([
    ["a payment, of the feed", payment, () => only(fed(event("charge.succeeded", paid, undefined, TEST), COUNTED))],
    ["a capture, of the feed", payment, () => only(fed(event("charge.captured", paid, undefined, TEST), COUNTED))],
    ["a payment, of the list", { ...payment, announcedAt: LISTED_AT }, () => only(listed("charges", paid, COUNTED))],
    [
      "a refund that was looked up",
      moneyBack,
      () => only(fed(event("refund.created", refund(), undefined, TEST), looked)),
    ],
    [
      "a refund that its charge's event holds",
      moneyBack,
      () => only(fed(event("charge.refunded", embedding, { amount_refunded: 0 }, V2020), COUNTED)),
    ],
    [
      "a refund, of the list",
      { ...moneyBack, announcedAt: LISTED_AT },
      () => only(listed("refunds", refund({ charge: paid }), IN_TEST_MODE)),
    ],
  ])("are told of %s", (_what, expected, told) => {
    expect(told()).toEqual(expected)
  })

  test("are told when they fail, and wait while they are pending", () => {
    const failure = { status: "failed", amount: 12.34, failure_code: "card_declined", test: true }
    for (const told of [
      listed("charges", charge({ ...TEST, ...FAILED }), COUNTED),
      fed(event("charge.failed", charge({ ...TEST, ...FAILED }), undefined, TEST), COUNTED),
    ])
      expect(only(told).data).toMatchObject(failure)
    const pending = listed("charges", charge({ ...TEST, status: "pending" }), COUNTED)
    expect([keys(pending), pending.pending.map(({ key }) => key)]).toEqual([[], ["ch_1:succeeded:1234", "ch_1:failed"]])
    const open = listed("refunds", refund({ status: "pending", charge: paid }), COUNTED)
    expect(open.pending.map(({ key }) => key)).toEqual(["re_1:succeeded", "re_1:failed"])
  })

  test("are told of a refund without a charge by the account's mode", () => {
    const ofBalance = refund({ charge: null, customer: "cus_9" })
    expect(only(listed("refunds", ofBalance, IN_TEST_MODE)).data).toMatchObject({ amount_refunded: 5, test: true })
  })

  test("are asked for where the feed leaves open who paid, and not where they do not count", () => {
    const created = event("refund.created", refund(), undefined, TEST)
    expect(asked(created, COUNTED)).toMatchObject([{ path: "/v1/refunds", query: { charge: "ch_1" } }])
    expect(asked(created)).toEqual([])
  })
})

test("a live payment is the same whether test payments count or not", () => {
  const paid = event("charge.succeeded", charge())
  expect(only(fed(paid, COUNTED))).toEqual(only(fed(paid)))
  expect(only(listed("charges", charge(), COUNTED))).toEqual(only(listed("charges", charge())))
  expect(only(listed("charges", charge(), COUNTED)).data).not.toHaveProperty("test")
})
