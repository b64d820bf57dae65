/**
 * Requests as data: JSON with places that are filled in for each page, `"{from}"` or `"updated>{from}"`. What has no value is left out,
 * with all that cannot do without it: a query's parameter, a field of a body, and the whole of an object that stands in a list (one
 * filter of several).
 *
 *   {from} {to}   the window's bounds, as the partner writes them
 *   {token}       what the page before said of this one
 *   {size}        rows to ask for
 */
import type { JsonValue, PageRequest } from "../define.ts"

export type Values = Readonly<Record<string, JsonValue | undefined>>

/** Several parts in one parameter, those that can be filled in: Klaviyo's filters, joined by commas. */
export interface Joined {
  join: string
  of: readonly string[]
}

export type QueryTemplate = Readonly<Record<string, string | number | boolean | readonly string[] | Joined>>

const PLACE = /\{([a-z]+)\}/g
const ONLY_PLACE = /^\{([a-z]+)\}$/

export function fillQuery(template: QueryTemplate, values: Values): NonNullable<PageRequest["query"]> {
  const query: NonNullable<PageRequest["query"]> = {}
  for (const [name, part] of Object.entries(template)) {
    const value = filledPart(part, values)
    if (value !== undefined) query[name] = value
  }
  return query
}

function filledPart(part: QueryTemplate[string], values: Values): NonNullable<PageRequest["query"]>[string] {
  if (typeof part === "string") {
    const filled = fillText(part, values)
    return typeof filled === "number" || typeof filled === "boolean" ? filled : asText(filled)
  }
  if (typeof part === "number" || typeof part === "boolean") return part
  if (isJoined(part)) return filledTexts(part.of, values).join(part.join) || undefined
  const texts = filledTexts(part, values)
  return texts.length > 0 ? texts : undefined
}

function isJoined(part: readonly string[] | Joined): part is Joined {
  return "join" in part && typeof part.join === "string"
}

function filledTexts(parts: readonly string[], values: Values): string[] {
  return parts.flatMap((part) => asText(fillText(part, values)) ?? [])
}

/** A list of names is written with commas. */
function asText(value: JsonValue | undefined): string | undefined {
  if (value === undefined || value === null) return undefined
  if (Array.isArray(value)) return value.length > 0 ? value.join(",") : undefined
  return String(value)
}

/** Undefined: nothing is left of it. */
export function fillBody(template: JsonValue, values: Values): JsonValue | undefined {
  return fill(template, values, false)
}

function fill(template: JsonValue, values: Values, isWholeOrNone: boolean): JsonValue | undefined {
  if (typeof template === "string") return fillText(template, values)
  if (typeof template !== "object" || template === null) return template
  if (Array.isArray(template)) {
    return template.flatMap((part) => {
      const filled = fill(part, values, true)
      return filled === undefined ? [] : [filled]
    })
  }
  const filled = Object.entries(template).map(([name, part]) => [name, fill(part, values, isWholeOrNone)] as const)
  const kept = filled.filter((entry): entry is readonly [string, JsonValue] => entry[1] !== undefined)
  if (kept.length === 0 || (isWholeOrNone && kept.length < filled.length)) return undefined
  return Object.fromEntries(kept)
}

/** A text that is nothing but a place takes the value as it is: a number stays one. */
function fillText(text: string, values: Values): JsonValue | undefined {
  const [, only] = ONLY_PLACE.exec(text) ?? []
  if (only !== undefined) return values[only]
  let isWhole = true
  const filled = text.replaceAll(PLACE, (_, name: string) => {
    const value = asText(values[name])
    isWhole &&= value !== undefined
    return value ?? ""
  })
  return isWhole ? filled : undefined
}
