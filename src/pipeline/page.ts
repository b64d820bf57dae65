/** One page: asked for, parsed, completed, normalized, checkpointed; or the one outcome that says why not. */
import { LOOKUPS_MAX, type Page, type PageRecord, ShapeError } from "../connectors/kit/define.ts"
import type { Itemized } from "../connectors/kit/to-items.ts"
import type { Stamp } from "../http/partner.ts"
import { assign } from "../lib/assign.ts"
import { sentBytes, utf8Bytes } from "../lib/bytes.ts"
import { framesOf } from "../lib/frames.ts"
import { hash64 } from "../lib/hash.ts"
import { type Completed, completedKey } from "../source/protocol/completed.ts"
import { bounded } from "../source/protocol/entry.ts"
import type { Checkpoint, CheckpointAnswer, Outcome } from "../source/protocol/fetching.ts"
import { PROTOCOL } from "../source/protocol/source.ts"
import { encodeItems } from "./encode.ts"
import {
  type Asked,
  type AskedPage,
  ask,
  askAhead,
  askPage,
  type LeasedSlice,
  normalizeContext,
  type PageReader,
  pageContext,
  type ReadPage,
} from "./leased-slice.ts"
import { normalizePage } from "./normalize.ts"
import { outcomeOfFailure } from "./outcome.ts"
import { callSource } from "./rpc.ts"

/** The contract of `Page.next`, which is stored with each checkpoint. */
export const TOKEN_BYTES_MAX = 4_000
/**
 * What a page comes to is handed over in one call of at most this much, as sent: half of what the platform takes (`RPC_BYTES_MAX`),
 * since the object holds it twice. A page that comes to more is asked for again with half the records.
 */
export const CHECKPOINT_BYTES_MAX = 16_000_000
/** A page of more is handed over by itself. */
export const PAIRED_BYTES_MAX = 2_000_000
const TOO_LARGE: Outcome = { kind: "too_large", reason: "The page comes to more than can be handed over at once." }
/** Where in a connector's code it failed; its caller says the rest. */
const FRAMES_LOGGED = 3

/** What reading a page leads to: the next page, letting go with an outcome, or an end that needs no settlement. */
export type Step =
  /** `more`: slices of the source that others could read now. */
  { kind: "go"; more: number } | { kind: "settle"; outcome: Outcome } | { kind: "end"; end: "stop" | "stale" | "lost" }

type Unasked = Exclude<Asked, { kind: "ok" }>
export interface FetchedPage {
  kind: "page"
  page: Page
  digest: string
  /** Of the page, those that are to be normalized. */
  records: PageRecord[]
  /** Of those, what had to be completed. */
  incomplete: PageRecord[]
  /** The answers that complete them. */
  followed: unknown[]
  stamp: Extract<Asked, { kind: "ok" }>["stamp"]
}
export type Fetched = FetchedPage | Unasked
type Followed = { kind: "complete"; answers: unknown[] } | Unasked

export async function readPage(consumer: PageReader, slice: LeasedSlice): Promise<Step> {
  try {
    return await readPageOrThrow(consumer, slice)
  } catch (error) {
    // Ports and the source answer with values: what throws is the connector's own code.
    return { kind: "settle", outcome: thrown(consumer, slice, error) }
  }
}

async function readPageOrThrow(consumer: PageReader, slice: LeasedSlice): Promise<Step> {
  const asked = slice.ahead ?? askPage(consumer, slice, pageContext(slice))
  slice.ahead = null
  const fetched = await fetchPage(consumer, slice, asked)
  if (fetched.kind === "lost") return { kind: "end", end: "lost" }
  if (fetched.kind !== "page") return { kind: "settle", outcome: outcomeOfUnasked(consumer, slice, fetched) }
  const { page, digest, stamp } = fetched
  const refused = tokenRefused(slice, page.next, digest)
  if (refused !== null) return { kind: "settle", outcome: refused }
  askAhead(consumer, slice, page.next)
  const normalized = normalizeFetched(slice, fetched)
  const completed = fetched.followed.length > 0 ? fetched.incomplete.map((record) => completedOf(slice, record)) : []
  const items = encodeItems(normalized.items, slice.task)
  return save(consumer, slice, { ...normalized, items, ...placeOf(slice, page), digest, completed }, stamp)
}

/** A page with all that completes its records, or why there is none. Throws what the connector throws. */
export async function fetchPage(
  consumer: PageReader,
  slice: LeasedSlice,
  { context, asked: asking }: AskedPage,
): Promise<Fetched> {
  const asked = await asking
  if (asked.kind !== "ok") return asked
  const page = slice.stream.page(asked.answer, context)
  // Their items were accepted with an earlier window: read again they would only cost the calls that completed them.
  const records = page.records.filter((record) => !wasCompleted(slice, record))
  const incomplete = records.filter((record) => slice.stream.lookup?.isNeeded(record))
  const followed = await follow(consumer, slice, incomplete)
  if (followed.kind !== "complete") return followed
  return {
    kind: "page",
    digest: digestOf(page.records, asked.answer.body),
    page,
    records,
    incomplete,
    followed: followed.answers,
    stamp: asked.stamp,
  }
}

function wasCompleted(slice: LeasedSlice, record: PageRecord): boolean {
  return slice.completed.size > 0 && slice.completed.has(completedKey(completedOf(slice, record)))
}

function completedOf({ stream }: LeasedSlice, { id, time, body }: PageRecord): Completed {
  return { id, time, ...(stream.sortedByUpdate && { digest: hash64(JSON.stringify(body)) }) }
}

export function normalizeFetched(slice: LeasedSlice, { records, followed, stamp }: FetchedPage): Itemized {
  const normalizing = normalizeContext(slice, followed, stamp.asked)
  return normalizePage(slice.connector, slice.stream, records, normalizing, slice.added)
}

/**
 * Read in circles, a window would never end: what is left of it is read again from where it is known to be. Some partners name the
 * same token with every page (scrolls), so it is a circle only where the same records come with it.
 */
function tokenRefused(slice: LeasedSlice, next: string | null, digest: string): Outcome | null {
  if (next === null) return null
  if (utf8Bytes(next) > TOKEN_BYTES_MAX) return fault(slice, "names its next page with more than can be kept")
  if (!slice.pages.has(pageKey(next, digest))) return null
  return { kind: "token_refused", reason: `${slice.connector.title} sent a page again that had been read already.` }
}

/** What a page holds, for telling whether it comes again. A connector may leave out rows, and a page may hold no others. */
function digestOf(records: readonly PageRecord[], body: unknown): string {
  return hash64(records.length > 0 ? records.map(({ id, time }) => `${time} ${id}`).join("\n") : JSON.stringify(body))
}

function pageKey(next: string, digest: string): string {
  return `${digest} ${next}`
}

/** The requests that complete records. Nothing to complete, nothing asked: an idle sync costs one call. */
async function follow(consumer: PageReader, slice: LeasedSlice, records: readonly PageRecord[]): Promise<Followed> {
  const requests = records.length === 0 ? [] : (slice.stream.lookup?.requests(records, pageContext(slice)) ?? [])
  if (requests.length > LOOKUPS_MAX) return fault(slice, "needs more further calls for one page than are made")
  const answers: unknown[] = []
  for (const request of requests) {
    const asked = await ask(consumer, slice, request)
    if (asked.kind !== "ok") return asked
    answers.push(asked.answer.body)
  }
  return { kind: "complete", answers }
}

function fault({ connector }: LeasedSlice, what: string): { kind: "fault"; reason: string } {
  return { kind: "fault", reason: `${connector.title} ${what}. Tell our support.` }
}

function placeOf(
  slice: LeasedSlice,
  { records, next, denied = [], incomplete = [] }: Page,
): Pick<Checkpoint, "lease" | "page" | "records" | "edge" | "lowest" | "next" | "denied" | "incomplete"> {
  const edge = records.at(-1)?.time ?? null
  const lowest = records.reduce((least, { time }) => Math.min(least, time), edge ?? 0)
  const place = { edge, ...(edge !== null && lowest < edge && { lowest }) }
  return { lease: slice.task.lease, page: slice.page, records: records.length, ...place, next, denied, incomplete }
}

type Read = Omit<Checkpoint, "protocol" | "calls" | "asked" | "spreadMs" | "ageMs" | "answerMs">

/** The page is kept, or handed over with the one that was kept. */
async function save(consumer: PageReader, slice: LeasedSlice, page: Read, stamp: Stamp): Promise<Step> {
  const read = readPageOf(consumer, slice, page, stamp)
  if (read.bytes > CHECKPOINT_BYTES_MAX) return { kind: "settle", outcome: TOO_LARGE }
  // Counted with this page: the next one may have been asked for already.
  slice.calls = 0
  if (read.next !== null && page.digest !== undefined) slice.pages.add(pageKey(read.next, page.digest))
  const isSmall = read.bytes <= PAIRED_BYTES_MAX
  if (slice.inPairs && slice.kept === null && read.next !== null && isSmall) {
    slice.kept = read
    turnPage(slice, read.next)
    return { kind: "go", more: 0 }
  }
  if (!isSmall) {
    const saved = await saveKept(consumer, slice)
    if (saved.kind !== "go") return saved
  }
  const step = await handOver(consumer, slice, read)
  if (step.kind === "go" && read.next !== null) turnPage(slice, read.next)
  return step
}

/** A page that was kept does not outlive the lease it was read under. */
export async function saveKept(consumer: PageReader, slice: LeasedSlice): Promise<Exclude<Step, { kind: "settle" }>> {
  const { kept } = slice
  if (kept === null) return { kind: "go", more: 0 }
  slice.kept = null
  return handOver(consumer, slice, { ...kept, checkpoint: () => ({ ...kept.checkpoint(), isFollowed: true }) })
}

function readPageOf(
  { ports }: PageReader,
  slice: LeasedSlice,
  page: Read,
  { asked, spreadMs, sentAt, elapsedMs }: Stamp,
): ReadPage {
  // Of a record that could not be read, what quarantine would keep of it.
  const rejects = page.rejects.map((reject) => ({ ...reject, record: bounded(reject.record) }))
  const { calls } = slice
  // A duration: what our clock shows is no business of the source's, which reckons with its own.
  const checkpoint = () => ({
    ...page,
    ...{ rejects, protocol: PROTOCOL, asked, spreadMs, answerMs: elapsedMs, calls },
    ageMs: ports.clock.now() - sentAt,
  })
  const { next, records, items } = page
  return { next, records, items: items.length, checkpoint, bytes: sentBytes(checkpoint()) }
}

async function handOver(
  consumer: PageReader,
  slice: LeasedSlice,
  last: ReadPage,
): Promise<Exclude<Step, { kind: "settle" }>> {
  const { kept } = slice
  slice.kept = null
  const checkpoint = () => ({ ...last.checkpoint(), ...(kept && { before: kept.checkpoint() }) })
  const told = await callSource(consumer.ports, "checkpoint", () => consumer.source().checkpoint(checkpoint()))
  if (told === null) return { kind: "end", end: "lost" }
  if (told.answer.kind === "stale") return { kind: "end", end: "stale" }
  for (const page of kept ? [kept, last] : [last]) countPage(consumer, page)
  if (told.answer.kind === "stop" || last.next === null) return { kind: "end", end: "stop" }
  goOn(slice, told.answer)
  return { kind: "go", more: told.answer.more ?? 0 }
}

type Go = Extract<CheckpointAnswer, { kind: "go" }>

function goOn(slice: LeasedSlice, { until, paceMs, from, ahead = false, inPairs = false }: Go): void {
  if (from !== undefined) slice.task = { ...slice.task, window: { ...slice.task.window, from } }
  assign(slice, { until, paceMs, inPairs, mayAskAhead: ahead })
}

function turnPage(slice: LeasedSlice, next: string): void {
  slice.page++
  slice.pageToken = next
}

function countPage({ counts }: PageReader, { records, items }: ReadPage): void {
  counts.pages++
  counts.records += records
  counts.items += items
}

// ---------------------------------------------------------------------------------------------------------- failures

export function outcomeOfUnasked(
  { ports }: PageReader,
  slice: LeasedSlice,
  asked: Exclude<Unasked, { kind: "lost" }>,
): Outcome {
  if (asked.kind === "no_time") return { kind: "release" }
  return outcomeOfFailure(asked, {
    now: ports.clock.now(),
    random: ports.random.next(),
    collections: [...slice.chosen],
    credentialVersion: slice.credential.version,
  })
}

/** A body that is not as documented is the partner's, and may pass. Anything else is a mistake in the connector, and will not. */
export function thrown({ ports }: PageReader, { connector, task }: LeasedSlice, error: unknown): Outcome {
  if (error instanceof ShapeError) return { kind: "transient", reason: error.message }
  const name = error instanceof Error ? error.name : typeof error
  ports.log("connector_failed", {
    connector: connector.name,
    stream: task.stream,
    error: name,
    at: framesOf(error, FRAMES_LOGGED),
  })
  return {
    kind: "fault",
    reason: `${connector.title} could not be read, because of a mistake on our side (${task.stream}, ${name}). We have been told.`,
  }
}
