/**
 * A row of `seen`: entries of 38 bytes one after the other, in memory as on disk, so that reading 500,000 of them back costs hardly more
 * than reading the rows. Entries are added at the end and never changed.
 */
import { hashFromHalves, highHalf, lowHalf } from "../../lib/hash.ts"

/**
 * `backfill`: facts that only a backfill can read, needed while that backfill may read them again. `live`: everything else, needed until the
 * live watermark has also moved past it.
 */
export type SeenClass = "backfill" | "live"
const CLASSES = ["backfill", "live"] as const

/** What read it: decides which of two states of the same time is the newer. */
export type ReadBy = "backfill" | "webhook" | "live"
const READ_BY = ["backfill", "webhook", "live"] as const

export interface SeenEntry {
  version: number
  /** Hash of what was sent; facts need none. */
  content: string
  /** Partner time, ms: pruned once every watermark in use is above it. */
  announcedAt: number
  /** Number of the window that read it last. */
  window: number
  by: ReadBy
  /** Names of the live streams that may show it again, joined with `+`. Left out: all of them. */
  feeds?: string
}

/** What may be read again, and so must be known again. */
export interface Needed {
  /** Live reading goes back to here. */
  watermark: number
  /** By the names of the streams, where some of them do not go back so far. */
  watermarks?: ReadonlyMap<string, number>
  /** By window: a backfill that goes back to its edge reads pages again that were asked for since. */
  edges: ReadonlyMap<number, number>
  /** Places that a reading to come overlaps. */
  overlaps: readonly { from: number; to: number }[]
  /** Facts that are forgotten may come again all the same: roughly which they were is kept. */
  mayComeLate?: boolean
}

const FORMAT = 1
/** Format, class, and the length of the names of its streams, which follow: a stream that stands still keeps the rows of its own collections only. */
const SEEN_HEAD = { format: 0, kind: 1, feeds: 2, end: 4 }
export const SEEN_ENTRY_BYTES = 37
/** Bytes of an entry at which its parts begin. */
const AT = { high: 0, low: 4, version: 8, place: 16, contentHigh: 24, contentLow: 28, window: 32, by: 36 }
/** The platform takes rows of 2 MB; a row is written anew with every page that adds to it. */
export const SEEN_ROW_BYTES_MAX = 500_000
/** Leaves room for the names of the streams. */
export const ROW_ENTRIES_MAX = Math.floor((SEEN_ROW_BYTES_MAX - 10_000) / SEEN_ENTRY_BYTES)
const ENTRIES_LEAST = 32

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export class SeenRow {
  readonly id: number
  readonly kind: SeenClass
  /** As in the entries: alike in all of a row. */
  readonly feeds: string | undefined
  readonly #start: number
  #view: DataView
  #count: number
  /** Windows that read entries again, in memory only. */
  #touched: Uint32Array | null = null
  /** The lowest and the highest place: most often they tell whether the row is needed. */
  #least = Number.POSITIVE_INFINITY
  #most = Number.NEGATIVE_INFINITY

  private constructor(id: number, view: DataView) {
    const format = view.getUint8(SEEN_HEAD.format)
    if (format !== FORMAT) throw new Error(`row ${id} of seen has format ${format}, this code knows ${FORMAT}`)
    const length = view.getUint16(SEEN_HEAD.feeds)
    this.id = id
    this.kind = CLASSES[view.getUint8(SEEN_HEAD.kind)] ?? "live"
    this.feeds = length === 0 ? undefined : decoder.decode(new Uint8Array(view.buffer, SEEN_HEAD.end, length))
    this.#start = SEEN_HEAD.end + length
    this.#view = view
    this.#count = Math.floor((view.byteLength - this.#start) / SEEN_ENTRY_BYTES)
    for (let at = 0; at < this.#count; at++) this.#note(this.#placeOf(at))
  }

  static read(id: number, body: ArrayBuffer): SeenRow {
    return new SeenRow(id, new DataView(body))
  }

  static empty(id: number, kind: SeenClass, feeds = ""): SeenRow {
    const names = encoder.encode(feeds)
    const view = new DataView(new ArrayBuffer(SEEN_HEAD.end + names.length))
    view.setUint8(SEEN_HEAD.format, FORMAT)
    view.setUint8(SEEN_HEAD.kind, CLASSES.indexOf(kind))
    view.setUint16(SEEN_HEAD.feeds, names.length)
    new Uint8Array(view.buffer).set(names, SEEN_HEAD.end)
    return new SeenRow(id, view)
  }

  /** As it is stored. */
  body(): ArrayBuffer {
    return this.#view.buffer.slice(0, this.#at(this.#count)) as ArrayBuffer
  }

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#view.byteLength + (this.#touched?.byteLength ?? 0)
  }

  get isFull(): boolean {
    return this.#count >= ROW_ENTRIES_MAX
  }

  add(hash: string, { version, content, announcedAt, window, by }: SeenEntry): number {
    this.#makeRoom()
    const view = this.#view
    const start = this.#at(this.#count)
    view.setUint32(start + AT.high, highHalf(hash))
    view.setUint32(start + AT.low, lowHalf(hash))
    view.setFloat64(start + AT.version, version)
    view.setFloat64(start + AT.place, announcedAt)
    view.setUint32(start + AT.contentHigh, content === "" ? 0 : highHalf(content))
    view.setUint32(start + AT.contentLow, content === "" ? 0 : lowHalf(content))
    view.setUint32(start + AT.window, window)
    view.setUint8(start + AT.by, READ_BY.indexOf(by))
    this.#note(announcedAt)
    return this.#count++
  }

  highOf(at: number): number {
    return this.#view.getUint32(this.#at(at) + AT.high)
  }

  lowOf(at: number): number {
    return this.#view.getUint32(this.#at(at) + AT.low)
  }

  entry(at: number): SeenEntry {
    const view = this.#view
    const start = this.#at(at)
    const [high, low] = [view.getUint32(start + AT.contentHigh), view.getUint32(start + AT.contentLow)]
    return {
      version: view.getFloat64(start + AT.version),
      content: high === 0 && low === 0 ? "" : hashFromHalves(high, low),
      announcedAt: this.#placeOf(at),
      window: this.#touched?.[at] || view.getUint32(start + AT.window),
      by: READ_BY[view.getUint8(start + AT.by)] ?? "backfill",
      ...(this.feeds !== undefined && { feeds: this.feeds }),
    }
  }

  /** Kept apart from the stored window: which rows are forgotten must not depend on what is in memory only. */
  touch(at: number, window: number): void {
    const capacity = Math.floor((this.#view.byteLength - this.#start) / SEEN_ENTRY_BYTES)
    if (this.#touched === null || this.#touched.length < capacity) {
      const touched = new Uint32Array(capacity)
      if (this.#touched) touched.set(this.#touched)
      this.#touched = touched
    }
    this.#touched[at] = window
  }

  isFact(at: number): boolean {
    const start = this.#at(at)
    return this.#view.getUint32(start + AT.contentHigh) === 0 && this.#view.getUint32(start + AT.contentLow) === 0
  }

  factsAbove(place: number): [hash: string, place: number][] {
    if (this.#most <= place) return []
    const all = Array.from({ length: this.#count }, (_, at) => at)
    const meant = all.filter((at) => this.#placeOf(at) > place && this.isFact(at))
    return meant.map((at) => [hashFromHalves(this.highOf(at), this.lowOf(at)), this.#placeOf(at)])
  }

  isNeeded({ watermark, watermarks, edges, overlaps }: Needed): boolean {
    if (this.kind === "live" && this.#most >= (watermarks?.get(this.feeds ?? "") ?? watermark)) return true
    const edge = Math.min(...edges.values())
    const mayOverlap = overlaps.some(({ from, to }) => from <= this.#most && to >= this.#least)
    if (this.#most < edge && !mayOverlap) return false
    // From the end, where the newest are.
    for (let at = this.#count - 1; at >= 0; at--) {
      const place = this.#placeOf(at)
      const since = edges.get(this.#view.getUint32(this.#at(at) + AT.window))
      if (since !== undefined && place >= since) return true
      if (mayOverlap && overlaps.some(({ from, to }) => place >= from && place <= to)) return true
    }
    return false
  }

  /** Gives back the room that no entry will take. */
  trim(): void {
    this.#view = new DataView(this.body())
  }

  #placeOf(at: number): number {
    return this.#view.getFloat64(this.#at(at) + AT.place)
  }

  /** The byte at which an entry begins. */
  #at(at: number): number {
    return this.#start + at * SEEN_ENTRY_BYTES
  }

  #note(place: number): void {
    this.#least = Math.min(this.#least, place)
    this.#most = Math.max(this.#most, place)
  }

  #makeRoom(): void {
    const needed = this.#at(this.#count + 1)
    if (needed <= this.#view.byteLength) return
    const entries = Math.min(Math.max(2 * this.#count, ENTRIES_LEAST), ROW_ENTRIES_MAX)
    const bytes = new Uint8Array(Math.max(needed, this.#at(entries)))
    bytes.set(new Uint8Array(this.#view.buffer))
    this.#view = new DataView(bytes.buffer)
  }
}
