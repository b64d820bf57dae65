import { describe, expect, it } from "vitest"
import type { z } from "zod"
import type { connectorView } from "../../src/api/views.ts"
import { connectors } from "../../src/connectors/index.ts"
import { call, json, problem, simulateWorld, snapshot } from "../support/api.ts"

const world = simulateWorld()
type Connector = z.infer<typeof connectorView>

describe("the catalogue", () => {
  it("lists every connector", async () => {
    const { data } = await json<{ data: { name: string }[] }>(call("GET", "/connectors"))
    expect(data.map((one) => one.name)).toEqual(connectors.map((one) => one.name))
  })

  it("describes a connector: how to connect, what it brings, what to make of it", async () => {
    const stripe = await json<Connector>(call("GET", "/connectors/stripe"))
    expect(stripe.auth).toContainEqual(expect.objectContaining({ kind: "apiKey", label: expect.any(String) }))
    expect(stripe.config).toMatchObject({ type: "object", additionalProperties: false })
    expect(stripe.config).toMatchObject({ properties: { countTestPayments: { type: "boolean", default: false } } })
    expect(stripe.config).toMatchObject({
      properties: { countTestPayments: { description: expect.stringContaining("what is read from then on") } },
    })
    expect(stripe.changeable).toEqual(["countTestPayments"])
    expect(stripe.collections.map((one) => one.name)).toContain("Charge")
    const charge = stripe.collections.find((one) => one.name === "Charge")
    expect(charge?.attributes).toContainEqual({
      name: "amount",
      description: expect.any(String),
      type: "number",
      required: false,
    })
    expect(stripe.templates.map((one) => one.key)).toContain("revenue")
  })

  it("explains every attribute of every collection", async () => {
    for (const { name } of connectors) {
      const { collections } = await json<Connector>(call("GET", `/connectors/${name}`))
      for (const { attributes } of collections)
        for (const one of attributes) expect(one.description, one.name).not.toBe("")
    }
  })

  it("knows no other connector", async () => {
    expect((await problem(call("GET", "/connectors/strype"))).code).toBe("not_found")
  })
})

describe("testing credentials", () => {
  const check = (apiKey: string) => call("POST", "/connectors/stripe/check", { body: { credentials: { apiKey } } })
  interface Checked {
    account: { name: string; mode: string }
    collections: { collection: string; readable: boolean; reason: string | null }[]
  }

  it("names the account and what can be read, and saves nothing", async () => {
    const key = world.stripeKey("check-1")
    const before = await snapshot()
    const answer = await json<Checked>(check(key))
    expect(answer.account.mode).toBe("test")
    expect(answer.collections.every((one) => one.readable)).toBe(true)
    expect(await snapshot()).toBe(before)
  })

  it("names the collections that a restricted key cannot read, and why", async () => {
    world.stripeKey("check-2")
    const permissions = [
      "rak_connected_account_read",
      "rak_customer_read",
      "rak_event_read",
      "rak_charge_read",
      "rak_subscription_read",
    ]
    const { key } = world.stripe.addKey({ account: "check-2", permissions })
    const { collections } = await json<Checked>(check(key))
    const invoice = collections.find((one) => one.collection === "Invoice")
    expect(invoice).toMatchObject({ readable: false, reason: expect.stringMatching(/invoice/i) })
    expect(collections.find((one) => one.collection === "Customers")).toMatchObject({ readable: true, reason: null })
  })

  it("asks once for the account and at most once for each stream", async () => {
    const key = world.stripeKey("check-3")
    const before = world.checks()
    await json(check(key))
    expect(world.checks()).toBe(before + 1)
  })

  it("says that a key is not accepted", async () => {
    const key = world.stripeKey("check-4")
    world.stripe.revokeKey(key)
    expect(await problem(check(key))).toMatchObject({ code: "credentials_rejected", status: 422 })
  })

  it("passes on how long the partner asks to wait", async () => {
    const key = world.stripeKey("check-5")
    world.faults.on({ name: "rate_limit", times: 1, account: "check-5/test", options: { seconds: 7 } })
    const refused = await problem(check(key))
    expect(refused).toMatchObject({ code: "partner_limited", status: 503, retryAfterSeconds: 7 })
    expect(refused.headers.get("retry-after")).toBe("7")
  })
})
