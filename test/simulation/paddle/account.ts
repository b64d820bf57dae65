/** Paddle's side: one feed, newest first, of which no page can be bounded by time, and lists of which only one can. */
import { paddle } from "../../../src/connectors/paddle.ts"
import { type Answer, httpDate } from "../../sandbox/http.ts"
import { answerFor, refusal } from "../../sandbox/paddle/api.ts"
import { LIFE } from "../../sandbox/paddle/life.ts"
import { createRandom } from "../../sandbox/random.ts"
import { EVENTS, openBooks, sizeOf } from "../../sandbox/rest/books.ts"
import { nobodySignsIn } from "../nobody.ts"
import type { PartnerAccount, PartnerKind, Refusal } from "../partner.ts"
import type { Scenario } from "../scenario.ts"
import { smallPages } from "../small-pages.ts"
import { paddleLedger } from "./ledger.ts"

/** Everything is shown within this. */
const SHOWN_WITHIN_MS = 600_000
/** Rows a page, at most, of each list that a backfill reads. */
const LISTS = { customers: 200, subscriptions: 200, transactions: 30, adjustments: 50 }

export const PADDLE: PartnerKind = {
  title: "Paddle",
  connector: smallPages(paddle),
  lookbackMs: 600_000,
  takesBack: false,
  liveStreams: 1,
  hasCrowds: false,
  life: Object.keys(LIFE),
  faults: [],
  open,
}

function open(scenario: Scenario, clock: () => number): PartnerAccount {
  let past: number | null = null
  const books = openBooks(() => past ?? clock(), { events: 1000 * scenario.lag.events, rows: 1000 * scenario.lag.rows })
  let keys = 1
  const key = () => `pdl_live_apikey_${String(keys).padStart(26, "0")}_q6TGTJyvoIz7LDtXT65bX7_AQO`
  const answer = answerFor(books, { id: "acc_1", name: "Acme", environment: "production" }, (given) => given === key())
  const dated = (given: Answer): Answer => ({ ...given, headers: { date: httpDate(clock()), ...given.headers } })
  const live = (life: string, roll: number): string => {
    const act = LIFE[life]
    if (!act) throw new Error(`nothing is known of "${life}"`)
    return act(books, createRandom(roll))
  }
  for (const { at, life, roll } of scenario.history) {
    past = (at ?? 0) + scenario.skewMs
    live(life, roll)
  }
  past = null
  const forbidden = scenario.seed % 3 === 0 ? "/events" : "/transactions"
  return {
    account: { id: "acc_1", name: "Acme", mode: "live" },
    config: {},
    isFor: ({ hostname }) => hostname === "api.paddle.com",
    answer: (call) => dated(answer(call)),
    forbid: ({ url }, isForbidding) =>
      isForbidding && url.pathname === forbidden
        ? dated(refusal(403, "forbidden", "You aren't permitted to perform this request."))
        : null,
    refuse: (how) => dated(refused(how)),
    refusesKey: ({ status, body }) => status === 403 && body?.includes('"invalid_token"') === true,
    rowsAsked: ({ url }) => (url.searchParams.has("per_page") ? Number(url.searchParams.get("per_page")) : null),
    isOfLaterPage: ({ url }) => url.searchParams.has("after"),
    describe: ({ url }, { status, body }) =>
      `Paddle ${url.pathname}${decodeURIComponent(url.search)} -> ${status}, ${listed(body)}`,
    live,
    rest: () => undefined,
    key,
    rollKey() {
      keys++
    },
    oauth: nobodySignsIn("paddle", clock),
    ledger: paddleLedger(books),
    pages(rows) {
      const pagesOf = (table: string, most: number) => Math.ceil(sizeOf(books, table) / Math.min(rows, most)) + 1
      const lists = Object.entries(LISTS).reduce((sum, [table, most]) => sum + pagesOf(table, most), 0)
      return { feed: pagesOf(EVENTS, 200), lists }
    },
    callsOfAPage: 1,
    callsOfARun: 1,
    shownBy: () => scenario.calmAt + scenario.skewMs + SHOWN_WITHIN_MS,
  }
}

function refused(how: Refusal): Answer {
  switch (how.kind) {
    case "limits":
    case "limits_one":
      return refusal(
        429,
        "too_many_requests",
        "IP address exceeded the allowed rate limit.",
        how.seconds === null ? {} : { "retry-after": String(how.seconds) },
      )
    case "unauthorized":
      return refusal(403, "invalid_token", "Invalid or revoked API key.")
    case "forgotten":
      return refusal(400, "invalid_cursor", "The pagination cursor is invalid or has expired.")
    case "stumbles":
      return refusal(500, "internal_error", "Something went wrong.")
  }
}

function listed(body: string): string {
  const { data, meta } = JSON.parse(body) as {
    data?: { id?: string; event_id?: string; event_type?: string }[]
    meta?: { pagination?: { has_more: boolean } }
  }
  if (!Array.isArray(data)) return body.slice(0, 100)
  const names = data.map(({ id, event_id, event_type }) => `${event_type ?? ""} ${event_id ?? id}`).join(", ")
  return `${data.length}${meta?.pagination?.has_more ? "+" : ""}: ${names.slice(0, 300)}`
}
