/**
 * What the simulated Stripe remembers: compact rows, from which `objects.ts` builds the documented objects. Times are epoch
 * seconds, amounts minor units, as Stripe has them.
 */
import type { JsonObject } from "../json.ts"

export interface Row {
  id: string
  created: number
  /** Order of creation; decides between rows of one second. */
  seq: number
  /** Lists and events show the row from this second on. */
  visibleAt: number
  /** An object loaded as it is: shown verbatim, in every API version. */
  raw?: JsonObject
}

export interface CustomerRow extends Row {
  email: string | null
  name: string | null
  phone: string | null
  description: string | null
  country: string | null
  currency: string | null
  delinquent: boolean
  balance: number
  metadata: Record<string, string>
  deleted: boolean
}

export type SubscriptionStatus =
  | "incomplete"
  | "incomplete_expired"
  | "trialing"
  | "active"
  | "past_due"
  | "unpaid"
  | "paused"
  | "canceled"

export interface SubscriptionRow extends Row {
  customer: string
  status: SubscriptionStatus
  currency: string
  plan: string
  item: string
  quantity: number
  startDate: number
  anchor: number
  periodStart: number
  periodEnd: number
  trialStart: number | null
  trialEnd: number | null
  /** What happens at the trial's end without a payment method. */
  trialEndBehavior: "create_invoice" | "pause" | "cancel"
  cancelAt: number | null
  cancelAtPeriodEnd: boolean
  canceledAt: number | null
  cancelReason: string | null
  endedAt: number | null
  latestInvoice: string | null
  hasPaymentMethod: boolean
  metadata: Record<string, string>
}

export interface ChargeRow extends Row {
  amount: number
  amountCaptured: number
  amountRefunded: number
  currency: string
  customer: string | null
  billingEmail: string | null
  billingName: string | null
  receiptEmail: string | null
  description: string | null
  status: "succeeded" | "pending" | "failed"
  captured: boolean
  paid: boolean
  refunded: boolean
  disputed: boolean
  failureCode: string | null
  failureMessage: string | null
  method: "card" | "us_bank_account" | "sepa_debit"
  paymentIntent: string
  invoice: string | null
  balanceTransaction: string | null
  /** When its money moved: captured, or a debit gone through. */
  movedAt: number | null
  refunds: string[]
  metadata: Record<string, string>
  /** It may be captured in parts. */
  multicapture?: boolean
}

export interface RefundRow extends Row {
  amount: number
  currency: string
  charge: string
  paymentIntent: string
  reason: string | null
  status: "pending" | "succeeded" | "failed" | "canceled" | "requires_action"
  failureReason: string | null
  /** The acquirer's reference number, which arrives later. */
  reference: string | null
  balanceTransaction: string | null
  failureBalanceTransaction: string | null
  /** When the money came back. */
  failedAt: number | null
  metadata: Record<string, string>
}

export interface InvoiceLine {
  id: string
  amount: number
  description: string
  plan: string | null
  quantity: number
  proration: boolean
  periodStart: number
  periodEnd: number
}

export interface InvoiceRow extends Row {
  customer: string
  customerEmail: string | null
  customerName: string | null
  subscription: string | null
  status: "draft" | "open" | "paid" | "void" | "uncollectible"
  billingReason: string
  collectionMethod: "charge_automatically" | "send_invoice"
  currency: string
  total: number
  amountPaid: number
  number: string | null
  description: string | null
  dueDate: number | null
  periodStart: number
  periodEnd: number
  attemptCount: number
  attempted: boolean
  autoAdvance: boolean
  nextPaymentAttempt: number | null
  finalizedAt: number | null
  paidAt: number | null
  voidedAt: number | null
  uncollectibleAt: number | null
  paidOutOfBand: boolean
  charge: string | null
  paymentIntent: string | null
  lines: InvoiceLine[]
  metadata: Record<string, string>
}

export interface DisputeRow extends Row {
  amount: number
  currency: string
  charge: string
  paymentIntent: string
  reason: string
  status: "needs_response" | "under_review" | "won" | "lost"
  dueBy: number
  metadata: Record<string, string>
}

export interface EventRow extends Row {
  type: string
  apiVersion: string
  /** JSON text of `data`: the object as it was at that moment, in the shape of the account's API version. */
  data: string
}

export interface Rows {
  customer: CustomerRow
  subscription: SubscriptionRow
  charge: ChargeRow
  refund: RefundRow
  invoice: InvoiceRow
  dispute: DisputeRow
  event: EventRow
}

export type Kind = keyof Rows
export const KINDS: readonly Kind[] = ["customer", "subscription", "charge", "refund", "invoice", "dispute", "event"]
/** Kinds that are business objects, not records of what happened. */
export type ObjectKind = Exclude<Kind, "event">
