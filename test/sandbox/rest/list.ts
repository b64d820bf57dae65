/** A list endpoint over the books: which rows it shows, in which order, and which of them are a page. */
import { type Books, type Row, shown } from "./books.ts"

export interface Asked {
  table: string
  keeps: (row: Row) => boolean
  /** Negative: the one goes before the other. */
  order: (one: Row, other: Row) => number
  size: number
  /** The id that the page goes on after; null: from the beginning. */
  after: string | null
}

export interface Listed {
  rows: Row[]
  hasMore: boolean
  /** Rows of all pages. */
  total: number
}

/** Null: there is no row of that id to go on after. */
export function listed(books: Books, { table, keeps, order, size, after }: Asked): Listed | null {
  const all = shown(books, table).filter(keeps).sort(order)
  const from = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1
  if (after !== null && from === 0) return null
  return { rows: all.slice(from, from + size), hasMore: from + size < all.length, total: all.length }
}

export function byId(one: Row, other: Row): number {
  return one.id < other.id ? -1 : 1
}
