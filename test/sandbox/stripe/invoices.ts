/** What happens to invoices: draft, open, then paid, void or uncollectible; an uncollectible one may still be paid. */
import { DAY_S, HOUR_S } from "../clock.ts"
import { type Account, add, drop, find, get, newRow, nextId, plan, record, stamp } from "./account.ts"
import { type ChargeFields, createCharge } from "./charges.ts"
import { fixCurrency, setDelinquent } from "./customers.ts"
import { change, emit } from "./events.ts"
import type { InvoiceLine, InvoiceRow } from "./model.ts"

/** A subscription's renewal invoice stays a draft for about an hour. https://docs.stripe.com/billing/invoices/subscription */
export const DRAFT_LIVES_S = HOUR_S

export type LineFields = Pick<InvoiceLine, "amount" | "description"> & Partial<InvoiceLine>

export interface InvoiceFields {
  customer: string
  currency?: string
  lines: readonly LineFields[]
  subscription?: string | null
  billingReason?: string
  collectionMethod?: InvoiceRow["collectionMethod"]
  description?: string | null
  dueInDays?: number
  periodStart?: number
  periodEnd?: number
  metadata?: Record<string, string>
}

export function createInvoice(account: Account, fields: InvoiceFields): InvoiceRow {
  const customer = get(account, "customer", fields.customer)
  const base = newRow(account, "in")
  const { created } = base
  const currency = fields.currency ?? customer.currency ?? account.options.currency
  const collectionMethod = fields.collectionMethod ?? "charge_automatically"
  const lines = fields.lines.map((line) => ({
    id: nextId(account, "il"),
    plan: null,
    quantity: 1,
    proration: false,
    periodStart: fields.periodStart ?? created,
    periodEnd: fields.periodEnd ?? created,
    ...line,
  }))
  const row: InvoiceRow = {
    ...base,
    customer: customer.id,
    customerEmail: customer.email,
    customerName: customer.name,
    subscription: fields.subscription ?? null,
    status: "draft",
    billingReason: fields.billingReason ?? "manual",
    collectionMethod,
    currency,
    total: lines.reduce((sum, line) => sum + line.amount, 0),
    amountPaid: 0,
    number: null,
    description: fields.description ?? null,
    dueDate: collectionMethod === "send_invoice" ? created + (fields.dueInDays ?? 30) * DAY_S : null,
    periodStart: fields.periodStart ?? created,
    periodEnd: fields.periodEnd ?? created,
    attemptCount: 0,
    attempted: false,
    autoAdvance: fields.subscription !== undefined && fields.subscription !== null,
    nextPaymentAttempt: null,
    finalizedAt: null,
    paidAt: null,
    voidedAt: null,
    uncollectibleAt: null,
    paidOutOfBand: false,
    charge: null,
    paymentIntent: null,
    lines,
    metadata: { ...fields.metadata },
  }
  add(account, "invoice", row)
  emit(account, "invoice.created", "invoice", row)
  recordInvoice(account, "invoice.created", row)
  fixCurrency(account, customer, currency)
  return row
}

/** Description or metadata, in any state. */
export function updateInvoice(
  account: Account,
  id: string,
  fields: { description?: string | null; metadata?: Record<string, string> },
): InvoiceRow {
  const row = get(account, "invoice", id)
  const changed = change(account, "invoice", row, (invoice) => Object.assign(invoice, fields), ["invoice.updated"])
  if (changed) recordInvoice(account, "invoice.updated", row)
  return row
}

export function finalizeInvoice(account: Account, id: string): InvoiceRow {
  const row = get(account, "invoice", id)
  if (row.status !== "draft") return row
  const customer = get(account, "customer", row.customer)
  const finalize = (invoice: InvoiceRow) => {
    invoice.status = "open"
    invoice.finalizedAt = stamp(account)
    invoice.number = `${account.name.toUpperCase().slice(0, 6)}-${String(invoice.seq).padStart(6, "0")}`
    invoice.customerEmail = customer.email
    invoice.customerName = customer.name
    invoice.autoAdvance = true
  }
  change(account, "invoice", row, finalize, ["invoice.updated", "invoice.finalized"])
  if (row.collectionMethod === "send_invoice") emit(account, "invoice.sent", "invoice", row)
  recordInvoice(account, "invoice.finalized", row)
  return row
}

/** Tries to collect. A declined card leaves it open; nothing to pay, or money that came elsewhere, makes no charge. */
export function payInvoice(
  account: Account,
  id: string,
  outcome: "succeeded" | "failed" | "out_of_band" = "succeeded",
  payment: Pick<ChargeFields, "method" | "billingEmail"> = {},
): InvoiceRow {
  const row = finalizeInvoice(account, id)
  if (row.status === "paid" || row.status === "void") return row
  if (outcome === "failed") return failPayment(account, row)
  const charge = outcome === "succeeded" && row.total > 0 ? chargeFor(account, row, "succeeded", payment) : null
  markPaid(account, row, charge?.id ?? null, charge?.paymentIntent ?? null, outcome === "out_of_band")
  return row
}

export function voidInvoice(account: Account, id: string): InvoiceRow {
  const row = get(account, "invoice", id)
  if (row.status !== "open" && row.status !== "uncollectible") return row
  const types = ["invoice.updated", "invoice.voided"]
  change(
    account,
    "invoice",
    row,
    (invoice) => Object.assign(invoice, { ...CLOSED, status: "void", voidedAt: stamp(account) }),
    types,
  )
  recordInvoice(account, "invoice.voided", row)
  return row
}

export function markUncollectible(account: Account, id: string): InvoiceRow {
  const row = get(account, "invoice", id)
  if (row.status !== "open") return row
  const edit = (invoice: InvoiceRow) => {
    Object.assign(invoice, { ...CLOSED, status: "uncollectible", uncollectibleAt: stamp(account) })
  }
  change(account, "invoice", row, edit, ["invoice.updated", "invoice.marked_uncollectible"])
  recordInvoice(account, "invoice.uncollectible", row)
  return row
}

/** Only drafts can be deleted; they are gone from lists and by id. */
export function deleteInvoice(account: Account, id: string): void {
  const row = get(account, "invoice", id)
  if (row.status !== "draft") throw new Error(`invoice ${id} is no draft`)
  emit(account, "invoice.deleted", "invoice", row)
  recordInvoice(account, "invoice.deleted", row)
  drop(account, "invoice", id)
}

const CLOSED = { autoAdvance: false, nextPaymentAttempt: null }

function markPaid(
  account: Account,
  row: InvoiceRow,
  charge: string | null,
  paymentIntent: string | null,
  paidOutOfBand: boolean,
): void {
  const pay = (invoice: InvoiceRow) => {
    Object.assign(invoice, { ...CLOSED, status: "paid", paidAt: stamp(account), paidOutOfBand, attempted: true })
    Object.assign(invoice, { amountPaid: invoice.total, charge, paymentIntent })
    invoice.attemptCount += charge ? 1 : 0
  }
  change(account, "invoice", row, pay, ["invoice.updated", "invoice.paid", "invoice.payment_succeeded"])
  recordInvoice(account, "invoice.paid", row)
  const customer = find(account, "customer", row.customer)
  if (customer) setDelinquent(account, customer, false)
}

function failPayment(account: Account, row: InvoiceRow): InvoiceRow {
  const charge = chargeFor(account, row, "failed", {})
  const fail = (invoice: InvoiceRow) => {
    invoice.attempted = true
    invoice.attemptCount += 1
    invoice.charge = charge.id
    invoice.paymentIntent = charge.paymentIntent
    invoice.nextPaymentAttempt = invoice.attemptCount < 4 ? stamp(account) + 3 * DAY_S : null
  }
  change(account, "invoice", row, fail, ["invoice.updated", "invoice.payment_failed"])
  recordInvoice(account, "invoice.payment_failed", row)
  if (row.nextPaymentAttempt !== null) plan(account, row.nextPaymentAttempt, "retry_invoice", row.id)
  const customer = find(account, "customer", row.customer)
  if (customer) setDelinquent(account, customer, true)
  return row
}

function chargeFor(
  account: Account,
  row: InvoiceRow,
  outcome: "succeeded" | "failed",
  payment: Pick<ChargeFields, "method" | "billingEmail">,
) {
  const description = row.subscription ? "Subscription update" : `Payment for Invoice ${row.number ?? row.id}`
  const { customer, currency } = row
  return createCharge(account, {
    customer,
    currency,
    amount: row.total,
    outcome,
    description,
    invoice: row.id,
    ...payment,
  })
}

function recordInvoice(
  account: Account,
  fact:
    | "invoice.created"
    | "invoice.updated"
    | "invoice.finalized"
    | "invoice.paid"
    | "invoice.payment_failed"
    | "invoice.voided"
    | "invoice.uncollectible"
    | "invoice.deleted",
  row: InvoiceRow,
): void {
  const { status, currency, number, subscription } = row
  const about = { customer: row.customer, billing: row.customerEmail }
  record(account, fact, row, about, {
    amountMinor: row.total,
    paidMinor: row.amountPaid,
    status,
    currency,
    number,
    subscription,
  })
}
