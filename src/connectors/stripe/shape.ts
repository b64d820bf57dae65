/** What every Stripe object has in common, and how the several API versions spell it. */
import type { NormalizeContext } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import type { CountsTests } from "../kit/test-money.ts"
import { at, isObject, majorUnits, needNumber, needText, text } from "../kit/values.ts"

/**
 * Stripe counts three currencies otherwise than ISO 4217 does: ISK and UGX are sent in hundredths that are always 00, MGA in
 * whole ariary. HUF and TWD are special in payouts only. https://docs.stripe.com/currencies#special-cases
 */
const STRIPE_DECIMALS = { isk: 2, ugx: 2, mga: 0 }

/** From this version on periods stand on a subscription's items, and what was never captured leaves no refund behind. https://docs.stripe.com/changelog/basil */
export const BASIL = "2025-03-31"

export type Config = CountsTests

export type Reading = NormalizeContext<Config>

/** https://docs.stripe.com/changelog/2017-05-25/events-previous-attributes-render-complete-sub-array */
const WHOLE_LISTS = "2017-05-25"

/** The amount at a path in major units of the object's currency; null where the object has none. */
export function money(object: JsonValue, path: string): number | null {
  const minor = at(object, path)
  return typeof minor === "number" ? major(minor, needText(object, "currency")) : null
}

export function needMoney(object: JsonValue, path: string): number {
  return major(needNumber(object, path), needText(object, "currency"))
}

export function major(minor: number, currency: string): number {
  return majorUnits(minor, currency, STRIPE_DECIMALS)
}

/** A reference is an id, or the object itself where the request expanded it. */
export function idAt(object: JsonValue | undefined, path: string): string | null {
  return text(object, path) ?? text(object, `${path}.id`)
}

/** Newer accounts may bill an account in place of a customer: https://docs.stripe.com/api/invoices/object */
export function customerId(object: JsonValue): string | null {
  return idAt(object, "customer") ?? text(object, "customer_account")
}

/**
 * Who a record is about: the customer it names, by id, since events do not tell a customer's present email; the customer's own item
 * joins the id to it. Whoever has none is the record itself. No other email of the record (billing, receipt, one frozen on an
 * invoice) names somebody who has a customer.
 */
export function person(object: JsonValue): string {
  return customerId(object) ?? needText(object, "id")
}

/** Whether it is about test money. Not every object says so: the first of those asked that does. */
export function isTest(...about: (JsonValue | undefined)[]): boolean {
  return about.map((object) => at(object, "livemode")).find((live) => typeof live === "boolean") === false
}

/**
 * The state before a change, of an event's object: its `previous_attributes` laid over it, which hold of a nested part only what
 * changed in it. https://docs.stripe.com/changelog/2015-01-26/events-previous-attributes-render-differences
 */
export function before(event: JsonValue): JsonValue {
  const now = at(event, "data.object") ?? null
  const previous = at(event, "data.previous_attributes") ?? {}
  return overlaid(now, hasWholeLists(event) ? previous : withoutLists(previous))
}

/** Before, a list in the previous attributes held only what changed of its elements: what it was is not known. */
export function hasWholeLists(event: JsonValue): boolean {
  return (text(event, "api_version") ?? WHOLE_LISTS) >= WHOLE_LISTS
}

/** One state over another, part by part. */
export function overlaid(below: JsonValue | undefined, above: JsonValue): JsonValue {
  if (!isObject(below) || !isObject(above)) return above
  const merged = Object.entries(above).map(([name, value]) => [name, overlaid(below[name], value)])
  return { ...below, ...Object.fromEntries(merged) }
}

function withoutLists(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return null
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withoutLists(part)]))
}

/** Whether an event says that the field at the top of its object changed. */
export function changed(event: JsonValue, field: string): boolean {
  const previous = at(event, "data.previous_attributes")
  return isObject(previous) && Object.hasOwn(previous, field)
}

export function changedFields(event: JsonValue): string[] {
  const previous = at(event, "data.previous_attributes")
  return isObject(previous) ? Object.keys(previous).sort() : []
}
