/**
 * Charges: the transactions of orders that moved money, or failed to. Every one is a fact with its own id and its own amount: a
 * capture in two parts is two, a refund over two cards too.
 * https://shopify.dev/docs/api/admin-graphql/2026-07/objects/OrderTransaction
 */
import type { Normalized } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { payment } from "../kit/test-money.ts"
import { flag, needText, present, text } from "../kit/values.ts"
import { needMoney, SHOP_MONEY } from "./money.ts"
import { about, isOfTestShop } from "./person.ts"
import { lower, needId, needTime, type Reading, timeAt } from "./shape.ts"

export const CHARGE = "Charge"

export const TRANSACTION = `id kind status test gateway errorCode createdAt processedAt amountSet ${SHOP_MONEY}`

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

/**
 * Gateways that pay with what the customer was credited before: no money comes in, and none goes back.
 * "Transactions not on 'store-credit', 'exchange-credit', or 'cash' gateways require a parent_id" (`refundCreate`);
 * `gift_card` and `shopify_store_credit` are what checkouts show.
 */
const CREDITS: Readonly<Record<string, "giftCard" | "storeCredit">> = {
  gift_card: "giftCard",
  shopify_store_credit: "storeCredit",
  store_credit: "storeCredit",
  exchange_credit: "storeCredit",
}

export function fromTransaction(order: JsonValue, transaction: JsonValue, reading: Reading): Normalized {
  return payment(isTest(order, transaction, reading), reading, () => moved(order, transaction, reading))
}

function moved(order: JsonValue, transaction: JsonValue, reading: Reading): Normalized {
  const type = TYPES[needText(transaction, "kind")]
  if (type === undefined) return { drafts: [] }
  const id = needId(transaction)
  const time = timeOf(transaction)
  if (isReportedElsewhere(transaction, time, reading)) return { drafts: [] }
  const status = STATUSES[needText(transaction, "status")]
  const key = (fact: string) => ({ collection: CHARGE, key: `${id}:${fact}` })
  if (status === undefined)
    return { drafts: [], pending: ["succeeded", "failed"].map((fact) => ({ ...key(fact), time })) }
  if (status === "succeeded" && needMoney(transaction, "amountSet").amount === 0) return { drafts: [] }
  const other = status === "succeeded" ? "failed" : "succeeded"
  const { userId, data: whose } = about(order, reading)
  return {
    drafts: [
      {
        collection: CHARGE,
        userId,
        id,
        fact: status,
        time,
        announcedAt: time,
        data: { ...data(order, transaction, type, status), ...whose },
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

/** The test gateway moves no money, nor does anybody pay in a development shop. */
function isTest(order: JsonValue, transaction: JsonValue, reading: Reading): boolean {
  return isOfTestShop(reading) || flag(order, "test") || flag(transaction, "test")
}

/** By the charge's own time: what came before the other source began is told here. */
function isReportedElsewhere(transaction: JsonValue, time: number, { config }: Reading): boolean {
  const gateway = lower(transaction, "gateway")
  const named = config.paymentsElsewhere ?? []
  return named.some((other) => other.gateway === gateway && time >= Date.parse(other.from))
}

function data(order: JsonValue, transaction: JsonValue, type: string, status: string) {
  const { amount, currency } = needMoney(transaction, "amountSet")
  const credit = CREDITS[lower(transaction, "gateway")?.replaceAll("-", "_") ?? ""]
  return present({
    type,
    status: credit && status === "succeeded" ? "credit" : status,
    ...(credit
      ? { kind: credit, creditAmount: amount }
      : type === "payment"
        ? { amount }
        : { amount_refunded: amount }),
    currency,
    transactionId: needId(transaction),
    orderId: needId(order),
    order: text(order, "name"),
    gateway: text(transaction, "gateway"),
    failureCode: lower(transaction, "errorCode"),
  })
}
