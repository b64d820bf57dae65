/** What happens to disputes. */
import { DAY_S } from "../clock.ts"
import { type Account, add, get, newRow, record } from "./account.ts"
import { change, emit } from "./events.ts"
import type { DisputeRow } from "./model.ts"

export function openDispute(
  account: Account,
  fields: { charge: string; amount?: number; reason?: string },
): DisputeRow {
  const charge = get(account, "charge", fields.charge)
  const row: DisputeRow = {
    ...newRow(account, "dp"),
    amount: fields.amount ?? charge.amountCaptured,
    currency: charge.currency,
    charge: charge.id,
    paymentIntent: charge.paymentIntent,
    reason: fields.reason ?? "fraudulent",
    status: "needs_response",
    dueBy: charge.created + 20 * DAY_S,
    metadata: {},
  }
  add(account, "dispute", row)
  change(account, "charge", charge, (disputed) => Object.assign(disputed, { disputed: true }), [])
  emit(account, "charge.dispute.created", "dispute", row)
  emit(account, "charge.dispute.funds_withdrawn", "dispute", row)
  recordDispute(account, "dispute.opened", row)
  return row
}

export function answerDispute(account: Account, id: string): DisputeRow {
  const row = get(account, "dispute", id)
  change(account, "dispute", row, (dispute) => Object.assign(dispute, { status: "under_review" }), [
    "charge.dispute.updated",
  ])
  return row
}

export function closeDispute(account: Account, id: string, outcome: "won" | "lost"): DisputeRow {
  const row = get(account, "dispute", id)
  if (row.status === "won" || row.status === "lost") return row
  const types =
    outcome === "won" ? ["charge.dispute.funds_reinstated", "charge.dispute.closed"] : ["charge.dispute.closed"]
  change(account, "dispute", row, (dispute) => Object.assign(dispute, { status: outcome }), types)
  recordDispute(account, "dispute.closed", row)
  return row
}

function recordDispute(account: Account, fact: "dispute.opened" | "dispute.closed", row: DisputeRow): void {
  const charge = get(account, "charge", row.charge)
  const about = { customer: charge.customer, billing: charge.billingEmail, receipt: charge.receiptEmail }
  const { amount, currency, status, reason } = row
  record(account, fact, row, about, { amountMinor: amount, currency, charge: row.charge, status, reason })
}
