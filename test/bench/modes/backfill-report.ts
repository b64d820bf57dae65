/** What reading a shop's year came to, in words. */
import type { ShopOptions } from "../../sandbox/shopify/shop.ts"

export interface Backfill {
  charging: string
  rows: Record<string, number>
  bucket: ShopOptions["bucket"]
  /** What an answer of the shop was taken to need. */
  answerMs: number
  virtualMs: number
  busyMs: number
  newestMs: number | null
  calls: number
  throttled: number
  requested: number
  charged: number
  items: number
  heapBytes: number
}

export function backfillReport(run: Backfill): string {
  const { bucket, charged, requested, virtualMs, busyMs, items, rows } = run
  const leastMs = (points: number) => (1000 * Math.max(0, points - bucket.maximum)) / bucket.rate
  const least = leastMs(charged)
  return [
    line("rows in the shop", list(rows)),
    line("items delivered", number(items)),
    line("time, virtual", `${minutes(virtualMs)}, where an answer takes ${run.answerMs} ms`),
    line("least by the budget", `${minutes(least)}: ${number(charged)} points at ${bucket.rate}/s, less a full bucket`),
    line("time over that", least > 0 ? percent(virtualMs / least - 1) : "the bucket was never empty"),
    line("least, nothing refunded", `${minutes(leastMs(requested))}: ${number(requested)} points were asked for`),
    line("no call under way", `${percent(1 - busyMs / virtualMs)} of the time: waiting for points`),
    line("newest week delivered", run.newestMs === null ? "never" : minutes(run.newestMs)),
    line("calls", `${number(run.calls)}, of them throttled ${number(run.throttled)}`),
    line("memory, product alone", `${(Math.max(0, run.heapBytes) / 1e6).toFixed(0)} MB at most`),
  ].join("\n")
}

function line(name: string, value: string): string {
  return `${name.padEnd(24)}${value}`
}

function minutes(ms: number): string {
  return `${(ms / 60_000).toFixed(1)} min`
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)}%`
}

function number(value: number): string {
  return Math.round(value).toLocaleString("en")
}

function list(table: Record<string, number>): string {
  return Object.entries(table)
    .map(([name, count]) => `${name} ${number(count)}`)
    .join(", ")
}
