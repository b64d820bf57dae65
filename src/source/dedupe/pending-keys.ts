/**
 * Keys of records whose fact the partner's lists cannot tell yet (a pending debit, an uncaptured charge). When the fact is told
 * later it is taken whatever its time.
 */
import type { Row } from "../state/changes.ts"

export const PENDING_ROW_ENTRIES = 1_000
/** Keys kept at once, about 10 MB in memory. Past it the oldest are given up, some at a time, and the run that meets the bound says so. */
export const PENDING_MAX = 50_000
const PENDING_GIVEN_UP = PENDING_MAX / 10

type Packed = [hash: string, time: number]

export class PendingKeys {
  readonly #rows = new Map<number, Map<string, number>>()
  readonly #where = new Map<string, number>()
  readonly #dirty = new Set<number>()
  #nextId: number

  constructor(rows: readonly Row[], nextId: number) {
    this.#nextId = nextId
    for (const row of rows) {
      const entries = JSON.parse(row.body) as Packed[]
      this.#rows.set(row.id, new Map(entries))
      for (const [hash] of entries) this.#where.set(hash, row.id)
    }
  }

  get nextId(): number {
    return this.#nextId
  }

  get size(): number {
    return this.#where.size
  }

  has(hash: string): boolean {
    return this.#where.has(hash)
  }

  entries(): Packed[] {
    return [...this.#rows.values()].flatMap((entries) => [...entries])
  }

  add(hash: string, time: number): void {
    if (this.#where.has(hash)) return
    const id = this.#openRow()
    this.#rows.get(id)?.set(hash, time)
    this.#where.set(hash, id)
    this.#dirty.add(id)
  }

  remove(hash: string): void {
    const id = this.#where.get(hash)
    if (id === undefined) return
    this.#rows.get(id)?.delete(hash)
    this.#where.delete(hash)
    this.#dirty.add(id)
  }

  /** Forgets keys of records made before the bound: their fact never came. */
  expire(before: number): void {
    for (const entries of this.#rows.values()) for (const [hash, time] of entries) if (time < before) this.remove(hash)
  }

  /** Gives the oldest up where there are more than may be; how many. They are the likeliest never to come true. */
  bound(): number {
    if (this.#where.size <= PENDING_MAX) return 0
    const times = [...this.#rows.values()].flatMap((entries) => [...entries]).sort(([, a], [, b]) => a - b)
    const given = times.slice(0, this.#where.size - PENDING_MAX + PENDING_GIVEN_UP)
    for (const [hash] of given) this.remove(hash)
    return given.length
  }

  takeChanges(): { put: Row[]; remove: number[] } {
    const put: Row[] = []
    const remove: number[] = []
    for (const id of this.#dirty) {
      const entries = this.#rows.get(id)
      if (entries && entries.size > 0) put.push({ id, body: JSON.stringify([...entries]) })
      else {
        this.#rows.delete(id)
        remove.push(id)
      }
    }
    this.#dirty.clear()
    return { put, remove }
  }

  #openRow(): number {
    const last = [...this.#rows].at(-1)
    if (last && last[1].size < PENDING_ROW_ENTRIES) return last[0]
    const id = this.#nextId++
    this.#rows.set(id, new Map())
    return id
  }
}
