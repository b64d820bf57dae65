/** What can happen in the simulated shop. Each finds somebody it can happen to, or does nothing. */
import type { Random } from "../../sandbox/random.ts"
import {
  addCustomer,
  CREDIT_GATEWAYS,
  cancel,
  capture,
  changeCustomer,
  changeDraft,
  completeDraft,
  deleteCustomer,
  enterDraft,
  fulfil,
  leaveCheckout,
  type NewOrder,
  placeOrder,
  recoverCheckout,
  refund,
  refundable,
  settle,
} from "../../sandbox/shopify/actions.ts"
import { addLine, exchangeLine, raiseLine } from "../../sandbox/shopify/edits.ts"
import type { CustomerRow, Kind, NewLine, OrderRow, Row, Rows } from "../../sandbox/shopify/model.ts"
import { nextId, now, type Shop } from "../../sandbox/shopify/shop.ts"
import { sortedBy, type Table } from "../../sandbox/shopify/table.ts"
import { POISON } from "../faults.ts"
import type { Scenario } from "../scenario.ts"

const MINUTE = 60_000
const DAY = 86_400_000
/** A payment that is pending for longer is settled by a transaction of its own. */
const SETTLES_WITHIN_MS = 80 * DAY

interface Scene {
  shop: Shop
  random: Random
  scenario: Scenario
}

export const LIFE: Record<string, (scene: Scene) => string> = {
  arrive({ shop, random, scenario }) {
    const name = `P${shop.counter}`
    const email = random.chance(0.15) ? null : `${random.chance(0.1) ? name : name.toLowerCase()}@example.com`
    const row = addCustomer(shop, { firstName: name, email, country: random.pick(["CA", "US", "JP"]) })
    row.tags = tags(random, scenario, 0)
    return `customer ${row.id} arrives as ${email}`
  },
  note({ shop, random, scenario }) {
    const row = anyOf(shop, "customer", random)
    if (!row) return "nothing"
    const times = Number(row.tags[0]?.slice(1) ?? 0) + 1
    // Back to what it was at first, now and then.
    changeCustomer(shop, row.id, { tags: tags(random, scenario, random.chance(0.2) ? 0 : times) })
    return `customer ${row.id} changes for the ${times}. time`
  },
  move({ shop, random }) {
    const row = anyOf(shop, "customer", random)
    if (!row) return "nothing"
    const email = random.chance(0.15) ? null : `p${nextId(shop)}@example.org`
    changeCustomer(shop, row.id, { email })
    return `customer ${row.id} is now ${email}`
  },
  leave({ shop, random }) {
    const row = anyOf(shop, "customer", random, ({ orders }) => orders === 0)
    if (row) deleteCustomer(shop, row.id)
    return row ? `customer ${row.id} is deleted` : "nothing"
  },
  buy({ shop, random, scenario }) {
    const customer = random.chance(0.75) ? anyOf(shop, "customer", random) : undefined
    const payment = random.pick(["paid", "paid", "authorized", "pending", "failed", "cash"] as const)
    const row = placeOrder(shop, {
      ...whoOf(shop, random, customer),
      payment,
      lines: [
        ...lines(random, scenario, random.chance(0.08) ? random.int(18, 45) : random.int(1, 4)),
        ...(random.chance(0.1) ? [extra(random)] : []),
      ],
      ...(random.chance(0.15) && { credit: { gateway: random.pick(CREDIT_GATEWAYS), amount: random.int(1, 2_000) } }),
      presentment: random.pick(["USD", "EUR", "JPY"]),
      isTest: random.chance(0.04),
      ...(random.chance(scenario.poison) && { discountCodes: [POISON] }),
      ...(random.chance(0.05) && { processed: now(shop) - random.int(1, 300) * DAY }),
    })
    return `order ${row.id} ${payment}, ${row.lines.length} lines`
  },
  buy_again(scene) {
    return LIFE.buy?.(scene) ?? "nothing"
  },
  capture({ shop, random }) {
    const row = anyOf(shop, "order", random, ({ transactions }) => transactions.some(isAuthorization))
    if (!row) return "nothing"
    const made = capture(shop, row.id, random.chance(0.4) ? Math.ceil(row.total / 3) : undefined)
    return made ? `order ${row.id}: captured` : "nothing"
  },
  settle({ shop, random }) {
    const row = anyOf(shop, "order", random, (order) => maySettle(shop, order))
    if (!row) return "nothing"
    const [status, dated] = [
      random.pick(["SUCCESS", "SUCCESS", "FAILURE"] as const),
      random.pick(["now", "begun"] as const),
    ]
    settle(shop, row.id, status, dated)
    return `order ${row.id}: pending payment ${status}, dated ${dated}`
  },
  refund({ shop, random }) {
    const row = anyOf(shop, "order", random, (order) => refundable(order) > 0)
    if (!row) return "nothing"
    const left = refundable(row)
    const times = random.chance(0.1) ? random.int(3, 7) : 1
    for (let n = 0; n < times; n++) {
      const amount = times > 1 || random.chance(0.5) ? Math.ceil(left / 9) : refundable(row)
      const gateway = random.chance(0.2) ? random.pick(CREDIT_GATEWAYS) : undefined
      refund(shop, row.id, amount, random.chance(0.2) ? "PENDING" : "SUCCESS", gateway)
    }
    return `order ${row.id}: refunded ${times} times`
  },
  cancel({ shop, random }) {
    const row = anyOf(shop, "order", random, ({ cancelled }) => cancelled === null)
    if (row) cancel(shop, row.id, random.pick(["CUSTOMER", "FRAUD"]))
    return row ? `order ${row.id} is cancelled` : "nothing"
  },
  fulfil({ shop, random }) {
    const row = anyOf(shop, "order", random)
    if (row) fulfil(shop, row.id)
    return row ? `order ${row.id} is on its way` : "nothing"
  },
  edit({ shop, random, scenario }) {
    const row = anyOf(shop, "order", random)
    const [more] = lines(random, scenario, 1)
    const [first] = row?.lines ?? []
    if (!row || !more || !first) return "nothing"
    const what = random.pick(["added", "added", "raised", "exchanged"] as const)
    if (what === "raised") raiseLine(shop, row.id, first.id, random.int(1, 3))
    else if (what === "exchanged") exchangeLine(shop, row.id, first.id, more)
    else addLine(shop, row.id, more)
    return `order ${row.id}: something is ${what}`
  },
  draft({ shop, random }) {
    const customer = random.chance(0.7) ? anyOf(shop, "customer", random) : undefined
    const row = enterDraft(shop, { ...whoOf(shop, random, customer), total: random.int(100, 9_000), quantity: 2 })
    return `draft ${row.id} is entered`
  },
  redraft({ shop, random }) {
    const before = now(shop) - 2 * MINUTE
    const row = anyOf(shop, "draft", random, ({ status, created }) => status !== "COMPLETED" && created < before)
    if (row) changeDraft(shop, row.id, { total: random.int(100, 9_000), quantity: random.int(1, 9) })
    return row ? `draft ${row.id} is changed` : "nothing"
  },
  complete({ shop, random, scenario }) {
    const row = anyOf(shop, "draft", random, ({ status }) => status !== "COMPLETED")
    if (row) completeDraft(shop, row.id, lines(random, scenario, 2))
    return row ? `draft ${row.id} becomes an order` : "nothing"
  },
  abandon({ shop, random, scenario }) {
    const customer = random.chance(0.7) ? anyOf(shop, "customer", random) : undefined
    const idle = random.chance(0.3) ? random.int(10, 180) * MINUTE : random.int(0, 5) * MINUTE
    const cart = lines(random, scenario, random.int(1, 6))
    const row = leaveCheckout(shop, { customer: customer?.id ?? null, lines: cart, idle })
    return `checkout ${row.id} is left after ${idle / MINUTE} min`
  },
  recover({ shop, random }) {
    const row = anyOf(
      shop,
      "checkout",
      random,
      ({ completed, visibleAt }) => completed === null && visibleAt <= now(shop),
    )
    if (row) recoverCheckout(shop, row.id)
    return row ? `checkout ${row.id} is recovered` : "nothing"
  },
}

function whoOf(shop: Shop, random: Random, customer: CustomerRow | undefined): Pick<NewOrder, "customer" | "email"> {
  if (customer) return { customer: customer.id }
  return { customer: null, email: random.chance(0.6) ? `guest${shop.counter}@example.com` : null }
}

function lines(random: Random, scenario: Scenario, count: number): NewLine[] {
  return Array.from({ length: count }, () => ({
    product: null,
    title: random.chance(scenario.poison / 2) ? POISON : "Mug",
    variant: null,
    sku: null,
    vendor: null,
    quantity: random.int(1, 3),
    ...priceOf(random),
  }))
}

function priceOf(random: Random): Pick<NewLine, "total" | "allocations" | "tax"> {
  const total = random.int(1, 900) * 10
  const of = random.pick(["line", "cart", "code"] as const)
  const allocations = random.chance(0.3) ? [{ of, amount: random.int(1, total - 1) }] : []
  return { total, allocations, tax: random.chance(0.3) ? Math.round(total / 5) : 0 }
}

function extra(random: Random): NewLine {
  const kind = random.pick(["tip", "giftCard"] as const)
  return { kind, product: null, title: kind, variant: null, sku: null, vendor: null, quantity: 1, total: 500 }
}

/** The first one counts the changes. What is refused for good may be put right by the next change. */
function tags(random: Random, scenario: Scenario, times: number): string[] {
  return [`n${times}`, ...(random.chance(scenario.poison) ? [POISON] : [])]
}

const isAuthorization = ({ kind }: OrderRow["transactions"][number]) => kind === "AUTHORIZATION"

function maySettle(shop: Shop, { transactions }: OrderRow): boolean {
  const pending = transactions.find(({ status }) => status === "PENDING")
  return pending !== undefined && pending.created > now(shop) - SETTLES_WITHIN_MS
}

function anyOf<K extends Kind>(
  shop: Shop,
  kind: K,
  random: Random,
  fits: (row: Rows[K]) => boolean = () => true,
): Rows[K] | undefined {
  const table = shop.tables[kind] as Table<Row> as Table<Rows[K]>
  const rows = sortedBy(table, "id").filter(fits)
  return rows.length > 0 ? random.pick(rows) : undefined
}
