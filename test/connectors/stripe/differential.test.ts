/** A simulated business for a year: every fact as its feed tells it, as follow-up calls complete it, and as its lists show it at the end. */
import { describe, expect, test } from "vitest"
import type { Stream } from "../../../src/connectors/kit/define.ts"
import type { Item, JsonValue } from "../../../src/connectors/kit/item.ts"
import type { Config } from "../../../src/connectors/stripe/shape.ts"
import { stripe } from "../../../src/connectors/stripe.ts"
import { normalizePage } from "../../../src/pipeline/normalize.ts"
import { createClock, DAY_S, SECOND_MS } from "../../sandbox/clock.ts"
import { createWriter } from "../../sandbox/store.ts"
import { type Account, createAccount, plan } from "../../sandbox/stripe/account.ts"
import { answer } from "../../sandbox/stripe/api.ts"
import { updateCharge } from "../../sandbox/stripe/charges.ts"
import { runDue } from "../../sandbox/stripe/engine.ts"
import { considerRefund, PEOPLE } from "../../sandbox/stripe/people.ts"
import { compareWays } from "../kit/differential.ts"
import { ALL, CONFIG, COUNTED, pageContext, readingOf } from "./objects.ts"

const VERSION = stripe.headers["Stripe-Version"] ?? ""
const START = Date.UTC(2025, 5, 1)
const DAY_MS = DAY_S * SECOND_MS
const STEP_DAYS = 5
const STEPS = 365 / STEP_DAYS
const ARRIVALS_A_DAY = 2

type StripeStream = Stream<Config>

function readerOf(account: Account, now: () => number) {
  const { name, mode } = account
  const source = { ...(mode === "test" && COUNTED), account: { id: "acct_1", name, mode } }
  const ask = ({ path, query = {} }: ReturnType<StripeStream["request"]>) => {
    const url = new URL(path, stripe.baseUrl(CONFIG))
    for (const [name, value] of Object.entries(query)) {
      for (const one of [value ?? []].flat()) url.searchParams.append(name, String(one))
    }
    return {
      body: JSON.parse(JSON.stringify(answer(account, "GET", url, VERSION))) as JsonValue,
      headers: new Headers(),
    }
  }

  /** All that the stream tells since then, in pages of so many records. */
  return function read(stream: StripeStream, from: number, pageSize: number): Item[] {
    const items: Item[] = []
    const via = stream.mode === "live" ? "feed" : "list"
    for (let pageToken: string | null = null, first = true; first || pageToken !== null; first = false) {
      const context = pageContext({ ...source, window: { from, to: null }, pageToken, pageSize })
      const page = stream.page(ask(stream.request(context)), context)
      const followed = (stream.lookup?.requests(page.records, context) ?? []).map((request) => ask(request).body)
      const reading = readingOf(via, { ...source, followed, asked: now() })
      const read = normalizePage(stripe, stream, page.records, reading, {})
      expect(read.rejects).toEqual([])
      items.push(...read.items)
      pageToken = page.next
    }
    return items
  }
}

function aYear(version: string, mode: Account["mode"]) {
  const clock = createClock(() => START)
  const parts = { name: "acme", mode, seed: 11, clock: clock.now, writer: createWriter(null) }
  const account = createAccount({ ...parts, options: { version } })
  const read = readerOf(account, clock.now)
  const [feed, ...lists] = stripe.streams
  if (feed?.mode !== "live") throw new Error("the feed comes first")
  const [fed, followed, changes]: [Item[], Item[], Item[]] = [[], [], []]
  const charges = account.tables.charge.order
  for (let step = 0; step < STEPS; step++) {
    const [from, known] = [clock.now(), charges.length]
    for (let count = 0; count < STEP_DAYS * ARRIVALS_A_DAY; count++)
      plan(account, Math.floor(from / SECOND_MS) + count * Math.floor(DAY_S / ARRIVALS_A_DAY), "arrive", "")
    clock.advance(STEP_DAYS * DAY_MS)
    runDue(account, Math.floor(clock.now() / SECOND_MS), PEOPLE)
    for (const charge of charges.slice(known)) considerRefund(account, charge)
    // What a list shows of the past is of the present.
    for (const { id } of charges.slice(0, step)) updateCharge(account, id, { description: `Seen in step ${step}` })
    fed.push(...read(feed, from, 100))
    // Each event alone: nothing of its page helps, so that whatever it lacks is asked for.
    followed.push(...read(feed, from, 1))
    for (const list of lists.filter(({ reachesBackDays }) => reachesBackDays)) changes.push(...read(list, from, 100))
  }
  const listed = lists.filter(({ reachesBackDays }) => !reachesBackDays).flatMap((list) => read(list, START, 100))
  return { fed, followed, listed: [...listed, ...changes] }
}

describe.each<[version: string, mode: Account["mode"]]>([
  ["2026-08-26.dahlia", "live"],
  ["2024-10-28.acacia", "live"],
  ["2023-10-16", "live"],
  ["2020-08-27", "live"],
  // Of test payments that count.
  ["2026-08-26.dahlia", "test"],
  ["2020-08-27", "test"],
])("an account of version %s, of %s money", (version, mode) => {
  const { fed, followed, listed } = aYear(version, mode)
  const { differences, compared } = compareWays(
    [
      { name: "feed", items: fed },
      { name: "follow-up", items: followed },
      { name: "list", items: listed },
    ],
    ({ collection, data }) => collection === "Charge" && data?.type === "payment",
  )

  test("tells each fact alike, byte for byte, whichever way it comes", () => {
    expect(differences).toEqual([])
  })

  test.each([...ALL, "alias"])("tells some of %s in more than one way", (collection) => {
    expect(compared[collection] ?? 0).toBeGreaterThan(5)
  })

  test("says of each charge whether it is a test", () => {
    const charges = [...fed, ...followed, ...listed].filter(({ collection }) => collection === "Charge")
    expect(new Set(charges.map(({ data }) => data?.test))).toEqual(new Set([mode === "test" ? true : undefined]))
  })

  test("tells by its lists what its feed has told", () => {
    const names = (items: readonly Item[]) => new Set(items.map(({ collection, key }) => `${collection} ${key}`))
    const [byFeed, byList] = [names(fed), names(listed)]
    expect([...byList].filter((name) => !byFeed.has(name))).toEqual([])
  })
})
