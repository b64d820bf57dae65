/** One simulated shop: its state, its clock, and the few primitives that every action is made of. */
import type { Clock } from "../clock.ts"
import type { Due } from "../heap.ts"
import { createRandom, hashText, type Random } from "../random.ts"
import type { Writer } from "../store.ts"
import type { Charging } from "./cost.ts"
import type { Fact } from "./ledger.ts"
import type { Kind, Product, Row, Rows } from "./model.ts"
import { createTable, put, remove, type Table } from "./table.ts"

/** "Only the last 60 days' worth of orders are accessible by default." */
export const SHOWN_DAYS = 60
/** A checkout counts as abandoned that long after the buyer's last step. */
export const ABANDONED_AFTER_MS = 600_000

export interface ShopOptions {
  title: string
  currency: string
  isDevelopment: boolean
  /** The name that the shop goes by now: requests under the old one are sent there. */
  movedTo: string | null
  /** Whether prices hold the taxes. */
  taxesIncluded: boolean
  /** What people left to happen by itself (captures, parcels, refunds) happens when it is due. */
  autopilot: boolean
  /** Points the bucket holds and gets back a second. Standard plan: 2,000 and 100; Plus: 20,000 and 1,000. */
  bucket: { maximum: number; rate: number }
  /** How queries are charged; `inFull` is the most that the documentation could be taken to mean. */
  charging: Charging
}

/** Something that happens later: a capture, a parcel, a refund. */
export interface Task extends Due {
  /** Epoch ms, unlike the Stripe model's seconds. */
  at: number
  name: string
  id: number
}

/** What faults do to rows. Ms; 0: nothing. */
export interface WriteFaults {
  /** New rows, and what has changed of others, are found that much later. */
  searchLag: number
  /** Times are rounded down to a multiple of it. */
  granularity: number
}

export interface Shop {
  /** `example` of `example.myshopify.com`. */
  name: string
  options: ShopOptions
  seed: number
  /** Ids handed out. */
  counter: number
  orderNumber: number
  taskNumber: number
  random: Random
  clock: Clock
  /** Epoch ms: the moving past clock of a seed; null: the sandbox's clock. */
  past: number | null
  tables: { [K in Kind]: Table<Rows[K]> }
  products: Product[]
  facts: Fact[]
  tasks: Task[]
  writeFaults: () => WriteFaults
  writer: Writer
}

export interface ShopParts {
  name: string
  seed: number
  clock: Clock
  writer: Writer
  writeFaults?: () => WriteFaults
  options?: Partial<ShopOptions>
}

export function createShop(parts: ShopParts): Shop {
  const seed = (hashText(`shopify/${parts.name}`) ^ parts.seed) >>> 0
  return {
    name: parts.name,
    options: {
      title: `${parts.name} store`,
      currency: "USD",
      isDevelopment: false,
      movedTo: null,
      taxesIncluded: false,
      autopilot: false,
      bucket: { maximum: 2_000, rate: 100 },
      charging: "logarithmic",
      ...parts.options,
    },
    seed,
    counter: 0,
    orderNumber: 1_000,
    taskNumber: 0,
    random: createRandom(seed),
    clock: parts.clock,
    past: null,
    tables: { customer: createTable(), order: createTable(), draft: createTable(), checkout: createTable() },
    products: [],
    facts: [],
    tasks: [],
    writeFaults: parts.writeFaults ?? (() => ({ searchLag: 0, granularity: 0 })),
    writer: parts.writer,
  }
}

/** The shop's present moment. */
export function now(shop: Shop): number {
  return shop.past ?? shop.clock()
}

/** The moment that rows are stamped with. Shopify keeps fractions of a second and shows none. */
export function stamp(shop: Shop): number {
  const present = now(shop)
  const { granularity } = shop.writeFaults()
  return granularity > 0 ? present - (present % granularity) : present
}

export function nextId(shop: Shop): number {
  shop.counter += 1
  return 4_500_000_000_000 + shop.counter * 32
}

export function newRow(shop: Shop): Row {
  const created = stamp(shop)
  return { id: nextId(shop), created, updated: created, visibleAt: now(shop) + shop.writeFaults().searchLag }
}

export function add<K extends Kind>(shop: Shop, kind: K, row: Rows[K]): Rows[K] {
  put<Rows[K]>(shop.tables[kind] as Table<Rows[K]>, row)
  save(shop, kind, row)
  return row
}

/** The row has changed: its time of change is now. `before`: what it was, for searches that run behind. */
export function touch<K extends Kind>(shop: Shop, kind: K, row: Rows[K], before?: Partial<Rows[K]>): void {
  const { searchLag } = shop.writeFaults()
  if (searchLag > 0) hideChange(row, now(shop), searchLag, before)
  else row.visibleAt = now(shop)
  row.updated = Math.max(row.updated, stamp(shop))
  put<Rows[K]>(shop.tables[kind] as Table<Rows[K]>, row)
  save(shop, kind, row)
}

/** A search that runs behind finds a row as it was, and one that it does not know yet when it would have been found anyway. */
function hideChange(row: Row, present: number, searchLag: number, before?: object): void {
  const isFound = row.visibleAt <= present
  if (isFound) {
    row.shownAsOf = row.updated
    if (before) row.shownAs = before
  }
  if (isFound || row.shownAsOf !== undefined) row.visibleAt = present + searchLag
}

export function drop(shop: Shop, kind: Kind, id: number): void {
  remove(shop.tables[kind] as Table<Row>, id)
  shop.writer.remove(tableName(shop, kind), String(id))
}

export function get<K extends Kind>(shop: Shop, kind: K, id: number): Rows[K] {
  const row = find(shop, kind, id)
  if (!row) throw new Error(`no ${kind} ${id} in shop ${shop.name}`)
  return row
}

export function find<K extends Kind>(shop: Shop, kind: K, id: number | null): Rows[K] | undefined {
  return id === null ? undefined : (shop.tables[kind] as Table<Rows[K]>).byId.get(id)
}

export function record(shop: Shop, fact: Pick<Fact, "fact" | "id"> & Partial<Fact>): void {
  const at = fact.at ?? stamp(shop)
  const entry: Fact = {
    no: shop.facts.length + 1,
    order: null,
    customer: null,
    email: null,
    amount: null,
    quantity: null,
    isTest: shop.options.isDevelopment,
    ...fact,
    at,
    shownAt: fact.shownAt ?? now(shop),
  }
  shop.facts.push(entry)
  shop.writer.touch(tableName(shop, "fact"), String(entry.no), () => entry)
}

/** Runs `work` as of another moment. */
export function asOf<T>(shop: Shop, ms: number, work: () => T): T {
  const before = shop.past
  shop.past = ms
  try {
    return work()
  } finally {
    shop.past = before
  }
}

function save(shop: Shop, kind: Kind, row: Row): void {
  shop.writer.touch(tableName(shop, kind), String(row.id), () => row)
}

export function tableName(shop: Pick<Shop, "name">, part: Kind | "fact" | "task" | "header"): string {
  return `shopify/${shop.name}/${part}`
}
