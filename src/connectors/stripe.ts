/** Stripe: customers, subscriptions, charges and invoices of one account, read with a secret or restricted key. */
import { z } from "zod"
import { bearer } from "./kit/auth.ts"
import { defineConnector, type Normalized, type Stream } from "./kit/define.ts"
import { ALIAS, type JsonValue } from "./kit/item.ts"
import { countTestPayments } from "./kit/test-money.ts"
import { classify, grantedMode, readAccount } from "./stripe/answers.ts"
import { CHARGE, chargeFromList } from "./stripe/charge.ts"
import { collections } from "./stripe/collections.ts"
import { CUSTOMERS, customerFromList } from "./stripe/customer.ts"
import { CHANGE_TYPES, collectionOf, fromEvent } from "./stripe/events.ts"
import { feedLookup, feedPage, feedRequest } from "./stripe/feed.ts"
import { REFUND_EXPAND } from "./stripe/follow.ts"
import { INVOICE, invoiceFromList, invoiceUpdated } from "./stripe/invoice.ts"
import { listPage, listRequest, PAGE_SIZE } from "./stripe/lists.ts"
import { refundFromList } from "./stripe/refund.ts"
import type { Config, Reading } from "./stripe/shape.ts"
import {
  CANCELLED,
  CHANGE,
  NEW_TRIAL,
  subscriptionChange,
  subscriptionFromList,
  TRIAL_CANCELLED,
  TRIAL_EXPIRED,
} from "./stripe/subscription.ts"
import { templates } from "./stripe/templates.ts"

/** The newest version that the official sample objects show. https://docs.stripe.com/changelog/dahlia#2026-08-26.dahlia */
const STRIPE_VERSION = "2026-08-26.dahlia"

/** "List events, going back up to 30 days." https://docs.stripe.com/api/events/list */
const EVENTS_KEPT_DAYS = 30

/**
 * Events appear some seconds after the time they carry; connectors that met gaps read 1 to 5 minutes again
 * (singer-io/tap-stripe#45, estuary/connectors#2731). Twice the most costs nothing, since an idle page is one call either way.
 */
const EVENT_LAG_SECONDS = 600

/** An authorization is captured within 7 days, extended ones within 30. https://docs.stripe.com/payments/extended-authorization */
const CHARGE_SETTLES_DAYS = 35

/** A refund that asks the customer for bank details expires after 45 days. https://docs.stripe.com/refunds */
const REFUND_SETTLES_DAYS = 60

/**
 * "Access tokens expire in 1 hour, and refresh tokens expire after 1 year. Refresh tokens are also rolled on every exchange"; the
 * answer itself does not say. A Stripe App's permissions are in its manifest, not in the link.
 * https://docs.stripe.com/stripe-apps/api-authentication/oauth
 */
const TOKEN_LIFE_SECONDS = 3600
const REFRESH_LIFE_SECONDS = 365 * 86_400

/** For what no object remembers. A fact's time is its event's, so nothing before the range is needed. */
const FEED_AS_LIST = { path: "/v1/events", reach: { days: 0 }, reachesBackDays: EVENTS_KEPT_DAYS }

/** https://docs.stripe.com/keys */
const KEY = /^(sk|rk)_(live|test)_[A-Za-z0-9]{8,}$/

/** Newest first by creation, in whole seconds. https://docs.stripe.com/api/pagination, https://docs.stripe.com/api/events/list */
const BY_SECOND = { by: "time", granularityMs: 1000 } as const

/** Each of the lists is filtered by `created` on both sides, and goes on after an object, whatever the bounds. https://docs.stripe.com/api/customers/list */
const PARTS = { by: "created", granularityMs: 1000 } as const

export const stripe = defineConnector<Config>({
  name: "stripe",
  title: "Stripe",
  docs: "https://docs.stripe.com/api",
  config: z.strictObject({ countTestPayments }),
  auth: [
    {
      kind: "oauth2",
      label: "Connect with Stripe",
      help: "You choose your account in Stripe and approve read access for our Stripe App. You can take it back there at any time.",
      scopes: [],
      pkce: false,
      authorizeUrl: () => "https://marketplace.stripe.com/oauth/v2/authorize",
      tokenUrl: () => "https://api.stripe.com/v1/oauth/token",
      client: "secretAsUser",
      repeatsRedirect: false,
      refresh: "rotating",
      accessLifeSeconds: TOKEN_LIFE_SECONDS,
      refreshLifeSeconds: REFRESH_LIFE_SECONDS,
      grantedMode,
      headers: bearer,
    },
    {
      kind: "apiKey",
      label: "Secret or restricted key",
      help:
        "In the Stripe Dashboard, under Developers, API keys, create a restricted key with Read for Customers, Charges and " +
        "Refunds, Balance transactions, Subscriptions, Invoices, Events and Connected accounts (for this account's name). A secret key works too.",
      schema: keySchema(),
      shape: KEY,
      headers: bearer,
    },
  ],
  baseUrl: () => "https://api.stripe.com",
  headers: { "Stripe-Version": STRIPE_VERSION },
  // 100 in live mode, 25 in test mode, shared with the merchant's own software.
  limits: { callsPerSecond: 20, docs: "https://docs.stripe.com/rate-limits" },
  account: {
    request: () => ({ path: "/v1/account" }),
    read: readAccount,
  },
  changeable: ["countTestPayments"],
  payments: { collection: CHARGE, countsTests: (config) => config.countTestPayments },
  collections,
  streams: [
    {
      name: "events",
      title: "Everything new",
      mode: "live",
      collections: [...collections.map(({ name }) => name), ALIAS],
      pageSize: PAGE_SIZE,
      lookbackSeconds: EVENT_LAG_SECONDS,
      retentionDays: EVENTS_KEPT_DAYS,
      stepOver: BY_SECOND,
      request: feedRequest,
      page: feedPage,
      lookup: feedLookup,
      normalize: fromEvent,
      collectionOf,
    },
    list({
      name: "customers",
      title: "Customers",
      collections: [CUSTOMERS, ALIAS],
      reach: "all",
      path: "/v1/customers",
      read: customerFromList,
    }),
    list({
      name: "charges",
      title: "Charges",
      collections: [CHARGE],
      reach: { days: CHARGE_SETTLES_DAYS },
      path: "/v1/charges",
      query: { "expand[]": ["data.balance_transaction"] },
      read: chargeFromList,
    }),
    list({
      name: "refunds",
      title: "Refunds",
      collections: [CHARGE],
      reach: { days: REFUND_SETTLES_DAYS },
      path: "/v1/refunds",
      query: { "expand[]": REFUND_EXPAND },
      read: refundFromList,
    }),
    list({
      name: "subscriptions",
      title: "Subscriptions",
      collections: [NEW_TRIAL, TRIAL_CANCELLED, TRIAL_EXPIRED, CANCELLED],
      reach: "all",
      path: "/v1/subscriptions",
      query: { status: "all" },
      read: subscriptionFromList,
    }),
    list({
      name: "subscription_changes",
      title: "Changes of subscriptions",
      collections: [CHANGE],
      ...FEED_AS_LIST,
      query: { "types[]": CHANGE_TYPES },
      read: subscriptionChange,
    }),
    list({
      name: "invoices",
      title: "Invoices",
      collections: [INVOICE],
      reach: "all",
      path: "/v1/invoices",
      read: invoiceFromList,
    }),
    list({
      name: "invoice_updates",
      title: "Updates of invoices",
      collections: [INVOICE],
      ...FEED_AS_LIST,
      query: { "types[]": ["invoice.updated"] },
      read: invoiceUpdated,
    }),
  ],
  pendingForDays: REFUND_SETTLES_DAYS,
  classify,
  templates,
})

interface List extends Pick<Stream<Config>, "name" | "title" | "collections" | "reach" | "reachesBackDays"> {
  path: string
  query?: Record<string, string | readonly string[]>
  read(object: JsonValue, reading: Reading): Normalized
}

/** A list, read newest first for a range of creation times. */
function list({ path, query, read, ...declared }: List): Stream<Config> {
  return {
    ...declared,
    mode: "backfill",
    pageSize: PAGE_SIZE,
    lookbackSeconds: 0,
    stepOver: BY_SECOND,
    parts: PARTS,
    request: (ctx) => listRequest(path, ctx, query),
    page: listPage,
    normalize: ({ body }, ctx) => read(body, ctx),
  }
}

/** https://docs.stripe.com/keys#api-keys; the length is Stripe's to change. */
function keySchema() {
  return z
    .string()
    .trim()
    .superRefine((key, ctx) => {
      const fault = faultOfKey(key)
      if (fault) ctx.addIssue({ code: "custom", message: fault })
    })
}

function faultOfKey(key: string): string | null {
  if (KEY.test(key)) return null
  if (key.startsWith("pk_")) return "This is a publishable key. Take the secret key (sk_) or a restricted key (rk_)."
  if (key.startsWith("whsec_"))
    return "This is a webhook's signing secret. Take the secret key (sk_) or a restricted key (rk_)."
  if (key.startsWith("ca_")) return "This is a Connect client id. Take the secret key (sk_) or a restricted key (rk_)."
  if (/^sk_org_/.test(key)) return "This is an organization's key. Take a key of the one account to read."
  if (/^shp|^pat-|^xox|^sk-/.test(key)) return "This is another product's key. A Stripe key begins with sk_ or rk_."
  if (/^(sk|rk)_/.test(key))
    return "This key is not complete. Copy it again: it begins with sk_live_, sk_test_, rk_live_ or rk_test_."
  return "A Stripe key begins with sk_live_, sk_test_, rk_live_ or rk_test_."
}
