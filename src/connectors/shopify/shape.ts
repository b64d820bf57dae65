/** What Shopify's objects have in common: global ids, times, money, and the person they belong to. */
import type { NormalizeContext } from "../kit/define.ts"
import { RecordError } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { at, email, text } from "../kit/values.ts"

export interface Config {
  /** `example.myshopify.com` */
  shop: string
  /** Another source reports the payments already: no `Charge` from here. */
  paymentsReportedElsewhere: boolean
}

export type Reading = NormalizeContext<Config>

/** The number at the end of a global id (`gid://shopify/Order/450789469` -> `450789469`), which webhooks and the admin show too. */
export function numericId(gid: string | null): string | null {
  return gid?.match(/^gid:\/\/shopify\/\w+\/(\d+)/)?.[1] ?? null
}

export function idAt(object: JsonValue, path: string): string | null {
  return numericId(text(object, path))
}

export function needId(object: JsonValue, path = "id"): string {
  const id = idAt(object, path)
  if (id === null) throw new RecordError(`the record has no Shopify id in ${path}`)
  return id
}

/** `Order` of `gid://shopify/Order/450789469`. */
export function typeOf(object: JsonValue): string | null {
  return text(object, "id")?.match(/^gid:\/\/shopify\/(\w+)\//)?.[1] ?? null
}

/** Epoch ms of a time as Shopify writes it, which is to the second. */
export function timeAt(object: JsonValue, path: string): number | null {
  const ms = Date.parse(text(object, path) ?? "")
  return Number.isNaN(ms) ? null : ms
}

export function needTime(object: JsonValue, path: string): number {
  const ms = timeAt(object, path)
  if (ms === null) throw new RecordError(`the record has no time in ${path}`)
  return ms
}

/** As the catalogue documents times. */
export function isoAt(object: JsonValue, path: string): string | null {
  const ms = timeAt(object, path)
  return ms === null ? null : new Date(ms).toISOString()
}

/**
 * Amount and currency of a MoneyBag in the shop's own currency. A shop that sells in many currencies keeps its books in one, and
 * only amounts of one currency add up. https://shopify.dev/docs/api/admin-graphql/2026-07/objects/MoneyBag
 */
export function shopMoney(object: JsonValue, path: string): { amount: number; currency: string } | null {
  const amount = decimal(text(object, `${path}.shopMoney.amount`))
  const currency = text(object, `${path}.shopMoney.currencyCode`)
  return amount === null || currency === null ? null : { amount, currency: currency.toLowerCase() }
}

export function needMoney(object: JsonValue, path: string): { amount: number; currency: string } {
  const money = shopMoney(object, path)
  if (money === null) throw new RecordError(`the record has no amount in ${path}`)
  return money
}

/** Shopify's decimals are text in major units already: "12.34", of yen "1234.0". */
export function decimal(value: string | null): number | null {
  return value !== null && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : null
}

/**
 * Who an object is about: the customer's email, else the email left with the order, else the customer's id, else the object's own.
 */
export function person(object: JsonValue, { identity }: Reading): string {
  const customer = idAt(object, "customer.id")
  if (identity === "partnerId" && customer !== null) return customer
  const known = email(text(object, "customer.defaultEmailAddress.emailAddress")) ?? email(text(object, "email"))
  return known ?? customer ?? needId(object)
}

/** The text values of a list, such as tags; null for none. */
export function listed(object: JsonValue, path: string): string[] | null {
  const found = at(object, path)
  const words = Array.isArray(found) ? found.filter((entry) => typeof entry === "string") : []
  return words.length > 0 ? words : null
}

export function lower(object: JsonValue, path: string): string | null {
  return text(object, path)?.toLowerCase() ?? null
}
