/** Stripe's objects with just the fields that matter, and what the connector makes of them: for tests of single cases. */
import type { NormalizeContext, PageContext, PageRecord, Stream } from "../../../src/connectors/kit/define.ts"
import type { Item, JsonValue } from "../../../src/connectors/kit/item.ts"
import { type AddedFields, type Itemized, toItems } from "../../../src/connectors/kit/to-items.ts"
import type { Config } from "../../../src/connectors/stripe/shape.ts"
import { stripe } from "../../../src/connectors/stripe.ts"

export type Fields = Record<string, JsonValue>

/** 2026-06-01T00:00:00Z, epoch seconds: the moment that the objects below are about. */
export const T = 1_780_272_000
export const HOUR = 3_600
export const DAY = 86_400

export function customer(fields: Fields = {}): Fields {
  const known = {
    id: "cus_1",
    object: "customer",
    created: T,
    email: "Ada@Example.com",
    name: "Ada",
    currency: "usd",
    balance: 0,
  }
  return { ...known, delinquent: false, livemode: true, metadata: {}, ...fields }
}

export function charge(fields: Fields = {}): Fields {
  const money = {
    amount: 1234,
    amount_captured: 1234,
    amount_refunded: 0,
    currency: "usd",
    captured: true,
    refunded: false,
  }
  // Whoever types in a card may have another address than the customer: neither names the person.
  const payer = {
    customer: "cus_1",
    billing_details: { email: "Card@Example.com" },
    receipt_email: "Receipt@Example.com",
  }
  return {
    id: "ch_1",
    object: "charge",
    created: T,
    livemode: true,
    status: "succeeded",
    ...money,
    ...payer,
    balance_transaction: "txn_1",
    ...fields,
  }
}

export function refund(fields: Fields = {}): Fields {
  const money = { amount: 500, currency: "usd", status: "succeeded", balance_transaction: "txn_2" }
  return { id: "re_1", object: "refund", created: T, charge: "ch_1", ...money, ...fields }
}

export function price(amount: number | null, fields: Fields = {}): Fields {
  const recurring = { interval: "month", interval_count: 1, usage_type: "licensed" }
  return {
    id: `price_${amount}`,
    unit_amount: amount,
    currency: "usd",
    recurring,
    product: "prod_1",
    nickname: null,
    ...fields,
  }
}

export function items(amount: number | null, quantity = 1, fields: Fields = {}): Fields {
  return { object: "list", data: [{ id: "si_1", price: price(amount), quantity, current_period_start: T, ...fields }] }
}

export function subscription(fields: Fields = {}): Fields {
  const times = { created: T, trial_start: null, trial_end: null, ended_at: null, canceled_at: null, cancel_at: null }
  const state = {
    status: "active",
    cancel_at_period_end: false,
    customer: "cus_1",
    currency: "usd",
    items: items(2000),
  }
  return { id: "sub_1", object: "subscription", livemode: true, ...times, ...state, ...fields }
}

/** Fourteen days from the subscription's beginning. */
export const TRIAL_END = T + 14 * DAY
export const TRIAL = { trial_start: T, trial_end: TRIAL_END, items: items(2000, 1, { current_period_start: T }) }
/** What becomes of it where no way to pay is known at the end. */
export const PAUSES = { trial_settings: { end_behavior: { missing_payment_method: "pause" } } }

export function ended(at: number): Fields {
  return { status: "canceled", ended_at: at, canceled_at: at }
}

export function invoice(fields: Fields = {}): Fields {
  const money = {
    currency: "usd",
    total: 1000,
    subtotal: 1000,
    amount_due: 1000,
    amount_paid: 0,
    amount_remaining: 1000,
  }
  const became = { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null }
  const about = { customer: "cus_1", customer_email: "Frozen@Example.com", status: "open", status_transitions: became }
  return { id: "in_1", object: "invoice", created: T, livemode: true, ...money, ...about, ...fields }
}

export function event(type: string, object: JsonValue, previous?: Fields, fields: Fields = {}): Fields {
  const data = previous ? { object, previous_attributes: previous } : { object }
  return {
    id: `evt_${type}`,
    object: "event",
    type,
    created: T,
    livemode: true,
    api_version: "2026-08-26.dahlia",
    data,
    ...fields,
  }
}

export function streamOf(name: string): Stream<Config> {
  const stream = stripe.streams.find((known) => known.name === name)
  if (!stream) throw new Error(`no stream ${name}`)
  return stream
}

export function recordOf(body: Fields): PageRecord {
  return { id: String(body.id), time: Number(body.created) * 1000, body }
}

export const ALL: ReadonlySet<string> = new Set(stripe.collections.map(({ name }) => name))
const ACCOUNT = { id: "acct_1", name: "Acme", mode: "live" } as const

export const CONFIG: Config = { countTestPayments: false }
/** The user says that test payments count. */
export const COUNTED = { config: { countTestPayments: true } } as const

export function readingOf(via: NormalizeContext<unknown>["via"], changes: Changes = {}) {
  const asked = (T + 40 * DAY) * 1000
  return {
    config: CONFIG,
    account: ACCOUNT,
    collections: ALL,
    identity: "email",
    via,
    followed: [],
    asked,
    ...changes,
  } as const
}

export function pageContext(changes: Partial<PageContext<Config>> = {}): PageContext<Config> {
  const window = { from: null, to: null }
  return { config: CONFIG, account: ACCOUNT, collections: ALL, window, pageToken: null, pageSize: 100, ...changes }
}

export type Changes = Partial<NormalizeContext<Config>>

/** What a list's object becomes. */
export function listed(stream: string, object: Fields, changes: Changes = {}, added: AddedFields = {}): Itemized {
  return toItems(stripe, streamOf(stream), recordOf(object), readingOf("list", changes), added)
}

/** What an event becomes. */
export function fed(body: Fields, changes: Changes = {}, added: AddedFields = {}): Itemized {
  return toItems(stripe, streamOf("events"), recordOf(body), readingOf("feed", changes), added)
}

/** `Charge ch_1:succeeded`: enough to compare what was told with. */
export function keys({ items: found }: { items: readonly Item[] }): string[] {
  return found.map(({ collection, key }) => `${collection} ${key}`)
}

/** The one item told; fails where there is none or there are more. */
export function only({ items: found, rejects }: Itemized): Item {
  const [item] = found
  if (!item || found.length > 1) throw new Error(`told ${JSON.stringify(found)}, rejected ${JSON.stringify(rejects)}`)
  return item
}
