/**
 * The fetch consumer: takes a lease of a slice, reads pages back to back, hands each to the source's Durable Object, and lets go.
 * All that matters is in the Durable Object; whatever breaks here, the lease runs out and the work is handed out again from the
 * last checkpoint. Each failure becomes exactly one settlement, and only the Durable Object decides on trying again.
 */
import type { Lane, Outcome, Task } from "../source/protocol/fetching.ts"
import { PROTOCOL } from "../source/protocol/source.ts"
import { type Counts, openSlice, type PageReader } from "./leased-slice.ts"
import { readPage } from "./page.ts"
import type { PipelinePorts } from "./ports.ts"
import { search } from "./probe.ts"
import { callSource } from "./rpc.ts"

/** How long one wake-up reads: enough that the cost of a wake-up vanishes, short enough that no source holds a consumer long. */
export const FETCH_BUDGET_MS = 60_000
/** Leases of one wake-up: time ends it first, unless work is handed out that takes none. */
export const LEASES_MAX = 100
/** Pages of one lease, likewise. */
export const PAGES_MAX = 2000

/** What one wake-up came to; becomes its line in the log. */
export interface FetchRun extends Counts {
  /** Why it ended: the source's answer to the last lease asked for, how the last lease was let go of, or `budget`. */
  end: string
}

type SliceEnd = Outcome["kind"] | "stop" | "stale" | "lost"

/**
 * After which ends another lease is asked for. The source's answer is then the true one: more work, a time to come back, or none.
 * So after `stale`, too: it may only say that a window's last checkpoint came twice. Not after a release, whose reason is that the
 * time is up; nor after a refused credential, which stops every slice; nor where the source does not answer.
 */
const GOES_ON: Record<SliceEnd, boolean> = {
  stop: true,
  stale: true,
  lost: false,
  release: false,
  limited: true,
  transient: true,
  probed: true,
  too_large: true,
  token_refused: true,
  auth: false,
  denied: true,
  fault: true,
}

export async function runFetch(ports: PipelinePorts, source: string, lane: Lane): Promise<FetchRun> {
  const counts: Counts = { leases: 0, pages: 0, records: 0, items: 0, calls: 0 }
  const deadline = ports.clock.now() + FETCH_BUDGET_MS
  const end = await fetchLeases(
    { ports, source: () => ports.source(source), deadline, calledAt: 0, restMs: 0, counts },
    lane,
  )
  return { end, ...counts }
}

async function fetchLeases(consumer: PageReader, lane: Lane): Promise<string> {
  while (consumer.counts.leases < LEASES_MAX && hasTime(consumer)) {
    const nonce = consumer.ports.random.id("lease")
    const told = await callSource(consumer.ports, "lease", () =>
      consumer.source().lease({ lane, nonce, protocol: PROTOCOL }),
    )
    if (told === null) return "lost"
    if (told.answer.kind !== "given") return told.answer.kind
    consumer.counts.leases++
    const end = await readSlice(consumer, told.answer.task)
    if (!GOES_ON[end]) return end
  }
  return "budget"
}

async function readSlice(consumer: PageReader, task: Task): Promise<SliceEnd> {
  const opened = openSlice(consumer.ports, task)
  if (!opened.ok) return settle(consumer, task, opened.outcome, 0)
  const { slice } = opened
  if (task.probe) {
    const outcome = await search(consumer, slice, task.probe)
    return outcome === null ? "lost" : settle(consumer, task, outcome, slice.calls)
  }
  for (let pages = 0; pages < PAGES_MAX && hasTime(consumer); pages++) {
    const step = await readPage(consumer, slice)
    if (step.kind === "end") return step.end
    if (step.kind === "settle") return settle(consumer, task, step.outcome, slice.calls)
  }
  return settle(consumer, task, { kind: "release" }, slice.calls)
}

async function settle(consumer: PageReader, task: Task, outcome: Outcome, calls: number): Promise<SliceEnd> {
  const told = await callSource(consumer.ports, "settle", () =>
    consumer.source().settle({ protocol: PROTOCOL, lease: task.lease, outcome, calls }),
  )
  return told === null ? "lost" : outcome.kind
}

function hasTime({ ports, deadline }: PageReader): boolean {
  return ports.clock.now() < deadline
}
