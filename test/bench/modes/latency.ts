/** What a partner's latency does to a first sync: at the pace that ships, and with the pace lifted. */
import { stripe } from "../../../src/connectors/stripe.ts"
import { type Bench, barePass, endSource, firstSync, type Synced } from "../measure.ts"
import { SHIPPED_PACE, setPace, withBench } from "../open.ts"
import { count, seconds } from "../report/numbers.ts"
import type { Section } from "../report/section.ts"

const LATENCIES_MS = [0, 50, 400]
/** Calls a second: ten times what is shipped, so that latency alone holds the reading up. */
const LIFTED_PACE = 200

interface Latency {
  ms: number
  shipped: Synced
  lifted: Synced
  /** Seconds. */
  bare: number
}

export async function latency(customers: number): Promise<Section> {
  const measured = await withBench({ connector: "stripe", kind: "many", size: customers }, measureAll)
  const head = [
    "an answer takes",
    "at the shipped pace",
    "least at that pace",
    "pace lifted",
    "bare loop, page after page",
    "calls",
    "at once, shipped",
    "at once, lifted",
    "CPU, shipped",
  ]
  const rows = measured.map(({ ms, shipped, lifted, bare }) => [
    `${ms} ms`,
    seconds(shipped.seconds),
    seconds(shipped.served.calls / stripe.limits.callsPerSecond),
    seconds(lifted.seconds),
    seconds(bare),
    count(shipped.served.calls),
    count(shipped.served.callsAtOnce),
    count(lifted.served.callsAtOnce),
    shipped.cpuMs === null ? "unknown" : seconds(shipped.cpuMs / 1000),
  ])
  return {
    key: "latency",
    title: "A partner's latency",
    measured: measuredOf(customers),
    tables: [{ head, rows }],
    reading: READING,
  }
}

async function measureAll(bench: Bench): Promise<Latency[]> {
  console.log("warming up ...")
  await firstSyncAt(bench, 0, LIFTED_PACE, "src_warm")
  await barePass(bench)
  const measured: Latency[] = []
  for (const ms of LATENCIES_MS) {
    console.log(`answers take ${ms} ms ...`)
    const shipped = await firstSyncAt(bench, ms, SHIPPED_PACE, `src_shipped_${ms}`)
    const lifted = await firstSyncAt(bench, ms, LIFTED_PACE, `src_lifted_${ms}`)
    const { seconds: bare } = await barePass(bench)
    measured.push({ ms, shipped, lifted, bare })
  }
  return measured
}

async function firstSyncAt(bench: Bench, partnerMs: number, callsPerSecond: number, source: string): Promise<Synced> {
  await bench.server.pace({ partnerMs, destinationMs: 0 })
  await setPace(bench, callsPerSecond)
  const synced = await firstSync(bench, source)
  await endSource(bench, source)
  return synced
}

function measuredOf(customers: number): string {
  return [
    `A first sync of a Stripe account with ${count(customers)} customers and nothing else, written out by a process of its own, each answer after`,
    `the given time; the destination answers at once. The shipped pace is ${stripe.limits.callsPerSecond} calls a second.`,
  ].join("\n")
}

const READING = [
  "At the shipped pace the calls themselves take the least time that is given: what is above it is latency that was not hidden, or the",
  "processor. With the pace lifted one sees what reading side by side is worth beside a loop that asks for one page after the other.",
].join("\n")
