/** https://docs.stripe.com/api/disputes/object */
import type { JsonObject } from "../../json.ts"
import type { Account } from "../account.ts"
import type { DisputeRow } from "../model.ts"

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

export function disputeObject(account: Account, row: DisputeRow): JsonObject {
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
