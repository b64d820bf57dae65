/**
 * The fetch consumer: takes a lease of a slice, reads pages back to back, hands each to the source's Durable Object, and lets go. Where
 * the source says that more slices are ready, further readers take those: a partner that takes long for a page is asked for several at once.
 * All that matters is in the Durable Object; whatever breaks here, the lease runs out and the work is handed out again from the
 * last checkpoint. Each failure becomes exactly one settlement, and only the Durable Object decides on trying again.
 */
import type { Lane, LeaseAnswer, Outcome, Task } from "../source/protocol/fetching.ts"
import { PROTOCOL } from "../source/protocol/source.ts"
import { type Counts, type LeasedSlice, leaveAhead, openSlice, type PageReader } from "./leased-slice.ts"
import { readPage, saveKept } from "./page.ts"
import type { PipelinePorts } from "./ports.ts"
import { search } from "./probe.ts"
import { callSource } from "./rpc.ts"

/** How long one wake-up reads: enough that the cost of a wake-up vanishes, short enough that no source holds a consumer long. */
export const FETCH_BUDGET_MS = 60_000
/** Leases of one wake-up: time ends it first, unless work is handed out that takes none. */
export const LEASES_MAX = 100
/** Pages of one lease, likewise. */
export const PAGES_MAX = 2000

/** Readers that may be started beside the first of each source: what one invocation has left, for all of its sources. */
export interface Spare {
  readers: number
}

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

/** One wake-up's work for one source, by all of its readers. */
interface WakeUp {
  ports: PipelinePorts
  source: string
  lane: Lane
  /** No page is begun after it, our clock. */
  deadline: number
  counts: Counts
  spare: Spare
  readers: Promise<string>[]
  /** Readers that have asked for a lease and have no answer yet. */
  asking: number
  /** What the first reader to throw threw. */
  thrown: { error: unknown } | null
}

export async function runFetch(
  ports: PipelinePorts,
  source: string,
  lane: Lane,
  spare: Spare = { readers: 0 },
): Promise<FetchRun> {
  const counts: Counts = { leases: 0, pages: 0, records: 0, items: 0, calls: 0 }
  const deadline = ports.clock.now() + FETCH_BUDGET_MS
  const wakeUp: WakeUp = { ports, source, lane, deadline, counts, spare, readers: [], asking: 0, thrown: null }
  let end = await readThrough(wakeUp)
  // Each of them may start others.
  for (const reader of wakeUp.readers) end = await reader
  if (wakeUp.thrown) throw wakeUp.thrown.error
  return { end, ...counts }
}

/** As many as slices are ready, less those that are about to take one. */
function startReaders(wakeUp: WakeUp, ready: number): void {
  while (wakeUp.asking < ready && wakeUp.spare.readers > 0 && wakeUp.counts.leases < LEASES_MAX && hasTime(wakeUp)) {
    wakeUp.spare.readers--
    wakeUp.readers.push(readBeside(wakeUp))
  }
}

async function readBeside(wakeUp: WakeUp): Promise<string> {
  const end = await readThrough(wakeUp)
  wakeUp.spare.readers++
  return end
}

/** A mistake of ours that one reader meets is told once all are through: the others hold leases, and know what came of their pages. */
async function readThrough(wakeUp: WakeUp): Promise<string> {
  try {
    return await readLeases(wakeUp)
  } catch (error) {
    wakeUp.thrown ??= { error }
    return "failed"
  }
}

async function readLeases(wakeUp: WakeUp): Promise<string> {
  const { ports, source, deadline, counts } = wakeUp
  const reader: PageReader = { ports, source: () => ports.source(source), deadline, calledAt: 0, restMs: 0, counts }
  while (counts.leases < LEASES_MAX && hasTime(wakeUp)) {
    const answer = await askForLease(reader, wakeUp)
    if (answer === null) return "lost"
    if (answer.kind !== "given") return answer.kind
    counts.leases++
    startReaders(wakeUp, answer.more ?? 0)
    const end = await readSlice(reader, wakeUp, answer.task)
    if (!GOES_ON[end]) return end
  }
  return "budget"
}

async function askForLease(reader: PageReader, wakeUp: WakeUp): Promise<LeaseAnswer | null> {
  const { lane } = wakeUp
  const nonce = reader.ports.random.id("lease")
  wakeUp.asking++
  const told = await callSource(reader.ports, "lease", () => reader.source().lease({ lane, nonce, protocol: PROTOCOL }))
  wakeUp.asking--
  return told?.answer ?? null
}

async function readSlice(consumer: PageReader, wakeUp: WakeUp, task: Task): Promise<SliceEnd> {
  const opened = openSlice(consumer.ports, task)
  if (!opened.ok) return settle(consumer, task, opened.outcome, 0)
  const { slice } = opened
  if (task.probe) {
    const outcome = await search(consumer, slice, task.probe)
    return outcome === null ? "lost" : settle(consumer, task, outcome, slice.calls)
  }
  const end = await readPages(consumer, wakeUp, slice)
  await leaveAhead(slice)
  return end
}

async function readPages(consumer: PageReader, wakeUp: WakeUp, slice: LeasedSlice): Promise<SliceEnd> {
  for (let pages = 0; pages < PAGES_MAX && (hasTime(consumer) || slice.ahead); pages++) {
    const step = await readPage(consumer, slice)
    if (step.kind === "end") return step.end
    if (step.kind === "settle") return letGo(consumer, slice, step.outcome)
    startReaders(wakeUp, step.more)
  }
  return letGo(consumer, slice, { kind: "release" })
}

/** Whatever ended the reading, the page before it is saved first. */
async function letGo(consumer: PageReader, slice: LeasedSlice, outcome: Outcome): Promise<SliceEnd> {
  const saved = await saveKept(consumer, slice)
  return saved.kind === "end" ? saved.end : settle(consumer, slice.task, outcome, slice.calls)
}

async function settle(consumer: PageReader, task: Task, outcome: Outcome, calls: number): Promise<SliceEnd> {
  const told = await callSource(consumer.ports, "settle", () =>
    consumer.source().settle({ protocol: PROTOCOL, lease: task.lease, outcome, calls }),
  )
  return told === null ? "lost" : outcome.kind
}

function hasTime({ ports, deadline }: Pick<PageReader, "ports" | "deadline">): boolean {
  return ports.clock.now() < deadline
}
