/** What several objects are made of. */
import type { Json, JsonObject } from "../../json.ts"

export const NO_ADDRESS = { city: null, country: null, line1: null, line2: null, postal_code: null, state: null }

export function list(url: string, data: Json[], hasMore = false): JsonObject {
  return { object: "list", data, has_more: hasMore, url }
}
