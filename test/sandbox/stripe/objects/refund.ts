/** https://docs.stripe.com/api/refunds/object */
import type { JsonObject } from "../../json.ts"
import { type Account, find } from "../account.ts"
import type { RefundRow } from "../model.ts"
import { paymentMethodOf } from "./payment.ts"

export function refundObject(account: Account, row: RefundRow): JsonObject {
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
