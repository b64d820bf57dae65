/** The partner's side: a small shop in which things happen, before the source is connected and while it is read. */
import type { AnyConnector } from "../../../src/connectors/kit/define.ts"
import { shopify } from "../../../src/connectors/shopify.ts"
import { createFaults } from "../../sandbox/faults.ts"
import { type Answer, type Call, json, textOf } from "../../sandbox/http.ts"
import { createRandom, hashText, type Random } from "../../sandbox/random.ts"
import { ALL_SCOPES, createShopify, type Shopify } from "../../sandbox/shopify/partner.ts"
import { asOf, type Shop, type ShopOptions } from "../../sandbox/shopify/shop.ts"
import { createWriter } from "../../sandbox/store.ts"
import type { PartnerAccount, PartnerKind, PartnerOAuth } from "../partner.ts"
import type { Scenario } from "../scenario.ts"
import { createChronicle } from "./chronicle.ts"
import { LIFE } from "./life.ts"
import { shopifyLedger } from "./oracle.ts"

const NAME = "acme"
const HOST = `${NAME}.myshopify.com`
const LOOKBACK_MS = 1_800_000
/** The search index runs behind by no more. */
const LAG_MOST_MS = 900_000
/** Lines of an order that come with it; the others take requests of their own. */
const LINES_AT_ONCE = 5

export const SHOPIFY: PartnerKind = {
  title: "Shopify",
  connector: sliced,
  lookbackMs: LOOKBACK_MS,
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

const slicedShopifies = new Map<number, AnyConnector>()

/** So many orders a page, together with twice as many customers. */
function sliced(pageSize: number): AnyConnector {
  const known = slicedShopifies.get(pageSize)
  if (known) return known
  const streams = shopify.streams.map((stream) => {
    const wanted = stream.mode === "live" ? pageSize * ROWS_PER_ORDER : pageSize
    return { ...stream, pageSize: Math.min(stream.pageSize, wanted) }
  })
  const made = { ...shopify, streams }
  slicedShopifies.set(pageSize, made)
  return made
}

/** Of the page that reads all connections, a fifth are orders. */
const ROWS_PER_ORDER = 5

function open(scenario: Scenario, clock: () => number): PartnerAccount {
  const random = createRandom(hashText(`${scenario.seed}/shop`))
  const faults = createFaults(createRandom(scenario.seed))
  const sandbox = createShopify({ seed: scenario.seed, clock, faults, writer: createWriter(null) })
  const lag = Math.max(scenario.lag.events, scenario.lag.rows)
  if (lag > 0) faults.on({ name: "slow_visibility", options: { seconds: lag } })
  const { shop } = sandbox.create({ name: NAME, options: optionsOf(random) })
  const sight = { seesAllOrders: random.chance(0.85), seesPeople: scenario.signsIn || random.chance(0.85) }
  const scopes = ALL_SCOPES.filter((scope) => sight.seesAllOrders || scope !== "read_all_orders")
  const issue = () => sandbox.addToken({ shop: NAME, scopes, protectedLevel: sight.seesPeople ? 2 : 1 }).token
  let key = issue()
  const hidden = random.pick(HIDDEN)
  const chronicle = createChronicle(shop, sight)
  const added = new Set<number>()
  const live = (life: string, roll: number): string => {
    const told = LIFE[life]?.({ shop, random: createRandom(roll), scenario, added })
    if (told === undefined) throw new Error(`nothing is known of "${life}"`)
    chronicle.note()
    return told
  }
  for (const { at, life, roll } of scenario.history) asOf(shop, (at ?? 0) + scenario.skewMs, () => live(life, roll))
  return {
    account: { id: HOST, name: "Acme", mode: shop.options.isDevelopment ? "test" : "live" },
    config: { shop: HOST, paymentsReportedElsewhere: false },
    isFor: ({ hostname }) => hostname === HOST,
    answer: (call) => sandbox.answer(call),
    forbid(call, isForbidding) {
      const left = isForbidding ? scopes.filter((scope) => !hidden.includes(scope)) : scopes
      for (const token of sandbox.tokens.values()) token.scopes = left
      return isForbidding && hidden.length === 0 ? sandbox.refuse("forbidden", call, {}) : null
    },
    refuse(how, call): Answer {
      if (how.kind === "stumbles") return json(200, STUMBLED, sandbox.answer(call).headers)
      const [fault, options] =
        how.kind === "limits"
          ? how.seconds === null
            ? (["rate_limit_bare", {}] as const)
            : (["rate_limit", { seconds: how.seconds }] as const)
          : ([how.kind === "unauthorized" ? "unauthorized" : "expired_token", {}] as const)
      return sandbox.refuse(fault, call, options) ?? json(400, {})
    },
    isOfLaterPage: (call) =>
      Object.entries(variablesOf(call)).some(([name, value]) => name.includes("After") && value !== null),
    describe: (call, answer) =>
      `Shopify ${JSON.stringify(variablesOf(call)).slice(0, 300)} -> ${answer.status}, ${listed(answer.body)}`,
    live,
    rest: () => undefined,
    key: () => key,
    rollKey() {
      sandbox.revokeToken(key)
      key = issue()
    },
    oauth: signingIn(sandbox, scopes),
    ledger: shopifyLedger({ shop, chronicle, sight, added, scenario }),
    pages(rows) {
      const pagesOf = (count: number) => Math.ceil(count / rows)
      const parts = [...shop.tables.order.byId.values()].reduce((sum, { lines }) => sum + partsOf(lines.length), 0)
      const sizes = Object.values(shop.tables).map(({ byId }) => byId.size)
      const lists = sizes.reduce((sum, size) => sum + pagesOf(size) + 1, parts)
      return { feed: lists + pagesOf(chronicle.changes), lists }
    },
    callsOfAPage: 3,
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

const STUMBLED = {
  errors: [{ message: "Internal error.", extensions: { code: "INTERNAL_SERVER_ERROR" } }],
}

/** The largest request must fit into the bucket. */
function optionsOf(random: Random): Partial<ShopOptions> {
  return {
    currency: random.pick(["USD", "USD", "JPY", "KWD"]),
    isDevelopment: random.chance(0.2),
    bucket: random.pick([
      { maximum: 2_000, rate: 100 },
      { maximum: 1_000, rate: 50 },
    ]),
    charged: random.pick([1, 1, 0.1]),
  }
}

function signingIn({ oauth }: Shopify, scopes: string[]): PartnerOAuth {
  const [app] = [...oauth.apps.values()]
  if (!app) throw new Error("the sandbox has no app")
  const { grants } = oauth
  // Harder than Shopify: a token whose successor has been used takes the whole grant away.
  grants.policy.revokesOnReuse = true
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

function partsOf(lines: number): number {
  return lines > LINES_AT_ONCE ? 1 + Math.ceil(lines / LINES_AT_ONCE) : 1
}

/** A buyer may be in the checkout for hours before leaving it. */
function lastShown(shop: Shop): number {
  const rows = Object.values(shop.tables).flatMap(({ byId }) => [...byId.values()])
  return Math.max(0, ...rows.map(({ visibleAt }) => visibleAt))
}

function variablesOf(call: Call): Record<string, unknown> {
  return (JSON.parse(textOf(call)) as { variables?: Record<string, unknown> }).variables ?? {}
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
