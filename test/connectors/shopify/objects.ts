/** Builders for tests of the Shopify connector: contexts, answers, and objects as the Admin API gives them. */
import type { NormalizeContext, PageContext, Stream } from "../../../src/connectors/kit/define.ts"
import type { JsonValue } from "../../../src/connectors/kit/item.ts"
import type { Config } from "../../../src/connectors/shopify/shape.ts"
import { shopify } from "../../../src/connectors/shopify.ts"

/** 2026-03-01T00:00:00Z */
export const T = Date.UTC(2026, 2, 1)
export const SECOND = 1000
export const HOUR = 3_600_000
export const DAY = 24 * HOUR

export const CONFIG: Config = { shop: "example.myshopify.com", paymentsElsewhere: [], countTestPayments: false }
/** As people are named by their ids. */
export const idOf = (id: string) => `shopify:${CONFIG.shop}:${id}`
export const ALL: ReadonlySet<string> = new Set(shopify.collections.map(({ name }) => name))

export type Node = { [key: string]: JsonValue }
export type Request = { query: string; variables: Record<string, JsonValue> }

export function streamOf(name: string): Stream<Config> {
  const stream = shopify.streams.find((one) => one.name === name)
  if (!stream) throw new Error(`no stream ${name}`)
  return stream
}

export function pageContext(
  changes: Partial<PageContext<Config>> = {},
  stream = streamOf("changes"),
): PageContext<Config> {
  return {
    config: CONFIG,
    account: { id: CONFIG.shop, name: "Example", mode: "live" },
    collections: new Set(stream.collections),
    window: { from: T, to: null },
    pageToken: null,
    pageSize: stream.pageSize,
    ...changes,
  }
}

export function reading(changes: Partial<NormalizeContext<Config>> = {}): NormalizeContext<Config> {
  const { config, account } = pageContext()
  return { config, account, collections: ALL, identity: "email", via: "feed", followed: [], asked: T + DAY, ...changes }
}

export function requestOf(stream: Stream<Config>, ctx: PageContext<Config>): Request {
  return stream.request(ctx).body as unknown as Request
}

export function answer(body: JsonValue, headers: Record<string, string> = {}) {
  return { body, headers: new Headers({ date: new Date(T + DAY).toUTCString(), ...headers }) }
}

/** Of an order's parts: the cursor where there are more. */
export function connection(nodes: JsonValue[], endCursor: string | null = null): JsonValue {
  return { nodes, pageInfo: { hasNextPage: endCursor !== null, endCursor } }
}

/** A list that is paged: every row with its cursor, the last one's given where there are more. */
export function listed(nodes: JsonValue[], endCursor: string | null = null): JsonValue {
  const edges = nodes.map((node, index) => ({
    cursor: index === nodes.length - 1 && endCursor !== null ? endCursor : `c${index}`,
    node,
  }))
  return { edges, pageInfo: { hasNextPage: endCursor !== null } }
}

export function at(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z")
}

export function money(amount: string, currencyCode = "USD"): JsonValue {
  return { shopMoney: { amount, currencyCode } }
}

export const ADA: JsonValue = {
  id: "gid://shopify/Customer/11",
  defaultEmailAddress: { emailAddress: "Ada@Example.com" },
}

export function customer(changes: Node = {}): Node {
  return {
    id: "gid://shopify/Customer/11",
    firstName: "Ada",
    lastName: "Lovelace",
    locale: "en",
    tags: ["VIP", "Repeat"],
    state: "ENABLED",
    taxExempt: false,
    verifiedEmail: true,
    numberOfOrders: "3",
    createdAt: at(T - 90 * DAY),
    updatedAt: at(T + HOUR),
    amountSpent: { amount: "123.45", currencyCode: "USD" },
    defaultEmailAddress: { emailAddress: "Ada@Example.com", marketingState: "SUBSCRIBED" },
    defaultPhoneNumber: { phoneNumber: "+15550100" },
    defaultAddress: { city: "London", province: "England", zip: "W1", countryCodeV2: "GB" },
    ...changes,
  }
}

export function transaction(changes: Node = {}): Node {
  return {
    id: "gid://shopify/OrderTransaction/31",
    kind: "SALE",
    status: "SUCCESS",
    test: false,
    gateway: "shopify_payments",
    errorCode: null,
    createdAt: at(T + HOUR),
    processedAt: at(T + HOUR),
    amountSet: money("40.00"),
    ...changes,
  }
}

/** What discounts take off a line. */
export function allocations(...amounts: string[]): JsonValue {
  return amounts.map((amount) => ({ allocatedAmountSet: money(amount) }))
}

/** What an agreement sold of a line. */
export function sale(changes: Node = {}): Node {
  const { id, title, variantTitle, sku, vendor, product } = line()
  return {
    id: "gid://shopify/Sale/91",
    actionType: "ORDER",
    lineType: "PRODUCT",
    quantity: 2,
    totalAmount: money("43.00"),
    totalTaxAmount: money("3.00"),
    lineItem: { id, title, variantTitle, sku, vendor, product } as JsonValue,
    ...changes,
  }
}

export function agreement(
  reason: string,
  happenedAt: string,
  sales: Node[],
  endCursor: string | null = null,
): JsonValue {
  return { happenedAt, reason, sales: connection(sales, endCursor) }
}

export function line(changes: Node = {}): Node {
  return {
    id: "gid://shopify/LineItem/41",
    quantity: 2,
    title: "Mug",
    variantTitle: "Blue",
    sku: "MUG-B",
    vendor: "Acme",
    product: { id: "gid://shopify/Product/51" },
    isGiftCard: false,
    originalTotalSet: money("40.00"),
    discountAllocations: [],
    ...changes,
  }
}

export function refund(changes: Node = {}): Node {
  return {
    id: "gid://shopify/Refund/61",
    createdAt: at(T + 2 * HOUR),
    processedAt: at(T + 2 * HOUR),
    totalRefundedSet: money("10.00"),
    ...changes,
  }
}

export function order(changes: Node = {}): Node {
  return {
    id: "gid://shopify/Order/21",
    name: "#1001",
    createdAt: at(T + HOUR),
    updatedAt: at(T + 2 * HOUR),
    email: "ada@example.com",
    test: false,
    edited: false,
    totalTipReceivedSet: money("0.0"),
    customer: ADA,
    processedAt: at(T + HOUR),
    cancelledAt: null,
    cancelReason: null,
    sourceName: "web",
    presentmentCurrencyCode: "EUR",
    subtotalLineItemsQuantity: 2,
    discountCodes: [],
    originalTotalPriceSet: money("40.00"),
    lineItems: connection([line()]),
    transactions: [transaction()],
    refunds: [],
    ...changes,
  }
}

export function draftOrder(changes: Node = {}): Node {
  return {
    id: "gid://shopify/DraftOrder/71",
    name: "#D1",
    createdAt: at(T + HOUR),
    updatedAt: at(T + HOUR),
    email: null,
    totalQuantityOfLineItems: 4,
    customer: ADA,
    totalPriceSet: money("99.00"),
    ...changes,
  }
}

export function checkout(changes: Node = {}): Node {
  return {
    id: "gid://shopify/AbandonedCheckout/81",
    name: "#81",
    createdAt: at(T + HOUR),
    updatedAt: at(T + 2 * HOUR),
    completedAt: null,
    customer: ADA,
    totalPriceSet: money("15.50"),
    lineItems: { nodes: [{ title: "Mug" }, { title: "Bowl" }] },
    ...changes,
  }
}
