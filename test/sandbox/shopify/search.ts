/**
 * The search syntax of `query`, as far as lists are filtered by times and ids: terms joined by AND or OR, `field:>='value'`, dates in
 * quotes. https://shopify.dev/docs/api/usage/search-syntax
 */
import { GraphQLError } from "graphql"
import type { Row } from "./model.ts"

export type Predicate = (row: Row) => boolean

type Value = (row: Row) => number

const TERM = /^(-?)([a-z_]+):(>=|<=|>|<)?(?:'([^']*)'|"([^"]*)"|(\S+))$/
const SECOND = 1000

const COMPARE: Record<string, (value: number, bound: number, width: number) => boolean> = {
  ">=": (value, bound) => value >= bound,
  // Until 2026-10 the fraction counts. https://shopify.dev/changelog/posts/exclusive-timestamp-filters
  ">": (value, bound) => value > bound,
  "<": (value, bound) => value < bound,
  "<=": (value, bound) => value <= bound,
  "=": (value, bound, width) => value >= bound && value < bound + width,
}

/** The field that a customer's creation is searched by has a name of its own. */
export const CUSTOMER_FIELDS: Record<string, Value> = {
  customer_date: (row) => row.created,
  updated_at: (row) => row.updated,
  id: (row) => row.id,
}

export const ORDER_FIELDS: Record<string, Value> = {
  created_at: (row) => row.created,
  updated_at: (row) => row.updated,
  id: (row) => row.id,
}

export function predicateOf(query: string | null | undefined, fields: Record<string, Value>): Predicate {
  const choices = (query ?? "").split(/\s+OR\s+/).map((choice) => allOf(choice, fields))
  return (row) => choices.some((isFound) => isFound(row))
}

function allOf(query: string, fields: Record<string, Value>): Predicate {
  const terms = query.match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? []
  const tests = terms.filter((term) => term !== "AND").map((term) => termOf(term, fields))
  return (row) => tests.every((test) => test(row))
}

/** Shopify ignores a field that it does not know, and finds everything. */
function termOf(term: string, fields: Record<string, Value>): Predicate {
  const [, not, name = "", comparator = "=", single, double, bare] = term.match(TERM) ?? []
  const value = fields[name]
  if (!value) return () => true
  const { bound, width } = boundOf(name, single ?? double ?? bare ?? "", bare !== undefined)
  const compare = COMPARE[comparator]
  return (row) => (compare?.(value(row), bound, width) ?? true) !== (not === "-")
}

/** Without quotes only the date of a time is taken. https://shopify.dev/docs/api/usage/search-syntax */
function boundOf(name: string, text: string, isBare: boolean): { bound: number; width: number } {
  if (name === "id") return { bound: Number(text), width: 1 }
  const date = isBare ? text.slice(0, 10) : text
  const bound = Date.parse(date)
  if (Number.isNaN(bound)) throw new GraphQLError(`Invalid date: ${text}`)
  return { bound, width: date.length > 10 ? SECOND : 86_400_000 }
}
