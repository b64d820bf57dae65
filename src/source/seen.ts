/**
 * The keys taken above the lowest floor in use, so that what is read again is not sent again. Kept up to 1,000 a row, the newest
 * row rewritten: one row written a page, not one an item. A later entry of a key overrides an earlier one.
 */
import type { Row } from "./changes.ts"

export const SEEN_ROW_ENTRIES = 1_000
/** Above this, passes pause until a live run has raised the floor, and webhooks are left to the sync. */
export const SEEN_MAX = 100_000

/**
 * `pass`: facts that only a pass can read, needed while that pass may read them again. `live`: everything else, needed until the
 * live floor has also moved past it.
 */
export type SeenClass = "pass" | "live"

/** What read it: decides which of two states of the same time is the newer. */
export type ReadBy = "pass" | "webhook" | "live"
const READ_BY = ["pass", "webhook", "live"] as const

export interface SeenEntry {
  version: number
  /** Hash of what was sent; facts need none. */
  content: string
  /** Partner time, ms: pruned once every floor in use is above it. */
  place: number
  /** Number of the window that read it last. */
  window: number
  by: ReadBy
  /** Names of the live streams that may show it again, joined with `+`. Left out: all of them. */
  feeds?: string
}

/** What may be read again, and so must be known again. */
export interface Needed {
  /** Live reading goes back to here. */
  floor: number
  /** By the names of the streams, where some of them do not go back so far. */
  floors?: ReadonlyMap<string, number>
  /** By window: a pass that goes back to its edge reads pages again that were asked for since. */
  edges: ReadonlyMap<number, number>
  /** Places that a reading to come overlaps. */
  overlaps: readonly { from: number; to: number }[]
}

type Packed = [hash: string, version: number, content: string, place: number, window: number, by: number]

interface Chunk {
  id: number
  kind: SeenClass
  /** A stream that stands still keeps the rows of its own collections only. */
  feeds?: string
  entries: Packed[]
}

export class SeenIndex {
  readonly #entries = new Map<string, SeenEntry & { chunk: number }>()
  readonly #chunks = new Map<number, Chunk>()
  readonly #dirty = new Set<number>()
  readonly #removed: number[] = []
  #nextId: number

  constructor(rows: readonly Row[], nextId: number) {
    this.#nextId = nextId
    for (const row of rows) {
      const chunk = { id: row.id, ...(JSON.parse(row.body) as Omit<Chunk, "id">) }
      const { entries } = chunk
      this.#chunks.set(row.id, chunk)
      for (const entry of entries) this.#index(chunk, entry)
    }
  }

  get size(): number {
    return this.#entries.size
  }

  /** For the core row: ids are never reused. */
  get nextId(): number {
    return this.#nextId
  }

  get(hash: string): SeenEntry | undefined {
    return this.#entries.get(hash)
  }

  put(hash: string, kind: SeenClass, entry: SeenEntry): void {
    const chunk = this.#openChunk(kind, entry.feeds)
    const packed: Packed = [hash, entry.version, entry.content, entry.place, entry.window, READ_BY.indexOf(entry.by)]
    chunk.entries.push(packed)
    this.#index(chunk, packed)
    this.#dirty.add(chunk.id)
  }

  /** Notes in memory only that a window has read the key: enough when the window ends with this page. */
  touch(hash: string, window: number): void {
    const entry = this.#entries.get(hash)
    if (entry) entry.window = window
  }

  /** Forgets whole rows of which no entry is needed any more; looked at from their end, where the newest are. */
  prune(needed: Needed): void {
    for (const chunk of this.#chunks.values()) {
      if (chunk.entries.findLast((entry) => isNeeded(entry, chunk, needed))) continue
      for (const [hash] of chunk.entries) if (this.#entries.get(hash)?.chunk === chunk.id) this.#entries.delete(hash)
      this.#chunks.delete(chunk.id)
      this.#dirty.delete(chunk.id)
      this.#removed.push(chunk.id)
    }
  }

  /** True when rows would be written anyway. */
  get changed(): boolean {
    return this.#dirty.size > 0
  }

  takeChanges(): { put: Row[]; remove: number[] } {
    const put = [...this.#dirty].map((id) => {
      const chunk = this.#chunks.get(id)
      return { id, body: JSON.stringify({ ...chunk, id: undefined }) }
    })
    const remove = this.#removed.splice(0)
    this.#dirty.clear()
    return { put, remove }
  }

  #openChunk(kind: SeenClass, feeds?: string): Chunk {
    const last = [...this.#chunks.values()].findLast((chunk) => chunk.kind === kind && chunk.feeds === feeds)
    if (last && last.entries.length < SEEN_ROW_ENTRIES) return last
    // A page's keys stay together: a row may grow past its size by one page rather than cost two rows written.
    if (last && this.#dirty.has(last.id)) return last
    const chunk: Chunk = { id: this.#nextId++, kind, ...(feeds !== undefined && { feeds }), entries: [] }
    this.#chunks.set(chunk.id, chunk)
    return chunk
  }

  #index(chunk: Chunk, [hash, version, content, place, window, by]: Packed): void {
    this.#entries.set(hash, { version, content, place, window, by: READ_BY[by] ?? "pass", chunk: chunk.id })
  }
}

function isNeeded([, , , place, window]: Packed, { kind, feeds }: Chunk, needed: Needed): boolean {
  const { floor, floors, edges, overlaps } = needed
  if (kind === "live" && place >= (floors?.get(feeds ?? "") ?? floor)) return true
  const edge = edges.get(window)
  return (edge !== undefined && place >= edge) || overlaps.some(({ from, to }) => place >= from && place <= to)
}
