import { describe, expect, it } from "vitest"
import { captureCharge, capturePart, createCharge, settleCharge, updateCharge } from "./stripe/charges.ts"
import { createCustomer, deleteCustomer, updateCustomer } from "./stripe/customers.ts"
import { closeDispute, openDispute } from "./stripe/disputes.ts"
import {
  createInvoice,
  deleteInvoice,
  finalizeInvoice,
  markUncollectible,
  payInvoice,
  voidInvoice,
} from "./stripe/invoices.ts"
import {
  cancelAtPeriodEnd,
  createSubscription,
  endTrial,
  expireIncomplete,
  extendTrial,
  reactivate,
  renew,
  undoCancel,
} from "./stripe/subscriptions.ts"
import { eventTypes, ids, lastEvent, testAccount } from "./support.ts"

const DAY_MS = 86_400_000

describe("the feed", () => {
  it("filters by types and by wildcard, newest first", async () => {
    const { account, get } = testAccount()
    const customer = createCustomer(account, { email: "a@example.com" })
    createCharge(account, { amount: 100, customer: customer.id })
    updateCustomer(account, customer.id, { name: "Ada" })
    const types = (answer: Awaited<ReturnType<typeof get>>) => answer.body.data.map((event) => event.type)
    expect(types(await get("/v1/events?types[]=customer.updated&types[]=customer.created"))).toEqual([
      "customer.updated",
      "customer.created",
    ])
    expect(types(await get("/v1/events?type=charge.*"))).toEqual(["charge.updated", "charge.succeeded"])
  })

  it("keeps events for 30 days", async () => {
    const { sandbox, account, get } = testAccount()
    createCustomer(account, {})
    const [event] = account.tables.event.order
    sandbox.clock.advance(30 * DAY_MS)
    expect(ids(await get("/v1/events"))).toEqual([event?.id])
    sandbox.clock.advance(1_000)
    expect(ids(await get("/v1/events"))).toEqual([])
    expect((await get(`/v1/events/${event?.id}`)).status).toBe(404)
    expect((await get(`/v1/events?starting_after=${event?.id}`)).status).toBe(400)
  })

  it("tells each part of a charge that is captured in parts, with what was captured before", () => {
    const { sandbox, account } = testAccount()
    const charge = createCharge(account, { amount: 3_000, outcome: "uncaptured", multicapture: true })
    const known = account.tables.event.order.length
    for (const part of [500, 1_000]) {
      sandbox.clock.advance(3_600_000)
      capturePart(account, charge.id, part)
    }
    captureCharge(account, charge.id)
    const told = account.tables.event.order.slice(known).filter(({ type }) => type.startsWith("charge."))
    const said = told.map(({ type, data }) => {
      const { object, previous_attributes: before } = JSON.parse(data)
      return [type, object.captured, object.amount_captured, before?.amount_captured ?? null]
    })
    expect(said).toEqual([
      ["charge.updated", false, 500, 0],
      ["charge.updated", false, 1_500, 500],
      ["charge.updated", true, 3_000, 1_500],
      ["charge.captured", true, 3_000, null],
    ])
    const facts = account.facts.filter(({ fact }) => fact === "charge.succeeded")
    expect(facts.map(({ data }) => [data.amountMinor, data.sumMinor])).toEqual([
      [500, 500],
      [1_000, 1_500],
      [1_500, 3_000],
    ])
  })

  it("keeps each event's object as it was then", async () => {
    const { account, get } = testAccount()
    const customer = createCustomer(account, { email: "old@example.com" })
    updateCustomer(account, customer.id, { email: "new@example.com" })
    const [updated, created] = (await get("/v1/events?type=customer.*")).body.data
    expect(created).toMatchObject({ data: { object: { email: "old@example.com" } } })
    expect(updated).toMatchObject({
      data: { object: { email: "new@example.com" }, previous_attributes: { email: "old@example.com" } },
    })
  })

  it("says nothing of an update that changes nothing", () => {
    const { account } = testAccount()
    const customer = createCustomer(account, { email: "a@example.com" })
    updateCustomer(account, customer.id, { email: "a@example.com" })
    expect(eventTypes(account)).toEqual(["customer.created"])
    expect(account.facts.map((fact) => fact.fact)).toEqual(["customer.created"])
  })

  it("shows some events late under slow_visibility, at their own created time", async () => {
    const { sandbox, account, get } = testAccount()
    sandbox.faults.on({ name: "slow_visibility", options: { seconds: 120 } })
    for (let made = 0; made < 40; made++) createCustomer(account, {})
    const early = (await get("/v1/events?limit=100")).body.data.length
    expect(early).toBeLessThan(40)
    sandbox.clock.advance(120_000)
    const late = await get("/v1/events?limit=100")
    expect(late.body.data.length).toBe(40)
    expect(new Set(late.body.data.map((event) => event.created)).size).toBe(1)
  })
})

describe("what Stripe says of", () => {
  it("a first subscription: its invoice, its payment, itself", () => {
    const { account } = testAccount()
    createSubscription(account, { customer: createCustomer(account, {}).id, plan: "team_month_usd" })
    expect(new Set(eventTypes(account))).toEqual(
      new Set([
        "customer.created",
        "customer.updated",
        "customer.subscription.created",
        "invoice.created",
        "invoice.finalized",
        "invoice.updated",
        "charge.succeeded",
        "charge.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
      ]),
    )
  })

  it("a trial: extended, then over", () => {
    const { account } = testAccount()
    const trial = createSubscription(account, {
      customer: createCustomer(account, {}).id,
      plan: "team_month_usd",
      trialDays: 14,
    })
    expect(trial.status).toBe("trialing")
    extendTrial(account, trial.id, 7)
    expect(lastEvent(account, "customer.subscription.updated").previous_attributes).toMatchObject({
      trial_end: trial.created + 14 * 86_400,
    })
    endTrial(account, trial.id)
    expect(lastEvent(account, "customer.subscription.updated")).toMatchObject({
      object: { status: "active" },
      previous_attributes: { status: "trialing" },
    })
    expect(account.facts.map((fact) => fact.fact)).toContain("trial.expired")
  })

  it("a trial ended early: over from that moment on", () => {
    const { sandbox, account } = testAccount()
    const fields = { customer: createCustomer(account, {}).id, plan: "team_month_usd", trialDays: 14 }
    const trial = createSubscription(account, fields)
    sandbox.clock.advance(3 * DAY_MS)
    endTrial(account, trial.id)
    const today = trial.created + (3 * DAY_MS) / 1_000
    expect(lastEvent(account, "customer.subscription.updated")).toMatchObject({
      object: { status: "active", trial_end: today, billing_cycle_anchor: today },
      previous_attributes: { trial_end: trial.created + 14 * 86_400 },
    })
  })

  it.each([
    ["past_due", "customer.subscription.updated", "past_due"],
    ["paused", "customer.subscription.paused", "paused"],
    ["canceled", "customer.subscription.deleted", "canceled"],
  ] as const)("a trial that ends %s: %s", (outcome, type, status) => {
    const { account } = testAccount()
    const trial = createSubscription(account, {
      customer: createCustomer(account, {}).id,
      plan: "team_month_usd",
      trialDays: 7,
    })
    endTrial(account, trial.id, outcome)
    expect(lastEvent(account, type).object).toMatchObject({ status })
  })

  it("a pause and a resumption, each twice", () => {
    const { account } = testAccount()
    const trial = createSubscription(account, {
      customer: createCustomer(account, {}).id,
      plan: "team_month_usd",
      trialDays: 7,
    })
    endTrial(account, trial.id, "paused")
    expect(eventTypes(account).slice(-2)).toEqual(["customer.subscription.paused", "customer.subscription.updated"])
    reactivate(account, trial.id)
    expect(trial.status).toBe("active")
    expect(eventTypes(account)).toContain("customer.subscription.resumed")
  })

  it("a cancellation at the period's end: asked, undone, asked again, done", () => {
    const { account } = testAccount()
    const row = createSubscription(account, { customer: createCustomer(account, {}).id, plan: "team_month_usd" })
    cancelAtPeriodEnd(account, row.id)
    expect(lastEvent(account, "customer.subscription.updated").object).toMatchObject({
      cancel_at_period_end: true,
      cancel_at: row.periodEnd,
      status: "active",
      ended_at: null,
    })
    undoCancel(account, row.id)
    cancelAtPeriodEnd(account, row.id)
    renew(account, row.id)
    expect(lastEvent(account, "customer.subscription.deleted").object).toMatchObject({ status: "canceled" })
    expect(account.facts.filter((fact) => fact.fact === "subscription.canceled")).toHaveLength(1)
  })

  it("a declined first payment: incomplete, then expired, or paid after all", () => {
    const { account } = testAccount()
    const customer = createCustomer(account, {}).id
    const lost = createSubscription(account, { customer, plan: "team_month_usd", firstPayment: "failed" })
    expect(lost.status).toBe("incomplete")
    expireIncomplete(account, lost.id)
    expect(lost.status).toBe("incomplete_expired")
    const saved = createSubscription(account, { customer, plan: "team_month_usd", firstPayment: "failed" })
    reactivate(account, saved.id)
    expect(saved.status).toBe("active")
  })

  it("a bank debit: pending first, its outcome days later under the first created time", async () => {
    const { sandbox, account, get } = testAccount()
    const good = createCharge(account, { amount: 100, method: "us_bank_account", outcome: "pending" })
    const bad = createCharge(account, { amount: 200, method: "us_bank_account", outcome: "pending" })
    expect(good.id).toMatch(/^py_/)
    sandbox.clock.advance(3 * DAY_MS)
    settleCharge(account, good.id, "succeeded")
    settleCharge(account, bad.id, "failed")
    expect(eventTypes(account)).toEqual(["charge.pending", "charge.pending", "charge.succeeded", "charge.failed"])
    const [, charge] = (await get("/v1/charges")).body.data
    expect(charge).toMatchObject({ created: good.created, status: "succeeded", paid: true })
    expect(account.facts.map((fact) => [fact.fact, fact.at - fact.created])).toEqual([
      ["charge.succeeded", 3 * 86_400],
      ["charge.failed", 3 * 86_400],
    ])
  })

  it("an update of a charge that moves no money", () => {
    const { account } = testAccount()
    const charge = createCharge(account, { amount: 100 })
    const facts = account.facts.length
    updateCharge(account, charge.id, { description: "Order 7" })
    expect(lastEvent(account, "charge.updated").previous_attributes).toEqual({ description: null })
    expect(account.facts).toHaveLength(facts)
  })

  it("an invoice in every ending", () => {
    const { account } = testAccount()
    const { id: customer } = createCustomer(account, { email: "a@example.com" })
    const draft = () => createInvoice(account, { customer, lines: [{ amount: 900, description: "Work" }] }).id
    payInvoice(account, draft())
    const voided = draft()
    finalizeInvoice(account, voided)
    voidInvoice(account, voided)
    const doubtful = draft()
    finalizeInvoice(account, doubtful)
    markUncollectible(account, doubtful)
    payInvoice(account, doubtful, "out_of_band")
    deleteInvoice(account, draft())
    const endings = eventTypes(account).filter((type) =>
      /^invoice\.(paid|voided|marked_uncollectible|deleted)$/.test(type),
    )
    expect(endings).toEqual([
      "invoice.paid",
      "invoice.voided",
      "invoice.marked_uncollectible",
      "invoice.paid",
      "invoice.deleted",
    ])
    expect(account.tables.charge.order).toHaveLength(1)
    expect(account.tables.invoice.order).toHaveLength(3)
  })

  it("a dispute", () => {
    const { account } = testAccount()
    const dispute = openDispute(account, { charge: createCharge(account, { amount: 100 }).id })
    closeDispute(account, dispute.id, "won")
    expect(eventTypes(account).filter((type) => type.includes("dispute"))).toEqual([
      "charge.dispute.created",
      "charge.dispute.funds_withdrawn",
      "charge.dispute.funds_reinstated",
      "charge.dispute.closed",
    ])
  })

  it("a deleted customer: subscriptions first", () => {
    const { account } = testAccount()
    const { id: customer } = createCustomer(account, {})
    createSubscription(account, { customer, plan: "team_month_usd" })
    deleteCustomer(account, customer)
    expect(eventTypes(account).slice(-2)).toEqual(["customer.subscription.deleted", "customer.deleted"])
  })
})
