/**
 * The attribute table of a collection: a row a field, with where its value stands, what it is and a sentence for the catalogue. Schema,
 * mapping, catalogue and docs derive from it.
 */
import { z } from "zod"
import type { Attributes, JsonValue } from "../item.ts"
import { at, email, isObject, majorUnits, present } from "../values.ts"
import { type TimeForm, timeAt } from "./times.ts"

/** A dotted path into the record, or, where a path cannot say it, how the value is found. */
export type From = string | ((record: JsonValue) => JsonValue | undefined)

type Kind = "text" | "email" | "currency" | "number" | "flag" | "texts" | "time" | "minor" | "major"

export interface Field {
  kind: Kind
  from: From
  about: string
  /** Times: how they are written. */
  form?: TimeForm
  /** Amounts in minor units: where their currency stands. */
  currency?: string
}

export type Fields = Readonly<Record<string, Field>>

export const text = (from: From, about: string): Field => ({ kind: "text", from, about })
/** A person's address, as the destination wants it. */
export const address = (from: From, about: string): Field => ({ kind: "email", from, about })
/** A currency's three letters, lower case. */
export const currency = (from: From, about: string): Field => ({ kind: "currency", from, about })
/** A number, or text that is one. */
export const number = (from: From, about: string): Field => ({ kind: "number", from, about })
export const flag = (from: From, about: string): Field => ({ kind: "flag", from, about })
/** A list of texts. */
export const texts = (from: From, about: string): Field => ({ kind: "texts", from, about })
/** Told as ISO 8601 in UTC. */
export const time = (from: From, about: string, form: TimeForm = "iso"): Field => ({ kind: "time", from, about, form })
/** An amount that the partner counts in the currency's smallest unit, as a number or as digits. */
export const minor = (from: From, currency: string, about: string): Field => ({ kind: "minor", from, about, currency })
/** An amount in major units, as a number or as text. */
export const major = (from: From, about: string): Field => ({ kind: "major", from, about })

const AMOUNT = /^-?\d+(\.\d+)?$/

/** Every attribute that has a value. */
export function attributesOf(fields: Fields, record: JsonValue): Attributes {
  return present(Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, attributeOf(field, record)])))
}

function attributeOf(field: Field, record: JsonValue): JsonValue | undefined {
  const { kind, from } = field
  const found = typeof from === "string" ? at(record, from) : from(record)
  switch (kind) {
    case "text":
      return typeof found === "string" || typeof found === "number" ? String(found) : undefined
    case "email":
      return typeof found === "string" ? (email(found) ?? undefined) : undefined
    case "currency":
      return typeof found === "string" ? found.toLowerCase() : undefined
    case "number":
    case "major":
      return amount(found)
    case "flag":
      return typeof found === "boolean" ? found : undefined
    case "texts":
      return Array.isArray(found) ? listOf(found) : undefined
    case "time":
      return timeOf(found, field.form ?? "iso")
    case "minor":
      return minorOf(found, at(record, field.currency ?? ""))
  }
}

function amount(value: JsonValue | undefined): number | undefined {
  const count = typeof value === "string" && AMOUNT.test(value) ? Number(value) : value
  return typeof count === "number" && Number.isFinite(count) ? count : undefined
}

/** Without its currency an amount says nothing. */
function minorOf(value: JsonValue | undefined, currency: JsonValue | undefined): number | undefined {
  const count = amount(value)
  return count !== undefined && typeof currency === "string" ? majorUnits(count, currency) : undefined
}

function timeOf(value: JsonValue | undefined, form: TimeForm): string | undefined {
  const ms = timeAt({ value: value ?? null }, { path: "value", form })
  return ms === null || Math.abs(ms) > 8.64e15 ? undefined : new Date(ms).toISOString()
}

function listOf(values: readonly JsonValue[]): string[] | undefined {
  const kept = values.flatMap((value) =>
    typeof value === "string" || typeof value === "number" ? [String(value)] : [],
  )
  return kept.length > 0 ? kept : undefined
}

/** What the catalogue shows, and what every item is held to. `custom`: of attributes that the account itself has named. */
export function schemaOf(fields: Fields, custom?: string): z.ZodObject {
  const shape = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, typeOf(field).optional()]))
  if (custom === undefined) return z.strictObject(shape)
  return z.object(shape).catchall(z.union([z.string(), z.number(), z.boolean()]).describe(custom))
}

function typeOf({ kind, about }: Field): z.ZodType {
  switch (kind) {
    case "number":
    case "minor":
    case "major":
      return z.number().describe(about)
    case "flag":
      return z.boolean().describe(about)
    case "texts":
      return z.array(z.string()).describe(about)
    case "time":
      return z.iso.datetime().describe(about)
    case "currency":
      return z
        .string()
        .regex(/^[a-z]{3,}$/)
        .describe(about)
    default:
      return z.string().describe(about)
  }
}

/** Plain values of a dictionary that the account fills as it likes, each under the prefix. */
export function customValues(record: JsonValue, path: string, prefix: string): Attributes {
  const found = at(record, path)
  if (!isObject(found)) return {}
  const plain = Object.entries(found).filter(([, value]) => ["string", "number", "boolean"].includes(typeof value))
  return present(Object.fromEntries(plain.map(([name, value]) => [`${prefix}${name}`, value])))
}
