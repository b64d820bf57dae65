/** Amounts of money: what Shopify writes as text, and what is left of one after others. */
import { RecordError } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { text } from "../kit/values.ts"

/** In major units; the currency in lower case. Both come from one object. */
export interface Money {
  amount: number
  currency: string
}

/** No currency has more than three decimals: what a fourth holds came of counting in binary fractions. */
const PRECISION = 10_000

/** The fields that are asked for of every MoneyBag. */
export const SHOP_MONEY = "{ shopMoney { amount currencyCode } }"

/**
 * Amount and currency of a MoneyBag in the shop's own currency. A shop that sells in many currencies keeps its books in one, and
 * only amounts of one currency add up. https://shopify.dev/docs/api/admin-graphql/2026-07/objects/MoneyBag
 */
export function shopMoney(object: JsonValue, path: string): Money | null {
  const amount = decimal(text(object, `${path}.shopMoney.amount`))
  const currency = text(object, `${path}.shopMoney.currencyCode`)
  return amount === null || currency === null ? null : { amount, currency: currency.toLowerCase() }
}

export function needMoney(object: JsonValue, path: string): Money {
  const money = shopMoney(object, path)
  if (money === null) throw new RecordError(`the record has no amount in ${path}`)
  return money
}

/** Shopify's decimals are text in major units already: "12.34", of yen "1234.0". */
export function decimal(value: string | null): number | null {
  return value !== null && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : null
}

/** What is left of an amount; null where one of the others is not known, or in another currency. */
export function less(money: Money | null, others: readonly (Money | null)[]): Money | null {
  if (money === null) return null
  const known = others.filter((other) => other?.currency === money.currency)
  if (known.length < others.length) return null
  const left = known.reduce((sum, other) => sum - (other?.amount ?? 0), money.amount)
  return { amount: Math.round(left * PRECISION) / PRECISION, currency: money.currency }
}
