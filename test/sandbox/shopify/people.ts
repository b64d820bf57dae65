/** What customers and staff do by chance: a shop's history, and how it goes on. */
import { DAY_S, HOUR_S, SECOND_MS } from "../clock.ts"
import { pop, push } from "../heap.ts"
import { createRandom, hashText } from "../random.ts"
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
  placeOrder,
  recoverCheckout,
  refund,
  refundable,
  settle,
} from "./actions.ts"
import { addLine, raiseLine } from "./edits.ts"
import { type CustomerRow, DIGITS, type NewLine, type OrderRow, RATES } from "./model.ts"
import { find, get, nextId, now, type Shop, type Task, tableName } from "./shop.ts"
import { sortedBy } from "./table.ts"

const DAY_MS = DAY_S * SECOND_MS
const HOUR_MS = HOUR_S * SECOND_MS

const FIRST = ["Ada", "Bruno", "Chiara", "Dmitri", "Élodie", "Farah", "Goran", "Hana", "Ivo", "June"]
const LAST = ["Okafor", "Novák", "Silva", "Tanaka", "Weber", "Young", "Zhang", "Adler", "Bakker", "Costa"]
const GOODS = ["Mug", "Bowl", "Plate", "Lamp", "Chair", "Scarf", "Candle", "Poster", "Basket", "Clock"]
const PRESENTMENTS = Object.keys(DIGITS)

export interface SeedOptions {
  customers: number
  orders: number
  days: number
  /** Another history of the same shop. */
  seed?: number
}

/** A history of so many days up to now; each thing happens at its own time. */
export function seedShop(shop: Shop, { customers, orders, days, seed }: SeedOptions): Record<string, number> {
  if (seed !== undefined) shop.random = createRandom(hashText(`${shop.name}/${seed}`))
  const end = now(shop)
  const begin = end - days * DAY_MS
  stock(shop)
  const at = (share: number) => Math.floor(begin + share * (end - begin))
  for (let n = 0; n < customers; n++) plan(shop, at(shop.random.next() * 0.8), "join", n)
  for (let n = 0; n < orders; n++) plan(shop, at(shop.random.next()), "order", n)
  for (let n = 0; n < orders / 8; n++) plan(shop, at(shop.random.next()), "leave", n)
  for (let n = 0; n < orders / 20; n++) plan(shop, at(shop.random.next()), "draft", n)
  runDue(shop, end)
  shop.past = null
  return counts(shop)
}

/** Lets so many things happen now, one after the other. */
export function evolve(shop: Shop, steps: number): string[] {
  stock(shop)
  return [...Array(steps).keys()].map((n) => {
    const name = shop.random.pick(STEPS)
    const { past } = shop
    // One act, one moment: a clock that goes on meanwhile would date what it did differently in rows and ledger.
    shop.past = now(shop)
    TASKS[name]?.(shop, pickId(shop, name, n))
    shop.past = past
    return name
  })
}

/** Does all that is due up to `until`, each thing at its own time. */
export function runDue(shop: Shop, until: number): number {
  const past = shop.past
  let done = 0
  for (let next = shop.tasks[0]; next && next.at <= until; next = shop.tasks[0]) {
    const task = pop(shop.tasks)
    if (!task) break
    shop.writer.remove(tableName(shop, "task"), String(task.no))
    shop.past = task.at
    TASKS[task.name]?.(shop, task.id)
    done += 1
  }
  shop.past = past
  return done
}

export function counts(shop: Shop): Record<string, number> {
  const tables = Object.entries(shop.tables).map(([kind, { byId }]) => [kind, byId.size] as const)
  return { ...Object.fromEntries(tables), facts: shop.facts.length }
}

const STEPS = [
  "join",
  "order",
  "order",
  "order",
  "leave",
  "draft",
  "change",
  "fulfil",
  "refund",
  "cancel",
  "settle",
  "capture",
  "upsell",
  "recover",
  "complete",
  "delete",
]

const TASKS: Record<string, (shop: Shop, id: number) => void> = {
  join: (shop) => void join(shop),
  order: (shop) => later(shop, order(shop)),
  leave: (shop) => {
    const idle = shop.random.chance(0.1) ? shop.random.int(0, 3 * HOUR_MS) : shop.random.int(0, 300_000)
    const row = leaveCheckout(shop, { customer: somebody(shop)?.id ?? null, lines: cart(shop), idle })
    if (shop.random.chance(0.3)) plan(shop, row.visibleAt + shop.random.int(HOUR_MS, 5 * DAY_MS), "recover", row.id)
  },
  draft: (shop) => {
    const customer = shop.random.chance(0.85) ? (somebody(shop)?.id ?? null) : null
    const row = enterDraft(shop, { customer, total: shop.random.int(1_000, 90_000), quantity: shop.random.int(1, 9) })
    if (shop.random.chance(0.3)) plan(shop, now(shop) + shop.random.int(HOUR_MS, 3 * DAY_MS), "redraft", row.id)
    if (shop.random.chance(0.6)) plan(shop, now(shop) + shop.random.int(HOUR_MS, 9 * DAY_MS), "complete", row.id)
  },
  change: (shop, id) => {
    const row = find(shop, "customer", id)
    if (row)
      changeCustomer(
        shop,
        id,
        shop.random.chance(0.2) ? { email: emailFor(shop) } : { tags: [...row.tags, "seen"].slice(-3) },
      )
  },
  fulfil: (shop, id) => found(shop, id, () => fulfil(shop, id)),
  capture: (shop, id) =>
    found(shop, id, (row) => void capture(shop, id, shop.random.chance(0.1) ? Math.ceil(row.total / 2) : undefined)),
  settle: (shop, id) =>
    found(
      shop,
      id,
      () =>
        void settle(
          shop,
          id,
          shop.random.chance(0.8) ? "SUCCESS" : "FAILURE",
          shop.random.chance(0.5) ? "now" : "begun",
        ),
    ),
  cancel: (shop, id) => found(shop, id, () => cancel(shop, id, shop.random.pick(["CUSTOMER", "INVENTORY", "FRAUD"]))),
  refund: (shop, id) =>
    found(shop, id, (row) => {
      const left = refundable(row)
      const amount = shop.random.chance(0.5) ? left : Math.ceil(left / 3)
      const gateway = shop.random.chance(0.2) ? shop.random.pick(["shopify_store_credit", "gift_card"]) : undefined
      refund(shop, id, amount, "SUCCESS", gateway)
      if (amount < left && shop.random.chance(0.3))
        plan(shop, now(shop) + shop.random.int(DAY_MS, 40 * DAY_MS), "refund", id)
    }),
  upsell: (shop, id) =>
    found(shop, id, (row) => {
      const [line] = row.lines
      const [more] = cart(shop)
      if (line && shop.random.chance(0.2)) raiseLine(shop, id, line.id, shop.random.int(1, 2))
      else if (more) addLine(shop, id, more)
    }),
  recover: (shop, id) => {
    if (find(shop, "checkout", id)) recoverCheckout(shop, id)
  },
  redraft: (shop, id) => {
    const row = find(shop, "draft", id)
    if (row?.status === "OPEN") changeDraft(shop, id, { total: row.total + 100, quantity: row.quantity + 1 })
  },
  complete: (shop, id) => {
    if (find(shop, "draft", id)) completeDraft(shop, id, cart(shop))
  },
  delete: (shop, id) => {
    if (find(shop, "customer", id)) deleteCustomer(shop, id)
  },
}

function pickId(shop: Shop, name: string, n: number): number {
  const kind =
    name === "recover"
      ? "checkout"
      : name === "complete"
        ? "draft"
        : name === "change" || name === "delete"
          ? "customer"
          : "order"
  const rows = sortedBy<{ id: number; created: number; updated: number; visibleAt: number }>(
    shop.tables[kind],
    "created",
  )
  return rows.length > 0 ? shop.random.pick(rows).id : n
}

/** What becomes of an order. */
function later(shop: Shop, row: OrderRow): void {
  const { random } = shop
  const within = (days: number) => now(shop) + random.int(60_000, days * DAY_MS)
  const isOpen = row.transactions.some(({ kind }) => kind === "AUTHORIZATION")
  if (isOpen && random.chance(0.9)) plan(shop, within(6), "capture", row.id)
  if (row.transactions.some(({ status }) => status === "PENDING")) plan(shop, within(12), "settle", row.id)
  if (random.chance(0.05)) plan(shop, within(2), "cancel", row.id)
  else if (random.chance(0.9)) plan(shop, within(4), "fulfil", row.id)
  if (random.chance(0.08)) plan(shop, within(random.chance(0.2) ? 300 : 40), "refund", row.id)
  if (random.chance(0.03)) plan(shop, within(random.chance(0.5) ? 0.02 : 20), "upsell", row.id)
}

function order(shop: Shop): OrderRow {
  const { random } = shop
  const customer = random.chance(0.8) ? somebody(shop) : undefined
  const isWalkIn = !customer && random.chance(0.3)
  const roll = random.next()
  const payment =
    roll < 0.7 ? "paid" : roll < 0.82 ? "authorized" : roll < 0.9 ? "pending" : roll < 0.96 ? "failed" : "cash"
  const discount = random.chance(0.15) ? "code" : random.chance(0.1) ? "cart" : null
  const lines = [...discounted(cart(shop), discount), ...(random.chance(0.04) ? [extra(shop)] : [])]
  const total = lines.reduce((sum, line) => sum + line.total, 0)
  return placeOrder(shop, {
    customer: customer?.id ?? null,
    email: customer ? customer.email : isWalkIn ? null : emailFor(shop),
    lines,
    payment,
    source: isWalkIn || payment === "cash" ? "pos" : "web",
    isTest: random.chance(0.01),
    ...(random.chance(0.06) && {
      credit: { gateway: random.pick(CREDIT_GATEWAYS), amount: random.chance(0.5) ? total : Math.ceil(total / 3) },
    }),
    ...(random.chance(0.25) ? { presentment: random.pick(PRESENTMENTS) } : {}),
    ...(discount === "code" ? { discountCodes: ["WELCOME10"] } : {}),
    ...(random.chance(0.02) ? { processed: now(shop) - random.int(1, 300) * DAY_MS } : {}),
  })
}

/** A tenth by a code, three of a hundred off the whole cart; some lines are reduced by themselves. */
function discounted(lines: NewLine[], by: "code" | "cart" | null): NewLine[] {
  return lines.map((line, index) => {
    const own = index % 5 === 4 ? [{ of: "line" as const, amount: Math.round(line.total / 4) }] : []
    const left = own.reduce((sum, { amount }) => sum - amount, line.total)
    const share = by === null ? [] : [{ of: by, amount: Math.round(left * (by === "code" ? 0.1 : 0.03)) }]
    return { ...line, allocations: [...own, ...share] }
  })
}

/** A tip or a gift card. */
function extra({ random, options }: Shop): NewLine {
  const total = random.int(1, 20) * 10 ** (DIGITS[options.currency] ?? 2)
  const kind = random.pick(["tip", "giftCard"] as const)
  const title = kind === "tip" ? "Tip" : "Gift card"
  return { kind, product: null, title, variant: null, sku: null, vendor: null, quantity: 1, total }
}

/** Mostly a few lines, seldom a wholesale order. */
function cart(shop: Shop): NewLine[] {
  const { random } = shop
  const lines = random.chance(0.01) ? random.int(51, 120) : random.chance(0.1) ? random.int(6, 14) : random.int(1, 4)
  return [...Array(lines).keys()].map(() => {
    const product = random.pick(shop.products)
    const quantity = random.int(1, 3)
    const isCustom = random.chance(0.04)
    const total = product.price * quantity
    return {
      product: isCustom ? null : product.id,
      title: isCustom ? "Engraving" : product.title,
      variant: product.variants.length > 1 ? random.pick(product.variants) : null,
      sku: isCustom ? null : `SKU-${product.id}`,
      vendor: product.vendor,
      quantity,
      total,
      tax: product.vendor === "Acme" ? Math.round(total * 0.07) : 0,
    }
  })
}

function join(shop: Shop): CustomerRow {
  const { random } = shop
  const isBare = random.chance(0.05)
  return addCustomer(shop, {
    firstName: random.pick(FIRST),
    lastName: random.pick(LAST),
    email: isBare ? null : emailFor(shop),
    phone: isBare || random.chance(0.3) ? `+1555${random.int(1_000_000, 9_999_999)}` : null,
    country: random.pick(["CA", "US", "DE", "JP"]),
  })
}

function somebody(shop: Shop): CustomerRow | undefined {
  const rows = sortedBy(shop.tables.customer, "created")
  return rows.length > 0 ? shop.random.pick(rows) : undefined
}

function found(shop: Shop, id: number, work: (row: OrderRow) => void): void {
  const row = find(shop, "order", id)
  if (row) work(get(shop, "order", id))
}

/** Nobody's yet: "Email has already been taken", says Shopify. */
function emailFor(shop: Shop): string {
  const name = `${shop.random.pick(FIRST)}.${shop.random.pick(LAST)}`.normalize("NFD").replace(/[^A-Za-z.]/g, "")
  return `${shop.random.chance(0.1) ? name : name.toLowerCase()}.${shop.random.int(1, 99_999)}${nextId(shop)}@example.com`
}

function stock(shop: Shop): void {
  if (shop.products.length > 0) return
  const price = 10 ** (DIGITS[shop.options.currency] ?? 2) * (RATES[shop.options.currency] ?? 1)
  shop.products = GOODS.map((title, index) => ({
    id: nextId(shop),
    title,
    vendor: index % 2 === 0 ? "Acme" : "Northwind",
    price: Math.round(price * shop.random.int(5, 120)),
    variants: index % 3 === 0 ? ["Small", "Large"] : ["Default Title"],
  }))
}

function plan(shop: Shop, at: number, name: string, id: number): void {
  shop.taskNumber += 1
  const task: Task = { at, no: shop.taskNumber, name, id }
  push(shop.tasks, task)
  shop.writer.touch(tableName(shop, "task"), String(task.no), () => task, true)
}
