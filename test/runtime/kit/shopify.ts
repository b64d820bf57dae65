/** Sources of simulated shops. */

import { compare } from "../../oracle/oracle.ts"
import { shopExpectationOf } from "../../oracle/shopify.ts"
import { addCustomer, placeOrder } from "../../sandbox/shopify/actions.ts"
import { evolve, type SeedOptions, seedShop } from "../../sandbox/shopify/people.ts"
import { asOf, type Shop, type ShopOptions } from "../../sandbox/shopify/shop.ts"
import { now } from "./clock.ts"
import { type Business, openSource, type Partner, type Size, type Source, type Wanted } from "./source.ts"
import type { World } from "./world.ts"

/** Points of a Plus shop: nothing here waits for points that come back in real time. */
const BUCKET = { maximum: 20_000, rate: 1_000 }
/** A page beside others is a hundred. */
const CROWD = 105

const SIZES: Record<Size, SeedOptions> = {
  pages: { customers: 260, orders: 520, days: 400, seed: 3 },
  some: { customers: 25, orders: 40, days: 200, seed: 3 },
  few: { customers: 4, orders: 4, days: 120, seed: 3 },
}

export interface ShopSource extends Source {
  shop: Shop
}

interface ShopBusiness extends Business {
  shop: Shop
}

export interface ShopWanted extends Omit<Wanted, "history"> {
  history?: Size | SeedOptions | null
  options?: Partial<ShopOptions>
  prepare?(business: ShopBusiness): void
}

export const shopify = {
  connector: "shopify",
  /** Eight calls make up a shop; a consumer that is killed costs the one that was under way. */
  callsAtMost: 13,
  firstName: "Élodie",
  async connect(world: World, wanted: ShopWanted): Promise<ShopSource> {
    const { name, sync = {} } = wanted
    const { shop, token: apiKey } = openShop(world, wanted)
    const config = { shop: domainOf(name) }
    const access = { connector: "shopify", credentials: { apiKey }, config }
    return shopSource(world, shop, await openSource(world, { name, sync }, access))
  },
} satisfies Partner

export function openShop(world: World, wanted: ShopWanted) {
  const { name, history = "pages", autopilot = false, options = {}, prepare } = wanted
  const made = world.shopify.create({ name, options: { bucket: BUCKET, autopilot, ...options } })
  if (history) seedShop(made.shop, typeof history === "string" ? SIZES[history] : history)
  prepare?.(businessOf(world, made.shop))
  return made
}

export function shopSource(world: World, shop: Shop, source: Omit<Source, "host" | "business">): ShopSource {
  return { ...source, host: domainOf(shop.name), business: businessOf(world, shop), shop }
}

function businessOf(world: World, shop: Shop): ShopBusiness {
  return {
    shop,
    evolve: (steps) => void happen({ shop }, () => evolve(shop, steps)),
    crowd: () => happen({ shop }, crowd),
    between: (afterRequests, change) => world.shopify.between({ shop: shop.name, afterRequests, change }),
    differences: (told, { syncedAt }, from) => compare(shopExpectationOf(shop, { from, shownBy: syncedAt }), told),
  }
}

/** Things happen in the shop, all in one moment. */
export function happen<T>({ shop }: Pick<ShopSource, "shop">, work: (shop: Shop) => T): T {
  return asOf(shop, now(), () => work(shop))
}

function crowd(shop: Shop): void {
  const mug = { product: null, title: "Mug", variant: null, sku: null, vendor: null, quantity: 1, total: 1_200 }
  for (let left = CROWD; left > 0; left--) {
    const { id } = addCustomer(shop, { email: `crowd${shop.counter}@example.com` })
    placeOrder(shop, { customer: id, lines: [mug], payment: "paid" })
  }
}

function domainOf(name: string): string {
  return `${name}.myshopify.com`
}
