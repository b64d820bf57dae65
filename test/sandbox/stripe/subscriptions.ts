/** What happens to subscriptions, from trial to cancellation. https://docs.stripe.com/billing/subscriptions/overview */
import { DAY_S, HOUR_S } from "../clock.ts"
import type { Json } from "../json.ts"
import { type Account, add, get, newRow, nextId, now, plan, record, stamp } from "./account.ts"
import { change, emit } from "./events.ts"
import { createInvoice, DRAFT_LIVES_S, finalizeInvoice, type LineFields, payInvoice, voidInvoice } from "./invoices.ts"
import type { InvoiceRow, SubscriptionRow } from "./model.ts"
import { allowed, planOf } from "./plans.ts"

/** An incomplete subscription expires "if the first invoice isn't paid within 23 hours". */
export const INCOMPLETE_LIVES_S = 23 * HOUR_S
/** Both are told twice. https://docs.stripe.com/billing/subscriptions/pause */
const PAUSED = ["customer.subscription.paused", "customer.subscription.updated"] as const
const RESUMED = ["customer.subscription.resumed", "customer.subscription.updated"] as const
/** `trial_will_end` comes three days ahead. */
const TRIAL_NOTICE_S = 3 * DAY_S

export interface SubscriptionFields {
  customer: string
  plan: string
  quantity?: number
  /** Days of trial; 0: none. */
  trialDays?: number
  trialEndBehavior?: SubscriptionRow["trialEndBehavior"]
  hasPaymentMethod?: boolean
  /** Epoch seconds before now: the subscription counts as started then, its periods too. */
  backdateTo?: number
  /** First payment: declined ones leave it incomplete. */
  firstPayment?: "succeeded" | "failed"
  metadata?: Record<string, string>
}

export function createSubscription(account: Account, fields: SubscriptionFields): SubscriptionRow {
  const base = newRow(account, "sub")
  const { created } = base
  const price = planOf(fields.plan)
  const trialEnd = fields.trialDays ? created + fields.trialDays * DAY_S : null
  const startDate = fields.backdateTo ?? created
  const declined = trialEnd === null && fields.firstPayment === "failed"
  const row: SubscriptionRow = {
    ...base,
    customer: fields.customer,
    status: declined ? "incomplete" : trialEnd === null ? "active" : "trialing",
    currency: price.currency,
    plan: price.key,
    item: nextId(account, "si"),
    quantity: fields.quantity ?? 1,
    startDate,
    anchor: trialEnd ?? created,
    periodStart: created,
    periodEnd: trialEnd ?? periodAfter(created, price.interval),
    trialStart: trialEnd === null ? null : created,
    trialEnd,
    trialEndBehavior: fields.trialEndBehavior ?? "create_invoice",
    cancelAt: null,
    cancelAtPeriodEnd: false,
    canceledAt: null,
    cancelReason: null,
    endedAt: null,
    latestInvoice: null,
    hasPaymentMethod: fields.hasPaymentMethod ?? true,
    metadata: { ...fields.metadata },
  }
  add(account, "subscription", row)
  const invoice = bill(account, row, "subscription_create", trialEnd === null ? undefined : 0)
  row.latestInvoice = invoice.id
  finalizeInvoice(account, invoice.id)
  emit(account, "customer.subscription.created", "subscription", row)
  recordSubscription(account, "subscription.created", row)
  if (trialEnd !== null) {
    recordSubscription(account, "trial.started", row)
    plan(account, Math.max(created, trialEnd - TRIAL_NOTICE_S), "trial_will_end", row.id)
    plan(account, trialEnd, "trial_end", row.id)
  } else if (declined) {
    plan(account, created + INCOMPLETE_LIVES_S, "expire_incomplete", row.id)
  } else {
    plan(account, row.periodEnd, "renew", row.id)
  }
  payInvoice(account, invoice.id, declined ? "failed" : "succeeded")
  return row
}

export function extendTrial(account: Account, id: string, days: number): SubscriptionRow {
  const row = get(account, "subscription", id)
  if (row.status !== "trialing" || row.trialEnd === null) throw new Error(`subscription ${id} is not in trial`)
  const until = row.trialEnd + days * DAY_S
  update(account, row, { trialEnd: until, periodEnd: until, anchor: until })
  plan(account, until, "trial_end", row.id)
  return row
}

export function noticeTrialEnd(account: Account, id: string): void {
  const row = get(account, "subscription", id)
  if (row.status === "trialing") emit(account, "customer.subscription.trial_will_end", "subscription", row)
}

/**
 * The trial is over. With a payment method the subscription is active at once and its invoice is collected about an hour later;
 * `past_due` is that payment declined. Without one, the subscription's own setting decides. Ended early, it "receives a trial_end
 * timestamp from the time of the request". https://docs.stripe.com/changelog/2018-07-27/ending-subscription-trial-uses-request-timestamp
 */
export function endTrial(
  account: Account,
  id: string,
  outcome: "active" | "past_due" | "paused" | "canceled" = "active",
): SubscriptionRow {
  const row = get(account, "subscription", id)
  if (row.status !== "trialing") return row
  if (row.cancelAtPeriodEnd || outcome === "canceled") return endNow(account, row)
  const planned = row.trialEnd ?? row.periodEnd
  const trialEnd = planned > now(account) ? stamp(account) : planned
  if (outcome === "paused") {
    const pause = { status: "paused", trialEnd } as const
    change(account, "subscription", row, (edited) => Object.assign(edited, pause), PAUSED)
    recordSubscription(account, "trial.expired", row)
    recordSubscription(account, "subscription.changed", row, { changes: ["status"] })
    return row
  }
  const invoice = enterPeriod(account, row, trialEnd, { status: "active", trialEnd, anchor: trialEnd })
  recordSubscription(account, "trial.expired", row)
  if (outcome === "past_due") collect(account, row, invoice, "failed")
  return row
}

export function changePlan(account: Account, id: string, key: string): SubscriptionRow {
  const row = get(account, "subscription", id)
  assertLive(row)
  const share = unusedShare(account, row)
  const gap = (planOf(key).unitAmount - planOf(row.plan).unitAmount) * row.quantity * share
  const difference = allowed(gap, row.currency)
  update(account, row, { plan: key })
  if (row.status === "active" && difference > 0) invoiceProration(account, row, difference)
  return row
}

export function changeQuantity(account: Account, id: string, quantity: number): SubscriptionRow {
  const row = get(account, "subscription", id)
  assertLive(row)
  return update(account, row, { quantity })
}

export function updateSubscriptionMetadata(
  account: Account,
  id: string,
  metadata: Record<string, string>,
): SubscriptionRow {
  return update(account, get(account, "subscription", id), { metadata })
}

export function cancelNow(account: Account, id: string): SubscriptionRow {
  const row = get(account, "subscription", id)
  return row.endedAt === null ? endNow(account, row) : row
}

/** `canceled_at` is when it was asked for, `ended_at` when it takes effect. */
export function cancelAtPeriodEnd(account: Account, id: string): SubscriptionRow {
  const row = get(account, "subscription", id)
  assertLive(row)
  return update(account, row, {
    cancelAtPeriodEnd: true,
    cancelAt: row.periodEnd,
    canceledAt: stamp(account),
    cancelReason: "cancellation_requested",
  })
}

export function undoCancel(account: Account, id: string): SubscriptionRow {
  const row = get(account, "subscription", id)
  if (row.endedAt !== null) throw new Error(`subscription ${id} has ended`)
  return update(account, row, { cancelAtPeriodEnd: false, cancelAt: null, canceledAt: null, cancelReason: null })
}

/** A period is over: the next begins with a draft invoice, or the subscription ends as asked. */
export function renew(account: Account, id: string): SubscriptionRow {
  const row = get(account, "subscription", id)
  if (row.endedAt !== null || row.status === "paused" || row.status === "incomplete") return row
  if (row.cancelAtPeriodEnd) return endNow(account, row)
  enterPeriod(account, row, row.periodEnd)
  return row
}

/** Collects a subscription's invoice; a decline makes it past due (or leaves it so). */
export function collect(
  account: Account,
  row: SubscriptionRow,
  invoice: InvoiceRow,
  outcome: "succeeded" | "failed",
): void {
  payInvoice(account, invoice.id, outcome)
  if (outcome === "failed") {
    if (row.status === "active") update(account, row, { status: "past_due" })
    return
  }
  if (row.status === "past_due" || row.status === "unpaid") update(account, row, { status: "active" })
  if (row.status === "incomplete") activate(account, row)
}

/** After the last retry, where the account's settings say so. */
export function markUnpaid(account: Account, id: string): SubscriptionRow {
  const row = get(account, "subscription", id)
  return row.status === "past_due" ? update(account, row, { status: "unpaid" }) : row
}

/** "... it moves to incomplete_expired", and the open invoice is voided. */
export function expireIncomplete(account: Account, id: string): SubscriptionRow {
  const row = get(account, "subscription", id)
  if (row.status !== "incomplete") return row
  update(account, row, { status: "incomplete_expired", endedAt: stamp(account) })
  if (row.latestInvoice !== null) voidInvoice(account, row.latestInvoice)
  return row
}

/** Past due, unpaid or incomplete: pays the latest invoice. Paused: resumes with a new period. */
export function reactivate(account: Account, id: string): SubscriptionRow {
  const row = get(account, "subscription", id)
  if (row.status === "paused") {
    const start = stamp(account)
    const resume = { status: "active", anchor: start, hasPaymentMethod: true } as const
    change(account, "subscription", row, (edited) => Object.assign(edited, resume), RESUMED)
    recordSubscription(account, "subscription.changed", row, { changes: ["status"] })
    const invoice = enterPeriod(account, row, start)
    collect(account, row, invoice, "succeeded")
    return row
  }
  if (row.latestInvoice === null || row.endedAt !== null) throw new Error(`subscription ${id} cannot be reactivated`)
  collect(account, row, get(account, "invoice", row.latestInvoice), "succeeded")
  return row
}

function activate(account: Account, row: SubscriptionRow): void {
  update(account, row, { status: "active" })
  plan(account, row.periodEnd, "renew", row.id)
}

function enterPeriod(
  account: Account,
  row: SubscriptionRow,
  start: number,
  more: Partial<SubscriptionRow> = {},
): InvoiceRow {
  const end = periodAfter(start, planOf(row.plan).interval)
  const invoice = bill(account, row, "subscription_cycle", undefined, { start, end })
  update(account, row, {
    ...more,
    periodStart: start,
    periodEnd: end,
    latestInvoice: invoice.id,
  })
  plan(account, now(account) + DRAFT_LIVES_S, "collect_invoice", invoice.id)
  plan(account, end, "renew", row.id)
  return invoice
}

function endNow(account: Account, row: SubscriptionRow): SubscriptionRow {
  const statusBefore = row.status
  const inTrial = statusBefore === "trialing"
  const end = (edited: SubscriptionRow) => {
    edited.status = "canceled"
    edited.endedAt = stamp(account)
    edited.canceledAt ??= stamp(account)
    edited.cancelReason ??= "cancellation_requested"
  }
  change(account, "subscription", row, end, ["customer.subscription.deleted"])
  if (inTrial) recordSubscription(account, "trial.canceled", row)
  recordSubscription(account, "subscription.canceled", row, { inTrial, statusBefore })
  return row
}

function update(account: Account, row: SubscriptionRow, fields: Partial<SubscriptionRow>): SubscriptionRow {
  const statusBefore = row.status
  const changed = change(account, "subscription", row, (edited) => Object.assign(edited, fields), [
    "customer.subscription.updated",
  ])
  if (changed) recordSubscription(account, "subscription.changed", row, { changes: Object.keys(fields), statusBefore })
  return row
}

function bill(
  account: Account,
  row: SubscriptionRow,
  billingReason: string,
  amount?: number,
  period = { start: row.periodStart, end: row.periodEnd },
): InvoiceRow {
  const price = planOf(row.plan)
  const line: LineFields = {
    amount: amount ?? price.unitAmount * row.quantity,
    description: amount === 0 ? `Trial period for ${price.nickname}` : `${row.quantity} × ${price.nickname}`,
    plan: row.plan,
    quantity: row.quantity,
    periodStart: period.start,
    periodEnd: period.end,
  }
  const { customer, currency, id: subscription } = row
  const first = billingReason === "subscription_create"
  return createInvoice(account, {
    customer,
    currency,
    subscription,
    billingReason,
    lines: [line],
    periodStart: first ? row.created : row.periodStart,
    periodEnd: first ? row.created : period.start,
  })
}

function invoiceProration(account: Account, row: SubscriptionRow, amount: number): void {
  const line: LineFields = { amount, description: "Remaining time after plan change", plan: row.plan, proration: true }
  const { customer, currency, id: subscription } = row
  const fields = { customer, currency, subscription, billingReason: "subscription_update", lines: [line] }
  const invoice = createInvoice(account, fields)
  update(account, row, { latestInvoice: invoice.id })
  payInvoice(account, invoice.id, "succeeded")
}

function unusedShare(account: Account, row: SubscriptionRow): number {
  const length = row.periodEnd - row.periodStart
  return Math.min(1, Math.max(0, (row.periodEnd - now(account)) / length))
}

function periodAfter(start: number, interval: "month" | "year"): number {
  const date = new Date(start * 1_000)
  const day = date.getUTCDate()
  date.setUTCDate(1)
  date.setUTCMonth(date.getUTCMonth() + (interval === "year" ? 12 : 1))
  const days = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  date.setUTCDate(Math.min(day, days))
  return date.getTime() / 1_000
}

function assertLive(row: SubscriptionRow): void {
  if (row.endedAt !== null) throw new Error(`subscription ${row.id} has ended`)
}

function recordSubscription(
  account: Account,
  fact:
    | "subscription.created"
    | "subscription.changed"
    | "subscription.canceled"
    | "trial.started"
    | "trial.canceled"
    | "trial.expired",
  row: SubscriptionRow,
  more: { [key: string]: Json } = {},
): void {
  const { status, plan: planKey, quantity, currency, trialEnd, cancelAtPeriodEnd: atPeriodEnd } = row
  record(
    account,
    fact,
    row,
    { customer: row.customer },
    {
      status,
      plan: planKey,
      quantity,
      currency,
      trialEnd,
      cancelAtPeriodEnd: atPeriodEnd,
      amountMinor: planOf(planKey).unitAmount * quantity,
      interval: planOf(planKey).interval,
      ...more,
    },
  )
}
