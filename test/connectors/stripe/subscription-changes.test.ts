import { describe, expect, test } from "vitest"
import { DAY, ended, event, type Fields, fed, items, listed, only, price, subscription, T, TRIAL } from "./objects.ts"

describe("a change", () => {
  const changed = (now: Fields, before: Fields) =>
    only(listed("subscription_changes", event("customer.subscription.updated", subscription(now), before))).data

  test.each<[string, Fields, Fields, string, number]>([
    ["to a dearer plan", { items: items(5000) }, { items: items(2000) }, "upgraded", 30],
    ["to a cheaper plan", { items: items(1000) }, { items: items(2000) }, "downgraded", -10],
    ["to more of the plan", { items: items(2000, 3) }, { items: items(2000, 1) }, "upgraded", 40],
    [
      "of a plan for another at its price",
      { items: { data: [{ price: price(2000, { id: "price_b" }), quantity: 1 }] } },
      { items: items(2000) },
      "plan_changed",
      0,
    ],
    ["that ends the trial", {}, { status: "trialing" }, "trial_ended", 20],
    ["to past due", { status: "past_due" }, { status: "active" }, "status_changed", 0],
    ["to unpaid, until it is cancelled", { status: "unpaid" }, { status: "past_due" }, "status_changed", 0],
    ["to paused, until it is cancelled", { status: "paused" }, { status: "active" }, "paused", 0],
    ["back from paused", {}, { status: "paused" }, "resumed", 0],
    ["that ends it while it is paused", ended(T), { status: "paused" }, "status_changed", 0],
    ["to paused, of a trial that nobody paid", { ...TRIAL, status: "paused" }, { status: "trialing" }, "paused", 0],
    ["back from a trial that nobody paid", TRIAL, { status: "paused" }, "resumed", 20],
    ["that ends it, which the cancellation tells", ended(T), { status: "active" }, "status_changed", 0],
    [
      "that plans its end",
      { cancel_at_period_end: true, cancel_at: T + DAY },
      { cancel_at_period_end: false, cancel_at: null },
      "cancellation_scheduled",
      0,
    ],
    ["that keeps it after all", {}, { cancel_at_period_end: true, cancel_at: T + DAY }, "cancellation_withdrawn", 0],
    [
      "into the next period",
      { items: items(2000, 1, { current_period_start: T + 30 * DAY }) },
      { items: items(2000) },
      "renewed",
      0,
    ],
    [
      "into the next period, as before 2025-03-31",
      { current_period_start: T + 30 * DAY },
      { current_period_start: T },
      "renewed",
      0,
    ],
    ["of a note", { metadata: { a: "b" } }, { metadata: {} }, "details_changed", 0],
  ])("%s", (_name, now, before, change, mrrChange) => {
    expect(changed(now, before)).toMatchObject({ change, mrrChange })
  })

  test("says what was before, where it changed", () => {
    const data = changed({ items: items(5000, 2) }, { items: items(2000, 1), metadata: {} })
    expect(data).toMatchObject({
      changed: "items, metadata",
      quantity: 2,
      previousQuantity: 1,
      amount: 100,
      previousAmount: 20,
      previousPlan: "price_2000",
      monthlyAmount: 100,
      previousMonthlyAmount: 20,
    })
    expect(data).not.toHaveProperty("previousStatus")
  })

  test("reads the one plan of older versions", () => {
    const plan = (id: string, amount: number) => ({
      id,
      object: "plan",
      amount,
      currency: "usd",
      interval: "month",
      interval_count: 1,
    })
    const now = { plan: plan("gold", 5000), quantity: 2, items: { data: [{ plan: plan("gold", 5000), quantity: 2 }] } }
    expect(changed(now, { plan: plan("silver", 2000), quantity: 1 })).toMatchObject({
      change: "upgraded",
      plan: "gold",
      previousPlan: "silver",
      amount: 100,
      previousAmount: 20,
      mrrChange: 80,
    })
  })

  describe("of which Stripe names no more than the differences", () => {
    const plan = (id: string, amount: number) => ({ id, object: "plan", amount, currency: "usd", interval: "year" })
    const item = (quantity: number) => ({ id: `si_${quantity}`, plan: plan("gold", 12_000), quantity })
    const V2017 = { api_version: "2017-04-06" }
    const changedIn = (now: Fields, before: Fields, version: Fields) =>
      only(fed(event("customer.subscription.updated", subscription(now), before, version))).data

    test("keeps the rest of the plan as it is", () => {
      const now = {
        plan: plan("gold", 24_000),
        quantity: 1,
        items: { data: [{ plan: plan("gold", 24_000), quantity: 1 }] },
      }
      const before = { id: "silver", amount: 12_000 }
      const told = {
        change: "upgraded",
        previousPlan: "silver",
        previousAmount: 120,
        previousMonthlyAmount: 10,
        mrrChange: 10,
      }
      expect(changedIn(now, { plan: before, items: { data: [{ plan: before }] } }, V2017)).toMatchObject(told)
      expect(changedIn({ ...now, items: null }, { plan: before }, V2017)).toMatchObject(told)
    })

    test("does not take a part of several items for all of them, as they were listed before 2017-05-25", () => {
      const before = { items: { data: [{ plan: plan("silver", 6_000) }] } }
      const data = changedIn({ items: { data: [item(1), item(3)] } }, before, V2017)
      expect(data).toMatchObject({ amount: 480 })
      for (const name of ["previousAmount", "mrrChange"]) expect(data).not.toHaveProperty(name)
    })

    test("does not take a list that was cut off for whole, then or now", () => {
      const now = { items: { data: [item(2)], has_more: true } }
      const data = changedIn(now, { items: { data: [item(1)] } }, {})
      for (const name of ["amount", "previousAmount", "mrrChange"]) expect(data).not.toHaveProperty(name)
    })
  })

  test("is read from the list of changes as from the feed", () => {
    const body = event("customer.subscription.updated", subscription({ items: items(5000) }), { items: items(2000) })
    const { announcedAt: _, ...fact } = only(listed("subscription_changes", body))
    expect(only(fed(body))).toMatchObject(fact)
  })
})
