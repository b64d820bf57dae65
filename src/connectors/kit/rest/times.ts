/** How partners write times, in records and in bounds. */
import type { JsonValue } from "../item.ts"
import { at } from "../values.ts"

/**
 * - `iso`: RFC 3339, `2026-04-12T11:30:30.524Z`
 * - `seconds`, `ms`: since the epoch, as numbers or digits
 * - `utc`: `2026-04-12 11:30:30`, meant as UTC
 */
export type TimeForm = "iso" | "seconds" | "ms" | "utc"

/** A time of a record: where it stands and how it is written. */
export interface TimeAt {
  path: string
  form: TimeForm
}

/** Likewise; or, where a path cannot say it, how it is found, epoch ms. */
export type TimeOf = TimeAt | ((record: JsonValue) => number | null)

export const iso = (path: string): TimeAt => ({ path, form: "iso" })
export const seconds = (path: string): TimeAt => ({ path, form: "seconds" })
export const millis = (path: string): TimeAt => ({ path, form: "ms" })
export const utc = (path: string): TimeAt => ({ path, form: "utc" })

const UTC = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/
const DIGITS = /^\d+(\.\d+)?$/

/** Epoch ms, whole; null where there is none. */
export function timeAt(record: JsonValue | undefined, { path, form }: TimeAt): number | null {
  return readTime(at(record, path), form)
}

/** The first of several that the record has. */
export function firstTime(record: JsonValue, places: readonly TimeOf[]): number | null {
  for (const place of places) {
    const time = typeof place === "function" ? place(record) : timeAt(record, place)
    if (time !== null) return time
  }
  return null
}

function readTime(value: JsonValue | undefined, form: TimeForm): number | null {
  if (form === "seconds" || form === "ms") {
    const count = typeof value === "string" && DIGITS.test(value) ? Number(value) : value
    if (typeof count !== "number" || !Number.isFinite(count)) return null
    return Math.floor(form === "seconds" ? count * 1000 : count)
  }
  if (typeof value !== "string" || value === "") return null
  const ms = Date.parse(form === "utc" && UTC.test(value) ? `${value.replace(" ", "T")}Z` : value)
  return Number.isNaN(ms) ? null : ms
}

/** As a partner wants it in a bound. */
export function writeTime(ms: number, form: TimeForm): string | number {
  if (form === "seconds") return Math.floor(ms / 1000)
  if (form === "ms") return ms
  const text = new Date(ms).toISOString()
  return form === "utc" ? text.slice(0, 19).replace("T", " ") : text
}
