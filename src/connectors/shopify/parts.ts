/**
 * What is left of orders whose lines, transactions or refunds did not fit into their page: read a few orders at a time by pages of
 * the same reading, so that an order may have any number of lines.
 */
import { type Page, type PageRequest, ShapeError } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { at, flag, isObject, rows, text } from "../kit/values.ts"
import { CHARGE } from "./charge.ts"
import { COMPLETED_AT_ONCE, linesDocument, linesOfEach, MONEY_DOCUMENT } from "./documents.ts"
import { graphql, recordOf } from "./graphql.ts"
import { ORDERED, REFUNDED, REFUNDS, TRANSACTIONS } from "./order.ts"
import { numericId } from "./shape.ts"
import { type Part, type Token, writeToken } from "./token.ts"

/** The parts read next: the lines of some orders, or all the money of one. */
export function nextParts({ rest }: Token): Part[] {
  const money = rest.findIndex(({ after }) => after === null)
  const lines = rest.slice(0, money < 0 ? COMPLETED_AT_ONCE : Math.min(money, COMPLETED_AT_ONCE))
  return lines.length > 0 ? lines : rest.slice(0, 1)
}

export function requestParts(parts: readonly Part[]): PageRequest {
  const ids = parts.map(({ id }, index) => [`id${index}`, `gid://shopify/Order/${id}`])
  if (parts[0]?.after === null) return graphql(MONEY_DOCUMENT, Object.fromEntries(ids))
  const cursors = parts.map(({ after }, index) => [`after${index}`, after])
  const variables = Object.fromEntries([["lines", linesOfEach(parts.length)], ...ids, ...cursors])
  return graphql(linesDocument(parts.length), variables)
}

/** An order that is gone meanwhile has no more parts. */
export function pageOfParts(parts: readonly Part[], place: Token, body: JsonValue): Page {
  const data = at(body, "data")
  if (!isObject(data)) throw new ShapeError("Shopify's answer holds no orders.")
  const orders = parts.flatMap((_part, index) => {
    const order = data[`o${index}`]
    if (order === undefined) throw new ShapeError("Shopify's answer leaves an order out.")
    return order === null ? [] : [order]
  })
  const records = orders.map((order) => recordOf(order, "updatedAt"))
  const unfinished = orders.flatMap((order) => linesLeft(order))
  const rest = [...unfinished, ...place.rest.slice(parts.length)]
  return { records: records.sort((one, other) => one.time - other.time), next: writeToken({ ...place, rest }) }
}

/** Of those that tell something of a chosen collection. */
export function partsLeft(record: JsonValue, collections: ReadonlySet<string>): Part[] {
  const moves = collections.has(CHARGE) || collections.has(REFUNDED)
  return [...(collections.has(ORDERED) ? linesLeft(record) : []), ...(moves ? moneyLeft(record) : [])]
}

function linesLeft(order: JsonValue): Part[] {
  const after = text(order, "lineItems.pageInfo.endCursor")
  const id = numericId(text(order, "id"))
  return id !== null && after !== null && flag(order, "lineItems.pageInfo.hasNextPage") ? [{ id, after }] : []
}

/** These lists do not say whether they are whole; one that is full may not be. */
function moneyLeft(order: JsonValue): Part[] {
  const isFull = rows(order, "transactions").length >= TRANSACTIONS || rows(order, "refunds").length >= REFUNDS
  const id = numericId(text(order, "id"))
  return id !== null && isFull ? [{ id, after: null }] : []
}
