/** What a benchmark's run came to, in words. */
import { availableParallelism, cpus } from "node:os"
import type { Counters } from "./counters.ts"
import { dollars, total, type Usage } from "./prices.ts"

/** What the product was designed to stay under. */
const TARGET_DOLLARS_PER_MILLION = 0.1
const TARGET_DOLLARS_IDLE_MONTH = 0.01
const OPERATIONS_PER_MESSAGE = 3
const RUNS_A_MONTH = 730
/** A page parsed, a few small decisions: estimated, since so little cannot be told from noise here. */
const IDLE_CPU_MS = 10
/** Of one processor: above it, the processor is what limits. */
const BUSY_SHARE = 0.8

export interface Measured {
  records: number
  items: number
  pages: number
  seconds: number
  cpuMs: number | null
}

export interface SyncMeasured extends Measured {
  counters: Counters
  /** Calls a second that the partner publishes, which the product keeps to and the benchmark lifts; null: it counts points. */
  callsPerSecond: number | null
}

export function reportOf(sync: SyncMeasured, bare: Measured, idle: Counters): string {
  return [
    `${availableParallelism()} x ${cpus()[0]?.model ?? "processor"}, shared with the simulated partners`,
    "",
    row("", "product", "bare loop"),
    row("records read", number(sync.records), number(bare.records)),
    row("items delivered", number(sync.items), number(bare.items)),
    row("seconds", sync.seconds.toFixed(1), bare.seconds.toFixed(1)),
    row("records/s", rate(sync.records, sync.seconds), rate(bare.records, bare.seconds)),
    row("items/s", rate(sync.items, sync.seconds), rate(bare.items, bare.seconds)),
    row("CPU ms per 1,000 items", perThousand(sync), perThousand(bare)),
    row("CPU used", share(sync), share(bare)),
    "",
    "CPU is workerd's: consumers, Durable Object, its SQLite and the local queues. Counted in the product's run:",
    `  pages ${number(sync.pages)}`,
    ...countsOf(sync.counters),
    ...costsOf(sync),
    "",
    "A sync that finds nothing:",
    ...countsOf(idle),
    idleCostOf(idle),
    "",
    limitOf(sync, bare),
  ].join("\n")
}

function usageOf(counters: Counters, cpuMs: number | null): Usage {
  return {
    workerRequest: counters.workerRequests,
    cpuMs: cpuMs ?? 0,
    queueOperation: counters.queueMessages * OPERATIONS_PER_MESSAGE,
    objectRequest: sum(counters.objectRequests),
    // "Idle and eligible for hibernation" is not billed. https://developers.cloudflare.com/durable-objects/platform/pricing/
    objectSecond: counters.objectMs / 1000,
    rowWritten: counters.rowsWritten,
    rowRead: counters.rowsRead,
  }
}

function countsOf({
  outbound,
  objectRequests,
  rowsWritten,
  rowsRead,
  queueMessages,
  workerRequests,
}: Counters): string[] {
  return [
    `  requests sent: ${list(outbound)}`,
    `  Durable Object requests ${number(sum(objectRequests))}: ${list(objectRequests)}`,
    `  rows written ${number(rowsWritten)}, read ${number(rowsRead)}`,
    `  queue messages ${number(queueMessages)} (three operations each), consumer invocations ${number(workerRequests)}`,
  ]
}

function costsOf(sync: SyncMeasured): string[] {
  const costs = dollars(usageOf(sync.counters, sync.cpuMs))
  const perMillion = (cost: number) => `$${((cost / sync.items) * 1e6).toFixed(4)}`
  const parts = Object.entries(costs).map(([what, cost]) => `${what} ${perMillion(cost)}`)
  return [
    `  US$ per million items: ${perMillion(total(costs))} (target $${TARGET_DOLLARS_PER_MILLION.toFixed(2)})`,
    `    ${parts.join(", ")}`,
  ]
}

/** A run on schedule begins with an alarm. */
function idleCostOf(idle: Counters): string {
  const usage = usageOf(idle, IDLE_CPU_MS)
  const cost = total(dollars({ ...usage, objectRequest: usage.objectRequest + 1 })) * RUNS_A_MONTH
  return `  US$ a month for an idle source synced hourly: $${cost.toFixed(4)} (target $${TARGET_DOLLARS_IDLE_MONTH.toFixed(2)})`
}

function limitOf(sync: SyncMeasured, bare: Measured): string {
  const slower = rateOf(bare.records, bare.seconds) / rateOf(sync.records, sync.seconds)
  return [
    `Limited here by ${busy(sync)}; the bare loop reads ${slower.toFixed(1)} times as fast, and sends what it meets twice twice.`,
    `In production a source is limited by its partner: ${partnerLimitOf(sync)}.`,
  ].join("\n")
}

function partnerLimitOf({ records, pages, callsPerSecond }: SyncMeasured): string {
  if (callsPerSecond === null) return "how many points it gives, see --backfill"
  const perPage = records / pages
  return `${callsPerSecond} calls/s x ${perPage.toFixed(0)} records = ${number(callsPerSecond * perPage)} records/s`
}

/** One event loop runs consumers and Durable Object here; in production they are machines of their own. */
function busy({ cpuMs, seconds }: Measured): string {
  if (cpuMs === null) return "what this system does not tell"
  return cpuMs / 1000 / seconds > BUSY_SHARE ? "the one processor that runs it all" : "waiting, not by the processor"
}

// ------------------------------------------------------------------------------------------------------------ numbers

function row(name: string, ...cells: string[]): string {
  return name.padEnd(24) + cells.map((cell) => cell.padStart(14)).join("")
}

function number(value: number): string {
  return Math.round(value).toLocaleString("en")
}

function rateOf(amount: number, seconds: number): number {
  return amount / Math.max(seconds, Number.EPSILON)
}

function rate(amount: number, seconds: number): string {
  return number(rateOf(amount, seconds))
}

function perThousand({ cpuMs, items }: Measured): string {
  return cpuMs === null ? "unknown" : (cpuMs / (items / 1000)).toFixed(1)
}

function share({ cpuMs, seconds }: Measured): string {
  return cpuMs === null ? "unknown" : `${((cpuMs / 1000 / seconds) * 100).toFixed(0)}%`
}

function sum(table: Record<string, number>): number {
  return Object.values(table).reduce((all, one) => all + one, 0)
}

function list(table: Record<string, number>): string {
  return Object.entries(table)
    .map(([name, times]) => `${name} ${number(times)}`)
    .join(", ")
}
