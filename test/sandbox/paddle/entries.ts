/** How things are entered in a simulated Paddle account: rows, their events, and what the destination should hear of them. */
import type { JsonObject } from "../json.ts"
import type { Random } from "../random.ts"
import { type Books, EVENTS, type Fact, present, put, type Row, sizeOf, someone, sortableId } from "../rest/books.ts"

/** Microseconds, as Paddle has them. */
export function time(books: Books): string {
  return new Date(books.now()).toISOString().replace("Z", "000Z")
}

export function made(books: Books, table: string, prefix: string, row: JsonObject): Row {
  const at = time(books)
  return put(books, table, { id: sortableId(books, prefix), ...row, created_at: at, updated_at: at })
}

export function changed(books: Books, table: string, row: Row, changes: JsonObject): Row {
  return put(books, table, { ...row, ...changes, updated_at: time(books) })
}

export function currently(books: Books, table: string, id: string): Row {
  const row = present(books, table, id)
  if (!row) throw new Error(`there is no ${id}`)
  return row
}

export function tell(books: Books, event_type: string, data: Row): void {
  put(books, EVENTS, { id: sortableId(books, "evt_"), event_type, occurred_at: time(books), data })
}

export function note(books: Books, collection: string, name: string, person: string, money: Partial<Fact> = {}): void {
  books.facts.push({ collection, name, at: books.now(), amount: null, person, ...money })
}

export function buyer(books: Books, random: Random): Row {
  const known = someone(books, random, "customers")
  if (known && random.chance(0.8)) return known
  return addCustomer(books)
}

export function addCustomer(books: Books): Row {
  const no = sizeOf(books, "customers")
  const customer = made(books, "customers", "ctm_", {
    ...{ name: `Customer ${no}`, email: `c${no}@example.com`, locale: "en", status: "active" },
    ...{ marketing_consent: false, custom_data: null, import_meta: null },
  })
  tell(books, "customer.created", customer)
  return customer
}

export function customerOf(books: Books, { customer_id }: Row): Row {
  return currently(books, "customers", String(customer_id))
}

/** Yen have no cents. */
const CURRENCIES = ["USD", "EUR", "JPY"]

export function checkout(books: Books, random: Random, customer: Row, changes: JsonObject = {}): Row {
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

/** An attempt to pay that begins now. */
export function attemptOf(books: Books, transaction: Row): JsonObject {
  const amount = String(grandTotal(transaction))
  return { payment_attempt_id: sortableId(books, ""), amount, created_at: time(books), captured_at: null }
}

/** An attempt that is declined. */
export function fail(books: Books, id: string): void {
  const transaction = currently(books, "transactions", id)
  const attempt = { ...attemptOf(books, transaction), status: "error", error_code: "declined" }
  const row = changed(books, "transactions", transaction, { payments: [attempt, ...paymentsOf(transaction)] })
  noteMoney(books, row, `failed ${id}@${books.now()}`)
  tell(books, "transaction.payment_failed", row)
}

/** `isCaptured`: by a payment method; a bank transfer leaves no capture, and the payment counts from when it was billed. */
export function complete(books: Books, id: string, isCaptured = true): void {
  const transaction = currently(books, "transactions", id)
  const at = time(books)
  const capture = { ...attemptOf(books, transaction), status: "captured", error_code: null, captured_at: at }
  const isFree = grandTotal(transaction) === 0
  const payments = isCaptured && !isFree ? [capture, ...paymentsOf(transaction)] : paymentsOf(transaction)
  const billed_at = transaction.billed_at ?? at
  tell(books, "transaction.paid", changed(books, "transactions", transaction, { status: "paid", billed_at, payments }))
  const row = changed(books, "transactions", currently(books, "transactions", id), { status: "completed" })
  if (!isFree) noteMoney(books, row, `paid ${id}`, isCaptured ? books.now() : Date.parse(String(billed_at)))
  tell(books, "transaction.completed", row)
}

export function subscribe(books: Books, random: Random, customer: Row, isTrial: boolean): Row {
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

export function noteMoney(books: Books, row: Row, name: string, at = books.now()): void {
  const { currency_code } = row
  const decimals = currency_code === "JPY" ? 1 : 100
  note(books, "Charge", name, String(row.customer_id), {
    at,
    amount: grandTotal(row) / decimals,
    currency: String(currency_code).toLowerCase(),
  })
}

/** Nothing tells when it was approved: it counts from when it was asked for. */
export function noteRefund(books: Books, { id, totals, currency_code, customer_id, created_at }: Row): void {
  const decimals = currency_code === "JPY" ? 1 : 100
  const amount = Number((totals as JsonObject).total) / decimals
  const currency = String(currency_code).toLowerCase()
  note(books, "Charge", `refunded ${id}`, String(customer_id), { at: Date.parse(String(created_at)), amount, currency })
}

export function paymentsOf({ payments }: Row): JsonObject[] {
  return payments as JsonObject[]
}

export function grandTotal({ details }: Row): number {
  return Number(((details as JsonObject).totals as JsonObject).grand_total)
}
