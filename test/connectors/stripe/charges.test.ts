import { describe, expect, test } from "vitest"
import type { JsonValue } from "../../../src/connectors/kit/item.ts"
import { charge, DAY, event, fed, keys, listed, only, refund, T } from "./objects.ts"

describe("a charge", () => {
  const uncaptured = { captured: false, amount_captured: 0 }
  const byCard = (multicapture: string) => ({
    type: "card",
    card: { brand: "visa", multicapture: { status: multicapture } },
  })

  test.each<[string, Record<string, JsonValue>, string[], number]>([
    ["that succeeded is a payment", {}, ["Charge ch_1:succeeded:1234"], 0],
    ["that failed is a failed payment", { status: "failed", captured: false }, ["Charge ch_1:failed"], 0],
    ["that is pending may still become either", { status: "pending" }, [], 2],
    ["that was authorized is none yet: its capture is told when it is made", uncaptured, [], 0],
    [
      "captured in part, and to be captured further, is told so far",
      { captured: false, amount_captured: 500 },
      ["Charge ch_1:succeeded:500"],
      0,
    ],
    [
      "captured later may be dated otherwise by the feed",
      { balance_transaction: { id: "txn_1", created: T + DAY } },
      ["Charge ch_1:succeeded:1234"],
      1,
    ],
    ["of test money is none", { livemode: false }, [], 0],
    ["of test money that is pending is none", { livemode: false, status: "pending" }, [], 0],
  ])("in a list %s", (_name, fields, told, open) => {
    const result = listed("charges", charge(fields))
    expect(keys(result)).toEqual(told)
    expect(result.pending).toHaveLength(open)
  })

  test.each<[string, Record<string, JsonValue>, string[]]>([
    ["charge.succeeded", {}, ["Charge ch_1:succeeded:1234"]],
    ["charge.succeeded", uncaptured, []],
    ["charge.captured", {}, ["Charge ch_1:succeeded:1234"]],
    ["charge.captured", { payment_method_details: byCard("unavailable") }, ["Charge ch_1:succeeded:1234"]],
    ["charge.captured", { payment_method_details: byCard("available") }, []],
    ["charge.succeeded", { livemode: false }, []],
    ["charge.captured", { livemode: false }, []],
    ["charge.failed", { livemode: false, status: "failed", captured: false }, []],
    ["charge.failed", { status: "failed", captured: false }, ["Charge ch_1:failed"]],
    ["charge.expired", { ...uncaptured, refunded: true }, []],
    ["charge.updated", {}, []],
    ["charge.pending", { status: "pending" }, []],
  ])("announced by %s with %j tells %j", (type, fields, told) => {
    expect(keys(fed(event(type, charge(fields))))).toEqual(told)
  })

  test("is the same fact from list and feed, at the charge's creation", () => {
    const { announcedAt: _, ...fact } = only(listed("charges", charge()))
    const { announcedAt: __, ...fromFeed } = only(fed(event("charge.succeeded", charge())))
    expect(fromFeed).toEqual(fact)
    expect(fact.time).toBe(T * 1000)
  })

  test("captured days after it was authorized is told when it was captured, alike from list and feed", () => {
    const { announcedAt: _, ...fromFeed } = only(
      fed(event("charge.captured", charge(), undefined, { created: T + DAY })),
    )
    const dated = charge({ balance_transaction: { id: "txn_1", created: T + DAY } })
    const { announcedAt: __, ...fromList } = only(listed("charges", dated))
    expect(fromFeed).toEqual(fromList)
    expect(fromFeed).toMatchObject({ time: (T + DAY) * 1000, data: { amount: 12.34 } })
  })

  test.each(["sepa_debit", "us_bank_account"])("by %s is of its creation, whenever the bank paid", (type) => {
    const debit = charge({
      payment_method_details: { type },
      balance_transaction: { id: "txn_1", created: T + 3 * DAY },
    })
    expect(only(listed("charges", debit)).time).toBe(T * 1000)
    expect(only(fed(event("charge.succeeded", debit, undefined, { created: T + 3 * DAY }))).time).toBe(T * 1000)
  })

  test("captured in parts is one payment for each part, with what it added; a list tells the sum once", () => {
    const part = (sum: number, before: number, days: number, fields = {}) => {
      const object = charge({ amount: 3000, amount_captured: sum, captured: sum === 3000, ...fields })
      return fed(event("charge.updated", object, { amount_captured: before }, { created: T + days * DAY }))
    }
    const parts = [part(500, 0, 1), part(1500, 500, 2), part(3000, 1500, 3)].map(only)
    expect(parts.map(({ key, time, data }) => [key, time / 1000, data?.amount])).toEqual([
      ["ch_1:succeeded:500", T + DAY, 5],
      ["ch_1:succeeded:1500", T + 2 * DAY, 10],
      ["ch_1:succeeded:3000", T + 3 * DAY, 15],
    ])
    const last = { amount: 3000, amount_captured: 3000, balance_transaction: { id: "txn_3", created: T + 3 * DAY } }
    expect(only(listed("charges", charge(last)))).toMatchObject({ key: "ch_1:succeeded:3000", data: { amount: 30 } })
  })

  test.each<[string, Record<string, JsonValue>]>([
    ["of its balance transaction", { balance_transaction: null }],
    ["of its description", { description: "Order 1" }],
    ["that takes nothing more", { amount_captured: 1234 }],
    ["from more to less", { amount_captured: 2000 }],
  ])("is not told by an update %s", (_name, previous) => {
    expect(keys(fed(event("charge.updated", charge(), previous)))).toEqual([])
  })

  test("is told with the captured amount in major units", () => {
    expect(only(listed("charges", charge({ amount: 1000, amount_captured: 700 }))).data).toMatchObject({
      type: "payment",
      status: "succeeded",
      amount: 7,
      currency: "usd",
      charge: "ch_1",
      customer: "cus_1",
    })
  })

  test.each([
    [500, "jpy", 500],
    [5120, "kwd", 5.12],
    [500, "isk", 5],
    [500, "ugx", 5],
    [500, "mga", 500],
    [1000, "huf", 10],
    [1000, "twd", 10],
  ])("of %i in %s is %d", (minor, currency, amount) => {
    expect(only(listed("charges", charge({ amount: minor, amount_captured: minor, currency }))).data?.amount).toBe(
      amount,
    )
  })

  test("that failed carries the amount tried and why it failed", () => {
    const declined = { status: "failed", captured: false, amount_captured: 0, failure_code: "card_declined" }
    expect(only(listed("charges", charge(declined))).data).toMatchObject({
      status: "failed",
      amount: 12.34,
      failure_code: "card_declined",
    })
  })

  test("closes what can no longer become true", () => {
    expect(fed(event("charge.succeeded", charge())).closed).toEqual([{ collection: "Charge", key: "ch_1:failed" }])
    const declined = charge({ status: "failed", captured: false, amount_captured: 0 })
    expect(fed(event("charge.failed", declined)).closed).toEqual([{ collection: "Charge", key: "ch_1:succeeded:1234" }])
  })

  test.each<[string, Record<string, JsonValue>, string]>([
    ["amount", { amount: null, amount_captured: null }, "the record has no number in amount"],
    ["currency", { currency: null }, "the record has no currency"],
    ["creation", { created: null }, "the record has no number in created"],
    ["status", { status: null }, "the record has no status"],
  ])("without %s is refused, and the reason names it", (_name, fields, reason) => {
    expect(listed("charges", charge(fields)).rejects.map((reject) => reject.reason)).toEqual([reason])
  })
})

describe("who paid", () => {
  const expanded = { id: "cus_1", object: "customer", email: "Expanded@Example.com" }
  const guest = { customer: null, receipt_email: null, billing_details: { email: null } }
  const withRefund = (fields: Record<string, JsonValue>) => charge({ ...fields, refunds: { data: [refund()] } })
  const billed = { billing_details: { email: "Billing@Example.com" }, receipt_email: "receipt@example.com" }

  test.each<[string, Record<string, JsonValue>, string]>([
    ["is the customer, by id", {}, "cus_1"],
    ["is the customer, by id, where it comes whole", { customer: expanded }, "cus_1"],
    ["is a deleted customer, by id", { customer: { id: "cus_1", deleted: true } }, "cus_1"],
    ["is an account in a customer's place", { customer: null, customer_account: "acct_9" }, "acct_9"],
    ["is a guest by the billing email", { ...guest, ...billed }, "billing@example.com"],
    ["then by the receipt's", { ...guest, receipt_email: "Receipt@Example.com" }, "receipt@example.com"],
    ["then as the charge itself", guest, "ch_1"],
    ["who typed something else for an email is the charge itself", { ...guest, receipt_email: "n/a" }, "ch_1"],
  ])("%s, from list and feed", (_name, fields, person) => {
    expect(only(listed("charges", charge(fields))).userId).toBe(person)
    expect(only(fed(event("charge.succeeded", charge(fields)))).userId).toBe(person)
    expect(only(listed("refunds", refund({ charge: charge(fields) }))).userId).toBe(person)
  })

  test.each<[string, Record<string, JsonValue>, true | undefined]>([
    ["a customer", {}, undefined],
    ["an account in a customer's place", { customer: null, customer_account: "acct_9" }, undefined],
    ["a guest with an email", { ...guest, ...billed }, undefined],
    ["a guest without one", guest, true],
  ])("%s with %j: anonymous is %j", (_name, fields, anonymous) => {
    const failed = { ...fields, status: "failed", captured: false }
    const items = [
      only(listed("charges", charge(fields))),
      only(fed(event("charge.succeeded", charge(fields)))),
      only(listed("charges", charge(failed))),
      only(listed("refunds", refund({ charge: charge(fields) }))),
      only(fed(event("charge.refunded", withRefund(fields), undefined, { api_version: "2020-08-27" }))),
    ]
    expect(items.map(({ data }) => data?.anonymous)).toEqual(items.map(() => anonymous))
  })
})
