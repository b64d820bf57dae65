/**
 * A simulated account of a REST partner: tables of rows, as they were from each moment on, and what really happened (`facts`). It knows
 * nothing of lists, pages and connectors.
 */
import type { JsonObject } from "../json.ts"
import type { Random } from "../random.ts"

export interface Row extends JsonObject {
  id: string
}

/** A row as it was from a moment on: what is shown may run behind. */
interface State {
  shownAt: number
  row: Row
}

/** What really happened, as the destination should hear of it. */
export interface Fact {
  collection: string
  /** Names it by what an item says of itself. */
  name: string
  /** Epoch ms. */
  at: number
  /** Major units, where money moved. */
  amount: number | null
  currency?: string
  /** The partner's id of the person. */
  person: string
}

export interface Books {
  /** Epoch ms on the partner's clock. */
  now(): number
  lagMs: { events: number; rows: number }
  tables: Map<string, Map<string, State[]>>
  facts: Fact[]
  made: number
}

export function openBooks(now: () => number, lagMs: Books["lagMs"]): Books {
  return { now, lagMs, tables: new Map(), facts: [], made: 0 }
}

/** Puts a row into its table, or a new state of it. */
export function put(books: Books, table: string, row: Row): Row {
  const rows = tableOf(books, table)
  const lag = table === EVENTS ? books.lagMs.events : books.lagMs.rows
  const state = { shownAt: books.now() + lag, row }
  const states = rows.get(row.id)
  if (states) states.push(state)
  else rows.set(row.id, [state])
  return row
}

export const EVENTS = "events"

/** The rows as they are shown now. */
export function shown(books: Books, table: string): Row[] {
  const now = books.now()
  return [...tableOf(books, table).values()].flatMap(
    (states) => states.findLast(({ shownAt }) => shownAt <= now)?.row ?? [],
  )
}

/** Every state that a row has had, oldest first. */
export function statesOf(books: Books, table: string, id: string): Row[] {
  return (tableOf(books, table).get(id) ?? []).map(({ row }) => row)
}

export function present(books: Books, table: string, id: string): Row | undefined {
  return tableOf(books, table).get(id)?.at(-1)?.row
}

export function idsIn(books: Books, table: string): string[] {
  return [...tableOf(books, table).keys()]
}

export function sizeOf(books: Books, table: string): number {
  return tableOf(books, table).size
}

/** Somebody of whom it is true now. */
export function someone(
  books: Books,
  random: Random,
  table: string,
  fits: (row: Row) => boolean = () => true,
): Row | undefined {
  const rows = [...tableOf(books, table).values()].flatMap((states) => states.at(-1)?.row ?? []).filter(fits)
  return rows.length > 0 ? random.pick(rows) : undefined
}

const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"

/** As ULIDs are: 26 characters that sort by the time at which they were made, and then in turn. */
export function sortableId(books: Books, prefix: string): string {
  return `${prefix}${inBase32(books.now(), 10)}${inBase32(++books.made, 16)}`
}

function inBase32(value: number, length: number): string {
  let text = ""
  for (let rest = value; text.length < length; rest = Math.floor(rest / 32)) text = `${DIGITS[rest % 32]}${text}`
  return text
}

function tableOf({ tables }: Books, name: string): Map<string, State[]> {
  const known = tables.get(name)
  if (known) return known
  const made = new Map<string, State[]>()
  tables.set(name, made)
  return made
}
