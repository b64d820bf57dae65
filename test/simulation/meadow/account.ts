/** The made-up partner's side: an account with three live streams of different orders and limits. */
import { type Answer, httpDate } from "../../sandbox/http.ts"
import { createRandom } from "../../sandbox/random.ts"
import { nobodySignsIn } from "../nobody.ts"
import type { PartnerAccount, PartnerKind, Refusal } from "../partner.ts"
import { DAY, type Scenario } from "../scenario.ts"
import { smallPages } from "../small-pages.ts"
import { createApi, refusal } from "./api.ts"
import { LOOKBACK_S, meadow } from "./connector.ts"
import { createDesk, LIFE } from "./desk.ts"
import { meadowLedger } from "./ledger.ts"

const HOST = "api.meadow.example"
/** Everything is shown within this, cut to the minute. */
const SHOWN_WITHIN_MS = 900_000
/** One page, and the companies of its people. */
const CALLS_OF_A_PAGE = 2
/** Endpoints of the live streams, by the last figure of the seed. */
const LIVE_PATHS = ["/v1/activity", "/v1/people", "/v1/companies/scroll"]

export const MEADOW: PartnerKind = {
  title: "Meadow",
  connector: smallPages(meadow),
  lookbackMs: 1000 * LOOKBACK_S,
  takesBack: false,
  liveStreams: 3,
  hasCrowds: false,
  life: Object.keys(LIFE),
  faults: [],
  open,
}

function open(scenario: Scenario, clock: () => number): PartnerAccount {
  let past: number | null = null
  const now = () => past ?? clock()
  const desk = createDesk(now, { feed: 1000 * scenario.lag.events, rows: 1000 * scenario.lag.rows })
  let keys = 1
  const key = () => `mdw_${keys}`
  const api = createApi(desk, (given) => given === key())
  const dated = (answer: Answer): Answer => ({ ...answer, headers: { date: httpDate(clock()), ...answer.headers } })
  const live = (life: string, roll: number): string => {
    const act = LIFE[life]
    if (!act) throw new Error(`nothing is known of "${life}"`)
    return act(desk, createRandom(roll), scenario.poison)
  }
  for (const { at, life, roll } of scenario.history) {
    past = (at ?? 0) + scenario.skewMs
    live(life, roll)
  }
  past = null
  const affected = LIVE_PATHS[scenario.seed % LIVE_PATHS.length] ?? ""
  return {
    account: { id: "mdw", name: "Meadow", mode: "live" },
    config: {},
    isFor: ({ hostname }) => hostname === HOST,
    answer: (call) => dated(api.answer(call)),
    cursed:
      scenario.seed % 10 === 4 && Object.keys(scenario.rates).length > 0 && !isTriedForever(scenario)
        ? "per_00004"
        : null,
    unread: api.unread,
    forbid: ({ url }, isForbidding) =>
      isForbidding && url.pathname === affected
        ? dated(refusal(403, "forbidden", "This token may not read it."))
        : null,
    refuse: (how) => dated(refused(how)),
    rowsAsked: ({ url }) => (url.searchParams.has("limit") ? Number(url.searchParams.get("limit")) : null),
    isOfLaterPage: ({ url }) => ["after", "scroll"].some((name) => url.searchParams.has(name)),
    isOfOneStream: ({ url }) => url.pathname === affected,
    describe: ({ url }, { status, body }) =>
      `Meadow ${url.pathname}${decodeURIComponent(url.search)} -> ${status}, ${listed(body)}`,
    live,
    rest: () => undefined,
    key,
    rollKey() {
      keys++
    },
    oauth: nobodySignsIn("meadow", clock),
    ledger: meadowLedger(desk),
    pages(rows) {
      const pagesOf = (count: number) => Math.ceil(count / Math.min(rows, 20)) + 1
      const states = [...desk.people.values()].reduce((sum, { length }) => sum + length, 0)
      const lists = pagesOf(desk.people.size) + 2 * pagesOf(desk.tickets.size) + pagesOf(desk.companies.size)
      return { feed: pagesOf(desk.activity.length) + pagesOf(states) + pagesOf(desk.companies.size), lists }
    },
    callsOfAPage: CALLS_OF_A_PAGE,
    // The companies are scrolled through whole, the other two asked once.
    get callsOfARun() {
      return 2 + Math.ceil(desk.companies.size / Math.min(scenario.pageSize, 20)) + 1
    },
    shownBy: () => scenario.calmAt + scenario.skewMs + SHOWN_WITHIN_MS,
  }
}

/** Tried again every hour for a month, it would tell of nothing but that. */
function isTriedForever({ connectAt, calmAt, actions }: Scenario): boolean {
  return calmAt - connectAt > 10 * DAY && actions.some(({ action }) => action === "interval")
}

function refused(how: Refusal): Answer {
  switch (how.kind) {
    case "limits":
      return refusal(
        429,
        "rate_limited",
        "Too fast.",
        how.seconds === null ? {} : { "retry-after": String(how.seconds) },
      )
    case "limits_one":
      return refusal(429, "too_many", "Too many of these.", { "retry-after": String(how.seconds) })
    case "unauthorized":
      return refusal(401, "unauthorized", "This token is not valid.")
    case "forgotten":
      return refusal(400, "bad_cursor", "This cursor is not known.")
    case "stumbles":
      return refusal(500, "trouble", "Something went wrong.")
  }
}

function listed(body: string): string {
  const { data, next, scroll } = JSON.parse(body) as {
    data?: { id: string }[]
    next?: string | null
    scroll?: string | null
  }
  if (!data) return body.slice(0, 100)
  const names = data.map((row) => `${row.id}`).join(", ")
  return `${data.length}, next ${next ?? scroll ?? null}: ${names.slice(0, 300)}`
}
