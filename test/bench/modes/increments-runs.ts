/** Runs of a source whose account is at rest but for so many changes. */
import { setTimeout as sleep } from "node:timers/promises"
import { type Bench, deliveredOf, endSource, firstSync, untilDone } from "../measure.ts"
import { withBench } from "../open.ts"
import { type Counters, difference } from "../runtime/counters.ts"
import type { Served, Serving } from "../setup.ts"

const SOURCE = "src_increments"
/** A change of the very second in which a run begins may be left to the next one. */
const SETTLED_MS = 2_000
/** More than a small run takes; asking earlier how it goes would be counted with it. */
const RUN_MS = 6_000

/** A page parsed, a few small decisions. What is less cannot be told from noise here. */
const LEAST_CPU_MS = 10
/** What a first sync leaves to be tidied is over by then. */
const COOLING_MS = 10_000

export interface Increment {
  changes: number
  items: number
  calls: number
  posts: number
  counters: Counters
  /** Beyond what the process uses at rest. */
  cpuMs: number | null
}

export function measureIncrements(serving: Serving, changes: readonly number[]): Promise<Increment[]> {
  return withBench(serving, async (bench) => {
    await firstSync(bench, SOURCE)
    const resting = await cpuAtRest(bench)
    const runs: Increment[] = []
    for (const count of changes) runs.push(await runWith(bench, count, resting))
    await endSource(bench, SOURCE)
    return runs
  })
}

async function runWith(bench: Bench, changes: number, resting: number): Promise<Increment> {
  console.log(`${bench.setup.connector}: a run with ${changes} changes ...`)
  await bench.server.change(changes)
  const delivered = deliveredOf(await untilDone(bench.runtime, SOURCE))
  await sleep(SETTLED_MS)
  const before = await startRun(bench)
  await sleep(RUN_MS)
  const after = await look(bench)
  return {
    changes,
    items: deliveredOf(await untilDone(bench.runtime, SOURCE)) - delivered,
    calls: after.served.calls - before.served.calls,
    posts: after.served.posts - before.served.posts,
    counters: difference(before.counters, after.counters),
    cpuMs:
      before.cpuMs === null || after.cpuMs === null
        ? null
        : Math.max(LEAST_CPU_MS, after.cpuMs - before.cpuMs - resting),
  }
}

/** In the time of a run. */
async function cpuAtRest(bench: Bench): Promise<number> {
  await sleep(COOLING_MS)
  const before = await look(bench)
  await sleep(RUN_MS)
  const after = await look(bench)
  return (after.cpuMs ?? 0) - (before.cpuMs ?? 0)
}

/** As soon as it may: a minute after the one before. Answers what had been counted just before. */
async function startRun(bench: Bench): Promise<Look> {
  while (true) {
    const before = await look(bench)
    const answer = await bench.runtime.call<{ ok: boolean; retryAfterSeconds?: number }>(`/sync?source=${SOURCE}`)
    if (answer.ok) return before
    await sleep(1000 * (answer.retryAfterSeconds ?? 1))
  }
}

interface Look {
  counters: Counters
  served: Served
  cpuMs: number | null
}

async function look({ runtime, server }: Bench): Promise<Look> {
  const counters = await runtime.call<Counters>("/counters")
  return { counters, served: await server.served(), cpuMs: runtime.cpuMs() }
}
