/** Shopify: customers, orders, draft orders and abandoned checkouts of one shop, read over the GraphQL Admin API. */
import { z } from "zod"
import { defineConnector, type NormalizeContext, type Normalized, type PageRecord, type Stream } from "./kit/define.ts"
import { countTestPayments } from "./kit/test-money.ts"
import { ACCOUNT_QUERY, classify, readAccount, restMs } from "./shopify/answers.ts"
import { CHARGE } from "./shopify/charge.ts"
import { fromCheckout, LISTED_WITHIN_DAYS } from "./shopify/checkout.ts"
import { collections } from "./shopify/collections.ts"
import { fromCustomer } from "./shopify/customer.ts"
import { CONNECTIONS, type ConnectionName, FEEDS, ROWS_MAX, ROWS_TOGETHER } from "./shopify/documents.ts"
import { fromDraft } from "./shopify/draft.ts"
import { GATEWAYS_QUERY, readGateways } from "./shopify/gateways.ts"
import { graphql, UNINSTALL } from "./shopify/graphql.ts"
import { fromOrder } from "./shopify/order.ts"
import { type Plan, pageOf, requestOf } from "./shopify/pages.ts"
import { SCOPES } from "./shopify/scopes.ts"
import { type Config, type Reading, typeOf } from "./shopify/shape.ts"
import { installSignature, paymentsElsewhere, shop } from "./shopify/shop.ts"
import { templates } from "./shopify/templates.ts"

/**
 * A checkout counts as abandoned some ten minutes after the buyer's last step, and the search that finds what changed runs behind
 * the shop by seconds to minutes. Reading the last half hour again costs no further call where little changes.
 */
const LAG_SECONDS = 1800

/** Buyers come back to a checkout: what was begun the day before the source is connected may count as abandoned only after that. */
const CHECKOUT_LASTS_SECONDS = 86_400

/** A payment by bank transfer or on invoice may stay pending that long; after that its outcome is told by a transaction of its own. */
const SETTLES_DAYS = 90

/** https://shopify.dev/changelog/app-secret-key-length-has-increased */
const TOKEN = /^shpat_[A-Za-z0-9]{16,}$/

/**
 * The token before stays good until the one that replaced it is used, "limited to 30 days from the original refresh token's first use".
 * https://shopify.dev/changelog/more-resilient-refreshes-for-expiring-offline-access-tokens
 */
const REFRESH_REPEATABLE_SECONDS = 30 * 86_400

/**
 * Searches are bounded by whole seconds. Only where one list is read by itself: of several in one document, each stands elsewhere.
 * https://shopify.dev/docs/api/usage/search-syntax
 */
const BY_SECOND = { by: "time", granularityMs: 1000 } as const

export const shopify = defineConnector<Config>({
  name: "shopify",
  title: "Shopify",
  docs: "https://shopify.dev/docs/api/admin-graphql/2026-07",
  config: z.strictObject({
    shop,
    paymentsElsewhere,
    countTestPayments,
  }),
  auth: [
    {
      kind: "oauth2",
      label: "Install the app in your shop",
      help: "You choose your shop in Shopify and approve read access to its customers, orders, draft orders and products.",
      scopes: SCOPES,
      scopeSeparator: ",",
      // "read_orders" is not named where "write_orders" was granted.
      covers: (granted, needed) => granted === needed.replace(/^read_/, "write_"),
      pkce: false,
      authorizeUrl: (config) => `https://${config.shop}/admin/oauth/authorize`,
      tokenUrl: (config) => `https://${config.shop}/admin/oauth/access_token`,
      // An hour, and a refresh token of ninety days that is replaced with every use; without it the token would never expire,
      // which Shopify refuses to public apps. https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens
      tokenParams: { expiring: "1" },
      refresh: "rotating",
      refreshRepeatableSeconds: REFRESH_REPEATABLE_SECONDS,
      // {"error":"invalid_request","error_description":"This request requires an active refresh_token"}, with 401.
      // https://community.shopify.dev/t/520-during-refresh-token-rotation-permanently-orphans-the-offline-access-token/35182
      endsGrant: ({ code, description }) => code === "invalid_request" && /\bactive refresh_token\b/.test(description),
      signature: installSignature,
      revoke: () => graphql(UNINSTALL),
      headers: accessToken,
    },
    {
      kind: "apiKey",
      label: "Admin API access token of a custom app",
      help:
        "For a custom app of your own shop: in the Shopify admin under Settings, Apps and sales channels, Develop apps, open the app, " +
        "give it the Admin API scopes read_customers, read_orders, read_draft_orders and read_products (and read_all_orders for " +
        "orders older than 60 days), install it and copy its Admin API access token.",
      schema: tokenSchema(),
      shape: TOKEN,
      headers: accessToken,
    },
  ],
  baseUrl: (config) => `https://${config.shop}`,
  headers: {},
  // Points, not calls, are what is limited; calls are spread so that the slices of a source do not ask in one moment.
  limits: {
    callsPerSecond: 20,
    docs: "https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits",
    restMs,
  },
  account: {
    request: () => graphql(ACCOUNT_QUERY),
    read: readAccount,
  },
  changeable: ["paymentsElsewhere", "countTestPayments"],
  payments: {
    collection: CHARGE,
    countsTests: (config) => config.countTestPayments,
    gateways: {
      request: () => graphql(GATEWAYS_QUERY),
      read: readGateways,
      elsewhere: (config) => config.paymentsElsewhere,
    },
  },
  collections,
  streams: [
    {
      name: "changes",
      title: "Everything new",
      mode: "live",
      collections: collections.map(({ name }) => name),
      lookbackSeconds: LAG_SECONDS,
      startsBackSeconds: CHECKOUT_LASTS_SECONDS,
      sortedByUpdate: true,
      ...read(
        "live",
        CONNECTIONS.map(({ name }) => name),
        CONNECTIONS.length * ROWS_TOGETHER,
      ),
    },
    list("customers", "Customers", "all"),
    // A refund comes long after its order; what has not changed since the range began is left out by the request.
    list("orders", "Orders", "all"),
    list("draftOrders", "Draft orders", { days: 0 }),
    { ...list("abandonedCheckouts", "Abandoned checkouts", { days: 0 }), listedWithinDays: LISTED_WITHIN_DAYS },
  ],
  pendingForDays: SETTLES_DAYS,
  classify,
  templates,
})

function list(name: ConnectionName, title: string, reach: "all" | { days: number }): Stream<Config> {
  const paging = read("list", [name], ROWS_MAX)
  const facts = { collections: FEEDS[name], lookbackSeconds: 0, reach, stepOver: BY_SECOND }
  return { name, title, mode: "backfill", ...facts, ...paging }
}

function read(
  mode: Plan["mode"],
  connections: readonly ConnectionName[],
  full: number,
): Pick<Stream<Config>, "pageSize" | "request" | "page" | "normalize" | "collectionOf"> {
  const plan = { mode, connections, full }
  return {
    pageSize: full,
    request: (ctx) => requestOf(plan, ctx),
    page: (answer, ctx) => pageOf(plan, answer, ctx),
    normalize: fromRecord,
    collectionOf,
  }
}

/** Who reads a record, by the type that its id names, and the collection it counts against where it cannot be read. */
const READERS: Readonly<
  Record<string, { read(body: PageRecord["body"], reading: Reading): Normalized; of: ConnectionName }>
> = {
  Customer: { read: fromCustomer, of: "customers" },
  Order: { read: fromOrder, of: "orders" },
  DraftOrder: { read: fromDraft, of: "draftOrders" },
  AbandonedCheckout: { read: fromCheckout, of: "abandonedCheckouts" },
}

function fromRecord({ body }: PageRecord, ctx: NormalizeContext<Config>): Normalized {
  return READERS[typeOf(body) ?? ""]?.read(body, ctx) ?? { drafts: [] }
}

function collectionOf({ body }: PageRecord): string {
  const of = READERS[typeOf(body) ?? ""]?.of
  return (of && FEEDS[of][0]) ?? ""
}

function accessToken(token: string): Record<string, string> {
  return { "X-Shopify-Access-Token": token }
}

/** https://shopify.dev/docs/apps/build/authentication-authorization/legacy/admin-custom-apps */
function tokenSchema() {
  return z
    .string()
    .trim()
    .superRefine((token, ctx) => {
      const fault = faultOfToken(token)
      if (fault) ctx.addIssue({ code: "custom", message: fault })
    })
}

function faultOfToken(token: string): string | null {
  if (TOKEN.test(token)) return null
  if (/^shpss_/.test(token))
    return "This is the app's secret. Copy the Admin API access token, which begins with shpat_."
  if (/^shpca_|^shppa_/.test(token))
    return "This is an older kind of token. Create an Admin API access token, which begins with shpat_."
  if (/^[a-f0-9]{32}$/.test(token))
    return "This is the app's key or a storefront token. Copy the Admin API access token, which begins with shpat_."
  return "An Admin API access token begins with shpat_. Copy it again from the app's API credentials in the Shopify admin."
}
