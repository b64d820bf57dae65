/**
 * The same fact by whatever path: the list of a backfill, the live list of changes, and the requests that complete orders. A simulated
 * shop's year is read by each; what they tell is equal, byte for byte, but for which values are said to be removed.
 */
import { beforeAll, describe, expect, test } from "vitest"
import type { Item } from "../../../src/connectors/kit/item.ts"
import { shopify } from "../../../src/connectors/shopify.ts"
import { createSandbox } from "../../sandbox/sandbox.ts"
import { evolve, runDue, seedShop } from "../../sandbox/shopify/people.ts"
import type { Shop } from "../../sandbox/shopify/shop.ts"
import { CONFIG } from "./objects.ts"
import { readPath, type ShopAccess } from "./paths.ts"

const NOW = Date.UTC(2026, 5, 1)
const HOUR = 3_600_000
const LISTS = ["customers", "orders", "draftOrders", "abandonedCheckouts"]

function world(clock: () => number): ShopAccess & { shop: Shop } {
  const sandbox = createSandbox({ clock, sleep: async () => undefined })
  // What a query may cost at once is not what is looked at here.
  const bucket = { maximum: 1_000_000, rate: 1_000_000 }
  const { shop, token } = sandbox.shopify.create({ name: "example", options: { bucket, taxesIncluded: false } })
  return { sandbox, shop, token }
}

async function readLists(access: ShopAccess, pageSize?: number): Promise<Item[]> {
  const lists: Item[] = []
  for (const stream of LISTS) lists.push(...(await readPath(access, { stream, ...(pageSize && { pageSize }) })))
  return lists
}

/** What the destination is told of a fact, but for what a live reading clears. */
function bytesOf({ cleared: _, announcedAt: __, version, ...item }: Item): string {
  return JSON.stringify({ ...item, ...(item.kind === "object" && { version }) })
}

/** By collection and key; a fact that a path tells twice is told alike. */
function byKey(items: readonly Item[], collection: string): Map<string, string> {
  const told = new Map<string, string>()
  for (const item of items.filter((one) => one.collection === collection)) {
    const bytes = bytesOf(item)
    expect(told.get(item.key) ?? bytes).toBe(bytes)
    told.set(item.key, bytes)
  }
  return told
}

const LIVE = { id: CONFIG.shop, name: "Example", mode: "live" } as const

describe.each<[string, ShopAccess["source"]]>([
  ["a shop", { config: CONFIG, account: LIVE }],
  ["a shop whose test payments count", { config: { ...CONFIG, countTestPayments: true }, account: LIVE }],
])("a year of %s, by each path", (_shop, source) => {
  const paths: Record<string, Item[]> = {}

  beforeAll(async () => {
    const access = { ...world(() => NOW), ...(source && { source }) }
    seedShop(access.shop, { customers: 120, orders: 400, days: 365 })
    evolve(access.shop, 60)
    paths.list = await readLists(access)
    paths.live = await readPath(access, { stream: "changes" })
    // Two lines, one agreement and one sale at a time: nearly every order is completed by requests of its own.
    paths.followed = await readLists(access, 2)
    paths.liveFollowed = await readPath(access, { stream: "changes", pageSize: 12 })
  }, 120_000)

  test.each(shopify.collections.map(({ name }) => name))("%s", (collection) => {
    const { list = [], ...others } = paths
    const told = byKey(list, collection)
    expect(told.size).toBeGreaterThan(10)
    for (const [path, items] of Object.entries(others)) expect([path, byKey(items, collection)]).toEqual([path, told])
  })

  test("tells charges of tests where they count, and only there", () => {
    const tests = paths.list?.filter(({ collection, data }) => collection === "Charge" && data?.test === true) ?? []
    expect(tests.length > 0).toBe(source?.config.countTestPayments)
  })

  test("clears nothing that a list of the past shows", () => {
    expect(paths.list?.some(({ cleared }) => cleared)).toBe(false)
    expect(paths.live?.some(({ cleared }) => cleared)).toBe(true)
  })
})

/** Attributes that a later reading leaves out, since what they were is not shown any more. */
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  "Placed order": ["quantity"],
  "Draft order placed": ["amount", "currency", "quantity"],
  "Abandoned checkouts": ["amount", "currency", "products"],
}

test("a fact told when it happened is told alike at the end of the year, or with less", async () => {
  let now = NOW
  const access = world(() => now)
  seedShop(access.shop, { customers: 60, orders: 100, days: 60 })
  const early = new Map<string, Item>()
  for (let hour = 0; hour < 150; hour++) {
    now += HOUR
    evolve(access.shop, 3)
    runDue(access.shop, now)
    const window = { from: now - 2 * HOUR, to: null }
    for (const item of await readPath(access, { stream: "changes", window }))
      if (item.kind === "event" && !early.has(`${item.collection} ${item.key}`))
        early.set(`${item.collection} ${item.key}`, item)
  }
  now += 30 * 24 * HOUR
  runDue(access.shop, now)
  const late = new Map((await readLists(access)).map((item) => [`${item.collection} ${item.key}`, item]))
  const emails = new Set(access.shop.facts.flatMap(({ fact, email }) => (fact === "email_changed" ? [email] : [])))
  const gone = new Set(access.shop.facts.flatMap(({ fact, id }) => (fact === "customer_deleted" ? [String(id)] : [])))
  let compared = 0
  for (const [name, first] of early) {
    const then = late.get(name)
    // Of a customer who was deleted, nothing is known any more.
    const isGone = gone.has(String(first.data?.customerId))
    if (first.collection === "alias" || then === undefined || isGone) continue
    compared++
    const { data, userId, ...rest } = first
    const kept = Object.entries(data ?? {}).filter(
      ([field]) => field in (then.data ?? {}) || !LEFT_OUT[first.collection]?.includes(field),
    )
    expect({ ...then, announcedAt: 0 }).toEqual({
      ...rest,
      announcedAt: 0,
      userId: then.userId,
      data: Object.fromEntries(kept),
    })
    if (userId !== then.userId) expect(emails.has(then.userId ?? "") || then.userId?.startsWith("shopify:")).toBe(true)
  }
  expect(compared).toBeGreaterThan(500)
  const lost = [...early].filter(([name, { collection }]) => collection !== "alias" && !late.has(name))
  expect(lost).toEqual([])
})
