/**
 * The GraphQL Admin API: documents are executed against the sandbox's part of the schema and paid for in points.
 * https://shopify.dev/docs/api/admin-graphql, https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits
 */
import { buildSchema, type DocumentNode, type ExecutionResult, execute, GraphQLError, parse, validate } from "graphql"
import { DAY_S, SECOND_MS } from "../clock.ts"
import { actualCost, requestedCost, SINGLE_QUERY_MAX } from "./cost.ts"
import { type ListArgs, list } from "./lists.ts"
import type { Row } from "./model.ts"
import { SDL } from "./schema.ts"
import { CUSTOMER_FIELDS, ORDER_FIELDS, type Predicate, predicateOf } from "./search.ts"
import { find, now, SHOWN_DAYS, type Shop } from "./shop.ts"
import {
  approve,
  type Context,
  checkoutView,
  connection,
  customerView,
  draftView,
  gid,
  orderView,
  permit,
} from "./views.ts"

export const schema = buildSchema(SDL)

/** The points left of one app in one shop. */
export interface Bucket {
  left: number
  /** Epoch ms: when `left` was true. */
  at: number
}

export interface GraphQLRequest {
  query: string
  variables?: Record<string, unknown>
}

const LIMITS_DOCS = "https://shopify.dev/api/usage/rate-limits"
const DOCUMENTS_KEPT = 200

const documents = new Map<string, DocumentNode | readonly GraphQLError[]>()

/** The whole answer body; Shopify sends failures with status 200 too. */
export function answerGraphQL(context: Context, request: GraphQLRequest, bucket: Bucket): Record<string, unknown> {
  const document = documentOf(request.query)
  if (isRefused(document)) return { errors: document.map(formatted) }
  const query = { schema, document, variables: request.variables ?? {} }
  const { charging } = context.shop.options
  const requested = requestedCost(query, charging)
  if (requested > SINGLE_QUERY_MAX) return tooCostly(requested)
  refill(context.shop, bucket)
  if (requested > bucket.left) return { errors: [throttled()], extensions: cost(context.shop, bucket, requested, null) }
  const { data, errors } = run(context, document, request.variables ?? {})
  const actual = Math.min(requested, actualCost(query, charging, data))
  bucket.left -= actual
  return {
    data: data ?? null,
    ...(errors && { errors: errors.map(formatted) }),
    extensions: cost(context.shop, bucket, requested, actual),
  }
}

export function throttled() {
  return { message: "Throttled", extensions: { code: "THROTTLED", documentation: LIMITS_DOCS } }
}

export function cost(shop: Shop, bucket: Bucket, requested: number, actual: number | null) {
  const { maximum, rate } = shop.options.bucket
  const throttleStatus = { maximumAvailable: maximum, currentlyAvailable: Math.floor(bucket.left), restoreRate: rate }
  return { cost: { requestedQueryCost: requested, actualQueryCost: actual, throttleStatus } }
}

function documentOf(query: string): DocumentNode | readonly GraphQLError[] {
  const known = documents.get(query)
  if (known) return known
  if (documents.size >= DOCUMENTS_KEPT) documents.clear()
  const made = read(query)
  documents.set(query, made)
  return made
}

function read(query: string): DocumentNode | readonly GraphQLError[] {
  try {
    const document = parse(query)
    const faults = validate(schema, document)
    return faults.length > 0 ? faults.map((fault) => coded(fault, "undefinedField")) : document
  } catch (error) {
    return [error instanceof GraphQLError ? coded(error, "parseError") : new GraphQLError(String(error))]
  }
}

function isRefused(read: DocumentNode | readonly GraphQLError[]): read is readonly GraphQLError[] {
  return Array.isArray(read)
}

function coded(error: GraphQLError, code: string): GraphQLError {
  return new GraphQLError(error.message, { nodes: error.nodes ?? null, extensions: { code } })
}

function tooCostly(requested: number): Record<string, unknown> {
  const message = `Query cost is ${requested}, which exceeds the single query max cost limit (${SINGLE_QUERY_MAX}).`
  const extensions = {
    code: "MAX_COST_EXCEEDED",
    cost: requested,
    maxCost: SINGLE_QUERY_MAX,
    documentation: LIMITS_DOCS,
  }
  return { errors: [{ message, extensions }] }
}

function refill(shop: Shop, bucket: Bucket): void {
  const { maximum, rate } = shop.options.bucket
  const present = now(shop)
  const passed = Math.max(0, present - bucket.at) / SECOND_MS
  bucket.left = Math.min(maximum, bucket.left + passed * rate)
  bucket.at = present
}

function run(context: Context, document: DocumentNode, variableValues: Record<string, unknown>): ExecutionResult {
  const result = execute({ schema, document, rootValue: rootOf(context), contextValue: context, variableValues })
  if (result instanceof Promise) throw new Error("the sandbox resolves nothing asynchronously")
  return result as ExecutionResult
}

function formatted(error: GraphQLError) {
  const { message, locations, path, extensions } = error.toJSON()
  return { message, ...(locations && { locations }), ...(path && { path }), ...(extensions && { extensions }) }
}

function rootOf(context: Context) {
  const { shop, viewer } = context
  return {
    shop: {
      id: gid("Shop", shop.seed),
      name: shop.options.title,
      myshopifyDomain: `${shop.name}.myshopify.com`,
      currencyCode: shop.options.currency,
      plan: { partnerDevelopment: shop.options.isDevelopment, publicDisplayName: "Basic", shopifyPlus: false },
    },
    currentAppInstallation: {
      id: gid("AppInstallation", shop.seed),
      accessScopes: [...viewer.scopes].map((handle) => ({ handle })),
    },
    customers: (args: ListArgs) => {
      permit(context, "customers", "read_customers")
      approve(context, "Customer", 1)
      const isFound = visible(shop, predicateOf(args.query, CUSTOMER_FIELDS))
      return connection(list(shop.tables.customer, args, isFound, now(shop)), (row) => customerView(row, context))
    },
    customer: ({ id }: { id: string }) => {
      permit(context, "customer", "read_customers")
      const row = find(shop, "customer", numberOf(id))
      return row ? customerView(row, context) : null
    },
    orders: (args: ListArgs) => {
      permit(context, "orders", "read_orders")
      approve(context, "Order", 1)
      const isFound = visible(shop, predicateOf(args.query, ORDER_FIELDS))
      const isShown = shownOrders(context)
      return connection(
        list(shop.tables.order, args, (row) => isFound(row) && isShown(row), now(shop)),
        (row) => orderView(row, context),
      )
    },
    order: ({ id }: { id: string }) => {
      permit(context, "order", "read_orders")
      approve(context, "Order", 1)
      const row = find(shop, "order", numberOf(id))
      return row && shownOrders(context)(row) ? orderView(row, context) : null
    },
    draftOrders: (args: ListArgs) => {
      permit(context, "draftOrders", "read_draft_orders")
      approve(context, "DraftOrder", 1)
      const isFound = visible(shop, predicateOf(args.query, ORDER_FIELDS))
      return connection(list(shop.tables.draft, args, isFound, now(shop)), (row) => draftView(row, context))
    },
    abandonedCheckouts: (args: ListArgs) => {
      permit(context, "abandonedCheckouts", "read_orders")
      approve(context, "AbandonedCheckout", 1)
      const isFound = visible(shop, predicateOf(args.query, ORDER_FIELDS))
      return connection(list(shop.tables.checkout, args, isFound, now(shop)), (row) => checkoutView(row, context))
    },
  }
}

function visible(shop: Shop, isFound: Predicate): Predicate {
  const present = now(shop)
  return (row) => row.visibleAt <= present && isFound(row)
}

/** "Only the last 60 days' worth of orders from a store are accessible by default." */
function shownOrders({ shop, viewer }: Context): (row: Row) => boolean {
  const since = viewer.scopes.has("read_all_orders") ? 0 : now(shop) - SHOWN_DAYS * DAY_S * SECOND_MS
  return (row) => row.created >= since
}

function numberOf(id: string): number {
  return Number(id.split("/").at(-1))
}
