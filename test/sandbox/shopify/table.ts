/** Rows of one kind, by id and in the orders that lists can be sorted by. */
import type { Row } from "./model.ts"

export type SortField = "id" | "created" | "updated"

export interface Table<R extends Row> {
  byId: Map<number, R>
  /** Oldest first; null: to be sorted when next asked for. */
  sorted: Record<SortField, R[] | null>
  /** Rows whose last change may still be unknown to searches. */
  lagging: Set<number>
}

export function createTable<R extends Row>(): Table<R> {
  return { byId: new Map(), sorted: { id: null, created: null, updated: null }, lagging: new Set() }
}

export function put<R extends Row>(table: Table<R>, row: R): void {
  const isNew = !table.byId.has(row.id)
  table.byId.set(row.id, row)
  table.sorted.updated = null
  if (row.shownAsOf !== undefined) table.lagging.add(row.id)
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
  const rows = [...table.byId.values()].sort(byField(field))
  table.sorted[field] = rows
  return rows
}

/** The rows in that order, as searches know them at that moment. */
export function shownBy<R extends Row>(table: Table<R>, field: SortField, present: number): readonly R[] {
  for (const id of table.lagging) if ((table.byId.get(id)?.visibleAt ?? 0) <= present) table.lagging.delete(id)
  const rows = sortedBy(table, field)
  if (table.lagging.size === 0) return rows
  return rows.map((row) => (table.lagging.has(row.id) ? asBefore(row) : row)).sort(byField(field))
}

function asBefore<R extends Row>(row: R): R {
  return { ...row, ...row.shownAs, updated: row.shownAsOf ?? row.updated, visibleAt: row.created }
}

function byField(field: SortField) {
  return (one: Row, other: Row) => one[field] - other[field] || one.id - other.id
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
