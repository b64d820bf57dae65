import { describe, expect, test } from "vitest"
import {
  DAY,
  ended,
  event,
  type Fields,
  fed,
  items,
  keys,
  listed,
  only,
  PAUSES,
  subscription,
  T,
  TRIAL,
  TRIAL_END,
} from "./objects.ts"

const PAID = { ...TRIAL, items: items(2000, 1, { current_period_start: TRIAL_END }) }

const NEW = `New trial sub_1:trial:${T}`
const EXPIRED = `Trial expired sub_1:trial_expired:${TRIAL_END}`
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
      { ...TRIAL, ...ended(TRIAL_END + 600) },
      [NEW, CANCELLED, TRIAL_CANCELLED],
    ],
    ["cancelled soon after it became paid", { ...PAID, ...ended(TRIAL_END + 600) }, [NEW, CANCELLED, EXPIRED]],
    ["cancelled in the second in which it became paid", { ...PAID, ...ended(TRIAL_END) }, [NEW, CANCELLED, EXPIRED]],
    [
      "cancelled in the second in which its trial's end paused it",
      { ...TRIAL, ...PAUSES, ...ended(TRIAL_END) },
      [NEW, CANCELLED, EXPIRED],
    ],
    [
      "cancelled to end with a trial that would have paused it, in the same second",
      { ...TRIAL, ...PAUSES, ...ended(TRIAL_END), canceled_at: TRIAL_END - DAY },
      [NEW, CANCELLED, TRIAL_CANCELLED],
    ],
    ["cancelled to end with its trial", { ...TRIAL, ...ended(TRIAL_END) }, [NEW, CANCELLED, TRIAL_CANCELLED]],
    ["cancelled long after its trial", { ...PAID, ...ended(TRIAL_END + DAY) }, [NEW, CANCELLED, EXPIRED]],
    [
      "paused at its trial's end, later cancelled",
      { ...TRIAL, ...ended(TRIAL_END + 5 * DAY) },
      [NEW, CANCELLED, EXPIRED],
    ],
    [
      "paused at its trial's end, soon cancelled",
      { ...TRIAL, ...PAUSES, ...ended(TRIAL_END + 60) },
      [NEW, CANCELLED, EXPIRED],
    ],
    [
      "cancelled to end with a trial that would have paused it",
      { ...TRIAL, ...PAUSES, ...ended(TRIAL_END + 60), canceled_at: TRIAL_END - DAY },
      [NEW, CANCELLED, TRIAL_CANCELLED],
    ],
    ["that never began: its first payment was not made", { status: "incomplete_expired", ended_at: T + DAY }, []],
  ])("%s", (_name, fields, told) => {
    expect(keys(listed("subscriptions", subscription(fields)))).toEqual(told)
  })

  test("a trial that is over at Stripe but not yet ended stays open", () => {
    const due = subscription({ ...TRIAL, status: "trialing" })
    const { items: told, pending } = listed("subscriptions", due, { asked: (TRIAL_END + 60) * 1000 })
    expect(keys({ items: told })).toEqual([NEW])
    expect(pending.map(({ collection, key }) => `${collection} ${key}`)).toEqual([EXPIRED, TRIAL_CANCELLED, CANCELLED])
    expect(listed("subscriptions", due, { asked: (TRIAL_END - 60) * 1000 }).pending).toEqual([])
  })

  test("each at the time it became true", () => {
    const { items: told } = listed("subscriptions", subscription({ ...PAID, ...ended(TRIAL_END + DAY) }))
    expect(told.map(({ time }) => time / 1000)).toEqual([T, TRIAL_END + DAY, TRIAL_END])
  })

  test("a trial was one when it began, whatever has become of the subscription since", () => {
    const [trial] = listed("subscriptions", subscription({ ...PAID, ...ended(TRIAL_END + DAY) })).items
    expect(trial?.data).toMatchObject({ status: "trialing" })
  })

  test("tells nothing of the present: what was tried, and what the trial became, may have changed since", () => {
    const [trial, , expired] = listed("subscriptions", subscription({ ...PAID, ...ended(TRIAL_END + DAY) })).items
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
      { ...active, ...ended(TRIAL_END + DAY) },
      { status: "active" },
      ["Subscription change", CANCELLED],
    ],
    ["customer.subscription.deleted", { ...active, ...ended(TRIAL_END + DAY) }, undefined, [CANCELLED]],
    [
      "customer.subscription.deleted",
      subscription({ ...TRIAL, ...ended(T + DAY) }),
      undefined,
      [CANCELLED, TRIAL_CANCELLED],
    ],
    [
      "customer.subscription.deleted",
      subscription({ ...TRIAL, ...PAUSES, ...ended(TRIAL_END + 60) }),
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
    const update = event("customer.subscription.updated", active, { status: "trialing" }, { created: TRIAL_END + 300 })
    const began = event("customer.subscription.created", subscription({ ...TRIAL, status: "trialing" }))
    const fromFeed = [...fed(began).items, ...fed(update).items.slice(1)]
    const fromList = listed("subscriptions", active).items
    expect(fromFeed.map(({ announcedAt, ...fact }) => fact)).toEqual(fromList.map(({ announcedAt, ...fact }) => fact))
  })

  test("a trial that an update takes away ended with it, or when it was due; the rest of the update is told", () => {
    const bare = subscription({ items: items(2000, 1, { current_period_start: T + DAY }) })
    const before = { status: "trialing", trial_start: T, trial_end: TRIAL_END }
    const taken = fed(event("customer.subscription.updated", bare, before, { created: T + DAY }))
    expect(taken.rejects).toEqual([])
    expect(taken.items.map(({ collection }) => collection)).toEqual(["Subscription change", "Trial expired"])
    expect(taken.items[0]?.data).toMatchObject({ change: "trial_ended", status: "active", mrrChange: 20 })
    expect(taken.items[1]).toMatchObject({
      time: (T + DAY) * 1000,
      data: { trial_start: "2026-06-01T00:00:00.000Z", trial_end: "2026-06-02T00:00:00.000Z" },
    })
    const late = fed(event("customer.subscription.updated", bare, before, { created: TRIAL_END + DAY }))
    expect(late.items[1]).toMatchObject({ time: TRIAL_END * 1000 })
  })

  test("of which a part cannot be read, the rest is told, and the reason of the part", () => {
    const broken = subscription({ ...PAID, ended_at: null, status: "canceled" })
    const { items: told, rejects } = listed("subscriptions", broken)
    expect(keys({ items: told })).toEqual([NEW, EXPIRED])
    expect(rejects).toMatchObject([
      { collection: "Subscription cancelled", reason: "the record has no number in ended_at" },
    ])
    const announced = fed(event("customer.subscription.deleted", broken, undefined, { created: TRIAL_END + DAY }))
    expect(announced.items[0]).toMatchObject({ key: "sub_1:cancelled", time: (TRIAL_END + DAY) * 1000 })
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
    expect(pausedAt(TRIAL_END + 60)).toEqual([`Subscription change sub_1:paused:${TRIAL_END + 60}`, EXPIRED])
    expect(pausedAt(TRIAL_END + 30 * DAY)).toEqual([`Subscription change sub_1:paused:${TRIAL_END + 30 * DAY}`])
  })

  test("a pause told by two events is one change", () => {
    const paused = subscription({ status: "paused" })
    const own = only(fed(event("customer.subscription.paused", paused)))
    const update = only(fed(event("customer.subscription.updated", paused, { status: "active" })))
    expect(own.key).toBe(update.key)
    expect([own.data?.mrrChange, update.data?.mrrChange]).toEqual([0, 0])
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
