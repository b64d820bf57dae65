/**
 * A row of `seen` in memory. Open, while entries are added to it, all of it is there. Closed, only the hashes of its keys are, 8 bytes each,
 * and what tells whether the row is still needed: its entries are read from the store when one of them is asked for.
 */
import { hashFromHalves } from "../../lib/hash.ts"
import { type PackedEntries, SEEN_ENTRY_BYTES, type SeenClass, type SeenEntry } from "./packed-entries.ts"
import type { StoredRows } from "./stored-rows.ts"

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

/** The platform takes rows of 2 MB; a row is written anew with every page that adds to it. */
export const SEEN_ROW_BYTES_MAX = 500_000
/** Leaves room for the names of the streams. */
export const ROW_ENTRIES_MAX = Math.floor((SEEN_ROW_BYTES_MAX - 10_000) / SEEN_ENTRY_BYTES)
const HASHES_LEAST = 32
/** Of a window's number and place in a Map, roughly. */
const WINDOW_BYTES = 48

export class SeenRow {
  readonly id: number
  readonly kind: SeenClass
  readonly feeds: string | undefined
  readonly #stored: StoredRows
  /** Null: closed. */
  #entries: PackedEntries | null
  #count = 0
  /** The two halves of each key's hash. */
  #hashes: Uint32Array
  /** Windows that read entries again, in memory only. */
  #touched: Uint32Array | null = null
  #least = Number.POSITIVE_INFINITY
  #most = Number.NEGATIVE_INFINITY
  /** The highest place of each window's entries. */
  readonly #windows = new Map<number, number>()
  #hasFacts = false

  constructor(id: number, entries: PackedEntries, stored: StoredRows) {
    this.id = id
    this.kind = entries.kind
    this.feeds = entries.feeds
    this.#stored = stored
    this.#entries = entries
    this.#hashes = new Uint32Array(2 * Math.max(entries.count, HASHES_LEAST))
    for (let at = 0; at < entries.count; at++)
      this.#note(entries.highOf(at), entries.lowOf(at), entries.placeOf(at), entries.windowOf(at), entries.isFact(at))
  }

  /** As it is stored. */
  body(): ArrayBuffer {
    return this.#all().body()
  }

  get count(): number {
    return this.#count
  }

  /** The highest place of its entries. */
  get most(): number {
    return this.#most
  }

  get bytes(): number {
    const own = this.#hashes.byteLength + this.#windows.size * WINDOW_BYTES
    return own + (this.#entries?.bytes ?? 0) + (this.#touched?.byteLength ?? 0)
  }

  /** Only while the row is open. */
  add(high: number, low: number, entry: SeenEntry): number {
    if (!this.#entries) throw new Error(`row ${this.id} of seen is closed`)
    this.#entries.add(high, low, entry)
    this.#note(high, low, entry.announcedAt, entry.window, entry.content === "")
    return this.#count - 1
  }

  /** Of a row that is stored as it is here, and will not grow: its entries are given back. */
  close(): void {
    this.#entries = null
    this.#hashes = this.#hashes.slice(0, 2 * this.#count)
  }

  highOf(at: number): number {
    return this.#hashes[2 * at] ?? 0
  }

  lowOf(at: number): number {
    return this.#hashes[2 * at + 1] ?? 0
  }

  entry(at: number): SeenEntry {
    const entry = this.#all().entry(at)
    const window = this.#touched?.[at]
    return window ? { ...entry, window } : entry
  }

  /** Kept apart from the stored window: which rows are forgotten must not depend on what is in memory only. */
  touch(at: number, window: number): void {
    const capacity = this.#hashes.length / 2
    if (this.#touched === null || this.#touched.length < capacity) {
      const touched = new Uint32Array(capacity)
      if (this.#touched) touched.set(this.#touched.subarray(0, capacity))
      this.#touched = touched
    }
    this.#touched[at] = window
  }

  /** Hashes and places of the facts whose place lies above. */
  factsAbove(place: number): [hash: string, place: number][] {
    if (this.#most <= place) return []
    const entries = this.#all()
    return this.facts()
      .filter((at) => entries.placeOf(at) > place)
      .map((at) => [hashFromHalves(this.highOf(at), this.lowOf(at)), entries.placeOf(at)])
  }

  /** Which of its entries are facts. */
  facts(): number[] {
    if (!this.#hasFacts) return []
    const entries = this.#all()
    return Array.from({ length: this.#count }, (_, at) => at).filter((at) => entries.isFact(at))
  }

  /**
   * By what is kept of a closed row, so that it is the same however long the row has been in memory. What a reading to come overlaps is
   * told by the lowest and the highest place alone: a row that is kept a little too long does no harm.
   */
  isNeeded({ watermark, watermarks, edges, overlaps }: Needed): boolean {
    if (this.kind === "live" && this.#most >= (watermarks?.get(this.feeds ?? "") ?? watermark)) return true
    if (overlaps.some(({ from, to }) => from <= this.#most && to >= this.#least)) return true
    for (const [window, since] of edges)
      if ((this.#windows.get(window) ?? Number.NEGATIVE_INFINITY) >= since) return true
    return false
  }

  #all(): PackedEntries {
    return this.#entries ?? this.#stored.get(this.id)
  }

  #note(high: number, low: number, place: number, window: number, isFact: boolean): void {
    if (2 * this.#count >= this.#hashes.length) {
      const hashes = new Uint32Array(2 * this.#hashes.length)
      hashes.set(this.#hashes)
      this.#hashes = hashes
    }
    this.#hashes[2 * this.#count] = high
    this.#hashes[2 * this.#count + 1] = low
    this.#count++
    this.#least = Math.min(this.#least, place)
    this.#most = Math.max(this.#most, place)
    this.#windows.set(window, Math.max(this.#windows.get(window) ?? place, place))
    this.#hasFacts ||= isFact
  }
}
