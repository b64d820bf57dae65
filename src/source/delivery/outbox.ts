/**
 * The outbox: items that are read and not yet accepted by the destination. A row holds at most 50 items and 1 MB; its id is the
 * sequence number of its first item, so that a row which is halved keeps its place in line.
 */
import { assign } from "../../lib/assign.ts"
import { keyHash } from "../dedupe/hashes.ts"
import type { OutboxItem } from "../protocol/encoded-item.ts"
import { type Lines, linesOf } from "../protocol/outbox-body.ts"
import type { OutboxInsert, OutboxMeta } from "../state/changes.ts"

/** As many as a POST may hold (`itemsMax` of `destinations/intempt.ts`), so that a row travels whole. */
export const ROW_ITEMS = 50
export const ROW_BYTES = 1_000_000
/** Past these, the partner keeps the data better than we do. */
export const WAITING_ITEMS_MAX = 6_400
export const WAITING_BYTES_MAX = 64_000_000

type Update = Partial<Pick<OutboxMeta, "attempts" | "notBefore">>

export class Outbox {
  readonly #metas: Map<number, OutboxMeta>
  #items = 0
  #bytes = 0
  readonly #inserted = new Map<number, OutboxInsert>()
  readonly #removed = new Set<number>()
  readonly #updated = new Map<number, Update>()

  constructor(metas: readonly OutboxMeta[]) {
    this.#metas = new Map(metas.map((meta) => [meta.id, meta]))
    for (const meta of metas) this.#count(meta, 1)
  }

  get items(): number {
    return this.#items
  }

  get isFull(): boolean {
    return this.#items > WAITING_ITEMS_MAX || this.#bytes > WAITING_BYTES_MAX
  }

  get isHalfFull(): boolean {
    return this.#items > WAITING_ITEMS_MAX / 2 || this.#bytes > WAITING_BYTES_MAX / 2
  }

  /** Oldest first. */
  rows(): OutboxMeta[] {
    return [...this.#metas.values()].sort((a, b) => a.id - b.id)
  }

  get(id: number): OutboxMeta | undefined {
    return this.#metas.get(id)
  }

  hasRun(run: string): boolean {
    return [...this.#metas.values()].some((meta) => meta.run === run)
  }

  hasObject(hash: string): boolean {
    return [...this.#metas.values()].some((meta) => meta.objects.includes(hash))
  }

  /** Items waiting, by collection. */
  waiting(): Record<string, number> {
    const sums: Record<string, number> = {}
    for (const meta of this.#metas.values())
      for (const [name, count] of Object.entries(JSON.parse(meta.counts) as Record<string, number>))
        sums[name] = (sums[name] ?? 0) + count
    return sums
  }

  /** The body is kept until it is stored, no longer. */
  insert(row: OutboxInsert): void {
    const { body: _body, ...meta } = row
    this.#metas.set(row.id, meta)
    this.#count(meta, 1)
    this.#inserted.set(row.id, row)
  }

  remove(id: number): void {
    const meta = this.#metas.get(id)
    if (!meta) return
    this.#metas.delete(id)
    this.#count(meta, -1)
    this.#updated.delete(id)
    // A row put in and taken out within one transaction must still be removed where it replaced a stored one of the same id.
    this.#inserted.delete(id)
    this.#removed.add(id)
  }

  update(id: number, change: Update): void {
    const meta = this.#metas.get(id)
    if (!meta) return
    assign(meta, change)
    const inserted = this.#inserted.get(id)
    if (inserted) this.#inserted.set(id, { ...inserted, ...change })
    else this.#updated.set(id, { ...this.#updated.get(id), ...change })
  }

  /** No row is held back for longer than until then. */
  holdAtMost(latest: number): void {
    for (const { id, notBefore } of this.#metas.values()) if (notBefore > latest) this.update(id, { notBefore: latest })
  }

  takeChanges(): { insert: OutboxInsert[]; remove: number[]; update: (Update & { id: number })[] } {
    const insert = [...this.#inserted.values()]
    const update = [...this.#updated].map(([id, change]) => ({ id, ...change }))
    const remove = [...this.#removed]
    this.#inserted.clear()
    this.#updated.clear()
    this.#removed.clear()
    return { insert, remove, update }
  }

  #count(meta: OutboxMeta, sign: 1 | -1): void {
    this.#items += sign * meta.items
    this.#bytes += sign * meta.bytes
  }
}

/** One row's worth of items from `start`; at least one, however large. */
function rowOf(lines: readonly Lines[], start: number): number {
  let bytes = 0
  let end = start
  while (end < lines.length && end - start < ROW_ITEMS) {
    bytes += lines[end]?.bytes ?? 0
    if (bytes > ROW_BYTES && end > start) break
    end++
  }
  return end
}

/** Cuts items into rows, their texts as they are; `firstId` is the sequence number of the first item. */
export function toRows(
  items: readonly OutboxItem[],
  run: string,
  firstId: number,
  attempts = 0,
  notBefore = 0,
): OutboxInsert[] {
  const lines = items.map(linesOf)
  const rows: OutboxInsert[] = []
  for (let start = 0; start < items.length; ) {
    const end = rowOf(lines, start)
    const held = lines.slice(start, end)
    rows.push({
      id: firstId + start,
      run,
      attempts,
      notBefore,
      body: held.map((one) => one.lines).join(""),
      bytes: held.reduce((sum, one) => sum + one.bytes, 0),
      ...summary(items.slice(start, end)),
    })
    start = end
  }
  return rows
}

function summary(items: readonly OutboxItem[]): Pick<OutboxMeta, "items" | "objects" | "counts"> {
  const counts: Record<string, number> = {}
  const objects = new Set<string>()
  for (const item of items) {
    counts[item.collection] = (counts[item.collection] ?? 0) + 1
    if (item.kind === "object") objects.add(keyHash(item.collection, item.key))
  }
  return { items: items.length, objects: [...objects].join(" "), counts: JSON.stringify(counts) }
}

/**
 * Replaces a refused row by its two halves, in place; the attempts go along, so that the search for the bad item stays quick. A
 * single item is tried anew, by itself: it is given up for what it is, not for the company it was in.
 */
export function halve(row: OutboxMeta, items: readonly OutboxItem[], notBefore: number): OutboxInsert[] {
  const middle = Math.ceil(items.length / 2)
  const rowsOf = (half: readonly OutboxItem[], id: number) =>
    toRows(half, row.run, id, half.length > 1 ? row.attempts : 1, notBefore)
  return [...rowsOf(items.slice(0, middle), row.id), ...rowsOf(items.slice(middle), row.id + middle)]
}

/**
 * The oldest rows that may be sent now: not held back, and no older row holds an earlier state of one of their objects. At most so
 * many, and so many bytes; one at least.
 */
export function sendable(
  rows: readonly OutboxMeta[],
  now: number,
  most: number,
  bytesMax = Number.POSITIVE_INFINITY,
): OutboxMeta[] {
  const blocked = new Set<string>()
  const chosen: OutboxMeta[] = []
  let bytes = 0
  let isFull = false
  for (const row of rows) {
    const objects = row.objects ? row.objects.split(" ") : []
    if (!isFull && row.notBefore <= now && !objects.some((hash) => blocked.has(hash))) {
      isFull = chosen.length > 0 && bytes + row.bytes > bytesMax
      if (!isFull) chosen.push(row)
      bytes += row.bytes
      isFull ||= chosen.length >= most
    }
    for (const hash of objects) blocked.add(hash)
  }
  return chosen
}

/** When the next held-back row may be sent, if none can be now; null: nothing waits. What an older row blocks waits for that one. */
export function nextSendable(rows: readonly OutboxMeta[]): number | null {
  const free = sendable(rows, Number.POSITIVE_INFINITY, rows.length)
  return free.length === 0 ? null : Math.min(...free.map((row) => row.notBefore))
}
