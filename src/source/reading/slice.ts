/** Slices: the unit of work of a run or backfill, one stream over one bounded window; and the watermarks they are measured from. */
import type { Stream } from "../../connectors/kit/define.ts"
import { assign } from "../../lib/assign.ts"
import { HOUR_MS } from "../../lib/time.ts"
import { partnerNow } from "../clocks/partner-time.ts"
import type { Feeds } from "../dedupe/dedupe.ts"
import type { LiveStream, Slice } from "../state/slices.ts"
import type { State } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"

/** Failures so far apart are of two days: runs may come once a day, and a little early. */
const STUCK_DAY_MS = 20 * HOUR_MS

export type AnyStream = Stream<unknown>

export function streamsOf(tx: Transaction, mode: AnyStream["mode"]): AnyStream[] {
  return tx.connector.streams.filter((stream) => stream.mode === mode)
}

/** The collections the user chose, of those the stream feeds. */
export function chosen(state: State, stream: AnyStream): string[] {
  const names = new Set(state.configuration.collections.map((choice) => choice.name))
  return stream.collections.filter((name) => names.has(name))
}

export function lookbackMs(tx: Transaction, stream: string): number {
  return 1000 * (tx.connector.streams.find((one) => one.name === stream)?.lookbackSeconds ?? 0)
}

export type Order = NonNullable<AnyStream["order"]>

export function orderOf({ connector }: Pick<Transaction, "connector">, stream: string): Order {
  const declared = connector.streams.find((one) => one.name === stream)
  return declared?.scroll ? "none" : (declared?.order ?? "newest")
}

export function isOldestFirst(tx: Pick<Transaction, "connector">, stream: string): boolean {
  return orderOf(tx, stream) === "oldest"
}

/** Below a stream's watermark everything has been read. An open window's own lower bound is the watermark it was opened with. */
export function watermarkOf(tx: Transaction, stream: string, live: LiveStream): number {
  return live.slice?.bottom ?? live.cursor - lookbackMs(tx, stream)
}

/** Below it every fact has been read: the watermark, or that of the window before where records may have moved out of that one. */
function factsWatermarkOf(tx: Transaction, stream: string, live: LiveStream): number {
  return Math.min(watermarkOf(tx, stream, live), live.movedFrom ?? Number.POSITIVE_INFINITY)
}

/** The lowest live watermark of facts in use. A stream that feeds nothing the user chose stands still, and must not hold back the others. */
export function lowestWatermark(tx: Transaction): number {
  return Math.min(...watermarksOf(tx, (stream) => isInUse(tx, stream), factsWatermarkOf))
}

/**
 * The live streams that may show a collection's items again, by name, and the watermark below which all of them have been read.
 * Undefined where that is every live stream in use: so it is with one stream only, and with the joining of ids.
 */
export function feedsOf(tx: Transaction, collection: string): Feeds | undefined {
  const inUse = streamsOf(tx, "live").filter((stream) => isInUse(tx, stream))
  const feeds = inUse.filter((stream) => stream.collections.includes(collection))
  if (feeds.length === 0 || feeds.length === inUse.length) return undefined
  return { names: feeds.map(({ name }) => name).join("+"), watermark: watermarkOfFeeds(tx, feeds) }
}

/** The watermarks by names of streams, as `seen` keeps them. A stream that is in use no more holds nothing back. */
export function watermarksByFeeds(tx: Transaction): Map<string, number> {
  const feeds = tx.connector.collections.flatMap(({ name }) => feedsOf(tx, name) ?? [])
  return new Map(feeds.map(({ names, watermark }) => [names, watermark]))
}

function watermarkOfFeeds(tx: Transaction, feeds: readonly AnyStream[]): number {
  return Math.min(
    ...feeds.map(({ name }) => {
      const live = tx.state.live[name]
      return live ? factsWatermarkOf(tx, name, live) : Number.POSITIVE_INFINITY
    }),
  )
}

function isInUse(tx: Transaction, stream: AnyStream): boolean {
  const live = tx.state.live[stream.name]
  return live !== undefined && (live.slice !== null || chosen(tx.state, stream).length > 0)
}

/** The watermarks of the streams that feed a collection: below the lowest all of it has been read, above the highest all of it will be. */
export function feedWatermarks(tx: Transaction, collection: string): { lowest: number; highest: number } {
  const isMeant = (stream: AnyStream) => stream.collections.includes(collection)
  return {
    lowest: Math.min(...watermarksOf(tx, isMeant, factsWatermarkOf)),
    highest: Math.max(...watermarksOf(tx, isMeant, watermarkOf)),
  }
}

function watermarksOf(
  tx: Transaction,
  isMeant: (stream: AnyStream) => boolean,
  watermark: typeof watermarkOf,
): number[] {
  const watermarks = streamsOf(tx, "live").flatMap((stream) => {
    const live = tx.state.live[stream.name]
    return live && isMeant(stream) ? [watermark(tx, stream.name, live)] : []
  })
  // Nothing is read live: the lists are all there is.
  return watermarks.length > 0 ? watermarks : [partnerNow(tx)]
}

export function blankSlice(tx: Transaction, stream: AnyStream, id: string): Slice {
  return {
    id,
    stream: stream.name,
    lane: stream.mode,
    collections: chosen(tx.state, stream),
    range: null,
    window: { from: null, to: null },
    top: null,
    bottom: null,
    isPart: false,
    no: ++tx.state.windows,
    bound: null,
    pageToken: null,
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
export function catchUp(tx: Transaction, slice: Slice): void {
  if (slice.mayHaveMoved && slice.pageToken !== null) {
    assign(slice, { pageToken: null, digest: null, page: slice.page + 1 })
    slice.window = { from: slice.bottom, to: slice.top }
  }
  slice.mayHaveMoved = isScroll(tx, slice.stream)
}

export function isScroll({ connector }: Pick<Transaction, "connector">, stream: string): boolean {
  return connector.streams.find((one) => one.name === stream)?.scroll === true
}

/** Suspended because the user does not want it now. A consumer that still reads it learns so with its next page. */
export function setAside(tx: Transaction, slice: Slice, state: "denied" | "failed" | "off"): void {
  assign(slice, { state, lease: null, asideAt: slice.asideAt ?? partnerNow(tx) })
}

/** Suspended because it cannot be read now. What is tried again in vain counts from the first time. */
export function setStuck(tx: Transaction, slice: Slice, state: "denied" | "failed", reason: string): void {
  const { since = partnerNow(tx), days = 0, dayAt = Number.NEGATIVE_INFINITY } = slice.stuck ?? {}
  setAside(tx, slice, state)
  const isNextDay = tx.now - dayAt >= STUCK_DAY_MS
  slice.stuck = { since, reason, days: isNextDay ? days + 1 : days, dayAt: isNextDay ? tx.now : dayAt }
}

/** Takes up work again: what was read stays, what was counted against it does not. */
export function resume(slice: Slice): void {
  assign(slice, { state: "reading", attempts: 0, lapses: 0, notBefore: 0, waiting: null })
}
