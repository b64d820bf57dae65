/** What simulated people do to the business: sign up, buy, change their mind, move, ask for money back. Used by seed and evolve. */
import { DAY_S } from "../clock.ts"
import { type Account, find, get, now, plan } from "./account.ts"
import { captureCharge, createCharge, mayCapture } from "./charges.ts"
import { createCustomer, deleteCustomer, updateCustomer } from "./customers.ts"
import { answerDispute, closeDispute, openDispute } from "./disputes.ts"
import { ENGINE, type TaskHandler } from "./engine.ts"
import {
  createInvoice,
  deleteInvoice,
  finalizeInvoice,
  markUncollectible,
  payInvoice,
  updateInvoice,
  voidInvoice,
} from "./invoices.ts"
import type { ChargeRow, CustomerRow } from "./model.ts"
import { CURRENCIES, inCurrency, PLAN_KEYS } from "./plans.ts"
import { createRefund, failRefund, updateRefund } from "./refunds.ts"
import {
  cancelAtPeriodEnd,
  cancelNow,
  changePlan,
  changeQuantity,
  createSubscription,
  extendTrial,
  undoCancel,
} from "./subscriptions.ts"

const FIRST = [
  "Ada",
  "Grace",
  "Alan",
  "Edsger",
  "Barbara",
  "Donald",
  "Margaret",
  "Ken",
  "Radia",
  "Tim",
  "Frances",
  "Linus",
  "Zoë",
  "José",
]
const LAST = [
  "Lovelace",
  "Hopper",
  "Turing",
  "Dijkstra",
  "Liskov",
  "Knuth",
  "Hamilton",
  "Thompson",
  "Perlman",
  "Lee",
  "Allen",
  "Núñez",
]
const COUNTRIES = ["US", "US", "US", "DE", "GB", "FR", "JP", "KW", "NL", "CA"]
const COUNTRY_CURRENCY: Record<string, string> = { DE: "eur", FR: "eur", NL: "eur", GB: "gbp", JP: "jpy", KW: "kwd" }
const NO_EMAIL_RATE = 0.06

export const PEOPLE: Record<string, TaskHandler> = {
  ...ENGINE,
  arrive: (account) => void arrive(account),
  buy: (account, task) => void buy(account, find(account, "customer", task.id)),
  guest: (account) => void buyAsGuest(account),
  capture: (account, task) => {
    const row = get(account, "charge", task.id)
    if (!mayCapture(account, row)) return
    captureCharge(account, row.id, account.random.chance(0.3) ? part(account, row.amount, row.currency) : undefined)
  },
  refund: (account, task) => refund(account, get(account, "charge", task.id)),
  refund_reference: (account, task) => {
    updateRefund(account, task.id, { reference: String(account.random.int(10_000_000_000, 99_999_999_999)) })
  },
  refund_fails: (account, task) => void failRefund(account, task.id),
  dispute: (account, task) => {
    const charge = get(account, "charge", task.id)
    if (charge.status !== "succeeded" || !charge.captured || charge.refunded || charge.disputed) return
    const dispute = openDispute(account, { charge: charge.id })
    later(account, 3, 10, "dispute_answer", dispute.id)
    later(account, 20, 60, "dispute_close", dispute.id)
  },
  dispute_answer: (account, task) => void answerDispute(account, task.id),
  dispute_close: (account, task) => void closeDispute(account, task.id, account.random.chance(0.4) ? "won" : "lost"),
  change_mind: (account, task) => changeMind(account, task.id),
  undo_cancel: (account, task) => {
    const row = get(account, "subscription", task.id)
    if (row.endedAt === null && row.cancelAtPeriodEnd) undoCancel(account, row.id)
  },
  change_email: (account, task) => {
    const row = get(account, "customer", task.id)
    if (!row.deleted) updateCustomer(account, row.id, { email: emailFor(account, row.name ?? "someone") })
  },
  touch_customer: (account, task) => {
    const row = get(account, "customer", task.id)
    if (!row.deleted)
      updateCustomer(account, row.id, { metadata: { ...row.metadata, note: String(account.random.int(1, 999)) } })
  },
  delete_customer: (account, task) => {
    if (!get(account, "customer", task.id).deleted) deleteCustomer(account, task.id)
  },
  write_invoice: (account, task) => void writeInvoice(account, task.id),
  invoice_outcome: (account, task) => invoiceOutcome(account, task.id),
  late_payment: (account, task) => void payInvoice(account, task.id, "out_of_band"),
}

/** A new customer, with what they will do later already planned. */
export function arrive(account: Account): CustomerRow {
  const { random } = account
  const country = random.pick(COUNTRIES)
  const name = `${random.pick(FIRST)} ${random.pick(LAST)}`
  const email = random.chance(NO_EMAIL_RATE) ? null : emailFor(account, name)
  const row = createCustomer(account, { name, email, country, phone: random.chance(0.3) ? "+15555550100" : null })
  if (random.chance(0.62)) subscribe(account, row)
  else for (let left = random.int(1, 4); left > 0; left--) later(account, 0, 300, "buy", row.id)
  if (random.chance(0.06)) later(account, 5, 300, "change_email", row.id)
  if (random.chance(0.15)) later(account, 1, 300, "touch_customer", row.id)
  if (random.chance(0.02)) later(account, 30, 350, "delete_customer", row.id)
  if (random.chance(0.1)) later(account, 1, 350, "write_invoice", row.id)
  return row
}

export function buy(account: Account, customer: CustomerRow | undefined): ChargeRow | null {
  if (!customer || customer.deleted) return null
  const { random } = account
  const currency = currencyOf(account, customer)
  const method =
    currency === "usd" && random.chance(0.07)
      ? "us_bank_account"
      : currency === "eur" && random.chance(0.15)
        ? "sepa_debit"
        : "card"
  const outcome =
    method !== "card"
      ? "pending"
      : random.chance(account.options.declineRate)
        ? "failed"
        : random.chance(0.06)
          ? "uncaptured"
          : "succeeded"
  const charge = createCharge(account, {
    customer: customer.id,
    amount: amountIn(account, currency),
    currency,
    method,
    outcome,
    billingName: customer.name,
    // Of the card, which need not be the customer's own.
    billingEmail: random.chance(0.4) ? `card.${customer.id}@example.com` : null,
    receiptEmail: random.chance(0.2) ? customer.email : null,
    description: "Order",
  })
  if (outcome === "uncaptured" && random.chance(0.75)) later(account, 1, 6, "capture", charge.id)
  return charge
}

export function buyAsGuest(account: Account): ChargeRow {
  const { random } = account
  const currency = random.pick(CURRENCIES)
  const name = `${random.pick(FIRST)} ${random.pick(LAST)}`
  const email = emailFor(account, name)
  return createCharge(account, {
    amount: amountIn(account, currency),
    currency,
    outcome: random.chance(account.options.declineRate) ? "failed" : "succeeded",
    billingName: name,
    billingEmail: random.chance(0.6) ? email : null,
    receiptEmail: random.chance(0.25) ? email : null,
    description: "Guest order",
  })
}

export function subscribe(account: Account, customer: CustomerRow): void {
  const { random } = account
  const currency = currencyOf(account, customer)
  const keys = PLAN_KEYS.filter((key) => key.endsWith(`_${currency}`))
  const monthly = keys.filter((key) => key.includes("_month_"))
  const trialDays = random.chance(0.45) ? random.pick([7, 14, 14, 30]) : 0
  const row = createSubscription(account, {
    customer: customer.id,
    plan: random.pick(random.chance(0.85) ? monthly : keys),
    quantity: random.chance(0.2) ? random.int(2, 12) : 1,
    trialDays,
    trialEndBehavior: random.pick(["create_invoice", "create_invoice", "pause", "cancel"] as const),
    hasPaymentMethod: trialDays === 0 || random.chance(0.75),
    firstPayment: random.chance(account.options.declineRate) ? "failed" : "succeeded",
    ...(random.chance(0.02) ? { backdateTo: now(account) - random.int(30, 700) * DAY_S } : {}),
  })
  if (random.chance(0.55)) later(account, 2, 330, "change_mind", row.id)
}

export function changeMind(account: Account, id: string): void {
  const { random } = account
  const row = get(account, "subscription", id)
  if (row.endedAt !== null) return
  const choice = random.pick(["plan", "plan", "quantity", "cancel", "cancel_later", "cancel_later", "trial"] as const)
  if (choice === "plan") {
    const keys = PLAN_KEYS.filter((key) => key.endsWith(`_month_${row.currency}`) && key !== row.plan)
    changePlan(account, id, random.pick(keys))
  }
  if (choice === "quantity") changeQuantity(account, id, (row.quantity % 10) + 1)
  if (choice === "cancel") cancelNow(account, id)
  if (choice === "trial" && row.status === "trialing") extendTrial(account, id, 7)
  if (choice === "cancel_later" && !row.cancelAtPeriodEnd) {
    cancelAtPeriodEnd(account, id)
    if (random.chance(0.25)) later(account, 1, 10, "undo_cancel", id)
  }
  if (random.chance(0.5)) later(account, 20, 200, "change_mind", id)
}

/** Money back for some of the charges that just happened. */
export function considerRefund(account: Account, charge: ChargeRow): void {
  if (charge.status === "failed") return
  if (account.random.chance(0.05)) later(account, 1, 60, "refund", charge.id)
  else if (account.random.chance(0.008)) later(account, 5, 80, "dispute", charge.id)
}

export function writeInvoice(account: Account, customer: string): void {
  const row = get(account, "customer", customer)
  if (row.deleted) return
  const currency = currencyOf(account, row)
  const lines = [{ amount: amountIn(account, currency) * 3, description: "Consulting" }]
  const invoice = createInvoice(account, { customer, currency, lines, collectionMethod: "send_invoice" })
  later(account, 0, 5, "invoice_outcome", invoice.id)
}

function invoiceOutcome(account: Account, id: string): void {
  const { random } = account
  const row = find(account, "invoice", id)
  if (!row) return
  if (row.status === "draft") {
    if (random.chance(0.1)) {
      deleteInvoice(account, id)
      return
    }
    if (random.chance(0.3)) updateInvoice(account, id, { description: "As discussed" })
    finalizeInvoice(account, id)
    later(account, 5, 50, "invoice_outcome", id)
  } else if (row.status === "open") {
    const choice = random.pick(["pay", "pay", "pay", "elsewhere", "void", "uncollectible"] as const)
    if (choice === "pay") payInvoice(account, id, "succeeded", { billingEmail: row.customerEmail })
    if (choice === "elsewhere") payInvoice(account, id, "out_of_band")
    if (choice === "void") voidInvoice(account, id)
    if (choice === "uncollectible") {
      markUncollectible(account, id)
      if (random.chance(0.3)) later(account, 5, 40, "late_payment", id)
    }
  }
}

function refund(account: Account, charge: ChargeRow): void {
  const { random } = account
  const left = charge.amountCaptured - charge.amountRefunded
  if (charge.status !== "succeeded" || !charge.captured || left <= 0) return
  const partial = random.chance(0.45)
  const amount = partial ? Math.min(left, part(account, left, charge.currency)) : left
  const status = charge.method !== "card" || random.chance(0.05) ? "pending" : "succeeded"
  const row = createRefund(account, { charge: charge.id, amount, status, reason: "requested_by_customer" })
  if (partial && random.chance(0.35)) later(account, 1, 20, "refund", charge.id)
  if (random.chance(0.5)) later(account, 1, 2, "refund_reference", row.id)
  if (random.chance(0.02)) later(account, 7, 14, "refund_fails", row.id)
}

function later(account: Account, fromDays: number, toDays: number, name: string, id: string): void {
  plan(account, now(account) + account.random.int(fromDays * DAY_S + 60, toDays * DAY_S + 3_600), name, id)
}

function currencyOf(account: Account, customer: CustomerRow): string {
  return customer.currency ?? COUNTRY_CURRENCY[customer.country ?? ""] ?? account.options.currency
}

function amountIn(account: Account, currency: string): number {
  return inCurrency(account.random.int(500, 40_000), currency)
}

/** Between a tenth and nine tenths, in whole amounts that the currency allows. */
function part(account: Account, amount: number, currency: string): number {
  const step = currency === "kwd" ? 10 : 1
  return Math.max(step, Math.floor((amount * account.random.int(10, 90)) / 100 / step) * step)
}

function emailFor(account: Account, name: string): string {
  const local = name
    .normalize("NFD")
    .replace(/[^A-Za-z ]/g, "")
    .replace(" ", ".")
  const written = account.random.chance(0.1) ? local : local.toLowerCase()
  return `${written}.${account.random.int(1, 99_999)}@${account.random.pick(["example.com", "example.org", "mail.example"])}`
}
