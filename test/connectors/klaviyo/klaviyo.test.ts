import { describe, expect, it, test } from "vitest"
import type { NormalizeContext, PageContext, Stream } from "../../../src/connectors/kit/define.ts"
import type { JsonValue } from "../../../src/connectors/kit/item.ts"
import { toItems } from "../../../src/connectors/kit/to-items.ts"
import { klaviyo } from "../../../src/connectors/klaviyo.ts"
import { connectorContract } from "../kit/contract.ts"

const KEY = "pk_0123456789abcdef0123456789abcdef01"
const AT = "2026-03-01T10:00:00+00:00"
const NAMES = klaviyo.collections.map(({ name }) => name)
const account = { id: "AbC123", name: "Ada", mode: "live" } as const

connectorContract(klaviyo, { config: {}, credential: KEY })

const streamOf = (name: string) => klaviyo.streams.find((stream) => stream.name === name) as Stream<unknown>
const context = (changes: Partial<PageContext<unknown>> = {}): PageContext<unknown> => ({
  ...{ config: {}, account, collections: new Set(NAMES), pageToken: null, pageSize: 100 },
  window: { from: Date.parse("2026-01-01T00:00:00Z"), to: null },
  ...changes,
})

function told(stream: string, body: JsonValue) {
  const page = streamOf(stream).page({ body, headers: new Headers() }, context())
  const how: NormalizeContext<unknown> = {
    ...{ config: {}, account, collections: new Set([...NAMES, "alias"]), identity: "email", via: "feed", followed: [] },
    asked: Date.parse("2026-06-01T00:00:00Z"),
  }
  return { ...page, items: page.records.flatMap((record) => toItems(klaviyo, streamOf(stream), record, how, {}).items) }
}

describe("Klaviyo's events", () => {
  const event = (metric: string, event_properties: JsonValue = {}): JsonValue => ({
    ...{ type: "event", id: `e_${metric}`, attributes: { datetime: AT, timestamp: 1, uuid: "u", event_properties } },
    relationships: {
      metric: { data: { type: "metric", id: metric } },
      profile: { data: { type: "profile", id: "01H" } },
    },
  })
  const included: JsonValue[] = [
    ...["Clicked Email", "Placed Order"].map((name) => ({
      ...{
        type: "metric",
        id: name,
        attributes: { name, integration: { name: name === "Placed Order" ? "Shopify" : "Klaviyo" } },
      },
    })),
    { type: "profile", id: "01H", attributes: { email: "Ada@Example.com" } },
  ]
  const next = "https://a.klaviyo.com/api/events?include=metric%2Cprofile&page%5Bcursor%5D=abc&page%5Bsize%5D=100"
  const list = (...data: JsonValue[]): JsonValue => ({ data, included, links: { next } })

  it("name their person by email and their metric by its own name, both of which stand beside the rows", () => {
    const properties = { "Campaign Name": "Spring", Subject: "Hello", URL: "https://ada.example", $message: "m1" }
    expect(told("events", list(event("Clicked Email", properties))).items).toMatchObject([
      {
        ...{ collection: "Email clicked", key: "e_Clicked Email", userId: "ada@example.com", time: Date.parse(AT) },
        data: { profile: "01H", campaign: "Spring", subject: "Hello", url: "https://ada.example", message: "m1" },
      },
    ])
  })

  it("that are none of Klaviyo's own are one collection, off until it is chosen", () => {
    expect(told("events", list(event("Placed Order", { $value: 12.5 }))).items).toMatchObject([
      { collection: "Other event", data: { event: "Placed Order", integration: "Shopify", value: 12.5 } },
    ])
    expect(klaviyo.collections.find(({ name }) => name === "Other event")?.default).toBe(false)
  })

  it("go on at the address that a page names, with fewer rows where fewer are wanted", () => {
    const { next: token } = told("events", list(event("Clicked Email")))
    const { path, query } = streamOf("events").request(context({ pageToken: token, pageSize: 50 }))
    expect(path).toBe("/api/events")
    expect(query).toMatchObject({ "page[cursor]": ["abc"], "page[size]": ["50"], include: ["metric,profile"] })
  })
})

describe("Klaviyo's profiles", () => {
  it("are asked for from a second earlier: its bounds are strict", () => {
    expect(streamOf("profiles").request(context()).query).toEqual({
      ...{ "page[size]": 100, sort: "-updated", filter: "greater-than(updated,2025-12-31T23:59:59.000Z)" },
    })
  })

  it("are people, joined to the profile's id", () => {
    const attributes = {
      email: "Ada@Example.com",
      first_name: "Ada",
      updated: AT,
      properties: { plan: "gold", deep: {} },
    }
    expect(
      told("profiles", { data: [{ type: "profile", id: "01H", attributes }], links: { next: null } }).items,
    ).toMatchObject([
      {
        ...{ collection: "Profiles", userId: "ada@example.com", version: Date.parse(AT) },
        userAttributes: { klaviyo_profileId: "01H", first_name: "Ada", klaviyo_custom_plan: "gold" },
      },
      { collection: "alias", userId: "ada@example.com", anotherUserId: "01H" },
    ])
  })
})

describe("Klaviyo's account and refusals", () => {
  it("are told by the accounts' list", () => {
    const attributes = { test_account: false, contact_information: { organization_name: "Ada Ltd" } }
    const answer = { body: { data: [{ type: "account", id: "AbC123", attributes }] }, headers: new Headers() }
    expect(klaviyo.account.read(answer, { kind: "key", value: KEY })).toEqual({
      id: "AbC123",
      name: "Ada Ltd",
      mode: "live",
    })
  })

  test.each([
    [401, "authentication_failed", "auth"],
    [401, "not_authenticated", "auth"],
    [403, "permission_denied", "denied"],
    [400, "invalid", "fault"],
    [429, "throttled", "limited"],
  ])("%i %s is %s", (status, code, kind) => {
    const body = { errors: [{ id: "1", code, title: "No.", detail: "Klaviyo's own words." }] }
    expect(klaviyo.classify(status, body, new Headers({ "retry-after": "7" }), { kind: "key", value: KEY })?.kind).toBe(
      kind,
    )
  })
})
