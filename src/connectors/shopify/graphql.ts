/** Requests to the Admin API's one address, and the rows of its answers. */
import { type PageRecord, type PageRequest, ShapeError } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { isObject, text } from "../kit/values.ts"
import { timeAt } from "./shape.ts"

/** https://shopify.dev/docs/api/usage/versioning */
export const SHOPIFY_VERSION = "2026-07"

/** https://shopify.dev/docs/apps/build/authentication-authorization/app-installation/uninstall-app-api-request */
export const UNINSTALL = "mutation Uninstall { appUninstall { app { id } userErrors { field message } } }"

const PATH = `/admin/api/${SHOPIFY_VERSION}/graphql.json`

export function graphql(query: string, variables: Record<string, JsonValue> = {}): PageRequest {
  return { method: "POST", path: PATH, body: { query, variables } }
}

/** `withheld`: fields that are null because the app may not see them, which is another thing than to have no value. */
export function recordOf(
  node: JsonValue,
  field: "createdAt" | "updatedAt",
  withheld: readonly string[] = [],
): PageRecord {
  const [id, time] = [text(node, "id"), timeAt(node, field)]
  if (id === null || time === null) throw new ShapeError("Shopify's list holds a row without id or time.")
  if (withheld.length === 0 || !isObject(node)) return { id, time, body: node }
  const shown = Object.entries(node).filter(([name]) => !withheld.includes(name))
  return { id, time, body: Object.fromEntries(shown) }
}
