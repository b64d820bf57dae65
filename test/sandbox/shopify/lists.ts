/** Connections: sorted, filtered, paged by keyset cursors that hold the last row's id and sort value, as Shopify's do. */
import { GraphQLError } from "graphql"
import type { Row } from "./model.ts"
import type { Predicate } from "./search.ts"
import { positionOf, type SortField, shownBy, type Table } from "./table.ts"

export interface ListArgs {
  first?: number | null
  last?: number | null
  after?: string | null
  before?: string | null
  reverse?: boolean | null
  sortKey?: string | null
  query?: string | null
}

/** "Input arguments that accept an array have a maximum size of 250." */
const ROWS_MAX = 250

const SORT_FIELDS: Record<string, SortField> = { CREATED_AT: "created", PROCESSED_AT: "created", UPDATED_AT: "updated" }

export interface Listed<R> {
  rows: R[]
  hasNextPage: boolean
  /** One for each row. */
  cursors: string[]
}

export function list<R extends Row>(table: Table<R>, args: ListArgs, isListed: Predicate, present: number): Listed<R> {
  const size = sizeOf(args)
  const field = SORT_FIELDS[args.sortKey ?? "ID"] ?? "id"
  const rows = shownBy(table, field, present)
  const step = args.reverse ? -1 : 1
  const found: R[] = []
  for (let at = startOf(rows, field, args); at >= 0 && at < rows.length && found.length <= size; at += step) {
    const row = rows[at]
    if (row && isListed(row)) found.push(row)
  }
  const page = found.slice(0, size)
  const cursors = page.map((row) => cursorOf(row, field))
  return { rows: page, hasNextPage: found.length > size, cursors }
}

/** Parts of one record, in the order they have. */
export function slice<T extends { id: number }>(parts: readonly T[], args: ListArgs): Listed<T> {
  const size = sizeOf(args)
  const ordered = args.reverse ? [...parts].reverse() : parts
  const after = args.after ? decode(args.after).last_id : null
  const from = after === null ? 0 : ordered.findIndex(({ id }) => id === after) + 1
  const page = ordered.slice(from, from + size)
  const cursors = page.map(({ id }) => encode({ last_id: id, last_value: String(id) }))
  return { rows: page, hasNextPage: from + size < ordered.length, cursors }
}

function sizeOf({ first, last, before }: ListArgs): number {
  if (last || before) throw new GraphQLError("The sandbox pages forward only.")
  if (first === null || first === undefined) throw new GraphQLError("you must provide one of first or last")
  if (first > ROWS_MAX)
    throw new GraphQLError(
      `first cannot exceed ${ROWS_MAX}. To query larger amounts of data with fewer limits, bulk operations should be used instead.`,
    )
  return first
}

function startOf<R extends Row>(rows: readonly R[], field: SortField, { after, reverse }: ListArgs): number {
  if (!after) return reverse ? rows.length - 1 : 0
  const { last_id: id, last_value: text } = decode(after)
  const value = field === "id" ? Number(text) : Date.parse(text)
  if (Number.isNaN(value) || (field === "id") !== /^\d+$/.test(text)) throw invalidCursor()
  const at = positionOf(rows, field, value, id)
  return reverse ? at - 1 : positionOf(rows, field, value, id + 1)
}

function cursorOf(row: Row, field: SortField): string {
  const last_value = field === "id" ? String(row.id) : new Date(row[field]).toISOString()
  return encode({ last_id: row.id, last_value })
}

function encode(cursor: { last_id: number; last_value: string }): string {
  return btoa(JSON.stringify(cursor))
}

function decode(cursor: string): { last_id: number; last_value: string } {
  try {
    const read = JSON.parse(atob(cursor)) as { last_id?: unknown; last_value?: unknown }
    if (typeof read.last_id === "number" && typeof read.last_value === "string")
      return { last_id: read.last_id, last_value: read.last_value }
  } catch {
    // As below.
  }
  throw invalidCursor()
}

export function invalidCursor(): GraphQLError {
  return new GraphQLError("Invalid cursor for current pagination sort.")
}
