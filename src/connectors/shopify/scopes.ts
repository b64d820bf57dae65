/** What the app may see of a shop. https://shopify.dev/docs/api/usage/access-scopes */
import type { CollectionNote, PageContext } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { at, rows, text } from "../kit/values.ts"

const DAY_MS = 86_400_000

/**
 * The least that the collections need: customers, orders with their transactions, refunds and abandoned checkouts, draft orders,
 * and the product of a line. `read_all_orders` is not asked for, since Shopify refuses an app that is not approved for it.
 */
export const SCOPES = ["read_customers", "read_orders", "read_draft_orders", "read_products"]

const ALL_ORDERS = "read_all_orders"
const SHOWN_DAYS = 60

export const HISTORY_LIMIT =
  "Orders older than 60 days are not read: the app lacks the scope read_all_orders. Once Shopify has approved it and you have signed in again, a resync reads them."

/** Says so where old orders were asked for and the credential lacks the scope. */
export function missingHistory(
  body: JsonValue,
  headers: Headers,
  ctx: Pick<PageContext<unknown>, "range" | "collections">,
  collections: readonly string[],
): CollectionNote[] {
  const scopes = at(body, "data.currentAppInstallation.accessScopes")
  const now = Date.parse(headers.get("date") ?? "")
  if (!Array.isArray(scopes) || Number.isNaN(now) || !ctx.range) return []
  const seesAll = rows(body, "data.currentAppInstallation.accessScopes").some(
    (scope) => text(scope, "handle") === ALL_ORDERS,
  )
  if (seesAll || (ctx.range.from ?? 0) >= now - SHOWN_DAYS * DAY_MS) return []
  return collections
    .filter((name) => ctx.collections.has(name))
    .map((collection) => ({ collection, reason: HISTORY_LIMIT }))
}
