import { describe, expect, it, test } from "vitest"
import type { NormalizeContext, Stream } from "../../../src/connectors/kit/define.ts"
import type { JsonValue } from "../../../src/connectors/kit/item.ts"
import { type Itemized, toItems } from "../../../src/connectors/kit/to-items.ts"
import { paddle } from "../../../src/connectors/paddle.ts"
import { connectorContract } from "../kit/contract.ts"

const KEY = "pdl_sdbx_apikey_01gtgztp8f4kek3yd4g1wrksa3_q6TGTJyvoIz7LDtXT65bX7_AQO"
const CONFIG = paddle.config.parse({})
const NAMES = [...paddle.collections.map(({ name }) => name), "alias"]
const START = "2026-03-01T10:00:00.000000Z"
const BILLED = "2026-03-15T10:00:00.000000Z"
const ENDED = "2026-04-15T10:00:00.000000Z"

connectorContract(paddle, { config: {}, credential: KEY })

function told(stream: string, body: JsonValue, changes: Partial<NormalizeContext<unknown>> = {}): Itemized {
  const found = paddle.streams.find(({ name }) => name === stream) as Stream<unknown>
  const how: NormalizeContext<unknown> = {
    ...{
      config: CONFIG,
      account: { id: "acc_1", name: "Ada", mode: "live" },
      collections: new Set(NAMES),
      identity: "email",
    },
    ...{ via: found.mode === "live" ? "feed" : "list", followed: [], asked: Date.parse("2026-06-01T00:00:00Z") },
    ...changes,
  }
  return toItems(paddle, found, { id: "r", time: Date.parse(ENDED), body }, how, {})
}

const fed = (event_type: string, data: JsonValue, changes?: Partial<NormalizeContext<unknown>>) =>
  told("events", { event_id: "evt_1", event_type, occurred_at: ENDED, data }, changes)
const facts = ({ items }: Itemized) =>
  items.map(({ collection, key, time }) => `${collection} ${key} ${new Date(time).toISOString().slice(0, 10)}`)

function subscription(changes: Record<string, JsonValue> = {}): JsonValue {
  return {
    ...{ id: "sub_1", customer_id: "ctm_1", currency_code: "USD", status: "active", items: [] },
    ...{ started_at: START, first_billed_at: START, canceled_at: null, created_at: START },
    ...changes,
  }
}

describe("a subscription of Paddle", () => {
  const inTrial = { first_billed_at: null }
  const afterTrial = { first_billed_at: BILLED }
  const ended = { canceled_at: ENDED }

  test.each<[string, Record<string, JsonValue>, string[]]>([
    ["that began with a payment tells no trial", {}, []],
    ["in its trial tells when that began", inTrial, ["New trial sub_1:trial 2026-03-01"]],
    [
      "that was billed after its trial tells that too",
      afterTrial,
      ["New trial sub_1:trial 2026-03-01", "Trial expired sub_1:billed 2026-03-15"],
    ],
    [
      "that ended in its trial",
      { ...inTrial, ...ended },
      ["New trial sub_1:trial 2026-03-01", "Trial cancelled sub_1:cancelled 2026-04-15"],
    ],
    ["that ended after it was billed", ended, ["Subscription cancelled sub_1:cancelled 2026-04-15"]],
  ])("%s", (_, changes, expected) => expect(facts(told("subscriptions", subscription(changes)))).toEqual(expected))

  test.each([
    ["subscription.trialing", inTrial],
    ["subscription.activated", afterTrial],
    ["subscription.canceled", { ...inTrial, ...ended }],
    ["subscription.canceled", { ...afterTrial, ...ended }],
  ])("tells by %s what its list tells, byte for byte but for where it stands in the feed", (type, changes) => {
    const [item] = fed(type, subscription(changes)).items
    const listed = told("subscriptions", subscription(changes)).items.find(({ key }) => key === item?.key)
    expect({ ...listed, announcedAt: 0 }).toEqual({ ...item, announcedAt: 0 })
  })

  it("that is shown once more long after a fact does not tell it again: the fact stands in the feed where it came true", () => {
    expect(fed("subscription.past_due", subscription(afterTrial)).items[0]?.announcedAt).toBe(Date.parse(BILLED))
  })
})

describe("a transaction of Paddle", () => {
  const captured = {
    status: "captured",
    payment_attempt_id: "a2",
    amount: "1234",
    captured_at: BILLED,
    created_at: START,
  }
  const declined = {
    status: "error",
    payment_attempt_id: "a1",
    amount: "1234",
    error_code: "declined",
    created_at: START,
  }

  function transaction(changes: Record<string, JsonValue> = {}): JsonValue {
    return {
      ...{
        id: "txn_1",
        customer_id: "ctm_1",
        subscription_id: null,
        currency_code: "USD",
        status: "completed",
        origin: "web",
      },
      ...{ created_at: START, billed_at: START, payments: [captured], invoice_number: null },
      details: { totals: { grand_total: "1234", tax: "234", currency_code: "USD" } },
      ...changes,
    }
  }

  it("is a payment once it is completed, when it was captured", () => {
    expect(told("transactions", transaction()).items).toMatchObject([
      {
        ...{ collection: "Charge", key: "txn_1:succeeded", userId: "ctm_1", time: Date.parse(BILLED) },
        data: { type: "payment", status: "succeeded", amount: 12.34, tax: 2.34, currency: "usd", customer: "ctm_1" },
      },
    ])
    expect(facts(told("transactions", transaction({ payments: [] })))).toEqual(["Charge txn_1:succeeded 2026-03-01"])
  })

  it("tells each attempt that failed, by itself", () => {
    expect(facts(told("transactions", transaction({ payments: [captured, declined] })))).toEqual([
      "Charge txn_1:succeeded 2026-03-15",
      "Charge a1:failed 2026-03-01",
    ])
    expect(
      fed("transaction.payment_failed", transaction({ status: "ready", payments: [declined] })).items[0]?.data,
    ).toMatchObject({
      ...{ status: "failed", amount: 12.34, failure: "declined", transaction: "txn_1" },
    })
  })

  it("over nothing moves no money: a trial's first", () => {
    const totals = { grand_total: "0", tax: "0", currency_code: "USD" }
    expect(told("transactions", transaction({ details: { totals } }))).toMatchObject({
      items: [],
      pending: [],
      rejects: [],
    })
  })

  it("that was billed waits for its payment, and one that was cancelled for none", () => {
    const key = "txn_1:succeeded"
    expect(told("transactions", transaction({ status: "billed", payments: [] })).pending).toMatchObject([
      { key, time: Date.parse(START) },
    ])
    expect(told("transactions", transaction({ status: "canceled", payments: [] })).closed).toMatchObject([{ key }])
  })

  it("of the sandbox is no revenue until the user says so", () => {
    const account = { id: "acc_1", name: "Ada", mode: "test" } as const
    expect(told("transactions", transaction(), { account }).items).toEqual([])
    const config = { ...CONFIG, countTestPayments: true }
    expect(told("transactions", transaction(), { account, config }).items[0]?.data).toMatchObject({ test: true })
  })
})

describe("an adjustment of Paddle", () => {
  const adjustment = (action: string, status: string): JsonValue => ({
    ...{ id: "adj_1", action, status, customer_id: "ctm_1", transaction_id: "txn_1", created_at: START },
    totals: { total: "500", currency_code: "JPY" },
  })

  it("is a refund once it is approved, with its own amount", () => {
    expect(told("adjustments", adjustment("refund", "approved")).items).toMatchObject([
      {
        key: "adj_1:refunded",
        time: Date.parse(START),
        data: { type: "refund", amount_refunded: 500, currency: "jpy" },
      },
    ])
  })

  it("waits while Paddle looks at it, by either way, and is given up when it is rejected", () => {
    const waiting = [{ collection: "Charge", key: "adj_1:refunded", time: Date.parse(START) }]
    expect(told("adjustments", adjustment("refund", "pending_approval")).pending).toEqual(waiting)
    expect(fed("adjustment.created", adjustment("refund", "pending_approval")).pending).toEqual(waiting)
    expect(fed("adjustment.updated", adjustment("refund", "rejected")).closed).toMatchObject([
      { key: "adj_1:refunded" },
    ])
  })

  it("that gives credit moves no money", () => {
    expect(fed("adjustment.created", adjustment("credit", "approved"))).toMatchObject({ items: [], pending: [] })
  })
})

describe("a customer of Paddle", () => {
  const customer = {
    id: "ctm_1",
    email: "Ada@Example.com",
    name: "Ada",
    status: "active",
    custom_data: { plan: "gold" },
  }

  it("is a person under the email, joined to the id by which all else names it", () => {
    const { items } = fed("customer.updated", { ...customer, updated_at: START })
    expect(items).toMatchObject([
      {
        ...{ userId: "ada@example.com", version: Date.parse(START) },
        userAttributes: { paddle_customerId: "ctm_1", name: "Ada", paddle_custom_plan: "gold" },
        cleared: { paddle_locale: "text" },
      },
      { collection: "alias", userId: "ada@example.com", anotherUserId: "ctm_1" },
    ])
  })
})

describe("Paddle's account and refusals", () => {
  it("are told by the API's root", () => {
    const data = { api: { environment: "sandbox" }, caller: { account: { id: "acc_1", name: "Ada Ltd" } } }
    const answer = { body: { data }, headers: new Headers() }
    expect(paddle.account.read(answer, { kind: "key", value: KEY })).toEqual({
      id: "acc_1",
      name: "Ada Ltd",
      mode: "test",
    })
  })

  test.each([
    [403, "invalid_token", "auth"],
    [403, "forbidden", "denied"],
    [404, "not_found", "fault"],
    [429, "too_many_requests", "limited"],
  ])("%i %s is %s", (status, code, kind) => {
    const body = { error: { type: "request_error", code, detail: "Paddle's own words." } }
    expect(paddle.classify(status, body, new Headers({ "retry-after": "7" }), { kind: "key", value: KEY })?.kind).toBe(
      kind,
    )
  })

  it("say what is wrong with a key before it is sent", () => {
    const [auth] = paddle.auth
    const said = (key: string) =>
      auth?.kind === "apiKey" ? auth.schema.safeParse(key).error?.issues[0]?.message : null
    expect(said("live_7d279f61a3499fed520f7cd8c08")).toMatch(/client-side token/)
    expect(said("0123456789abcdef0123456789abcdef")).toMatch(/before May 2025/)
  })
})
