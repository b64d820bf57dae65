/**
 * One claim of outbox rows: posted side by side, and reported some answers at a time. What was taken and not reported is posted again
 * later, so that only so many answers may wait for a report.
 */
import type { Destination } from "../destinations/destination.ts"
import { utf8Bytes } from "../lib/bytes.ts"
import { inParallel } from "../lib/parallel.ts"
import type { ForwardTask, OutboxRow, PostResult, ReportAnswer } from "../source/protocol/forwarding.ts"
import { encodedIn } from "../source/protocol/outbox-body.ts"
import { PROTOCOL, type SourceWork } from "../source/protocol/source.ts"
import { packPosts } from "./pack.ts"
import type { PipelinePorts } from "./ports.ts"
import { callSource } from "./rpc.ts"

/** A POST lasts 20 s at most; the rest is for its report, so that no row is claimed anew while its POST is under way. */
export const CLAIM_REST_MS = 30_000

/** An answer waits for others to be reported with for so long at most: what a consumer that dies has not reported is sent again. */
export const REPORT_WITHIN_MS = 200

/** Answers that may wait while the report before theirs is under way; with more, no further POST begins. */
export const UNREPORTED_MAX = 5

/**
 * How long a claim with little in it is kept after its last POST. Rows come as fast as they are read, and a claim of each few
 * of them would cost more than the rows; a consumer waits for free.
 */
export const GATHER_MS = 500

/** One consumer's time with one source, over as many claims as it is given. */
export interface Forwarder {
  ports: PipelinePorts
  destination: Destination
  /** The Durable Object's stub, anew for each call. */
  source: () => SourceWork
  deadline: number
  counts: Counts
}

export interface Counts {
  claims: number
  posts: number
  items: number
  delivered: number
}

interface OpenClaim {
  task: ForwardTask
  /** Renewed by each report. */
  until: number
  /** POSTs not begun. */
  waiting: OutboxRow[][]
  /** POSTs under way. */
  posting: number
  /** Results not reported. */
  ready: PostResult[]
  /** To be kept for GATHER_MS. Not the first of a wake-up: a sync that finds little is to end with one claim. */
  gathers: boolean
  /** An answer said that further POSTs would fare no better, or a report was lost. */
  stopped: boolean
  /** The source knows that no further POST follows, or has said so itself. */
  closed: boolean
  lost: boolean
  /** Reports go one after another. */
  sending: Promise<void>
  /** The answers that wait are reported before long. */
  isTimed: boolean
}

export function openClaim(consumer: Forwarder, task: ForwardTask): OpenClaim {
  const waiting = packPosts(task.rows, consumer.destination.itemsMax)
  const gathers = consumer.counts.claims > 1 && waiting.length < task.parallel
  const open = {
    gathers,
    posting: 0,
    ready: [],
    stopped: false,
    closed: false,
    lost: false,
    sending: Promise.resolve(),
    isTimed: false,
  }
  return { task, until: task.until, waiting, ...open }
}

/** Whatever stopped a claim, the next one's answer is the true one: more work, a time to come back, none. */
export async function workClaim(consumer: Forwarder, claim: OpenClaim): Promise<"done" | "lost" | "no_time"> {
  const postsBefore = consumer.counts.posts
  const next = () => nextPost(consumer, claim)
  const send = async (rows: OutboxRow[]) => finish(consumer, claim, await post(consumer, claim, rows))
  const work = async (rows: OutboxRow[]) => {
    await send(rows)
    if (claim.ready.length >= UNREPORTED_MAX) await claim.sending
  }
  // The first POST of a wake-up goes alone: an outage, a wrong key, or a collection that the destination has yet to create
  // (answered 400 for a moment) is met once, not five times.
  const first = consumer.counts.posts === 0 ? next() : undefined
  if (first) await send(first)
  await claim.sending
  await inParallel(claim.task.parallel, next, work)
  await claim.sending
  await gather(consumer, claim)
  await close(consumer, claim)
  if (claim.lost) return "lost"
  return consumer.counts.posts > postsBefore ? "done" : "no_time"
}

/** While the claim is held, what is read meanwhile wakes nobody; the next claim then takes it together. */
async function gather({ ports }: Forwarder, claim: OpenClaim): Promise<void> {
  if (claim.gathers && !claim.stopped && !claim.closed) await ports.clock.sleep(GATHER_MS)
  claim.gathers = false
}

function nextPost(consumer: Forwarder, claim: OpenClaim): OutboxRow[] | undefined {
  if (!mayStart(consumer, claim)) return undefined
  claim.posting++
  return claim.waiting.shift()
}

function mayStart({ ports }: Forwarder, { waiting, stopped, closed, until }: OpenClaim): boolean {
  return waiting.length > 0 && !stopped && !closed && until - ports.clock.now() >= CLAIM_REST_MS
}

async function post(consumer: Forwarder, claim: OpenClaim, rows: OutboxRow[]): Promise<PostResult> {
  const { destination, ports, counts } = consumer
  const [items, body] = bodyOf(destination, claim, rows)
  const answer = await destination.post(ports, claim.task.destination, body)
  counts.posts++
  counts.items += items
  if (answer.outcome === "delivered") counts.delivered += items
  return { rows: rows.map(({ id }) => id), ...answer }
}

/** Where joined rows come to more than the size, half of them goes back to `claim.waiting`: `rows` is cut in place. */
function bodyOf(destination: Destination, claim: OpenClaim, rows: OutboxRow[]): [number, string] {
  const encoded = rows.flatMap((row) => encodedIn(row.body))
  const body = destination.body(encoded)
  if (utf8Bytes(body) <= destination.bytesMax || rows.length === 1) return [encoded.length, body]
  claim.waiting.unshift(rows.splice(Math.ceil(rows.length / 2)))
  return bodyOf(destination, claim, rows)
}

// ------------------------------------------------------------------------------------------------------------ reports

/**
 * Answers are reported together, since a report costs as much as the POSTs do: once there are as many as POSTs may be under way, once none
 * is, at once where one of them says to stop, and before long whatever the others do.
 */
function finish(consumer: Forwarder, claim: OpenClaim, result: PostResult): void {
  claim.posting--
  claim.ready.push(result)
  if (result.outcome === "later" || result.outcome === "rejected") claim.stopped = true
  const isDue = claim.ready.length >= claim.task.parallel || claim.posting === 0 || claim.stopped
  if (isDue) reportNext(consumer, claim)
  else if (!claim.isTimed) void reportSoon(consumer, claim)
}

async function reportSoon(consumer: Forwarder, claim: OpenClaim): Promise<void> {
  claim.isTimed = true
  await consumer.ports.clock.sleep(REPORT_WITHIN_MS)
  claim.isTimed = false
  reportNext(consumer, claim)
}

function reportNext(consumer: Forwarder, claim: OpenClaim): void {
  claim.sending = claim.sending.then(() => (claim.ready.length > 0 ? report(consumer, claim) : undefined))
}

/** All that is ready in one call: answers that came while a report was under way share the next one. */
async function report(consumer: Forwarder, claim: OpenClaim): Promise<void> {
  const results = claim.ready.splice(0)
  const done = claim.posting === 0 && !mayStart(consumer, claim) && (claim.stopped || !claim.gathers)
  if (done) claim.closed = true
  const { number } = claim.task
  const told = await callSource(consumer.ports, "report", () =>
    consumer
      .source()
      .report({ protocol: PROTOCOL, number, destinationVersion: claim.task.destinationVersion, results, done }),
  )
  if (told === null) lose(claim, results)
  else take(claim, told.answer)
}

function take(claim: OpenClaim, answer: ReportAnswer): void {
  claim.lost = false
  if (answer.kind === "go") claim.until = answer.until
  else claim.closed = true
}

/** Results whose report was lost go with the next one: a delivery that stays unreported is a delivery repeated. */
function lose(claim: OpenClaim, results: PostResult[]): void {
  claim.ready.unshift(...results)
  claim.stopped = true
  claim.lost = true
}

/** Lets go of the claim: rows that were not posted need not wait for its end. */
async function close(consumer: Forwarder, claim: OpenClaim): Promise<void> {
  if (claim.ready.length > 0 || !claim.closed) await report(consumer, claim)
}
