/**
 * What the destination should hold of a Stripe account, told from the sandbox's ledger of what really happened. Facts and arrivals
 * meet under names such as `charge.succeeded ch_1` or `invoice.updated in_1@1793...`.
 */
import type { JsonObject } from "../../sandbox/json.ts"
import type { Account } from "../../sandbox/stripe/account.ts"
import type { Fact } from "../../sandbox/stripe/ledger.ts"
import type { Expected } from "../oracle.ts"

export interface StripeFact extends Omit<Expected, "isDue"> {
  /** No list of the partner tells it: only the feed, which forgets. */
  isFeedOnly: boolean
  fact: Fact
}

const INVOICE_UPDATES = ["updated", "finalized", "paid", "payment_failed", "voided", "uncollectible"]
const INVOICE_FACTS = ["created", "paid", "voided", "uncollectible"]
const SUBSCRIPTION_FACTS: Record<string, string> = {
  "trial.started": "New trial",
  "trial.expired": "Trial expired",
  "trial.canceled": "Trial cancelled",
  "subscription.canceled": "Subscription cancelled",
}
const MINOR_UNITS: Record<string, number> = { jpy: 1, kwd: 1000 }

export function expectedOf(account: Account): StripeFact[] {
  return account.facts.flatMap(expected)
}

function expected(fact: Fact): StripeFact[] {
  const [object, what = ""] = fact.fact.split(".")
  const common = { customer: fact.customer, amount: null, isFeedOnly: false, fact, person: personIn(fact) }
  if (object === "charge" || object === "refund") {
    if (what !== "succeeded" && what !== "failed") return []
    const currency = String(fact.data.currency)
    const amount = Number(fact.data.amountMinor) / (MINOR_UNITS[currency] ?? 100)
    const times = [1000 * moneyMovedAt(fact)]
    return [{ ...common, name: `${fact.fact} ${fact.id}`, collection: "Charge", times, amount, currency }]
  }
  if (object === "invoice") return invoiceFacts(fact, what)
  const collection = SUBSCRIPTION_FACTS[fact.fact]
  if (collection) {
    const time = 1000 * (fact.fact === "trial.expired" ? Number(fact.data.trialEnd) : fact.at)
    return [{ ...common, name: `${fact.fact} ${fact.id}`, collection, times: [time] }]
  }
  if (fact.fact !== "subscription.changed") return []
  const name = `${fact.fact} ${fact.id}@${fact.at * 1000}`
  return [{ ...common, name, collection: "Subscription change", times: [fact.at * 1000], isFeedOnly: true }]
}

/** The customer by id; a guest by the address on the card, then the receipt's, else as the charge or its record. */
function personIn({ id, customer, emails, data }: Fact): string {
  const record = typeof data.charge === "string" ? data.charge : id
  return customer ?? (emails.billing ?? emails.receipt)?.toLowerCase() ?? record
}

/** A capture is of its own moment, where it is a minute after the authorization or more; a refund's failure, too. */
function moneyMovedAt({ fact, at, created, data }: Fact): number {
  if (fact === "refund.failed") return at
  return fact === "charge.succeeded" && data.method === "card" && at - created > 60 ? at : created
}

function invoiceFacts(fact: Fact, what: string): StripeFact[] {
  const about = { customer: fact.customer, person: personIn(fact), amount: null, fact }
  const common = { ...about, collection: "Invoice", times: [fact.at * 1000] }
  const facts: StripeFact[] = []
  if (INVOICE_FACTS.includes(what)) facts.push({ ...common, name: `invoice.${what} ${fact.id}`, isFeedOnly: false })
  if (INVOICE_UPDATES.includes(what))
    facts.push({ ...common, name: `invoice.updated ${fact.id}@${fact.at * 1000}`, isFeedOnly: true })
  return facts
}

/** The name of what arrived, by what it says of itself; null for people and aliases. */
export function nameOf(collection: string, data: JsonObject, timestamp: number): string | null {
  if (collection === "Charge") {
    const isRefund = data.type === "refund"
    return `${isRefund ? "refund" : "charge"}.${data.status} ${isRefund ? data.refund : data.charge}`
  }
  if (collection === "Invoice")
    return `invoice.${data.status} ${data.invoice}${data.status === "updated" ? `@${timestamp}` : ""}`
  if (collection === "Subscription change") return `subscription.changed ${data.subscription}@${timestamp}`
  const fact = Object.entries(SUBSCRIPTION_FACTS).find(([, name]) => name === collection)
  return fact ? `${fact[0]} ${data.subscription}` : null
}

/** Every state a customer has had since the account keeps events, oldest first; the last is the present one. */
export function statesOf(account: Account, customer: string): { state: JsonObject; at: number }[] {
  const states: { state: JsonObject; at: number }[] = []
  for (const event of account.tables.event.order) {
    if (!event.type.startsWith("customer.") || event.type.startsWith("customer.subscription")) continue
    const { object, previous_attributes: previous } = JSON.parse(event.data) as {
      object: JsonObject
      previous_attributes?: JsonObject
    }
    if (object.id !== customer) continue
    if (states.length === 0 && event.type !== "customer.created")
      states.push({ state: attributesOf(before(object, previous ?? {})), at: 0 })
    const isGone = event.type === "customer.deleted"
    states.push({ state: isGone ? { deletedAt: isoOf(event.created) } : attributesOf(object), at: event.created })
  }
  return states
}

function before(object: JsonObject, previous: JsonObject): JsonObject {
  const metadata = { ...(object.metadata as JsonObject), ...(previous.metadata as JsonObject | undefined) }
  return { ...object, ...previous, metadata }
}

export function attributesOf(customer: JsonObject): JsonObject {
  const { email, name, phone, currency, delinquent, metadata } = customer
  return {
    name: name ?? null,
    email: typeof email === "string" ? email.toLowerCase() : null,
    phone: phone ?? null,
    currency: currency ?? null,
    delinquent: delinquent ?? false,
    n: (metadata as JsonObject | null)?.n ?? null,
    note: (metadata as JsonObject | null)?.note ?? null,
  }
}

/** The same of what arrived. */
export function attributesArrived(attributes: JsonObject): JsonObject {
  if (attributes.stripe_deletedAt) return { deletedAt: attributes.stripe_deletedAt }
  const { name, email, phone, stripe_currency, stripe_delinquent, stripe_metadata_n, stripe_metadata_note } = attributes
  return {
    name: name ?? null,
    email: email ?? null,
    phone: phone ?? null,
    currency: stripe_currency ?? null,
    delinquent: stripe_delinquent ?? false,
    // What was cleared arrives as an empty value.
    n: stripe_metadata_n || null,
    note: stripe_metadata_note || null,
  }
}

function isoOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}
