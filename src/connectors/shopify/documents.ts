/**
 * The GraphQL documents, put together from the connections that a request reads.
 *
 * A single query may cost 1,000 points; an object costs one, a connection is sized by its length, and not in full: it is scaled
 * logarithmically (test/sandbox/shopify/cost.ts has the formula and the figures that it was checked with). So the largest pages are
 * by far the cheapest: 250 orders come to some 400 points, and most of that is given back where few of the lines come that were
 * asked for. Should Shopify find a page too costly all the same, it is asked for again with half the rows.
 * https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits
 *
 * Why not bulk operations: pages read a year of 100,000 orders in 9 minutes on a standard plan if an answer takes a second, in 22
 * if it takes three (`npm run bench -- --backfill`). To be faster, a bulk operation would have to write some 200 orders a second,
 * lines included. Shopify promises no speed, and connectors that use them report jobs of hours. Nothing is there before all is, so
 * the newest orders would not come first; and the lines follow their order in the file only where that is asked for, which "slows
 * down bulk operations and increases the likelihood of timeouts".
 * https://shopify.dev/docs/apps/build/apis/graphql-admin/bulk-operations/queries
 * https://shopify.dev/docs/api/admin-graphql/2026-07/mutations/bulkOperationRunQuery
 */
import { agreementsOf, SALE } from "./agreements.ts"
import { ABANDONED, CHECKOUT } from "./checkout.ts"
import { CUSTOMER, CUSTOMER_EMAIL, CUSTOMERS } from "./customer.ts"
import { DRAFT, DRAFT_ORDER } from "./draft.ts"
import { HEAD, LINES, lineItems, moneyMoves, ORDER, ORDER_COLLECTIONS } from "./order.ts"

export type ConnectionName = "customers" | "orders" | "draftOrders" | "abandonedCheckouts"

/** How a stream orders and bounds a connection, newest first. */
export interface Reading {
  sortKey: "UPDATED_AT" | "CREATED_AT" | "ID"
  /** The field of a row that says where it stands, and the search term that bounds it. */
  field: "createdAt" | "updatedAt"
  filter: string
  /** Rows come in the order of `field`. */
  isOrdered: boolean
}

export interface Connection {
  name: ConnectionName
  feeds: readonly string[]
  live: Reading
  list: Reading
  /** Of the longest list within a row, whose length is the variable `$<name>Lines`. */
  lines?: number
  fragments: string
  spread: string
  /** What is asked for of its rows while none of its collections is chosen; left out: it is not read then. */
  unchosen?: { fragments: string; spread: string }
}

const CHANGED: Reading = { sortKey: "UPDATED_AT", field: "updatedAt", filter: "updated_at", isOrdered: true }
const CREATED: Reading = { sortKey: "CREATED_AT", field: "createdAt", filter: "created_at", isOrdered: true }

export const CONNECTIONS: readonly Connection[] = [
  {
    name: "customers",
    feeds: [CUSTOMERS],
    live: CHANGED,
    list: { ...CREATED, filter: "customer_date" },
    fragments: CUSTOMER,
    spread: "CustomerParts",
    unchosen: { fragments: CUSTOMER_EMAIL, spread: "CustomerEmail" },
  },
  {
    name: "orders",
    feeds: ORDER_COLLECTIONS,
    live: CHANGED,
    list: CREATED,
    lines: LINES,
    fragments: ORDER,
    spread: "OrderParts",
  },
  {
    name: "draftOrders",
    feeds: [DRAFT_ORDER],
    live: CHANGED,
    // There is no CREATED_AT to sort by; ids are given in the order of creation.
    list: { ...CREATED, sortKey: "ID" },
    fragments: DRAFT,
    spread: "DraftParts",
  },
  {
    name: "abandonedCheckouts",
    feeds: [ABANDONED],
    // There is no UPDATED_AT to sort by: those that changed, by when they were begun.
    live: { ...CHANGED, sortKey: "CREATED_AT", isOrdered: false },
    list: CREATED,
    fragments: CHECKOUT,
    spread: "CheckoutParts",
  },
]

export const FEEDS = Object.fromEntries(CONNECTIONS.map(({ name, feeds }) => [name, feeds])) as Record<
  ConnectionName,
  readonly string[]
>

/** The most that any connection gives, and what is asked for of each beside others. */
export const ROWS_MAX = 250
export const ROWS_TOGETHER = 100
/** Orders completed by one request: 25 to 45 points each, and hardly fewer for fewer lines. */
export const COMPLETED_AT_ONCE = 20
/** Orders whose agreements are read as one list. */
export const SOLD_AT_ONCE = 50
/**
 * What was paid and given back of orders, and of those that are not complete even so. These lists take no cursor: no order has been
 * seen with nearly as many as the last length.
 */
export const MONEY_LENGTHS = {
  few: { transactions: 30, refunds: 15 },
  many: { transactions: 200, refunds: 90 },
}

export type MoneyLength = keyof typeof MONEY_LENGTHS

/** So many at a share of a full page: where answers are too large, everything is asked for in smaller pieces. */
export function partly(rows: number, share: number): number {
  return Math.max(1, Math.floor(rows * share))
}

/** The scopes come along where a list tells less without one of them. */
const SCOPES = "currentAppInstallation { accessScopes { handle } }"

export function readDocument(
  asked: readonly { connection: Pick<Connection, "name" | "lines" | "fragments" | "spread">; sortKey: string }[],
  withScopes: boolean,
): string {
  const variables = asked.map(({ connection: { name, lines } }) => {
    const own = `$${name}First: Int!, $${name}After: String, $${name}Query: String`
    return lines === undefined ? own : `${own}, $${name}Lines: Int!`
  })
  const fields = asked.map(({ connection: { name, spread }, sortKey }) => {
    const range = `first: $${name}First, after: $${name}After, query: $${name}Query`
    return `${name}(${range}, sortKey: ${sortKey}, reverse: true) { edges { cursor node { ...${spread} } } pageInfo { hasNextPage } }`
  })
  const fragments = asked.map(({ connection }) => connection.fragments)
  return [`query Read(${variables.join(", ")}) {`, ...(withScopes ? [SCOPES] : []), ...fields, "}", ...fragments].join(
    "\n",
  )
}

/** The next lines of some orders. */
export function linesDocument(orders: number): string {
  const each = [...Array(orders).keys()]
  const variables = each.map((index) => `$id${index}: ID!, $after${index}: String`)
  const fields = each.map(
    (index) =>
      `o${index}: order(id: $id${index}) { ...OrderHead ${lineItems(`first: $lines, after: $after${index}`)} }`,
  )
  return [`query Lines($lines: Int!, ${variables.join(", ")}) {`, ...fields, "}", HEAD].join("\n")
}

/**
 * What was sold of some orders, and when: the first of their agreements. One list of them is charged by the logarithm of its length,
 * one by one in full.
 */
export function soldDocument(): string {
  const agreements = agreementsOf("first: $agreements", "first: $sales")
  return [
    "query Sold($orders: Int!, $query: String!, $agreements: Int!, $sales: Int!) {",
    `orders(first: $orders, query: $query) { nodes { ...OrderHead ${agreements} } }`,
    "}",
    HEAD,
    SALE,
  ].join("\n")
}

/** Of some orders the agreements, or the sales of one agreement, that are left. */
export function agreementsDocument(orders: number): string {
  const each = [...Array(orders).keys()]
  const variables = each.map((index) => `$id${index}: ID!, $after${index}: String, $sales${index}: String`)
  const fields = each.map((index) => {
    const agreements = agreementsOf(`first: $agreements, after: $after${index}`, `first: $sales, after: $sales${index}`)
    return `o${index}: order(id: $id${index}) { ...OrderHead ${agreements} }`
  })
  return [
    `query Agreements($agreements: Int!, $sales: Int!, ${variables.join(", ")}) {`,
    ...fields,
    "}",
    HEAD,
    SALE,
  ].join("\n")
}

export function moneyDocument(orders: number, length: MoneyLength): string {
  const { transactions, refunds } = MONEY_LENGTHS[length]
  const each = [...Array(orders).keys()]
  const variables = each.map((index) => `$id${index}: ID!`)
  const moves = moneyMoves(transactions, refunds)
  const fields = each.map((index) => `o${index}: order(id: $id${index}) { ...OrderHead ${moves} }`)
  return [`query Money(${variables.join(", ")}) {`, ...fields, "}", HEAD].join("\n")
}
