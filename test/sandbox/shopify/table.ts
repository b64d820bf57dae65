/** Rows of one kind, by id and in the orders that lists can be sorted by. */
import type { Row } from "./model.ts"

export type SortField = "id" | "created" | "updated"

export interface Table<R extends Row> {
  byId: Map<number, R>
  /** Oldest first; null: to be sorted when next asked for. */
  sorted: Record<SortField, R[] | null>
}

export function createTable<R extends Row>(): Table<R> {
  return { byId: new Map(), sorted: { id: null, created: null, updated: null } }
}

export function put<R extends Row>(table: Table<R>, row: R): void {
  const isNew = !table.byId.has(row.id)
  table.byId.set(row.id, row)
  table.sorted.updated = null
  if (!isNew) return
  for (const field of ["id", "created"] as const) {
    const rows = table.sorted[field]
    const last = rows?.at(-1)
    // Rows mostly come in order: then the list stays sorted.
    if (rows && (!last || last[field] < row[field] || (last[field] === row[field] && last.id < row.id))) rows.push(row)
    else table.sorted[field] = null
  }
}

export function remove<R extends Row>(table: Table<R>, id: number): void {
  table.byId.delete(id)
  table.sorted = { id: null, created: null, updated: null }
}

export function sortedBy<R extends Row>(table: Table<R>, field: SortField): readonly R[] {
  const known = table.sorted[field]
  if (known) return known
  const rows = [...table.byId.values()].sort((one, other) => one[field] - other[field] || one.id - other.id)
  table.sorted[field] = rows
  return rows
}

/** Index of the first row at or after (value, id). */
export function positionOf<R extends Row>(rows: readonly R[], field: SortField, value: number, id: number): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >> 1
    const row = rows[middle]
    if (row && (row[field] < value || (row[field] === value && row.id < id))) low = middle + 1
    else high = middle
  }
  return low
}
