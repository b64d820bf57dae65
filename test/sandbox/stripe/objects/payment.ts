/** What stands behind a charge: no tables of their own, since nothing reads them but `expand` and the feed. */
import type { JsonObject } from "../../json.ts"
import type { Account } from "../account.ts"
import type { ChargeRow, RefundRow } from "../model.ts"

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

/** The balance transaction of a charge or refund: of the moment at which money moved, not at which its record was made. */
export function balanceTransactionObject(id: string, source: ChargeRow | RefundRow): JsonObject {
  const charge = "amountCaptured" in source
  const amount = charge ? source.amountCaptured || source.amount : -source.amount
  const created = (charge ? source.movedAt : null) ?? source.created
  const fee = charge ? Math.round(amount * 0.029) + 30 : 0
  return {
    id,
    object: "balance_transaction",
    amount,
    available_on: created + 2 * 86_400,
    balance_type: "payments",
    created,
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

export function paymentMethodOf(paymentIntent: string): string {
  return paymentIntent.replace(/^pi_/, "pm_")
}

function intentStatus(row: ChargeRow): string {
  if (row.status === "pending") return "processing"
  if (row.status === "failed") return "requires_payment_method"
  if (row.captured) return "succeeded"
  return row.refunded ? "canceled" : "requires_capture"
}
