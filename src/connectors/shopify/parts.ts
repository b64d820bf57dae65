/**
 * What is left of orders whose lines, transactions or refunds did not fit into their page, and the agreements of those that were
 * amended: read a few orders at a time by pages of the same reading, so that an order may have any number of lines.
 */
import { type CollectionNote, type Page, type PageRecord, type PageRequest, ShapeError } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { at, isObject } from "../kit/values.ts"
import { AGREEMENTS, SALES, SALES_MAX } from "./agreements.ts"
import { CHARGE } from "./charge.ts"
import { agreementsDocument, COMPLETED_AT_ONCE, linesDocument, moneyDocument, partly, ROWS_MAX } from "./documents.ts"
import { graphql, recordOf } from "./graphql.ts"
import { agreementsLeft, isMoneyCut, linesLeft, MONEY_CUT, moneyLeft } from "./left.ts"
import { ORDERED } from "./line.ts"
import { REFUNDED } from "./order.ts"
import { type Part, type Token, writeToken } from "./token.ts"

/** A token holds 4,000 characters: a page ends where the parts that are left of its orders need more than most of them. */
const PARTS_CHARS_MAX = 3_000

/** The parts read next, of one kind: the lines of some orders, the money of some, or the agreements of some. `progress`: of a full page. */
export function nextParts({ rest: [first, ...others] }: Token, share: number): Part[] {
  if (!first) return []
  const end = others.findIndex((part) => !isAlike(first, part))
  return [first, ...(end < 0 ? others : others.slice(0, end))].slice(0, partly(COMPLETED_AT_ONCE, share))
}

export function requestParts(parts: readonly Part[], share: number): PageRequest {
  const ids = parts.map(({ id }, index) => [`id${index}`, `gid://shopify/Order/${id}`])
  const [first] = parts
  if (first && "money" in first) return graphql(moneyDocument(parts.length, first.money), Object.fromEntries(ids))
  if (first && "agreements" in first) {
    const cursors = parts.flatMap((part, index) =>
      "agreements" in part
        ? [
            [`after${index}`, part.agreements],
            [`sales${index}`, part.sales],
          ]
        : [],
    )
    // The sales that are left of an agreement are those of one.
    const [agreements, sales] = first.sales === null ? [AGREEMENTS, SALES] : [1, SALES_MAX]
    const lengths = { agreements: partly(agreements, share), sales: partly(sales, share) }
    return graphql(agreementsDocument(parts.length), { ...lengths, ...Object.fromEntries([...ids, ...cursors]) })
  }
  const cursors = parts.flatMap((part, index) => ("lines" in part ? [[`after${index}`, part.lines]] : []))
  const variables = Object.fromEntries([["lines", partly(ROWS_MAX, share)], ...ids, ...cursors])
  return graphql(linesDocument(parts.length), variables)
}

/** An order that is gone meanwhile has no more parts. */
export function pageOfParts(
  parts: readonly Part[],
  place: Token,
  body: JsonValue,
  collections: ReadonlySet<string>,
): Page {
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
  const rest = [...orders.flatMap(({ part, order }) => leftAfter(part, order)), ...place.rest.slice(parts.length)]
  const isCut = orders.some(({ part, order }) => "money" in part && isMoneyCut(order, part.money))
  return { records, next: writeToken({ ...place, rest }), ...(isCut && { incomplete: cutNotes(collections) }) }
}

/** What is left of records that tell something of a chosen collection: first what was ordered, then all money. */
export function partsLeft(records: readonly PageRecord[], collections: ReadonlySet<string>): Part[] {
  const moves = collections.has(CHARGE) || collections.has(REFUNDED)
  const agreements = collections.has(ORDERED) ? records.flatMap(({ body }) => agreementsLeft(body, null)) : []
  const lines = collections.has(ORDERED) ? records.flatMap(({ body }) => linesLeft(body)) : []
  return [...agreements, ...lines, ...(moves ? records.flatMap(({ body }) => moneyLeft(body, null)) : [])]
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

function leftAfter(part: Part, order: JsonValue): Part[] {
  if ("money" in part) return moneyLeft(order, part.money)
  if ("agreements" in part) return agreementsLeft(order, part)
  // It may have been edited between two of its pages.
  return [...agreementsLeft(order, null), ...linesLeft(order)]
}

function cutNotes(collections: ReadonlySet<string>): CollectionNote[] {
  return [CHARGE, REFUNDED]
    .filter((collection) => collections.has(collection))
    .map((collection) => ({ collection, reason: MONEY_CUT }))
}

function isAlike(one: Part, other: Part): boolean {
  if ("money" in one) return "money" in other && other.money === one.money
  if ("agreements" in one) return "agreements" in other && (other.sales === null) === (one.sales === null)
  return "lines" in other
}
