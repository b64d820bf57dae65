/**
 * Remote control of the simulated Shopify, under `/shopify/` of the sandbox's admin routes.
 *
 *   POST /shopify/shops     { name, options? } -> { domain, token }; again with the same name: options are merged
 *   POST /shopify/tokens    { shop, scopes?, protectedLevel? } -> the token
 *   POST /shopify/revoke    { token }
 *   POST /shopify/seed      { shop, customers, orders, days, seed? } -> counts
 *   POST /shopify/evolve    { shop, steps } -> { done: [names] }
 *   POST /shopify/settle    { shop } -> { done }: everything due up to now happens
 *   GET  /shopify/ledger    ?shop&after&limit -> { facts, total }
 */
import { z } from "zod"
import type { Shopify } from "./partner.ts"
import { counts, evolve, runDue, seedShop } from "./people.ts"
import { now, type ShopOptions } from "./shop.ts"

type Route = (sandbox: { shopify: Shopify }, body: unknown, query: URLSearchParams) => unknown

const PAGE = 1_000
const shop = z.string().min(1)
const whole = z.int().min(0)

export const SHOPIFY_ROUTES: Record<string, Route> = {
  "POST /shopify/shops": ({ shopify }, body) => {
    const options = z
      .object({
        title: z.string(),
        currency: z.string(),
        isDevelopment: z.boolean(),
        autopilot: z.boolean(),
        bucket: z.object({ maximum: z.number(), rate: z.number() }),
        charging: z.enum(["logarithmic", "inFull"]),
      })
      .partial()
      .default({})
    const request = z.object({ name: z.string().regex(/^[a-z0-9-]{1,60}$/), options }).parse(body)
    const given = Object.fromEntries(Object.entries(request.options).filter(([, value]) => value !== undefined))
    const made = shopify.create({ name: request.name, options: given as Partial<ShopOptions> })
    return { domain: `${request.name}.myshopify.com`, token: made.token, counts: counts(made.shop) }
  },
  "POST /shopify/tokens": ({ shopify }, body) => {
    const level = z.union([z.literal(0), z.literal(1), z.literal(2)])
    const request = z
      .object({ shop, scopes: z.array(z.string()).optional(), protectedLevel: level.optional() })
      .parse(body)
    const { scopes, protectedLevel } = request
    return shopify.addToken({
      shop: request.shop,
      ...(scopes && { scopes }),
      ...(protectedLevel !== undefined && { protectedLevel }),
    })
  },
  "POST /shopify/revoke": ({ shopify }, body) => shopify.revokeToken(z.object({ token: z.string() }).parse(body).token),
  "POST /shopify/seed": ({ shopify }, body) => {
    const { seed, ...request } = z
      .object({ shop, customers: whole, orders: whole, days: whole, seed: whole.optional() })
      .parse(body)
    return seedShop(shopify.shop(request.shop), { ...request, ...(seed !== undefined && { seed }) })
  },
  "POST /shopify/evolve": ({ shopify }, body) => {
    const request = z.object({ shop, steps: whole }).parse(body)
    return { done: evolve(shopify.shop(request.shop), request.steps) }
  },
  "POST /shopify/settle": ({ shopify }, body) => {
    const found = shopify.shop(z.object({ shop }).parse(body).shop)
    return { done: runDue(found, now(found)) }
  },
  "GET /shopify/ledger": ({ shopify }, _body, query) => {
    const { facts } = shopify.shop(query.get("shop") ?? "")
    const after = Number(query.get("after") ?? 0)
    return { facts: facts.slice(after, after + Number(query.get("limit") ?? PAGE)), total: facts.length }
  },
}
