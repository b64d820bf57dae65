import { describe, expect, test } from "vitest"
import { ShapeError } from "../../../src/connectors/kit/define.ts"
import type { JsonValue } from "../../../src/connectors/kit/item.ts"
import { charge, DAY, event, fed, keys, listed, only, pageContext, recordOf, refund, streamOf, T } from "./objects.ts"

type Fields = Record<string, JsonValue>

const feed = streamOf("events")
const ACACIA = { api_version: "2024-10-28.acacia" }
const V2023 = { api_version: "2023-10-16" }
const V2020 = { api_version: "2020-08-27" }

/** What `page` makes of events as Stripe would send them: newest first. */
function paged(...events: Fields[]) {
  const body = { object: "list", data: events, has_more: false }
  return feed.page({ body, headers: new Headers() }, pageContext()).records
}

function followed(...refunds: Fields[]) {
  return { followed: [{ object: "list", data: refunds, has_more: false }] }
}

describe("a refund in a list", () => {
  const paid = charge()

  test.each([
    ["succeeded", ["Charge re_1:succeeded"], []],
    ["failed", ["Charge re_1:failed"], []],
    ["pending", [], ["re_1:succeeded", "re_1:failed"]],
    ["requires_action", [], ["re_1:succeeded", "re_1:failed"]],
    ["canceled", [], []],
  ])("that is %s tells %j and leaves open %j", (status, told, open) => {
    const result = listed("refunds", refund({ status, charge: paid }))
    expect(keys(result)).toEqual(told)
    expect(result.pending.map(({ key }) => key)).toEqual(open)
  })

  test("carries its own amount and belongs to whoever paid", () => {
    const item = only(listed("refunds", refund({ charge: paid, reason: "duplicate" })))
    expect(item).toMatchObject({ userId: "cus_1", time: T * 1000 })
    expect(item.data).toEqual({
      type: "refund",
      status: "succeeded",
      amount_refunded: 5,
      currency: "usd",
      refund: "re_1",
      charge: "ch_1",
      customer: "cus_1",
      reason: "duplicate",
    })
  })

  test("of a guest belongs to the charge, as the payment does", () => {
    const guest = charge({ customer: null })
    expect(only(listed("refunds", refund({ charge: guest }))).userId).toBe(only(listed("charges", guest)).userId)
  })

  test("without a charge (of a customer's cash balance) belongs to the customer", () => {
    expect(only(listed("refunds", refund({ charge: null, customer: "cus_9" }))).userId).toBe("cus_9")
    expect(only(listed("refunds", refund({ charge: null }))).userId).toBe("re_1")
  })

  test("that failed is told at its failure, alike from list and feed", () => {
    const returned = { status: "failed", failure_reason: "lost_or_stolen_card" }
    const dated = { ...returned, charge: paid, failure_balance_transaction: { id: "txn_3", created: T + 9 * DAY } }
    const { announcedAt: _, ...fact } = only(listed("refunds", refund(dated)))
    expect(fact).toMatchObject({
      time: (T + 9 * DAY) * 1000,
      data: { status: "failed", failure_code: "lost_or_stolen_card" },
    })
    const named = refund({ ...returned, charge: paid, failure_balance_transaction: "txn_3" })
    expect(only(fed(event("refund.updated", named, { status: "succeeded" }, { created: T + 9 * DAY })))).toMatchObject(
      fact,
    )
  })
})

describe("a refund that only releases what was never captured", () => {
  const partly = { amount: 1000, amount_captured: 700, balance_transaction: { id: "txn_1", created: T } }

  test.each<[string, Fields, Fields, boolean]>([
    ["of an authorization that was not captured", { captured: false, amount_captured: 0, refunded: true }, {}, true],
    ["of what a partial capture left over, at the capture", partly, { amount: 300, created: T + 1 }, true],
    ["of the same amount, but later", partly, { amount: 300, created: T + 3600 }, false],
    ["of another amount, at the capture", partly, { amount: 200, created: T + 1 }, false],
    ["of a wholly captured charge", { balance_transaction: { id: "txn_1", created: T } }, { amount: 300 }, false],
    [
      "of an amount that fits, where the capture is not dated",
      { ...partly, balance_transaction: "txn_1" },
      { amount: 300 },
      false,
    ],
  ])("%s", (_name, ofCharge, ofRefund, released) => {
    expect(keys(listed("refunds", refund({ ...ofRefund, charge: charge(ofCharge) })))).toHaveLength(released ? 0 : 1)
  })
})

describe("a refund in the feed", () => {
  test.each<[string, Fields, Fields | undefined, string[]]>([
    ["refund.created", {}, undefined, ["Charge re_1:succeeded"]],
    ["refund.created", { status: "pending" }, undefined, []],
    ["refund.updated", {}, { status: "pending" }, ["Charge re_1:succeeded"]],
    ["refund.updated", { status: "failed" }, { status: "succeeded" }, ["Charge re_1:failed"]],
    ["refund.updated", {}, { destination_details: {} }, []],
    ["refund.updated", {}, { metadata: {} }, []],
    ["charge.refund.updated", {}, { status: "pending" }, ["Charge re_1:succeeded"]],
    ["charge.refund.updated", {}, { metadata: {} }, []],
    ["refund.failed", { status: "failed" }, undefined, ["Charge re_1:failed"]],
    ["refund.updated", { status: "canceled" }, { status: "requires_action" }, []],
  ])("%s %j with %j before tells %j", (type, fields, previous, told) => {
    expect(keys(fed(event(type, refund(fields), previous)))).toEqual(told)
  })

  test("closes its pending keys when it is cancelled or fails", () => {
    const closed = (status: string) => fed(event("refund.updated", refund({ status }), { status: "pending" })).closed
    expect(closed("canceled").map(({ key }) => key)).toEqual(["re_1:succeeded", "re_1:failed"])
    expect(closed("failed").map(({ key }) => key)).toEqual(["re_1:succeeded"])
  })

  test("is the same fact as in the list", () => {
    const paid = charge({ customer: { id: "cus_1", email: "ada@example.com" } })
    const fromList = only(listed("refunds", refund({ charge: paid })))
    const fromFeed = only(fed(event("refund.created", refund()), followed(refund({ charge: paid }))))
    const { announcedAt: _, ...fact } = fromList
    expect(fromFeed).toMatchObject(fact)
  })

  test("takes who paid from the charge's event of the same page, without a further call", () => {
    const paid = charge({ customer: null, billing_details: { email: "ada@example.com" }, amount_refunded: 500 })
    const records = paged(event("charge.refunded", paid, { amount_refunded: 0 }), event("refund.created", refund()))
    expect(feed.lookup?.requests(records, pageContext())).toEqual([])
    const [announced, created] = records
    expect(only(fed(created?.body as Fields))).toMatchObject({ userId: "ada@example.com", key: "re_1:succeeded" })
    expect(keys(fed(announced?.body as Fields))).toEqual([])
  })

  test("that names its customer, of a version without released authorizations, needs no further call", () => {
    const named = event("refund.created", refund({ customer: "cus_1" }))
    expect(feed.lookup?.requests(paged(named), pageContext())).toEqual([])
    const { announcedAt: _, ...fromList } = only(listed("refunds", refund({ customer: "cus_1", charge: charge() })))
    const { announcedAt: __, ...fromFeed } = only(fed(named))
    expect(fromFeed).toEqual(fromList)
    const older = event("refund.created", refund({ customer: "cus_1" }), undefined, ACACIA)
    expect(feed.lookup?.requests(paged(older), pageContext())).toHaveLength(1)
  })

  test("of test money is none, nor is anything asked for it", () => {
    const testMoney = event("refund.created", refund(), undefined, { livemode: false })
    expect(feed.lookup?.requests(paged(testMoney), pageContext())).toEqual([])
    expect(keys(fed(testMoney))).toEqual([])
    expect(keys(listed("refunds", refund({ charge: charge({ livemode: false }) })))).toEqual([])
    const inTestMode = { account: { id: "acct_1", name: "Acme", mode: "test" } } as const
    expect(keys(listed("refunds", refund({ charge: null, customer: "cus_9" }), inTestMode))).toEqual([])
  })

  test("belongs to its customer, else to its charge, where the payer cannot be looked up: money is never dropped", () => {
    const soon = { asked: (T + 60) * 1000 }
    // The list lags behind the feed: who paid may be shown in a moment.
    expect(() => fed(event("refund.created", refund()), soon)).toThrow(ShapeError)
    expect(keys(fed(event("refund.created", refund({ status: "pending" })), soon))).toEqual([])
    expect(only(fed(event("refund.created", refund({ customer: "cus_1" })), soon)).userId).toBe("cus_1")
    expect(only(fed(event("refund.created", refund()))).userId).toBe("ch_1")
    expect(only(fed(event("refund.created", refund({ customer: "cus_1" })))).userId).toBe("cus_1")
  })
})

describe("a refund that only the charge's event announces", () => {
  const refunded = (fields: Fields, version: Fields, previous: Fields = { amount_refunded: 0 }) =>
    event("charge.refunded", charge({ amount_refunded: 500, ...fields }), previous, version)
  const embedding = (...data: Fields[]) => ({ refunds: { object: "list", data, has_more: false } })

  test("before 2022-11-15 comes with it: only those that are new are told", () => {
    const older = refund({ id: "re_0", created: T - DAY })
    const body = refunded(embedding(refund(), older), V2020, { amount_refunded: 100, refunds: { data: [older] } })
    expect(feed.lookup?.requests(paged(body), pageContext())).toEqual([])
    expect(keys(fed(body))).toEqual(["Charge re_1:succeeded"])
  })

  test("before 2022-11-15, without the refunds before, is told by its time", () => {
    const older = refund({ id: "re_0", created: T - DAY })
    expect(keys(fed(refunded(embedding(refund(), older), V2020)))).toEqual(["Charge re_1:succeeded"])
  })

  test("before 2017-05-25, whose lists name only what changed, is told by its time", () => {
    const older = refund({ id: "re_0", created: T - DAY })
    const previous = { amount_refunded: 100, refunds: { data: [{ amount: 100 }], total_count: 1 } }
    const body = refunded(embedding(refund(), older), { api_version: "2017-04-06" }, previous)
    expect(keys(fed(body))).toEqual(["Charge re_1:succeeded"])
  })

  test("before 2022-11-15, where Stripe cut the list off within the new ones, is looked up", () => {
    const ten = Array.from({ length: 10 }, (_, index) => refund({ id: `re_${index}`, created: T }))
    const cut = { refunds: { object: "list", data: ten, has_more: true } }
    const body = refunded(cut, V2020, { amount_refunded: 0, refunds: { data: [] } })
    expect(feed.lookup?.requests(paged(body), pageContext())).toHaveLength(1)
    const eleven = [...ten, refund({ id: "re_10", created: T })].map((one) => ({ ...one, charge: charge() }))
    expect(keys(fed(body, followed(...eleven)))).toHaveLength(11)
  })

  test("between 2022-11-15 and 2024-10-28 is looked up by its charge", () => {
    const body = refunded({}, V2023)
    const [request, ...more] = feed.lookup?.requests(paged(body), pageContext()) ?? []
    expect(more).toEqual([])
    expect(request).toMatchObject({ path: "/v1/refunds", query: { charge: "ch_1", limit: 100 } })
    const older = refund({ id: "re_0", created: T - DAY, charge: charge() })
    const other = refund({ id: "re_2", charge: charge({ id: "ch_2" }) })
    expect(keys(fed(body, followed(refund({ charge: charge() }), older, other)))).toEqual(["Charge re_1:succeeded"])
  })

  test("that is pending is told when it succeeds", () => {
    expect(keys(fed(refunded({}, V2023), followed(refund({ status: "pending", charge: charge() }))))).toEqual([])
  })

  test("that the list does not show yet has its page read again, and goes to quarantine when it never does", () => {
    const body = refunded({}, V2023)
    expect(() => fed(body, { asked: (T + 60) * 1000 })).toThrow(ShapeError)
    expect(fed(body, { asked: (T + 3600) * 1000 }).rejects).toMatchObject([
      { collection: "Charge", key: "evt_charge.refunded" },
    ])
  })

  test("from 2024-10-28 on has an event of its own, and is told by that alone", () => {
    const body = refunded({}, ACACIA)
    expect(feed.lookup?.requests(paged(body), pageContext())).toEqual([])
    expect(fed(body)).toEqual({ items: [], rejects: [], pending: [], closed: [] })
  })

  test("is none where an authorization was released", () => {
    const released = { captured: false, amount_captured: 0, refunded: true }
    const body = refunded({ ...released, ...embedding(refund()) }, V2020)
    expect(fed(body).items).toEqual([])
    expect(feed.lookup?.requests(paged(refunded(released, V2023)), pageContext())).toEqual([])
  })

  test("is looked up where it may be what a partial capture left over", () => {
    const partly = { amount: 1000, amount_captured: 500, amount_refunded: 500 }
    const body = refunded({ ...partly, ...embedding(refund()) }, V2020)
    expect(feed.lookup?.requests(paged(body), pageContext())).toHaveLength(1)
    const dated = (created: number) => charge({ ...partly, balance_transaction: { id: "txn_1", created } })
    expect(keys(fed(body, followed(refund({ charge: dated(T) }))))).toEqual([])
    expect(keys(fed(body, followed(refund({ charge: dated(T - DAY) }))))).toEqual(["Charge re_1:succeeded"])
  })
})

describe("looking up a page's refunds", () => {
  const many = (count: number, apart: (index: number) => number) =>
    Array.from({ length: count }, (_, index) => {
      const created = T + apart(index)
      const body = refund({ id: `re_${index}`, charge: `ch_${index}`, created })
      return event("refund.created", body, undefined, { id: `evt_${index}`, created })
    }).reverse()

  test.each([0, 1, 3, 4, 50, 100])("of %i charges takes at most three calls, however they lie", (count) => {
    const requests = feed.lookup?.requests(paged(...many(count, (index) => (index % 7) * DAY)), pageContext()) ?? []
    expect(requests.length).toBeLessThanOrEqual(Math.min(3, count))
    expect(requests.length > 0).toBe(count > 0)
  })

  test("asks for ranges that hold every refund, parted at the widest gaps", () => {
    const times = [0, 1, 2, DAY, DAY + 1, 9 * DAY]
    const requests =
      feed.lookup?.requests(paged(...many(times.length, (index) => times[index] ?? 0)), pageContext()) ?? []
    expect(requests.map(({ query }) => [query?.["created[gte]"], query?.["created[lte]"]])).toEqual([
      [T - 60, T + 2 + 60],
      [T + DAY - 60, T + DAY + 1 + 60],
      [T + 9 * DAY - 60, T + 9 * DAY + 60],
    ])
  })

  test("keeps to a page's own refunds where they lie dense", () => {
    const requests = feed.lookup?.requests(paged(...many(100, (index) => Math.floor(index / 10))), pageContext()) ?? []
    const spans = requests.map(({ query }) => Number(query?.["created[lte]"]) - Number(query?.["created[gte]"]))
    expect(Math.max(...spans)).toBeLessThanOrEqual(12)
  })

  test.each<Fields>([
    event("charge.refunded", charge({ refunds: { data: [null, {}, { id: 7 }] } }), {}, V2020),
    event("charge.refunded", charge({ id: null }), {}, V2023),
    event("refund.created", refund({ created: null, charge: 7 })),
    event("refund.created", null),
  ])("is not broken by an event that is: what it lacks is said when it is read", (body) => {
    expect(feed.lookup?.requests(paged(body), pageContext())?.length).toBeLessThanOrEqual(1)
    expect(fed(body).rejects).toHaveLength(1)
  })

  test("is not done for what tells nothing, nor where charges are not chosen", () => {
    const referenced = event("refund.updated", refund(), { destination_details: {} })
    expect(feed.lookup?.requests(paged(referenced), pageContext())).toEqual([])
    expect(
      feed.lookup?.requests(
        [recordOf(event("refund.created", refund()))],
        pageContext({ collections: new Set(["Invoice"]) }),
      ),
    ).toEqual([])
  })
})
