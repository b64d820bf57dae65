/**
 * What the destination must hold of a simulated shop, worked out from the ledger of what really happened there. As `oracle.ts`, it
 * knows the product's promises and nothing of its code.
 */
import type { JsonObject } from "../sandbox/json.ts"
import { emailsSince, type Fact, type FactName } from "../sandbox/shopify/ledger.ts"
import { type CustomerRow, DIGITS, type Line, type OrderRow, type TransactionKind } from "../sandbox/shopify/model.ts"
import { get, type Shop } from "../sandbox/shopify/shop.ts"
import type { Expectation, ExpectedFact, ExpectedPerson } from "./oracle.ts"

/** What of a shop should have arrived. Epoch ms. */
export interface ShopSpan {
  /** The source's start date: facts before are not wanted. */
  from: number
  /** When the last sync began: what the shop showed only later need not have been read. */
  shownBy: number
}

export function shopExpectationOf(shop: Shop, span: ShopSpan): Expectation {
  const people = [...shop.tables.customer.byId.values()].filter(({ visibleAt }) => visibleAt <= span.shownBy)
  return {
    facts: shop.facts.flatMap((fact) => factOf(fact, shop, span)).filter(({ time }) => time >= span.from),
    people: people.map((row) => personOf(row, shop)),
    aliases: people.flatMap(({ id, email }) =>
      email === null ? [] : [{ former: personId(shop, id), userId: email.toLowerCase() }],
    ),
  }
}

// ------------------------------------------------------------------------------------------------------------- facts

type Reading = [collection: string, name: string, data: (fact: Fact, shop: Shop) => JsonObject]

/** Facts that the product tells of, under which name, and what it says of each. */
const READ: Partial<Record<FactName, Reading>> = {
  checkout_left: ["Abandoned checkouts", "abandoned", checkoutData],
  draft_entered: ["Draft order placed", "placed", draftData],
  order_placed: ["Placed order", "placed", placedData],
  line_ordered: ["Product ordered", "ordered", lineData],
  line_added: ["Product ordered", "added", lineData],
  order_cancelled: ["Order cancelled", "cancelled", cancelledData],
  refund_made: ["Order refunded", "refunded", (fact, shop) => ({ refundId: String(fact.id), ...moneyOf(fact, shop) })],
  payment_taken: ["Charge", "succeeded", chargeData],
  payment_failed: ["Charge", "failed", chargeData],
  money_returned: ["Charge", "succeeded", chargeData],
  credit_moved: ["Charge", "succeeded", chargeData],
}

function factOf(fact: Fact, shop: Shop, { shownBy }: ShopSpan): ExpectedFact[] {
  const [collection, name, data] = READ[fact.fact] ?? []
  // Nobody pays in a development shop, nor with the test gateway.
  if (!collection || !data || (collection === "Charge" && fact.isTest)) return []
  const about = fact.order === null ? {} : orderData(get(shop, "order", fact.order))
  return [
    {
      collection,
      key: `${fact.id}:${name}`,
      record: recordOf(fact, shop),
      // Shopify shows no fractions of a second.
      time: wholeSecond(fact.at),
      people: peopleOf(fact, shop),
      data: { ...about, ...data(fact, shop), test: fact.isTest || null },
      optional: fact.shownAt > shownBy,
    },
  ]
}

/** What names the record in what is told of it. */
function recordOf(fact: Fact, shop: Shop): string {
  return String(fact.fact === "line_added" ? lineOf(fact, shop).line.id : fact.id)
}

const KINDS: Readonly<Record<string, string>> = { draft_entered: "draftOrder", checkout_left: "abandonedCheckout" }

/** The customer's email, of then or later; their id while they have none. A guest: what the record was left with, else the record. */
function peopleOf({ fact, id, order, customer, email, shownAt }: Fact, shop: Shop): string[] {
  const guest = email?.toLowerCase() ?? personId(shop, `${KINDS[fact] ?? "order"}:${order ?? id}`)
  if (customer === null) return [guest]
  const names = emailsSince(shop.facts, customer, shownAt).map((known) => known ?? personId(shop, customer))
  const isGone = !shop.tables.customer.byId.has(customer)
  return [...names, ...(isGone ? [guest] : [])]
}

function personId({ name }: Shop, id: number | string): string {
  return `shopify:${name}.myshopify.com:${id}`
}

function orderData({ id, number }: OrderRow): JsonObject {
  return { orderId: String(id), order: `#${number}` }
}

function placedData(fact: Fact, shop: Shop): JsonObject {
  const order = get(shop, "order", fact.id)
  return {
    ...moneyOf(fact, shop),
    // Read before lines were added to it, it says so; read after, it does not know.
    ...(!isChanged(order) && {
      quantity: order.lines.reduce((sum, { kind, quantity }) => (kind === "product" ? sum + quantity : sum), 0),
    }),
    channel: order.source,
    presentmentCurrency: order.presentment.toLowerCase(),
    discountCodes: listed(order.discountCodes),
    processedAt: iso(order.processed),
  }
}

function isChanged({ isEdited, agreements }: OrderRow): boolean {
  return isEdited || agreements.some(({ reason }) => reason === "RETURN")
}

function lineData(fact: Fact, shop: Shop): JsonObject {
  const { line, quantity } = lineOf(fact, shop)
  return {
    ...moneyOf(fact, shop),
    lineItemId: String(line.id),
    productId: line.product === null ? null : String(line.product),
    product: line.title,
    variant: line.variant,
    sku: line.sku,
    vendor: line.vendor,
    quantity,
  }
}

/** By its id, or by the sale that added to it; and how many of it were ordered by that. */
function lineOf({ fact, id, order, quantity }: Fact, shop: Shop): { line: Line; quantity: number | null } {
  const { lines, agreements } = get(shop, "order", order ?? 0)
  const sale = agreements.flatMap(({ sales }) => sales).find((one) => one.id === id)
  const line = lines.find((one) => one.id === (fact === "line_added" ? sale?.line : id))
  if (!line) throw new Error(`no line of ${id}`)
  return { line, quantity }
}

function cancelledData(fact: Fact, shop: Shop): JsonObject {
  return { ...moneyOf(fact, shop), reason: lower(get(shop, "order", fact.id).cancelReason) }
}

const TYPES: Partial<Record<TransactionKind, string>> = {
  SALE: "payment",
  CAPTURE: "payment",
  REFUND: "refund",
  CHANGE: "change",
}

/** What a customer was credited before, by the gateway that pays with it. */
const CREDITS: Readonly<Record<string, string>> = {
  gift_card: "giftCard",
  shopify_store_credit: "storeCredit",
  "store-credit": "storeCredit",
  "exchange-credit": "storeCredit",
}

function chargeData(fact: Fact, shop: Shop): JsonObject {
  const move = get(shop, "order", fact.order ?? 0).transactions.find(({ id }) => id === fact.id)
  if (!move) throw new Error(`no transaction ${fact.id}`)
  const { amount = null, currency = null } = moneyOf(fact, shop)
  const type = TYPES[move.kind] ?? null
  const kind = CREDITS[move.gateway] ?? null
  const isPayment = type === "payment" && kind === null
  return {
    amount: isPayment ? amount : null,
    amount_refunded: isPayment || kind !== null ? null : amount,
    creditAmount: kind === null ? null : amount,
    ...{ type, kind, currency },
    status: fact.fact === "payment_failed" ? "failed" : kind === null ? "succeeded" : "credit",
    transactionId: String(move.id),
    gateway: move.gateway,
    failureCode: lower(move.error),
  }
}

/** What is changed later is not what was entered, and is not told as such. */
const ENTERED_WITHIN_MS = 60_000

function draftData(fact: Fact, shop: Shop): JsonObject {
  const draft = get(shop, "draft", fact.id)
  const isAsEntered = draft.updated <= draft.created + ENTERED_WITHIN_MS
  const entered = isAsEntered ? { ...moneyOf(fact, shop), quantity: draft.quantity } : {}
  return { ...entered, draftOrderId: String(draft.id), draftOrder: `#D${draft.number}` }
}

/** The first products are named. */
const NAMED = 5

function checkoutData(fact: Fact, shop: Shop): JsonObject {
  const { id, lines, completed } = get(shop, "checkout", fact.id)
  const products = lines.slice(0, NAMED).map(({ title }) => title)
  const cart = completed === null ? { ...moneyOf(fact, shop), products: listed(products) } : {}
  return { ...cart, checkoutId: String(id), checkout: `#${id}` }
}

// ------------------------------------------------------------------------------------------------------------ people

function personOf(row: CustomerRow, shop: Shop): ExpectedPerson {
  const key = String(row.id)
  const email = lower(row.email)
  const attributes = {
    name: [row.firstName, row.lastName].filter(Boolean).join(" ") || null,
    ...{ email, phone: row.phone, city: row.city, country: row.country },
    shopify_customerId: key,
    ...{ shopify_firstName: row.firstName, shopify_lastName: row.lastName },
    ...{ shopify_region: row.province, shopify_postalCode: row.zip, shopify_locale: row.locale },
    shopify_emailMarketing: email === null ? null : row.isSubscribed ? "subscribed" : "not_subscribed",
    ...{ shopify_verifiedEmail: row.isVerified, shopify_taxExempt: false, shopify_tags: listed(row.tags) },
    ...{ shopify_orders: row.orders, shopify_amountSpent: major(row.spent, shop) },
    ...{ shopify_currency: shop.options.currency.toLowerCase(), shopify_createdAt: iso(row.created) },
  }
  return { key, deleted: false, people: [email ?? personId(shop, row.id)], attributes }
}

// ------------------------------------------------------------------------------------------------------------ values

function moneyOf({ amount }: Fact, shop: Shop): JsonObject {
  return { amount: major(amount ?? 0, shop), currency: shop.options.currency.toLowerCase() }
}

function major(minor: number, { options: { currency } }: Shop): number {
  return minor / 10 ** (DIGITS[currency] ?? 2)
}

function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000
}

function iso(ms: number): string {
  return new Date(wholeSecond(ms)).toISOString()
}

function lower(text: string | null): string | null {
  return text?.toLowerCase() ?? null
}

function listed(words: readonly string[]): string | null {
  return words.length > 0 ? words.join(", ") : null
}
