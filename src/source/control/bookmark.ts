/**
 * Where reading of a source stopped: what a deleted source hands out, so that one made for the same account and destination can go on
 * from there instead of sending everything again. Times, names of collections and hashes of keys; nothing of any person.
 *
 * What was read but not delivered when the source was deleted is gone with it. A bookmark therefore stands below it: live reading goes
 * back to the first such item, and of a collection whose history had not all arrived, the history is read again. What live reading
 * had taken for a pass, since its key was open, is open again.
 */
import { ALIAS, type Item } from "../../connectors/kit/item.ts"
import { assign } from "../../lib/assign.ts"
import { keyHash } from "../dedupe/keys.ts"
import type { Bookmark, KeptPass } from "../protocol/bookmark.ts"
import { leftOf } from "../reading/failure.ts"
import { blankSlice, orderOf, streamsOf } from "../reading/slice.ts"
import { startLive } from "../runs/plan.ts"
import type { Pass, Slice } from "../state/reading.ts"
import type { Run } from "../state/state.ts"
import { STATE_SCHEMA } from "../state/stored.ts"
import type { Turn } from "../turn.ts"
import { beginLive, reconfigure } from "./control.ts"

/** Open keys kept, the newest: some 20 bytes each in a row of the database that may hold 2 MB. */
export const BOOKMARK_OPEN_MAX = 20_000
/** Outbox rows looked at together: at most 1 MB each. */
const ROWS_TOGETHER = 8

// ------------------------------------------------------------------------------------------------------- handing out

/** Null: nothing was ever sent, so that a source made anew repeats nothing. */
export function bookmarkOf(turn: Turn): Bookmark | null {
  const { state } = turn
  if (Object.values(state.counts).every(({ taken }) => taken === 0)) return null
  const unsent = unsentOf(turn)
  const history = (name: string) => unsent.history.has(name)
  const { collections, startDate } = state.configuration
  return {
    schema: STATE_SCHEMA,
    collections: collections.map(({ name }) => name),
    startDate,
    live: Object.fromEntries(streamsOf(turn, "live").flatMap((stream) => liveEntry(turn, stream, unsent))),
    // Gaps above it are history too: they are read with the rest.
    liveFrom: mapOf(state.liveFrom, (from, name) =>
      history(name) ? Math.max(from, ...(state.passSpans[name] ?? []).map(({ to }) => to)) : from,
    ),
    passSpans: Object.fromEntries(Object.entries(state.passSpans).filter(([name]) => !history(name))),
    // What is read again from its start date on need not be read for the time that it was off.
    offAt: Object.fromEntries(Object.entries(state.offAt).filter(([name]) => !history(name))),
    covered: Object.fromEntries(Object.entries(state.covered).filter(([key]) => !history(collectionOf(key)))),
    passes: state.passes.flatMap((pass) => keptPass(turn, pass, history)),
    open: newest([...turn.open.entries(), ...unsent.open]),
    clock: { skewMs: state.clock.skewMs, believedAt: state.clock.believedAt },
  }
}

interface Unsent {
  /** Lowest places and times of items that live reading had brought, by collection. */
  live: Map<string, { place: number; time: number }>
  /** Collections of which a pass had brought items. */
  history: Set<string>
  /** Facts that live reading had brought although their times are a pass's. */
  open: Map<string, number>
}

/** What waited in the outbox. An item whose run is not known any more may be of either kind. */
function unsentOf(turn: Turn): Unsent {
  const unsent: Unsent = { live: new Map(), history: new Set(), open: new Map() }
  const rows = turn.outbox.rows()
  const runs = kindsOf(turn)
  for (let start = 0; start < rows.length; start += ROWS_TOGETHER) {
    const some = rows.slice(start, start + ROWS_TOGETHER)
    const kinds = new Map(some.map(({ id, run }) => [id, runs.get(run)]))
    for (const { id, body } of turn.stored.outboxItems(some.map((row) => row.id))) {
      const kind = kinds.get(id)
      for (const item of JSON.parse(body) as Item[]) {
        if (kind !== "live") unsent.history.add(item.collection)
        if (kind !== "live" && kind !== undefined) continue
        noteLowest(unsent.live, item)
        if (isOfPasses(turn, item)) unsent.open.set(keyHash(item.collection, item.key), item.time)
      }
    }
  }
  // Joins of two ids come with whichever record tells them: with people most of all.
  if (unsent.history.has(ALIAS))
    for (const { name, kind } of turn.connector.collections) if (kind === "object") unsent.history.add(name)
  return unsent
}

/** By run, those too that ended before their items were delivered. */
function kindsOf({ state, stored }: Turn): Map<string, Run["kind"]> {
  const ended = stored.runs().map(({ body }) => JSON.parse(body) as Run)
  const known = [...ended, ...state.others, ...(state.run ? [state.run] : [])]
  return new Map(known.map(({ id, kind }) => [id, kind]))
}

/** Live reading takes such a fact only where its key is open. */
function isOfPasses({ state }: Turn, { kind, collection, time }: Item): boolean {
  if (kind !== "event" || collection === ALIAS) return false
  const isBetween = state.passSpans[collection]?.some(({ from, to }) => time >= from && time < to)
  return isBetween || time < (state.liveFrom[collection] ?? 0)
}

function noteLowest(live: Unsent["live"], { collection, place, time }: Item): void {
  const known = live.get(collection) ?? { place, time }
  live.set(collection, { place: Math.min(known.place, place), time: Math.min(known.time, time) })
}

/** A window under way is read again from its beginning; the cursor goes back to the first item that was not delivered. */
function liveEntry(turn: Turn, stream: ReturnType<typeof streamsOf>[number], unsent: Unsent) {
  const live = turn.state.live[stream.name]
  if (!live) return []
  const waiting = [...stream.collections, ALIAS].flatMap((name) => unsent.live.get(name) ?? [])
  // Where records stand by their last change, a fact's place may lie above that of its record, its time never does.
  const lowest = waiting.map(({ place, time }) => (stream.sortedByUpdate ? Math.min(place, time) : place))
  const { cursor, perHour, movedFrom = null } = live
  return [[stream.name, { cursor: Math.min(cursor, ...lowest), perHour, movedFrom }] as const]
}

function keptPass(
  turn: Turn,
  { kind, trigger, overlap, slices }: Pass,
  history: (name: string) => boolean,
): KeptPass[] {
  const kept = slices.flatMap((slice) => {
    const collections = slice.collections.filter((name) => !history(name))
    if (slice.state === "read" || collections.length === 0) return []
    const { stream, range, top, bottom } = slice
    // From where it stood, the boundary itself included.
    const window = slice.edge ? leftOf(slice, slice.edge.time, orderOf(turn, stream)) : slice.window
    return [{ stream, collections, range, window, top, bottom, off: slice.state === "off" }]
  })
  return kept.length > 0 ? [{ kind, trigger, overlap, slices: kept }] : []
}

function newest(entries: readonly [hash: string, time: number][]): [hash: string, time: number][] {
  if (entries.length <= BOOKMARK_OPEN_MAX) return [...entries]
  return [...entries].sort(([, one], [, other]) => other - one).slice(0, BOOKMARK_OPEN_MAX)
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
export function goOn(turn: Turn, bookmark: Bookmark): void {
  const { state } = turn
  const next = state.configuration
  beginLive(turn)
  for (const stream of streamsOf(turn, "live")) {
    const kept = bookmark.live[stream.name]
    if (kept) state.live[stream.name] = { ...kept, slice: null, completed: [] }
  }
  const known = (name: string) => turn.connector.collections.some((one) => one.name === name)
  const { liveFrom, passSpans, offAt, covered, clock } = bookmark
  // A partner's clock that was ahead then and is right now comes back as it does for a source that rested (doubt.ts).
  assign(state, { liveFrom, passSpans, offAt, covered, clock: { ...state.clock, ...clock } })
  for (const [hash, time] of bookmark.open) turn.open.add(hash, time)
  const collections = bookmark.collections.filter(known).map((name) => ({ name, fields: {} }))
  // One version before, so that the configuration of now is a newer one.
  state.configuration = { ...next, version: next.version - 1, startDate: bookmark.startDate, collections }
  for (const pass of bookmark.passes) restorePass(turn, pass)
  reconfigure(turn, next)
  if (next.active) startLive(turn, "schedule")
}

function restorePass(turn: Turn, { slices: kept, ...pass }: KeptPass): void {
  const id = `p${++turn.state.ids.pass}`
  const slices = kept.flatMap(({ off, ...part }, index) => {
    const stream = streamsOf(turn, "backfill").find(({ name }) => name === part.stream)
    if (!stream) return []
    const slice: Slice = { ...blankSlice(turn, stream, `${id}:${stream.name}.${index}`), ...part }
    return [off ? { ...slice, state: "off" as const } : slice]
  })
  if (slices.length > 0) turn.state.passes.push({ ...pass, id, slices, run: null })
}
