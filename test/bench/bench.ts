/**
 * What syncing costs: `npm run bench [records]`. The product's own consumers and Durable Object run in workerd over local queues
 * and SQLite, and take the history of a simulated account of each partner to the simulated destination; the bare loop then does
 * the same in the same process without durability. Prints rates, processor time, what the platform would bill, and what limits it.
 * `npm run bench -- --busy-shop [days]` shows what a source keeps of a shop where every window takes several pages.
 * `npm run bench -- --backfill [orders]` measures something else: how long a shop's year takes under Shopify's budget.
 */
import { setTimeout as sleep } from "node:timers/promises"
import type { AnyConnector } from "../../src/connectors/kit/define.ts"
import { shopify } from "../../src/connectors/shopify.ts"
import { stripe } from "../../src/connectors/stripe.ts"
import type { SourceView } from "../../src/source/protocol/views.ts"
import { backfill } from "./backfill.ts"
import type { BareRun } from "./bare.ts"
import { showBusyShop } from "./busy-shop.ts"
import { type Counters, difference } from "./counters.ts"
import { type Runtime, runtimeCpuMs, startPartners, startRuntime } from "./processes.ts"
import { type Measured, reportOf, type SyncMeasured } from "./report.ts"
import { BENCH_KEY, BENCH_SHOP, type Ready, type Setup } from "./setup.ts"

const RECORDS = 100_000

/** What is measured, beside which bare loop, and from how many customers or orders an account of about so many items is seeded. */
interface Subject {
  connector: AnyConnector
  config: Setup["config"]
  sizeOf(records: number): number
}

const SUBJECTS: readonly Subject[] = [
  // Rows of the lists that a seeded customer comes with, about.
  { connector: stripe, config: {}, sizeOf: (records) => records / 8 },
  // An order is one row and tells as much as four or five of Stripe's.
  {
    connector: shopify,
    config: { shop: `${BENCH_SHOP}.myshopify.com`, paymentsElsewhere: [] },
    sizeOf: (records) => records / 4,
  },
]
/** Lifts the partner's pace: what is measured is the product. */
const CALLS_PER_SECOND = 100_000
const POLL_MS = 500
const GIVE_UP_MS = 15 * 60_000
const DAY_MS = 86_400_000
/** More than a sync that finds nothing takes; asking earlier how it goes would be counted with it. */
const IDLE_RUN_MS = 5_000

const [, , first, second] = process.argv
if (first === "--backfill") await backfill(second === undefined ? undefined : Number(second))
else if (first === "--busy-shop") await showBusyShop(second === undefined ? undefined : Number(second))
else for (const subject of SUBJECTS) await benchmark(subject, Number(first ?? RECORDS))

async function benchmark({ connector, config, sizeOf }: Subject, records: number): Promise<void> {
  console.log(`Seeding a simulated account of ${connector.title} ...`)
  const { ready, child } = await startPartners(connector.name, Math.ceil(sizeOf(records)))
  const runtime = await startRuntime(`http://127.0.0.1:${ready.port}`, CALLS_PER_SECOND)
  try {
    const setup = setupOf(connector, config, ready)
    const sync = await measureSync(runtime, setup, connector)
    const bare = await measureBare(runtime, setup)
    const idle = await measureIdle(runtime)
    console.log(`\n${connector.title}, ${reportOf(sync, bare, idle)}\n`)
  } finally {
    await runtime.close()
    child.kill()
  }
}

function setupOf({ name }: AnyConnector, config: Setup["config"], { credential, account }: Ready): Setup {
  const now = Date.now()
  return {
    connector: name,
    config,
    account: { id: account, name: "bench", mode: "live" },
    startDate: Math.floor(now / DAY_MS) * DAY_MS - 365 * DAY_MS,
    connectedAt: now,
    credential,
    destinationKey: `${BENCH_KEY.prefix}.${BENCH_KEY.secret}`,
  }
}

/** From the first configuration to the last item's delivery. */
async function measureSync(runtime: Runtime, setup: Setup, { limits }: AnyConnector): Promise<SyncMeasured> {
  const startedAt = Date.now()
  const cpuBefore = runtimeCpuMs()
  await call(runtime, "/configure", setup)
  const view = await untilDone(runtime, startedAt)
  const seconds = (Date.now() - startedAt) / 1000
  const cpuMs = cpuSince(cpuBefore)
  const counters = await call<Counters>(runtime, "/counters")
  const items = view.collections.reduce((sum, { delivered }) => sum + delivered, 0)
  const read = await call<{ pages: number; records: number }>(runtime, "/read")
  return { ...read, items, seconds, cpuMs, counters, callsPerSecond: limits.restMs ? null : limits.callsPerSecond }
}

async function measureBare(runtime: Runtime, setup: Setup): Promise<Measured> {
  const startedAt = Date.now()
  const cpuBefore = runtimeCpuMs()
  const run = await call<BareRun>(runtime, "/bare", setup)
  return { ...run, seconds: (Date.now() - startedAt) / 1000, cpuMs: cpuSince(cpuBefore) }
}

/** A sync that finds nothing, counted whole: the first one that is allowed after the one before. */
async function measureIdle(runtime: Runtime): Promise<Counters> {
  const before = await call<Counters>(runtime, "/counters")
  for (let answer = await sync(runtime); !answer.ok; answer = await sync(runtime))
    await sleep((answer.retryAfterSeconds ?? 1) * 1000)
  await sleep(IDLE_RUN_MS)
  await untilDone(runtime, Date.now())
  return difference(before, await call<Counters>(runtime, "/counters"))
}

function sync(runtime: Runtime): Promise<{ ok: boolean; retryAfterSeconds?: number }> {
  return call(runtime, "/sync")
}

async function untilDone(runtime: Runtime, startedAt: number): Promise<SourceView> {
  while (Date.now() < startedAt + GIVE_UP_MS) {
    await sleep(POLL_MS)
    const { view } = await call<{ view: SourceView }>(runtime, "/view")
    if (view.status === "error") throw new Error(JSON.stringify(view.error))
    if (view.current.length === 0 && view.delivery.waiting === 0) return view
    progress(view)
  }
  throw new Error("the sync did not end")
}

function progress(view: SourceView): void {
  if (!process.stdout.isTTY) return
  const taken = view.collections.reduce((sum, one) => sum + one.accepted, 0)
  process.stdout.write(`\r${taken.toLocaleString("en")} items taken, ${view.delivery.waiting} waiting   `)
}

function cpuSince(before: number | null): number | null {
  const now = runtimeCpuMs()
  return before === null || now === null ? null : now - before
}

async function call<T>(runtime: Runtime, path: string, body?: unknown): Promise<T> {
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }
  const response = await runtime.fetch(path, init)
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as T
}
