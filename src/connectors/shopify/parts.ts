/**
 * What is left of orders whose lines, transactions or refunds did not fit into their page: read a few orders at a time by pages of
 * the same reading, so that an order may have any number of lines.
 */
import { type Page, type PageRecord, type PageRequest, ShapeError } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { at, flag, isObject, rows, text } from "../kit/values.ts"
import { CHARGE } from "./charge.ts"
import { COMPLETED_AT_ONCE, linesDocument, MONEY_LENGTHS, moneyDocument, partly, ROWS_MAX } from "./documents.ts"
import { graphql, recordOf } from "./graphql.ts"
import { ORDERED, REFUNDED, REFUNDS, TRANSACTIONS } from "./order.ts"
import { numericId } from "./shape.ts"
import { type LinesPart, type MoneyPart, type Part, type Token, writeToken } from "./token.ts"

/** A token holds 4,000 characters: a page ends where the parts that are left of its orders need more than most of them. */
const PARTS_CHARS_MAX = 3_000

/** The parts read next, of one kind: the lines of some orders, or the money of some. `progress`: of a full page. */
export function nextParts({ rest: [first, ...others] }: Token, share: number): Part[] {
  if (!first) return []
  const end = others.findIndex((part) => !isAlike(first, part))
  return [first, ...(end < 0 ? others : others.slice(0, end))].slice(0, partly(COMPLETED_AT_ONCE, share))
}

export function requestParts(parts: readonly Part[], share: number): PageRequest {
  const ids = parts.map(({ id }, index) => [`id${index}`, `gid://shopify/Order/${id}`])
  const [first] = parts
  if (first && "money" in first) return graphql(moneyDocument(parts.length, first.money), Object.fromEntries(ids))
  const cursors = parts.flatMap((part, index) => ("lines" in part ? [[`after${index}`, part.lines]] : []))
  const variables = Object.fromEntries([["lines", partly(ROWS_MAX, share)], ...ids, ...cursors])
  return graphql(linesDocument(parts.length), variables)
}

/** An order that is gone meanwhile has no more parts. */
export function pageOfParts(parts: readonly Part[], place: Token, body: JsonValue): Page {
  const data = at(body, "data")
  if (!isObject(data)) throw new ShapeError("Shopify's answer holds no orders.")
  const orders = parts.flatMap((part, index) => {
    const order = data[`o${index}`]
    if (order === undefined) throw new ShapeError("Shopify's answer leaves an order out.")
    return order === null ? [] : [{ part, order }]
  })
  // They stand where the page stood that they complete: what it told is kept in mind until the reading moves on.
  const records = orders.map(({ order }) => ({
    ...recordOf(order, "updatedAt"),
    ...(place.edge !== null && { time: place.edge }),
  }))
  const unfinished = orders.flatMap(({ part, order }): Part[] =>
    "lines" in part ? linesLeft(order) : moneyLeft(order, part.money),
  )
  const rest = [...unfinished, ...place.rest.slice(parts.length)]
  return { records, next: writeToken({ ...place, rest }) }
}

/** What is left of records that tell something of a chosen collection: first all lines, then all money. */
export function partsLeft(records: readonly PageRecord[], collections: ReadonlySet<string>): Part[] {
  const moves = collections.has(CHARGE) || collections.has(REFUNDED)
  const lines = collections.has(ORDERED) ? records.flatMap(({ body }) => linesLeft(body)) : []
  return [...lines, ...(moves ? records.flatMap(({ body }) => moneyLeft(body, null)) : [])]
}

/** How many of the records, from the first on, leave no more parts than a token can name; one at least. */
export function fitting(records: readonly PageRecord[], collections: ReadonlySet<string>): number {
  let chars = 0
  const over = records.findIndex((record, index) => {
    chars += JSON.stringify(partsLeft([record], collections)).length
    return index > 0 && chars > PARTS_CHARS_MAX
  })
  return over < 0 ? records.length : over
}

function linesLeft(order: JsonValue): LinesPart[] {
  const lines = text(order, "lineItems.pageInfo.endCursor")
  const id = numericId(text(order, "id"))
  return id !== null && lines !== null && flag(order, "lineItems.pageInfo.hasNextPage") ? [{ id, lines }] : []
}

/** These lists do not say whether they are whole; one that is full may not be. `asked`: the length they were asked for in. */
function moneyLeft(order: JsonValue, asked: MoneyPart["money"] | null): MoneyPart[] {
  const most = asked === null ? { transactions: TRANSACTIONS, refunds: REFUNDS } : MONEY_LENGTHS[asked]
  const isFull =
    rows(order, "transactions").length >= most.transactions || rows(order, "refunds").length >= most.refunds
  const id = numericId(text(order, "id"))
  return id !== null && isFull && asked !== "many" ? [{ id, money: asked === null ? "few" : "many" }] : []
}

function isAlike(one: Part, other: Part): boolean {
  return "money" in one ? "money" in other && other.money === one.money : "lines" in other
}
