/** Shopify's ledger as the oracle asks it: what must have arrived, whom it must name, and what the source must have admitted. */
import type { Received } from "../../sandbox/intempt/track.ts"
import type { JsonObject } from "../../sandbox/json.ts"
import type { Fact, FactName } from "../../sandbox/shopify/ledger.ts"
import { DIGITS } from "../../sandbox/shopify/model.ts"
import type { Shop } from "../../sandbox/shopify/shop.ts"
import { type Expected, type Ledger, type Outcome, unionOf } from "../oracle.ts"
import { DAY, type Scenario } from "../scenario.ts"
import type { Sight } from "./account.ts"
import { type Chronicle, stateArrived } from "./chronicle.ts"

const CUSTOMERS = "Customers"
const CHECKOUTS = "Abandoned checkouts"
const SHOWN_DAYS = 60
/** Live reading begins this much before the source was connected. */
/** The connector's: by how much live reading begins before the source was connected. */
const STARTS_BACK_MS = 86_400_000
const LOOKBACK_MS = 1_800_000

const COLLECTIONS: Partial<Record<FactName, string>> = {
  checkout_left: CHECKOUTS,
  draft_entered: "Draft order placed",
  order_placed: "Placed order",
  line_ordered: "Product ordered",
  order_cancelled: "Order cancelled",
  refund_made: "Order refunded",
  payment_taken: "Charge",
  payment_failed: "Charge",
  money_returned: "Charge",
}

interface Parts {
  shop: Shop
  chronicle: Chronicle
  sight: Sight
  added: ReadonlySet<number>
  scenario: Scenario
}

export function shopifyLedger(parts: Parts): Ledger {
  const { shop, chronicle } = parts
  return {
    objects: CUSTOMERS,
    expected: () => [...shop.facts.flatMap((fact) => expected(parts, fact)), ...addedLines(parts)],
    nameOf,
    people: () =>
      [...chronicle.states].map(([id, states]) => ({
        id: String(id),
        states,
        // Who has left is in no list, and Shopify's lists do not tell that anybody did.
        isDue: () => shop.tables.customer.byId.has(id),
      })),
    customerIn: ({ shopifyCustomerId }) => String(shopifyCustomerId),
    stateIn: stateArrived,
    // No record of Shopify's says that an email is new: a customer that changes is joined to its email again.
    repeatedJoins: () => [],
    faults: (outcome) => [...identityFaults(parts, outcome), ...limitFaults(parts, outcome)],
  }
}

// -------------------------------------------------------------------------------------------------------------- facts

function expected(parts: Parts, fact: Fact): Expected[] {
  const collection = COLLECTIONS[fact.fact]
  if (!collection) return []
  const amount = fact.amount === null ? null : fact.amount / 10 ** (DIGITS[parts.shop.options.currency] ?? 2)
  const common = { customer: fact.customer === null ? null : String(fact.customer), amount, times: [seconds(fact.at)] }
  return [{ ...common, collection, name: `${fact.fact} ${fact.id}`, isDue: (outcome) => isDue(parts, fact, outcome) }]
}

function addedLines({ shop, added }: Parts): Expected[] {
  return [...shop.tables.order.byId.values()].flatMap((order) =>
    order.lines
      .filter(({ id }) => added.has(id))
      .map(({ id }) => ({
        ...{ name: `line_ordered ${id}`, collection: "Product ordered", times: [seconds(order.created)] },
        ...{ amount: null, customer: null, isDue: () => false },
      })),
  )
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
function nameOf(collection: string, data: JsonObject): string | null {
  switch (collection) {
    case CHECKOUTS:
      return `checkout_left ${data.checkoutId}`
    case "Draft order placed":
      return `draft_entered ${data.draftOrderId}`
    case "Placed order":
      return `order_placed ${data.orderId}`
    case "Product ordered":
      return `line_ordered ${data.lineItemId}`
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
  if (status !== "succeeded") return "payment_failed"
  return type === "payment" ? "payment_taken" : "money_returned"
}

// ------------------------------------------------------------------------------------------------------------- people

/** Whoever a fact names is the customer: by an email they had, or their id, or what the order was left with. */
function identityFaults(parts: Parts, outcome: Outcome): string[] {
  const facts = new Map(parts.shop.facts.map((fact) => [`${fact.fact} ${fact.id}`, fact]))
  const joined = unionOf(outcome.received)
  return outcome.received.flatMap((item) => {
    const name = nameOf(item.name, item.data)
    const fact = name === null ? undefined : facts.get(name)
    if (!fact || item.userId === null) return []
    if (!namesOf(parts, fact).has(item.userId)) return [`${name} names ${item.userId}, who has nothing to do with it`]
    return isJoined(parts, fact, item, outcome, joined) ? [] : [`${name} names ${item.userId}, who is not joined`]
  })
}

function namesOf({ shop, chronicle }: Parts, fact: Fact): Set<string> {
  const emails = fact.customer === null ? [] : [...(chronicle.emails.get(fact.customer) ?? [])]
  const names = [...emails, fact.email?.toLowerCase() ?? null, String(fact.customer), String(fact.order ?? fact.id)]
  const order = fact.order === null ? undefined : shop.tables.order.byId.get(fact.order)
  return new Set([...names, order?.email?.toLowerCase() ?? null].filter((name) => name !== null))
}

/**
 * Who always had the one email, and is there still, is joined to their id under it. By partner ids nobody is: a customer that was hidden
 * with the customers goes by the order's email meanwhile.
 */
function isJoined(
  { shop, chronicle }: Parts,
  { customer }: Fact,
  { userId }: Received,
  { chosen, switchedOff, quarantine, discarded, identity, runs }: Outcome,
  joined: (id: string) => string,
): boolean {
  if (customer === null || userId === null || !chosen.has(CUSTOMERS) || switchedOff.has(CUSTOMERS)) return true
  const wasHidden = runs.some(({ denied }) => denied.some((one) => one.collection === CUSTOMERS))
  if (identity === "partnerId" && wasHidden) return true
  const isSteady = chronicle.emails.get(customer)?.size === 1 && shop.tables.customer.byId.has(customer)
  const isHeld = [...quarantine, ...discarded].some(({ key }) => key.split(":")[0] === String(customer))
  return (
    !isSteady || isHeld || !chronicle.emails.get(customer)?.has(userId) || joined(userId) === joined(String(customer))
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
