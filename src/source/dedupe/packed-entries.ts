/** The entries of a row of `seen` as they are stored: 37 bytes each, one after the other, added at the end and never changed. */
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

const FORMAT = 1
/** Format, class, and the length of the names of its streams, which follow: a stream that stands still keeps the rows of its own collections only. */
const SEEN_HEAD = { format: 0, kind: 1, feeds: 2, end: 4 }
export const SEEN_ENTRY_BYTES = 37
/** Bytes of an entry at which its parts begin. */
const AT = { high: 0, low: 4, version: 8, place: 16, contentHigh: 24, contentLow: 28, window: 32, by: 36 }
const ENTRIES_LEAST = 32

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export class PackedEntries {
  readonly kind: SeenClass
  /** As in the entries: alike in all of a row. */
  readonly feeds: string | undefined
  readonly #start: number
  #view: DataView
  #count: number

  private constructor(view: DataView) {
    const format = view.getUint8(SEEN_HEAD.format)
    if (format !== FORMAT) throw new Error(`a row of seen has format ${format}, this code knows ${FORMAT}`)
    const length = view.getUint16(SEEN_HEAD.feeds)
    this.kind = CLASSES[view.getUint8(SEEN_HEAD.kind)] ?? "live"
    this.feeds = length === 0 ? undefined : decoder.decode(new Uint8Array(view.buffer, SEEN_HEAD.end, length))
    this.#start = SEEN_HEAD.end + length
    this.#view = view
    this.#count = Math.floor((view.byteLength - this.#start) / SEEN_ENTRY_BYTES)
  }

  static read(body: ArrayBuffer): PackedEntries {
    return new PackedEntries(new DataView(body))
  }

  static empty(kind: SeenClass, feeds = ""): PackedEntries {
    const names = encoder.encode(feeds)
    const view = new DataView(new ArrayBuffer(SEEN_HEAD.end + names.length))
    view.setUint8(SEEN_HEAD.format, FORMAT)
    view.setUint8(SEEN_HEAD.kind, CLASSES.indexOf(kind))
    view.setUint16(SEEN_HEAD.feeds, names.length)
    new Uint8Array(view.buffer).set(names, SEEN_HEAD.end)
    return new PackedEntries(view)
  }

  /** As it is stored. */
  body(): ArrayBuffer {
    return this.#view.buffer.slice(0, this.#at(this.#count)) as ArrayBuffer
  }

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#view.byteLength
  }

  add(high: number, low: number, { version, content, announcedAt, window, by }: SeenEntry): void {
    this.#makeRoom()
    const view = this.#view
    const start = this.#at(this.#count++)
    view.setUint32(start + AT.high, high)
    view.setUint32(start + AT.low, low)
    view.setFloat64(start + AT.version, version)
    view.setFloat64(start + AT.place, announcedAt)
    view.setUint32(start + AT.contentHigh, content === "" ? 0 : highHalf(content))
    view.setUint32(start + AT.contentLow, content === "" ? 0 : lowHalf(content))
    view.setUint32(start + AT.window, window)
    view.setUint8(start + AT.by, READ_BY.indexOf(by))
  }

  entry(at: number): SeenEntry {
    const view = this.#view
    const start = this.#at(at)
    const [high, low] = [view.getUint32(start + AT.contentHigh), view.getUint32(start + AT.contentLow)]
    return {
      version: view.getFloat64(start + AT.version),
      content: high === 0 && low === 0 ? "" : hashFromHalves(high, low),
      announcedAt: this.placeOf(at),
      window: this.windowOf(at),
      by: READ_BY[view.getUint8(start + AT.by)] ?? "backfill",
      ...(this.feeds !== undefined && { feeds: this.feeds }),
    }
  }

  highOf(at: number): number {
    return this.#view.getUint32(this.#at(at) + AT.high)
  }

  lowOf(at: number): number {
    return this.#view.getUint32(this.#at(at) + AT.low)
  }

  placeOf(at: number): number {
    return this.#view.getFloat64(this.#at(at) + AT.place)
  }

  windowOf(at: number): number {
    return this.#view.getUint32(this.#at(at) + AT.window)
  }

  isFact(at: number): boolean {
    const start = this.#at(at)
    return this.#view.getUint32(start + AT.contentHigh) === 0 && this.#view.getUint32(start + AT.contentLow) === 0
  }

  /** The byte at which an entry begins. */
  #at(at: number): number {
    return this.#start + at * SEEN_ENTRY_BYTES
  }

  #makeRoom(): void {
    const needed = this.#at(this.#count + 1)
    if (needed <= this.#view.byteLength) return
    const bytes = new Uint8Array(Math.max(needed, this.#at(Math.max(2 * this.#count, ENTRIES_LEAST))))
    bytes.set(new Uint8Array(this.#view.buffer))
    this.#view = new DataView(bytes.buffer)
  }
}
