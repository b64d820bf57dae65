/** What an answer does not hold of an order: where each of its lists goes on. */
import type { JsonValue } from "../kit/item.ts"
import { flag, rows, text } from "../kit/values.ts"
import { isAmended } from "./agreements.ts"
import { MONEY_LENGTHS, type MoneyLength } from "./documents.ts"
import { REFUNDS, TRANSACTIONS } from "./order.ts"
import type { AgreementsPart, LinesPart, MoneyPart } from "./page-token.ts"
import { numericId } from "./shape.ts"

const { transactions, refunds } = MONEY_LENGTHS.many

export const MONEY_CUT = `Shopify lists the first ${transactions} payments and ${refunds} refunds of an order: an order has more, and those are missing.`

export function linesLeft(order: JsonValue): LinesPart[] {
  const lines = text(order, "lineItems.pageInfo.endCursor")
  const id = idOf(order)
  const hasMore = flag(order, "lineItems.pageInfo.hasNextPage") && !isAmended(order)
  return id !== null && lines !== null && hasMore ? [{ id, lines }] : []
}

/** These lists do not say whether they are whole; one that is full may not be. `asked`: the length they were asked for in. */
export function moneyLeft(order: JsonValue, asked: MoneyLength | null): MoneyPart[] {
  const id = idOf(order)
  if (id === null || asked === "many" || !isFull(order, asked)) return []
  return [{ id, money: asked === null ? "few" : "many" }]
}

export function isMoneyCut(order: JsonValue, asked: MoneyLength): boolean {
  return asked === "many" && isFull(order, asked)
}

function isFull(order: JsonValue, asked: MoneyLength | null): boolean {
  const most = asked === null ? { transactions: TRANSACTIONS, refunds: REFUNDS } : MONEY_LENGTHS[asked]
  return rows(order, "transactions").length >= most.transactions || rows(order, "refunds").length >= most.refunds
}

/**
 * `asked`: null where they were not asked for yet. An agreement whose sales do not fit is read to its end by itself, and the others
 * after it then.
 */
export function agreementsLeft(order: JsonValue, asked: AgreementsPart | null): AgreementsPart[] {
  const id = idOf(order)
  if (id === null) return []
  if (asked === null) return isAmended(order) ? [{ id, agreements: null, sales: null }] : []
  const edges = rows(order, "agreements.edges")
  const cut = edges.findIndex((edge) => flag(edge, "node.sales.pageInfo.hasNextPage"))
  if (cut >= 0) {
    const before = cut === 0 ? asked.agreements : text(edges[cut - 1], "cursor")
    return [{ id, agreements: before, sales: text(edges[cut], "node.sales.pageInfo.endCursor") }]
  }
  if (!flag(order, "agreements.pageInfo.hasNextPage")) return []
  return [{ id, agreements: text(edges.at(-1), "cursor"), sales: null }]
}

function idOf(order: JsonValue): string | null {
  return numericId(text(order, "id"))
}
