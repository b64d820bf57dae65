/** Conditions on a record: as data, or, where that cannot say it, as a function. */
import type { JsonValue } from "../item.ts"
import { at } from "../values.ts"

/**
 * By dotted path: the values that are meant, or whether there has to be one (`present`, `absent`). All of them must hold.
 *
 *   { action: ["refund"], status: ["approved"], canceled_at: "absent" }
 */
export type Condition =
  | Readonly<Record<string, readonly JsonValue[] | "present" | "absent">>
  | ((record: JsonValue) => boolean)

export function isTrueOf(condition: Condition, record: JsonValue): boolean {
  if (typeof condition === "function") return condition(record)
  return Object.entries(condition).every(([path, wanted]) => {
    const value = at(record, path)
    const isThere = value !== undefined && value !== null && value !== ""
    if (wanted === "present" || wanted === "absent") return isThere === (wanted === "present")
    return wanted.includes(value ?? null)
  })
}
