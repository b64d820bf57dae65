/** What happens to charges. The amounts of a `charge.succeeded` fact are captured ones; its time is when they were captured. */
import { DAY_S } from "../clock.ts"
import { type Account, add, find, get, newRow, nextId, now, plan, record, stamp } from "./account.ts"
import { change, emit, emitIntent } from "./events.ts"
import type { ChargeRow } from "./model.ts"
import { releaseRefund } from "./refunds.ts"
import { ASYNC_CAPTURE, BASIL, isBefore } from "./versions.ts"

/** Uncaptured card payments expire after 7 days. https://docs.stripe.com/api/charges/capture */
export const AUTHORIZATION_LIVES_S = 7 * DAY_S

export interface ChargeFields {
  customer?: string | null
  amount: number
  currency?: string
  method?: ChargeRow["method"]
  /** Bank debits are `pending` first; `uncaptured` is an authorization. */
  outcome?: "succeeded" | "failed" | "pending" | "uncaptured"
  billingEmail?: string | null
  billingName?: string | null
  receiptEmail?: string | null
  description?: string | null
  failureCode?: string
  invoice?: string | null
  /** An authorization that may be captured in parts. */
  multicapture?: boolean
  metadata?: Record<string, string>
}

export function createCharge(account: Account, fields: ChargeFields): ChargeRow {
  const outcome = fields.outcome ?? "succeeded"
  const method = fields.method ?? "card"
  const failed = outcome === "failed"
  const row: ChargeRow = {
    ...newRow(account, method === "card" ? "ch" : "py"),
    amount: fields.amount,
    amountCaptured: outcome === "succeeded" || outcome === "pending" ? fields.amount : 0,
    amountRefunded: 0,
    currency: fields.currency ?? account.options.currency,
    customer: fields.customer ?? null,
    billingEmail: fields.billingEmail ?? null,
    billingName: fields.billingName ?? null,
    receiptEmail: fields.receiptEmail ?? null,
    description: fields.description ?? null,
    status: outcome === "uncaptured" ? "succeeded" : outcome,
    captured: outcome === "succeeded" || outcome === "pending",
    paid: outcome === "succeeded" || outcome === "uncaptured",
    refunded: false,
    disputed: false,
    failureCode: failed ? (fields.failureCode ?? "card_declined") : null,
    failureMessage: failed ? "Your card was declined." : null,
    method,
    paymentIntent: nextId(account, "pi"),
    invoice: fields.invoice ?? null,
    balanceTransaction: null,
    movedAt: null,
    refunds: [],
    metadata: { ...fields.metadata },
    ...(fields.multicapture && { multicapture: true }),
  }
  add(account, "charge", row)
  emitIntent(account, "payment_intent.created", row)
  ;({ succeeded, failed: declined, pending, uncaptured })[outcome](account, row)
  return row
}

/** An authorization that has not expired. https://docs.stripe.com/payments/place-a-hold-on-a-payment-method */
export function mayCapture(account: Account, row: ChargeRow): boolean {
  const isOpen = row.status === "succeeded" && !row.captured && !row.refunded
  return isOpen && now(account) < row.created + AUTHORIZATION_LIVES_S
}

/** `amount` less than authorized gives the rest back. */
export function captureCharge(account: Account, id: string, amount?: number): ChargeRow {
  const row = get(account, "charge", id)
  if (!mayCapture(account, row)) throw new Error(`charge ${id} cannot be captured`)
  const rise = amount ?? row.amount - row.amountCaptured
  capture(account, row, rise, true)
  if (row.amountCaptured < row.amount && isBefore(account.options.version, BASIL)) {
    releaseRefund(account, row, row.amount - row.amountCaptured, null)
  }
  emitIntent(account, "payment_intent.succeeded", row)
  recordMoney(account, "charge.succeeded", row, rise)
  return row
}

/**
 * A part of it, with more to follow, where the charge was authorized for that: "We send charge.updated webhooks each time you capture
 * a payment", and `captured` only with the last. https://docs.stripe.com/payments/multicapture
 */
export function capturePart(account: Account, id: string, amount: number): ChargeRow {
  const row = get(account, "charge", id)
  if (!mayCapture(account, row) || !row.multicapture) throw new Error(`charge ${id} cannot be captured in parts`)
  capture(account, row, amount, false)
  recordMoney(account, "charge.succeeded", row, amount)
  return row
}

function capture(account: Account, row: ChargeRow, rise: number, isLast: boolean): void {
  const edit = (charge: ChargeRow) => {
    charge.captured = isLast
    charge.amountCaptured += rise
    Object.assign(charge, moved(account))
  }
  const types = [...(row.multicapture ? ["charge.updated"] : []), ...(isLast ? ["charge.captured"] : [])]
  change(account, "charge", row, edit, types)
}

/**
 * An authorization that nobody captured. Before basil it is marked refunded and gets a refund object; since then only
 * `charge.expired` tells. https://docs.stripe.com/changelog/basil/2025-03-31/remove-refund-from-partial-capture-and-payment-cancellation-flow
 */
export function expireCharge(account: Account, id: string): ChargeRow {
  const row = get(account, "charge", id)
  if (row.status !== "succeeded" || row.captured || row.refunded) return row
  if (isBefore(account.options.version, BASIL)) releaseRefund(account, row, row.amount, "expired_uncaptured_charge")
  emit(account, "charge.expired", "charge", row)
  emitIntent(account, "payment_intent.canceled", row)
  recordMoney(account, "charge.expired", row)
  return row
}

/** A bank debit's outcome, days later. */
export function settleCharge(account: Account, id: string, outcome: "succeeded" | "failed"): ChargeRow {
  const row = get(account, "charge", id)
  if (row.status !== "pending") return row
  if (outcome === "succeeded") {
    const settle = (charge: ChargeRow) => {
      Object.assign(charge, { status: "succeeded", paid: true, ...moved(account) })
    }
    change(account, "charge", row, settle, ["charge.succeeded"])
    emitIntent(account, "payment_intent.succeeded", row)
    recordMoney(account, "charge.succeeded", row)
  } else {
    const fail = (charge: ChargeRow) => {
      charge.status = "failed"
      charge.captured = false
      charge.amountCaptured = 0
      charge.failureCode = "insufficient_funds"
      charge.failureMessage = "The customer's account has insufficient funds to cover this payment."
    }
    change(account, "charge", row, fail, ["charge.failed"])
    emitIntent(account, "payment_intent.payment_failed", row)
    recordMoney(account, "charge.failed", row)
  }
  return row
}

/** Description, metadata, receipt address: moves no money. */
export function updateCharge(
  account: Account,
  id: string,
  fields: { description?: string | null; receiptEmail?: string | null; metadata?: Record<string, string> },
): ChargeRow {
  const row = get(account, "charge", id)
  change(account, "charge", row, (charge) => Object.assign(charge, fields), ["charge.updated"])
  return row
}

function succeeded(account: Account, row: ChargeRow): void {
  const balance = moved(account)
  if (isBefore(account.options.version, ASYNC_CAPTURE)) {
    Object.assign(row, balance)
    emit(account, "charge.succeeded", "charge", row)
    emitIntent(account, "payment_intent.succeeded", row)
  } else {
    emit(account, "charge.succeeded", "charge", row)
    emitIntent(account, "payment_intent.succeeded", row)
    change(account, "charge", row, (charge) => Object.assign(charge, balance), ["charge.updated"])
  }
  recordMoney(account, "charge.succeeded", row)
}

function declined(account: Account, row: ChargeRow): void {
  emit(account, "charge.failed", "charge", row)
  emitIntent(account, "payment_intent.payment_failed", row)
  recordMoney(account, "charge.failed", row)
}

function pending(account: Account, row: ChargeRow): void {
  emit(account, "charge.pending", "charge", row)
  emitIntent(account, "payment_intent.processing", row)
  plan(account, row.created + account.random.int(2, 5) * DAY_S, "settle_charge", row.id)
}

/** Stripe says `charge.succeeded` of an authorization too, with `captured: false`. No money has moved. */
function uncaptured(account: Account, row: ChargeRow): void {
  emit(account, "charge.succeeded", "charge", row)
  emitIntent(account, "payment_intent.amount_capturable_updated", row)
  plan(account, row.created + AUTHORIZATION_LIVES_S, "expire_charge", row.id)
}

function moved(account: Account): Pick<ChargeRow, "balanceTransaction" | "movedAt"> {
  return { balanceTransaction: nextId(account, "txn"), movedAt: stamp(account) }
}

function recordMoney(
  account: Account,
  fact: "charge.succeeded" | "charge.failed" | "charge.expired",
  row: ChargeRow,
  captured = row.amountCaptured,
): void {
  const about = { customer: row.customer, billing: row.billingEmail, receipt: row.receiptEmail }
  record(account, fact, row, about, {
    amountMinor: fact === "charge.succeeded" ? captured : row.amount,
    // What has been captured by then, in all.
    sumMinor: row.amountCaptured,
    method: row.method,
    currency: row.currency,
    invoice: row.invoice,
    failureCode: row.failureCode,
    customerDeleted: find(account, "customer", row.customer)?.deleted ?? false,
  })
}
