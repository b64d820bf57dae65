/** https://docs.stripe.com/api/charges/object */
import type { JsonObject } from "../../json.ts"
import type { Account } from "../account.ts"
import type { ChargeRow } from "../model.ts"
import { NO_ADDRESS } from "./parts.ts"
import { paymentMethodOf } from "./payment.ts"

export function chargeObject(account: Account, row: ChargeRow): JsonObject {
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

function outcome(row: ChargeRow): JsonObject {
  const declined = row.status === "failed"
  return {
    advice_code: declined ? "try_again_later" : null,
    network_advice_code: null,
    network_decline_code: declined ? "05" : null,
    network_status: declined ? "declined_by_network" : "approved_by_network",
    reason: declined ? (row.failureCode ?? "generic_decline") : null,
    risk_level: "normal",
    seller_message: declined ? row.failureMessage : "Payment complete.",
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
      multicapture: { status: row.multicapture ? "available" : "unavailable" },
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
