/** What happens to refunds. Amounts are the refund's own, never cumulative. */
import { DAY_S } from "../clock.ts"
import { type Account, add, get, newRow, nextId, plan, record, stamp } from "./account.ts"
import { change, emit } from "./events.ts"
import type { ChargeRow, RefundRow } from "./model.ts"
import { isBefore, REFUND_EVENTS } from "./versions.ts"

export interface RefundFields {
  charge: string
  amount?: number
  reason?: "duplicate" | "fraudulent" | "requested_by_customer" | null
  /** Bank debits and low balances are `pending` first. */
  status?: "succeeded" | "pending"
  metadata?: Record<string, string>
}

export function createRefund(account: Account, fields: RefundFields): RefundRow {
  const charge = get(account, "charge", fields.charge)
  const left = charge.amountCaptured - charge.amountRefunded
  const amount = fields.amount ?? left
  if (charge.status !== "succeeded" || !charge.captured || amount > left || amount <= 0) {
    throw new Error(`charge ${charge.id} cannot be refunded by ${amount}`)
  }
  const status = fields.status ?? "succeeded"
  const row = addRefund(account, charge, amount, fields.reason ?? null, status, fields.metadata)
  if (status === "pending") plan(account, row.created + account.random.int(1, 6) * DAY_S, "settle_refund", row.id)
  else recordRefund(account, "refund.succeeded", row)
  return row
}

/** A pending refund succeeds. */
export function settleRefund(account: Account, id: string): RefundRow {
  const row = get(account, "refund", id)
  if (row.status !== "pending") return row
  change(account, "refund", row, (refund) => Object.assign(refund, { status: "succeeded" }), updateEvents(account))
  recordRefund(account, "refund.succeeded", row)
  return row
}

/** A refund can fail days after it succeeded: the bank sends the money back and the charge's refunded amount shrinks. */
export function failRefund(account: Account, id: string, reason = "expired_or_canceled_card"): RefundRow {
  const row = get(account, "refund", id)
  if (row.status === "failed") return row
  const charge = get(account, "charge", row.charge)
  const fail = (refund: RefundRow) => {
    refund.status = "failed"
    refund.failureReason = reason
    refund.failureBalanceTransaction = nextId(account, "txn")
    refund.failedAt = stamp(account)
  }
  const types = updateEvents(account)
  change(account, "refund", row, fail, types.length > 1 ? [...types, "refund.failed"] : types)
  const giveBack = (paid: ChargeRow) => {
    paid.amountRefunded -= row.amount
    paid.refunded = false
  }
  change(account, "charge", charge, giveBack, [])
  recordRefund(account, "refund.failed", row)
  return row
}

/** Metadata, or the acquirer's reference number that comes a day later: moves no money. */
export function updateRefund(
  account: Account,
  id: string,
  fields: { reference?: string; metadata?: Record<string, string> },
): RefundRow {
  const row = get(account, "refund", id)
  change(account, "refund", row, (refund) => Object.assign(refund, fields), updateEvents(account))
  return row
}

/** Before basil: the refund object for an authorization, or the part of it, that was never captured. */
export function releaseRefund(account: Account, charge: ChargeRow, amount: number, reason: string | null): RefundRow {
  const row = addRefund(account, charge, amount, reason, "succeeded")
  recordRefund(account, "refund.released", row)
  return row
}

function addRefund(
  account: Account,
  charge: ChargeRow,
  amount: number,
  reason: string | null,
  status: RefundRow["status"],
  metadata: Record<string, string> = {},
): RefundRow {
  const row: RefundRow = {
    ...newRow(account, charge.method === "card" ? "re" : "pyr"),
    amount,
    currency: charge.currency,
    charge: charge.id,
    paymentIntent: charge.paymentIntent,
    reason,
    status,
    failureReason: null,
    reference: null,
    balanceTransaction: charge.captured ? nextId(account, "txn") : null,
    failureBalanceTransaction: null,
    failedAt: null,
    metadata: { ...metadata },
  }
  add(account, "refund", row)
  if (!isBefore(account.options.version, REFUND_EVENTS)) emit(account, "refund.created", "refund", row)
  const refund = (paid: ChargeRow) => {
    paid.amountRefunded += amount
    paid.refunded = paid.amountRefunded >= paid.amount
    paid.refunds.push(row.id)
  }
  change(account, "charge", charge, refund, ["charge.refunded"])
  return row
}

function updateEvents(account: Account): string[] {
  return isBefore(account.options.version, REFUND_EVENTS)
    ? ["charge.refund.updated"]
    : ["charge.refund.updated", "refund.updated"]
}

function recordRefund(
  account: Account,
  fact: "refund.succeeded" | "refund.failed" | "refund.released",
  row: RefundRow,
): void {
  const charge = get(account, "charge", row.charge)
  const about = { customer: charge.customer, billing: charge.billingEmail, receipt: charge.receiptEmail }
  record(account, fact, row, about, {
    amountMinor: row.amount,
    currency: row.currency,
    charge: row.charge,
    reason: row.reason,
    failureReason: row.failureReason,
  })
}
