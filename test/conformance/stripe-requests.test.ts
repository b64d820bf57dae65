import { beforeAll, expect, test } from "vitest"
import { LOOKUPS_MAX, type PageContext, type PageRequest } from "../../src/connectors/kit/define.ts"
import type { Config } from "../../src/connectors/stripe/shape.ts"
import { stripe } from "../../src/connectors/stripe.ts"
import { ALL, CONFIG, event, pageContext, recordOf, refund, streamOf, T } from "../connectors/stripe/objects.ts"
import { type Description, faultsOf, type Schema } from "./openapi.ts"
import { describeWith, readYaml } from "./partners.ts"

const SPEC = "stripe/spec3.2023-08-16.yaml.gz"

type Context = PageContext<Config>

const CONTEXTS: Partial<Context>[] = [
  {},
  { window: { from: T * 1000, to: (T + 3600) * 1000 } },
  { window: { from: null, to: T * 1000 }, pageToken: "obj_1", pageSize: 50 },
  ...[...ALL].map((name) => ({ collections: new Set([name]) })),
]

const ENABLED_EVENTS = [
  "requestBody",
  "content",
  "application/x-www-form-urlencoded",
  "schema",
  "properties",
  "enabled_events",
]

describeWith("Stripe's description of its API", [SPEC], () => {
  let api: Description

  beforeAll(() => {
    api = readYaml<Description>(SPEC)
  })

  test("has the account's request", () => {
    expect(faultsOf(api, stripe.account.request(CONFIG))).toEqual([])
  })

  test.each(stripe.streams.map(({ name }) => name))("takes every request of %s", (name) => {
    const faults = CONTEXTS.flatMap((context) => faultsOf(api, streamOf(name).request(pageContext(context))))
    expect(faults).toEqual([])
  })

  test.each([1, LOOKUPS_MAX, 50])("takes what is asked to complete a page of %i refunds", (count) => {
    const refunds = Array.from({ length: count }, (_, index) => refund({ id: `re_${index}`, charge: `ch_${index}` }))
    const records = refunds.map((body) => recordOf(event("refund.created", body)))
    const requests = streamOf("events").lookup?.requests(records, pageContext()) ?? []
    expect(requests.length).toBeGreaterThan(0)
    expect(requests.flatMap((request) => faultsOf(api, request))).toEqual([])
  })

  test("knows every event type that the feed is filtered by", () => {
    const asked = streamOf("events").request(pageContext()).query?.["types[]"] as string[]
    expect(asked.filter((type) => !eventTypes(api).includes(type))).toEqual([])
  })

  test.each<[string, PageRequest, string]>([
    ["another path", { path: "/v1/chargess" }, "is not described"],
    ["another parameter", { path: "/v1/charges", query: { since: 1 } }, "takes no since"],
    ["another kind of value", { path: "/v1/charges", query: { limit: "all" } }, "limit: data must be integer"],
    [
      "another expansion",
      { path: "/v1/charges", query: { "expand[]": ["data.currency"] } },
      "cannot expand data.currency",
    ],
    [
      "an expansion of nothing",
      { path: "/v1/refunds", query: { "expand[]": ["data.charge.amount"] } },
      "cannot expand",
    ],
  ])("is really looked at: %s would be found", (_name, request, fault) => {
    expect(faultsOf(api, request).join()).toContain(fault)
  })
})

/** Where webhooks are registered, the description lists every type of event. */
function eventTypes(api: Description): string[] {
  const register = (api.paths["/v1/webhook_endpoints"] as { post?: unknown } | undefined)?.post
  const listed = ENABLED_EVENTS.reduce<unknown>((at, step) => (at as Record<string, unknown>)?.[step], register)
  return (listed as Schema).items?.enum ?? []
}
