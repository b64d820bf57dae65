/**
 * Subscriptions: trials begun, cancelled and expired, changes and ends. A list shows every fact up to the present state; an
 * event announces one, and only that one is told, since the others of its snapshot have been told before.
 */
import type { Draft, Normalized } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { type Teller, tellEach } from "../kit/tell-each.ts"
import {
  at,
  flag,
  fromSeconds,
  isObject,
  isoFromSeconds,
  needNumber,
  needText,
  number,
  present,
  text,
} from "../kit/values.ts"
import { periodStart, planOf } from "./plan.ts"
import { before, changed, changedFields, customerId, isTest, person, type Reading } from "./shape.ts"

export const NEW_TRIAL = "New trial"
export const TRIAL_CANCELLED = "Trial cancelled"
export const TRIAL_EXPIRED = "Trial expired"
export const CHANGE = "Subscription change"
export const CANCELLED = "Subscription cancelled"

/** Stripe ends a trial when its clock comes round, some time after the second it is due. */
const TRIAL_END_TOLERANCE_S = 3600

/** Statuses in which a subscription counts as revenue. https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses */
const PAYING = ["active", "past_due", "unpaid"]

/** Fields of a subscription that say what it brings. */
const MOVES_REVENUE = ["status", "items", "plan", "quantity", "currency"]

export function subscriptionFromList(subscription: JsonValue, reading: Reading): Normalized {
  const tellers: Teller[] = []
  if (number(subscription, "trial_start") !== null) tellers.push(newTrial(subscription))
  if (hasEnded(subscription)) tellers.push(...ended(subscription))
  const trialEnd = number(subscription, "trial_end")
  const isPast = trialEnd !== null && fromSeconds(trialEnd) <= reading.asked
  if (!isPast || endedInTrial(subscription)) return tellEach(tellers)
  // Stripe ends trials a little after their time: what the trial becomes is still to come.
  if (text(subscription, "status") === "trialing") return { ...tellEach(tellers), pending: pendingKeys(subscription) }
  return tellEach([...tellers, trialExpired(subscription)])
}

/** From `customer.subscription.created`. */
export function subscriptionCreated(event: JsonValue): Normalized {
  const subscription = objectOf(event)
  return tellEach(number(subscription, "trial_start") === null ? [] : [newTrial(subscription)])
}

/** From `customer.subscription.updated`: the change itself and what it announces. */
export function subscriptionUpdated(event: JsonValue): Normalized {
  const subscription = objectOf(event)
  const tellers = [change(event)]
  const startsTrial = changed(event, "trial_start") && number(subscription, "trial_start") !== null
  if (startsTrial) tellers.push(newTrial(subscription))
  if (changed(event, "status") && hasEnded(subscription))
    tellers.push(...ended(subscription, needNumber(event, "created")))
  const leavesTrial = text(before(event), "status") === "trialing" && text(subscription, "status") !== "trialing"
  if (leavesTrial && !endedInTrial(subscription)) tellers.push(trialExpired(withItsTrial(event)))
  return tellEach(tellers)
}

/** From the changes read as a list, and `customer.subscription.resumed`: what else is known comes from the list of subscriptions. */
export function subscriptionChange(event: JsonValue): Normalized {
  return tellEach([change(event)])
}

/** From `customer.subscription.paused`: on request, or because a trial ended without a way to pay. */
export function subscriptionPaused(event: JsonValue): Normalized {
  const own = change(event)
  return tellEach(trialJustEnded(event) ? [own, trialExpired(objectOf(event))] : [own])
}

/** From `customer.subscription.deleted`, which Stripe sends when a subscription ends. */
export function subscriptionDeleted(event: JsonValue): Normalized {
  const subscription = objectOf(event)
  const told = tellEach(ended(subscription, needNumber(event, "created")))
  return endedInTrial(subscription) ? { ...told, closed: [expiryKey(subscription)] } : told
}

function objectOf(event: JsonValue): JsonValue {
  return at(event, "data.object") ?? null
}

/** Nothing of what it cost: a list shows the present plan, which may be another than the one that was tried. */
function newTrial(subscription: JsonValue): Teller {
  const tell = () => {
    const start = needNumber(subscription, "trial_start")
    // A back-dated trial begins when somebody began it.
    const time = Math.max(start, needNumber(subscription, "created"))
    const values = { status: "trialing", trial_start: isoFromSeconds(start) }
    return { ...draft(NEW_TRIAL, subscription, time, values), fact: `trial:${start}` }
  }
  return { collection: NEW_TRIAL, tell }
}

/** Nothing of what became of it, which a list cannot tell: the change that ended the trial says it. */
function trialExpired(subscription: JsonValue): Teller {
  const tell = () => {
    const end = needNumber(subscription, "trial_end")
    return { ...draft(TRIAL_EXPIRED, subscription, end, trialTimes(subscription)), fact: `trial_expired:${end}` }
  }
  return { collection: TRIAL_EXPIRED, tell }
}

/** An update that takes the trial away leaves its times only in what was before. It ended no later than that. */
function withItsTrial(event: JsonValue): JsonValue {
  const subscription = objectOf(event)
  const planned = number(before(event), "trial_end")
  if (!isObject(subscription) || number(subscription, "trial_end") !== null || planned === null) return subscription
  const start = number(subscription, "trial_start") ?? number(before(event), "trial_start")
  return { ...subscription, trial_start: start, trial_end: Math.min(planned, needNumber(event, "created")) }
}

/** Both what the trial and what the subscription came to; metrics tell them apart by `inTrial`. An ended one changes no more. */
function ended(subscription: JsonValue, announcedAt?: number): Teller[] {
  const inTrial = endedInTrial(subscription)
  const tellAs = (collection: string, fact: string, more: Record<string, JsonValue>): Teller => ({
    collection,
    tell: () => {
      const end = number(subscription, "ended_at") ?? announcedAt ?? needNumber(subscription, "ended_at")
      const values = { status: needText(subscription, "status"), ...planOf(subscription), ...why, ...more }
      return { ...draft(collection, subscription, end, values), fact }
    },
  })
  const why = {
    cancellation_reason: text(subscription, "cancellation_details.reason"),
    cancellation_feedback: text(subscription, "cancellation_details.feedback"),
  }
  const monthly = inTrial || !hasBeenPaid(subscription) ? 0 : planOf(subscription).monthlyAmount
  const cancelled = tellAs(CANCELLED, "cancelled", { inTrial, mrrChange: monthly === null ? null : 0 - monthly })
  return inTrial ? [cancelled, tellAs(TRIAL_CANCELLED, "trial_cancelled", trialTimes(subscription))] : [cancelled]
}

function change(event: JsonValue): Teller {
  return { collection: CHANGE, tell: () => changeDraft(event) }
}

function changeDraft(event: JsonValue): Draft {
  const subscription = objectOf(event)
  const earlier = before(event)
  const [now, was] = [planOf(subscription), planOf(earlier)]
  const kind = kindOfChange(event)
  const values = {
    status: needText(subscription, "status"),
    ...now,
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
  const made = draft(CHANGE, subscription, seconds, values, event)
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
  const rise = difference(plan.monthlyAmount, earlier.monthlyAmount)
  if (rise !== null && rise !== 0) return rise > 0 ? "upgraded" : "downgraded"
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
  return changed(event, "status") && text(before(event), "status") === "paused" && !hasEnded(objectOf(event))
}

/**
 * By how much the change moved revenue; null where that cannot be told. An end moves it too, but that is told by the cancellation, which
 * cannot know whether the subscription was unpaid or paused before: those still count until they end.
 */
function mrrChange(event: JsonValue): number | null {
  const subscription = objectOf(event)
  const isAboutRevenue = MOVES_REVENUE.some((field) => changed(event, field))
  if (text(event, "type") === "customer.subscription.resumed" && !isAboutRevenue) {
    return difference(revenue(subscription), hasBeenPaid(subscription) ? revenue(subscription) : 0)
  }
  if (hasEnded(subscription) || !isAboutRevenue) return 0
  return difference(revenue(subscription), revenue(before(event)))
}

function draft(
  collection: string,
  subscription: JsonValue,
  seconds: number,
  values: Record<string, JsonValue>,
  event?: JsonValue,
): Draft {
  return {
    collection,
    userId: person(subscription),
    id: needText(subscription, "id"),
    time: fromSeconds(seconds),
    data: present({
      subscription: needText(subscription, "id"),
      customer: customerId(subscription),
      currency: text(subscription, "currency"),
      ...values,
      test: isTest(subscription, event) ? true : null,
    }),
    from: subscription,
  }
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

function revenue(subscription: JsonValue): number | null {
  const status = text(subscription, "status") ?? ""
  const pays = PAYING.includes(status) || (status === "paused" && hasBeenPaid(subscription))
  return pays ? planOf(subscription).monthlyAmount : 0
}

/** A trial that ended without a way to pay leaves the subscription paused, in the period of its trial. */
function hasBeenPaid(subscription: JsonValue): boolean {
  const [start, trialEnd] = [periodStart(subscription), number(subscription, "trial_end")]
  return start === null || trialEnd === null || start >= trialEnd
}

/** Differences of decimal amounts carry binary dust (0.1 + 0.2). */
function difference(now: number | null, before: number | null): number | null {
  return now === null || before === null ? null : Math.round((now - before) * 1000) / 1000
}
