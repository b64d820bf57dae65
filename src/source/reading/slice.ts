/** Slices: the unit of work of a run or pass, one stream over one bounded window; and the floors they are measured from. */
import type { Stream } from "../../connectors/kit/define.ts"
import { assign } from "../../lib/assign.ts"
import { HOUR_MS } from "../../lib/time.ts"
import { partnerNow } from "../clocks/partnertime.ts"
import type { Feeds } from "../dedupe/admit.ts"
import type { LiveStream, Slice } from "../state/reading.ts"
import type { State } from "../state/state.ts"
import type { Turn } from "../turn.ts"

/** Failures so far apart are of two days: runs may come once a day, and a little early. */
const STUCK_DAY_MS = 20 * HOUR_MS

export type AnyStream = Stream<unknown>

export function streamsOf(turn: Turn, mode: AnyStream["mode"]): AnyStream[] {
  return turn.connector.streams.filter((stream) => stream.mode === mode)
}

/** The collections the user chose, of those the stream feeds. */
export function chosen(state: State, stream: AnyStream): string[] {
  const names = new Set(state.configuration.collections.map((choice) => choice.name))
  return stream.collections.filter((name) => names.has(name))
}

export function lookbackMs(turn: Turn, stream: string): number {
  return 1000 * (turn.connector.streams.find((one) => one.name === stream)?.lookbackSeconds ?? 0)
}

export type Order = NonNullable<AnyStream["order"]>

export function orderOf({ connector }: Pick<Turn, "connector">, stream: string): Order {
  const declared = connector.streams.find((one) => one.name === stream)
  return declared?.scroll ? "none" : (declared?.order ?? "newest")
}

export function isOldestFirst(turn: Pick<Turn, "connector">, stream: string): boolean {
  return orderOf(turn, stream) === "oldest"
}

/** Below a stream's floor everything has been read. An open window's own lower bound is the floor it was opened with. */
export function floorOf(turn: Turn, stream: string, live: LiveStream): number {
  return live.slice?.bottom ?? live.cursor - lookbackMs(turn, stream)
}

/** Below it every fact has been read: the floor, or that of the window before where records may have moved out of that one. */
function factsFloorOf(turn: Turn, stream: string, live: LiveStream): number {
  return Math.min(floorOf(turn, stream, live), live.movedFrom ?? Number.POSITIVE_INFINITY)
}

/** The lowest live floor of facts in use. A stream that feeds nothing the user chose stands still, and must not hold back the others. */
export function lowestFloor(turn: Turn): number {
  return Math.min(...floorsOf(turn, (stream) => isInUse(turn, stream), factsFloorOf))
}

/**
 * The live streams that may show a collection's items again, by name, and the floor below which all of them have been read.
 * Undefined where that is every live stream in use: so it is with one stream only, and with the joining of ids.
 */
export function feedsOf(turn: Turn, collection: string): Feeds | undefined {
  const inUse = streamsOf(turn, "live").filter((stream) => isInUse(turn, stream))
  const feeds = inUse.filter((stream) => stream.collections.includes(collection))
  if (feeds.length === 0 || feeds.length === inUse.length) return undefined
  return { names: feeds.map(({ name }) => name).join("+"), floor: floorOfFeeds(turn, feeds) }
}

/** The floors by names of streams, as `seen` keeps them. A stream that is in use no more holds nothing back. */
export function floorsByFeeds(turn: Turn): Map<string, number> {
  const feeds = turn.connector.collections.flatMap(({ name }) => feedsOf(turn, name) ?? [])
  return new Map(feeds.map(({ names, floor }) => [names, floor]))
}

function floorOfFeeds(turn: Turn, feeds: readonly AnyStream[]): number {
  return Math.min(
    ...feeds.map(({ name }) => {
      const live = turn.state.live[name]
      return live ? factsFloorOf(turn, name, live) : Number.POSITIVE_INFINITY
    }),
  )
}

function isInUse(turn: Turn, stream: AnyStream): boolean {
  const live = turn.state.live[stream.name]
  return live !== undefined && (live.slice !== null || chosen(turn.state, stream).length > 0)
}

/** The floors of the streams that feed a collection: below the lowest all of it has been read, above the highest all of it will be. */
export function feedFloors(turn: Turn, collection: string): { lowest: number; highest: number } {
  const isMeant = (stream: AnyStream) => stream.collections.includes(collection)
  return {
    lowest: Math.min(...floorsOf(turn, isMeant, factsFloorOf)),
    highest: Math.max(...floorsOf(turn, isMeant, floorOf)),
  }
}

function floorsOf(turn: Turn, isMeant: (stream: AnyStream) => boolean, floor: typeof floorOf): number[] {
  const floors = streamsOf(turn, "live").flatMap((stream) => {
    const live = turn.state.live[stream.name]
    return live && isMeant(stream) ? [floor(turn, stream.name, live)] : []
  })
  // Nothing is read live: the lists are all there is.
  return floors.length > 0 ? floors : [partnerNow(turn)]
}

export function blankSlice(turn: Turn, stream: AnyStream, id: string): Slice {
  return {
    id,
    stream: stream.name,
    lane: stream.mode,
    collections: chosen(turn.state, stream),
    range: null,
    window: { from: null, to: null },
    top: null,
    bottom: null,
    no: ++turn.state.windows,
    bound: null,
    token: null,
    digest: null,
    mayHaveMoved: false,
    page: 0,
    pageSize: stream.pageSize,
    edge: null,
    records: 0,
    attempts: 0,
    lapses: 0,
    notBefore: 0,
    waiting: null,
    lease: null,
    state: "reading",
    asideAt: null,
    stuck: null,
  }
}

/** The window a slice is for, and what is left of it to read. */
export function setWindow(slice: Slice, window: Slice["window"]): void {
  assign(slice, { window, top: window.to, bottom: window.from })
}

/** Before a scroll is gone on with: where its token may stand behind a page that never came to a checkpoint, it begins anew. */
export function catchUp(turn: Turn, slice: Slice): void {
  if (slice.mayHaveMoved && slice.token !== null) {
    assign(slice, { token: null, digest: null, page: slice.page + 1 })
    slice.window = { from: slice.bottom, to: slice.top }
  }
  slice.mayHaveMoved = isScroll(turn, slice.stream)
}

export function isScroll({ connector }: Pick<Turn, "connector">, stream: string): boolean {
  return connector.streams.find((one) => one.name === stream)?.scroll === true
}

/** Suspended because the user does not want it now. A consumer that still reads it learns so with its next page. */
export function setAside(turn: Turn, slice: Slice, state: "denied" | "failed" | "off"): void {
  assign(slice, { state, lease: null, asideAt: slice.asideAt ?? partnerNow(turn) })
}

/** Suspended because it cannot be read now. What is tried again in vain counts from the first time. */
export function setStuck(turn: Turn, slice: Slice, state: "denied" | "failed", reason: string): void {
  const { since = partnerNow(turn), days = 0, dayAt = Number.NEGATIVE_INFINITY } = slice.stuck ?? {}
  setAside(turn, slice, state)
  const isNextDay = turn.now - dayAt >= STUCK_DAY_MS
  slice.stuck = { since, reason, days: isNextDay ? days + 1 : days, dayAt: isNextDay ? turn.now : dayAt }
}

/** Takes up work again: what was read stays, what was counted against it does not. */
export function resume(slice: Slice): void {
  assign(slice, { state: "reading", attempts: 0, lapses: 0, notBefore: 0, waiting: null })
}
