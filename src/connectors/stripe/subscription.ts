/**
 * Subscriptions: trials begun, cancelled and expired, changes and ends. A list shows every fact up to the present state; an
 * event announces one, and only that one is told, since the others of its snapshot have been told before.
 */
import type { Draft, Normalized } from "../kit/define.ts"
import type { Attributes, JsonValue } from "../kit/item.ts"
import { at, flag, fromSeconds, isoFromSeconds, needNumber, needText, number, present, text } from "../kit/values.ts"
import { periodStart, planOf } from "./plan.ts"
import { before, changed, changedFields, customerId, person, type Reading } from "./shape.ts"

export const NEW_TRIAL = "New trial"
export const TRIAL_CANCELLED = "Trial cancelled"
export const TRIAL_EXPIRED = "Trial expired"
export const CHANGE = "Subscription change"
export const CANCELLED = "Subscription cancelled"

/** Stripe ends a trial when its clock comes round, some time after the second it is due. */
const TRIAL_END_TOLERANCE_S = 3600

/** Statuses in which a subscription brings revenue. https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses */
const PAYING = ["active", "past_due"]

export function subscriptionFromList(subscription: JsonValue, reading: Reading): Normalized {
  const drafts: Draft[] = []
  if (number(subscription, "trial_start") !== null) drafts.push(newTrial(subscription, reading))
  if (hasEnded(subscription)) drafts.push(...ended(subscription, reading))
  const trialEnd = number(subscription, "trial_end")
  const isPast = trialEnd !== null && fromSeconds(trialEnd) <= reading.asked
  if (!isPast || endedInTrial(subscription)) return { drafts }
  // Stripe ends trials a little after their time: what the trial becomes is still to come.
  if (text(subscription, "status") === "trialing") return { drafts, pending: pendingKeys(subscription) }
  return { drafts: [...drafts, trialExpired(subscription, reading)] }
}

/** From `customer.subscription.created`. */
export function subscriptionCreated(event: JsonValue, reading: Reading): Normalized {
  const subscription = at(event, "data.object") ?? null
  return { drafts: number(subscription, "trial_start") === null ? [] : [newTrial(subscription, reading)] }
}

/** From `customer.subscription.updated`: the change itself and what it announces. */
export function subscriptionUpdated(event: JsonValue, reading: Reading): Normalized {
  const subscription = at(event, "data.object") ?? null
  const drafts = [change(event, reading)]
  const startsTrial = changed(event, "trial_start") && number(subscription, "trial_start") !== null
  if (startsTrial) drafts.push(newTrial(subscription, reading))
  if (changed(event, "status") && hasEnded(subscription)) drafts.push(...ended(subscription, reading))
  const leavesTrial = text(before(event), "status") === "trialing" && text(subscription, "status") !== "trialing"
  if (leavesTrial && !endedInTrial(subscription)) drafts.push(trialExpired(subscription, reading))
  return { drafts }
}

/** From the changes read as a list, and `customer.subscription.resumed`: what else is known comes from the list of subscriptions. */
export function subscriptionChange(event: JsonValue, reading: Reading): Normalized {
  return { drafts: [change(event, reading)] }
}

/** From `customer.subscription.paused`: on request, or because a trial ended without a way to pay. */
export function subscriptionPaused(event: JsonValue, reading: Reading): Normalized {
  const drafts = [change(event, reading)]
  return {
    drafts: trialJustEnded(event) ? [...drafts, trialExpired(at(event, "data.object") ?? null, reading)] : drafts,
  }
}

/** From `customer.subscription.deleted`, which Stripe sends when a subscription ends. */
export function subscriptionDeleted(event: JsonValue, reading: Reading): Normalized {
  const subscription = at(event, "data.object") ?? null
  const drafts = ended(subscription, reading)
  return endedInTrial(subscription) ? { drafts, closed: [expiryKey(subscription)] } : { drafts }
}

function newTrial(subscription: JsonValue, reading: Reading): Draft {
  const start = needNumber(subscription, "trial_start")
  // A back-dated trial begins when somebody began it.
  const time = Math.max(start, needNumber(subscription, "created"))
  // Read from a list, the subscription's present status may be that of years later.
  const values = { ...trialTimes(subscription), status: "trialing" }
  return { ...draft(NEW_TRIAL, subscription, time, values, reading), fact: `trial:${start}` }
}

function trialExpired(subscription: JsonValue, reading: Reading): Draft {
  const end = needNumber(subscription, "trial_end")
  return { ...draft(TRIAL_EXPIRED, subscription, end, trialTimes(subscription), reading), fact: `trial_expired:${end}` }
}

/** Both what the trial and what the subscription came to; metrics tell them apart by `inTrial`. */
function ended(subscription: JsonValue, reading: Reading): Draft[] {
  const end = needNumber(subscription, "ended_at")
  const inTrial = endedInTrial(subscription)
  const why = {
    cancellation_reason: text(subscription, "cancellation_details.reason"),
    cancellation_feedback: text(subscription, "cancellation_details.feedback"),
  }
  const lost = inTrial ? 0 : -planOf(subscription).monthlyAmount
  const cancelled = draft(CANCELLED, subscription, end, { ...why, inTrial, mrrChange: lost }, reading)
  const trial = draft(TRIAL_CANCELLED, subscription, end, { ...why, ...trialTimes(subscription) }, reading)
  const drafts = [{ ...cancelled, fact: "cancelled" }]
  return inTrial ? [...drafts, { ...trial, fact: "trial_cancelled" }] : drafts
}

function change(event: JsonValue, reading: Reading): Draft {
  const subscription = at(event, "data.object") ?? null
  const earlier = before(event)
  const [now, was] = [planOf(subscription), planOf(earlier)]
  const kind = kindOfChange(event)
  const values = {
    change: kind,
    changed: changedFields(event).join(", "),
    previousStatus: changed(event, "status") ? text(earlier, "status") : null,
    previousPlan: now.plan === was.plan ? null : was.plan,
    previousQuantity: now.quantity === was.quantity ? null : was.quantity,
    previousAmount: now.amount === was.amount ? null : was.amount,
    previousMonthlyAmount: now.monthlyAmount === was.monthlyAmount ? null : was.monthlyAmount,
    mrrChange: mrrChange(event),
    cancel_at_period_end: flag(subscription, "cancel_at_period_end"),
    cancel_at: isoFromSeconds(number(subscription, "cancel_at")),
  }
  const seconds = needNumber(event, "created")
  const made = draft(CHANGE, subscription, seconds, values, reading)
  // A pause may be told by an event of its own, by an update, or by both: it is one change all the same.
  if (kind === "paused" || kind === "resumed") return { ...made, fact: `${kind}:${seconds}` }
  // No subscription remembers its changes, so the event is the record.
  return { ...made, id: needText(event, "id") }
}

/** The first that fits: what a change does to the status weighs more than what it does to the price. */
function kindOfChange(event: JsonValue): string {
  const [now, was] = [at(event, "data.object") ?? null, before(event)]
  const [plan, earlier] = [planOf(now), planOf(was)]
  const leaves = (path: string) => at(was, path) && !at(now, path)
  const enters = (path: string) => !at(was, path) && at(now, path)
  if (isPause(event)) return "paused"
  if (isResumption(event)) return "resumed"
  if (changed(event, "status")) return text(was, "status") === "trialing" ? "trial_ended" : "status_changed"
  if (enters("cancel_at_period_end") || enters("cancel_at")) return "cancellation_scheduled"
  if (leaves("cancel_at_period_end") || leaves("cancel_at")) return "cancellation_withdrawn"
  if (plan.monthlyAmount !== earlier.monthlyAmount) {
    return plan.monthlyAmount > earlier.monthlyAmount ? "upgraded" : "downgraded"
  }
  if (plan.price !== earlier.price) return "plan_changed"
  if (plan.quantity !== earlier.quantity) return "quantity_changed"
  return periodStart(now) === periodStart(was) ? "details_changed" : "renewed"
}

function isPause(event: JsonValue): boolean {
  if (text(event, "type") === "customer.subscription.paused") return true
  return changed(event, "status") && text(event, "data.object.status") === "paused"
}

function isResumption(event: JsonValue): boolean {
  if (text(event, "type") === "customer.subscription.resumed") return true
  return changed(event, "status") && text(before(event), "status") === "paused"
}

/** By how much the change moved revenue. An end moves it too, but that is told by the cancellation. */
function mrrChange(event: JsonValue): number {
  const subscription = at(event, "data.object") ?? null
  if (hasEnded(subscription)) return 0
  const { monthlyAmount } = planOf(subscription)
  // Without the state before: a pause takes what was paid, and in a trial that was nothing.
  if (text(event, "type") === "customer.subscription.paused") return trialJustEnded(event) ? 0 : -monthlyAmount
  if (text(event, "type") === "customer.subscription.resumed") return revenue(subscription)
  return withoutDust(revenue(subscription) - revenue(before(event)))
}

function draft(
  collection: string,
  subscription: JsonValue,
  seconds: number,
  values: Record<string, JsonValue>,
  reading: Reading,
): Draft {
  return {
    collection,
    userId: person(subscription, ["customer.email"], reading),
    id: needText(subscription, "id"),
    time: fromSeconds(seconds),
    data: { ...describe(subscription), ...present(values) },
    from: subscription,
  }
}

function describe(subscription: JsonValue): Attributes {
  return present({
    subscription: needText(subscription, "id"),
    customer: customerId(subscription),
    status: needText(subscription, "status"),
    ...planOf(subscription),
  })
}

function trialTimes(subscription: JsonValue) {
  return {
    trial_start: isoFromSeconds(number(subscription, "trial_start")),
    trial_end: isoFromSeconds(number(subscription, "trial_end")),
  }
}

/** `incomplete_expired` has an end too, but never began: its first payment was not made. */
function hasEnded(subscription: JsonValue): boolean {
  return text(subscription, "status") === "canceled"
}

/** In its trial, or because it was cancelled to end with it: either way no period after the trial has begun. */
function endedInTrial(subscription: JsonValue): boolean {
  const end = number(subscription, "ended_at")
  const trialEnd = number(subscription, "trial_end")
  if (!hasEnded(subscription) || end === null || trialEnd === null) return false
  // Times are whole seconds: a trial that was ended, and its subscription cancelled right after, may share one.
  if (end < trialEnd) return true
  if (wasPaused(subscription, trialEnd)) return false
  const start = periodStart(subscription)
  if (start === null) return end === trialEnd
  return start < trialEnd && end <= trialEnd + TRIAL_END_TOLERANCE_S
}

/** By the end of its trial: whoever cancels such a subscription from then on ends a pause, however soon it is. */
function wasPaused(subscription: JsonValue, trialEnd: number): boolean {
  const asked = number(subscription, "canceled_at")
  const pauses = text(subscription, "trial_settings.end_behavior.missing_payment_method") === "pause"
  return pauses && asked !== null && asked >= trialEnd
}

function trialJustEnded(event: JsonValue): boolean {
  const trialEnd = number(event, "data.object.trial_end")
  return trialEnd !== null && Math.abs(needNumber(event, "created") - trialEnd) <= TRIAL_END_TOLERANCE_S
}

/** The keys under which the end of this trial may be told. */
function pendingKeys(subscription: JsonValue) {
  const id = needText(subscription, "id")
  const keys = [
    expiryKey(subscription),
    { collection: TRIAL_CANCELLED, key: `${id}:trial_cancelled` },
    { collection: CANCELLED, key: `${id}:cancelled` },
  ]
  return keys.map((key) => ({ ...key, time: fromSeconds(needNumber(subscription, "trial_end")) }))
}

function expiryKey(subscription: JsonValue) {
  const trialEnd = needNumber(subscription, "trial_end")
  return { collection: TRIAL_EXPIRED, key: `${needText(subscription, "id")}:trial_expired:${trialEnd}` }
}

function revenue(subscription: JsonValue): number {
  return PAYING.includes(text(subscription, "status") ?? "") ? planOf(subscription).monthlyAmount : 0
}

/** Differences of decimal amounts carry binary dust (0.1 + 0.2). */
function withoutDust(amount: number): number {
  return Math.round(amount * 1000) / 1000
}
