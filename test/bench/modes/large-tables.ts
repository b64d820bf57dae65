import { stripe } from "../../../src/connectors/stripe.ts"
import { count, megabytes, percent, seconds } from "../report/numbers.ts"
import type { Table } from "../report/section.ts"
import type { Large } from "./large-measure.ts"
import { longestStandstill, type Sample } from "./large-watch.ts"

const SLOW_DESTINATION_MS = 200
const TENTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]

export function leastTable(measured: readonly Large[]): Table {
  return tableOf(measured, [
    ["calls, POSTs", ({ synced: { served } }) => `${count(served.calls)}, ${count(served.posts)}`],
    ["time", ({ synced }) => seconds(synced.seconds)],
    ["least by calls and pace", (one) => seconds(leastByCalls(one))],
    ["POSTs at once", ({ synced: { served } }) => count(served.postsAtOnce)],
    ["least by the destination", (one) => seconds(leastByPosts(one, one.destinationMs))],
    ["**time / least**", (one) => (one.synced.seconds / least(one, one.destinationMs)).toFixed(2)],
    [`least at ${SLOW_DESTINATION_MS} ms a POST, reckoned`, (one) => seconds(least(one, SLOW_DESTINATION_MS))],
    ["longest standstill", ({ samples }) => seconds(longestStandstill(samples))],
    ["CPU", ({ synced: { cpuMs } }) => (cpuMs === null ? "unknown" : seconds(cpuMs / 1000))],
    ["rows written a page", ({ synced: { counters, pages } }) => (counters.rowsWritten / pages).toFixed(1)],
    ["of a core used by the server", ({ synced }) => percent(synced.served.cpuMs / 1000 / synced.seconds)],
  ])
}

/** What each table of the object held when it held most, and what the whole process grew by. */
export function memoryTable(measured: readonly Large[]): Table {
  const names = [
    ...new Set(
      measured.flatMap(({ samples }) => samples.flatMap(({ tables }) => tables ?? [])).map(({ name }) => name),
    ),
  ]
  return tableOf(measured, [
    ["keys kept", ({ samples }) => count(mostOf(samples, ({ keys }) => keys))],
    ["items waiting", ({ samples }) => count(mostOf(samples, ({ waiting }) => waiting))],
    ...names.map((name): [string, (one: Large) => string] => [
      `table \`${name}\``,
      ({ samples }) => tableAtMost(samples, name),
    ]),
    ["runtime's process, growth", ({ memory }) => (memory ? megabytes(memory.most - memory.before) : "unknown")],
  ])
}

export function progressTable(measured: readonly Large[]): Table {
  const shown =
    (tenth: number) =>
    ({ samples }: Large) => {
      const progress = samples.find(({ share }) => share >= tenth / 10)?.progress ?? null
      return progress === null ? "none" : percent(progress)
    }
  return tableOf(
    measured,
    TENTHS.map((tenth) => [`${10 * tenth} %`, shown(tenth)]),
  )
}

function tableOf(measured: readonly Large[], rows: readonly [name: string, value: (one: Large) => string][]): Table {
  const head = ["", ...measured.map(({ customers }) => `${count(customers)} customers`)]
  return { head, rows: rows.map(([name, value]) => [name, ...measured.map(value)]) }
}

function leastByCalls({ synced: { served } }: Large): number {
  return served.calls / stripe.limits.callsPerSecond
}

function leastByPosts({ synced: { served } }: Large, postMs: number): number {
  return (served.posts * postMs) / 1000 / Math.max(1, served.postsAtOnce)
}

function least(one: Large, postMs: number): number {
  return Math.max(leastByCalls(one), leastByPosts(one, postMs))
}

function mostOf(samples: readonly Sample[], value: (sample: Sample) => number): number {
  return samples.reduce((most, sample) => Math.max(most, value(sample)), 0)
}

function tableAtMost(samples: readonly Sample[], name: string): string {
  const weighed = samples.flatMap(({ tables }) => tables?.find((table) => table.name === name) ?? [])
  const [largest] = weighed.sort((one, other) => other.bytes - one.bytes)
  if (!largest || largest.rows === 0) return "none"
  return `${count(largest.rows)} ${largest.rows === 1 ? "row" : "rows"}, ${megabytes(largest.bytes)}`
}
