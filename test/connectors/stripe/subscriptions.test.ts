import { describe, expect, test } from "vitest"
import type { JsonValue } from "../../../src/connectors/kit/item.ts"
import { DAY, event, fed, items, keys, listed, only, price, subscription, T } from "./objects.ts"

type Fields = Record<string, JsonValue>

const END = T + 14 * DAY
const TRIAL = { trial_start: T, trial_end: END, items: items(2000, 1, { current_period_start: T }) }
const PAID = { ...TRIAL, items: items(2000, 1, { current_period_start: END }) }
const ended = (at: number) => ({ status: "canceled", ended_at: at, canceled_at: at })
const PAUSES = { trial_settings: { end_behavior: { missing_payment_method: "pause" } } }

const NEW = `New trial sub_1:trial:${T}`
const EXPIRED = `Trial expired sub_1:trial_expired:${END}`
const CANCELLED = "Subscription cancelled sub_1:cancelled"
const TRIAL_CANCELLED = "Trial cancelled sub_1:trial_cancelled"

describe("a subscription in a list tells all that came true", () => {
  test.each<[string, Fields, string[]]>([
    ["without a trial, running", {}, []],
    ["without a trial, ended", ended(T + DAY), [CANCELLED]],
    ["in trial", { ...TRIAL, status: "trialing", trial_end: T + 90 * DAY }, [NEW]],
    ["active after its trial", PAID, [NEW, EXPIRED]],
    ["paused after its trial", { ...TRIAL, status: "paused" }, [NEW, EXPIRED]],
    ["past due after its trial", { ...PAID, status: "past_due" }, [NEW, EXPIRED]],
    ["cancelled in its trial", { ...TRIAL, ...ended(T + DAY) }, [NEW, CANCELLED, TRIAL_CANCELLED]],
    [
      "cancelled to end with its trial, a little late",
      { ...TRIAL, ...ended(END + 600) },
      [NEW, CANCELLED, TRIAL_CANCELLED],
    ],
    ["cancelled soon after it became paid", { ...PAID, ...ended(END + 600) }, [NEW, CANCELLED, EXPIRED]],
    ["cancelled in the second in which it became paid", { ...PAID, ...ended(END) }, [NEW, CANCELLED, EXPIRED]],
    [
      "cancelled in the second in which its trial's end paused it",
      { ...TRIAL, ...PAUSES, ...ended(END) },
      [NEW, CANCELLED, EXPIRED],
    ],
    [
      "cancelled to end with a trial that would have paused it, in the same second",
      { ...TRIAL, ...PAUSES, ...ended(END), canceled_at: END - DAY },
      [NEW, CANCELLED, TRIAL_CANCELLED],
    ],
    ["cancelled to end with its trial", { ...TRIAL, ...ended(END) }, [NEW, CANCELLED, TRIAL_CANCELLED]],
    ["cancelled long after its trial", { ...PAID, ...ended(END + DAY) }, [NEW, CANCELLED, EXPIRED]],
    ["paused at its trial's end, later cancelled", { ...TRIAL, ...ended(END + 5 * DAY) }, [NEW, CANCELLED, EXPIRED]],
    [
      "paused at its trial's end, soon cancelled",
      { ...TRIAL, ...PAUSES, ...ended(END + 60) },
      [NEW, CANCELLED, EXPIRED],
    ],
    [
      "cancelled to end with a trial that would have paused it",
      { ...TRIAL, ...PAUSES, ...ended(END + 60), canceled_at: END - DAY },
      [NEW, CANCELLED, TRIAL_CANCELLED],
    ],
    ["that never began: its first payment was not made", { status: "incomplete_expired", ended_at: T + DAY }, []],
  ])("%s", (_name, fields, told) => {
    expect(keys(listed("subscriptions", subscription(fields)))).toEqual(told)
  })

  test("a trial that is over at Stripe but not yet ended stays open", () => {
    const due = subscription({ ...TRIAL, status: "trialing" })
    const { items: told, pending } = listed("subscriptions", due, { asked: (END + 60) * 1000 })
    expect(keys({ items: told })).toEqual([NEW])
    expect(pending.map(({ collection, key }) => `${collection} ${key}`)).toEqual([EXPIRED, TRIAL_CANCELLED, CANCELLED])
    expect(listed("subscriptions", due, { asked: (END - 60) * 1000 }).pending).toEqual([])
  })

  test("each at the time it became true", () => {
    const { items: told } = listed("subscriptions", subscription({ ...PAID, ...ended(END + DAY) }))
    expect(told.map(({ time }) => time / 1000)).toEqual([T, END + DAY, END])
  })

  test("a trial was one when it began, whatever has become of the subscription since", () => {
    const [trial] = listed("subscriptions", subscription({ ...PAID, ...ended(END + DAY) })).items
    expect(trial?.data).toMatchObject({ status: "trialing" })
  })

  test("tells nothing of the present: what was tried, and what the trial became, may have changed since", () => {
    const [trial, , expired] = listed("subscriptions", subscription({ ...PAID, ...ended(END + DAY) })).items
    const known = { subscription: "sub_1", customer: "cus_1", currency: "usd" }
    const [began, over] = ["2026-06-01T00:00:00.000Z", "2026-06-15T00:00:00.000Z"]
    expect(trial?.data).toEqual({ ...known, status: "trialing", trial_start: began })
    expect(expired?.data).toEqual({ ...known, trial_start: began, trial_end: over })
  })

  test("a back-dated trial begins when it was made", () => {
    const made = subscription({ ...TRIAL, trial_start: T - 30 * DAY })
    expect(listed("subscriptions", made).items[0]).toMatchObject({ time: T * 1000, key: `sub_1:trial:${T - 30 * DAY}` })
  })
})

describe("an event tells only what it announces", () => {
  const active = subscription(PAID)

  test.each<[string, Fields, Fields | undefined, string[]]>([
    ["customer.subscription.created", subscription({ ...TRIAL, status: "trialing" }), undefined, [NEW]],
    ["customer.subscription.created", subscription(), undefined, []],
    ["customer.subscription.updated", active, { status: "trialing" }, ["Subscription change", EXPIRED]],
    ["customer.subscription.updated", active, { metadata: {} }, ["Subscription change"]],
    ["customer.subscription.updated", active, { status: "past_due" }, ["Subscription change"]],
    [
      "customer.subscription.updated",
      { ...active, status: "trialing" },
      { trial_start: null, trial_end: null },
      ["Subscription change", NEW],
    ],
    [
      "customer.subscription.updated",
      { ...active, ...ended(END + DAY) },
      { status: "active" },
      ["Subscription change", CANCELLED],
    ],
    ["customer.subscription.deleted", { ...active, ...ended(END + DAY) }, undefined, [CANCELLED]],
    [
      "customer.subscription.deleted",
      subscription({ ...TRIAL, ...ended(T + DAY) }),
      undefined,
      [CANCELLED, TRIAL_CANCELLED],
    ],
    [
      "customer.subscription.deleted",
      subscription({ ...TRIAL, ...PAUSES, ...ended(END + 60) }),
      undefined,
      [CANCELLED],
    ],
    ["customer.subscription.trial_will_end", subscription({ ...TRIAL, status: "trialing" }), undefined, []],
    ["customer.subscription.pending_update_applied", active, undefined, []],
  ])("%s of %# with %j before", (type, object, previous, told) => {
    const found = keys(fed(event(type, object, previous))).map((key) =>
      key.startsWith("Subscription change") ? "Subscription change" : key,
    )
    expect(found).toEqual(told)
  })

  test("with the key and time that the list gives", () => {
    const update = event("customer.subscription.updated", active, { status: "trialing" }, { created: END + 300 })
    const began = event("customer.subscription.created", subscription({ ...TRIAL, status: "trialing" }))
    const fromFeed = [...fed(began).items, ...fed(update).items.slice(1)]
    const fromList = listed("subscriptions", active).items
    expect(fromFeed.map(({ announcedAt, ...fact }) => fact)).toEqual(fromList.map(({ announcedAt, ...fact }) => fact))
  })

  test("a trial that an update takes away ended with it, or when it was due; the rest of the update is told", () => {
    const bare = subscription({ items: items(2000, 1, { current_period_start: T + DAY }) })
    const before = { status: "trialing", trial_start: T, trial_end: END }
    const taken = fed(event("customer.subscription.updated", bare, before, { created: T + DAY }))
    expect(taken.rejects).toEqual([])
    expect(taken.items.map(({ collection }) => collection)).toEqual(["Subscription change", "Trial expired"])
    expect(taken.items[0]?.data).toMatchObject({ change: "trial_ended", status: "active", mrrChange: 20 })
    expect(taken.items[1]).toMatchObject({
      time: (T + DAY) * 1000,
      data: { trial_start: "2026-06-01T00:00:00.000Z", trial_end: "2026-06-02T00:00:00.000Z" },
    })
    const late = fed(event("customer.subscription.updated", bare, before, { created: END + DAY }))
    expect(late.items[1]).toMatchObject({ time: END * 1000 })
  })

  test("of which a part cannot be read, the rest is told, and the reason of the part", () => {
    const broken = subscription({ ...PAID, ended_at: null, status: "canceled" })
    const { items: told, rejects } = listed("subscriptions", broken)
    expect(keys({ items: told })).toEqual([NEW, EXPIRED])
    expect(rejects).toMatchObject([
      { collection: "Subscription cancelled", reason: "the record has no number in ended_at" },
    ])
    const announced = fed(event("customer.subscription.deleted", broken, undefined, { created: END + DAY }))
    expect(announced.items[0]).toMatchObject({ key: "sub_1:cancelled", time: (END + DAY) * 1000 })
  })

  test("a trial that was cancelled will not expire: its key is closed, and no key that is told", () => {
    const cancelled = subscription({ ...TRIAL, ...ended(T + DAY) })
    const { closed } = fed(event("customer.subscription.deleted", cancelled))
    expect(closed.map(({ collection, key }) => `${collection} ${key}`)).toEqual([EXPIRED])
  })

  test("a pause at the trial's end is the trial's end; a pause on request is not", () => {
    const paused = subscription({ ...TRIAL, status: "paused" })
    const pausedAt = (created: number) =>
      keys(fed(event("customer.subscription.paused", paused, undefined, { created })))
    expect(pausedAt(END + 60)).toEqual([`Subscription change sub_1:paused:${END + 60}`, EXPIRED])
    expect(pausedAt(END + 30 * DAY)).toEqual([`Subscription change sub_1:paused:${END + 30 * DAY}`])
  })

  test("a pause told by two events is one change", () => {
    const paused = subscription({ status: "paused" })
    const own = only(fed(event("customer.subscription.paused", paused)))
    const update = only(fed(event("customer.subscription.updated", paused, { status: "active" })))
    expect(own.key).toBe(update.key)
    expect([own.data?.mrrChange, update.data?.mrrChange]).toEqual([0, 0])
  })
})

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
    const over = subscription({ ...TRIAL, ...PAUSES, ...ended(END + 5 * DAY) })
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

test("a subscription belongs to the customer by id, from list and feed", () => {
  const trial = { ...TRIAL, status: "trialing" }
  const expanded = subscription({ ...trial, customer: { id: "cus_1", email: "Ada@Example.com" } })
  expect(listed("subscriptions", expanded).items[0]?.userId).toBe("cus_1")
  expect(fed(event("customer.subscription.created", subscription(trial))).items[0]?.userId).toBe("cus_1")
})

test("a subscription of test money says so", () => {
  const bodies = [
    event("customer.subscription.created", subscription({ ...TRIAL, livemode: false })),
    event("customer.subscription.deleted", subscription({ ...ended(T), livemode: false })),
    event("customer.subscription.updated", subscription({ livemode: false }), { metadata: {} }),
  ]
  for (const body of bodies) expect(only(fed(body)).data).toMatchObject({ test: true })
  expect(only(fed(event("customer.subscription.updated", subscription(), {}))).data).not.toHaveProperty("test")
})
