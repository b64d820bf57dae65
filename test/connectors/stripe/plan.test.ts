import { describe, expect, test } from "vitest"
import {
  DAY,
  ended,
  event,
  type Fields,
  fed,
  items,
  listed,
  only,
  PAUSES,
  price,
  subscription,
  T,
  TRIAL,
  TRIAL_END,
} from "./objects.ts"

describe("what a subscription costs", () => {
  const monthly = (fields: Fields, quantity = 1) =>
    only(
      fed(
        event(
          "customer.subscription.deleted",
          subscription({ ...ended(T), items: { data: [{ price: price(1200, fields), quantity }] } }),
        ),
      ),
    ).data

  test.each<[string, Fields, number, number, number]>([
    ["a month", {}, 12, 12, 1],
    ["a year", { recurring: { interval: "year", interval_count: 1 } }, 12, 1, 1],
    ["every three months", { recurring: { interval: "month", interval_count: 3 } }, 12, 4, 1],
    ["a week", { recurring: { interval: "week", interval_count: 1 } }, 12, 52, 1],
    ["per package of ten", { transform_quantity: { divide_by: 10, round: "up" } }, 36, 36, 21],
    ["per full package of ten", { transform_quantity: { divide_by: 10, round: "down" } }, 24, 24, 21],
    ["by use", { recurring: { interval: "month", interval_count: 1, usage_type: "metered" } }, 0, 0, 1],
    ["in parts of a cent", { unit_amount: null, unit_amount_decimal: "0.5" }, 0.5, 0.5, 100],
  ])("%s", (_name, fields, amount, monthlyAmount, quantity) => {
    expect(monthly(fields, quantity)).toMatchObject({ amount, monthlyAmount, mrrChange: 0 - monthlyAmount })
  })

  const costs = (fields: Fields) =>
    only(fed(event("customer.subscription.deleted", subscription({ ...ended(T), ...fields })))).data
  const item = (fields: Fields) => ({ price: price(1000, fields), quantity: 1 })

  test.each<[string, Fields, Fields]>([
    ["in yen", { currency: "jpy", items: { data: [item({ currency: "jpy" })] } }, { currency: "jpy", amount: 1000 }],
    [
      "in another currency that the price has",
      { currency: "jpy", items: { data: [item({ currency_options: { jpy: { unit_amount: 1500 } } })] } },
      { currency: "jpy", amount: 1500, monthlyAmount: 1500, mrrChange: -1500 },
    ],
    [
      "in the price's own currency, where the options come along",
      { items: { data: [item({ currency_options: { jpy: { unit_amount: 1500 } } })] } },
      { currency: "usd", amount: 10 },
    ],
  ])("%s", (_name, fields, told) => {
    expect(costs(fields)).toMatchObject(told)
  })

  test.each<[string, Fields, string]>([
    ["in another currency than the price's", { currency: "jpy", items: { data: [item({})] } }, "jpy"],
    [
      "by tiers",
      { items: { data: [item({ unit_amount: null, unit_amount_decimal: null, billing_scheme: "tiered" })] } },
      "usd",
    ],
    ["by tiers, beside another", { items: { data: [item({}), item({ unit_amount: null })] } }, "usd"],
    ["more items than Stripe lists", { items: { data: [item({})], has_more: true } }, "usd"],
  ])("%s is not told, rather than something else", (_name, fields, currency) => {
    const data = costs(fields)
    expect(data).toMatchObject({ currency, status: "canceled" })
    for (const name of ["amount", "monthlyAmount", "mrrChange"]) expect(data).not.toHaveProperty(name)
  })

  test.each<[string, Fields]>([
    ["intervals", { interval: "year", interval_count: 1 }],
    ["numbers of intervals", { interval: "month", interval_count: 3 }],
  ])("in items of different %s has no one period: only what it comes to a month is told", (_name, recurring) => {
    const data = costs({ items: { data: [item({}), item({ recurring })] } })
    expect(data).not.toHaveProperty("amount")
    expect(data?.monthlyAmount).toBe(recurring.interval === "year" ? 10.83 : 13.33)
  })

  test("by use has no quantity where Stripe names none", () => {
    const plan = { id: "by_use", object: "plan", amount: 5, currency: "usd", interval: "month", usage_type: "metered" }
    const data = costs({ plan, items: { data: [{ plan }] } })
    expect(data).toMatchObject({ plan: "by_use", amount: 0 })
    expect(data).not.toHaveProperty("quantity")
  })

  test("moves nothing where nothing of it changed, known or not", () => {
    const tiered = subscription({ items: { data: [item({ unit_amount: null })] } })
    expect(only(fed(event("customer.subscription.updated", tiered, { metadata: {} }))).data).toMatchObject({
      mrrChange: 0,
    })
    const dearer = event("customer.subscription.updated", tiered, { items: items(2000) })
    expect(only(fed(dearer)).data).toMatchObject({ change: "plan_changed" })
    expect(only(fed(dearer)).data).not.toHaveProperty("mrrChange")
  })

  const moved = (...bodies: Fields[]) =>
    bodies.flatMap((body) => fed(body).items).reduce((sum, { data }) => sum + Number(data?.mrrChange ?? 0), 0)

  test("is lost once, over both collections, where it was unpaid before it was cancelled", () => {
    const unpaid = event("customer.subscription.updated", subscription({ status: "unpaid" }), { status: "past_due" })
    const cancelled = event("customer.subscription.deleted", subscription({ ...ended(T + DAY) }))
    expect(moved(unpaid, cancelled)).toBe(-20)
  })

  test("is nothing lost where a trial was paused, and cancelled later", () => {
    const paused = event("customer.subscription.updated", subscription({ ...TRIAL, status: "paused" }), {
      status: "trialing",
    })
    const over = subscription({ ...TRIAL, ...PAUSES, ...ended(TRIAL_END + 5 * DAY) })
    expect(moved(paused, event("customer.subscription.deleted", over))).toBe(0)
    const cancelled = listed("subscriptions", over).items.find(
      ({ collection }) => collection === "Subscription cancelled",
    )
    expect(cancelled?.data).toMatchObject({ inTrial: false, mrrChange: 0 })
  })

  test("is nothing lost while in trial", () => {
    const data = listed("subscriptions", subscription({ ...TRIAL, ...ended(T + DAY) })).items[1]?.data
    expect(data).toMatchObject({ inTrial: true, mrrChange: 0, monthlyAmount: 20 })
  })
})
