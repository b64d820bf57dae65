/**
 * Dedupe: the one function every item goes through, inside the commit. It decides whether an item is new, a repeat, older than what was
 * sent, or belongs to another stream or time range.
 */
import { ALIAS } from "../../connectors/kit/item.ts"
import { hash64 } from "../../lib/hash.ts"
import type { EncodedItem } from "../protocol/encoded-item.ts"
import { redated } from "../protocol/track.ts"
import { keyHash } from "./hashes.ts"
import type { ReadBy, SeenClass, SeenEntry } from "./packed-entries.ts"
import type { PendingKeys } from "./pending-keys.ts"
import type { SeenIndex } from "./seen.ts"

export interface Reading {
  by: ReadBy
  /** A backfill that reads again what was sent: its items are dropped only where a newer state is known. */
  isResync: boolean
  /** Number of the window being read. */
  window: number
  /** Backfills and resyncs: the fact times they are for. */
  range: { from: number; to: number } | null
  /** Earlier facts are not wanted. */
  startDate: number
  /** Facts of a collection before this are the backfills'. */
  liveFrom: Record<string, number>
  /** And these spans after it. */
  backfillSpans: Record<string, { from: number; to: number }[]>
  /** Live reading and webhooks: everything announced before this has been read. */
  watermark: number
  /** By collection, where only some of the live streams may show its items again. */
  feeds?: Readonly<Record<string, Feeds | undefined>>
  /** Live reading: facts from here up to the watermark may come late, of records that moved on and on; null: there are none. */
  lateFrom: number | null
  /** The window ends with this page: which window read a key need not be kept. */
  last: boolean
  /** Versions above the limit that these windows noted were dated by a clock that was ahead. */
  tooLate?: { limit: number; window: number } | null
  /** No state of an object is newer than this, partner time; one that says so is dated by `asked`, when the first page was asked for. */
  believable?: number
  asked?: number
  /** The order in which the window is read. Left out: newest first. */
  isOldestFirst?: boolean
}

/** The live streams that may show a collection's items again: their names joined with `+`, and below which time all of them have been read. */
export interface Feeds {
  names: string
  watermark: number
}

export type Verdict = "new" | "pending" | "late" | "elsewhere" | "repeat" | "older" | "read"

const ACCEPTED: ReadonlySet<Verdict> = new Set(["new", "pending", "late"])

export interface Deduped {
  accepted: EncodedItem[]
  /** Repeats, older states and what the watermark covers; facts that belong to another stream or time range do not count. */
  dropped: Record<string, number>
  /** Of the accepted: facts that came below the watermark, and were surely never sent. */
  late: Record<string, number>
}

/** Sorts a page's items into accepted and dropped, in order, and notes in `seen` and `pending` what follows from it. */
export function dedupe(
  items: readonly EncodedItem[],
  reading: Reading,
  seen: SeenIndex,
  pending: PendingKeys,
): Deduped {
  const deduped: Deduped = { accepted: [], dropped: {}, late: {} }
  for (const read of items) {
    const hash = keyHash(read.collection, read.key)
    const isKnown = read.kind === "object" && isShownAgain(read, hash, reading, seen)
    const dated = isAheadOf(reading, read) ? datedBack(read, reading) : read
    const item = asListed(dated, hash, seen)
    const verdict = isKnown
      ? "repeat"
      : item.kind === "object"
        ? dedupeObject(item, hash, reading, seen)
        : dedupeFact(item, hash, reading, seen, pending)
    if (ACCEPTED.has(verdict)) deduped.accepted.push(item)
    else if (verdict !== "elsewhere") addOne(deduped.dropped, item.collection)
    if (verdict === "late") addOne(deduped.late, item.collection)
  }
  return deduped
}

function addOne(sums: Record<string, number>, collection: string): void {
  sums[collection] = (sums[collection] ?? 0) + 1
}

/** What a record that moved out of every window has not told yet. `seen` is kept for less long, so that it must be sure. */
function isLate({ announcedAt }: EncodedItem, hash: string, { lateFrom }: Reading, seen: SeenIndex): boolean {
  return lateFrom !== null && announcedAt >= lateFrom && seen.wasNeverSent(hash, announcedAt)
}

/** An update time in the partner's future would make every later state of the object look old: the page shows it, so it is past. */
function isAheadOf({ believable }: Reading, { kind, version }: EncodedItem): boolean {
  return kind === "object" && believable !== undefined && version > believable
}

/**
 * A state dated ahead stands above every watermark until its time comes, so that each reading shows it again. Only the first says when it
 * may have been: dated by a later one, or at last by its own time, it would be newer than states that came since.
 */
function isShownAgain(item: EncodedItem, hash: string, reading: Reading, seen: SeenIndex): boolean {
  const isAhead = isAheadOf(reading, item)
  if (!isAhead && item.version <= (seen.get(hash)?.version ?? item.version)) return false
  const state = hash64(`ahead\n${hash}\n${item.version}\n${item.content}`)
  const shown = seen.get(state)
  if (shown && (!reading.isResync || shown.window === reading.window)) return true
  if (isAhead) seen.put(state, "live", seenEntry(item, "", reading))
  return false
}

/**
 * A list has told this very state already, dated later, and could not say what had been removed before: that is told with it. The list
 * does not come again, so that it is told once.
 */
function asListed(item: EncodedItem, hash: string, seen: SeenIndex): EncodedItem {
  const before = item.listed === undefined ? undefined : seen.get(hash)
  if (before?.by !== "backfill" || item.version >= before.version || item.listed !== before.content) return item
  return redated(item, before.version, before.version)
}

/** By the window's first page: of several that are dated ahead, the order in which they are read goes on telling the newest. */
function datedBack(item: EncodedItem, { asked = item.version }: Reading): EncodedItem {
  return redated(item, asked, Math.min(item.time, asked))
}

/** A fact goes out once, whatever its version: its key is in `seen`, or its time belongs to another reading. */
function dedupeFact(item: EncodedItem, hash: string, reading: Reading, seen: SeenIndex, pending: PendingKeys): Verdict {
  const before = seen.get(hash)
  if (before && (!reading.isResync || before.window === reading.window)) return "repeat"
  const waited = pending.has(hash)
  if (!waited && !isOurs(item, reading)) return "elsewhere"
  // `seen` forgets below the watermark, so what is announced there counts as read: by a webhook, or by a record that came again.
  const isBelow = reading.range === null && !waited && item.announcedAt < watermarkFor(item, reading)
  if (isBelow && !isLate(item, hash, reading, seen)) return "read"
  seen.put(hash, before ? "live" : classOf(item, reading), seenEntry(item, "", reading))
  pending.remove(hash)
  return waited ? "pending" : isBelow ? "late" : "new"
}

/**
 * Whether a fact of this time is for this reading: live reading and backfills share the time line without a gap or an overlap. But what the
 * feed may first show only later (a checkout that is still going on) was in no list when a backfill read it: it is either's, by its key.
 */
function isOurs(item: EncodedItem, reading: Reading): boolean {
  // Joining two ids of a person is no fact of a time: it goes with whichever record tells it first.
  if (item.collection === ALIAS) return true
  if (reading.range) return item.time >= earliest(item, reading, reading.range.from) && item.time < reading.range.to
  const isOfBackfills = reading.backfillSpans[item.collection]?.some(
    ({ from, to }) => item.time >= from && item.time < to,
  )
  if (isOfBackfills && !isAwaited(item, reading)) return false
  return item.time >= (reading.liveFrom[item.collection] ?? 0)
}

/** What began before a backfill's range, and may still be shown, was perhaps first shown within it. Told by another reading, its key is known. */
function earliest(item: EncodedItem, reading: Reading, from: number): number {
  return !reading.isResync && isAwaited(item, reading) ? Math.min(from, reading.startDate) : from
}

function isAwaited({ announcedAt }: EncodedItem, { believable }: Reading): boolean {
  return believable !== undefined && announcedAt > believable
}

/** An object's state goes out when it is newer than the one sent, or differs at an equal version and was not read before. */
function dedupeObject(item: EncodedItem, hash: string, reading: Reading, seen: SeenIndex): Verdict {
  const before = believed(seen.get(hash), reading)
  if (!before && reading.by === "webhook" && item.announcedAt < watermarkFor(item, reading)) return "read"
  if (before && followsDatedBack(item, before, reading)) return "older"
  const verdict = before ? compareAsShown(item, hash, before, reading, seen) : "new"
  if (verdict === "new" && before) noteShown(item, hash, before, reading, seen)
  if (verdict === "new") seen.put(hash, "live", seenEntry(item, item.content, reading))
  else if (verdict === "repeat" && before) remember(item, hash, before, reading, seen)
  return verdict
}

/** Newest first, what follows in the window is older, though its own date lies between that of the first page and what is believed. */
function followsDatedBack(
  { version }: EncodedItem,
  before: SeenEntry,
  { window, asked, isOldestFirst }: Reading,
): boolean {
  return !isOldestFirst && before.window === window && before.version === asked && version > asked
}

/** What was noted while the partner's clock was ahead is no newer than the end of that time. */
function believed(before: SeenEntry | undefined, { tooLate }: Reading): SeenEntry | undefined {
  if (!before || !tooLate || before.window > tooLate.window) return before
  return { ...before, version: Math.min(before.version, tooLate.limit) }
}

/**
 * Oldest first, the last of several states of one second is the newest. Read again (the lookback, a token refused) they come in turn
 * once more: what an earlier reading has shown must not go out again, and replace a newer one.
 */
function compareAsShown(
  item: EncodedItem,
  hash: string,
  before: SeenEntry,
  reading: Reading,
  seen: SeenIndex,
): Verdict {
  const verdict = compare(item, before, reading)
  if (verdict !== "new" || !reading.isOldestFirst || item.version !== before.version) return verdict
  const shown = seen.get(stateHash(hash, before.version, item.content))
  return shown && shown.window !== reading.window ? "older" : "new"
}

/** The state that a later one of the same second replaces. */
function noteShown(item: EncodedItem, hash: string, before: SeenEntry, reading: Reading, seen: SeenIndex): void {
  if (!reading.isOldestFirst || item.version !== before.version) return
  seen.put(stateHash(hash, before.version, before.content), "live", seenEntry(item, "", reading))
}

function stateHash(hash: string, version: number, content: string): string {
  return hash64(`${hash}\n${version}\n${content}`)
}

function compare(item: EncodedItem, before: SeenEntry, reading: Reading): Verdict {
  if (item.version < before.version) return "older"
  if (item.version === before.version && isSettled(before, reading)) return "older"
  if (reading.isResync && before.window !== reading.window) return "new"
  return item.content === before.content ? "repeat" : "new"
}

/**
 * At equal versions: within one window the first read stays, or the last where it is read oldest first; of two webhooks the later wins,
 * and live reading beats a webhook, which beats a backfill. A backfill's page may show the state before a change of the second it was asked
 * in; if it shows one after it, live reading will tell that too.
 */
function isSettled(before: SeenEntry, reading: Reading): boolean {
  const { by } = reading
  if (reading.isResync || by === before.by) return isFirstKept(by, reading) && before.window === reading.window
  return RANK[by] < RANK[before.by]
}

function isFirstKept(by: ReadBy, { isOldestFirst }: Reading): boolean {
  return by !== "webhook" && !isOldestFirst
}

const RANK: Record<ReadBy, number> = { backfill: 0, webhook: 1, live: 2 }

/**
 * An unchanged state at a newer version must still raise the version kept: else a state between the two would pass as newer. At
 * the same version only the window is noted, so that the other states of this second are dropped.
 */
function remember(item: EncodedItem, hash: string, before: SeenEntry, reading: Reading, seen: SeenIndex): void {
  if (item.version > before.version || !reading.last) seen.put(hash, "live", seenEntry(item, before.content, reading))
  else seen.touch(hash, reading.window)
}

/**
 * What a backfill told is kept as `backfill`, since only backfills can meet it again, but for three kinds, which are kept as `live`:
 * - above the watermark: a collection that is switched off, or a gap, is read again from there by another backfill;
 * - what the feed may still show;
 * - a join of two ids, which goes with whichever record comes first.
 */
function classOf(item: EncodedItem, reading: Reading): SeenClass {
  const { range } = reading
  const isOnlyItsOwn = range !== null && item.time < range.to && item.time < watermarkFor(item, reading)
  return isOnlyItsOwn && !isAwaited(item, reading) && item.collection !== ALIAS ? "backfill" : "live"
}

function seenEntry(item: EncodedItem, content: string, reading: Reading): SeenEntry {
  const { version, announcedAt } = item
  const feeds = reading.feeds?.[item.collection]?.names
  return {
    version,
    content,
    announcedAt: announcedAt,
    window: reading.window,
    by: reading.by,
    ...(feeds !== undefined && { feeds }),
  }
}

function watermarkFor(item: EncodedItem, { feeds, watermark }: Reading): number {
  return feeds?.[item.collection]?.watermark ?? watermark
}
