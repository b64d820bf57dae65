/** Customers: people with their attributes, joined to the customer id by which other events name them. */
import type { Draft, Normalized } from "../kit/define.ts"
import { ALIAS, type JsonValue } from "../kit/item.ts"
import {
  at,
  email,
  flag,
  isObject,
  isoFromSeconds,
  needNumber,
  needText,
  number,
  present,
  text,
} from "../kit/values.ts"
import { before, changed, major, person, type Reading } from "./shape.ts"

export const CUSTOMERS = "Customers"

export function customerFromList(customer: JsonValue, reading: Reading): Normalized {
  return { drafts: [joined(customerDraft(customer, reading), customer)] }
}

/** From `customer.created`. */
export function customerCreated(event: JsonValue, reading: Reading): Normalized {
  return customerFromList(at(event, "data.object") ?? null, reading)
}

/**
 * From `customer.updated`: a new email is joined to the customer id and to the email before. One that is taken away is joined to the
 * id: a list read since no longer shows it, while a charge told before may be named by it.
 */
export function customerUpdated(event: JsonValue, reading: Reading): Normalized {
  const customer = at(event, "data.object") ?? null
  const draft = customerDraft(customer, reading)
  if (!changed(event, "email") || reading.identity === "partnerId") return { drafts: [draft] }
  const former = email(text(before(event), "email"))
  const { userId, id } = draft
  const toFormer = former && userId ? [{ collection: ALIAS, userId, id, formerUserId: former }] : []
  return { drafts: [joined(draft, customer), ...toFormer] }
}

/** From `customer.deleted`, which carries the customer as it was. */
export function customerDeleted(event: JsonValue, reading: Reading): Normalized {
  const customer = at(event, "data.object") ?? null
  const id = needText(customer, "id")
  const deletedAt = isoFromSeconds(needNumber(event, "created"))
  const userAttributes = present({ stripeCustomerId: id, deletedAt })
  return { drafts: [{ collection: CUSTOMERS, userId: who(customer, reading), id, userAttributes, from: customer }] }
}

function customerDraft(customer: JsonValue, reading: Reading): Draft {
  return {
    collection: CUSTOMERS,
    userId: who(customer, reading),
    id: needText(customer, "id"),
    userAttributes: attributes(customer),
    from: customer,
  }
}

/** A customer is its own customer id. */
function who(customer: JsonValue, reading: Reading): string {
  const id = needText(customer, "id")
  return reading.identity === "partnerId" ? id : person(customer, ["email"], reading)
}

function joined(draft: Draft, customer: JsonValue): Draft {
  return isNamedByEmail(draft, customer) ? { ...draft, formerUserId: needText(customer, "id") } : draft
}

function isNamedByEmail(draft: Draft, customer: JsonValue): boolean {
  return draft.userId === email(text(customer, "email"))
}

function attributes(customer: JsonValue) {
  const created = needNumber(customer, "created")
  return present({
    stripeCustomerId: needText(customer, "id"),
    name: text(customer, "name"),
    email: email(text(customer, "email")),
    phone: text(customer, "phone"),
    description: text(customer, "description"),
    city: text(customer, "address.city"),
    state: text(customer, "address.state"),
    postal_code: text(customer, "address.postal_code"),
    country: text(customer, "address.country"),
    currency: text(customer, "currency"),
    balance: balance(customer),
    delinquent: flag(customer, "delinquent"),
    tax_exempt: text(customer, "tax_exempt"),
    preferred_locale: text(customer, "preferred_locales.0"),
    created: isoFromSeconds(created),
    ...metadata(customer),
  })
}

/** Negative: credit for the next invoice. A customer who never had an amount has no currency, and 0 needs none. */
function balance(customer: JsonValue): number | null {
  const [minor, currency] = [number(customer, "balance"), text(customer, "currency")]
  if (minor === null || (currency === null && minor !== 0)) return null
  return currency === null ? 0 : major(minor, currency)
}

function metadata(customer: JsonValue): Record<string, JsonValue> {
  const found = at(customer, "metadata")
  if (!isObject(found)) return {}
  return Object.fromEntries(Object.entries(found).map(([name, value]) => [`metadata_${name}`, value]))
}
