/** The price list of every simulated business. Three-decimal currencies end in 0, as Stripe asks. */
import type { JsonObject } from "../json.ts"

export interface Plan {
  key: string
  product: string
  nickname: string
  currency: string
  unitAmount: number
  interval: "month" | "year"
}

const CREATED = 1_577_836_800
const TIERS = [
  { key: "starter", nickname: "Starter", cents: 1_900 },
  { key: "team", nickname: "Team", cents: 4_900 },
  { key: "business", nickname: "Business", cents: 14_900 },
] as const

/** Minor units for an amount in US cents: roughly the same value, in a form that the currency allows. */
const SCALE: Record<string, (cents: number) => number> = {
  usd: (cents) => cents,
  eur: (cents) => Math.round(cents * 0.92),
  gbp: (cents) => Math.round(cents * 0.79),
  jpy: (cents) => Math.round(cents * 1.5),
  kwd: (cents) => Math.round(cents * 0.31) * 10,
}

export const CURRENCIES = Object.keys(SCALE)

export function inCurrency(cents: number, currency: string): number {
  return (SCALE[currency] ?? SCALE.usd)?.(cents) ?? cents
}

/** The nearest amount that the currency allows: "the last digit must be 0" in three-decimal ones. https://docs.stripe.com/currencies */
export function allowed(amount: number, currency: string): number {
  return currency === "kwd" ? Math.round(amount / 10) * 10 : Math.round(amount)
}

const PLANS = new Map<string, Plan>()
for (const currency of CURRENCIES) {
  for (const tier of TIERS) {
    for (const interval of ["month", "year"] as const) {
      const key = `${tier.key}_${interval}_${currency}`
      PLANS.set(key, {
        key,
        product: `prod_${tier.nickname}0Plan`,
        nickname: `${tier.nickname} (${interval}ly)`,
        currency,
        unitAmount: inCurrency(tier.cents * (interval === "year" ? 10 : 1), currency),
        interval,
      })
    }
  }
}

export const PLAN_KEYS = [...PLANS.keys()]

export function planOf(key: string): Plan {
  const plan = PLANS.get(key)
  if (!plan) throw new Error(`no plan ${key}`)
  return plan
}

export function priceId(plan: Plan): string {
  return `price_1${plan.key.replaceAll("_", "")}`
}

export function priceObject(plan: Plan, livemode: boolean): JsonObject {
  return {
    id: priceId(plan),
    object: "price",
    active: true,
    billing_scheme: "per_unit",
    created: CREATED,
    currency: plan.currency,
    custom_unit_amount: null,
    livemode,
    lookup_key: plan.key,
    metadata: {},
    nickname: plan.nickname,
    product: plan.product,
    recurring: {
      interval: plan.interval,
      interval_count: 1,
      meter: null,
      trial_period_days: null,
      usage_type: "licensed",
    },
    tax_behavior: "unspecified",
    tiers_mode: null,
    transform_quantity: null,
    type: "recurring",
    unit_amount: plan.unitAmount,
    unit_amount_decimal: String(plan.unitAmount),
  }
}

export function planObject(plan: Plan, livemode: boolean): JsonObject {
  return {
    id: priceId(plan),
    object: "plan",
    active: true,
    amount: plan.unitAmount,
    amount_decimal: String(plan.unitAmount),
    billing_scheme: "per_unit",
    created: CREATED,
    currency: plan.currency,
    interval: plan.interval,
    interval_count: 1,
    livemode,
    metadata: {},
    meter: null,
    nickname: plan.nickname,
    product: plan.product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: null,
    usage_type: "licensed",
  }
}
