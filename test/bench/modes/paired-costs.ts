/** What a first sync uses of what the platform bills. */
import type { Synced } from "../measure.ts"
import { count, median, usd } from "../report/numbers.ts"
import { dollars, total, type Usage } from "../report/prices.ts"
import type { Table } from "../report/section.ts"
import { sum, usageOf } from "../report/usage.ts"
import type { Pair } from "./paired-rounds.ts"

const COUNTED: readonly [name: string, value: (synced: Synced) => string][] = [
  ["partner calls", ({ served }) => count(served.calls)],
  ["POSTs", ({ served }) => count(served.posts)],
  ["Durable Object requests", ({ counters }) => count(sum(counters.objectRequests))],
  ["rows written", ({ counters }) => count(counters.rowsWritten)],
  ["rows written a page", ({ counters, pages }) => (counters.rowsWritten / pages).toFixed(1)],
  ["queue messages", ({ counters }) => count(counters.queueMessages)],
]

const PARTS: readonly [what: keyof Usage, name: string][] = [
  ["rowWritten", "rows written"],
  ["objectRequest", "Durable Object requests"],
  ["objectSecond", "Durable Object time"],
  ["cpuMs", "CPU"],
  ["queueOperation", "queues"],
  ["logEvent", "logs"],
  ["workerRequest", "invocations"],
  ["rowRead", "rows read"],
]

export function costTable(pairs: readonly Pair[], logSampling: number): Table {
  const middle = pairs.map(({ rounds }) => middleOf(rounds.map(({ product }) => product)))
  const costs = middle.map((synced) => perMillion(synced, logSampling))
  const rows = [
    ...COUNTED.map(([name, value]) => [name, ...middle.map(value)]),
    ["**US$ per million items**", ...costs.map((cost) => usd(total(cost)))],
    ...PARTS.map(([what, name]) => [`of it ${name}`, ...costs.map((cost) => usd(cost[what]))]),
  ]
  return { head: ["", ...pairs.map(({ title }) => title)], rows }
}

function perMillion(synced: Synced, logSampling: number): Usage {
  const costs = dollars(usageOf(synced.counters, synced.cpuMs, logSampling))
  const each = Object.entries(costs).map(([what, cost]) => [what, (cost / synced.items) * 1e6])
  return Object.fromEntries(each) as Usage
}

/** The round whose rows written are the median. */
function middleOf(synced: readonly Synced[]): Synced {
  const wanted = median(synced.map(({ counters }) => counters.rowsWritten))
  const away = ({ counters }: Synced) => Math.abs(counters.rowsWritten - wanted)
  const [nearest] = [...synced].sort((one, other) => away(one) - away(other))
  if (!nearest) throw new Error("no round was measured")
  return nearest
}
