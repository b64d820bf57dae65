/**
 * The keys accepted above the lowest watermark in use, so that what is read again is not sent again. All of them are stored; in memory is a
 * table of their hashes, at most 24 bytes a key, and of the rows only those that are being filled (`SeenRow`). Kept up to 1,000 a row, the
 * newest row rewritten: one row written a page, not one an item. A later entry of a key overrides an earlier one.
 */
import { highHalf, lowHalf } from "../../lib/hash.ts"
import type { SeenChanges } from "../state/changes.ts"
import { SENT_FORMAT, SentRow } from "./forgotten-filter.ts"
import { HashTable } from "./hash-table.ts"
import { PackedEntries, type SeenClass, type SeenEntry } from "./packed-entries.ts"
import { type Needed, ROW_ENTRIES_MAX, SeenRow } from "./seen-row.ts"
import { type SeenStore, StoredRows } from "./stored-rows.ts"

/**
 * A row with so many takes no further page. Of pages of 200 keys, 1,000 keys cost 5 rows written and 1 deleted, 111 KB and 0.5 ms of
 * processor time. A row for each page would cost 10, 37 KB and 0.4 ms: US$4 more for a billion keys, for 0.1 s less a million.
 */
export const SEEN_ROW_ENTRIES = 1_000
/** Of a source, older entries of a key counted too: 48 MB at the most of the 128 MB that the object may use. */
export const KEYS_MAX = 2_000_000
/** Where backfills wait for live reading to raise the watermark. The rest is live reading's: a bulk edit of 500,000 records has room. */
export const BACKFILL_KEYS_MAX = 1_500_000
/** Of its own window, which it may have to read again, a backfill keeps no more than this. */
export const WINDOW_KEYS_MAX = 500_000

/** A row's place among the rows in memory, and the entry's in it: one number of 32 bits. */
const ENTRY_BITS = 14
const ENTRY_MASK = 2 ** ENTRY_BITS - 1

export class SeenIndex {
  /** By id, oldest first; and by place, for the table. */
  readonly #rows = new Map<number, { row: SeenRow; place: number }>()
  readonly #places: (SeenRow | null)[] = []
  readonly #free: number[] = []
  readonly #table = new HashTable({ highOf: (at) => this.#highOf(at), lowOf: (at) => this.#lowOf(at) })
  /** By class and streams: the row that the next entry goes to. */
  readonly #newest = new Map<string, SeenRow>()
  /** Rows that are not closed yet. */
  readonly #open = new Set<SeenRow>()
  readonly #stored: StoredRows
  readonly #entries: Record<SeenClass, number> = { backfill: 0, live: 0 }
  readonly #dirty = new Set<number>()
  readonly #removed: number[] = []
  /** Oldest first, two at the most. */
  #sent: SentRow[] = []
  #nextId: number

  /** Reads all rows, one after the other: of most of them only the hashes stay. */
  constructor(store: SeenStore, nextId: number) {
    this.#stored = new StoredRows(store)
    this.#nextId = nextId
    const old: [id: number, body: string][] = []
    for (const { id, body } of store.seen()) {
      this.#nextId = Math.max(this.#nextId, id + 1)
      if (typeof body === "string") old.push([id, body])
      else if (new DataView(body).getUint8(0) === SENT_FORMAT) this.#sent.push(SentRow.read(id, body))
      else this.#adopt(new SeenRow(id, PackedEntries.read(body), this.#stored))
      this.#closeStored()
    }
    for (const [id, body] of old) this.#convert(id, body)
  }

  /** Keys known. */
  get size(): number {
    return this.#table.size
  }

  /** For the core row: ids are never reused. */
  get nextId(): number {
    return this.#nextId
  }

  /** Bytes in memory. */
  get bytes(): number {
    let sum = this.#table.bytes + this.#stored.bytes
    for (const { row } of this.#rows.values()) sum += row.bytes
    for (const row of this.#sent) sum += row.bytes
    return sum
  }

  /** Entries kept, those that a later one overrides too: what takes memory. */
  entries(kind: SeenClass): number {
    return this.#entries[kind]
  }

  get(hash: string): SeenEntry | undefined {
    const at = this.#table.get(highHalf(hash), lowHalf(hash))
    return at < 0 ? undefined : this.#rowAt(at).entry(at & ENTRY_MASK)
  }

  /** Facts whose place lies above. */
  factsAbove(place: number): [hash: string, place: number][] {
    return [...this.#rows.values()].flatMap(({ row }) => row.factsAbove(place))
  }

  put(hash: string, kind: SeenClass, entry: SeenEntry): void {
    const [high, low] = [highHalf(hash), lowHalf(hash)]
    const row = this.#openRow(kind, entry.feeds, this.#rowOf(high, low))
    const place = this.#rows.get(row.id)?.place ?? 0
    const at = row.add(high, low, entry)
    this.#entries[kind]++
    this.#table.set(high, low, addressOf(place, at))
    this.#dirty.add(row.id)
  }

  /** Notes in memory only that a window has read the key: enough when the window ends with this page. */
  touch(hash: string, window: number): void {
    const at = this.#table.get(highHalf(hash), lowHalf(hash))
    if (at >= 0) this.#rowAt(at).touch(at & ENTRY_MASK, window)
  }

  /** Forgets whole rows of which no entry is needed any more. */
  prune(needed: Needed): void {
    if (!needed.mayComeLate) for (const row of this.#sent.splice(0)) this.#drop(row.id)
    for (const { row } of this.#rows.values()) {
      if (row.isNeeded(needed)) continue
      if (needed.mayComeLate && row.kind === "live") this.#noteSent(row, needed)
      this.#forget(row)
    }
  }

  /**
   * What the watermark must rise above for so many entries of live reading to be forgotten, or for all that nothing else holds. Null: it
   * holds none.
   */
  placeToPass(entries: number, needed: Needed): number | null {
    const passed = { ...needed, watermark: Number.POSITIVE_INFINITY, watermarks: NO_WATERMARKS }
    const rows = [...this.#rows.values()].map(({ row }) => row).filter((row) => row.kind === "live")
    const held = rows.filter((row) => row.isNeeded(needed) && !row.isNeeded(passed)).sort((a, b) => a.most - b.most)
    let place: number | null = null
    let sum = 0
    for (const row of held) {
      place = row.most
      sum += row.count
      if (sum >= entries) break
    }
    return place
  }

  /**
   * Whether a fact of this place, whose key is not known any more, was surely never sent. Only for places where facts may come late
   * (`Needed`): of what was forgotten below those nothing is kept in mind.
   */
  wasNeverSent(hash: string, place: number): boolean {
    return place >= (this.#sent[0]?.since ?? 0) && !this.#sent.some((row) => row.has(hash))
  }

  /**
   * Forgets the oldest rows where there are more entries than memory has room for, a backfill's first, never what this transaction added. Answers how
   * many keys are known no more: read again, they would be sent again.
   */
  makeRoom(most = KEYS_MAX, windowKeysMost = WINDOW_KEYS_MAX): number {
    const before = this.size
    for (const { row } of this.#rows.values())
      if (row.kind === "backfill" && this.#entries.backfill > windowKeysMost && !this.#dirty.has(row.id))
        this.#forget(row)
    for (const kind of ["backfill", "live"] as const)
      for (const { row } of this.#rows.values()) {
        if (this.#entries.backfill + this.#entries.live <= most) break
        if (row.kind === kind && !this.#dirty.has(row.id)) this.#forget(row)
      }
    return before - this.size
  }

  /** True when rows would be written anyway. */
  get changed(): boolean {
    return this.#dirty.size > 0
  }

  /** What is to be stored. Nothing may be asked of the index after a commit of it that failed: closed rows are read as they were stored. */
  takeChanges(): SeenChanges {
    this.#closeStored()
    const put = [...this.#dirty].flatMap((id) => {
      const kept = this.#rows.get(id)?.row ?? this.#sent.find((row) => row.id === id)
      return kept ? [{ id, body: kept.body() }] : []
    })
    const remove = this.#removed.splice(0)
    this.#dirty.clear()
    return { put, remove }
  }

  /** `after`: the row of the key's last entry. Read back, rows come by their ids, and the later entry must be the one that counts. */
  #openRow(kind: SeenClass, feeds: string | undefined, after: number): SeenRow {
    const last = this.#newest.get(sortOf(kind, feeds))
    const newest = last && last.id >= after ? last : undefined
    if (newest && newest.count < SEEN_ROW_ENTRIES) return newest
    // A page's keys stay together: a row may grow past its size by one page rather than cost two rows written.
    if (newest && this.#dirty.has(newest.id) && newest.count < ROW_ENTRIES_MAX) return newest
    const row = new SeenRow(this.#nextId++, PackedEntries.empty(kind, feeds), this.#stored)
    this.#adopt(row)
    return row
  }

  /** What was changed since the last commit is not stored yet: it is closed after the next one. */
  #closeStored(): void {
    for (const row of this.#open) {
      if (this.#dirty.has(row.id) || this.#newest.get(sortOf(row.kind, row.feeds)) === row) continue
      row.close()
      this.#open.delete(row)
    }
  }

  #adopt(row: SeenRow): void {
    const place = this.#free.pop() ?? this.#places.push(null) - 1
    this.#places[place] = row
    this.#rows.set(row.id, { row, place })
    this.#newest.set(sortOf(row.kind, row.feeds), row)
    this.#open.add(row)
    this.#entries[row.kind] += row.count
    for (let at = 0; at < row.count; at++) this.#table.set(row.highOf(at), row.lowOf(at), addressOf(place, at))
  }

  #forget(row: SeenRow): void {
    const place = this.#rows.get(row.id)?.place ?? 0
    for (let at = 0; at < row.count; at++) {
      const [high, low] = [row.highOf(at), row.lowOf(at)]
      // A later entry of the key stays.
      if (this.#table.get(high, low) === addressOf(place, at)) this.#table.delete(high, low)
    }
    this.#rows.delete(row.id)
    this.#open.delete(row)
    this.#stored.forget(row.id)
    this.#places[place] = null
    this.#free.push(place)
    this.#entries[row.kind] -= row.count
    const sort = sortOf(row.kind, row.feeds)
    if (this.#newest.get(sort) === row) this.#newest.delete(sort)
    this.#drop(row.id)
  }

  #drop(id: number): void {
    this.#dirty.delete(id)
    this.#removed.push(id)
  }

  #noteSent(row: SeenRow, { watermark, watermarks = NO_WATERMARKS }: Needed): void {
    // What was forgotten before the first of them lay below the watermark of then, and so below what can come late now.
    const since = this.#sent.length === 0 ? 0 : Math.max(watermark, ...watermarks.values())
    if (this.#sent.length === 0 || this.#sent.at(-1)?.isFull) this.#sent.push(SentRow.empty(this.#nextId++, since))
    if (this.#sent.length > 2) for (const oldest of this.#sent.splice(0, 1)) this.#drop(oldest.id)
    const newest = this.#sent.at(-1) as SentRow
    for (const at of row.facts()) newest.add(row.highOf(at), row.lowOf(at))
    this.#dirty.add(newest.id)
  }

  /** A row of an earlier version, as JSON: written anew with the next commit. */
  #convert(id: number, body: string): void {
    const { kind, feeds, entries } = JSON.parse(body) as { kind: "pass" | "live"; feeds?: string; entries: OldEntry[] }
    for (const [hash, version, content, announcedAt, window, by] of entries) {
      const read = { version, content, announcedAt, window, by: OLD_READ_BY[by] ?? "backfill" }
      this.put(hash, kind === "pass" ? "backfill" : kind, { ...read, ...(feeds !== undefined && { feeds }) })
    }
    this.#removed.push(id)
  }

  #rowOf(high: number, low: number): number {
    const at = this.#table.get(high, low)
    return at < 0 ? 0 : this.#rowAt(at).id
  }

  #rowAt(at: number): SeenRow {
    return this.#places[at >>> ENTRY_BITS] as SeenRow
  }

  #highOf(at: number): number {
    return this.#rowAt(at).highOf(at & ENTRY_MASK)
  }

  #lowOf(at: number): number {
    return this.#rowAt(at).lowOf(at & ENTRY_MASK)
  }
}

const NO_WATERMARKS: ReadonlyMap<string, number> = new Map()

type OldEntry = [hash: string, version: number, content: string, announcedAt: number, window: number, by: number]
const OLD_READ_BY = ["backfill", "webhook", "live"] as const

function addressOf(place: number, at: number): number {
  return place * 2 ** ENTRY_BITS + at
}

function sortOf(kind: SeenClass, feeds = ""): string {
  return `${kind} ${feeds}`
}
