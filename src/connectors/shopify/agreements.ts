/**
 * The lines of orders that were edited, returned in part or tipped. Shopify writes an agreement whenever an order is placed, edited, returned or
 * refunded; its sales say what was sold then, when, for how much, and what of it is a tip.
 * https://shopify.dev/docs/api/admin-graphql/2026-07/interfaces/SalesAgreement
 */
import type { Attributes, JsonValue } from "../kit/item.ts"
import { at, flag, number, rows, text } from "../kit/values.ts"
import { LINE_PRODUCT, lineData } from "./line.ts"
import { less, SHOP_MONEY, shopMoney } from "./money.ts"
import { needId, needTime } from "./shape.ts"

/**
 * An order has one agreement when it is placed, and one for each edit, return and refund. Each length is the longest of its price: some
 * 40 points an order, most of which are given back. What does not fit is asked for again from there.
 */
export const AGREEMENTS = 4
export const SALES = 20
/** Of an agreement with more sales, which is then read by itself. */
export const SALES_MAX = 250

const NO_RETURN = "NO_RETURN"

/** The agreement of the order itself is a second or two from it. What is sold later, after the checkout, has its own time. */
const PLACED_WITHIN_MS = 60_000

export const SALE = `fragment SaleParts on Sale {
  id actionType lineType quantity totalAmount ${SHOP_MONEY} totalTaxAmount ${SHOP_MONEY}
  ... on ProductSale { lineItem { ${LINE_PRODUCT} } }
}`

export function agreementsOf(slice: string, sales: string): string {
  return `taxesIncluded agreements(${slice}) { edges { cursor node { happenedAt reason sales(${sales}) { nodes { ...SaleParts } pageInfo { hasNextPage endCursor } } } } pageInfo { hasNextPage } }`
}

/** Whether what the order's lines show is not all of when it was placed, or holds a tip. */
export function isAmended(order: JsonValue): boolean {
  return isChanged(order) || (shopMoney(order, "totalTipReceivedSet")?.amount ?? 0) > 0
}

/**
 * Whether lines may have come since. What is exchanged is no edit but part of a return, and becomes a line of the order it is for.
 * https://shopify.dev/docs/apps/build/orders-fulfillment/returns-apps/read-exchanges
 */
export function isChanged(order: JsonValue): boolean {
  return flag(order, "edited") || (text(order, "returnStatus") ?? NO_RETURN) !== NO_RETURN
}

export interface Sold {
  id: string
  fact: "ordered" | "added"
  time: number
  data: Attributes
}

/**
 * What the order's agreements sold of products: lines of the order as it was placed under the line's id, as in an order that nobody
 * has touched; what came later, a further line or more of one, under the sale's.
 */
export function sold(order: JsonValue): Sold[] {
  return rows(order, "agreements.edges").flatMap((edge) => {
    const agreement = at(edge, "node") ?? null
    const sales = rows(agreement, "sales.nodes").filter(isProduct)
    return sales.map((sale) => ofSale(order, agreement, sale))
  })
}

function isProduct(sale: JsonValue): boolean {
  return text(sale, "actionType") === "ORDER" && text(sale, "lineType") === "PRODUCT"
}

function ofSale(order: JsonValue, agreement: JsonValue, sale: JsonValue): Sold {
  const line = at(sale, "lineItem") ?? null
  const data = lineData(line, number(sale, "quantity"), paid(order, sale))
  const happened = needTime(agreement, "happenedAt")
  if (text(agreement, "reason") !== "ORDER") return { id: needId(sale), fact: "added", time: happened, data }
  const placed = needTime(order, "createdAt")
  return { id: needId(line), fact: "ordered", time: happened > placed + PLACED_WITHIN_MS ? happened : placed, data }
}

/** As a line's amount: after discounts, with the taxes that are in the price, without those that come on top. */
function paid(order: JsonValue, sale: JsonValue) {
  const taxes = flag(order, "taxesIncluded") ? [] : [shopMoney(sale, "totalTaxAmount")]
  return less(shopMoney(sale, "totalAmount"), taxes)
}
