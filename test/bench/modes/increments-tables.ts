import { count, usd } from "../report/numbers.ts"
import { dollars, total, type Usage } from "../report/prices.ts"
import type { Table } from "../report/section.ts"
import { onSchedule, usageOf } from "../report/usage.ts"
import type { Increment } from "./increments-runs.ts"

const RUNS_A_MONTH = 730

const COLUMNS: readonly [name: string, value: (run: Increment, usage: Usage) => string][] = [
  ["changes", ({ changes }) => count(changes)],
  ["items", ({ items }) => count(items)],
  ["partner calls", ({ calls }) => count(calls)],
  ["POSTs", ({ posts }) => count(posts)],
  ["rows written", (_, { rowWritten }) => count(rowWritten)],
  ["Durable Object requests", (_, { objectRequest }) => count(objectRequest)],
  ["queue messages", ({ counters }) => count(counters.queueMessages)],
  ["log events", (_, { logEvent }) => logEvent.toFixed(1)],
  ["CPU", ({ cpuMs }) => (cpuMs === null ? "unknown" : `${cpuMs} ms`)],
  ["US$ per million runs", (_, usage) => usd(total(dollars(usage)) * 1e6)],
  ["US$ per million items", ({ items }, usage) => (items === 0 ? "" : usd((total(dollars(usage)) / items) * 1e6))],
]

export function incrementTable(runs: readonly Increment[], logSampling: number): Table {
  const rows = runs.map((run) => COLUMNS.map(([, value]) => value(run, usageIn(run, logSampling))))
  return { head: COLUMNS.map(([name]) => name), rows }
}

export function idleTable(
  measured: readonly { title: string; runs: readonly Increment[] }[],
  logSampling: number,
): Table {
  const rows = measured.flatMap(({ title, runs }) =>
    runs.filter(({ changes }) => changes === 0).map((run) => [title, ...idleCells(usageIn(run, logSampling))]),
  )
  return { head: ["", "rows written", "US$ a month", "of it logs"], rows }
}

function idleCells(usage: Usage): string[] {
  const costs = dollars(usage)
  return [count(usage.rowWritten), usd(total(costs) * RUNS_A_MONTH), usd(costs.logEvent * RUNS_A_MONTH)]
}

function usageIn({ counters, cpuMs }: Increment, logSampling: number): Usage {
  return onSchedule(usageOf(counters, cpuMs, logSampling))
}
