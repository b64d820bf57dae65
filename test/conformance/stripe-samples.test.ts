import { describe, expect, test } from "vitest"
import type { JsonValue } from "../../src/connectors/kit/item.ts"
import { fed, keys, listed } from "../connectors/stripe/objects.ts"
import { describeWith, listJson, readJson } from "./partners.ts"

type Fields = Record<string, JsonValue>

const FIXTURES = "stripe/fixtures3.2026-08.json"
const EVENTS = "stripe/events"

/** Stripe's sample objects are all of one moment and one state. */
const SAMPLES: Record<string, { stream: string; told: string[]; open?: string[]; changes?: Fields }> = {
  customer: { stream: "customers", told: ["Customers"] },
  // An authorization: not captured yet.
  // The sample is an authorization of test money that nobody has captured: as it is, it tells nothing.
  charge: {
    stream: "charges",
    told: ["Charge:succeeded:100"],
    changes: { livemode: true, captured: true, amount_captured: 100 },
  },
  refund: { stream: "refunds", told: ["Charge:succeeded"] },
  subscription: {
    stream: "subscriptions",
    told: ["New trial:trial:1234567890", "Trial expired:trial_expired:1234567890"],
  },
  invoice: { stream: "invoices", told: ["Invoice:created"] },
}

/** What each official event body tells; those not named tell nothing of ours, or are of test money. */
const TOLD: Record<string, string[]> = {
  charge_failed: ["Charge ch_3KtoMeJDPojXS6LN0igeffJ6:failed"],
  charge_refunded: ["Charge re_3Kl36gJDPojXS6LN0eP4yPDz:succeeded"],
  invoice_paid: ["Invoice in_1KJqKBJDPojXS6LNJbvLUgEy:paid"],
  invoice_updated: ["Invoice evt_1KJrLuJDPojXS6LNKLCh0CEr"],
  subscription_deleted: ["Subscription cancelled sub_JdIzvfy6o5GZRd:cancelled"],
  subscription_updated: ["Subscription change evt_1IlavxJDPojXS6LNGNOrPWFQ"],
}

describeWith("Stripe's sample objects", [FIXTURES], () => {
  const { resources } = readJson<{ resources: Record<string, Fields> }>(FIXTURES)

  test.each(Object.entries(SAMPLES))("of a %s become items", (kind, { stream, told, open = [], changes }) => {
    const object = { ...resources[kind], ...changes }
    const result = listed(stream, object)
    expect(result.rejects).toEqual([])
    expect(keys(result).map((key) => key.replace(` ${object.id}`, ""))).toEqual(told)
    expect(result.pending.map(({ key }) => key)).toEqual(open.map((fact) => `${object.id}:${fact}`))
  })

  test.each(Object.entries(SAMPLES))(
    "of a %s are refused in words where what they need is missing",
    (_kind, { stream, told, open, changes }) => {
      const object: Fields = { ...resources[_kind], ...changes }
      for (const field of ["id", "currency", "created", "status"]) {
        const { [field]: _, ...less } = object
        for (const { reason } of listed(stream, less).rejects) expect(reason).toContain(field)
      }
      expect(told.length + (open?.length ?? 0)).toBeGreaterThan(0)
    },
  )

  test("of an event tell nothing where the event is not ours", () => {
    expect(fed(resources.event ?? {})).toMatchObject({ items: [], rejects: [] })
  })
})

describe("Stripe's event bodies, of an older version", () => {
  test.each(listJson(EVENTS))("%s", (name) => {
    const result = fed(readJson<Fields>(`${EVENTS}/${name}.json`))
    expect(result.rejects).toEqual([])
    expect(keys(result)).toEqual(TOLD[name] ?? [])
  })

  test("are all at hand that something is expected of, or none", () => {
    const names = listJson(EVENTS)
    if (names.length > 0) expect(Object.keys(TOLD).filter((name) => !names.includes(name))).toEqual([])
  })
})
