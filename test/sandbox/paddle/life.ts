/** What happens in a simulated Paddle account: customers, trials, subscriptions, payments, invoices and refunds. */
import type { Random } from "../random.ts"
import { type Books, present, type Row, someone } from "../rest/books.ts"
import {
  addCustomer,
  attemptOf,
  buyer,
  changed,
  checkout,
  complete,
  currently,
  customerOf,
  fail,
  grandTotal,
  made,
  note,
  noteMoney,
  noteRefund,
  paymentsOf,
  subscribe,
  tell,
  time,
} from "./entries.ts"

type Act = (books: Books, random: Random) => string

const NOTHING = "nothing"

export const LIFE: Readonly<Record<string, Act>> = {
  arrive(books) {
    return `${addCustomer(books).id} is added`
  },
  rename(books, random) {
    const customer = someone(books, random, "customers")
    if (!customer) return NOTHING
    // Back to an earlier name, now and then.
    const name = random.chance(0.3) ? `Customer ${customer.id.length}` : `Customer ${random.int(1, 9_999)}`
    tell(books, "customer.updated", changed(books, "customers", customer, { name }))
    return `${customer.id} is now ${name}`
  },
  change_email(books, random) {
    const customer = someone(books, random, "customers")
    if (!customer) return NOTHING
    const email = `${customer.id.slice(-4)}.${random.int(1, 999)}@example.org`
    tell(books, "customer.updated", changed(books, "customers", customer, { email }))
    return `${customer.id} writes from ${email}`
  },
  archive(books, random) {
    const customer = someone(books, random, "customers")
    if (!customer) return NOTHING
    const status = customer.status === "active" ? "archived" : "active"
    tell(books, "customer.updated", changed(books, "customers", customer, { status }))
    return `${customer.id} is ${status}`
  },
  /** One payment, by the checkout. */
  buy(books, random) {
    const customer = buyer(books, random)
    const transaction = checkout(books, random, customer, { origin: "web" })
    if (random.chance(0.3)) fail(books, transaction.id)
    complete(books, transaction.id)
    return `${customer.id} pays ${transaction.id}`
  },
  try_in_vain(books, random) {
    const customer = buyer(books, random)
    const transaction = checkout(books, random, customer, { origin: "web" })
    fail(books, transaction.id)
    return `${customer.id} tries to pay ${transaction.id}`
  },
  /** The bank asks whether it is really them. */
  hesitate(books, random) {
    const customer = buyer(books, random)
    const transaction = checkout(books, random, customer, { origin: "web" })
    const attempt = { ...attemptOf(books, transaction), status: "action_required", error_code: null }
    tell(books, "transaction.updated", changed(books, "transactions", transaction, { payments: [attempt] }))
    return `${customer.id} hesitates to pay ${transaction.id}`
  },
  /** And they never answer: the attempt has failed, long after it began. */
  give_up(books, random) {
    const hesitant = (row: Row) => paymentsOf(row)[0]?.status === "action_required" && row.status === "ready"
    const transaction = someone(books, random, "transactions", hesitant)
    const [attempt, ...earlier] = transaction ? paymentsOf(transaction) : []
    if (!transaction || !attempt) return NOTHING
    const failed = { ...attempt, status: "error", error_code: "authentication_failed" }
    const row = changed(books, "transactions", transaction, { payments: [failed, ...earlier] })
    const at = Date.parse(String(attempt.created_at))
    noteMoney(books, row, `failed ${row.id}@${at}`, at)
    tell(books, "transaction.payment_failed", row)
    return `${transaction.id} is given up`
  },
  try_again(books, random) {
    const transaction = someone(books, random, "transactions", ({ status }) => status === "ready")
    if (!transaction) return NOTHING
    complete(books, transaction.id)
    return `${transaction.id} is paid at last`
  },
  begin_trial(books, random) {
    const customer = buyer(books, random)
    const subscription = subscribe(books, random, customer, true)
    return `${customer.id} tries ${subscription.id}`
  },
  subscribe(books, random) {
    const customer = buyer(books, random)
    const subscription = subscribe(books, random, customer, false)
    return `${customer.id} subscribes to ${subscription.id}`
  },
  /** A trial ends: it is billed for the first time. */
  activate(books, random) {
    const at = time(books)
    // No trial is over as it begins.
    const found = someone(books, random, "subscriptions", (row) => row.status === "trialing" && row.started_at !== at)
    if (!found) return NOTHING
    const transaction = checkout(books, random, customerOf(books, found), {
      origin: "subscription_recurring",
      subscription_id: found.id,
    })
    complete(books, transaction.id)
    const subscription = changed(books, "subscriptions", found, {
      status: "active",
      first_billed_at: at,
      next_billed_at: null,
    })
    note(books, "Trial expired", `trial expired ${found.id}`, String(found.customer_id))
    tell(books, "subscription.updated", subscription)
    tell(books, "subscription.activated", subscription)
    return `${found.id} is billed`
  },
  /** Its payment fails; nothing of ours but the failure. */
  renew_in_vain(books, random) {
    const found = someone(books, random, "subscriptions", ({ status }) => status === "active")
    if (!found) return NOTHING
    const transaction = checkout(books, random, customerOf(books, found), {
      origin: "subscription_recurring",
      subscription_id: found.id,
    })
    fail(books, transaction.id)
    tell(
      books,
      "transaction.past_due",
      changed(books, "transactions", currently(books, "transactions", transaction.id), { status: "past_due" }),
    )
    tell(books, "subscription.past_due", changed(books, "subscriptions", found, { status: "past_due" }))
    return `${found.id} is past due`
  },
  recover(books, random) {
    const transaction = someone(books, random, "transactions", ({ status }) => status === "past_due")
    const subscription = transaction && present(books, "subscriptions", String(transaction.subscription_id))
    if (!transaction || subscription?.status !== "past_due") return NOTHING
    complete(books, transaction.id)
    tell(books, "subscription.activated", changed(books, "subscriptions", subscription, { status: "active" }))
    return `${subscription.id} has paid`
  },
  cancel(books, random) {
    const found = someone(books, random, "subscriptions", ({ status }) => status !== "canceled")
    if (!found) return NOTHING
    const at = time(books)
    const subscription = changed(books, "subscriptions", found, {
      status: "canceled",
      canceled_at: at,
      next_billed_at: null,
    })
    const isPaid = found.first_billed_at !== null
    note(
      books,
      isPaid ? "Subscription cancelled" : "Trial cancelled",
      `cancelled ${found.id}`,
      String(found.customer_id),
    )
    tell(books, "subscription.updated", subscription)
    tell(books, "subscription.canceled", subscription)
    return `${found.id} is cancelled`
  },
  /** Sent by email, to be paid by bank transfer. */
  send_invoice(books, random) {
    const customer = buyer(books, random)
    const invoice = checkout(books, random, customer, { collection_mode: "manual", origin: "api" })
    tell(
      books,
      "transaction.billed",
      changed(books, "transactions", invoice, { status: "billed", billed_at: time(books), invoice_number: "1-2" }),
    )
    return `${customer.id} is sent ${invoice.id}`
  },
  pay_invoice(books, random) {
    const invoice = someone(books, random, "transactions", ({ status }) => status === "billed")
    if (!invoice) return NOTHING
    complete(books, invoice.id, random.chance(0.5))
    return `${invoice.id} is paid`
  },
  void_invoice(books, random) {
    const invoice = someone(books, random, "transactions", ({ status }) => status === "billed")
    if (!invoice) return NOTHING
    tell(books, "transaction.canceled", changed(books, "transactions", invoice, { status: "canceled" }))
    return `${invoice.id} is void`
  },
  /** Some refunds Paddle looks at first. */
  refund(books, random) {
    const transaction = someone(
      books,
      random,
      "transactions",
      (row) => row.status === "completed" && grandTotal(row) > 0,
    )
    if (!transaction) return NOTHING
    const total = String(random.int(1, grandTotal(transaction)))
    const [currency_code, customer_id] = [String(transaction.currency_code), String(transaction.customer_id)]
    const subscription_id = transaction.subscription_id ?? null
    const adjustment = made(books, "adjustments", "adj_", {
      ...{ action: "refund", type: "partial", reason: "error", credit_applied_to_balance: null, items: [] },
      ...{ transaction_id: transaction.id, customer_id, subscription_id, currency_code, status: "pending_approval" },
      totals: { subtotal: total, tax: "0", total, fee: "0", earnings: total, currency_code },
    })
    const isApproved = random.chance(0.5)
    const first = isApproved ? changed(books, "adjustments", adjustment, { status: "approved" }) : adjustment
    tell(books, "adjustment.created", first)
    if (isApproved) noteRefund(books, first)
    return `${transaction.id} is refunded by ${adjustment.id}`
  },
  approve(books, random) {
    const found = someone(books, random, "adjustments", ({ status }) => status === "pending_approval")
    if (!found) return NOTHING
    const adjustment = changed(books, "adjustments", found, { status: random.chance(0.8) ? "approved" : "rejected" })
    tell(books, "adjustment.updated", adjustment)
    if (adjustment.status === "approved") noteRefund(books, adjustment)
    return `${found.id} is ${adjustment.status}`
  },
  /** Something of a refund changes long after it was approved: the money has moved before. */
  change_refund(books, random) {
    const found = someone(books, random, "adjustments", (row) => row.action === "refund" && row.status === "approved")
    if (!found) return NOTHING
    tell(books, "adjustment.updated", changed(books, "adjustments", found, { reason: "changed" }))
    return `${found.id} is changed`
  },
  /** Credit for the next bill: no money moves. */
  give_credit(books, random) {
    const transaction = someone(books, random, "transactions", ({ status }) => status === "completed")
    if (!transaction) return NOTHING
    const [currency_code, customer_id] = [String(transaction.currency_code), String(transaction.customer_id)]
    const totals = { subtotal: "100", tax: "0", total: "100", fee: "0", earnings: "100", currency_code }
    const adjustment = made(books, "adjustments", "adj_", {
      ...{ action: "credit", status: "approved", type: "partial", reason: "error", items: [], subscription_id: null },
      ...{ transaction_id: transaction.id, customer_id, currency_code, totals, credit_applied_to_balance: true },
    })
    tell(books, "adjustment.created", adjustment)
    return `${customer_id} has credit`
  },
}
