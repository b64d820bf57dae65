/**
 * The GraphQL documents, put together from the connections that a request reads.
 *
 * A single query may cost 1,000 points, an object one point and a connection "sized by" its length; how exactly, Shopify does not
 * say. The sizes here keep under the limit when every row of every list is counted in full, which is the most it can come to.
 * https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits
 */
import { ABANDONED, CHECKOUT } from "./checkout.ts"
import { CUSTOMER, CUSTOMERS } from "./customer.ts"
import { DRAFT, DRAFT_ORDER } from "./draft.ts"
import { HEAD, lineItems, moneyMoves, ORDER, ORDER_COLLECTIONS } from "./order.ts"

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
  /** Rows when it is read alone, and beside the others. */
  alone: number
  together: number
  live: Reading
  list: Reading
  fragments: string
  spread: string
}

const CHANGED: Reading = { sortKey: "UPDATED_AT", field: "updatedAt", filter: "updated_at", isOrdered: true }
const CREATED: Reading = { sortKey: "CREATED_AT", field: "createdAt", filter: "created_at", isOrdered: true }

export const CONNECTIONS: readonly Connection[] = [
  {
    name: "customers",
    feeds: [CUSTOMERS],
    alone: 180,
    together: 24,
    live: CHANGED,
    list: { ...CREATED, filter: "customer_date" },
    fragments: CUSTOMER,
    spread: "CustomerParts",
  },
  {
    name: "orders",
    feeds: ORDER_COLLECTIONS,
    alone: 18,
    together: 12,
    live: CHANGED,
    list: CREATED,
    fragments: ORDER,
    spread: "OrderParts",
  },
  {
    name: "draftOrders",
    feeds: [DRAFT_ORDER],
    alone: 180,
    together: 12,
    live: CHANGED,
    // There is no CREATED_AT to sort by; ids are given in the order of creation.
    list: { ...CREATED, sortKey: "ID" },
    fragments: DRAFT,
    spread: "DraftParts",
  },
  {
    name: "abandonedCheckouts",
    feeds: [ABANDONED],
    alone: 75,
    together: 12,
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

/** Orders completed by one request, and how much of each: lines cost four points, six orders have room for 37. */
export const COMPLETED_AT_ONCE = 6
const COMPLETION_POINTS = 940
const HEAD_POINTS = 7
const LINE_POINTS = 4
/** The most that any connection gives. */
export const ROWS_MAX = 250
/** Pages are made larger up to this, where Shopify counts less than in full: reported are 25 points for 250 rows of two objects. */
export const PAGE_POINTS = 900
/**
 * What was paid and given back of orders, a few in full, and of one that is not complete even so. These lists take no cursor: no
 * order has been seen with nearly as many as the last length.
 */
export const MONEY_LENGTHS = {
  few: { orders: 6, transactions: 30, refunds: 15 },
  many: { orders: 1, transactions: 200, refunds: 90 },
}

export type MoneyLength = keyof typeof MONEY_LENGTHS

/** The scopes come along where a list tells less without one of them. */
const SCOPES = "currentAppInstallation { accessScopes { handle } }"

export function readDocument(
  asked: readonly { connection: Connection; sortKey: string }[],
  withScopes: boolean,
): string {
  const variables = asked.map(
    ({ connection: { name } }) => `$${name}First: Int!, $${name}After: String, $${name}Query: String`,
  )
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

export function linesOfEach(orders: number): number {
  return Math.min(ROWS_MAX, Math.floor((COMPLETION_POINTS / orders - HEAD_POINTS) / LINE_POINTS))
}

export function moneyDocument(orders: number, length: MoneyLength): string {
  const { transactions, refunds } = MONEY_LENGTHS[length]
  const each = [...Array(orders).keys()]
  const variables = each.map((index) => `$id${index}: ID!`)
  const moves = moneyMoves(transactions, refunds)
  const fields = each.map((index) => `o${index}: order(id: $id${index}) { ...OrderHead ${moves} }`)
  return [`query Money(${variables.join(", ")}) {`, ...fields, "}", HEAD].join("\n")
}
