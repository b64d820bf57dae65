/**
 * Customers: people with their attributes, under their email, joined to the customer id by which all other records name them. Of an
 * email that a customer had before nothing is joined: it may be somebody else's by now.
 */
import type { Draft, Normalized } from "../kit/define.ts"
import type { Attributes, JsonValue } from "../kit/item.ts"
import {
  at,
  email,
  flag,
  fromSeconds,
  isObject,
  isoFromSeconds,
  needNumber,
  needText,
  number,
  present,
  text,
} from "../kit/values.ts"
import { presentCustomer } from "./changes.ts"
import { livingWith } from "./mailbox.ts"
import { before, changed, major, type Reading } from "./shape.ts"

export const CUSTOMERS = "Customers"

export function customerFromList(customer: JsonValue, reading: Reading): Normalized {
  return { drafts: [joined(customerDraft(customer, reading))] }
}

/** From `customer.created`. */
export function customerCreated(event: JsonValue, reading: Reading): Normalized {
  return customerFromList(at(event, "data.object") ?? null, reading)
}

/** From `customer.updated`: what was removed is told, and a new email is joined to the customer id. */
export function customerUpdated(event: JsonValue, reading: Reading): Normalized {
  const customer = at(event, "data.object") ?? null
  const cleared = removedBy(event)
  const draft = { ...customerDraft(customer, reading), cleared }
  const present = presentCustomer(draft.id, reading.followed)
  const drafts = [changed(event, "email") ? joined(draft) : draft]
  // A newer state was told before, without a word of what this change removed.
  return {
    drafts: present ? [...drafts, { ...customerDraft(present, reading), version: reading.asked, cleared }] : drafts,
  }
}

/**
 * From `customer.deleted`, which carries the customer as it was. Where another customer has the same email the person is still there,
 * and is told as that one.
 */
export function customerDeleted(event: JsonValue, reading: Reading): Normalized {
  const customer = at(event, "data.object") ?? null
  const id = needText(customer, "id")
  const userId = who(customer, reading)
  const [other] = userId === id ? [] : livingWith(customer, reading.followed)
  if (other) return { drafts: [{ ...customerDraft(other, reading), version: reading.asked, cleared: "absent" }] }
  const deletedAt = needNumber(event, "created")
  const userAttributes = present({ stripe_customerId: id, stripe_deletedAt: isoFromSeconds(deletedAt) })
  // Nothing follows it: whatever else happened to the customer in that second was before.
  const version = fromSeconds(deletedAt + 1) - 1
  return { drafts: [{ collection: CUSTOMERS, userId, id, version, userAttributes, from: customer }] }
}

function customerDraft(customer: JsonValue, reading: Reading): Draft & { userId: string } {
  return {
    collection: CUSTOMERS,
    userId: who(customer, reading),
    id: needText(customer, "id"),
    userAttributes: attributes(customer),
    from: customer,
  }
}

/** A customer is its own customer id. */
function who(customer: JsonValue, { identity }: Reading): string {
  return (identity === "email" ? email(text(customer, "email")) : null) ?? needText(customer, "id")
}

/** A person who is known by the customer id already needs no joining. */
function joined(draft: Draft): Draft {
  return draft.userId === draft.id ? draft : { ...draft, formerUserId: draft.id }
}

/** Attributes that the change took away. */
export function removedBy(event: JsonValue): string[] {
  const now = attributes(at(event, "data.object") ?? null)
  const earlier = attributes(before(event))
  return Object.keys(earlier).filter((name) => !Object.hasOwn(now, name))
}

function attributes(customer: JsonValue): Attributes {
  return present({
    stripe_customerId: text(customer, "id"),
    name: text(customer, "name"),
    email: email(text(customer, "email")),
    phone: text(customer, "phone"),
    city: text(customer, "address.city"),
    country: text(customer, "address.country"),
    stripe_state: text(customer, "address.state"),
    stripe_postal_code: text(customer, "address.postal_code"),
    stripe_description: text(customer, "description"),
    stripe_currency: text(customer, "currency"),
    stripe_balance: balance(customer),
    stripe_delinquent: flag(customer, "delinquent"),
    stripe_tax_exempt: text(customer, "tax_exempt"),
    stripe_preferred_locale: text(customer, "preferred_locales.0"),
    stripe_created: isoFromSeconds(number(customer, "created")),
    ...metadata(customer),
  })
}

/** Negative: credit for the next invoice. A customer who never had an amount has no currency, and 0 needs none. */
function balance(customer: JsonValue): number | null {
  // Renamed in 2019-10-17. https://docs.stripe.com/changelog/2019-10-17/renames-account-balance-customer-object
  const minor = number(customer, "balance") ?? number(customer, "account_balance")
  const currency = text(customer, "currency")
  if (minor === null || (currency === null && minor !== 0)) return null
  return currency === null ? 0 : major(minor, currency)
}

function metadata(customer: JsonValue): Record<string, JsonValue> {
  const found = at(customer, "metadata")
  if (!isObject(found)) return {}
  return Object.fromEntries(Object.entries(found).map(([name, value]) => [`stripe_metadata_${name}`, value]))
}
