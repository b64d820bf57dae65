/**
 * The ground truth: what really happened in the simulated business, written by the mutations themselves and knowing nothing of
 * events, lists or connectors. Equality tests compare the destination with it.
 */
import type { Json } from "../json.ts"

export type FactName =
  | "customer.created"
  | "customer.updated"
  | "customer.email_changed"
  | "customer.deleted"
  | "subscription.created"
  | "subscription.changed"
  | "subscription.canceled"
  | "trial.started"
  | "trial.canceled"
  | "trial.expired"
  | "charge.succeeded"
  | "charge.failed"
  /** An authorization given back uncaptured: no money moved. */
  | "charge.expired"
  | "refund.succeeded"
  | "refund.failed"
  /** A refund object that only releases an uncaptured (part of an) authorization, as before 2025-03-31.basil: no money moved. */
  | "refund.released"
  | "dispute.opened"
  | "dispute.closed"
  | "invoice.created"
  | "invoice.updated"
  | "invoice.finalized"
  | "invoice.paid"
  | "invoice.payment_failed"
  | "invoice.voided"
  | "invoice.uncollectible"
  | "invoice.deleted"

export interface Fact {
  /** Order in which it happened. */
  no: number
  fact: FactName
  /** The record it is about. */
  id: string
  /** Epoch seconds: when it became true. */
  at: number
  /** Epoch seconds: when the record was created, which may be long before. */
  created: number
  customer: string | null
  /** Who it is about, as known at that moment. */
  emails: { customer: string | null; billing: string | null; receipt: string | null }
  /** What belongs to this kind of fact: `amountMinor`, `currency`, `status`, `changes` ... */
  data: { [key: string]: Json }
}

/** An address a customer has had, since when. */
export interface EmailPeriod {
  customer: string
  email: string | null
  from: number
}
