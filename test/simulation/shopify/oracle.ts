/** Shopify's ledger as the oracle asks it: what must have arrived, whom it must name, and what the source must have admitted. */
import type { Received } from "../../sandbox/intempt/track.ts"
import type { JsonObject } from "../../sandbox/json.ts"
import { emailsSince, type Fact, type FactName } from "../../sandbox/shopify/ledger.ts"
import { DIGITS } from "../../sandbox/shopify/model.ts"
import type { Shop } from "../../sandbox/shopify/shop.ts"
import { type Expected, groupBy, type Ledger, type Outcome, unionOf } from "../oracle.ts"
import { DAY, type Scenario } from "../scenario.ts"
import type { Sight } from "./account.ts"
import { type Chronicle, stateArrived } from "./chronicle.ts"

const CUSTOMERS = "Customers"
const CHECKOUTS = "Abandoned checkouts"
const SHOWN_DAYS = 60
/** The connector's: by how much live reading begins before the source was connected. */
const STARTS_BACK_MS = 86_400_000
const LOOKBACK_MS = 1_800_000

const COLLECTIONS: Partial<Record<FactName, string>> = {
  checkout_left: CHECKOUTS,
  draft_entered: "Draft order placed",
  order_placed: "Placed order",
  line_ordered: "Product ordered",
  line_added: "Product ordered",
  order_cancelled: "Order cancelled",
  refund_made: "Order refunded",
  payment_taken: "Charge",
  payment_failed: "Charge",
  money_returned: "Charge",
  credit_moved: "Charge",
}

/** A draft and a cart are shown as they are when they are read, and what they were before is not told. */
const SHOWN_AS_THEY_ARE: ReadonlySet<FactName> = new Set(["draft_entered", "checkout_left"])

/** What came to how much is looked at below, by what kind of amount it is. */
const MONEY_OR_CREDIT: ReadonlySet<FactName> = new Set(["line_ordered", "line_added", "payment_failed", "credit_moved"])

const KINDS: Readonly<Record<string, string>> = { draft_entered: "draftOrder", checkout_left: "abandonedCheckout" }

interface Parts {
  shop: Shop
  chronicle: Chronicle
  sight: Sight
  /** At times the app does not see who ordered. */
  hidesCustomers: boolean
  /** As the product names people by their ids. */
  idOf(id: string): string
  scenario: Scenario
}

export function shopifyLedger(parts: Parts): Ledger {
  const { shop, chronicle } = parts
  return {
    objects: CUSTOMERS,
    expected: () => shop.facts.flatMap((fact) => expected(parts, fact)),
    nameOf,
    people: () =>
      [...chronicle.states].map(([id, states]) => ({
        id: String(id),
        states,
        // Who has left is in no list, and Shopify's lists do not tell that anybody did.
        isDue: () => shop.tables.customer.byId.has(id),
      })),
    customerIn: ({ shopify_customerId: id }) => String(id),
    stateIn: stateArrived,
    // No record of Shopify's says that an email is new: a customer that changes is joined to its email again.
    repeatedJoins: () => [],
    faults: (outcome) => [
      ...identityFaults(parts, outcome),
      ...contentFaults(parts, outcome),
      ...limitFaults(parts, outcome),
    ],
  }
}

// -------------------------------------------------------------------------------------------------------------- facts

function expected(parts: Parts, fact: Fact): Expected[] {
  const collection = COLLECTIONS[fact.fact]
  // Nobody pays in a development shop, nor with the test gateway.
  if (!collection || (collection === "Charge" && fact.isTest)) return []
  const isPlain = !SHOWN_AS_THEY_ARE.has(fact.fact) && !MONEY_OR_CREDIT.has(fact.fact)
  const common = {
    customer: fact.customer === null ? null : String(fact.customer),
    amount: isPlain ? amountOf(parts, fact) : null,
    // By the email that the customer had then (`identityFaults`).
    person: null,
    times: [seconds(fact.at)],
  }
  return [{ ...common, collection, name: nameOfFact(parts, fact), isDue: (outcome) => isDue(parts, fact, outcome) }]
}

function amountOf({ shop }: Parts, { amount }: Fact): number | null {
  return amount === null ? null : amount / 10 ** (DIGITS[shop.options.currency] ?? 2)
}

/** Something of a line can be ordered several times: what was ordered when. */
function nameOfFact({ shop }: Parts, { fact, id, at, order }: Fact): string {
  if (fact === "line_ordered") return `line ${id} ${seconds(at)}`
  if (fact !== "line_added" || order === null) return `${fact} ${id}`
  const sales = shop.tables.order.byId.get(order)?.agreements.flatMap((agreement) => agreement.sales) ?? []
  return `line ${sales.find((sale) => sale.id === id)?.line} ${seconds(at)}`
}

function isDue(parts: Parts, fact: Fact, outcome: Outcome): boolean {
  return isShown(parts, fact) && !isLeftLate(fact, outcome)
}

/** Without `read_all_orders` an order is seen for sixty days. */
function isShown({ shop, sight, scenario }: Parts, { order }: Fact): boolean {
  const row = order === null ? undefined : shop.tables.order.byId.get(order)
  if (sight.seesAllOrders || !row) return true
  return row.created >= scenario.calmAt + scenario.skewMs - SHOWN_DAYS * DAY
}

/**
 * A checkout is dated by its beginning and listed once it counts as abandoned. One that was begun before live reading began, and is
 * left after the list was read, is in neither.
 */
function isLeftLate({ fact, at, shownAt }: Fact, { connectedFrom, switchedOff }: Outcome): boolean {
  if (fact !== "checkout_left" || shownAt - at <= LOOKBACK_MS) return false
  return switchedOff.has(CHECKOUTS) || (at < connectedFrom - STARTS_BACK_MS - LOOKBACK_MS && shownAt > connectedFrom)
}

/** The name of what arrived, by what it says of itself; null for people and aliases. */
function nameOf(collection: string, data: JsonObject, timestamp: number): string | null {
  switch (collection) {
    case CHECKOUTS:
      return `checkout_left ${data.checkoutId}`
    case "Draft order placed":
      return `draft_entered ${data.draftOrderId}`
    case "Placed order":
      return `order_placed ${data.orderId}`
    case "Product ordered":
      return `line ${data.lineItemId} ${timestamp}`
    case "Order cancelled":
      return `order_cancelled ${data.orderId}`
    case "Order refunded":
      return `refund_made ${data.refundId}`
    case "Charge":
      return `${chargeOf(data)} ${data.transactionId}`
    default:
      return null
  }
}

function chargeOf({ status, type }: JsonObject): FactName {
  if (status === "credit") return "credit_moved"
  if (status !== "succeeded") return "payment_failed"
  return type === "payment" ? "payment_taken" : "money_returned"
}

// ------------------------------------------------------------------------------------------------------------- people

function factsByName(parts: Parts): Map<string, Fact[]> {
  return groupBy(parts.shop.facts, (fact) => nameOfFact(parts, fact))
}

/** A record goes by an email that its customer has had since, or by their id; a guest's by what it was left with; else by itself. */
function identityFaults(parts: Parts, outcome: Outcome): string[] {
  const facts = factsByName(parts)
  const joined = unionOf(outcome.received)
  return outcome.received.flatMap((item) => {
    const name = nameOf(item.name, item.data, item.timestamp ?? 0)
    const [fact] = name === null ? [] : (facts.get(name) ?? [])
    if (!fact || item.userId === null) return []
    const names = namesOf(parts, fact, outcome)
    if (!names.has(item.userId)) return [`${name} names ${item.userId} instead of ${[...names].join(" or ")}`]
    const isNobody = item.userId === nobodyOf(parts, fact)
    if ((item.data.anonymous === true) !== isNobody)
      return [`${name} of ${item.userId} is anonymous: ${item.data.anonymous}`]
    return isJoined(parts, fact, item, outcome, joined) ? [] : [`${name} names ${item.userId}, who is not joined`]
  })
}

function namesOf({ shop, sight, hidesCustomers, idOf }: Parts, fact: Fact, { identity }: Outcome): Set<string> {
  const { customer, email, shownAt } = fact
  const guest = sight.seesPeople && email !== null ? email.toLowerCase() : nobodyOf({ idOf }, fact)
  if (customer === null) return new Set([guest])
  const known = identity === "email" && sight.seesPeople ? emailsSince(shop.facts, customer, shownAt) : [null]
  const names = known.map((one) => one ?? idOf(String(customer)))
  const isGone = !shop.tables.customer.byId.has(customer)
  return new Set([...names, ...(isGone || hidesCustomers ? [guest] : [])])
}

function nobodyOf({ idOf }: Pick<Parts, "idOf">, { fact, id, order }: Fact): string {
  return idOf(`${KINDS[fact] ?? "order"}:${order ?? id}`)
}

/** Amounts, currency and what is a test, to the letter. */
function contentFaults(parts: Parts, { received }: Outcome): string[] {
  const facts = factsByName(parts)
  return received.flatMap(({ name: collection, data, timestamp }) => {
    const name = nameOf(collection, data, timestamp ?? 0)
    const same = name === null ? [] : (facts.get(name) ?? [])
    if (!same[0]) return []
    const wrong = same.map((fact) => wrongIn(parts, fact, data))
    return wrong.some((one) => one.length === 0) ? [] : [`${name}: ${wrong[0]?.join(", ")} ${JSON.stringify(data)}`]
  })
}

/** What is wrong of what arrived, if it was of this fact. */
function wrongIn(parts: Parts, fact: Fact, data: JsonObject): string[] {
  const amount = amountOf(parts, fact)
  const { currency } = parts.shop.options
  const isLeftOut = SHOWN_AS_THEY_ARE.has(fact.fact) && data.amount === undefined
  const money = isLeftOut ? {} : { ...moneyIn(fact, amount, data), currency: currency.toLowerCase() }
  const right: JsonObject = {
    ...{ amount: null, amount_refunded: null, creditAmount: null, currency: null },
    ...money,
    test: fact.isTest || null,
    ...(fact.quantity !== null && { quantity: fact.quantity }),
  }
  return Object.entries(right).flatMap(([field, value]) =>
    (data[field] ?? null) === value ? [] : [`${field} is ${data[field]} instead of ${value}`],
  )
}

function moneyIn({ fact }: Fact, amount: number | null, { kind, type }: JsonObject): JsonObject {
  if (fact === "credit_moved") return { creditAmount: amount }
  if (fact === "money_returned") return { amount_refunded: amount }
  if (fact !== "payment_failed") return { amount }
  if (kind !== undefined) return { creditAmount: amount }
  return type === "payment" ? { amount } : { amount_refunded: amount }
}

/**
 * Who always had the one email, and is there still, is joined to their id under it. By partner ids nobody is: a customer that was hidden
 * with the customers goes by the order's email meanwhile.
 */
function isJoined(
  { shop, chronicle, idOf }: Parts,
  { customer }: Fact,
  { userId }: Received,
  { chosen, switchedOff, quarantine, discarded, identity, runs }: Outcome,
  joined: (id: string) => string,
): boolean {
  if (customer === null || userId === null || !chosen.has(CUSTOMERS) || switchedOff.has(CUSTOMERS)) return true
  const wasHidden = runs.some(({ denied }) => denied.some((one) => one.collection === CUSTOMERS))
  if (identity === "partnerId" && wasHidden) return true
  const isSteady = chronicle.emails.get(customer)?.size === 1 && shop.tables.customer.byId.has(customer)
  const isHeld = [...quarantine, ...discarded].some(({ key }) => key.split(":").includes(String(customer)))
  return (
    !isSteady ||
    isHeld ||
    !chronicle.emails.get(customer)?.has(userId) ||
    joined(userId) === joined(idOf(String(customer)))
  )
}

// ------------------------------------------------------------------------------------------------ what was not shown

/** What the app may not see is said with the first reading of it. */
function limitFaults(
  { sight, shop }: Parts,
  { runs, startDate, switchedOff, chosen, connectedFrom }: Outcome,
): string[] {
  const faults: string[] = []
  const isWanted = chosen.has("Placed order") && switchedOff.size === 0
  const incomplete = runs.flatMap((run) => run.incomplete.map(({ reason }) => reason))
  const reachesBack = startDate < connectedFrom - (SHOWN_DAYS + 1) * DAY
  if (isWanted && !sight.seesAllOrders && reachesBack && !incomplete.some((reason) => reason.includes("60 days")))
    faults.push("orders older than 60 days were wanted and not shown, and nobody was told")
  const hasPeople = shop.tables.customer.byId.size > 0
  if (
    hasPeople &&
    switchedOff.size === 0 &&
    !sight.seesPeople &&
    !incomplete.some((reason) => reason.includes("protected"))
  )
    faults.push("personal fields were kept back, and nobody was told")
  return faults
}

function seconds(ms: number): number {
  return 1000 * Math.floor(ms / 1000)
}
