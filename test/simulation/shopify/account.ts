/** The partner's side: a small shop in which things happen, before the source is connected and while it is read. */
import { CONNECTIONS } from "../../../src/connectors/shopify/documents.ts"
import { shopify } from "../../../src/connectors/shopify.ts"
import { type ActiveFault, createFaults } from "../../sandbox/faults.ts"
import { type Call, json, textOf } from "../../sandbox/http.ts"
import { createRandom, hashText, type Random } from "../../sandbox/random.ts"
import { ALL_SCOPES, createShopify, type Shopify } from "../../sandbox/shopify/partner.ts"
import { cursorsOf } from "../../sandbox/shopify/request.ts"
import { asOf, type Shop, type ShopOptions } from "../../sandbox/shopify/shop.ts"
import { createWriter } from "../../sandbox/store.ts"
import type { PartnerAccount, PartnerKind, PartnerOAuth, Refusal } from "../partner.ts"
import type { Scenario } from "../scenario.ts"
import { smallPages } from "../small-pages.ts"
import { createChronicle } from "./chronicle.ts"
import { LIFE } from "./life.ts"
import { shopifyLedger } from "./oracle.ts"

const NAME = "acme"
const HOST = `${NAME}.myshopify.com`
const LOOKBACK_MS = 1_800_000
/** The search index runs behind by no more. */
const LAG_MOST_MS = 900_000
/** Rows of a page that costs no more than a query may, however they are counted. */
const ROWS_IN_FULL = 5
const SHORT_REFRESH_LIFE_S = 6 * 86_400
/** Less than any plan's, so that a small shop is limited too: hardly more than the largest request of such pages. */
const TIGHT_BUCKETS = [
  { rows: 3, bucket: { maximum: 80, rate: 1 } },
  { rows: 8, bucket: { maximum: 170, rate: 1 } },
]

/** So many rows of each list a page, alone and beside the others. */
const rowsOfPage = ({ mode, pageSize }: { mode: string; pageSize: number }, rows: number) =>
  Math.min(pageSize, (mode === "live" ? CONNECTIONS.length : 1) * rows)

export const SHOPIFY: PartnerKind = {
  title: "Shopify",
  connector: smallPages(shopify, rowsOfPage),
  lookbackMs: LOOKBACK_MS,
  takesBack: true,
  repeatsRefreshMs: 30 * 86_400_000,
  liveStreams: 1,
  hasCrowds: false,
  life: Object.keys(LIFE),
  faults: ["partner_stumbles"],
  open,
}

/** What the app may see, by the seed. */
export interface Sight {
  /** Without the scope only the last sixty days of orders. */
  seesAllOrders: boolean
  /** Without it people are known by their ids. */
  seesPeople: boolean
}

function open(scenario: Scenario, clock: () => number): PartnerAccount {
  const random = createRandom(hashText(`${scenario.seed}/shop`))
  const faults = createFaults(createRandom(scenario.seed))
  const sandbox = createShopify({ seed: scenario.seed, clock, faults, writer: createWriter(null) })
  const lag = Math.max(scenario.lag.events, scenario.lag.rows)
  if (lag > 0) faults.on({ name: "slow_visibility", options: { seconds: lag } })
  const { shop } = sandbox.create({ name: NAME, options: optionsOf(random, scenario) })
  const sight = { seesAllOrders: random.chance(0.85), seesPeople: scenario.signsIn || random.chance(0.85) }
  const scopes = ALL_SCOPES.filter((scope) => sight.seesAllOrders || scope !== "read_all_orders")
  const issue = () => sandbox.addToken({ shop: NAME, scopes, protectedLevel: sight.seesPeople ? 2 : 1 }).token
  let key = issue()
  const hidden = random.pick(HIDDEN)
  const chronicle = createChronicle(shop, sight)
  const live = (life: string, roll: number): string => {
    const told = LIFE[life]?.({ shop, random: createRandom(roll), scenario })
    if (told === undefined) throw new Error(`nothing is known of "${life}"`)
    chronicle.note()
    return told
  }
  for (const { at, life, roll } of scenario.history) asOf(shop, (at ?? 0) + scenario.skewMs, () => live(life, roll))
  return {
    account: { id: HOST, name: "Acme", mode: shop.options.isDevelopment ? "test" : "live" },
    config: { shop: HOST, paymentsElsewhere: [] },
    isFor: ({ hostname }) => hostname === HOST,
    answer: (call) => sandbox.answer(call),
    forbid(call, isForbidding) {
      const left = isForbidding ? scopes.filter((scope) => !hidden.includes(scope)) : scopes
      for (const token of sandbox.tokens.values()) token.scopes = left
      return isForbidding && hidden.length === 0 ? sandbox.refuse(fault("forbidden"), call) : null
    },
    refuse: (how, call) => sandbox.refuse(faultOf(how), call) ?? json(400, {}),
    rowsAsked: rowsOf,
    isOfLaterPage: (call) => cursorsOf(call).length > 0,
    describe: (call, answer) =>
      `Shopify ${JSON.stringify(variablesOf(call)).slice(0, 300)} -> ${answer.status}, ${listed(answer.body)}`,
    live,
    rest: () => undefined,
    key: () => key,
    rollKey() {
      sandbox.revokeToken(key)
      key = issue()
    },
    oauth: signingIn(sandbox, scopes, random),
    ledger: shopifyLedger({
      ...{ shop, chronicle, sight, scenario },
      hidesCustomers: hidden.includes("read_customers"),
      idOf: (id) => `shopify:${HOST}:${id}`,
    }),
    pages(rows) {
      const pagesOf = (count: number) => Math.ceil(count / rows)
      const lists = Object.values(shop.tables).reduce((sum, { byId }) => sum + pagesOf(byId.size) + 1, 0)
      const lines = [...shop.tables.order.byId.values()].map((order) => 1 + pagesOf(order.lines.length))
      const parts = lines.reduce((sum, pages) => sum + pages, 0)
      return { feed: lists + parts + pagesOf(chronicle.changes), lists: lists + parts }
    },
    callsOfAPage: 3,
    callsOfARun: 1,
    shownBy: () => Math.max(scenario.calmAt + scenario.skewMs + LAG_MOST_MS, lastShown(shop)) + LOOKBACK_MS,
  }
}

/** What the app is not let see during a spell; none: the whole API. */
const HIDDEN: readonly (readonly string[])[] = [
  ["read_orders", "read_all_orders"],
  ["read_customers"],
  ["read_draft_orders"],
  [],
]

function faultOf(how: Refusal): ActiveFault {
  switch (how.kind) {
    case "limits":
    case "limits_one":
      return how.seconds === null ? fault("rate_limit_bare") : fault("rate_limit", { seconds: how.seconds })
    case "unauthorized":
      return fault("unauthorized")
    case "forgotten":
      return fault("expired_token")
    case "stumbles":
      return fault("server_error")
  }
}

function fault(name: ActiveFault["name"], options: ActiveFault["options"] = {}): ActiveFault {
  return { id: 0, hits: 0, name, options }
}

/** A page counted in full must fit into what a query may cost, and the largest request into the bucket. */
function optionsOf(random: Random, { pageSize }: Scenario): Partial<ShopOptions> {
  const isInFull = random.chance(0.3) && pageSize <= ROWS_IN_FULL
  const tight = random.chance(0.5) && !isInFull ? TIGHT_BUCKETS.find(({ rows }) => pageSize <= rows) : undefined
  return {
    currency: random.pick(["USD", "USD", "JPY", "KWD"]),
    isDevelopment: random.chance(0.2),
    taxesIncluded: random.chance(0.5),
    bucket: tight?.bucket ?? { maximum: 2_000, rate: 100 },
    charging: isInFull ? "inFull" : "logarithmic",
  }
}

function signingIn({ oauth }: Shopify, scopes: string[], random: Random): PartnerOAuth {
  const [app] = [...oauth.apps.values()]
  if (!app) throw new Error("the sandbox has no app")
  const { grants } = oauth
  // Harder than Shopify: a token whose successor has been used takes the whole grant away.
  grants.policy.revokesOnReuse = true
  // Some are so short-lived that a source that rests for weeks has to renew them for nothing but that.
  if (random.chance(0.25)) grants.policy.refreshLifeS = SHORT_REFRESH_LIFE_S
  return {
    client: { id: app.id, secrets: [app.secret] },
    grants,
    isTokenCall: ({ pathname }) => pathname === "/admin/oauth/access_token",
    answer: async (call) => (await oauth.answer(NAME, HOST, call)) ?? json(404, {}),
    async signIn() {
      const request = { app: app.id, account: NAME, scopes, redirectUri: "", challenge: null }
      const outcome = await grants.exchange(grants.issueCode(request), app.id, null)
      if (!outcome.ok) throw new Error(outcome.description)
      const { access, refresh } = outcome.issued
      const { accessLifeS, refreshLifeS } = grants.policy
      return {
        ...{ accessToken: access, refreshToken: refresh, scopes, body: null },
        ...{ expiresInS: accessLifeS, refreshExpiresInS: refreshLifeS },
      }
    },
    takeAway: () => grants.uninstall(app.id, NAME),
    isInstalled: () => grants.isInstalled(app.id, NAME),
  }
}

/** A buyer may be in the checkout for hours before leaving it. */
function lastShown(shop: Shop): number {
  const rows = Object.values(shop.tables).flatMap(({ byId }) => [...byId.values()])
  return Math.max(0, ...rows.map(({ visibleAt }) => visibleAt))
}

function variablesOf(call: Call): Record<string, unknown> {
  return (JSON.parse(textOf(call)) as { variables?: Record<string, unknown> }).variables ?? {}
}

/** Of the longest list that a query asks for. */
function rowsOf(call: Call): number | null {
  const asked = [...textOf(call).matchAll(/first: ?(\d+)/g)].map(([, rows]) => Number(rows))
  return asked.length > 0 ? Math.max(...asked) : null
}

/** `orders 3+: ...1, ...2, ...3`. */
function listed(body: string): string {
  const { data, errors } = JSON.parse(body) as { data?: Record<string, unknown> | null; errors?: unknown }
  const lists = Object.entries(data ?? {}).flatMap(([name, value]) => {
    const { edges, pageInfo } = (value ?? {}) as {
      edges?: { node: { id: string } }[]
      pageInfo?: { hasNextPage: boolean }
    }
    if (!edges) return [name]
    const ids = edges.map(({ node }) => node.id.split("/").at(-1)).join(", ")
    return [`${name} ${edges.length}${pageInfo?.hasNextPage ? "+" : ""}: ${ids}`]
  })
  return `${lists.join("; ").slice(0, 400)}${errors ? ` ${JSON.stringify(errors).slice(0, 200)}` : ""}`
}
