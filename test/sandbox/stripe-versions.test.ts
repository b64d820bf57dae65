import { describe, expect, it } from "vitest"
import type { JsonObject } from "./json.ts"
import { captureCharge, createCharge, expireCharge } from "./stripe/charges.ts"
import { createCustomer } from "./stripe/customers.ts"
import { createRefund, failRefund, settleRefund } from "./stripe/refunds.ts"
import { changePlan, createSubscription } from "./stripe/subscriptions.ts"
import { eventTypes, ids, lastEvent, testAccount } from "./support.ts"

const V2020 = "2020-08-27"
const V2022 = "2022-11-15"
const ACACIA = "2024-10-28.acacia"
const BASIL = "2025-03-31.basil"

describe("shapes by API version", () => {
  it("show a charge with its refunds before 2022-11-15 and its invoice before basil", async () => {
    const { account, get } = testAccount()
    const charge = createCharge(account, { amount: 1_000 })
    createRefund(account, { charge: charge.id, amount: 300 })
    const as = async (version: string) => (await get(`/v1/charges`, { "stripe-version": version })).body.data[0] ?? {}
    expect((await as(V2020)).refunds).toMatchObject({ object: "list", total_count: 1, data: [{ amount: 300 }] })
    expect(await as(V2022)).not.toHaveProperty("refunds")
    expect(await as(V2022)).toHaveProperty("invoice", null)
    expect(await as(BASIL)).not.toHaveProperty("invoice")
  })

  it("move a subscription's period to its items with basil", async () => {
    const { account, get } = testAccount()
    createSubscription(account, { customer: createCustomer(account, {}).id, plan: "team_month_usd" })
    const as = async (version: string) =>
      (await get("/v1/subscriptions", { "stripe-version": version })).body.data[0] ?? {}
    const item = (subscription: JsonObject) => ((subscription.items as JsonObject).data as JsonObject[])[0] ?? {}
    const old = await as(ACACIA)
    expect(old.current_period_end).toBeTypeOf("number")
    expect(item(old)).not.toHaveProperty("current_period_end")
    const basil = await as(BASIL)
    expect(basil).not.toHaveProperty("current_period_end")
    expect(item(basil).current_period_end).toBe(old.current_period_end)
  })

  it("replace an invoice's subscription, charge and paid by parent with basil", async () => {
    const { account, get } = testAccount()
    const subscription = createSubscription(account, {
      customer: createCustomer(account, {}).id,
      plan: "team_month_usd",
    })
    const as = async (version: string) => (await get("/v1/invoices", { "stripe-version": version })).body.data[0] ?? {}
    const charge = account.tables.charge.order[0]?.id
    expect(await as(ACACIA)).toMatchObject({ subscription: subscription.id, charge, paid: true, status: "paid" })
    const basil = await as(BASIL)
    for (const gone of ["subscription", "charge", "paid", "payment_intent"]) expect(basil).not.toHaveProperty(gone)
    expect(basil).toMatchObject({ parent: { subscription_details: { subscription: subscription.id } } })
  })

  it("name a card refund's customer since 2026-07-29", async () => {
    const { account, get } = testAccount()
    const { id: customer } = createCustomer(account, {})
    createRefund(account, { charge: createCharge(account, { amount: 100, customer }).id })
    const as = async (version: string) => (await get("/v1/refunds", { "stripe-version": version })).body.data[0] ?? {}
    expect(await as("2026-06-24.dahlia")).not.toHaveProperty("customer")
    expect(await as("2026-07-29.dahlia")).toMatchObject({ customer })
  })

  it("fix an event's object to the account's version, whatever version asks for it", async () => {
    const { account, get } = testAccount({ version: V2020 })
    createCharge(account, { amount: 500 })
    const [event] = (await get("/v1/events?type=charge.succeeded", { "stripe-version": BASIL })).body.data
    expect(event).toMatchObject({
      api_version: V2020,
      data: { object: { refunds: { object: "list" }, invoice: null } },
    })
  })
})

describe("events by API version", () => {
  it("tell a refund by charge.refunded alone before acacia, with the refund inside before 2022-11-15", () => {
    const { account } = testAccount({ version: V2020 })
    const charge = createCharge(account, { amount: 1_000 })
    const refund = createRefund(account, { charge: charge.id, amount: 400, status: "pending" })
    settleRefund(account, refund.id)
    failRefund(account, refund.id)
    expect(eventTypes(account)).toEqual([
      "charge.succeeded",
      "charge.refunded",
      "charge.refund.updated",
      "charge.refund.updated",
    ])
    expect(lastEvent(account, "charge.refunded")).toMatchObject({
      object: { amount_refunded: 400, refunded: false, refunds: { data: [{ id: refund.id }] } },
      previous_attributes: { amount_refunded: 0, refunds: { data: [], total_count: 0 } },
    })
    expect(lastEvent(account, "charge.refund.updated").previous_attributes).toMatchObject({ status: "succeeded" })
  })

  it("add refund.created, refund.updated and refund.failed for all refunds with acacia", () => {
    const { account } = testAccount({ version: ACACIA })
    const charge = createCharge(account, { amount: 1_000 })
    const refund = createRefund(account, { charge: charge.id, amount: 400, status: "pending" })
    settleRefund(account, refund.id)
    failRefund(account, refund.id)
    expect(eventTypes(account).slice(2)).toEqual([
      "refund.created",
      "charge.refunded",
      "charge.refund.updated",
      "refund.updated",
      "charge.refund.updated",
      "refund.updated",
      "refund.failed",
    ])
  })

  it("make a refund object of what was never captured before basil, and none since", async () => {
    const authorize = { amount: 1_000, outcome: "uncaptured" } as const
    const old = testAccount({ version: ACACIA })
    captureCharge(old.account, createCharge(old.account, authorize).id, 700)
    expireCharge(old.account, createCharge(old.account, authorize).id)
    expect((await old.get("/v1/refunds")).body.data.map((refund) => [refund.amount, refund.reason])).toEqual([
      [1_000, "expired_uncaptured_charge"],
      [300, null],
    ])
    expect(eventTypes(old.account)).toContain("charge.refunded")
    const basil = testAccount({ version: BASIL })
    captureCharge(basil.account, createCharge(basil.account, authorize).id, 700)
    expireCharge(basil.account, createCharge(basil.account, authorize).id)
    expect(ids(await basil.get("/v1/refunds"))).toEqual([])
    expect(eventTypes(basil.account)).toEqual([
      "charge.succeeded",
      "charge.captured",
      "charge.succeeded",
      "charge.expired",
    ])
    for (const { account } of [old, basil]) {
      const paid = account.facts.filter((fact) => fact.fact === "charge.succeeded").map((fact) => fact.data.amountMinor)
      expect(paid).toEqual([700])
      expect(account.facts.some((fact) => fact.fact === "refund.succeeded")).toBe(false)
    }
  })

  it("reduce previous_attributes to what changed, items whole", () => {
    const { account } = testAccount()
    const subscription = createSubscription(account, {
      customer: createCustomer(account, {}).id,
      plan: "team_month_usd",
    })
    changePlan(account, subscription.id, "starter_month_usd")
    const { object, previous_attributes } = lastEvent(account, "customer.subscription.updated") as {
      object: JsonObject
      previous_attributes: JsonObject
    }
    expect(Object.keys(previous_attributes).sort()).toEqual(["items", "plan"])
    expect(previous_attributes.items).toMatchObject({ data: [{ price: { unit_amount: 4_900 } }] })
    expect(object.plan).toMatchObject({ amount: 1_900 })
  })
})
