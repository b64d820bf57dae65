/**
 * Where reading of a source stopped: what a deleted source hands out, so that one made for the same account and destination can go on
 * from there instead of sending everything again. Times, names of collections and hashes of keys; nothing of any person.
 *
 * What was read but not delivered when the source was deleted is gone with it. So a bookmark points to before the first undelivered item: live reading
 * goes back to it, and of a collection whose history had not all arrived, the history is read again. What live reading
 * had accepted for a backfill, since its key was pending, is pending again. What the feed, or a list after a gap, may show long after it was delivered (a
 * checkout that is still going on) is known by its key.
 */
import { ALIAS } from "../../connectors/kit/item.ts"
import { assign } from "../../lib/assign.ts"
import { lastBelieved } from "../clocks/partner-time.ts"
import { keyHash } from "../dedupe/hashes.ts"
import { storedItems } from "../delivery/stored-items.ts"
import type { Bookmark, KeptBackfill } from "../protocol/bookmark.ts"
import type { OutboxItem } from "../protocol/encoded-item.ts"
import { leftOf } from "../reading/settlement.ts"
import { blankSlice, orderOf, streamsOf } from "../reading/slice.ts"
import { startLive } from "../runs/plan.ts"
import { renamedBookmark } from "../state/renamed.ts"
import type { Backfill, Slice } from "../state/slices.ts"
import type { Run } from "../state/state.ts"
import { STATE_SCHEMA } from "../state/stored.ts"
import type { Transaction } from "../transaction.ts"
import { beginLive, reconfigure } from "./commands.ts"

/** Keys kept of each sort, the newest: some 20 bytes each in a row of the database that may hold 2 MB. */
export const BOOKMARK_KEYS_MAX = 20_000
/** Outbox rows looked at together: at most 1 MB each. */
const ROWS_TOGETHER = 8

// ------------------------------------------------------------------------------------------------------- handing out

/** Null: nothing was ever sent, so that a source made anew repeats nothing. */
export function bookmarkOf(tx: Transaction): Bookmark | null {
  const { state } = tx
  if (Object.values(state.counts).every(({ accepted }) => accepted === 0)) return null
  const unsent = unsentOf(tx)
  const history = (name: string) => unsent.history.has(name)
  const { collections, startDate } = state.configuration
  return {
    schema: STATE_SCHEMA,
    collections: collections.map(({ name }) => name),
    startDate,
    live: Object.fromEntries(streamsOf(tx, "live").flatMap((stream) => liveEntry(tx, stream, unsent))),
    // Gaps above it are history too: they are read with the rest.
    liveFrom: mapOf(state.liveFrom, (from, name) =>
      history(name) ? Math.max(from, ...(state.backfillSpans[name] ?? []).map(({ to }) => to)) : from,
    ),
    backfillSpans: Object.fromEntries(Object.entries(state.backfillSpans).filter(([name]) => !history(name))),
    // What is read again from its start date on need not be read for the time that it was off.
    offAt: Object.fromEntries(Object.entries(state.offAt).filter(([name]) => !history(name))),
    covered: Object.fromEntries(Object.entries(state.covered).filter(([key]) => !history(collectionOf(key)))),
    backfills: state.backfills.flatMap((backfill) => keptBackfill(tx, backfill, history)),
    pending: newest([...tx.pending.entries(), ...unsent.pending]),
    delivered: newest(tx.seen.factsAbove(lastBelieved(tx)).filter(([hash]) => !unsent.facts.has(hash))),
    clock: { skewMs: state.clock.skewMs, believedAt: state.clock.believedAt },
  }
}

interface Unsent {
  /** Lowest places and times of items that live reading had brought, by collection. */
  live: Map<string, { announcedAt: number; time: number }>
  /** Collections of which a backfill had brought items. */
  history: Set<string>
  /** Facts that live reading had brought although their times are a backfill's. */
  pending: Map<string, number>
  /** Hashes of the keys of all facts. */
  facts: Set<string>
}

/** What waited in the outbox. An item whose run is not known any more may be of either kind. */
function unsentOf(tx: Transaction): Unsent {
  const unsent: Unsent = { live: new Map(), history: new Set(), pending: new Map(), facts: new Set() }
  const rows = tx.outbox.rows()
  const runs = kindsOf(tx)
  for (let start = 0; start < rows.length; start += ROWS_TOGETHER) {
    const some = rows.slice(start, start + ROWS_TOGETHER)
    const kinds = new Map(some.map(({ id, run }) => [id, runs.get(run)]))
    for (const { id, body } of tx.stored.outboxItems(some.map((row) => row.id))) {
      const kind = kinds.get(id)
      for (const item of storedItems(tx, body)) {
        if (item.kind === "event") unsent.facts.add(keyHash(item.collection, item.key))
        if (kind !== "live") unsent.history.add(item.collection)
        if (kind !== "live" && kind !== undefined) continue
        noteLowest(unsent.live, item)
        if (isOfBackfills(tx, item)) unsent.pending.set(keyHash(item.collection, item.key), item.time)
      }
    }
  }
  // Joins of two ids come with whichever record tells them: with people most of all.
  if (unsent.history.has(ALIAS))
    for (const { name, kind } of tx.connector.collections) if (kind === "object") unsent.history.add(name)
  return unsent
}

/** By run, those too that ended before their items were delivered. */
function kindsOf({ state, stored }: Transaction): Map<string, Run["kind"]> {
  const ended = stored.runs().map(({ body }) => JSON.parse(body) as Run)
  const known = [...ended, ...state.others, ...(state.run ? [state.run] : [])]
  return new Map(known.map(({ id, kind }) => [id, kind]))
}

/** Live reading takes such a fact only where its key is open. */
function isOfBackfills({ state }: Transaction, { kind, collection, time }: OutboxItem): boolean {
  if (kind !== "event" || collection === ALIAS) return false
  const isBetween = state.backfillSpans[collection]?.some(({ from, to }) => time >= from && time < to)
  return isBetween || time < (state.liveFrom[collection] ?? 0)
}

function noteLowest(live: Unsent["live"], { collection, announcedAt, time }: OutboxItem): void {
  const known = live.get(collection) ?? { announcedAt, time }
  live.set(collection, { announcedAt: Math.min(known.announcedAt, announcedAt), time: Math.min(known.time, time) })
}

/** A window under way is read again from its beginning; the cursor goes back to the first item that was not delivered. */
function liveEntry(tx: Transaction, stream: ReturnType<typeof streamsOf>[number], unsent: Unsent) {
  const live = tx.state.live[stream.name]
  if (!live) return []
  const waiting = [...stream.collections, ALIAS].flatMap((name) => unsent.live.get(name) ?? [])
  // Where records stand by their last change, a fact may be announced later than its record, but never before its own time.
  const lowest = waiting.map(({ announcedAt, time }) =>
    stream.sortedByUpdate ? Math.min(announcedAt, time) : announcedAt,
  )
  const { cursor, perHour, movedFrom = null } = live
  return [[stream.name, { cursor: Math.min(cursor, ...lowest), perHour, movedFrom }] as const]
}

function keptBackfill(
  tx: Transaction,
  { kind, trigger, overlap, slices }: Backfill,
  history: (name: string) => boolean,
): KeptBackfill[] {
  const kept = slices.flatMap((slice) => {
    const collections = slice.collections.filter((name) => !history(name))
    if (slice.state === "read" || collections.length === 0) return []
    const { stream, range, top, bottom, isPart } = slice
    // From where it stood, the boundary itself included.
    const window = slice.edge ? leftOf(slice, slice.edge.time, orderOf(tx, stream)) : slice.window
    return [{ stream, collections, range, window, top, bottom, isPart, off: slice.state === "off" }]
  })
  return kept.length > 0 ? [{ kind, trigger, overlap, slices: kept }] : []
}

function newest(entries: readonly [hash: string, time: number][]): [hash: string, time: number][] {
  if (entries.length <= BOOKMARK_KEYS_MAX) return [...entries]
  return [...entries].sort(([, one], [, other]) => other - one).slice(0, BOOKMARK_KEYS_MAX)
}

const collectionOf = (key: string) => key.slice(key.indexOf("|") + 1)

function mapOf<T, R>(record: Record<string, T>, change: (value: T, name: string) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]))
}

// ----------------------------------------------------------------------------------------------------------- going on

/**
 * A fresh source takes up where the former one stopped, as if it had only rested: what was chosen then becomes what is chosen now by
 * the same steps as a change of settings.
 */
export function goOn(tx: Transaction, kept: Bookmark): void {
  const { state } = tx
  const bookmark = renamedBookmark(kept)
  const next = state.configuration
  beginLive(tx)
  for (const stream of streamsOf(tx, "live")) {
    const live = bookmark.live[stream.name]
    if (live) state.live[stream.name] = { ...live, slice: null, completed: [] }
  }
  const known = (name: string) => name === ALIAS || tx.connector.collections.some((one) => one.name === name)
  const { liveFrom, backfillSpans, offAt, covered, clock } = bookmark
  // A partner's clock that was ahead then and is right now comes back as it does for a source that rested (answer-date.ts).
  assign(state, { liveFrom, backfillSpans, offAt, covered, clock: { ...state.clock, ...clock } })
  for (const [hash, time] of bookmark.pending) tx.pending.add(hash, time)
  const told = { version: 0, content: "", window: 0, by: "live" as const }
  for (const [hash, announcedAt] of bookmark.delivered ?? []) tx.seen.put(hash, "live", { ...told, announcedAt })
  const collections = bookmark.collections.filter(known).map((name) => ({ name, fields: {} }))
  // One version before: `reconfigure` heeds only a higher one.
  state.configuration = { ...next, version: next.version - 1, startDate: bookmark.startDate, collections }
  for (const backfill of bookmark.backfills) restoreBackfill(tx, backfill)
  reconfigure(tx, next)
  if (next.active) startLive(tx, "schedule")
}

function restoreBackfill(tx: Transaction, { slices: kept, ...backfill }: KeptBackfill): void {
  const id = `p${++tx.state.ids.backfill}`
  const slices = kept.flatMap(({ off, ...part }, index) => {
    const stream = streamsOf(tx, "backfill").find(({ name }) => name === part.stream)
    if (!stream) return []
    const slice: Slice = { ...blankSlice(tx, stream, `${id}:${stream.name}.${index}`), ...part }
    return [off ? { ...slice, state: "off" as const } : slice]
  })
  if (slices.length > 0) tx.state.backfills.push({ ...backfill, id, slices, run: null, share: null, recordsOfParts: 0 })
}
