/**
 * A simulated business over a year, read as the product reads it (lists for the past, the feed for what follows), compared with
 * what really happened there.
 */
import { describe, expect, test } from "vitest"
import type { PageRecord, Stream, Window } from "../../../src/connectors/kit/define.ts"
import type { Item, JsonValue } from "../../../src/connectors/kit/item.ts"
import { toItems } from "../../../src/connectors/kit/to-items.ts"
import type { Config } from "../../../src/connectors/stripe/shape.ts"
import { stripe } from "../../../src/connectors/stripe.ts"
import { compare, expectationOf, type Told } from "../../oracle/oracle.ts"
import { createClock, DAY_S, SECOND_MS, type SettableClock } from "../../sandbox/clock.ts"
import { createWriter } from "../../sandbox/store.ts"
import { type Account, createAccount, plan } from "../../sandbox/stripe/account.ts"
import { answer } from "../../sandbox/stripe/api.ts"
import { runDue } from "../../sandbox/stripe/engine.ts"
import { considerRefund, PEOPLE } from "../../sandbox/stripe/people.ts"
import { seedAccount } from "../../sandbox/stripe/seed.ts"
import { ALL, CONFIG, pageContext, readingOf } from "./objects.ts"

const VERSION = stripe.headers["Stripe-Version"] ?? ""
const NOW = Date.UTC(2026, 5, 1)
const DAY_MS = DAY_S * SECOND_MS
const START = NOW - 365 * DAY_MS

type StripeStream = Stream<Config>

/** As much of the product as it takes to read: one reading of the lists, then the feed, each fact once. */
class Reader {
  readonly items: Item[] = []
  readonly #seen = new Set<string>()
  readonly #open = new Set<string>()
  readonly #versions = new Map<string, number>()
  readonly #account: Account
  readonly #clock: SettableClock
  calls = 0

  constructor(account: Account, clock: SettableClock) {
    this.#account = account
    this.#clock = clock
  }

  /** Facts of [from, to) from the lists as they are now. */
  pass(from: number, to: number): void {
    for (const stream of stripe.streams.filter(({ mode }) => mode === "backfill")) {
      const reach = stream.reach === "all" ? from - 10 * 365 * DAY_MS : from - (stream.reach?.days ?? 0) * DAY_MS
      this.#read(stream, { from: reach, to: this.#clock.now() }, "list", (item) => item.time >= from && item.time < to)
    }
  }

  /** Everything that the feed tells since, again from its lookback on. */
  live(since: number, liveFrom: number): void {
    for (const stream of stripe.streams.filter(({ mode }) => mode === "live")) {
      const window = { from: since - stream.lookbackSeconds * SECOND_MS, to: null }
      this.#read(stream, window, "feed", (item) => item.time >= liveFrom || this.#open.has(nameOf(item)))
    }
  }

  #read(stream: StripeStream, window: Window, via: "feed" | "list", isOurs: (item: Item) => boolean): void {
    for (let pageToken: string | null = null, first = true; first || pageToken !== null; first = false) {
      const context = pageContext({ window, pageToken })
      const page = stream.page(this.#ask(stream.request(context)), context)
      const followed = (stream.lookup?.requests(page.records, context) ?? []).map((request) => this.#ask(request).body)
      for (const record of page.records) this.#take(stream, record, via, followed, isOurs)
      pageToken = page.next
    }
  }

  #take(
    stream: StripeStream,
    record: PageRecord,
    via: "feed" | "list",
    followed: unknown[],
    isOurs: (item: Item) => boolean,
  ) {
    const told = toItems(stripe, stream, record, readingOf(via, { followed, asked: this.#clock.now() }), {})
    expect(told.rejects).toEqual([])
    for (const item of told.items) {
      const isNew = item.kind === "object" ? this.#isNewer(item) : this.#isIncomplete(item, isOurs)
      if (isNew) this.items.push(item)
    }
    for (const key of told.pending) this.#open.add(nameOf(key))
    for (const key of told.closed) this.#open.delete(nameOf(key))
  }

  /** Read newest first: of two states of one second, the first read is the later. */
  #isNewer(item: Item): boolean {
    const isNewer = item.version > (this.#versions.get(item.key) ?? 0)
    if (isNewer) this.#versions.set(item.key, item.version)
    return isNewer
  }

  #isIncomplete(item: Item, isOurs: (item: Item) => boolean): boolean {
    if (this.#seen.has(nameOf(item)) || (item.collection !== "alias" && !isOurs(item))) return false
    this.#seen.add(nameOf(item))
    return true
  }

  #ask({ path, query = {} }: ReturnType<StripeStream["request"]>) {
    this.calls++
    const url = new URL(path, stripe.baseUrl(CONFIG))
    for (const [name, value] of Object.entries(query)) {
      for (const one of [value ?? []].flat()) url.searchParams.append(name, String(one))
    }
    const body = JSON.parse(JSON.stringify(answer(this.#account, "GET", url, VERSION))) as JsonValue
    return { body, headers: new Headers() }
  }
}

function nameOf({ collection, key }: { collection: string; key: string }): string {
  return `${collection} ${key}`
}

function toldOf(items: readonly Item[]): Told[] {
  return items.map((item) => ({
    collection: item.collection,
    key: item.key,
    time: item.time,
    version: item.kind === "object" ? item.version : null,
    userId: item.userId ?? null,
    anotherUserId: item.anotherUserId ?? null,
    data: item.data ?? {},
    userAttributes: item.userAttributes ?? {},
  }))
}

function business(version: string) {
  const clock = createClock(() => NOW)
  const account = createAccount({
    name: "acme",
    mode: "live",
    seed: 7,
    clock: clock.now,
    writer: createWriter(null),
    options: { version },
  })
  seedAccount(account, { customers: 250, days: 500, seed: 3 })
  const charges = account.tables.charge.order
  const live = (days: number) => {
    const [from, known] = [Math.floor(clock.now() / SECOND_MS), charges.length]
    for (let minute = 0; minute < days * 24 * 60; minute += 180) plan(account, from + minute * 60, "arrive", "")
    clock.advance(days * DAY_MS)
    runDue(account, Math.floor(clock.now() / SECOND_MS), PEOPLE)
    for (const charge of charges.slice(known)) considerRefund(account, charge)
  }
  return { account, clock, live }
}

describe.each(["2026-08-26.dahlia", "2024-10-28.acacia", "2023-10-16", "2020-08-27"])(
  "an account of version %s",
  (version) => {
    const { account, clock, live } = business(version)
    const reader = new Reader(account, clock)
    const changesFrom = NOW - 30 * DAY_MS

    test("is told whole from its lists", () => {
      reader.pass(START, NOW)
      const expected = expectationOf(account, { from: START, until: NOW, changesFrom, customersFrom: NOW })
      expect(compare(expected, toldOf(reader.items))).toEqual([])
      for (const name of ALL)
        expect(expected.facts.some(({ collection }) => collection === name) || name === "Customers").toBe(true)
    })

    test("and stays so as its feed is read", () => {
      for (let run = 0, cursor = NOW; run < 12; run++) {
        live(2)
        reader.live(cursor, NOW)
        cursor = clock.now()
      }
      const span = { from: START, until: clock.now() + SECOND_MS, changesFrom, customersFrom: NOW }
      const expected = expectationOf(account, span)
      expect(compare(expected, toldOf(reader.items))).toEqual([])
      const told = expected.facts
        .filter(({ time }) => time >= NOW)
        .map(({ collection, data }) => `${collection} ${data.type ?? ""}`)
      expect(new Set(told)).toContain("Charge refund")
    })

    test("costs one call where nothing is new", () => {
      clock.advance(DAY_MS / 24)
      reader.live(clock.now(), NOW)
      const before = reader.calls
      reader.live(clock.now(), NOW)
      expect(reader.calls - before).toBe(1)
    })
  },
)
