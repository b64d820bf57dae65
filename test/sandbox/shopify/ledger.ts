/** What truly happened in a shop, written down as it happens and apart from any API: tests compare with it what came through. */

export const FACTS = [
  "customer_added",
  "customer_deleted",
  "email_changed",
  "checkout_left",
  "draft_entered",
  "order_placed",
  "line_ordered",
  "line_added",
  "order_cancelled",
  "refund_made",
  "payment_taken",
  "payment_failed",
  "money_returned",
  "credit_moved",
] as const
export type FactName = (typeof FACTS)[number]

export interface Fact {
  no: number
  fact: FactName
  /** Shopify's numeric id of what it is about: the order, the line, the transaction; of a line that was added, the sale ... */
  id: number
  /** Epoch ms: when it became true. */
  at: number
  /** Epoch ms: from when on the API can show it. */
  shownAt: number
  order: number | null
  customer: number | null
  /** The email left with the order or draft; the customer's own, where it is about that. */
  email: string | null
  /** In the shop currency's smallest unit. */
  amount: number | null
  quantity: number | null
  /** Of a development shop, or of an order made with the test gateway: no money moved. */
  isTest: boolean
}

/**
 * Every email that the customer had at a time or later, lower case; null for having none. Which of them a record goes by depends on when
 * it is read.
 */
export function emailsSince(facts: readonly Fact[], customer: number, at: number): (string | null)[] {
  const told = facts.filter(
    ({ fact, id }) => id === customer && (fact === "customer_added" || fact === "email_changed"),
  )
  const from = told.findLastIndex((fact) => fact.at <= at)
  return told.slice(Math.max(from, 0)).map(({ email }) => email?.toLowerCase() ?? null)
}
