/** JSON values, and the difference of two of them as Stripe writes it. */

export type Json = null | boolean | number | string | Json[] | JsonObject

export interface JsonObject {
  [key: string]: Json
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/**
 * What `after` replaced, as an event's `previous_attributes` tells it: only what changed, nested hashes reduced likewise,
 * lists whole, null for what was absent. Null when nothing changed.
 */
export function previousAttributes(before: JsonObject, after: JsonObject): JsonObject | null {
  const changed: JsonObject = {}
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const was = before[key] ?? null
    const is = after[key] ?? null
    if (isObject(was) && isObject(is)) {
      const inner = previousAttributes(was, is)
      if (inner) changed[key] = inner
    } else if (JSON.stringify(was) !== JSON.stringify(is)) {
      changed[key] = was
    }
  }
  return Object.keys(changed).length > 0 ? changed : null
}
