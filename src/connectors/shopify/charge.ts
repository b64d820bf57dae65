/**
 * Charges: the transactions of orders that moved money, or failed to. Every one is a fact with its own id and its own amount: a
 * capture in two parts is two, a refund over two cards too.
 * https://shopify.dev/docs/api/admin-graphql/2026-07/objects/OrderTransaction
 */
import type { Normalized } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { flag, needText, present, text } from "../kit/values.ts"
import { idAt, lower, needId, needMoney, needTime, person, type Reading, timeAt } from "./shape.ts"

export const CHARGE = "Charge"

export const TRANSACTION =
  "id kind status test gateway errorCode createdAt processedAt amountSet { shopMoney { amount currencyCode } }"

/** An authorization only reserves money, and `SUGGESTED_REFUND` is a proposal. `CHANGE` goes back to whoever paid too much in cash. */
const TYPES: Readonly<Record<string, "payment" | "refund" | "change">> = {
  SALE: "payment",
  CAPTURE: "payment",
  REFUND: "refund",
  CHANGE: "change",
}

/** `PENDING`, `AWAITING_RESPONSE` and `UNKNOWN` are still open. */
const STATUSES: Readonly<Record<string, "succeeded" | "failed">> = {
  SUCCESS: "succeeded",
  FAILURE: "failed",
  ERROR: "failed",
}

export function fromTransaction(order: JsonValue, transaction: JsonValue, reading: Reading): Normalized {
  const type = TYPES[needText(transaction, "kind")]
  if (type === undefined || reading.config.paymentsReportedElsewhere) return { drafts: [] }
  if (flag(transaction, "test") && reading.account.mode === "live") return { drafts: [] }
  const id = needId(transaction)
  const time = timeOf(transaction)
  const status = STATUSES[needText(transaction, "status")]
  const key = (fact: string) => ({ collection: CHARGE, key: `${id}:${fact}` })
  if (status === undefined)
    return { drafts: [], pending: ["succeeded", "failed"].map((fact) => ({ ...key(fact), time })) }
  const other = status === "succeeded" ? "failed" : "succeeded"
  return {
    drafts: [
      {
        collection: CHARGE,
        userId: person(order, reading),
        id,
        fact: status,
        time,
        announcedAt: time,
        data: data(order, transaction, type, status),
        from: transaction,
      },
    ],
    closed: [key(other)],
  }
}

/** An import of old orders may date the payment back; one that succeeds later than it was begun may date it forward. */
function timeOf(transaction: JsonValue): number {
  const created = needTime(transaction, "createdAt")
  return Math.max(created, timeAt(transaction, "processedAt") ?? created)
}

function data(order: JsonValue, transaction: JsonValue, type: string, status: string) {
  const { amount, currency } = needMoney(transaction, "amountSet")
  return present({
    type,
    status,
    ...(type === "payment" ? { amount } : { amount_refunded: amount }),
    currency,
    transactionId: needId(transaction),
    orderId: needId(order),
    order: text(order, "name"),
    customerId: idAt(order, "customer.id"),
    gateway: text(transaction, "gateway"),
    failureCode: lower(transaction, "errorCode"),
  })
}
