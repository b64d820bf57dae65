/** What can happen in the simulated Stripe account. Each finds somebody it can happen to, or does nothing. */
import type { Random } from "../../sandbox/random.ts"
import { type Account, now } from "../../sandbox/stripe/account.ts"
import { AUTHORIZATION_LIVES_S, captureCharge, createCharge, updateCharge } from "../../sandbox/stripe/charges.ts"
import { createCustomer, deleteCustomer, updateCustomer } from "../../sandbox/stripe/customers.ts"
import {
  createInvoice,
  deleteInvoice,
  finalizeInvoice,
  markUncollectible,
  payInvoice,
  updateInvoice,
  voidInvoice,
} from "../../sandbox/stripe/invoices.ts"
import type { ChargeRow, CustomerRow, InvoiceRow, Kind, Rows, SubscriptionRow } from "../../sandbox/stripe/model.ts"
import { createRefund, failRefund, updateRefund } from "../../sandbox/stripe/refunds.ts"
import {
  cancelAtPeriodEnd,
  cancelNow,
  changePlan,
  changeQuantity,
  createSubscription,
  extendTrial,
  undoCancel,
} from "../../sandbox/stripe/subscriptions.ts"
import { POISON } from "../faults.ts"
import type { Scenario } from "../scenario.ts"

/** https://docs.stripe.com/refunds#failed-refunds */
const REFUND_MAY_FAIL_S = 30 * 86_400

type Life = (account: Account, random: Random, scenario: Scenario) => string

export const LIFE: Record<string, Life> = {
  arrive(account, random, scenario) {
    const name = `P${account.counter}`
    const email = random.chance(0.15) ? null : `${random.chance(0.1) ? name : name.toLowerCase()}@example.com`
    const metadata = { n: "0", ...poison(random, scenario) }
    const row = createCustomer(account, { name, email, country: random.pick([null, "US", "JP"]), metadata })
    return `customer ${row.id} arrives as ${email}`
  },
  note(account, random, scenario) {
    const row = anyOf(account, "customer", random, isThere)
    if (!row) return "nothing"
    const next = { ...row.metadata, n: String(Number(row.metadata.n ?? 0) + 1), ...poison(random, scenario) }
    const metadata: Record<string, string> = next
    // Back to what it was at first, now and then; or gone, as if it had never been.
    if (random.chance(0.2)) metadata.n = "0"
    if (metadata.n === "0" && account.counter % 2 === 0) delete metadata.n
    // What is refused for good may be put right by the next change.
    if (random.chance(0.5)) delete metadata.note
    updateCustomer(account, row.id, { metadata })
    return `customer ${row.id} changes: ${metadata.n}`
  },
  move(account, random) {
    const row = anyOf(account, "customer", random, isThere)
    if (!row) return "nothing"
    // Of two who share one, the state of one stands: tables show that.
    const email = random.chance(0.15) ? null : `p${account.counter}.${row.id.slice(-4).toLowerCase()}@example.org`
    updateCustomer(account, row.id, { email })
    return `customer ${row.id} is now ${email}`
  },
  leave(account, random) {
    const row = random.chance(0.4) ? anyOf(account, "customer", random, isThere) : undefined
    if (row) deleteCustomer(account, row.id)
    return row ? `customer ${row.id} is deleted` : "nothing"
  },
  buy(account, random, scenario) {
    const row = random.chance(0.8) ? anyOf(account, "customer", random, isThere) : undefined
    const outcome = random.pick(["succeeded", "succeeded", "succeeded", "failed", "pending", "uncaptured"] as const)
    const charge = createCharge(account, {
      customer: row?.id ?? null,
      amount: random.int(500, 90_000) * 10,
      currency: random.pick(["usd", "usd", "jpy", "kwd"]),
      outcome,
      method: outcome === "pending" ? "us_bank_account" : "card",
      // A customer pays with somebody else's card, too.
      billingEmail: random.chance(0.4) ? `guest${account.counter}@example.com` : null,
      description: poison(random, scenario).note ?? "Order",
    })
    return `charge ${charge.id} ${outcome}`
  },
  capture(account, random) {
    const row = anyOf(
      account,
      "charge",
      random,
      (one) => isAuthorized(one) && one.created > now(account) - AUTHORIZATION_LIVES_S,
    )
    if (!row) return "nothing"
    captureCharge(account, row.id, random.chance(0.3) ? row.amount - 10 : undefined)
    return `charge ${row.id} captured`
  },
  describe(account, random) {
    const row = anyOf(account, "charge", random, () => true)
    if (row) updateCharge(account, row.id, { description: `Order ${account.counter}` })
    return row ? `charge ${row.id} described anew` : "nothing"
  },
  refund(account, random) {
    const row = anyOf(account, "charge", random, isRefundable)
    if (!row) return "nothing"
    const left = row.amountCaptured - row.amountRefunded
    const amount = random.chance(0.5) ? left : Math.max(10, Math.floor(left / 20) * 10)
    const refund = createRefund(account, {
      charge: row.id,
      amount,
      status: random.chance(0.3) ? "pending" : "succeeded",
    })
    return `refund ${refund.id} ${refund.status} of ${row.id}`
  },
  refund_fails(account, random) {
    const row = anyOf(
      account,
      "refund",
      random,
      (one) => one.status === "succeeded" && one.created > now(account) - REFUND_MAY_FAIL_S,
    )
    if (row) failRefund(account, row.id)
    return row ? `refund ${row.id} fails` : "nothing"
  },
  refund_reference(account, random) {
    const row = anyOf(account, "refund", random, (refund) => refund.reference === null)
    if (row) updateRefund(account, row.id, { reference: String(account.counter) })
    return row ? `refund ${row.id} has its reference` : "nothing"
  },
  subscribe(account, random) {
    const row = anyOf(account, "customer", random, isThere)
    if (!row) return "nothing"
    const subscription = createSubscription(account, {
      customer: row.id,
      plan: `starter_month_${row.currency ?? "usd"}`,
      trialDays: random.pick([0, 7, 14]),
      trialEndBehavior: random.pick(["create_invoice", "pause", "cancel"] as const),
      hasPaymentMethod: random.chance(0.8),
      firstPayment: random.chance(0.9) ? "succeeded" : "failed",
    })
    return `subscription ${subscription.id} ${subscription.status}`
  },
  change_plan(account, random) {
    const row = anyOf(account, "subscription", random, isLive)
    if (!row) return "nothing"
    if (random.chance(0.5)) changeQuantity(account, row.id, (row.quantity % 5) + 1)
    else changePlan(account, row.id, `${random.pick(["starter", "team", "business"])}_month_${row.currency}`)
    return `subscription ${row.id} changes`
  },
  cancel(account, random) {
    const row = anyOf(account, "subscription", random, isLive)
    if (row) cancelNow(account, row.id)
    return row ? `subscription ${row.id} is cancelled` : "nothing"
  },
  cancel_later(account, random) {
    const row = anyOf(account, "subscription", random, isLive)
    if (!row) return "nothing"
    if (row.cancelAtPeriodEnd) undoCancel(account, row.id)
    else cancelAtPeriodEnd(account, row.id)
    return `subscription ${row.id} ends with its period: ${row.cancelAtPeriodEnd}`
  },
  extend_trial(account, random) {
    const row = anyOf(
      account,
      "subscription",
      random,
      (one) => one.status === "trialing" && (one.trialEnd ?? 0) > now(account),
    )
    if (row) extendTrial(account, row.id, 3)
    return row ? `trial of ${row.id} is extended` : "nothing"
  },
  bill(account, random) {
    const row = anyOf(account, "customer", random, isThere)
    if (!row) return "nothing"
    const lines = [{ amount: random.int(50, 900) * 10, description: "Work" }]
    const invoice = createInvoice(account, { customer: row.id, lines, collectionMethod: "send_invoice" })
    return `invoice ${invoice.id} is drawn up`
  },
  settle_invoice(account, random) {
    const row = anyOf(account, "invoice", random, (invoice) => invoice.status === "draft" || invoice.status === "open")
    if (!row) return "nothing"
    return settleInvoice(account, random, row)
  },
}

export function happen(life: string): Life {
  const known = LIFE[life]
  if (!known) throw new Error(`nothing is known of "${life}"`)
  return known
}

function settleInvoice(account: Account, random: Random, row: InvoiceRow): string {
  if (row.status === "draft" && row.subscription === null && random.chance(0.2)) {
    deleteInvoice(account, row.id)
    return `invoice ${row.id} is deleted`
  }
  if (random.chance(0.3)) {
    updateInvoice(account, row.id, { description: `Of ${account.counter}` })
    return `invoice ${row.id} is described anew`
  }
  if (row.status === "draft") finalizeInvoice(account, row.id)
  else {
    const outcome = random.pick(["pay", "pay", "void", "uncollectible"] as const)
    if (outcome === "pay") payInvoice(account, row.id, random.pick(["succeeded", "out_of_band"] as const))
    if (outcome === "void") voidInvoice(account, row.id)
    if (outcome === "uncollectible") markUncollectible(account, row.id)
  }
  return `invoice ${row.id} is ${row.status}`
}

function poison(random: Random, scenario: Scenario): { note?: string } {
  return random.chance(scenario.poison) ? { note: POISON } : {}
}

const isThere = (row: CustomerRow) => !row.deleted
const isLive = (row: SubscriptionRow) => row.endedAt === null && row.status !== "incomplete"
const isAuthorized = (row: ChargeRow) => row.status === "succeeded" && !row.captured && !row.refunded
const isRefundable = (row: ChargeRow) =>
  row.status === "succeeded" && row.captured && row.amountCaptured - row.amountRefunded >= 10

function anyOf<K extends Kind>(
  account: Account,
  kind: K,
  random: Random,
  fits: (row: Rows[K]) => boolean,
): Rows[K] | undefined {
  const rows = (account.tables[kind].order as Rows[K][]).filter(fits)
  return rows.length > 0 ? random.pick(rows) : undefined
}
