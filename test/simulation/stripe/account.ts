/** The partner's side: a small Stripe account in which things happen, before the source is connected and while it is read. */
import type { AnyConnector } from "../../../src/connectors/kit/define.ts"
import { stripe } from "../../../src/connectors/stripe.ts"
import { createFaults } from "../../sandbox/faults.ts"
import { type Answer, httpDate } from "../../sandbox/http.ts"
import { createRandom, type Random } from "../../sandbox/random.ts"
import { createWriter } from "../../sandbox/store.ts"
import { type Account, at, now } from "../../sandbox/stripe/account.ts"
import { AUTHORIZATION_LIVES_S, captureCharge, createCharge, updateCharge } from "../../sandbox/stripe/charges.ts"
import { createCustomer, deleteCustomer, updateCustomer } from "../../sandbox/stripe/customers.ts"
import { runDue } from "../../sandbox/stripe/engine.ts"
import {
  createInvoice,
  deleteInvoice,
  finalizeInvoice,
  markUncollectible,
  payInvoice,
  updateInvoice,
  voidInvoice,
} from "../../sandbox/stripe/invoices.ts"
import type { ChargeRow, CustomerRow, InvoiceRow, Kind, Rows, SubscriptionRow } from "../../sandbox/stripe/model.ts"
import { createStripe, type Stripe } from "../../sandbox/stripe/partner.ts"
import { createRefund, failRefund, updateRefund } from "../../sandbox/stripe/refunds.ts"
import {
  cancelAtPeriodEnd,
  cancelNow,
  changePlan,
  changeQuantity,
  createSubscription,
  extendTrial,
  undoCancel,
} from "../../sandbox/stripe/subscriptions.ts"
import { POISON } from "../faults.ts"
import type { PartnerAccount, PartnerKind, PartnerOAuth } from "../partner.ts"
import type { Scenario } from "../scenario.ts"
import { stripeLedger } from "./oracle.ts"

const RETENTION_S = 31 * 86_400
/** https://docs.stripe.com/refunds#failed-refunds */
const REFUND_MAY_FAIL_S = 30 * 86_400
/** Everything is shown within this, and the feed read again for less. */
const SHOWN_WITHIN_MS = 900_000
const ACCOUNT = "acme/live"
/** What makes a refusal Stripe's own. */
const REFUSED = { type: "invalid_request_error", message: "refused" }
/** A page, and at most five calls that complete it. */
const CALLS_OF_A_PAGE = 6

export const STRIPE: PartnerKind = {
  title: "Stripe",
  connector: sliced,
  lookbackMs: 600_000,
  takesBack: false,
  liveStreams: 1,
  hasCrowds: true,
  get life() {
    return Object.keys(LIFE)
  },
  faults: [],
  open,
}

const slicedStripes = new Map<number, AnyConnector>()

function sliced(pageSize: number): AnyConnector {
  const known = slicedStripes.get(pageSize)
  if (known) return known
  const streams = stripe.streams.map((stream) => ({ ...stream, pageSize }))
  const made = { ...stripe, streams }
  slicedStripes.set(pageSize, made)
  return made
}

function open(scenario: Scenario, clock: () => number): PartnerAccount {
  const faults = createFaults(createRandom(scenario.seed))
  const sandbox = createStripe({ seed: scenario.seed, clock, faults, writer: createWriter(null) })
  const made = sandbox.create({
    name: "acme",
    mode: "live",
    options: { rateLimit: null, endpointRateLimit: null, declineRate: 0.1 },
  })
  const { account } = made
  let key = made.key
  let isResting = false
  const { lag } = scenario
  if (lag.events > 0) faults.on({ name: "slow_visibility", options: { seconds: lag.events } })
  if (lag.rows > 0) faults.on({ name: "late_rows", options: { seconds: lag.rows } })
  const forbidden = scenario.seed % 3 === 0 ? "/v1/events" : "/v1/charges"
  // The account is only ever looked at through an answer, so what is due may be done just before one.
  const catchUp = () => {
    if (!isResting) runDue(account, now(account))
  }
  const failed = (status: number, headers: Record<string, string> = {}, error: object = {}): Answer => {
    return { status, headers: { date: httpDate(clock()), ...headers }, body: JSON.stringify({ error }) }
  }
  past(account, scenario)
  return {
    account: { id: account.id, name: "Acme", mode: "live" },
    config: {},
    isFor: (url) => url.hostname === "api.stripe.com",
    answer(call) {
      catchUp()
      return sandbox.answer(call)
    },
    forbid: (call, isForbidding) => (isForbidding && call.url.pathname === forbidden ? failed(403, {}, REFUSED) : null),
    refuse(how) {
      if (how.kind === "limits" || how.kind === "limits_one")
        return failed(429, how.seconds === null ? {} : { "retry-after": String(how.seconds) })
      if (how.kind === "unauthorized") return failed(401, {}, REFUSED)
      return failed(400, {}, { code: "resource_missing", param: "starting_after", message: "No such object" })
    },
    // What completes a page asks for the refunds of a charge, or for customers of an email, always as many.
    rowsAsked: ({ url: { searchParams: query } }) =>
      query.has("limit") && !query.has("charge") && !query.has("email") ? Number(query.get("limit")) : null,
    isOfLaterPage: ({ url }) => url.searchParams.has("starting_after"),
    describe: ({ url }, { status, body }) =>
      `Stripe ${url.pathname}${decodeURIComponent(url.search).slice(0, 150)} -> ${status}, ${listed(body)}`,
    live(life, roll) {
      catchUp()
      return happen(life)(account, createRandom(roll), scenario)
    },
    rest() {
      catchUp()
      isResting = true
    },
    key: () => key,
    rollKey() {
      key = sandbox.rollKey(key).key
    },
    oauth: signingIn(sandbox),
    ledger: stripeLedger(account, lag.events > 0),
    pages(rows) {
      const pagesOf = (count: number) => Math.ceil(count / rows)
      const feed = pagesOf(account.tables.event.order.length)
      const lists = Object.values(account.tables).reduce((sum, { order }) => sum + pagesOf(order.length) + 1, 0)
      return { feed, lists: lists + feed }
    },
    callsOfAPage: CALLS_OF_A_PAGE,
    callsOfARun: 1,
    shownBy: () => scenario.calmAt + scenario.skewMs + SHOWN_WITHIN_MS,
  }
}

function signingIn({ oauth: { apps, grants, answer } }: Stripe): PartnerOAuth {
  const [app] = [...apps.values()]
  if (!app) throw new Error("the sandbox has no app")
  grants.policy.revokesOnReuse = true
  return {
    client: { id: app.id, secrets: [app.secret] },
    grants,
    isTokenCall: ({ pathname }) => pathname === "/v1/oauth/token",
    answer: async (call) => (await answer(call)) ?? { status: 404, headers: {}, body: "" },
    async signIn() {
      const request = { app: app.id, account: ACCOUNT, scopes: [], redirectUri: "", challenge: null }
      const outcome = await grants.exchange(grants.issueCode(request), app.id, null)
      if (!outcome.ok) throw new Error(outcome.description)
      const { access, refresh } = outcome.issued
      // As documented: without a word of how long anything lives.
      return {
        accessToken: access,
        refreshToken: refresh,
        expiresInS: null,
        refreshExpiresInS: null,
        scopes: null,
        body: null,
      }
    },
    takeAway: () => grants.uninstall(app.id, ACCOUNT),
    isInstalled: () => grants.isInstalled(app.id, ACCOUNT),
  }
}

function listed(body: string): string {
  const { data, has_more } = JSON.parse(body) as { data?: { id: string; type?: string }[]; has_more?: boolean }
  if (!data) return body.slice(0, 100)
  const names = data.map(({ id, type }) => (type ? `${type} ${id}` : id)).join(", ")
  return `${data.length}${has_more ? "+" : ""}: ${names.slice(0, 300)}`
}

/** History, in order, on the account's own clock. */
function past(account: Account, scenario: Scenario): void {
  const connectS = Math.floor((scenario.connectAt + scenario.skewMs) / 1000)
  account.eventsFrom = connectS - RETENTION_S
  crowdIn(account, scenario.crowd, connectS)
  for (const step of scenario.history) {
    const then = (step.at ?? 0) + scenario.skewMs
    runDue(account, Math.floor(then / 1000))
    at(account, then, () => happen(step.life)(account, createRandom(step.roll), scenario))
  }
  runDue(account, connectS)
}

/** Guests who pay, one every other second; older than what the feed tells. */
function crowdIn(account: Account, payments: number, connectS: number): void {
  const from = connectS - RETENTION_S - 2 * payments
  for (let index = 0; index < payments; index++)
    at(account, 1000 * (from + 2 * index), () =>
      createCharge(account, { amount: 1_000 + index, outcome: "succeeded", billingEmail: `guest${index}@example.com` }),
    )
}

// ------------------------------------------------------------------------------------------------- what can happen

type Life = (account: Account, random: Random, scenario: Scenario) => string

/** Each finds somebody it can happen to, or does nothing. */
const LIFE: Record<string, Life> = {
  arrive(account, random, scenario) {
    const name = `P${account.counter}`
    const email = random.chance(0.15) ? null : `${random.chance(0.1) ? name : name.toLowerCase()}@example.com`
    const metadata = { n: "0", ...poison(random, scenario) }
    const row = createCustomer(account, { name, email, country: random.pick([null, "US", "JP"]), metadata })
    return `customer ${row.id} arrives as ${email}`
  },
  note(account, random, scenario) {
    const row = anyOf(account, "customer", random, isThere)
    if (!row) return "nothing"
    const next = { ...row.metadata, n: String(Number(row.metadata.n ?? 0) + 1), ...poison(random, scenario) }
    const metadata: Record<string, string> = next
    // Back to what it was at first, now and then; or gone, as if it had never been.
    if (random.chance(0.2)) metadata.n = "0"
    if (metadata.n === "0" && account.counter % 2 === 0) delete metadata.n
    // What is refused for good may be put right by the next change.
    if (random.chance(0.5)) delete metadata.note
    updateCustomer(account, row.id, { metadata })
    return `customer ${row.id} changes: ${metadata.n}`
  },
  move(account, random) {
    const row = anyOf(account, "customer", random, isThere)
    if (!row) return "nothing"
    const email = random.chance(0.15) ? null : `p${account.counter}@example.org`
    updateCustomer(account, row.id, { email })
    return `customer ${row.id} is now ${email}`
  },
  leave(account, random) {
    const row = random.chance(0.4) ? anyOf(account, "customer", random, isThere) : undefined
    if (row) deleteCustomer(account, row.id)
    return row ? `customer ${row.id} is deleted` : "nothing"
  },
  buy(account, random, scenario) {
    const row = random.chance(0.8) ? anyOf(account, "customer", random, isThere) : undefined
    const outcome = random.pick(["succeeded", "succeeded", "succeeded", "failed", "pending", "uncaptured"] as const)
    const charge = createCharge(account, {
      customer: row?.id ?? null,
      amount: random.int(500, 90_000) * 10,
      currency: random.pick(["usd", "usd", "jpy", "kwd"]),
      outcome,
      method: outcome === "pending" ? "us_bank_account" : "card",
      // A customer pays with somebody else's card, too.
      billingEmail: random.chance(0.4) ? `guest${account.counter}@example.com` : null,
      description: poison(random, scenario).note ?? "Order",
    })
    return `charge ${charge.id} ${outcome}`
  },
  capture(account, random) {
    const row = anyOf(
      account,
      "charge",
      random,
      (one) => isAuthorized(one) && one.created > now(account) - AUTHORIZATION_LIVES_S,
    )
    if (!row) return "nothing"
    captureCharge(account, row.id, random.chance(0.3) ? row.amount - 10 : undefined)
    return `charge ${row.id} captured`
  },
  describe(account, random) {
    const row = anyOf(account, "charge", random, () => true)
    if (row) updateCharge(account, row.id, { description: `Order ${account.counter}` })
    return row ? `charge ${row.id} described anew` : "nothing"
  },
  refund(account, random) {
    const row = anyOf(account, "charge", random, isRefundable)
    if (!row) return "nothing"
    const left = row.amountCaptured - row.amountRefunded
    const amount = random.chance(0.5) ? left : Math.max(10, Math.floor(left / 20) * 10)
    const refund = createRefund(account, {
      charge: row.id,
      amount,
      status: random.chance(0.3) ? "pending" : "succeeded",
    })
    return `refund ${refund.id} ${refund.status} of ${row.id}`
  },
  refund_fails(account, random) {
    const row = anyOf(
      account,
      "refund",
      random,
      (one) => one.status === "succeeded" && one.created > now(account) - REFUND_MAY_FAIL_S,
    )
    if (row) failRefund(account, row.id)
    return row ? `refund ${row.id} fails` : "nothing"
  },
  refund_reference(account, random) {
    const row = anyOf(account, "refund", random, (refund) => refund.reference === null)
    if (row) updateRefund(account, row.id, { reference: String(account.counter) })
    return row ? `refund ${row.id} has its reference` : "nothing"
  },
  subscribe(account, random) {
    const row = anyOf(account, "customer", random, isThere)
    if (!row) return "nothing"
    const subscription = createSubscription(account, {
      customer: row.id,
      plan: `starter_month_${row.currency ?? "usd"}`,
      trialDays: random.pick([0, 7, 14]),
      trialEndBehavior: random.pick(["create_invoice", "pause", "cancel"] as const),
      hasPaymentMethod: random.chance(0.8),
      firstPayment: random.chance(0.9) ? "succeeded" : "failed",
    })
    return `subscription ${subscription.id} ${subscription.status}`
  },
  change_plan(account, random) {
    const row = anyOf(account, "subscription", random, isLive)
    if (!row) return "nothing"
    if (random.chance(0.5)) changeQuantity(account, row.id, (row.quantity % 5) + 1)
    else changePlan(account, row.id, `${random.pick(["starter", "team", "business"])}_month_${row.currency}`)
    return `subscription ${row.id} changes`
  },
  cancel(account, random) {
    const row = anyOf(account, "subscription", random, isLive)
    if (row) cancelNow(account, row.id)
    return row ? `subscription ${row.id} is cancelled` : "nothing"
  },
  cancel_later(account, random) {
    const row = anyOf(account, "subscription", random, isLive)
    if (!row) return "nothing"
    if (row.cancelAtPeriodEnd) undoCancel(account, row.id)
    else cancelAtPeriodEnd(account, row.id)
    return `subscription ${row.id} ends with its period: ${row.cancelAtPeriodEnd}`
  },
  extend_trial(account, random) {
    const row = anyOf(
      account,
      "subscription",
      random,
      (one) => one.status === "trialing" && (one.trialEnd ?? 0) > now(account),
    )
    if (row) extendTrial(account, row.id, 3)
    return row ? `trial of ${row.id} is extended` : "nothing"
  },
  bill(account, random) {
    const row = anyOf(account, "customer", random, isThere)
    if (!row) return "nothing"
    const lines = [{ amount: random.int(50, 900) * 10, description: "Work" }]
    const invoice = createInvoice(account, { customer: row.id, lines, collectionMethod: "send_invoice" })
    return `invoice ${invoice.id} is drawn up`
  },
  settle_invoice(account, random) {
    const row = anyOf(account, "invoice", random, (invoice) => invoice.status === "draft" || invoice.status === "open")
    if (!row) return "nothing"
    return settleInvoice(account, random, row)
  },
}

function happen(life: string): Life {
  const known = LIFE[life]
  if (!known) throw new Error(`nothing is known of "${life}"`)
  return known
}

function settleInvoice(account: Account, random: Random, row: InvoiceRow): string {
  if (row.status === "draft" && row.subscription === null && random.chance(0.2)) {
    deleteInvoice(account, row.id)
    return `invoice ${row.id} is deleted`
  }
  if (random.chance(0.3)) {
    updateInvoice(account, row.id, { description: `Of ${account.counter}` })
    return `invoice ${row.id} is described anew`
  }
  if (row.status === "draft") finalizeInvoice(account, row.id)
  else {
    const outcome = random.pick(["pay", "pay", "void", "uncollectible"] as const)
    if (outcome === "pay") payInvoice(account, row.id, random.pick(["succeeded", "out_of_band"] as const))
    if (outcome === "void") voidInvoice(account, row.id)
    if (outcome === "uncollectible") markUncollectible(account, row.id)
  }
  return `invoice ${row.id} is ${row.status}`
}

function poison(random: Random, scenario: Scenario): { note?: string } {
  return random.chance(scenario.poison) ? { note: POISON } : {}
}

const isThere = (row: CustomerRow) => !row.deleted
const isLive = (row: SubscriptionRow) => row.endedAt === null && row.status !== "incomplete"
const isAuthorized = (row: ChargeRow) => row.status === "succeeded" && !row.captured && !row.refunded
const isRefundable = (row: ChargeRow) =>
  row.status === "succeeded" && row.captured && row.amountCaptured - row.amountRefunded >= 10

function anyOf<K extends Kind>(
  account: Account,
  kind: K,
  random: Random,
  fits: (row: Rows[K]) => boolean,
): Rows[K] | undefined {
  const rows = (account.tables[kind].order as Rows[K][]).filter(fits)
  return rows.length > 0 ? random.pick(rows) : undefined
}
