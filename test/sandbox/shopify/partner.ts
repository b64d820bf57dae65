/** The simulated Shopify as a whole: shops, tokens, limits, and what happens between two requests. */
import { type Clock, SECOND_MS } from "../clock.ts"
import type { Faults } from "../faults.ts"
import { push } from "../heap.ts"
import { type Answer, type Call, httpDate, json } from "../http.ts"
import type { Partner } from "../partner.ts"
import type { Writer } from "../store.ts"
import { answerGraphQL, type Bucket } from "./api.ts"
import { paging, refusalOfApi, refusalOfTokens, scopeTaken, unauthorized, withUnknownCursor } from "./faults.ts"
import type { Fact } from "./ledger.ts"
import { KINDS, type Kind, type Rows } from "./model.ts"
import { createShopifyOAuth, type ShopifyOAuth, TOKEN_PATH } from "./oauth.ts"
import { runDue } from "./people.ts"
import { listsOf, requestIn } from "./request.ts"
import { SCHEMA_VERSION } from "./schema.ts"
import { createShop, now, type Shop, type ShopOptions, type Task, tableName } from "./shop.ts"
import { put, type Table } from "./table.ts"

const TOKENS_TABLE = "shopify/tokens"
const DOMAIN = ".myshopify.com"
const HOST = /^[a-z0-9][a-z0-9-]*\.myshopify\.com$/
const API_PATH = `/admin/api/${SCHEMA_VERSION}/graphql.json`

/** What an app is asked to be approved for, most of the time. */
export const ALL_SCOPES = ["read_customers", "read_orders", "read_draft_orders", "read_products", "read_all_orders"]

export interface Token {
  token: string
  shop: string
  scopes: string[]
  protectedLevel: 0 | 1 | 2
  revoked: boolean
  /** Epoch ms: an app's token runs out. */
  expiresAt?: number
}

export interface PlannedChange {
  shop: string
  /** Done right after that many more requests. */
  afterRequests: number
  change: (shop: Shop) => void
}

export interface Shopify extends Partner {
  shops: Map<string, Shop>
  tokens: Map<string, Token>
  oauth: ShopifyOAuth
  create(request: { name: string; options?: Partial<ShopOptions> }): { shop: Shop; token: string }
  shop(name: string): Shop
  addToken(request: { shop: string } & Partial<Omit<Token, "shop" | "revoked">>): Token
  revokeToken(token: string): void
  between(change: PlannedChange): void
}

export interface ShopifyParts {
  seed: number
  clock: Clock
  faults: Faults
  writer: Writer
}

export function createShopify(parts: ShopifyParts): Shopify {
  const shops = new Map<string, Shop>()
  const tokens = new Map<string, Token>()
  const buckets = new Map<string, Bucket>()
  /** What of each shop's header was last handed to the writer. */
  const saved = new Map<Shop, string>()
  let planned: PlannedChange[] = []

  const open = (name: string): Shop => {
    const { level } = parts.faults
    const shop = createShop({
      name,
      seed: parts.seed,
      clock: parts.clock,
      writer: parts.writer,
      writeFaults: () => ({
        searchLag: SECOND_MS * Math.max(level("slow_visibility", name, "seconds"), level("late_rows", name, "seconds")),
        granularity: SECOND_MS * level("equal_timestamps", name, "seconds"),
      }),
    })
    shops.set(name, shop)
    return shop
  }

  const bucketOf = (shop: Shop, token: string): Bucket => {
    const bucket = buckets.get(token) ?? { left: shop.options.bucket.maximum, at: parts.clock() }
    buckets.set(token, bucket)
    return bucket
  }

  const saveToken = (token: Token) => {
    tokens.set(token.token, token)
    parts.writer.touch(TOKENS_TABLE, token.token, () => token)
    return token
  }

  const oauth = createShopifyOAuth({
    clock: parts.clock,
    writer: parts.writer,
    issueToken: (name, scopes, no, expiresAt) => {
      const token = `shpua_${tokenFor(shopify.shop(name), no).slice("shpat_".length)}`
      return saveToken({ token, shop: name, scopes, protectedLevel: 2, revoked: false, expiresAt }).token
    },
    endTokens: (name) => {
      for (const token of tokens.values())
        if (token.expiresAt !== undefined && token.shop === name) saveToken({ ...token, revoked: true })
    },
  })

  const shopify: Shopify = {
    name: "shopify",
    side: "partner",
    answersFor: (host) => HOST.test(host),
    subjects: (call) => [call.url.pathname, ...(call.url.pathname === API_PATH ? listsOf(call) : [])],
    paging,
    shops,
    tokens,
    oauth,
    create({ name, options }) {
      const shop = shops.get(name) ?? open(name)
      Object.assign(shop.options, options)
      saved.delete(shop)
      const [known] = [...tokens.values()].filter((one) => one.shop === name)
      return { shop, token: (known ?? shopify.addToken({ shop: name })).token }
    },
    shop(name) {
      const shop = shops.get(name)
      if (!shop) throw new Error(`no shop ${name}`)
      return shop
    },
    addToken({ shop, token, scopes = ALL_SCOPES, protectedLevel = 2 }) {
      const made = {
        shop,
        scopes,
        protectedLevel,
        revoked: false,
        token: token ?? tokenFor(shopify.shop(shop), tokens.size),
      }
      tokens.set(made.token, made)
      parts.writer.touch(TOKENS_TABLE, made.token, () => made)
      return made
    },
    revokeToken(token) {
      const known = tokens.get(token)
      if (!known) throw new Error("no such token")
      known.revoked = true
      parts.writer.touch(TOKENS_TABLE, token, () => known)
    },
    between(change) {
      planned.push(change)
    },
    identify: (call) => shopNameOf(call),
    signIn: (call) => (shopOf(call) ? oauth.answer(shopNameOf(call), call.url.hostname, call) : null),
    answer(call) {
      const shop = shopOf(call)
      return shop ? answerApi(shop, call) : json(404, { errors: "Not Found" }, { date: httpDate(parts.clock()) })
    },
    refuse(fault, call) {
      const shop = shopOf(call)
      if (!shop) return null
      if (call.url.pathname === TOKEN_PATH) return refusalOfTokens(fault)
      if (fault.name === "expired_token") return answerApi(shop, withUnknownCursor(call))
      const scope = scopeTaken(fault)
      return scope === null ? signed(shop, refusalOfApi(fault, shop)) : answerApi(shop, call, scope)
    },
    afterCall(name) {
      const due: PlannedChange[] = []
      for (const change of planned) {
        if (change.shop !== name) continue
        change.afterRequests -= 1
        if (change.afterRequests <= 0) due.push(change)
      }
      planned = planned.filter((change) => !due.includes(change))
      for (const { change, shop } of due) change(shopify.shop(shop))
    },
    restore(table, id, value) {
      if (oauth.grants.restore(table, id, value)) return true
      if (table === TOKENS_TABLE) tokens.set(id, value as Token)
      else {
        const [service, name, part] = table.split("/")
        if (service !== "shopify" || !name || !part) return false
        restoreRow(shops.get(name) ?? open(name), part, id, value)
      }
      return true
    },
    save() {
      for (const shop of shops.values()) {
        const state = JSON.stringify(headerOf(shop))
        if (saved.get(shop) === state) continue
        saved.set(shop, state)
        parts.writer.touch(tableName(shop, "header"), shop.name, () => headerOf(shop))
      }
    },
    reset() {
      shops.clear()
      tokens.clear()
      oauth.grants.reset()
      buckets.clear()
      planned = []
    },
  }
  return shopify

  /** The app takes itself away from the shop. */
  function uninstall(shop: string) {
    for (const app of oauth.apps.keys()) oauth.grants.uninstall(app, shop)
    return { data: { appUninstall: { app: { id: "gid://shopify/App/1" }, userErrors: [] } } }
  }

  function shopOf(call: Call): Shop | undefined {
    return shops.get(shopNameOf(call))
  }

  /** `without`: a scope that the token is taken to lack. */
  function answerApi(shop: Shop, call: Call, without?: string): Answer {
    const { movedTo } = shop.options
    if (movedTo !== null) {
      const location = `https://${movedTo}${DOMAIN}${call.url.pathname}`
      return signed(shop, { status: 301, headers: { location }, body: "" })
    }
    const token = tokens.get(call.headers.get("x-shopify-access-token") ?? "")
    const isOver = token?.expiresAt !== undefined && token.expiresAt <= parts.clock()
    if (!token || isOver || token.revoked || token.shop !== shop.name) return respond(shop, 401, unauthorized())
    if (call.method !== "POST" || call.url.pathname !== API_PATH) return respond(shop, 404, { errors: "Not Found" })
    const request = requestIn(call)
    if (!request) return respond(shop, 400, { errors: { query: "Required parameter missing or invalid" } })
    if (request.query.includes("appUninstall")) return respond(shop, 200, uninstall(shop.name))
    if (shop.options.autopilot) runDue(shop, now(shop))
    const scopes = new Set(token.scopes.filter((scope) => scope !== without))
    const viewer = { scopes, protectedLevel: token.protectedLevel }
    return respond(shop, 200, answerGraphQL({ shop, viewer }, request, bucketOf(shop, token.token)))
  }

  function respond(shop: Shop, status: number, body: unknown): Answer {
    return signed(shop, json(status, body))
  }

  /** With the headers that every answer of the API has. */
  function signed<A extends Answer | null>(shop: Shop, answer: A): A {
    const headers = {
      date: httpDate(parts.clock()),
      "x-shopify-api-version": SCHEMA_VERSION,
      "x-shopid": String(shop.seed),
    }
    return answer && { ...answer, headers: { ...headers, ...answer.headers } }
  }
}

function shopNameOf(call: Call): string {
  return call.url.hostname.slice(0, -DOMAIN.length)
}

function tokenFor(shop: Shop, no: number): string {
  return `shpat_${shop.seed.toString(16).padStart(8, "0")}${no.toString(16).padStart(24, "0")}`
}

function headerOf(shop: Shop) {
  const { options, seed, counter, orderNumber, taskNumber, products } = shop
  return { options, seed, counter, orderNumber, taskNumber, products, random: shop.random.state }
}

function restoreRow(shop: Shop, part: string, id: string, value: unknown): void {
  if (part === "header") {
    const { random, ...header } = value as ReturnType<typeof headerOf>
    Object.assign(shop, header)
    shop.random.state = random
  } else if (part === "fact") shop.facts[Number(id) - 1] = value as Fact
  else if (part === "task") push(shop.tasks, value as Task)
  else if ((KINDS as readonly string[]).includes(part))
    put(shop.tables[part as Kind] as Table<Rows[Kind]>, value as Rows[Kind])
}
