/** https://docs.stripe.com/api/subscriptions/object */
import type { JsonObject } from "../../json.ts"
import type { Account } from "../account.ts"
import type { SubscriptionRow } from "../model.ts"
import { planObject, planOf, priceObject } from "../plans.ts"
import { list } from "./parts.ts"

export function subscriptionObject(account: Account, row: SubscriptionRow): JsonObject {
  const livemode = account.mode === "live"
  const plan = planOf(row.plan)
  return {
    id: row.id,
    object: "subscription",
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: row.anchor,
    billing_cycle_anchor_config: null,
    billing_mode: { flexible: null, type: "classic" },
    billing_thresholds: null,
    cancel_at: row.cancelAt,
    cancel_at_period_end: row.cancelAtPeriodEnd,
    canceled_at: row.canceledAt,
    cancellation_details: { comment: null, feedback: null, reason: row.cancelReason },
    collection_method: "charge_automatically",
    created: row.created,
    currency: row.currency,
    customer: row.customer,
    customer_account: null,
    days_until_due: null,
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    ended_at: row.endedAt,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: { type: "self" },
    },
    items: list(`/v1/subscription_items?subscription=${row.id}`, [
      {
        id: row.item,
        object: "subscription_item",
        billing_thresholds: null,
        created: row.created,
        current_period_end: row.periodEnd,
        current_period_start: row.periodStart,
        discounts: [],
        metadata: {},
        plan: planObject(plan, livemode),
        price: priceObject(plan, livemode),
        quantity: row.quantity,
        subscription: row.id,
        tax_rates: [],
      },
    ]),
    latest_invoice: row.latestInvoice,
    livemode,
    metadata: { ...row.metadata },
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: {
      payment_method_options: null,
      payment_method_types: null,
      save_default_payment_method: "off",
    },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    plan: planObject(plan, livemode),
    quantity: row.quantity,
    schedule: null,
    start_date: row.startDate,
    status: row.status,
    test_clock: null,
    transfer_data: null,
    trial_end: row.trialEnd,
    trial_settings: { end_behavior: { missing_payment_method: row.trialEndBehavior } },
    trial_start: row.trialStart,
  }
}
