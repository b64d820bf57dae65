/** Paddle Billing: customers, trials, cancellations and payments of one seller, read with an API key. */
import { z } from "zod"
import { bearer } from "./kit/auth.ts"
import type { Account, JsonValue, PartnerAnswer } from "./kit/define.ts"
import { CHARGE, declined, paid, refunded } from "./kit/rest/charges.ts"
import { pastedKey, restConnector } from "./kit/rest/connector.ts"
import { address, currency, flag, minor, number, text, time } from "./kit/rest/fields.ts"
import { afterLast } from "./kit/rest/paging.ts"
import type { History } from "./kit/rest/resource.ts"
import { event, type Happening, user } from "./kit/rest/tells.ts"
import { iso, timeAt } from "./kit/rest/times.ts"
import { json, rows, text as textAt } from "./kit/values.ts"
import { templates } from "./paddle/templates.ts"

/** `pdl_live_apikey_...`. Keys made before May 2025 have no such form. https://developer.paddle.com/api-reference/about/api-keys */
const KEY = /^pdl_(live|sdbx)_apikey_[a-z\d]{26}_[a-zA-Z\d]{22}_[a-zA-Z\d]{3}$/
/** "Events older than 90 days aren't retained." https://developer.paddle.com/api-reference/events/list-events */
const EVENTS_KEPT_DAYS = 90
/** Paddle promises nothing. In its own samples an event is shown within five seconds of what it tells. */
const EVENT_LAG_SECONDS = 300
/** Pages go on after an id, and ids grow with time. https://developer.paddle.com/api-reference/about/pagination */
const PAGED = { rows: "data", paging: afterLast("meta.pagination.has_more") }
const NEWEST = { order_by: "id[DESC]", per_page: "{size}", after: "{token}" }
/** No list but that of transactions can be bounded by time. */
const WHOLE: History = { time: iso("created_at"), order: "newest", reach: "all", lower: "none", upper: "none" }

const who = { id: "customer_id" }
const customer = text("customer_id", "Paddle's id of the customer (ctm_...)")
const subscription = text("subscription_id", "Paddle's id of the subscription (sub_...), where it is about one")
const transaction = text("id", "Paddle's id of the transaction (txn_...)")

const customers = user(
  "Customers",
  "A customer of yours at Paddle, with the latest attributes: added, or changed in any way.",
  { id: "id", email: "email" },
  {
    paddle_customerId: text("id", "Paddle's id of the customer (ctm_...)"),
    name: text("name", "Full name"),
    email: address("email", "Email, lower case"),
    paddle_locale: text("locale", "Language of emails and invoices: en, fr ..."),
    paddle_marketing_consent: flag("marketing_consent", "Whether the customer agreed at the checkout to marketing"),
    paddle_status: text("status", "active, or archived: kept for the record, and not billed any more"),
    paddle_created: time("created_at", "When the customer was added to Paddle"),
  },
  { changed: iso("updated_at"), custom: { path: "custom_data", prefix: "paddle_custom_", about: "Your own data" } },
)

const trial = {
  subscription: text("id", "Paddle's id of the subscription (sub_...)"),
  customer,
  currency: currency("currency_code", "Currency of the subscription: three-letter code, lower case"),
}
const plan = {
  ...trial,
  plan: text("items.0.price.name", "Name of the price; with several, of the first"),
  product: text("items.0.product.name", "Name of the product; with several, of the first"),
  quantity: number("items.0.quantity", "Units of the price, such as seats; with several, of the first"),
  unit_amount: minor(
    "items.0.price.unit_price.amount",
    "currency_code",
    "List price of a unit, without discounts and tax",
  ),
  interval: text("billing_cycle.interval", "Billed by the day, week, month or year"),
}
const newTrial = event(
  "New trial",
  "A trial begins for a subscription.",
  { fact: "trial", time: iso("started_at"), who, when: beganInTrial },
  trial,
)
const trialExpired = event(
  "Trial expired",
  "A trial has ended, and the subscription is billed for the first time.",
  {
    ...{ fact: "billed", time: iso("first_billed_at"), who, when: wasBilledAfterTrial },
    pending: { while: isInTrial, since: iso("started_at") },
    never: { canceled_at: "present", first_billed_at: "absent" },
    // Whenever a subscription is paid again after it was past due.
    isShownLater: true,
  },
  trial,
)
const ended = { fact: "cancelled", time: iso("canceled_at"), who } as const
const trialCancelled = event(
  "Trial cancelled",
  "A subscription is cancelled in its trial, before anything was billed.",
  { ...ended, when: { canceled_at: "present", first_billed_at: "absent" } },
  plan,
)
const cancelled = event(
  "Subscription cancelled",
  "A subscription that has been billed is cancelled.",
  { ...ended, when: { canceled_at: "present", first_billed_at: "present" } },
  plan,
)

const payment = paid(
  { amount: "details.totals.grand_total", currency: "details.totals.currency_code" },
  {
    fact: "succeeded",
    // Of an invoice that is paid by bank transfer there may be no capture.
    time: [capturedAt, iso("billed_at")],
    who,
    when: movedMoney,
    pending: { while: { status: ["billed", "past_due", "paid"] }, since: iso("created_at") },
    never: { status: ["canceled"] },
  },
  {
    ...{ transaction, subscription, customer },
    tax: minor("details.totals.tax", "details.totals.currency_code", "Payments: tax in the amount"),
    origin: text("origin", "Payments: web, api, subscription_recurring, subscription_update ..."),
    invoice_number: text("invoice_number", "Payments: number of the invoice"),
  },
)
/** Attempts that a list shows. An event is about the newest of them: those before had events of their own. */
const failure = (each: Happening["each"] & {}) =>
  declined(
    { amount: "amount", currency: "of.currency_code" },
    {
      ...{ each, id: "payment_attempt_id", fact: "failed", time: iso("created_at"), who: { id: "of.customer_id" } },
      when: { status: ["error"] },
      // Whoever pays may take their time to answer the bank.
      pending: {
        while: { status: ["created", "action_required", "pending_no_action_required"] },
        since: iso("created_at"),
      },
      never: { status: ["authorized", "authorized_flagged", "captured", "canceled", "dropped"] },
    },
    {
      transaction: text("of.id", transaction.about),
      subscription: text("of.subscription_id", subscription.about),
      customer: text("of.customer_id", customer.about),
      failure: text("error_code", "Payments that failed, why: declined, expired_card, not_enough_balance ..."),
    },
  )
const newestFailure = failure((row) => rows(row, "payments").slice(0, 1))
const refund = refunded(
  { amount: "totals.total", currency: "totals.currency_code" },
  {
    // Nothing tells when it was approved.
    ...{ fact: "refunded", time: iso("created_at"), who },
    when: { action: ["refund"], status: ["approved"] },
    pending: { while: { action: ["refund"], status: ["pending_approval"] }, since: iso("created_at") },
    never: { action: ["refund"], status: ["rejected"] },
    isShownLater: true,
  },
  {
    refund: text("id", "Refunds: Paddle's id of the adjustment (adj_...)"),
    reason: text("reason", "Refunds: why, as entered at Paddle"),
    transaction: text("transaction_id", transaction.about),
    ...{ subscription, customer },
  },
)

export const paddle = restConnector({
  name: "paddle",
  title: "Paddle",
  docs: "https://developer.paddle.com/api-reference/overview",
  config: z.strictObject({
    environment: z.enum(["live", "sandbox"]).default("live").describe("live, or sandbox: Paddle's accounts for tests"),
  }),
  auth: [
    pastedKey({
      label: "API key",
      help:
        "In Paddle, under Developer tools, Authentication, create an API key with Read for Customers, Subscriptions, Transactions, " +
        "Adjustments and Notifications (for events).",
      form: KEY,
      fault:
        "A Paddle API key begins with pdl_live_apikey_ or pdl_sdbx_apikey_. One of before May 2025 does not: make a new one.",
      unlike: [
        [/^(live|test)_/, "This is a client-side token. Take an API key: it begins with pdl_live_ or pdl_sdbx_."],
      ],
      headers: bearer,
    }),
  ],
  baseUrl: ({ environment }) => `https://${environment === "sandbox" ? "sandbox-api" : "api"}.paddle.com`,
  headers: { "Paddle-Version": "1" },
  // 240 a minute for an IP address, which all sources here may share.
  limits: { callsPerSecond: 2, docs: "https://developer.paddle.com/api-reference/about/rate-limiting" },
  account: { request: () => ({ path: "/" }), read: callerOf },
  people: { knownBy: "id" },
  payments: CHARGE,
  feed: {
    ...{ path: "/events", title: "Everything new", query: NEWEST, ...PAGED, pageSize: 200 },
    ...{ id: "event_id", type: "event_type", object: "data" },
    live: {
      ...{ time: iso("occurred_at"), order: "newest", lower: "none", upper: "none" },
      ...{ lagSeconds: EVENT_LAG_SECONDS, keptDays: EVENTS_KEPT_DAYS },
    },
    tells: {
      ...{ "customer.created": [customers], "customer.updated": [customers], "customer.imported": [customers] },
      ...{ "subscription.trialing": [newTrial, trialExpired] },
      ...{ "subscription.canceled": [trialCancelled, cancelled, trialExpired] },
      ...{ "subscription.activated": [trialExpired], "subscription.past_due": [trialExpired] },
      ...{ "transaction.completed": [payment], "transaction.payment_failed": [newestFailure] },
      ...{ "adjustment.created": [refund], "adjustment.updated": [refund] },
    },
  },
  resources: [
    {
      ...{ name: "customers", title: "Customers", path: "/customers", ...PAGED, pageSize: 200 },
      ...{ query: { ...NEWEST, status: "active,archived" }, history: WHOLE, tells: [customers] },
    },
    {
      ...{ name: "subscriptions", title: "Subscriptions", path: "/subscriptions", ...PAGED, pageSize: 200 },
      ...{ query: NEWEST, history: WHOLE, tells: [newTrial, trialExpired, trialCancelled, cancelled] },
    },
    {
      ...{ name: "transactions", title: "Transactions", path: "/transactions", ...PAGED, pageSize: 30 },
      query: { ...NEWEST, "created_at[GTE]": "{from}", "created_at[LT]": "{to}" },
      history: { time: iso("created_at"), order: "newest", reach: "all", lower: "inclusive", isCut: true },
      tells: [payment, failure("payments")],
    },
    {
      ...{ name: "adjustments", title: "Refunds", path: "/adjustments", ...PAGED, pageSize: 50 },
      ...{ query: { ...NEWEST, action: "refund" }, history: WHOLE, tells: [refund] },
    },
  ],
  // An invoice may be paid months after it was sent.
  pendingForDays: 90,
  errors: {
    ...{ code: "error.code", message: "error.detail" },
    auth: {
      codes: ["invalid_token", "authentication_missing", "authentication_malformed"],
      reason:
        "Paddle does not accept this key. Check under Developer tools, Authentication, that it exists, has not expired and is of this " +
        "environment.",
    },
    token: ["invalid_cursor"],
    denied: {
      codes: ["forbidden", "paddle_billing_not_enabled"],
      reason:
        "This Paddle key may not read this. Edit its permissions in Paddle under Developer tools, Authentication.",
    },
  },
  templates,
})

/** https://developer.paddle.com/api-reference/api-root/get-api-root */
function callerOf(answer: PartnerAnswer): Account {
  const body = json(answer.body)
  const id = textAt(body, "data.caller.account.id") ?? ""
  const mode = textAt(body, "data.api.environment") === "production" ? "live" : "test"
  return { id, name: textAt(body, "data.caller.account.name") ?? id, mode }
}

/** `first_billed_at` "may be different from `started_at` if the subscription started in trial". */
function beganInTrial(row: JsonValue): boolean {
  const started = textAt(row, "started_at")
  return started !== null && textAt(row, "first_billed_at") !== started
}

function isInTrial(row: JsonValue): boolean {
  return beganInTrial(row) && textAt(row, "first_billed_at") === null && textAt(row, "canceled_at") === null
}

function wasBilledAfterTrial(row: JsonValue): boolean {
  return beganInTrial(row) && textAt(row, "first_billed_at") !== null
}

/** A trial's first transaction is completed too, over nothing. */
function movedMoney(row: JsonValue): boolean {
  return textAt(row, "status") === "completed" && (textAt(row, "details.totals.grand_total") ?? "0") !== "0"
}

function capturedAt(row: JsonValue): number | null {
  const captured = rows(row, "payments").find((attempt) => textAt(attempt, "status") === "captured")
  return captured === undefined ? null : timeAt(captured, iso("captured_at"))
}
