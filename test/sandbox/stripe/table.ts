/** Rows of one kind: by id, and in the order that Stripe lists them (created, then order of creation). */
import type { Row } from "./model.ts"

export interface Table<R extends Row> {
  byId: Map<string, R>
  /** Oldest first. */
  order: R[]
}

export function createTable<R extends Row>(): Table<R> {
  return { byId: new Map(), order: [] }
}

export function insert<R extends Row>(table: Table<R>, row: R): void {
  table.byId.set(row.id, row)
  const last = table.order.at(-1)
  if (!last || compare(last, row) < 0) table.order.push(row)
  else table.order.splice(positionOf(table, row), 0, row)
}

/** Adds many rows in any order; `sort` must follow. */
export function append<R extends Row>(table: Table<R>, row: R): void {
  table.byId.set(row.id, row)
  table.order.push(row)
}

export function sort<R extends Row>(table: Table<R>): void {
  table.order.sort(compare)
}

export function remove<R extends Row>(table: Table<R>, id: string): void {
  const row = table.byId.get(id)
  if (!row) return
  table.byId.delete(id)
  const at = positionOf(table, row)
  if (table.order[at] === row) table.order.splice(at, 1)
}

/** Index of the row, or of the place it would take. */
export function positionOf<R extends Row>(table: Table<R>, row: Pick<R, "created" | "seq">): number {
  let low = 0
  let high = table.order.length
  while (low < high) {
    const middle = (low + high) >> 1
    const at = table.order[middle]
    if (at && compare(at, row) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** Index of the first row of that second or a later one. */
export function firstFrom<R extends Row>(table: Table<R>, created: number): number {
  return positionOf(table, { created, seq: -1 } as Pick<R, "created" | "seq">)
}

function compare(a: Pick<Row, "created" | "seq">, b: Pick<Row, "created" | "seq">): number {
  return a.created - b.created || a.seq - b.seq
}
