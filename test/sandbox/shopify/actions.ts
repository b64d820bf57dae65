/** What can happen in a shop: each changes rows as Shopify would and writes the facts of it into the ledger. */
import { agree, newLine, owedFor, paidFor } from "./lines.ts"
import type {
  CheckoutRow,
  CustomerRow,
  DraftRow,
  NewLine,
  OrderRow,
  Transaction,
  TransactionKind,
  TransactionStatus,
} from "./model.ts"
import {
  ABANDONED_AFTER_MS,
  add,
  drop,
  find,
  get,
  newRow,
  nextId,
  now,
  record,
  type Shop,
  stamp,
  touch,
} from "./shop.ts"

export interface NewCustomer {
  firstName?: string | null
  lastName?: string | null
  email?: string | null
  phone?: string | null
  country?: string
}

export function addCustomer(shop: Shop, person: NewCustomer): CustomerRow {
  const row = add(shop, "customer", {
    ...newRow(shop),
    firstName: person.firstName ?? null,
    lastName: person.lastName ?? null,
    email: person.email ?? null,
    phone: person.phone ?? null,
    city: "Ottawa",
    province: "Ontario",
    zip: "K1A",
    country: person.country ?? "CA",
    tags: [],
    locale: "en",
    isSubscribed: false,
    isVerified: person.email !== undefined,
    orders: 0,
    spent: 0,
  })
  record(shop, { fact: "customer_added", id: row.id, customer: row.id, email: row.email })
  return row
}

export function changeCustomer(
  shop: Shop,
  id: number,
  changes: Partial<NewCustomer & { tags: string[]; city: string }>,
): CustomerRow {
  const row = get(shop, "customer", id)
  Object.assign(row, changes)
  touch(shop, "customer", row)
  if (changes.email !== undefined) record(shop, { fact: "email_changed", id, customer: id, email: row.email })
  return row
}

/** "A customer can be deleted from a store only if they haven't yet made an order." */
export function deleteCustomer(shop: Shop, id: number): boolean {
  if (get(shop, "customer", id).orders > 0) return false
  drop(shop, "customer", id)
  record(shop, { fact: "customer_deleted", id, customer: id })
  return true
}

export interface NewOrder {
  customer?: number | null
  email?: string | null
  lines: NewLine[]
  /** What of it a gift card or store credit pays, before anything else. */
  credit?: { gateway: string; amount: number }
  /** `paid`: one sale. `authorized`: to be captured. `pending`: a bank transfer. `failed`: a declined card, then a good one. `cash`: too much, with change. */
  payment: "paid" | "authorized" | "pending" | "failed" | "cash"
  presentment?: string
  source?: string
  isTest?: boolean
  discountCodes?: string[]
  /** Imported: when the sale was made. */
  processed?: number
}

export function placeOrder(shop: Shop, request: NewOrder): OrderRow {
  shop.orderNumber += 1
  const base = newRow(shop)
  const lines = request.lines.map((line) => newLine(shop, line))
  const customer = find(shop, "customer", request.customer ?? null)
  const row: OrderRow = {
    ...base,
    number: shop.orderNumber,
    customer: request.customer ?? null,
    email: request.email ?? customer?.email ?? null,
    isTest: request.isTest ?? false,
    source: request.source ?? "web",
    presentment: request.presentment ?? shop.options.currency,
    processed: request.processed ?? base.created,
    cancelled: null,
    cancelReason: null,
    discountCodes: request.discountCodes ?? [],
    total: lines.reduce((sum, line) => sum + owedFor(shop, line), 0),
    isEdited: false,
    lines,
    agreements: [],
    transactions: [],
    refunds: [],
  }
  add(shop, "order", row)
  agree(shop, row, "ORDER", lines)
  tell(shop, row, "order_placed", row.id, { amount: row.total })
  for (const line of lines.filter(({ kind }) => kind === "product"))
    tell(shop, row, "line_ordered", line.id, { quantity: line.quantity, amount: paidFor(line) })
  const credit = Math.min(request.credit?.amount ?? 0, row.total)
  if (request.credit && credit > 0) move(shop, row, "SALE", "SUCCESS", credit, request.credit.gateway)
  if (credit < row.total || credit === 0) pay(shop, row, request.payment, row.total - credit)
  if (customer) {
    customer.orders += 1
    customer.spent += row.total
    touch(shop, "customer", customer)
  }
  return row
}

/** A customer that an order did not name is joined to it later: the order is changed, none of its facts is. */
export function fulfil(shop: Shop, id: number): void {
  touch(shop, "order", get(shop, "order", id))
}

/** The rest of what was authorized, or a part. */
export function capture(shop: Shop, id: number, amount?: number): Transaction | null {
  const row = get(shop, "order", id)
  const left = uncaptured(row)
  if (left <= 0) return null
  return move(shop, row, "CAPTURE", "SUCCESS", Math.min(amount ?? left, left))
}

/** A pending payment arrives, or does not: the same transaction tells. Some gateways date it to when the payment was begun. */
export function settle(
  shop: Shop,
  id: number,
  status: "SUCCESS" | "FAILURE",
  dated: "now" | "begun" = "now",
): Transaction | null {
  const row = get(shop, "order", id)
  const pending = row.transactions.find((one) => one.status === "PENDING")
  if (!pending) return null
  pending.status = status
  pending.processed = dated === "now" ? stamp(shop) : pending.created
  tellOf(shop, row, pending, pending.processed)
  touch(shop, "order", row)
  return pending
}

/** `gateway`: to a gift card or as store credit rather than the way it was paid. */
export function refund(
  shop: Shop,
  id: number,
  amount: number,
  status: TransactionStatus = "SUCCESS",
  gateway?: string,
): number | null {
  const row = get(shop, "order", id)
  if (amount <= 0 || amount > refundable(row)) return null
  const transaction = move(shop, row, "REFUND", status, amount, gateway)
  const made = { id: nextId(shop), created: stamp(shop), transactions: [transaction.id], note: null }
  row.refunds.push(made)
  tell(shop, row, "refund_made", made.id, { amount })
  touch(shop, "order", row)
  return made.id
}

/** Before it is sent; what was paid goes back. */
export function cancel(shop: Shop, id: number, reason = "CUSTOMER"): void {
  const row = get(shop, "order", id)
  if (row.cancelled !== null) return
  row.cancelled = stamp(shop)
  row.cancelReason = reason
  tell(shop, row, "order_cancelled", row.id, { amount: row.total })
  const left = refundable(row)
  if (left > 0) refund(shop, id, left)
  else if (uncaptured(row) > 0) move(shop, row, "VOID", "SUCCESS", uncaptured(row))
  touch(shop, "order", row)
}

export interface NewDraft {
  customer?: number | null
  email?: string | null
  total: number
  quantity: number
}

export function enterDraft(shop: Shop, request: NewDraft): DraftRow {
  const row = add(shop, "draft", {
    ...newRow(shop),
    number: shop.tables.draft.byId.size + 1,
    customer: request.customer ?? null,
    email: request.email ?? null,
    status: "OPEN",
    completed: null,
    total: request.total,
    quantity: request.quantity,
  })
  record(shop, { fact: "draft_entered", id: row.id, customer: row.customer, email: row.email, amount: row.total })
  return row
}

/** Before it becomes an order: Shopify shows it as it is then, and not as it was entered. */
export function changeDraft(shop: Shop, id: number, changes: Pick<NewDraft, "total" | "quantity">): void {
  const row = get(shop, "draft", id)
  const { total, quantity } = row
  Object.assign(row, changes)
  touch(shop, "draft", row, { total, quantity })
}

export function completeDraft(shop: Shop, id: number, lines: NewLine[]): OrderRow | null {
  const row = get(shop, "draft", id)
  if (row.status === "COMPLETED") return null
  row.status = "COMPLETED"
  row.completed = stamp(shop)
  touch(shop, "draft", row)
  const { customer, email } = row
  return placeOrder(shop, { customer, email, lines, payment: "paid", source: "shopify_draft_order" })
}

/** `idle`: how long the buyer stays in the checkout before leaving it. */
export function leaveCheckout(
  shop: Shop,
  request: { customer: number | null; lines: NewLine[]; idle?: number },
): CheckoutRow {
  const base = newRow(shop)
  const updated = base.created + (request.idle ?? 0)
  const row = add(shop, "checkout", {
    ...base,
    updated,
    visibleAt: Math.max(base.visibleAt, updated + ABANDONED_AFTER_MS),
    customer: request.customer,
    completed: null,
    total: request.lines.reduce((sum, { total }) => sum + total, 0),
    lines: request.lines.map((line) => newLine(shop, line)),
  })
  record(shop, { fact: "checkout_left", id: row.id, shownAt: row.visibleAt, customer: row.customer, amount: row.total })
  return row
}

/** What is sent costs something, which the buyer sees as the purchase is completed. */
const SHIPPING = 500

/** The buyer comes back after all: the checkout stays in the list, completed. */
export function recoverCheckout(shop: Shop, id: number): void {
  const row = get(shop, "checkout", id)
  if (row.completed !== null || row.visibleAt > now(shop)) return
  const { completed, total } = row
  row.completed = stamp(shop)
  row.total += SHIPPING
  touch(shop, "checkout", row, { completed, total })
}

export function refundable({ transactions }: OrderRow): number {
  return transactions.reduce((sum, { kind, status, amount }) => {
    if (status === "FAILURE" || status === "ERROR") return sum
    if (kind === "REFUND" || kind === "CHANGE") return sum - amount
    return (kind === "SALE" || kind === "CAPTURE") && status === "SUCCESS" ? sum + amount : sum
  }, 0)
}

function uncaptured({ transactions }: OrderRow): number {
  if (transactions.some(({ kind }) => kind === "VOID")) return 0
  return transactions.reduce((sum, { kind, status, amount }) => {
    if (status !== "SUCCESS") return sum
    if (kind === "AUTHORIZATION") return sum + amount
    return kind === "CAPTURE" ? sum - amount : sum
  }, 0)
}

function pay(shop: Shop, row: OrderRow, payment: NewOrder["payment"], total: number): void {
  if (payment === "paid") move(shop, row, "SALE", "SUCCESS", total)
  if (payment === "authorized") move(shop, row, "AUTHORIZATION", "SUCCESS", total)
  if (payment === "pending") move(shop, row, "SALE", "PENDING", total, "bank_deposit")
  if (payment === "failed") {
    move(shop, row, "SALE", "FAILURE", total)
    move(shop, row, "SALE", "SUCCESS", total)
  }
  if (payment === "cash") {
    move(shop, row, "SALE", "SUCCESS", total + 500, "cash")
    move(shop, row, "CHANGE", "SUCCESS", 500, "cash")
  }
}

function move(
  shop: Shop,
  row: OrderRow,
  kind: TransactionKind,
  status: TransactionStatus,
  amount: number,
  gateway = "shopify_payments",
): Transaction {
  const created = stamp(shop)
  const transaction: Transaction = {
    id: nextId(shop),
    kind,
    status,
    gateway,
    error: status === "FAILURE" ? "CARD_DECLINED" : null,
    amount,
    created,
    processed: status === "PENDING" ? null : created,
  }
  row.transactions.push(transaction)
  tellOf(shop, row, transaction, created)
  touch(shop, "order", row)
  return transaction
}

/** What was credited before pays, or is credited: no money moves. */
export const CREDIT_GATEWAYS: readonly string[] = [
  "gift_card",
  "shopify_store_credit",
  "store-credit",
  "exchange-credit",
]

/** What a transaction means, if money moved or should have. */
function tellOf(shop: Shop, row: OrderRow, { id, kind, status, amount, gateway }: Transaction, at: number): void {
  if (status === "PENDING" || kind === "AUTHORIZATION" || kind === "VOID") return
  const isPayment = kind === "SALE" || kind === "CAPTURE"
  const moved = CREDIT_GATEWAYS.includes(gateway) ? "credit_moved" : isPayment ? "payment_taken" : "money_returned"
  const fact = status === "SUCCESS" ? moved : "payment_failed"
  tell(shop, row, fact, id, { amount, at })
}

export function tell(
  shop: Shop,
  row: OrderRow,
  fact: Parameters<typeof record>[1]["fact"],
  id: number,
  more: { amount?: number; quantity?: number; at?: number },
): void {
  const isTest = row.isTest || shop.options.isDevelopment
  record(shop, { fact, id, order: row.id, customer: row.customer, email: row.email, isTest, ...more })
}
