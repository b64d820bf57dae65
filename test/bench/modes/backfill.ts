/**
 * A year of a shop read for the first time: `npm run bench -- --backfill [orders]`. The shipped machine, pipeline and connector
 * read a simulated shop over memory, in virtual time, so that hours of waiting for the partner's budget cost none. Prints how long
 * it takes, what limits it, and how near that is to the least that the budget allows.
 */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { connectors } from "../../../src/connectors/index.ts"
import { shopify } from "../../../src/connectors/shopify.ts"
import { runFetch } from "../../../src/pipeline/fetch.ts"
import { runForward } from "../../../src/pipeline/forward.ts"
import type { PipelinePorts } from "../../../src/pipeline/ports.ts"
import type { Http } from "../../../src/ports.ts"
import { SourceEngine } from "../../../src/source/engine/engine.ts"
import type { QueueName } from "../../../src/source/ports.ts"
import type { Configuration } from "../../../src/source/protocol/configuration.ts"
import { createSandbox } from "../../sandbox/sandbox.ts"
import type { Charging } from "../../sandbox/shopify/cost.ts"
import { seedShop } from "../../sandbox/shopify/people.ts"
import type { Shop } from "../../sandbox/shopify/shop.ts"
import { memoryStore } from "../../support/platform/memory-store.ts"
import { BENCH_KEY, BENCH_REF, BENCH_SHOP, BENCH_TARGET } from "../setup.ts"
import { type Backfill, backfillReport } from "./backfill-report.ts"
import { type VirtualTime, virtualTime } from "./virtual.ts"

const ORDERS = 100_000
const SOURCE = { ...BENCH_REF, source: "src_bench" }
const DAYS = 365
const DAY_MS = 86_400_000
const WEEK_MS = 7 * DAY_MS
const NOW = Date.UTC(2026, 5, 1)
/** The destination's answers are not what is measured. */
const POST_MS = 100
/** Pages between two looks at the memory, each after a collection. */
const LOOK_EVERY = 100
const NEWEST = "Placed order"

interface Case {
  charging: Charging
  /** Of the orders: what is charged most would take the benchmark itself too long. */
  share: number
  /** Shopify does not say how long it takes over a page. */
  answerMs: number
}

const CASES: readonly Case[] = [
  { charging: "logarithmic", share: 1, answerMs: 1_000 },
  { charging: "logarithmic", share: 1, answerMs: 3_000 },
  { charging: "inFull", share: 0.1, answerMs: 1_000 },
]

export async function backfill(most = ORDERS): Promise<void> {
  for (const one of CASES) {
    const orders = Math.ceil(most * one.share)
    console.log(`Seeding a shop with ${orders.toLocaleString("en")} orders, charged ${one.charging} ...`)
    console.log(`\n${backfillReport(await measure(orders, one))}\n`)
  }
}

async function measure(orders: number, { charging, answerMs }: Case): Promise<Backfill> {
  const time = virtualTime(NOW)
  const sandbox = createSandbox({ clock: time.clock.now, sleep: async () => undefined })
  const { shop, token } = sandbox.shopify.create({ name: BENCH_SHOP, options: { charging } })
  const rows = seedShop(shop, { customers: Math.round(orders * 0.4), orders, days: DAYS })
  const partner: Http = (url, init) => sandbox.handle(new Request(url, init))
  const { http, seen } = createWatch(time, { partner, answerMs, newest: newestOrders(shop) })
  const heapBefore = liveHeap()
  await readAll(time, http, configurationOf(token))
  return {
    ...seen,
    charging,
    rows,
    bucket: shop.options.bucket,
    answerMs,
    virtualMs: seen.lastAt - NOW,
    heapBytes: seen.heapMost - Math.min(heapBefore, seen.heapLeast),
  }
}

/** From the first configuration to the last item's delivery. Wake-ups are carried out at once and side by side, as queues do. */
async function readAll(time: VirtualTime, http: Http, configuration: Configuration): Promise<void> {
  const { clock } = time
  const store = memoryStore()
  const wake = async (lane: QueueName, delaySeconds: number) =>
    time.start(async () => {
      if (delaySeconds > 0) await clock.sleep(delaySeconds * 1000)
      await WORK[lane](ports, SOURCE.source)
    })
  const engine = new SourceEngine({ ...sharedPorts(), clock, store, wake })
  const ports: PipelinePorts = { ...sharedPorts(), clock, http, source: () => engine }
  const isDone = async () => {
    const answer = await engine.view()
    if (!answer.ok || answer.view.status === "error") throw new Error(JSON.stringify(answer))
    return answer.view.current.length === 0 && answer.view.delivery.waiting === 0
  }
  const ring = async () => {
    store.alarmAt = null
    await engine.alarm()
  }
  await engine.configure(configuration)
  await time.run(isDone, { at: () => store.alarmAt, ring })
}

const WORK: Record<QueueName, (ports: PipelinePorts, source: string) => Promise<unknown>> = {
  fetch: (ports, source) => runFetch(ports, source, "live"),
  backfill: (ports, source) => runFetch(ports, source, "backfill"),
  forward: runForward,
}

/** Orders of the last week, which are to be there before the older ones. */
function newestOrders({ facts }: Shop): number {
  return facts.filter(({ fact, at }) => fact === "order_placed" && at >= NOW - WEEK_MS).length
}

// --------------------------------------------------------------------------------------------------- what is watched

interface Seen {
  calls: number
  throttled: number
  items: number
  /** Points, as Shopify says with each answer: asked for, and charged. */
  requested: number
  charged: number
  /** Virtual ms: time with a call under way; the last delivery; when the newest week had been delivered whole. */
  busyMs: number
  lastAt: number
  newestMs: number | null
  /** Bytes in use. */
  heapLeast: number
  heapMost: number
}

interface Watched {
  partner: Http
  answerMs: number
  /** Orders of the newest week. */
  newest: number
}

/** Everything that goes out: the partner's answers take their time, and the destination takes everything. */
function createWatch({ clock }: VirtualTime, { partner, answerMs, newest }: Watched): { http: Http; seen: Seen } {
  const seen: Seen = {
    calls: 0,
    throttled: 0,
    items: 0,
    requested: 0,
    charged: 0,
    busyMs: 0,
    lastAt: NOW,
    newestMs: null,
    heapLeast: Number.POSITIVE_INFINITY,
    heapMost: 0,
  }
  let underWay = 0
  let since = 0
  let missing = newest
  const call: Http = async (url, init) => {
    if (underWay++ === 0) since = clock.now()
    const response = await partner(url, init)
    const text = await response.text()
    note(seen, text)
    await clock.sleep(answerMs)
    if (--underWay === 0) seen.busyMs += clock.now() - since
    return new Response(text, { status: response.status, headers: response.headers })
  }
  const post: Http = async (_url, { body }) => {
    const items = itemsIn(String(body))
    await clock.sleep(POST_MS)
    seen.items += items.length
    seen.lastAt = clock.now()
    missing -= items.filter(({ name, timestamp }) => name === NEWEST && timestamp >= NOW - WEEK_MS).length
    if (missing <= 0) seen.newestMs ??= clock.now() - NOW
    return new Response("{}")
  }
  const http: Http = (url, init) => (url.includes("myshopify.com") ? call(url, init) : post(url, init))
  return { http, seen }
}

function note(seen: Seen, answer: string): void {
  const [, requested = 0, charged = null] =
    answer.match(/"requestedQueryCost":(\d+),"actualQueryCost":(\d+|null)/) ?? []
  seen.calls++
  if (charged === "null") seen.throttled++
  else if (charged !== null) {
    seen.requested += Number(requested)
    seen.charged += Number(charged)
  }
  if (seen.calls % LOOK_EVERY === 0) look(seen)
}

function look(seen: Seen): void {
  const heap = liveHeap()
  seen.heapLeast = Math.min(seen.heapLeast, heap)
  seen.heapMost = Math.max(seen.heapMost, heap)
}

function itemsIn(body: string): { name: string; timestamp: number }[] {
  const { track } = JSON.parse(body) as { track: { name: string; payload: { timestamp: number }[] }[] }
  return track.flatMap(({ name, payload }) => payload.map(({ timestamp }) => ({ name, timestamp })))
}

/** Bytes that are in use after a collection. */
function liveHeap(): number {
  setFlagsFromString("--expose-gc")
  const collect = runInNewContext("gc") as () => void
  collect()
  return process.memoryUsage().heapUsed
}

// ------------------------------------------------------------------------------------------------------------- ports

let ids = 0

/** What machine and consumers stand on alike. */
function sharedPorts() {
  return {
    random: { next: () => 0.5, id: (prefix: string) => `${prefix}_${++ids}` },
    publish: async () => undefined,
    tokens: { refresh: refuse, revoke: async () => true },
    tryCredential: async () => "unknown" as const,
    cipher: { open: async (sealed: string) => sealed },
    connector: (name: string) => connectors.find((one) => one.name === name),
    log: (event: string, fields: object) => {
      if (/failed|threw/.test(event)) throw new Error(`${event} ${JSON.stringify(fields)}`)
    },
  }
}

async function refuse() {
  return { kind: "refused" as const, reason: "a pasted token is not renewed" }
}

function configurationOf(token: string): Configuration {
  return {
    ...SOURCE,
    version: 1,
    connector: "shopify",
    config: { shop: `${BENCH_SHOP}.myshopify.com`, paymentsElsewhere: [] },
    account: { id: `${BENCH_SHOP}.myshopify.com`, name: "bench", mode: "live" },
    identity: "email",
    collections: shopify.collections.map(({ name }) => ({ name, fields: {} })),
    startDate: NOW - DAYS * DAY_MS,
    intervalHours: 1,
    active: true,
    credential: token,
    credentialVersion: 1,
    destination: { ...BENCH_TARGET, key: BENCH_KEY, owner: "" },
    destinationVersion: 1,
    connectedAt: NOW,
  }
}
