import { describe, expect, test } from "vitest"
import type { JsonValue } from "../../src/connectors/kit/item.ts"
import { charge, event, fed, keys, listed, only, T } from "../support/stripe-objects.ts"

describe("a charge", () => {
  const uncaptured = { captured: false, amount_captured: 0 }

  test.each<[string, Record<string, JsonValue>, string[], number]>([
    ["that succeeded is a payment", {}, ["Charge ch_1:succeeded"], 0],
    ["that failed is a failed payment", { status: "failed", captured: false }, ["Charge ch_1:failed"], 0],
    ["that is pending may still become either", { status: "pending" }, [], 2],
    ["that was authorized may still be captured", uncaptured, [], 2],
    ["whose authorization was released will never be", { ...uncaptured, refunded: true }, [], 0],
  ])("in a list %s", (_name, fields, told, open) => {
    const result = listed("charges", charge(fields))
    expect(keys(result)).toEqual(told)
    expect(result.pending).toHaveLength(open)
  })

  test.each<[string, Record<string, JsonValue>, string[]]>([
    ["charge.succeeded", {}, ["Charge ch_1:succeeded"]],
    ["charge.succeeded", uncaptured, []],
    ["charge.captured", {}, ["Charge ch_1:succeeded"]],
    ["charge.failed", { status: "failed", captured: false }, ["Charge ch_1:failed"]],
    ["charge.expired", { ...uncaptured, refunded: true }, []],
    ["charge.updated", {}, []],
    ["charge.pending", { status: "pending" }, []],
  ])("announced by %s with %j tells %j", (type, fields, told) => {
    expect(keys(fed(event(type, charge(fields))))).toEqual(told)
  })

  test("is the same fact from list and feed, at the charge's creation", () => {
    const fromList = only(listed("charges", charge()))
    const fromFeed = only(fed(event("charge.captured", charge(), undefined, { created: T + 86_400 })))
    const { announcedAt: _, ...fact } = fromList
    expect(fromFeed).toMatchObject(fact)
    expect(fact.time).toBe(T * 1000)
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
    expect(fed(event("charge.captured", charge())).closed).toEqual([{ collection: "Charge", key: "ch_1:failed" }])
    expect(fed(event("charge.expired", charge(uncaptured))).closed).toEqual([
      { collection: "Charge", key: "ch_1:succeeded" },
      { collection: "Charge", key: "ch_1:failed" },
    ])
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
  const billed = { billing_details: { email: "Billing@Example.com" }, receipt_email: "receipt@example.com" }

  test.each<[string, Record<string, JsonValue>, string]>([
    ["the customer's email comes first", { customer: expanded, ...billed }, "expanded@example.com"],
    ["then the billing email", billed, "billing@example.com"],
    ["then the receipt's", { receipt_email: "Receipt@Example.com" }, "receipt@example.com"],
    ["then the customer", {}, "cus_1"],
    ["a deleted customer is still known by id", { customer: { id: "cus_1", deleted: true } }, "cus_1"],
    ["an account in a customer's place counts as one", { customer: null, customer_account: "acct_9" }, "acct_9"],
    ["a guest without email is the charge itself", { customer: null }, "ch_1"],
    ["an email that is none is not used", { receipt_email: "n/a" }, "cus_1"],
  ])("%s", (_name, fields, person) => {
    expect(only(listed("charges", charge(fields))).userId).toBe(person)
  })

  test.each<[string, Record<string, JsonValue>, string]>([
    ["the customer", { customer: expanded, ...billed }, "cus_1"],
    ["a guest's email", { ...billed, customer: null }, "billing@example.com"],
    ["the charge", { customer: null }, "ch_1"],
  ])("where the user chose Stripe's ids, is %s", (_name, fields, person) => {
    expect(only(listed("charges", charge(fields), { identity: "partnerId" })).userId).toBe(person)
  })
})
