/** What happens in a simulated Paddle account: customers, trials, subscriptions, payments, invoices and refunds, each with its events. */
import type { JsonObject } from "../json.ts"
import type { Random } from "../random.ts"
import { type Books, EVENTS, type Fact, present, put, type Row, sizeOf, someone, sortableId } from "../rest/books.ts"

type Act = (books: Books, random: Random) => string

const NOTHING = "nothing"

export const LIFE: Readonly<Record<string, Act>> = {
  arrive(books) {
    const no = sizeOf(books, "customers")
    const row = made(books, "customers", "ctm_", {
      ...{ name: `Customer ${no}`, email: `c${no}@example.com`, locale: "en", status: "active" },
      ...{ marketing_consent: false, custom_data: null, import_meta: null },
    })
    tell(books, "customer.created", row)
    return `${row.id} is added`
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
      changed(books, "transactions", now(books, "transactions", transaction.id), { status: "past_due" }),
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

// -------------------------------------------------------------------------------------------------------------- parts

/** Microseconds, as Paddle has them. */
function time(books: Books): string {
  return new Date(books.now()).toISOString().replace("Z", "000Z")
}

function made(books: Books, table: string, prefix: string, row: JsonObject): Row {
  const at = time(books)
  return put(books, table, { id: sortableId(books, prefix), ...row, created_at: at, updated_at: at })
}

function changed(books: Books, table: string, row: Row, changes: JsonObject): Row {
  return put(books, table, { ...row, ...changes, updated_at: time(books) })
}

function now(books: Books, table: string, id: string): Row {
  const row = present(books, table, id)
  if (!row) throw new Error(`there is no ${id}`)
  return row
}

function tell(books: Books, event_type: string, data: Row): void {
  put(books, EVENTS, { id: sortableId(books, "evt_"), event_type, occurred_at: time(books), data })
}

function note(books: Books, collection: string, name: string, person: string, money: Partial<Fact> = {}): void {
  books.facts.push({ collection, name, at: books.now(), amount: null, person, ...money })
}

function buyer(books: Books, random: Random): Row {
  const known = someone(books, random, "customers")
  if (known && random.chance(0.8)) return known
  LIFE.arrive?.(books, random)
  return [...(books.tables.get("customers")?.values() ?? [])].at(-1)?.at(-1)?.row as Row
}

function customerOf(books: Books, { customer_id }: Row): Row {
  return now(books, "customers", String(customer_id))
}

/** Yen have no cents. */
const CURRENCIES = ["USD", "EUR", "JPY"]

function checkout(books: Books, random: Random, customer: Row, changes: JsonObject = {}): Row {
  const currency_code = random.pick(CURRENCIES)
  const total = changes.isFree ? "0" : String(random.int(100, 99_999))
  const { isFree: _, ...rest } = changes
  const totals = {
    subtotal: total,
    discount: "0",
    tax: "0",
    total,
    credit: "0",
    credit_to_balance: "0",
    balance: total,
    grand_total: total,
    currency_code,
  }
  return made(books, "transactions", "txn_", {
    ...{
      status: "ready",
      customer_id: customer.id,
      currency_code,
      subscription_id: null,
      invoice_number: null,
      billed_at: null,
    },
    ...{ collection_mode: "automatic", payments: [], details: { totals }, ...rest },
  })
}

/** An attempt that is declined. */
function fail(books: Books, id: string): void {
  const transaction = now(books, "transactions", id)
  const attempt = {
    ...{
      payment_attempt_id: sortableId(books, ""),
      amount: String(grandTotal(transaction)),
      status: "error",
      error_code: "declined",
    },
    ...{ created_at: time(books), captured_at: null },
  }
  const row = changed(books, "transactions", transaction, { payments: [attempt, ...paymentsOf(transaction)] })
  noteMoney(books, row, `failed ${id}@${books.now()}`)
  tell(books, "transaction.payment_failed", row)
}

/** `isCaptured`: by a payment method; a bank transfer leaves no capture, and the payment counts from when it was billed. */
function complete(books: Books, id: string, isCaptured = true): void {
  const transaction = now(books, "transactions", id)
  const at = time(books)
  const capture = {
    ...{
      payment_attempt_id: sortableId(books, ""),
      amount: String(grandTotal(transaction)),
      status: "captured",
      error_code: null,
    },
    ...{ created_at: at, captured_at: at },
  }
  const isFree = grandTotal(transaction) === 0
  const payments = isCaptured && !isFree ? [capture, ...paymentsOf(transaction)] : paymentsOf(transaction)
  const billed_at = transaction.billed_at ?? at
  tell(books, "transaction.paid", changed(books, "transactions", transaction, { status: "paid", billed_at, payments }))
  const row = changed(books, "transactions", now(books, "transactions", id), { status: "completed" })
  if (!isFree) noteMoney(books, row, `paid ${id}`, isCaptured ? books.now() : Date.parse(String(billed_at)))
  tell(books, "transaction.completed", row)
}

function subscribe(books: Books, random: Random, customer: Row, isTrial: boolean): Row {
  const transaction = checkout(books, random, customer, { origin: "web", isFree: isTrial })
  complete(books, transaction.id)
  const at = time(books)
  const subscription = made(books, "subscriptions", "sub_", {
    ...{
      status: isTrial ? "trialing" : "active",
      customer_id: customer.id,
      currency_code: String(transaction.currency_code),
    },
    ...{
      started_at: at,
      first_billed_at: isTrial ? null : at,
      canceled_at: null,
      paused_at: null,
      next_billed_at: null,
    },
    ...{ billing_cycle: { interval: "month", frequency: 1 }, scheduled_change: null },
    items: [
      {
        ...{ status: isTrial ? "trialing" : "active", quantity: random.int(1, 9) },
        price: { id: "pri_1", name: "Monthly", unit_price: { amount: "500", currency_code: "USD" } },
        product: { id: "pro_1", name: "Team" },
      },
    ],
  })
  tell(books, "subscription.created", subscription)
  tell(books, isTrial ? "subscription.trialing" : "subscription.activated", subscription)
  if (isTrial) note(books, "New trial", `trial ${subscription.id}`, customer.id)
  return subscription
}

function noteMoney(books: Books, row: Row, name: string, at = books.now()): void {
  const { currency_code } = row
  const decimals = currency_code === "JPY" ? 1 : 100
  note(books, "Charge", name, String(row.customer_id), {
    at,
    amount: grandTotal(row) / decimals,
    currency: String(currency_code).toLowerCase(),
  })
}

/** Nothing tells when it was approved: it counts from when it was asked for. */
function noteRefund(books: Books, { id, totals, currency_code, customer_id, created_at }: Row): void {
  const decimals = currency_code === "JPY" ? 1 : 100
  const amount = Number((totals as JsonObject).total) / decimals
  const currency = String(currency_code).toLowerCase()
  note(books, "Charge", `refunded ${id}`, String(customer_id), { at: Date.parse(String(created_at)), amount, currency })
}

function paymentsOf({ payments }: Row): JsonObject[] {
  return payments as JsonObject[]
}

function grandTotal({ details }: Row): number {
  return Number(((details as JsonObject).totals as JsonObject).grand_total)
}
