/**
 * The product reading a simulated shop: the shipped engine and pipeline over memory, and a clock that moves only when told. What
 * it takes is delivered at once; the ledger says what it should have been.
 */
import { connectors } from "../../../src/connectors/index.ts"
import type { Item } from "../../../src/connectors/kit/item.ts"
import { ALIAS } from "../../../src/connectors/kit/item.ts"
import { shopify } from "../../../src/connectors/shopify.ts"
import { runFetch } from "../../../src/pipeline/fetch.ts"
import type { PipelinePorts } from "../../../src/pipeline/ports.ts"
import { SourceEngine } from "../../../src/source/engine/engine.ts"
import type { QueueName } from "../../../src/source/ports.ts"
import type { Configuration } from "../../../src/source/protocol/configuration.ts"
import { PROTOCOL } from "../../../src/source/protocol/source.ts"
import type { SourceView } from "../../../src/source/protocol/views.ts"
import { compare, type Told } from "../../oracle/oracle.ts"
import { type ShopSpan, shopExpectationOf } from "../../oracle/shopify.ts"
import { createSandbox, type Sandbox } from "../../sandbox/sandbox.ts"
import type { Fact, FactName } from "../../sandbox/shopify/ledger.ts"
import { DIGITS } from "../../sandbox/shopify/model.ts"
import type { Token } from "../../sandbox/shopify/partner.ts"
import type { Shop, ShopOptions } from "../../sandbox/shopify/shop.ts"
import { type FakeClock, fakeClock } from "../../support/dates/fake-clock.ts"
import { itemsOf } from "../../support/encoded.ts"
import { type MemoryStore, memoryStore } from "../../support/platform/memory-store.ts"

export const NOW = Date.UTC(2026, 5, 1)
const ROUNDS_MAX = 20_000

export interface Reader {
  clock: FakeClock
  sandbox: Sandbox
  shop: Shop
  store: MemoryStore
  /** Everything that was delivered, in order. */
  items: Item[]
  configure(changes?: Partial<Configuration>): Promise<void>
  view(): Promise<SourceView>
  /** Lets time pass with all that falls due in it. */
  pass(ms: number): Promise<void>
  /** Sync now, read to its end. */
  sync(): Promise<void>
  /** The collection again, to its end. */
  resync(collection: string): Promise<void>
  calls(): number
}

export interface ReaderOptions {
  shop?: Partial<ShopOptions>
  token?: Partial<Omit<Token, "shop" | "token" | "revoked">>
}

export function createReader({ shop: options = {}, token: access = {} }: ReaderOptions = {}): Reader {
  const clock = fakeClock(NOW)
  const sandbox = createSandbox({ clock: clock.now, sleep: async () => undefined })
  const { shop } = sandbox.shopify.create({ name: "example", options })
  const { token } = sandbox.shopify.addToken({ shop: "example", ...access })
  const store = memoryStore()
  const wakes: QueueName[] = []
  const items: Item[] = []
  let ids = 0
  const random = { next: () => 0.5, id: (prefix: string) => `${prefix}_${++ids}` }
  const connector = (name: string) => connectors.find((one) => one.name === name)
  const engine = new SourceEngine({
    clock,
    random,
    store,
    wake: async (lane) => void wakes.push(lane),
    publish: async () => undefined,
    tokens: { refresh: async () => ({ kind: "refused", reason: "no grants here" }), revoke: async () => true },
    tryCredential: async () => "unknown",
    cipher: { open: async (sealed) => sealed },
    connector,
    log: (event, fields) => {
      if (/failed|threw/.test(event)) throw new Error(`${event} ${JSON.stringify(fields)}`)
    },
  })
  const ports: PipelinePorts = {
    clock,
    random,
    http: (url, init) => sandbox.handle(new Request(url, init)),
    source: () => engine,
    connector,
    log: (event, fields) => {
      if (event === "connector_failed") throw new Error(JSON.stringify(fields))
    },
  }
  let configuration: Configuration | null = null

  const deliver = async () => {
    for (;;) {
      const answer = await engine.claim({ nonce: `n${++ids}`, protocol: PROTOCOL })
      if (answer.kind !== "given") return
      const { number, destinationVersion, rows } = answer.claim
      items.push(...rows.flatMap(itemsOf))
      const result = {
        rows: rows.map(({ id }) => id),
        outcome: "delivered" as const,
        status: 200,
        reason: "",
        retryAt: null,
      }
      await engine.report({ protocol: PROTOCOL, number, destinationVersion, results: [result], done: true })
    }
  }
  /** All that is to be done before `until`. */
  const work = async (until: number) => {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const lane = wakes.shift()
      if (lane === "forward") await deliver()
      else if (lane) await runFetch(ports, "source", lane === "fetch" ? "live" : "backfill")
      else if (store.alarmAt !== null && store.alarmAt <= until) {
        clock.advance(Math.max(0, store.alarmAt - clock.now()))
        store.alarmAt = null
        await engine.alarm()
      } else return
    }
    throw new Error("the source does not come to rest")
  }
  const reader: Reader = {
    clock,
    sandbox,
    shop,
    store,
    items,
    async configure(changes = {}) {
      configuration = {
        ...(configuration ?? configurationOf(token)),
        ...changes,
        version: (configuration?.version ?? 0) + 1,
      }
      const answer = await engine.configure(configuration)
      if (!answer.ok) throw new Error(answer.message)
      await reader.pass(0)
    },
    async view() {
      const answer = await engine.view()
      if (!answer.ok) throw new Error(answer.message)
      return answer.view
    },
    async pass(ms) {
      const end = clock.now() + ms
      await work(end)
      if (end > clock.now()) clock.advance(end - clock.now())
    },
    async sync() {
      clock.advance(61_000)
      await work(clock.now())
      const answer = await engine.syncNow()
      if (!answer.ok) throw new Error(answer.message)
      await reader.pass(0)
    },
    async resync(collection) {
      const answer = await engine.resync(collection, null)
      if (!answer.ok) throw new Error(answer.message)
      await reader.pass(0)
    },
    calls: () => sandbox.counters.calls({ host: "example.myshopify.com" }),
  }
  return reader
}

function configurationOf(token: string): Configuration {
  return {
    org: "o",
    project: "p",
    source: "src_1",
    version: 0,
    connector: "shopify",
    config: { shop: "example.myshopify.com", paymentsElsewhere: [] },
    account: { id: "example.myshopify.com", name: "Example", mode: "live" },
    identity: "email",
    collections: shopify.collections.map(({ name }) => ({ name, fields: {} })),
    startDate: Date.UTC(2025, 5, 1),
    intervalHours: 1,
    active: true,
    credential: token,
    credentialVersion: 1,
    destination: { org: "o", project: "p", sourceId: "1", key: "key", owner: "" },
    destinationVersion: 1,
    connectedAt: NOW,
  }
}

// --------------------------------------------------------------------------------------------------------- the ledger

/** What of a fact arrives, as the product promises it: `collection key time amount`. */
const TOLD: Partial<Record<FactName, [collection: string, fact: string]>> = {
  checkout_left: ["Abandoned checkouts", "abandoned"],
  draft_entered: ["Draft order placed", "placed"],
  order_placed: ["Placed order", "placed"],
  line_ordered: ["Product ordered", "ordered"],
  line_added: ["Product ordered", "added"],
  order_cancelled: ["Order cancelled", "cancelled"],
  refund_made: ["Order refunded", "refunded"],
  payment_taken: ["Charge", "succeeded"],
  payment_failed: ["Charge", "failed"],
  money_returned: ["Charge", "succeeded"],
  credit_moved: ["Charge", "succeeded"],
}

/** It is not told of what was changed before it was read. */
const MAY_LACK_AMOUNT: ReadonlySet<string> = new Set(["Draft order placed", "Abandoned checkouts"])

export interface Span {
  from: number
  /** What was to be seen by then. */
  shownBy: number
  collections?: ReadonlySet<string>
  isWanted?: (fact: Fact) => boolean
}

export function expected(
  { facts, options }: Shop,
  { from, shownBy, collections, isWanted = () => true }: Span,
): string[] {
  return facts
    .flatMap((fact) => {
      const [collection, name] = TOLD[fact.fact] ?? []
      if (!collection || fact.at < from || fact.shownAt > shownBy || !isWanted(fact)) return []
      if (collections && !collections.has(collection)) return []
      if (collection === "Charge" && fact.isTest) return []
      const amount = fact.amount === null ? null : fact.amount / 10 ** (DIGITS[options.currency] ?? 2)
      const money = MAY_LACK_AMOUNT.has(collection) ? "" : `${fact.fact === "credit_moved" ? "credit " : ""}${amount}`
      return [`${collection} ${fact.id}:${name} ${Math.floor(fact.at / 1000)} ${money}`]
    })
    .sort()
}

/** The facts that came, each as often as it came. */
export function told(items: readonly Item[]): string[] {
  return items
    .filter(({ kind, collection }) => kind === "event" && collection !== ALIAS)
    .map(({ collection, key, time, data }) => {
      const amount =
        data?.amount ?? data?.amount_refunded ?? (data?.creditAmount ? `credit ${data.creditAmount}` : null)
      return `${collection} ${key} ${Math.floor(time / 1000)} ${MAY_LACK_AMOUNT.has(collection) ? "" : amount}`
    })
    .sort()
}

/** How what came differs from what happened: persons, amounts, currencies, every attribute. */
export function differences({ items, shop }: Reader, span: ShopSpan): string[] {
  const wanted = items.filter(({ kind, time }) => kind === "object" || time >= span.from)
  return compare(shopExpectationOf(shop, span), wanted.map(toldOf))
}

function toldOf({ collection, key, kind, time, version, userId, anotherUserId, data, userAttributes }: Item): Told {
  return {
    ...{ collection, key, time, version: kind === "object" ? version : null },
    ...{ userId: userId ?? null, anotherUserId: anotherUserId ?? null },
    ...{ data: data ?? {}, userAttributes: userAttributes ?? {} },
  }
}

/** Email by customer, as it stands after everything that came. */
export function people(items: readonly Item[]): Map<string, unknown> {
  const known = new Map<string, unknown>()
  for (const { collection, key, userAttributes } of items) {
    if (collection === "Customers") known.set(key, userAttributes?.email ?? null)
  }
  return known
}

export function expectedPeople({ tables }: Shop): Map<string, unknown> {
  return new Map([...tables.customer.byId.values()].map(({ id, email }) => [String(id), email?.toLowerCase() ?? null]))
}
