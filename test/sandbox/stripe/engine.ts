/** What Stripe does by itself as time passes: trials end, periods renew, payments are collected, retried and settled. */
import { pop } from "../heap.ts"
import { type Account, find, get, now, prune, type Task, tableName } from "./account.ts"
import { expireCharge, settleCharge } from "./charges.ts"
import { markUncollectible, voidInvoice } from "./invoices.ts"
import type { InvoiceRow, SubscriptionRow } from "./model.ts"
import { settleRefund } from "./refunds.ts"
import { cancelNow, collect, endTrial, expireIncomplete, markUnpaid, noticeTrialEnd, renew } from "./subscriptions.ts"

export type TaskHandler = (account: Account, task: Task) => void

/** Bank debits that bounce. */
const DEBIT_FAILURE_RATE = 0.08
/** Declined renewals that a later retry collects. */
const RETRY_SUCCESS_RATE = 0.55

export const ENGINE: Record<string, TaskHandler> = {
  trial_will_end: (account, task) => noticeTrialEnd(account, task.id),
  trial_end: (account, task) => {
    const row = get(account, "subscription", task.id)
    if (row.trialEnd === task.at) endTrial(account, task.id, trialOutcome(row))
  },
  renew: (account, task) => {
    if (get(account, "subscription", task.id).periodEnd === task.at) renew(account, task.id)
  },
  collect_invoice: (account, task) => collectDue(account, task.id, !account.random.chance(account.options.declineRate)),
  retry_invoice: (account, task) => collectDue(account, task.id, account.random.chance(RETRY_SUCCESS_RATE)),
  settle_charge: (account, task) => {
    settleCharge(account, task.id, account.random.chance(DEBIT_FAILURE_RATE) ? "failed" : "succeeded")
  },
  expire_charge: (account, task) => void expireCharge(account, task.id),
  expire_incomplete: (account, task) => void expireIncomplete(account, task.id),
  settle_refund: (account, task) => void settleRefund(account, task.id),
}

/** Does all that is due up to `until` (epoch seconds), each thing at its own time. `after` runs behind every step. */
export function runDue(
  account: Account,
  until: number,
  handlers: Record<string, TaskHandler> = ENGINE,
  after?: () => void,
): number {
  const past = account.past
  let done = 0
  for (let next = account.tasks[0]; next && next.at <= until; next = account.tasks[0]) {
    const task = pop(account.tasks)
    if (!task) break
    account.writer.remove(tableName(account, "task"), String(task.no))
    account.past = task.at * 1_000
    handlers[task.name]?.(account, task)
    after?.()
    done += 1
  }
  account.past = past
  return done
}

/** Brings an account on autopilot up to the present. */
export function settle(account: Account, handlers: Record<string, TaskHandler>): void {
  if (!account.options.autopilot) return
  runDue(account, now(account), handlers)
  prune(account)
}

function trialOutcome(row: SubscriptionRow): "active" | "past_due" | "paused" | "canceled" {
  if (row.hasPaymentMethod) return "active"
  return ({ create_invoice: "past_due", pause: "paused", cancel: "canceled" } as const)[row.trialEndBehavior]
}

function collectDue(account: Account, id: string, lucky: boolean): void {
  const invoice = find(account, "invoice", id)
  if (!invoice || (invoice.status !== "draft" && invoice.status !== "open")) return
  const subscription = find(account, "subscription", invoice.subscription)
  if (!subscription || subscription.endedAt !== null) {
    if (invoice.status === "open") voidInvoice(account, id)
    return
  }
  const outcome = lucky && subscription.hasPaymentMethod ? "succeeded" : "failed"
  collect(account, subscription, invoice, outcome)
  if (outcome === "failed" && invoice.nextPaymentAttempt === null) giveUp(account, subscription, invoice)
}

/** All retries used up: the account's settings say cancel, mark unpaid, or leave past due. */
function giveUp(account: Account, subscription: SubscriptionRow, invoice: InvoiceRow): void {
  const choice = account.random.pick(["cancel", "cancel", "unpaid", "leave"] as const)
  if (choice === "cancel") cancelNow(account, subscription.id)
  if (choice === "unpaid") markUnpaid(account, subscription.id)
  if (choice !== "leave") markUncollectible(account, invoice.id)
}
