/**
 * What the destination must hold of a simulated shop, worked out from the ledger of what really happened there. As `oracle.ts`, it
 * knows the product's promises and nothing of its code.
 */
import type { JsonObject } from "../sandbox/json.ts"
import type { Fact, FactName } from "../sandbox/shopify/ledger.ts"
import { type CustomerRow, DIGITS, type OrderRow, type TransactionKind } from "../sandbox/shopify/model.ts"
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
  const known = { shop, emails: emailsOf(shop) }
  const people = [...shop.tables.customer.byId.values()].filter(({ visibleAt }) => visibleAt <= span.shownBy)
  return {
    facts: shop.facts.flatMap((fact) => factOf(fact, known, span)).filter(({ time }) => time >= span.from),
    people: people.map((row) => personOf(row, known)),
    aliases: people.flatMap(({ id, email }) =>
      email === null ? [] : [{ former: String(id), userId: email.toLowerCase() }],
    ),
  }
}

interface Known {
  shop: Shop
  /** Every address a customer ever had: which one was known depends on when a record was read. */
  emails: ReadonlyMap<number, readonly string[]>
}

function emailsOf({ facts }: Shop): Map<number, string[]> {
  const had = new Map<number, string[]>()
  for (const { fact, customer, email } of facts) {
    if ((fact !== "customer_added" && fact !== "email_changed") || customer === null || email === null) continue
    had.set(customer, [...(had.get(customer) ?? []), email.toLowerCase()])
  }
  return had
}

// ------------------------------------------------------------------------------------------------------------- facts

type Reading = [collection: string, name: string, data: (fact: Fact, shop: Shop) => JsonObject]

/** Facts that the product tells of, under which name, and what it says of each. */
const READ: Partial<Record<FactName, Reading>> = {
  checkout_left: ["Abandoned checkouts", "abandoned", checkoutData],
  draft_entered: ["Draft order placed", "placed", draftData],
  order_placed: ["Placed order", "placed", placedData],
  line_ordered: ["Product ordered", "ordered", lineData],
  order_cancelled: ["Order cancelled", "cancelled", cancelledData],
  refund_made: ["Order refunded", "refunded", (fact, shop) => ({ refundId: String(fact.id), ...moneyOf(fact, shop) })],
  payment_taken: ["Charge", "succeeded", chargeData],
  payment_failed: ["Charge", "failed", chargeData],
  money_returned: ["Charge", "succeeded", chargeData],
}

function factOf(fact: Fact, known: Known, { shownBy }: ShopSpan): ExpectedFact[] {
  const [collection, name, data] = READ[fact.fact] ?? []
  if (!collection || !data) return []
  const about = fact.order === null ? {} : orderData(get(known.shop, "order", fact.order))
  return [
    {
      collection,
      key: `${fact.id}:${name}`,
      record: String(fact.id),
      // Shopify shows no fractions of a second.
      time: wholeSecond(fact.at),
      people: peopleOf(fact, known),
      data: { ...about, ...data(fact, known.shop) },
      optional: fact.shownAt > shownBy,
    },
  ]
}

/** Without the customer: who is deleted later is not named by orders that are read after that. */
function peopleOf({ id, order, customer, email }: Fact, { emails }: Known): string[] {
  const had = customer === null ? [] : [...(emails.get(customer) ?? []), String(customer)]
  return [...had, ...(email === null ? [] : [email.toLowerCase()]), String(order ?? id)]
}

function orderData({ id, number }: OrderRow): JsonObject {
  return { orderId: String(id), order: `#${number}` }
}

function placedData(fact: Fact, shop: Shop): JsonObject {
  const order = get(shop, "order", fact.id)
  return {
    ...moneyOf(fact, shop),
    quantity: order.lines.reduce((sum, { quantity }) => sum + quantity, 0),
    channel: order.source,
    presentmentCurrency: order.presentment.toLowerCase(),
    discountCodes: listed(order.discountCodes),
    processedAt: iso(order.processed),
  }
}

function lineData(fact: Fact, shop: Shop): JsonObject {
  const line = get(shop, "order", fact.order ?? 0).lines.find(({ id }) => id === fact.id)
  if (!line) throw new Error(`no line ${fact.id}`)
  return {
    ...moneyOf(fact, shop),
    lineItemId: String(line.id),
    productId: line.product === null ? null : String(line.product),
    product: line.title,
    variant: line.variant,
    sku: line.sku,
    vendor: line.vendor,
    quantity: line.quantity,
  }
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

function chargeData(fact: Fact, shop: Shop): JsonObject {
  const move = get(shop, "order", fact.order ?? 0).transactions.find(({ id }) => id === fact.id)
  if (!move) throw new Error(`no transaction ${fact.id}`)
  const { amount = null, currency = null } = moneyOf(fact, shop)
  const type = TYPES[move.kind] ?? null
  return {
    ...(type === "payment" ? { amount } : { amount_refunded: amount }),
    ...{ type, currency },
    status: fact.fact === "payment_failed" ? "failed" : "succeeded",
    transactionId: String(move.id),
    gateway: move.gateway,
    failureCode: lower(move.error),
  }
}

function draftData(fact: Fact, shop: Shop): JsonObject {
  const draft = get(shop, "draft", fact.id)
  const about = { draftOrderId: String(draft.id), draftOrder: `#D${draft.number}`, quantity: draft.quantity }
  return { ...moneyOf(fact, shop), ...about }
}

/** The first products are named. */
const NAMED = 5

function checkoutData(fact: Fact, shop: Shop): JsonObject {
  const { id, lines } = get(shop, "checkout", fact.id)
  const products = lines.slice(0, NAMED).map(({ title }) => title)
  return { ...moneyOf(fact, shop), checkoutId: String(id), checkout: `#${id}`, products: listed(products) }
}

// ------------------------------------------------------------------------------------------------------------ people

function personOf(row: CustomerRow, { shop }: Known): ExpectedPerson {
  const key = String(row.id)
  const email = lower(row.email)
  const attributes = {
    shopifyCustomerId: key,
    name: [row.firstName, row.lastName].filter(Boolean).join(" ") || null,
    ...{ firstName: row.firstName, lastName: row.lastName, email, phone: row.phone },
    ...{ city: row.city, region: row.province, postalCode: row.zip, country: row.country, locale: row.locale },
    emailMarketing: email === null ? null : row.isSubscribed ? "subscribed" : "not_subscribed",
    ...{ verifiedEmail: row.isVerified, taxExempt: false, tags: listed(row.tags), orders: row.orders },
    ...{ amountSpent: major(row.spent, shop), currency: shop.options.currency.toLowerCase() },
    createdAt: iso(row.created),
  }
  return { key, deleted: false, people: [email ?? key], attributes }
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
