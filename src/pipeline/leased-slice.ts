/** A slice being read under a lease: its task, made ready for use, and what moves while pages are read. */
import type { AnyConnector, NormalizeContext, PageContext, PageRequest, Stream } from "../connectors/kit/define.ts"
import type { AddedFields } from "../connectors/kit/to-items.ts"
import { askPartner, type PartnerResult, REQUEST_TIMEOUT_MS } from "../http/partner.ts"
import type { Checkpoint, Outcome, Task } from "../source/protocol/fetching.ts"
import { PROTOCOL, type SourceWork } from "../source/protocol/source.ts"
import type { PipelinePorts } from "./ports.ts"
import { callSource } from "./rpc.ts"

/** Later than so long before the reader's deadline no page is asked for ahead: it might come too late to be saved. */
const AHEAD_REST_MS = 5_000

/** One consumer's time with one source, over as many leases as it is given. */
export interface PageReader {
  ports: PipelinePorts
  /** The Durable Object's stub, anew for each call. */
  source: () => SourceWork
  /** No page is begun after it, our clock. */
  deadline: number
  /** Our clock at the last partner call; the pace spans leases. */
  calledAt: number
  /** What the last answer said of the partner's budget, ms. */
  restMs: number
  counts: Counts
}

export interface Counts {
  leases: number
  pages: number
  records: number
  items: number
  calls: number
}

export interface LeasedSlice {
  task: Task
  connector: AnyConnector
  stream: Stream<unknown>
  config: unknown
  chosen: ReadonlySet<string>
  added: AddedFields
  until: number
  paceMs: number
  page: number
  pageToken: string | null
  /** Pages of this lease, by their records and the token of the next: one that comes again is read in circles. */
  pages: Set<string>
  /** Records that an earlier window completed. */
  completed: ReadonlySet<string>
  credential: Task["credential"]
  /** A newer credential was asked for: that is done once a lease. */
  renewed: boolean
  /** Partner calls since the last checkpoint, failed ones too. */
  calls: number
  /** The page after the one that is being saved may be asked for. */
  mayAskAhead: boolean
  /** It has been asked for: what that comes to is looked at only once the page above it is saved. */
  ahead: AskedPage | null
  /** The next page may be kept, to be handed over with the one after it. */
  inPairs: boolean
  kept: ReadPage | null
}

/** A page that was read, and has not been saved. */
export interface ReadPage {
  next: string | null
  /** As they are sent. */
  bytes: number
  records: number
  items: number
  /** Anew for each try: how old it is counts from when it was asked for. */
  checkpoint(): Checkpoint
}

/** A request for a page, with what it asked for: the window may be cut meanwhile. */
export interface AskedPage {
  context: PageContext<unknown>
  asked: Promise<Asked>
}

/** What a request to the partner came to, or why it was not made. */
export type Asked = PartnerResult | { kind: "no_time" } | { kind: "lost" }

export type Opened = { ok: true; slice: LeasedSlice } | { ok: false; outcome: Outcome }

/** The task ready for use, or how to let go of it. */
export function openSlice(ports: PipelinePorts, task: Task): Opened {
  const connector = ports.connector(task.connector)
  const stream = connector?.streams.find(({ name }) => name === task.stream)
  // Two deploys can be live at once: a newer one's work is left to it rather than failed.
  if (!connector || !stream)
    return refuse("transient", `This version cannot read ${task.stream} of ${task.connector} yet. It is tried again.`)
  const config = connector.config.safeParse(task.config)
  if (!config.success)
    return refuse("fault", `The source's settings do not fit ${connector.title} any more. Tell our support.`)
  return { ok: true, slice: sliceOf(task, connector, stream, config.data) }
}

function refuse(kind: "transient" | "fault", reason: string): Opened {
  return { ok: false, outcome: { kind, reason } }
}

function sliceOf(task: Task, connector: AnyConnector, stream: Stream<unknown>, config: unknown): LeasedSlice {
  return {
    task,
    connector,
    stream,
    config,
    chosen: new Set(task.collections.map(({ name }) => name)),
    added: Object.fromEntries(task.collections.map(({ name, fields }) => [name, fields])),
    until: task.until,
    paceMs: task.paceMs,
    page: task.page,
    pageToken: task.pageToken,
    pages: new Set(),
    completed: new Set(task.completed),
    credential: task.credential,
    renewed: false,
    calls: 0,
    mayAskAhead: false,
    ahead: null,
    inPairs: false,
    kept: null,
  }
}

export function pageContext({ task, config, chosen, pageToken }: LeasedSlice): PageContext<unknown> {
  const { account, window, range, pageSize } = task
  return { config, account, collections: chosen, window, ...(range && { range }), pageToken: pageToken, pageSize }
}

export function normalizeContext(
  slice: LeasedSlice,
  followed: readonly unknown[],
  asked: number,
): NormalizeContext<unknown> {
  const { account, identity } = slice.task
  const via = slice.stream.mode === "live" ? "feed" : "list"
  return { config: slice.config, account, collections: slice.chosen, identity, via, followed, asked }
}

/** The page that the slice stands at. */
export function askPage(consumer: PageReader, slice: LeasedSlice, context: PageContext<unknown>): AskedPage {
  return { context, asked: ask(consumer, slice, slice.stream.request(context)) }
}

/** The page after that, where it may be and the time allows. */
export function askAhead(consumer: PageReader, slice: LeasedSlice, next: string | null): void {
  const isInTime = consumer.ports.clock.now() + AHEAD_REST_MS < consumer.deadline
  if (next === null || !slice.mayAskAhead || !isInTime) return
  slice.ahead = askPage(consumer, slice, { ...pageContext(slice), pageToken: next })
  // Whatever it throws is met where it is awaited, if it is.
  slice.ahead.asked.catch(() => undefined)
}

/** No request outlives the lease it was made under. */
export async function leaveAhead(slice: LeasedSlice): Promise<void> {
  await slice.ahead?.asked.catch(() => undefined)
  slice.ahead = null
}

/** Asks the partner, in turn and in time. A credential that is refused is renewed once, and the request made again with it. */
export async function ask(consumer: PageReader, slice: LeasedSlice, request: PageRequest): Promise<Asked> {
  const first = await call(consumer, slice, request)
  if (first.kind !== "auth" || slice.renewed) return first
  slice.renewed = true
  const told = await callSource(consumer.ports, "credential", () =>
    consumer
      .source()
      .credential({ protocol: PROTOCOL, lease: slice.task.lease, failedVersion: slice.credential.version }),
  )
  if (told === null) return { kind: "lost" }
  if (told.answer === null) return first
  slice.credential = told.answer
  return call(consumer, slice, request)
}

async function call(consumer: PageReader, slice: LeasedSlice, request: PageRequest): Promise<Asked> {
  const { clock } = consumer.ports
  const startAt = turnOf(consumer, slice)
  if (startAt === null) return { kind: "no_time" }
  // Counted before it is waited for: what is asked ahead counts with the page that is sent meanwhile.
  slice.calls++
  consumer.counts.calls++
  if (startAt > clock.now()) await clock.sleep(startAt - clock.now())
  consumer.calledAt = clock.now()
  const result = await askPartner(consumer.ports, slice.connector, slice.config, request, slice.credential)
  consumer.restMs = result.kind === "ok" ? (slice.connector.limits.restMs?.(result.answer.body) ?? 0) : 0
  return result
}

/** When the source's pace lets the next call begin. Null where the lease could end before the partner has to have answered. */
function turnOf(consumer: PageReader, slice: LeasedSlice): number | null {
  const startAt = Math.max(consumer.ports.clock.now(), consumer.calledAt + Math.max(slice.paceMs, consumer.restMs))
  return startAt + REQUEST_TIMEOUT_MS > slice.until ? null : startAt
}
