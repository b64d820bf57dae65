/**
 * What is left of orders whose lines, transactions or refunds did not fit into their page, and the agreements of those that were
 * amended: read a few orders at a time by pages of the same reading, so that an order may have any number of lines.
 */
import { type CollectionNote, type Page, type PageRecord, type PageRequest, ShapeError } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { at, isObject, text } from "../kit/values.ts"
import { AGREEMENTS, SALES, SALES_MAX } from "./agreements.ts"
import { CHARGE } from "./charge.ts"
import { agreementsLeft, isMoneyCut, linesLeft, MONEY_CUT, moneyLeft } from "./cut-lists.ts"
import {
  agreementsDocument,
  COMPLETED_AT_ONCE,
  linesDocument,
  moneyDocument,
  partly,
  ROWS_MAX,
  SOLD_AT_ONCE,
  soldDocument,
} from "./documents.ts"
import { graphql, recordOf } from "./graphql.ts"
import { ORDERED } from "./line.ts"
import { REFUNDED } from "./order.ts"
import { type AgreementsPart, type Part, type Token, writeToken } from "./page-token.ts"
import { numericId } from "./shape.ts"

/** A token holds 4,000 characters: a page ends where the parts that are left of its orders need more than most of them. */
const PARTS_CHARS_MAX = 3_000

/** The parts read next, of one kind: the lines of some orders, the money of some, or the agreements of some. `progress`: of a full page. */
export function nextParts({ rest: [first, ...others] }: Token, share: number): Part[] {
  if (!first) return []
  const end = others.findIndex((part) => kindOf(part) !== kindOf(first))
  const atOnce = kindOf(first) === "sold" ? SOLD_AT_ONCE : COMPLETED_AT_ONCE
  return [first, ...(end < 0 ? others : others.slice(0, end))].slice(0, partly(atOnce, share))
}

export function requestParts(parts: readonly Part[], share: number): PageRequest {
  const [first] = parts
  const ids = Object.fromEntries(parts.map(({ id }, index) => [`id${index}`, `gid://shopify/Order/${id}`]))
  if (first && "money" in first) return graphql(moneyDocument(parts.length, first.money), ids)
  if (first && "agreements" in first) return requestAgreements(parts, first, ids, share)
  const cursors = parts.flatMap((part, index) => ("lines" in part ? [[`after${index}`, part.lines]] : []))
  const variables = { lines: partly(ROWS_MAX, share), ...ids, ...Object.fromEntries(cursors) }
  return graphql(linesDocument(parts.length), variables)
}

function requestAgreements(
  parts: readonly Part[],
  first: AgreementsPart,
  ids: Record<string, string>,
  share: number,
): PageRequest {
  // The sales that are left of an agreement are those of one.
  const [agreements, sales] = first.sales === null ? [AGREEMENTS, SALES] : [1, SALES_MAX]
  const lengths = { agreements: partly(agreements, share), sales: partly(sales, share) }
  if (kindOf(first) === "sold") {
    const query = parts.map(({ id }) => `id:${id}`).join(" OR ")
    return graphql(soldDocument(), { ...lengths, orders: parts.length, query })
  }
  const cursors = parts.flatMap((part, index): [string, string | null][] =>
    "agreements" in part
      ? [
          [`after${index}`, part.agreements],
          [`sales${index}`, part.sales],
        ]
      : [],
  )
  return graphql(agreementsDocument(parts.length), { ...lengths, ...ids, ...Object.fromEntries(cursors) })
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
  const found = parts.map((part, index) => ({ part, order: orderOf(part, index, data) }))
  const orders = found.flatMap(({ part, order }) => (order === null ? [] : [{ part, order }]))
  const unfound = found.flatMap(({ part, order }): Part[] =>
    order === null && "agreements" in part && kindOf(part) === "sold" ? [{ ...part, alone: true }] : [],
  )
  // They stand where the page stood that they complete: what it told is kept in mind until the reading moves on.
  const records = orders.map(({ order }) => ({
    ...recordOf(order, "updatedAt"),
    ...(place.edge !== null && { time: place.edge }),
  }))
  const left = orders.flatMap(({ part, order }) => leftAfter(part, order))
  const rest = [...left, ...unfound, ...place.rest.slice(parts.length)]
  const isCut = orders.some(({ part, order }) => "money" in part && isMoneyCut(order, part.money))
  return { records, next: writeToken({ ...place, rest }), ...(isCut && { incomplete: cutNotes(collections) }) }
}

/** The part's order in the answer; null where there is none. */
function orderOf(part: Part, index: number, data: { [key: string]: JsonValue }): JsonValue {
  if (kindOf(part) !== "sold") {
    const order = data[`o${index}`]
    if (order === undefined) throw new ShapeError("Shopify's answer leaves an order out.")
    return order
  }
  const nodes = at(data, "orders.nodes")
  if (!Array.isArray(nodes)) throw new ShapeError("Shopify's answer holds no orders.")
  return nodes.find((node) => numericId(text(node, "id")) === part.id) ?? null
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

/** Parts of one kind are asked for by one document. */
function kindOf(part: Part): string {
  if ("money" in part) return `money ${part.money}`
  if ("lines" in part) return "lines"
  if (part.agreements === null && part.sales === null && !part.alone) return "sold"
  return part.sales === null ? "agreements" : "sales"
}
