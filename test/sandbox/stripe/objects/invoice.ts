/** https://docs.stripe.com/api/invoices/object */
import type { JsonObject } from "../../json.ts"
import { type Account, find } from "../account.ts"
import type { InvoiceLine, InvoiceRow } from "../model.ts"
import { planOf, priceId } from "../plans.ts"
import { list } from "./parts.ts"

export function invoiceObject(account: Account, row: InvoiceRow): JsonObject {
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
