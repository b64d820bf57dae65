/** `expand[]`: ids replaced by their objects, up to four levels deep. https://docs.stripe.com/expand */
import { isObject, type Json, type JsonObject } from "../json.ts"
import { type Account, find } from "./account.ts"
import { badRequest, Refusal } from "./errors.ts"
import type { ObjectKind } from "./model.ts"
import { deletedCustomer } from "./objects/customer.ts"
import { balanceTransactionObject, paymentIntentObject } from "./objects/payment.ts"
import { refundsOf, render } from "./versions.ts"

/** How deep a path may go, `data` of a list included. */
export const MAX_DEPTH = 4

type Fetch = (account: Account, id: string, version: string, holder: JsonObject) => Json

const byKind =
  (kind: ObjectKind): Fetch =>
  (account, id, version) => {
    const row = find(account, kind, id)
    if (!row) return id
    if (kind === "customer" && "deleted" in row && row.deleted) return deletedCustomer(id)
    return render(account, kind, row, version)
  }
const customer = byKind("customer")
const charge = byKind("charge")
const invoice = byKind("invoice")
const subscription = byKind("subscription")

const paymentIntent: Fetch = (account, id, _version, holder) => {
  const row = find(account, "charge", text(holder.object === "charge" ? holder.id : holder.charge))
  return row ? paymentIntentObject(account, row) : id
}

const balanceTransaction: Fetch = (account, id, _version, holder) => {
  const row = find(account, holder.object === "refund" ? "refund" : "charge", text(holder.id))
  return row ? balanceTransactionObject(id, row) : id
}

/** The money that comes back is a transaction of its own, of the moment it does. */
const failureTransaction: Fetch = (account, id, version, holder) => {
  const made = balanceTransaction(account, id, version, holder)
  const row = find(account, "refund", text(holder.id))
  if (!isObject(made) || !row?.failedAt) return made
  const type = "refund_failure"
  const times = { created: row.failedAt, available_on: row.failedAt }
  return { ...made, ...times, amount: row.amount, net: row.amount, type, reporting_category: type }
}

const source: Fetch = (account, id, version) =>
  (find(account, "refund", id) ? byKind("refund") : charge)(account, id, version, {})

/** By object and (dotted) field. Fields that are left out unless asked for are `INCLUDED`. */
const EXPANDABLE: Record<string, Record<string, Fetch>> = {
  charge: { customer, invoice, balance_transaction: balanceTransaction, payment_intent: paymentIntent },
  refund: {
    charge,
    customer,
    balance_transaction: balanceTransaction,
    failure_balance_transaction: failureTransaction,
    payment_intent: paymentIntent,
  },
  subscription: { customer, latest_invoice: invoice },
  invoice: {
    customer,
    charge,
    subscription,
    payment_intent: paymentIntent,
    "parent.subscription_details.subscription": subscription,
  },
  dispute: { charge, payment_intent: paymentIntent },
  balance_transaction: { source },
  payment_intent: { customer, latest_charge: charge },
}

const INCLUDED: Record<string, Record<string, (account: Account, holder: JsonObject, version: string) => Json>> = {
  charge: {
    refunds: (account, holder, version) => {
      const row = find(account, "charge", text(holder.id))
      if (!row) return null
      const { total_count: _, ...refunds } = refundsOf(account, row, version)
      return refunds
    },
  },
}

export function expandAll(account: Account, answer: JsonObject, paths: readonly string[], version: string): void {
  for (const path of paths) {
    const parts = path.split(".")
    if (parts.length > MAX_DEPTH) {
      throw new Refusal(badRequest(`You cannot expand more than ${MAX_DEPTH} levels of a property. Property: ${path}`))
    }
    if (answer.object === "list" && parts[0] !== "data") {
      throw new Refusal(
        badRequest(`This property cannot be expanded (${path}). You may want to try expanding 'data.${path}' instead.`),
      )
    }
    expand(account, answer, parts, version, path)
  }
}

function expand(account: Account, holder: JsonObject, parts: readonly string[], version: string, path: string): void {
  const [first, ...rest] = parts
  if (first === undefined) return
  if (holder.object === "list" && first === "data") {
    for (const item of Array.isArray(holder.data) ? holder.data : []) {
      if (isObject(item)) expand(account, item, rest, version, path)
    }
    return
  }
  const kind = text(holder.object)
  const include = INCLUDED[kind]?.[first]
  if (include && holder[first] === undefined) holder[first] = include(account, holder, version)
  const { target, field, fetch, left } = locate(holder, kind, parts)
  const value = target?.[field]
  if (!target || (value === undefined && !fetch))
    throw new Refusal(badRequest(`This property cannot be expanded (${path}).`))
  if (typeof value === "string" && fetch) target[field] = fetch(account, value, version, holder)
  else if (!fetch && !isObject(value)) throw new Refusal(badRequest(`This property cannot be expanded (${path}).`))
  const expanded = target[field]
  if (left.length > 0 && isObject(expanded)) expand(account, expanded, left, version, path)
}

/** Walks through plain hashes to the field that the longest known dotted name of this object means. */
function locate(holder: JsonObject, kind: string, parts: readonly string[]) {
  const known = EXPANDABLE[kind] ?? {}
  let target: JsonObject | null = holder
  for (let depth = 0; depth < parts.length && target; depth++) {
    const field: string = parts[depth] ?? ""
    const fetch = known[parts.slice(0, depth + 1).join(".")]
    const value: Json | undefined = target[field]
    const isHash = isObject(value) && value.object === undefined
    if (fetch || !isHash) return { target, field, fetch, left: parts.slice(depth + 1) }
    target = value
  }
  return { target: null, field: "", fetch: undefined, left: [] }
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : ""
}
