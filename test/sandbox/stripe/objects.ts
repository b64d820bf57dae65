/** Stripe's objects as API version 2026-08-26.dahlia documents them, built from the account's rows. */
import { isObject, type Json, type JsonObject } from "../json.ts"
import { hashText } from "../random.ts"
import { type Account, find } from "./account.ts"
import type {
  ChargeRow,
  CustomerRow,
  DisputeRow,
  EventRow,
  InvoiceLine,
  InvoiceRow,
  Kind,
  RefundRow,
  Rows,
  SubscriptionRow,
} from "./model.ts"
import { planObject, planOf, priceId, priceObject } from "./plans.ts"

const NO_ADDRESS = { city: null, country: null, line1: null, line2: null, postal_code: null, state: null }
const EVIDENCE = [
  "access_activity_log",
  "billing_address",
  "cancellation_policy",
  "cancellation_policy_disclosure",
  "cancellation_rebuttal",
  "customer_communication",
  "customer_email_address",
  "customer_name",
  "customer_purchase_ip",
  "customer_signature",
  "duplicate_charge_documentation",
  "duplicate_charge_explanation",
  "duplicate_charge_id",
  "product_description",
  "receipt",
  "refund_policy",
  "refund_policy_disclosure",
  "refund_refusal_explanation",
  "service_date",
  "service_documentation",
  "shipping_address",
  "shipping_carrier",
  "shipping_date",
  "shipping_documentation",
  "shipping_tracking_number",
  "uncategorized_file",
  "uncategorized_text",
] as const
const CARD_DECLINED = "Your card was declined."

const BUILDERS: { [K in Kind]: (account: Account, row: Rows[K]) => JsonObject } = {
  customer: customerObject,
  subscription: subscriptionObject,
  charge: chargeObject,
  refund: refundObject,
  invoice: invoiceObject,
  dispute: disputeObject,
  event: eventObject,
}

export function build<K extends Kind>(account: Account, kind: K, row: Rows[K]): JsonObject {
  return row.raw ?? BUILDERS[kind](account, row)
}

export function list(url: string, data: Json[], hasMore = false): JsonObject {
  return { object: "list", data, has_more: hasMore, url }
}

export function accountObject(account: Account): JsonObject {
  const { options } = account
  return {
    id: account.id,
    object: "account",
    business_profile: {
      annual_revenue: null,
      estimated_worker_count: null,
      mcc: "5734",
      minority_owned_business_designation: null,
      name: options.businessName,
      product_description: null,
      support_address: null,
      support_email: options.email,
      support_phone: null,
      support_url: null,
      url: `https://${account.name}.example`,
    },
    business_type: "company",
    capabilities: { card_payments: "active", transfers: "active" },
    charges_enabled: true,
    controller: { type: "account" },
    country: options.country,
    created: 1_546_300_800,
    default_currency: options.currency,
    details_submitted: true,
    email: options.email,
    external_accounts: list(`/v1/accounts/${account.id}/external_accounts`, []),
    future_requirements: requirements(),
    metadata: {},
    payouts_enabled: true,
    requirements: requirements(),
    settings: {
      branding: { icon: null, logo: null, primary_color: null, secondary_color: null },
      card_payments: { decline_on: { avs_failure: true, cvc_failure: true }, statement_descriptor_prefix: null },
      dashboard: { display_name: options.businessName, timezone: "Etc/UTC" },
      payments: { statement_descriptor: account.name.toUpperCase().slice(0, 22) },
      payouts: {
        debit_negative_balances: true,
        schedule: { delay_days: 2, interval: "daily" },
        statement_descriptor: null,
      },
    },
    tos_acceptance: { date: null, ip: null, user_agent: null },
    type: "standard",
  }
}

export function deletedCustomer(id: string): JsonObject {
  return { id, object: "customer", deleted: true }
}

function customerObject(account: Account, row: CustomerRow): JsonObject {
  return {
    id: row.id,
    object: "customer",
    address: row.country ? { ...NO_ADDRESS, country: row.country } : null,
    balance: row.balance,
    created: row.created,
    currency: row.currency,
    default_source: null,
    delinquent: row.delinquent,
    description: row.description,
    discount: null,
    email: row.email,
    invoice_prefix: hashText(row.id).toString(16).toUpperCase().padStart(8, "0"),
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    livemode: account.mode === "live",
    metadata: { ...row.metadata },
    name: row.name,
    next_invoice_sequence: 1,
    phone: row.phone,
    preferred_locales: [],
    shipping: null,
    tax_exempt: "none",
    test_clock: null,
  }
}

function subscriptionObject(account: Account, row: SubscriptionRow): JsonObject {
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

function chargeObject(account: Account, row: ChargeRow): JsonObject {
  return {
    id: row.id,
    object: "charge",
    amount: row.amount,
    amount_captured: row.amountCaptured,
    amount_refunded: row.amountRefunded,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: row.balanceTransaction,
    billing_details: {
      address: { ...NO_ADDRESS },
      email: row.billingEmail,
      name: row.billingName,
      phone: null,
      tax_id: null,
    },
    calculated_statement_descriptor: account.name.toUpperCase().slice(0, 22),
    captured: row.captured,
    created: row.created,
    currency: row.currency,
    customer: row.customer,
    description: row.description,
    disputed: row.disputed,
    failure_balance_transaction: null,
    failure_code: row.failureCode,
    failure_message: row.failureMessage,
    fraud_details: {},
    livemode: account.mode === "live",
    metadata: { ...row.metadata },
    on_behalf_of: null,
    outcome: outcome(row),
    paid: row.paid,
    payment_intent: row.paymentIntent,
    payment_method: paymentMethodOf(row.paymentIntent),
    payment_method_details: methodDetails(row),
    radar_options: {},
    receipt_email: row.receiptEmail,
    receipt_number: null,
    receipt_url: row.paid ? `https://pay.stripe.com/receipts/payment/${row.id}` : null,
    refunded: row.refunded,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: row.status,
    transfer_data: null,
    transfer_group: null,
  }
}

function refundObject(account: Account, row: RefundRow): JsonObject {
  const charge = find(account, "charge", row.charge)
  const byCard = charge?.method === "card"
  const object: JsonObject = {
    id: row.id,
    object: "refund",
    amount: row.amount,
    balance_transaction: row.balanceTransaction,
    charge: row.charge,
    created: row.created,
    currency: row.currency,
    customer: byCard ? charge.customer : null,
    customer_account: null,
    destination_details: {
      card: row.reference
        ? {
            reference: row.reference,
            reference_status: "available",
            reference_type: "acquirer_reference_number",
            type: "refund",
          }
        : { reference_status: "pending", reference_type: "acquirer_reference_number", type: "refund" },
      type: "card",
    },
    metadata: { ...row.metadata },
    payment_intent: row.paymentIntent,
    payment_method: byCard ? paymentMethodOf(row.paymentIntent) : null,
    reason: row.reason,
    receipt_number: null,
    source_transfer_reversal: null,
    status: row.status,
    transfer_reversal: null,
  }
  if (row.status === "pending") object.pending_reason = "processing"
  if (row.failureReason) {
    object.failure_reason = row.failureReason
    object.failure_balance_transaction = row.failureBalanceTransaction
  }
  return object
}

function invoiceObject(account: Account, row: InvoiceRow): JsonObject {
  const open = row.status === "draft" || row.status === "open" || row.status === "uncollectible"
  return {
    id: row.id,
    object: "invoice",
    account_country: account.options.country,
    account_name: account.options.businessName,
    account_tax_ids: null,
    amount_due: row.total,
    amount_overpaid: 0,
    amount_paid: row.amountPaid,
    amount_remaining: open ? row.total - row.amountPaid : 0,
    amount_shipping: 0,
    application: null,
    attempt_count: row.attemptCount,
    attempted: row.attempted,
    auto_advance: row.autoAdvance,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
    automatically_finalizes_at: null,
    billing_reason: row.billingReason,
    collection_method: row.collectionMethod,
    created: row.created,
    currency: row.currency,
    custom_fields: null,
    customer: row.customer,
    customer_account: null,
    customer_address: null,
    customer_email: row.customerEmail,
    customer_name: row.customerName,
    customer_phone: null,
    customer_shipping: null,
    customer_tax_exempt: "none",
    customer_tax_ids: [],
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: row.description,
    discounts: [],
    due_date: row.dueDate,
    effective_at: row.finalizedAt,
    ending_balance: row.finalizedAt === null ? null : 0,
    footer: null,
    from_invoice: null,
    hosted_invoice_url: row.finalizedAt === null ? null : `https://invoice.stripe.com/i/${account.id}/${row.id}`,
    invoice_pdf: row.finalizedAt === null ? null : `https://pay.stripe.com/invoice/${account.id}/${row.id}/pdf`,
    issuer: { type: "self" },
    last_finalization_error: null,
    latest_revision: null,
    lines: list(
      `/v1/invoices/${row.id}/lines`,
      row.lines.map((line) => lineObject(account, row, line)),
    ),
    livemode: account.mode === "live",
    metadata: { ...row.metadata },
    next_payment_attempt: row.nextPaymentAttempt,
    number: row.number,
    on_behalf_of: null,
    parent: row.subscription
      ? {
          quote_details: null,
          subscription_details: { metadata: {}, subscription: row.subscription },
          type: "subscription_details",
        }
      : null,
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: row.periodEnd,
    period_start: row.periodStart,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: 0,
    statement_descriptor: null,
    status: row.status,
    status_transitions: {
      finalized_at: row.finalizedAt,
      marked_uncollectible_at: row.uncollectibleAt,
      paid_at: row.paidAt,
      voided_at: row.voidedAt,
    },
    subtotal: row.total,
    subtotal_excluding_tax: row.total,
    test_clock: null,
    total: row.total,
    total_discount_amounts: [],
    total_excluding_tax: row.total,
    total_pretax_credit_amounts: [],
    total_taxes: [],
    webhooks_delivered_at: row.created,
  }
}

function lineObject(account: Account, invoice: InvoiceRow, line: InvoiceLine): JsonObject {
  const plan = line.plan ? planOf(line.plan) : null
  const item = find(account, "subscription", invoice.subscription)?.item ?? null
  return {
    id: line.id,
    object: "line_item",
    amount: line.amount,
    currency: invoice.currency,
    description: line.description,
    discount_amounts: [],
    discountable: true,
    discounts: [],
    invoice: invoice.id,
    livemode: account.mode === "live",
    metadata: {},
    parent: invoice.subscription
      ? {
          invoice_item_details: null,
          subscription_item_details: {
            invoice_item: null,
            proration: line.proration,
            proration_details: { credited_items: null },
            subscription: invoice.subscription,
            subscription_item: item,
          },
          type: "subscription_item_details",
        }
      : {
          invoice_item_details: {
            invoice_item: line.id.replace(/^il_/, "ii_"),
            proration: false,
            proration_details: { credited_items: null },
            subscription: null,
          },
          subscription_item_details: null,
          type: "invoice_item_details",
        },
    period: { end: line.periodEnd, start: line.periodStart },
    pretax_credit_amounts: [],
    pricing: plan
      ? {
          price_details: { price: priceId(plan), product: plan.product },
          type: "price_details",
          unit_amount_decimal: String(plan.unitAmount),
        }
      : null,
    quantity: line.quantity,
    quantity_decimal: String(line.quantity),
    subtotal: line.amount,
    taxes: [],
  }
}

function disputeObject(account: Account, row: DisputeRow): JsonObject {
  return {
    id: row.id,
    object: "dispute",
    amount: row.amount,
    balance_transactions: [],
    charge: row.charge,
    created: row.created,
    currency: row.currency,
    enhanced_eligibility_types: [],
    evidence: Object.fromEntries(EVIDENCE.map((name) => [name, null])),
    evidence_details: {
      due_by: row.dueBy,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: row.status === "under_review" ? 1 : 0,
    },
    is_charge_refundable: false,
    livemode: account.mode === "live",
    metadata: { ...row.metadata },
    payment_intent: row.paymentIntent,
    payment_method_details: {
      card: { brand: "visa", case_type: "chargeback", network_reason_code: "10.4" },
      type: "card",
    },
    reason: row.reason,
    status: row.status,
  }
}

function eventObject(account: Account, row: EventRow): JsonObject {
  const data: unknown = JSON.parse(row.data)
  return {
    id: row.id,
    object: "event",
    api_version: row.apiVersion,
    created: row.created,
    data: isObject(data as Json) ? (data as JsonObject) : {},
    livemode: account.mode === "live",
    pending_webhooks: 0,
    request: { id: null, idempotency_key: null },
    type: row.type,
  }
}

/** A charge's payment intent: not a table of its own, since nothing reads it but `expand` and the feed's other events. */
export function paymentIntentObject(account: Account, row: ChargeRow): JsonObject {
  return {
    id: row.paymentIntent,
    object: "payment_intent",
    amount: row.amount,
    amount_capturable: row.status === "succeeded" && !row.captured && !row.refunded ? row.amount : 0,
    amount_details: { tip: {} },
    amount_received: row.status === "succeeded" ? row.amountCaptured : 0,
    capture_method: row.captured ? "automatic" : "manual",
    confirmation_method: "automatic",
    created: row.created,
    currency: row.currency,
    customer: row.customer,
    description: row.description,
    latest_charge: row.id,
    livemode: account.mode === "live",
    metadata: {},
    payment_method: paymentMethodOf(row.paymentIntent),
    payment_method_types: [row.method],
    receipt_email: row.receiptEmail,
    status: intentStatus(row),
  }
}

/** The balance transaction of a charge or refund. */
export function balanceTransactionObject(id: string, source: ChargeRow | RefundRow): JsonObject {
  const charge = "amountCaptured" in source
  const amount = charge ? source.amountCaptured || source.amount : -source.amount
  const fee = charge ? Math.round(amount * 0.029) + 30 : 0
  return {
    id,
    object: "balance_transaction",
    amount,
    available_on: source.created + 2 * 86_400,
    balance_type: "payments",
    created: source.created,
    currency: source.currency,
    description: null,
    exchange_rate: null,
    fee,
    fee_details: charge
      ? [
          {
            amount: fee,
            application: null,
            currency: source.currency,
            description: "Stripe processing fees",
            type: "stripe_fee",
          },
        ]
      : [],
    net: amount - fee,
    reporting_category: charge ? "charge" : "refund",
    source: source.id,
    status: "available",
    type: charge ? "charge" : "refund",
  }
}

function paymentMethodOf(paymentIntent: string): string {
  return paymentIntent.replace(/^pi_/, "pm_")
}

function intentStatus(row: ChargeRow): string {
  if (row.status === "pending") return "processing"
  if (row.status === "failed") return "requires_payment_method"
  if (row.captured) return "succeeded"
  return row.refunded ? "canceled" : "requires_capture"
}

function outcome(row: ChargeRow): JsonObject {
  const declined = row.status === "failed"
  return {
    advice_code: declined ? "try_again_later" : null,
    network_advice_code: null,
    network_decline_code: declined ? "05" : null,
    network_status: declined ? "declined_by_network" : "approved_by_network",
    reason: declined ? (row.failureCode ?? "generic_decline") : null,
    risk_level: "normal",
    seller_message: declined ? (row.failureMessage ?? CARD_DECLINED) : "Payment complete.",
    type: declined ? "issuer_declined" : "authorized",
  }
}

function methodDetails(row: ChargeRow): JsonObject {
  if (row.method !== "card") return { [row.method]: { bank_name: "STRIPE TEST BANK", last4: "6789" }, type: row.method }
  return {
    card: {
      amount_authorized: row.status === "failed" ? null : row.amount,
      authorization_code: null,
      brand: "visa",
      ...(row.captured || row.status === "failed" ? {} : { capture_before: row.created + 7 * 86_400 }),
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: "pass" },
      country: "US",
      exp_month: 8,
      exp_year: 2030,
      extended_authorization: { status: "disabled" },
      fingerprint: "AOB934RVNwzk6xtn",
      funding: "credit",
      incremental_authorization: { status: "unavailable" },
      installments: null,
      last4: "4242",
      mandate: null,
      multicapture: { status: "unavailable" },
      network: "visa",
      network_token: { used: false },
      network_transaction_id: null,
      overcapture: { maximum_amount_capturable: row.amount, status: "unavailable" },
      regulated_status: "unregulated",
      three_d_secure: null,
      transaction_link_id: null,
      wallet: null,
    },
    type: "card",
  }
}

function requirements(): JsonObject {
  return {
    alternatives: [],
    current_deadline: null,
    currently_due: [],
    disabled_reason: null,
    errors: [],
    eventually_due: [],
    past_due: [],
    pending_verification: [],
  }
}
