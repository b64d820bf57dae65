/**
 * Orders: placed, its lines ordered, cancelled, refunded. An order comes again with every change of it, so each fact carries its own
 * time, and its place in the feed is that time: a fact told before is not told again because a parcel was sent.
 */
import type { Draft, Normalized } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { type PartReader, readEach } from "../kit/tell-each.ts"
import { at, flag, number, present, rows, text } from "../kit/values.ts"
import { isAmended, isChanged, type Sold, sold } from "./agreements.ts"
import { CHARGE, fromTransaction, TRANSACTION } from "./charge.ts"
import { LINE, lineData, ORDERED } from "./line.ts"
import { less, needMoney, SHOP_MONEY, shopMoney } from "./money.ts"
import { about, CUSTOMER_NAME } from "./person.ts"
import { isoAt, listed, lower, needId, needTime, type Reading, timeAt } from "./shape.ts"

export const PLACED = "Placed order"
export const CANCELLED = "Order cancelled"
export const REFUNDED = "Order refunded"

/** The collections that an order tells, Charge among them. */
export const ORDER_COLLECTIONS = [PLACED, ORDERED, CANCELLED, REFUNDED, CHARGE]

/**
 * Enough for nearly all orders; what an order has more is read by requests of their own (see parts.ts). Each is the longest list of
 * its price (91 to 148 lines are counted alike), and what does not come of it is given back: long lists of lines cost less than
 * requests for the rest of the few orders that have so many.
 */
export const LINES = 148
export const TRANSACTIONS = 7
export const REFUNDS = 4

const REFUND = `id createdAt processedAt totalRefundedSet ${SHOP_MONEY}`

/** Who and which order, and whether its lines are told by its agreements. */
export const HEAD = `fragment OrderHead on Order {
  id name createdAt updatedAt email test edited returnStatus
  totalTipReceivedSet ${SHOP_MONEY}
  ${CUSTOMER_NAME}
}`

/**
 * The price at the time of ordering: later edits and refunds leave it as it is.
 * https://shopify.dev/docs/api/admin-graphql/2026-07/objects/Order
 */
export const ORDER = `${HEAD}
fragment OrderParts on Order {
  ...OrderHead
  processedAt cancelledAt cancelReason sourceName presentmentCurrencyCode subtotalLineItemsQuantity discountCodes
  originalTotalPriceSet ${SHOP_MONEY}
  ${lineItems("first: $ordersLines")}
  ${moneyMoves(TRANSACTIONS, REFUNDS)}
}`

export function lineItems(slice: string): string {
  return `lineItems(${slice}) { nodes { ${LINE} } pageInfo { hasNextPage endCursor } }`
}

/** Plain lists: they take a length and no cursor. */
export function moneyMoves(transactions: number, refunds: number): string {
  return `transactions(first: ${transactions}) { ${TRANSACTION} } refunds(first: ${refunds}) { ${REFUND} }`
}

export function fromOrder(order: JsonValue, reading: Reading): Normalized {
  const one = (collection: string, read: () => Normalized): PartReader => ({ collection, read })
  return readEach([
    one(PLACED, () => ({ drafts: placed(order, reading) })),
    ...lines(order, reading),
    one(CANCELLED, () => ({ drafts: cancelled(order, reading) })),
    ...rows(order, "refunds").map((refund) => one(REFUNDED, () => refunded(order, refund, reading))),
    ...rows(order, "transactions").map((move) => one(CHARGE, () => fromTransaction(order, move, reading))),
  ])
}

/**
 * By its creation at Shopify, not by `processedAt`, which an import of old orders sets to the past: what was read up to a time
 * would not be all of that time then.
 */
function placed(order: JsonValue, reading: Reading): Draft[] {
  if (at(order, "originalTotalPriceSet") === undefined) return []
  const data = present({
    ...needMoney(order, "originalTotalPriceSet"),
    // Edits and exchanges change it; the total is kept as it was.
    quantity: isChanged(order) ? null : number(order, "subtotalLineItemsQuantity"),
    channel: text(order, "sourceName"),
    presentmentCurrency: lower(order, "presentmentCurrencyCode"),
    discountCodes: listed(order, "discountCodes")?.join(", "),
    processedAt: isoAt(order, "processedAt"),
  })
  return [draft(PLACED, order, needId(order), "placed", needTime(order, "createdAt"), data, reading)]
}

/** Of an order that was amended the lines say neither when they came nor whether they are a tip: its agreements do. */
function lines(order: JsonValue, reading: Reading): PartReader[] {
  const ordered = (read: () => Sold[]): PartReader => ({
    collection: ORDERED,
    read: () => ({
      drafts: read().map(({ id, fact, time, data }) => draft(ORDERED, order, id, fact, time, data, reading)),
    }),
  })
  if (isAmended(order) || at(order, "agreements") !== undefined) return [ordered(() => sold(order))]
  return rows(order, "lineItems.nodes")
    .filter((line) => !flag(line, "isGiftCard"))
    .map((line) => ordered(() => [ofLine(order, line)]))
}

function ofLine(order: JsonValue, line: JsonValue): Sold {
  const data = lineData(line, number(line, "quantity"), paid(line))
  return { id: needId(line), fact: "ordered", time: needTime(order, "createdAt"), data }
}

/** After all discounts, those of the whole cart and of codes too, which `discountedTotalSet` leaves in. */
function paid(line: JsonValue) {
  const discounts = rows(line, "discountAllocations").map((one) => shopMoney(one, "allocatedAmountSet"))
  return less(shopMoney(line, "originalTotalSet"), discounts)
}

function cancelled(order: JsonValue, reading: Reading): Draft[] {
  const time = timeAt(order, "cancelledAt")
  if (time === null) return []
  const data = present({ reason: lower(order, "cancelReason"), ...needMoney(order, "originalTotalPriceSet") })
  return [draft(CANCELLED, order, needId(order), "cancelled", time, data, reading)]
}

/**
 * One a refund, with its own amount. One of nothing takes lines off an order that was not paid, or its money is still on the way:
 * it stays open. https://shopify.dev/docs/api/admin-graphql/2026-07/objects/Refund
 */
function refunded(order: JsonValue, refund: JsonValue, reading: Reading): Normalized {
  const id = needId(refund)
  const time = timeAt(refund, "createdAt") ?? needTime(refund, "processedAt")
  const money = needMoney(refund, "totalRefundedSet")
  if (money.amount <= 0) return { drafts: [], pending: [{ collection: REFUNDED, key: `${id}:refunded`, time }] }
  return { drafts: [draft(REFUNDED, order, id, "refunded", time, { refundId: id, ...money }, reading)] }
}

function draft(
  collection: string,
  order: JsonValue,
  id: string,
  fact: string,
  time: number,
  data: Record<string, JsonValue>,
  reading: Reading,
): Draft {
  const { userId, data: whose } = about(order, reading)
  const which = present({ orderId: needId(order), order: text(order, "name"), ...whose })
  return { collection, userId, id, fact, time, announcedAt: time, data: { ...which, ...data } }
}
