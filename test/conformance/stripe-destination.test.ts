/**
 * Stripe's official sample objects and event bodies as the content of an account, synced: what the destination then holds. It is
 * also written out, to be read through by eye.
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { expect, test } from "vitest"
import { handleAdmin } from "../sandbox/admin.ts"
import { callOf } from "../sandbox/http.ts"
import type { JsonObject } from "../sandbox/json.ts"
import { createSandbox, type Sandbox } from "../sandbox/sandbox.ts"
import { describeWith, listJson, readJson } from "./partners.ts"
import { connect, NOW } from "./product.ts"

const FIXTURES = "stripe/fixtures3.2026-08.json"
const EVENTS = "stripe/events"
const OUTPUT = ".wrangler/conformance/stripe-destination.json"
const KINDS = ["customer", "charge", "refund", "subscription", "invoice", "dispute"]
/** Every date of the samples, in epoch seconds: before the destination's first day. */
const SAMPLE_DATE = 1_234_567_890
const WEEK_AGO = NOW / 1_000 - 7 * 86_400
const HOUR_MS = 3_600_000

const CUSTOMER = "cus_QXg1o8vcGmoR32"
const SUBSCRIPTION = "sub_1Pgc6rB7WZ01zgkWNy0Cn5nw"
const ON_TRIAL = { subscription: SUBSCRIPTION, currency: "usd" }

/**
 * Of the six sample objects two tell nothing: the charge is an authorization that nobody captured, its refund gives back no money.
 */
const FROM_LISTS = [
  told(`Customers/${CUSTOMER}@${NOW}`, CUSTOMER, {
    userAttributes: { stripe_customerId: CUSTOMER, stripe_balance: 0 },
  }),
  told(`New trial/${SUBSCRIPTION}:trial:${WEEK_AGO}`, CUSTOMER, {
    data: { ...ON_TRIAL, status: "trialing" },
  }),
  told(`Trial expired/${SUBSCRIPTION}:trial_expired:${WEEK_AGO}`, CUSTOMER, { data: ON_TRIAL }),
  told("Invoice/in_1Pgc6tB7WZ01zgkWu9fdqL6I:created", CUSTOMER, {
    data: { status: "created", currency: "usd", billing_reason: "manual" },
  }),
]

/** Of the event bodies, those that tell of a person's payments, subscriptions or invoices. `refund.failed` comes beside an update. */
const FROM_EVENTS = [
  told("Charge/ch_3KtoMeJDPojXS6LN0igeffJ6:failed", "cus_J7Mkgr8mvbl1eK", {
    data: { type: "payment", status: "failed", amount: 25, currency: "usd", failure_code: "card_declined" },
  }),
  told("Charge/re_3Kl36gJDPojXS6LN0eP4yPDz:succeeded", "cus_J7Mkgr8mvbl1eK", {
    data: { type: "refund", status: "succeeded", amount_refunded: 25, charge: "ch_3Kl36gJDPojXS6LN0DCM4A8l" },
  }),
  told("Invoice/evt_1KJrLuJDPojXS6LNKLCh0CEr", "cus_JVhbiWW9p3F6wq", {
    data: { status: "updated", changed: "custom_fields", invoice_status: "draft" },
  }),
  told("Invoice/in_1KJqKBJDPojXS6LNJbvLUgEy:paid", "cus_JsuO3bmrj0QlAw", {
    data: { status: "paid", number: "60229DE7-0007", billing_reason: "subscription_cycle" },
  }),
  told("Subscription cancelled/sub_JdIzvfy6o5GZRd:cancelled", "cus_IhGfebO16cMIGN", {
    data: { status: "canceled", inTrial: false },
  }),
  told("Subscription change/evt_1IlavxJDPojXS6LNGNOrPWFQ", "cus_IhGfebO16cMIGN", {
    data: { change: "details_changed", changed: "metadata", mrrChange: 0 },
  }),
]

describeWith("Stripe's official samples as an account", [FIXTURES, `${EVENTS}/invoice_paid.json`], () => {
  test("arrive at the destination as what they mean", async () => {
    const sandbox = createSandbox({ clock: () => NOW, sleep: async () => undefined })
    const { key } = sandbox.stripe.create({
      name: "official",
      mode: "live",
      options: { rateLimit: null, endpointRateLimit: null },
    })
    await load(sandbox, { objects: sampleObjects() })
    const { engine, work } = await connect(sandbox, key)
    const fromLists = held(sandbox)
    sandbox.clock.advance(HOUR_MS)
    const eventsAt = sandbox.clock.now() - HOUR_MS / 2
    await load(sandbox, { events: sampleEvents(eventsAt / 1_000) })
    await engine.syncNow()
    await work()
    const fromEvents = held(sandbox).slice(fromLists.length)
    write({ fromLists, fromEvents })

    expect(fromLists).toMatchObject(FROM_LISTS)
    expect(fromEvents.sort((a, b) => a.key.localeCompare(b.key))).toMatchObject(FROM_EVENTS)
    expect(fromLists.slice(1).map(({ at }) => Date.parse(at))).toEqual(Array(3).fill(1_000 * WEEK_AGO))
    for (const { at } of fromEvents) expect(Math.abs(Date.parse(at) - eventsAt)).toBeLessThan(HOUR_MS / 60)
    expect(sandbox.intempt.totals().smells).toEqual({})
    expect(await engine.view()).toMatchObject({ view: { status: "connected", lastRun: { state: "succeeded" } } })
  })
})

function told(key: string, userId: string, more: JsonObject): JsonObject {
  return { key, userId, ...more }
}

/** What arrived, as a reader wants to see it. */
function held(sandbox: Sandbox) {
  return sandbox.intempt.received.map(({ type, eventId, userId, timestamp, item }) => ({
    key: eventId?.replace("src_1/", "") ?? "",
    type,
    userId,
    at: new Date(timestamp ?? 0).toISOString(),
    ...(item.data ? { data: item.data } : {}),
    ...(item.userAttributes ? { userAttributes: item.userAttributes } : {}),
  }))
}

function write(content: object): void {
  mkdirSync(dirname(OUTPUT), { recursive: true })
  writeFileSync(OUTPUT, `${JSON.stringify(content, null, 2)}\n`)
}

async function load(sandbox: Sandbox, content: JsonObject): Promise<void> {
  const body = JSON.stringify({ account: "official", ...content })
  const answer = handleAdmin(sandbox, await callOf(new Request("https://sandbox/load", { method: "POST", body })))
  expect(answer).toMatchObject({ status: 200 })
}

/** The samples are all of one second in 2009; here they are of last week. */
function sampleObjects(): JsonObject[] {
  const { resources } = readJson<{ resources: Record<string, JsonObject> }>(FIXTURES)
  return KINDS.map((kind) => {
    const text = JSON.stringify(resources[kind] ?? {}).replaceAll(String(SAMPLE_DATE), String(WEEK_AGO))
    return JSON.parse(text) as JsonObject
  })
}

/** Envelopes and objects of the samples are of different years: each is moved so that the last thing it tells of happens now. */
function sampleEvents(seconds: number): JsonObject[] {
  return listJson(EVENTS).map((name) => {
    const { data, ...envelope } = readJson<JsonObject>(`${EVENTS}/${name}.json`)
    const text = JSON.stringify(data)
    const happened = [...text.matchAll(/"(?:created|\w+_at)":(1[3-9]\d{8})\b/g)].map(([, time]) => Number(time))
    const later = seconds - Math.max(...happened)
    const moved = text.replaceAll(/(?<=":)1[3-9]\d{8}\b/g, (time) => String(Number(time) + later))
    return { ...envelope, created: seconds, data: JSON.parse(moved) as JsonObject }
  })
}
