/** The partner's side: a small Stripe account in which things happen, before the source is connected and while it is read. */
import { stripe } from "../../../src/connectors/stripe.ts"
import { createFaults } from "../../sandbox/faults.ts"
import { type Answer, httpDate } from "../../sandbox/http.ts"
import { createRandom } from "../../sandbox/random.ts"
import { createWriter } from "../../sandbox/store.ts"
import { type Account, at, now } from "../../sandbox/stripe/account.ts"
import { createCharge } from "../../sandbox/stripe/charges.ts"
import { runDue } from "../../sandbox/stripe/engine.ts"
import { createStripe, type Stripe } from "../../sandbox/stripe/partner.ts"
import type { PartnerAccount, PartnerKind, PartnerOAuth } from "../partner.ts"
import type { Scenario } from "../scenario.ts"
import { smallPages } from "../small-pages.ts"
import { happen, LIFE } from "./life.ts"
import { stripeLedger } from "./oracle.ts"

const RETENTION_S = 31 * 86_400
/** Everything is shown within this, and the feed read again for less. */
const SHOWN_WITHIN_MS = 900_000
const ACCOUNT = "acme/live"
/** What makes a refusal Stripe's own. */
const REFUSED = { type: "invalid_request_error", message: "refused" }
/** A page, and at most five calls that complete it. */
const CALLS_OF_A_PAGE = 6

export const STRIPE: PartnerKind = {
  title: "Stripe",
  connector: smallPages(stripe, (_, rows) => rows),
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
