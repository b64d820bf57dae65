/** What a subscription costs: its items, spelled as prices and, in every version still, as plans. */
import type { JsonValue } from "../kit/item.ts"
import { at, flag, isObject, number, rows, text } from "../kit/values.ts"
import { idAt, major } from "./shape.ts"

/** How many of an interval make a month. https://docs.stripe.com/billing/subscriptions/analytics#monthly-recurring-revenue-mrr */
const PER_MONTH: Readonly<Record<string, number>> = { day: 365 / 12, week: 52 / 12, month: 1, year: 1 / 12 }

export interface Plan {
  price: string | null
  plan: string | null
  product: string | null
  interval: string | null
  interval_count: number | null
  quantity: number | null
  currency: string | null
  /**
   * Major units a billing period, before discounts and tax, without what is metered. Null where it cannot be told: a price with tiers,
   * one without an amount in the subscription's currency, a list of items that Stripe cut off, or items of different periods, which the
   * monthly amount adds up. https://docs.stripe.com/billing/subscriptions/mixed-interval
   */
  amount: number | null
  /** The same, a month; of items of several periods, too. */
  monthlyAmount: number | null
}

export function planOf(subscription: JsonValue): Plan {
  const items = itemsOf(subscription)
  const first = priceOf(items[0])
  const currency = text(subscription, "currency") ?? text(first, "currency")
  const isWhole = items.length > 0 && !flag(subscription, "items.has_more")
  const sum = (amountOf: (item: JsonValue, currency: string) => number | null) =>
    currency === null || !isWhole
      ? null
      : inMajor(
          items.map((item) => amountOf(item, currency)),
          currency,
        )
  return {
    price: text(first, "id"),
    plan: text(first, "nickname") ?? text(first, "lookup_key") ?? text(first, "id"),
    product: idAt(first, "product"),
    ...periodOf(first),
    quantity: number(items[0], "quantity"),
    currency,
    amount: isOnePeriod(items) ? sum(periodAmount) : null,
    monthlyAmount: sum(monthlyAmount),
  }
}

/** The current billing period's start: on the subscription, from 2025-03-31.basil on its items. */
export function periodStart(subscription: JsonValue): number | null {
  return number(subscription, "current_period_start") ?? number(subscription, "items.data.0.current_period_start")
}

/** A change's previous attributes may name the one plan and quantity of a simple subscription in place of its items. */
function itemsOf(subscription: JsonValue): JsonValue[] {
  const items = rows(subscription, "items.data")
  const plan = at(subscription, "plan")
  const [only] = items
  if (!isObject(plan) || items.length > 1) return items
  const quantity = at(subscription, "quantity") ?? at(only, "quantity") ?? null
  const isThatPlan = text(priceOf(only), "id") === text(plan, "id")
  return [{ ...(isObject(only) && isThatPlan ? only : { plan }), quantity }]
}

function priceOf(item: JsonValue | undefined): JsonValue {
  const price = at(item, "price")
  return isObject(price) ? price : (at(item, "plan") ?? null)
}

function periodOf(price: JsonValue) {
  return {
    interval: text(price, "recurring.interval") ?? text(price, "interval"),
    interval_count: number(price, "recurring.interval_count") ?? number(price, "interval_count"),
  }
}

function isOnePeriod(items: readonly JsonValue[]): boolean {
  const periods = items.map((item) => periodOf(priceOf(item)))
  return new Set(periods.map(({ interval, interval_count }) => `${interval_count ?? 1} ${interval}`)).size <= 1
}

/** Null as soon as one of them is not known: a part is not the whole. */
function inMajor(minors: readonly (number | null)[], currency: string): number | null {
  const known = minors.filter((minor) => minor !== null)
  if (known.length < minors.length) return null
  return major(Math.round(known.reduce((sum, minor) => sum + minor, 0)), currency)
}

function periodAmount(item: JsonValue, currency: string): number | null {
  const price = priceOf(item)
  const usage = text(price, "recurring.usage_type") ?? text(price, "usage_type")
  if (usage === "metered") return 0
  const amount = unitAmount(price, currency)
  return amount === null ? null : amount * packages(price, number(item, "quantity") ?? 1)
}

function monthlyAmount(item: JsonValue, currency: string): number | null {
  const price = priceOf(item)
  const { interval, interval_count } = periodOf(price)
  const amount = periodAmount(item, currency)
  return amount === null ? null : (amount * (PER_MONTH[interval ?? "month"] ?? 0)) / Math.max(1, interval_count ?? 1)
}

/**
 * Cents, with their fraction where a price has one; null for a tiered price, which has no amount of its own, and for one of another
 * currency. https://docs.stripe.com/products-prices/pricing-models#multicurrency
 */
function unitAmount(price: JsonValue, currency: string): number | null {
  const inCurrency = at(price, `currency_options.${currency}`)
  const own = (text(price, "currency") ?? currency) === currency ? price : null
  const amounts = isObject(inCurrency) ? inCurrency : own
  const decimal = text(amounts, "unit_amount_decimal") ?? text(amounts, "amount_decimal")
  return decimal === null ? (number(amounts, "unit_amount") ?? number(amounts, "amount")) : Number(decimal)
}

/** https://docs.stripe.com/api/prices/object#price_object-transform_quantity */
function packages(price: JsonValue, quantity: number): number {
  const size = number(price, "transform_quantity.divide_by") ?? number(price, "transform_usage.divide_by")
  if (!size) return quantity
  const round = text(price, "transform_quantity.round") ?? text(price, "transform_usage.round")
  return round === "down" ? Math.floor(quantity / size) : Math.ceil(quantity / size)
}
