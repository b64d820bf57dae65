/** Paddle's own description of its API, and its sample answers and events: what is asked is described, and what they say becomes items. */
import { Ajv } from "ajv"
import { beforeAll, describe, expect, test } from "vitest"
import type { NormalizeContext, PageContext, PageRequest, Stream } from "../../src/connectors/kit/define.ts"
import type { JsonValue } from "../../src/connectors/kit/item.ts"
import { type Itemized, toItems } from "../../src/connectors/kit/to-items.ts"
import { paddle } from "../../src/connectors/paddle.ts"
import type { Description } from "./openapi.ts"
import { describeWith, listJson, readJson, readYaml } from "./partners.ts"

const SPEC = "paddle/paddle.openapi.2025-05-27.yaml.gz"
const EVENTS = "paddle/events"
const NOW = Date.parse("2024-06-01T00:00:00Z")

const CONFIG = paddle.config.parse({})
const STREAMS = paddle.streams as Stream<unknown>[]
const NAMES = paddle.collections.map(({ name }) => name)
const ajv = new Ajv({ strict: false, coerceTypes: true })

/** What the official bodies tell; those not named tell nothing. */
const TOLD: Record<string, string[]> = {
  "adjustment.created": [],
  "customer.created": ["Customers/ctm_01hv6y1jedq4p1n0yqn5ba3ky4"],
  "customer.imported": ["Customers/ctm_01hv6y1jedq4p1n0yqn5ba3ky4"],
  "customer.updated": ["Customers/ctm_01hv6y1jedq4p1n0yqn5ba3ky4"],
  "subscription.canceled": ["Subscription cancelled/sub_01hv8x29kz0t586xy6zn1a62ny:cancelled"],
  "subscription.trialing": ["New trial/sub_01hv8x29kz0t586xy6zn1a62ny:trial"],
  "transaction.completed": ["Charge/txn_01hv8wptq8987qeep44cyrewp9:succeeded"],
  "transaction.payment_failed": ["Charge/8f72cfa6-26b4-4a57-91dc-8f2708f7822d:failed"],
}

function context(stream: Stream<unknown>, changes: Partial<PageContext<unknown>> = {}): PageContext<unknown> {
  const account = { id: "acc_1", name: "Ada", mode: "live" } as const
  const window = { from: 0, to: NOW }
  return {
    config: CONFIG,
    account,
    collections: new Set(NAMES),
    window,
    pageToken: null,
    pageSize: stream.pageSize,
    ...changes,
  }
}

function read(stream: Stream<unknown>, body: JsonValue): { items: string[]; all: Itemized[]; next: string | null } {
  const { records, next } = stream.page({ body, headers: new Headers() }, context(stream))
  const how: NormalizeContext<unknown> = {
    ...{
      config: CONFIG,
      account: context(stream).account,
      collections: new Set([...NAMES, "alias"]),
      identity: "email",
    },
    ...{ via: stream.mode === "live" ? "feed" : "list", followed: [], asked: NOW },
  }
  const all = records.map((record) => toItems(paddle, stream, record, how, {}))
  const named = all.flatMap(({ items }) => items).filter(({ collection }) => collection !== "alias")
  return { items: named.map(({ collection, key }) => `${collection}/${key}`), all, next }
}

const streamOf = (name: string) => STREAMS.find((stream) => stream.name === name) as Stream<unknown>
const page = (rows: JsonValue[]) => ({ data: rows, meta: { pagination: { has_more: false } } })

describeWith("Paddle's description of its API", [SPEC], () => {
  let api: Description

  beforeAll(() => {
    api = readYaml<Description>(SPEC)
  })

  /** `created_at[GTE]` is an operator of `created_at`; a list is written with commas. */
  function faultsOf({ path, query = {} }: PageRequest): string[] {
    const parameters = api.paths[path]?.get?.parameters?.map((one) => resolved(one)) ?? []
    if (parameters.length === 0) return [`GET ${path} is not described`]
    const known = new Map(parameters.map((one) => [one.name, one]))
    return Object.entries(query).flatMap(([key, value]) => {
      const [, name = key, operator = ""] = /^(.*)(\[(?:LT|LTE|GT|GTE)\])$/.exec(key) ?? []
      const parameter = known.get(name)
      if (!parameter?.description?.includes(operator)) return [`${path} takes no ${key}`]
      const schema = resolved(parameter.schema)
      const sent = schema.type === "array" ? String(value).split(",") : value
      return ajv.validate({ ...schema, ...(schema.items && { items: resolved(schema.items) }) }, sent)
        ? []
        : [`${path} ${key}: ${ajv.errorsText()}`]
    })
  }

  function resolved<T extends object>(part: T & { $ref?: string }): T {
    const steps = part.$ref?.split("/").slice(1)
    return steps ? (steps.reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], api) as T) : part
  }

  test.each(STREAMS.map((stream) => [stream.name, stream] as const))("takes every request of %s", (_, stream) => {
    const contexts = [{}, { window: { from: null, to: null } }, { pageToken: "evt_1", pageSize: 7 }, { pageSize: 1 }]
    expect(contexts.flatMap((changes) => faultsOf(stream.request(context(stream, changes))))).toEqual([])
  })

  test.each([
    [{ path: "/eventss" }, "is not described"],
    [{ path: "/customers", query: { since: 1 } }, "takes no since"],
    [{ path: "/customers", query: { status: "active,gone" } }, "must be equal"],
    [{ path: "/events", query: { per_page: 500 } }, "must be <= 200"],
  ])("is really looked at: %j would be found", (request, fault) => expect(faultsOf(request).join()).toContain(fault))

  test("has the key's form", () => {
    const secret = api.components.schemas["apikey-secret"] as { pattern?: string }
    const [auth] = paddle.auth
    expect(auth?.kind === "apiKey" && auth.shape?.source).toBe(secret.pattern)
  })
})

describeWith("Paddle's sample events", [`${EVENTS}/transaction.completed.json`], () => {
  const types = listJson(EVENTS)

  test.each(types)("%s becomes what it tells, and nothing of it is unreadable", (type) => {
    const { items, all } = read(streamOf("events"), page([readJson<JsonValue>(`${EVENTS}/${type}.json`)]))
    expect(all.flatMap(({ rejects }) => rejects)).toEqual([])
    expect(items).toEqual(TOLD[type] ?? [])
  })

  test("tell of a payment what was paid, and of one that failed what was tried", () => {
    const of = (type: string) =>
      read(streamOf("events"), page([readJson<JsonValue>(`${EVENTS}/${type}.json`)])).all[0]?.items[0]
    expect(of("transaction.completed")).toMatchObject({
      ...{ userId: "ctm_01hv6y1jedq4p1n0yqn5ba3ky4", time: Date.parse("2024-04-12T10:18:47.635Z") },
      data: { type: "payment", status: "succeeded", currency: "usd", amount: 652.15, tax: 53.15, origin: "web" },
    })
    expect(of("transaction.payment_failed")?.data).toMatchObject({
      status: "failed",
      amount: 652.15,
      failure: "declined",
    })
  })
})

describe("Paddle's sample lists", () => {
  describeWith("as pages", ["paddle/list-customers.json"], () => {
    test.each(["customers", "subscriptions", "transactions", "adjustments", "events"])(
      "of %s are read whole",
      (name) => {
        const { all, next } = read(streamOf(name), readJson<JsonValue>(`paddle/list-${name}.json`))
        expect(all.length).toBeGreaterThan(0)
        expect(all.flatMap(({ rejects }) => rejects)).toEqual([])
        expect(next === null || /^[a-z]{3}_[a-z\d]{26}$/.test(next)).toBe(true)
      },
    )
  })
})
