/** One first sync by the product, or one pass of the bare loop, measured. */
import { setTimeout as sleep } from "node:timers/promises"
import type { RunView, SourceView } from "../../src/source/protocol/views.ts"
import type { BareRun } from "./runtime/bare.ts"
import { type Counters, difference } from "./runtime/counters.ts"
import type { Runtime } from "./runtime/runtime.ts"
import type { Server } from "./server/client.ts"
import { BENCH_KEY, type Served, type Setup } from "./setup.ts"

/** Asking how it goes costs the object a call: seldom enough not to matter. The end is known to the millisecond from the server. */
const POLL_MS = 250
const GIVE_UP_MS = 4 * 60 * 60_000
const DAY_MS = 86_400_000

export interface Bench {
  runtime: Runtime
  server: Server
  setup: Setup
}

export interface Measured extends BareRun {
  /** Until the destination's last answer. */
  seconds: number
  /** Of the runtime's process. */
  cpuMs: number | null
  /** What the server did for it. */
  served: Served
}

export interface Synced extends Measured {
  counters: Counters
}

export type Watch = (view: SourceView) => Promise<void> | void

export function setupOf(connector: string, { ready: { account, config, credential } }: Server): Setup {
  const now = Date.now()
  const startDate = Math.floor(now / DAY_MS) * DAY_MS - 365 * DAY_MS
  return { connector, config, account, startDate, connectedAt: now, credential, destinationKey: BENCH_KEY }
}

/** From the first configuration to the last item's delivery; the source is left as it is then. */
export async function firstSync({ runtime, server, setup }: Bench, source: string, watch?: Watch): Promise<Synced> {
  const before = await runtime.call<Counters>("/counters")
  const measured = await measure({ runtime, server }, async () => {
    await runtime.call(`/configure?source=${source}`, setup)
    const view = await untilDone(runtime, source, watch)
    return { pages: 0, records: 0, items: deliveredOf(view) }
  })
  const counters = difference(before, await runtime.call<Counters>("/counters"))
  return { ...measured, ...(await readBy(runtime, source)), counters }
}

export function barePass({ runtime, server, setup }: Bench): Promise<Measured> {
  return measure({ runtime, server }, () => runtime.call<BareRun>("/bare", setup))
}

/** Keeps its schedule from what is measured next. */
export async function endSource({ runtime }: Pick<Bench, "runtime">, source: string): Promise<void> {
  await runtime.call(`/erase?source=${source}`)
}

/** Whatever it was to read has been read, and what was read delivered. */
export async function untilDone(runtime: Runtime, source: string, watch?: Watch): Promise<SourceView> {
  for (const startedAt = Date.now(); Date.now() < startedAt + GIVE_UP_MS; ) {
    await sleep(POLL_MS)
    const { view } = await runtime.call<{ view: SourceView }>(`/view?source=${source}`)
    if (view.status === "error") throw new Error(JSON.stringify(view.error))
    await watch?.(view)
    if (view.current.length === 0 && view.delivery.waiting === 0) return view
  }
  throw new Error("the sync did not end")
}

export function deliveredOf({ collections }: SourceView): number {
  return collections.reduce((sum, { delivered }) => sum + delivered, 0)
}

async function measure({ runtime, server }: Omit<Bench, "setup">, work: () => Promise<BareRun>): Promise<Measured> {
  const before = await server.served()
  const [startedAt, cpuBefore] = [Date.now(), runtime.cpuMs()]
  const run = await work()
  const cpuAfter = runtime.cpuMs()
  const after = await server.served()
  return {
    ...run,
    seconds: (after.lastPostAt - startedAt) / 1000,
    cpuMs: cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore,
    served: servedSince(before, after),
  }
}

function servedSince(before: Served, after: Served): Served {
  return {
    ...after,
    cpuMs: after.cpuMs - before.cpuMs,
    calls: after.calls - before.calls,
    simulated: after.simulated - before.simulated,
    rows: after.rows - before.rows,
    posts: after.posts - before.posts,
  }
}

/** What all runs of the source have read. */
async function readBy(runtime: Runtime, source: string): Promise<{ pages: number; records: number }> {
  const answer = await runtime.call<{ runs?: RunView[] }>(`/runs?source=${source}`)
  const sum = (what: "pages" | "records") => (answer.runs ?? []).reduce((all, run) => all + run[what], 0)
  return { pages: sum("pages"), records: sum("records") }
}
