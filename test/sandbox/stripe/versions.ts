/**
 * Older shapes of the objects. Builders make the current one; each step here undoes one documented breaking change for versions
 * before it. Changelog: https://docs.stripe.com/changelog
 */
import { isObject, type Json, type JsonObject } from "../json.ts"
import { type Account, find } from "./account.ts"
import type { ChargeRow, InvoiceRow, ObjectKind, Rows, SubscriptionRow } from "./model.ts"
import { build } from "./objects.ts"
import { planObject, planOf, priceObject } from "./plans.ts"

/** Charges no longer carry their refunds. https://docs.stripe.com/changelog/2022-11-15/deprecates-charges-auto-expand */
export const CHARGE_WITHOUT_REFUNDS = "2022-11-15"
/** Cards are captured asynchronously by default: the balance transaction comes with a later `charge.updated`. */
export const ASYNC_CAPTURE = "2024-04-10"
/** `refund.*` events for all refunds. https://docs.stripe.com/changelog/acacia/2024-10-28/refund-webhook-update */
export const REFUND_EVENTS = "2024-10-28"
/** Periods on subscription items, `parent` on invoices, no refund for what was never captured. https://docs.stripe.com/changelog/basil */
export const BASIL = "2025-03-31"

/** A refund's customer and payment method, of card refunds. https://docs.stripe.com/changelog/dahlia/2026-07-29/adds-customer-and-payment-method-details-to-the-refunds-api */
export const REFUND_CUSTOMER = "2026-07-29"

export function isBefore(version: string, change: string): boolean {
  return version.slice(0, 10) < change
}

/** An object in the shape of an API version. */
export function render<K extends ObjectKind>(account: Account, kind: K, row: Rows[K], version: string): JsonObject {
  const object = build(account, kind, row)
  if (row.raw) return object
  if (kind === "charge") return chargeBefore(account, row as ChargeRow, object, version)
  if (kind === "refund") return refundBefore(object, version)
  if (kind === "subscription") return subscriptionBefore(row as SubscriptionRow, object, version)
  if (kind === "invoice") return invoiceBefore(account, row as InvoiceRow, object, version)
  return object
}

/** The list of a charge's refunds, newest first, at most ten. */
export function refundsOf(account: Account, row: ChargeRow, version: string): JsonObject {
  const refunds: Json[] = []
  for (const id of row.refunds.slice(-10).reverse()) {
    const refund = find(account, "refund", id)
    if (refund) refunds.push(render(account, "refund", refund, version))
  }
  const more = row.refunds.length > 10
  return {
    object: "list",
    data: refunds,
    has_more: more,
    total_count: row.refunds.length,
    url: `/v1/charges/${row.id}/refunds`,
  }
}

function chargeBefore(account: Account, row: ChargeRow, object: JsonObject, version: string): JsonObject {
  if (isBefore(version, BASIL)) Object.assign(object, { invoice: row.invoice, destination: null, order: null })
  if (isBefore(version, CHARGE_WITHOUT_REFUNDS)) object.refunds = refundsOf(account, row, version)
  return object
}

function refundBefore(object: JsonObject, version: string): JsonObject {
  if (isBefore(version, REFUND_CUSTOMER))
    for (const key of ["customer", "customer_account", "payment_method"]) delete object[key]
  return object
}

function subscriptionBefore(row: SubscriptionRow, object: JsonObject, version: string): JsonObject {
  if (!isBefore(version, BASIL)) return object
  object.current_period_end = row.periodEnd
  object.current_period_start = row.periodStart
  object.discount = null
  delete object.billing_mode
  delete object.customer_account
  for (const item of dataOf(object.items)) {
    delete item.current_period_end
    delete item.current_period_start
  }
  return object
}

function invoiceBefore(account: Account, row: InvoiceRow, object: JsonObject, version: string): JsonObject {
  if (!isBefore(version, BASIL)) return object
  delete object.parent
  delete object.total_taxes
  delete object.customer_account
  delete object.amount_overpaid
  delete object.total_pretax_credit_amounts
  object.application_fee_amount = null
  object.charge = row.charge
  object.discount = null
  object.paid = row.status === "paid"
  object.paid_out_of_band = row.paidOutOfBand
  object.payment_intent = row.paymentIntent
  object.quote = null
  object.subscription = row.subscription
  object.subscription_details = { metadata: row.subscription ? {} : null }
  object.tax = null
  object.total_tax_amounts = []
  object.transfer_data = null
  for (const [at, line] of dataOf(object.lines).entries()) lineBefore(account, row, line, at)
  return object
}

function lineBefore(account: Account, invoice: InvoiceRow, line: JsonObject, index: number): void {
  const source = invoice.lines[index]
  const plan = source?.plan ? planOf(source.plan) : null
  const livemode = account.mode === "live"
  delete line.parent
  delete line.pricing
  delete line.taxes
  delete line.subtotal
  delete line.quantity_decimal
  line.amount_excluding_tax = source?.amount ?? 0
  line.plan = plan ? planObject(plan, livemode) : null
  line.price = plan ? priceObject(plan, livemode) : null
  line.proration = source?.proration ?? false
  line.proration_details = { credited_items: null }
  line.subscription = invoice.subscription
  if (invoice.subscription) line.subscription_item = find(account, "subscription", invoice.subscription)?.item ?? null
  else line.invoice_item = `ii_${line.id}`.replace("ii_il_", "ii_")
  line.tax_amounts = []
  line.tax_rates = []
  line.type = invoice.subscription ? "subscription" : "invoiceitem"
}

function dataOf(value: Json | undefined): JsonObject[] {
  return isObject(value) && Array.isArray(value.data) ? value.data.filter(isObject) : []
}
