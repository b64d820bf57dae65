/** Reads values out of a partner's JSON, whatever its shape, and brings them into the units the product uses. */
import { RecordError } from "./define.ts"
import type { Attributes, JsonValue } from "./item.ts"

/** Decimal digits of the currencies that do not have two (ISO 4217). */
const DECIMALS: Readonly<Record<string, number>> = {
  ...{ bif: 0, clp: 0, djf: 0, gnf: 0, isk: 0, jpy: 0, kmf: 0, krw: 0, pyg: 0, rwf: 0, ugx: 0, uyi: 0, vnd: 0, vuv: 0 },
  ...{ xaf: 0, xof: 0, xpf: 0, bhd: 3, iqd: 3, jod: 3, kwd: 3, lyd: 3, omr: 3, tnd: 3 },
}

/** What is left of a parsed body: `unknown` to its sender, JSON to us. */
export function json(body: unknown): JsonValue {
  return (body ?? null) as JsonValue
}

/** The value at a dotted path (`data.object.id`, `items.data.0.price`); undefined where the path leads nowhere. */
export function at(value: JsonValue | undefined, path: string): JsonValue | undefined {
  let here = value
  for (const step of path.split(".")) {
    if (typeof here !== "object" || here === null || !Object.hasOwn(here, step)) return undefined
    here = Array.isArray(here) ? here[Number(step)] : here[step]
  }
  return here
}

/** The string at a path; null for anything else and for an empty one. */
export function text(value: JsonValue | undefined, path: string): string | null {
  const found = at(value, path)
  return typeof found === "string" && found !== "" ? found : null
}

export function number(value: JsonValue | undefined, path: string): number | null {
  const found = at(value, path)
  return typeof found === "number" && Number.isFinite(found) ? found : null
}

export function flag(value: JsonValue | undefined, path: string): boolean {
  return at(value, path) === true
}

export function rows(value: JsonValue | undefined, path: string): JsonValue[] {
  const found = at(value, path)
  return Array.isArray(found) ? found : []
}

export function isObject(value: JsonValue | undefined): value is { [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** As `text`, for what a record cannot do without. */
export function needText(value: JsonValue | undefined, path: string): string {
  const found = text(value, path)
  if (found === null) throw new RecordError(`the record has no ${path}`)
  return found
}

/** As `number`, for what a record cannot do without. */
export function needNumber(value: JsonValue | undefined, path: string): number {
  const found = number(value, path)
  if (found === null) throw new RecordError(`the record has no number in ${path}`)
  return found
}

/** What nobody sees in an address that was pasted: zero-width characters and soft hyphens. */
const INVISIBLE = /[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]/g

/** A person's email as the destination wants it: lower case, composed (NFC), without what nobody sees; null where the text is none. */
export function email(value: string | null): string | null {
  const seen = value?.replace(INVISIBLE, "").trim().toLowerCase().normalize("NFC") ?? ""
  return /^[^\s@]+@[^\s@]+$/.test(seen) ? seen : null
}

export function fromSeconds(seconds: number): number {
  return seconds * 1000
}

/** `2026-08-26T10:00:00.000Z` of whole epoch seconds; null where there are none or no calendar holds them. */
export function isoFromSeconds(seconds: number | null): string | null {
  if (seconds === null || Math.abs(seconds) > 8.64e12) return null
  return new Date(fromSeconds(seconds)).toISOString()
}

/**
 * An amount in the currency's smallest unit as major units: 1234 -> 12.34 USD, 1234 JPY, 1.234 KWD. `exceptions` holds the
 * digits of currencies that the partner counts otherwise than ISO 4217 does.
 */
export function majorUnits(minor: number, currency: string, exceptions: Readonly<Record<string, number>> = {}): number {
  const code = currency.toLowerCase()
  return minor / 10 ** (exceptions[code] ?? DECIMALS[code] ?? 2)
}

/** The attributes that have a value: the destination keeps what it knows of an attribute that is not sent. */
export function present(values: Record<string, JsonValue | undefined>): Attributes {
  const kept: Attributes = {}
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== null && value !== "") kept[name] = value
  }
  return kept
}
