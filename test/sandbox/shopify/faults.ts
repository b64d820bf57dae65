/**
 * How Shopify refuses, and how its lists are paged, for faults. What the Admin API refuses it mostly refuses with status 200.
 * https://shopify.dev/docs/api/admin-graphql#status_and_error_codes, https://shopify.dev/docs/api/usage/response-codes
 */
import type { ActiveFault } from "../faults.ts"
import { type Answer, type Call, html, json } from "../http.ts"
import type { Paging } from "../partner.ts"
import { cost, throttled } from "./api.ts"
import { INACTIVE_REFRESH_TOKEN } from "./oauth.ts"
import { cursorsOf, listsOf, replaceCursors } from "./request.ts"
import type { Shop } from "./shop.ts"

/** A cursor that holds no sort value: Shopify finds it invalid for any order of rows. */
const UNKNOWN_CURSOR = btoa('{"last_id":0}')

/** What a list cannot be read without. */
const SCOPES: Readonly<Record<string, string>> = {
  customers: "read_customers",
  orders: "read_orders",
  draftOrders: "read_draft_orders",
  abandonedCheckouts: "read_orders",
}

export const paging: Paging = {
  asksForPage: (call) => listsOf(call).length > 0,
  hasToken: (call) => cursorsOf(call).length > 0,
  fromStart: (call) => replaceCursors(call, () => null),
  withMore(answer) {
    const body = JSON.parse(answer.body) as { data?: Record<string, { pageInfo?: { hasNextPage: boolean } } | null> }
    for (const list of Object.values(body.data ?? {})) if (list?.pageInfo) list.pageInfo.hasNextPage = true
    return { ...answer, body: JSON.stringify(body) }
  },
}

export function withUnknownCursor(call: Call): Call {
  return replaceCursors(call, () => UNKNOWN_CURSOR)
}

/** The scope that the token is taken to lack; null: the fault is not about one list. */
export function scopeTaken({ name, path = "" }: ActiveFault): string | null {
  return name === "forbidden" ? (SCOPES[path] ?? null) : null
}

export function refusalOfApi({ name, options }: ActiveFault, shop: Shop): Answer | null {
  switch (name) {
    case "rate_limit": {
      const requested = Number(options.seconds) * shop.options.bucket.rate
      const extensions = cost(shop, { left: 0, at: 0 }, requested, null)
      return json(200, { errors: [throttled()], extensions })
    }
    case "rate_limit_bare":
      return html(429, "Too Many Requests")
    case "server_error":
      return json(200, { errors: [internalError()] })
    case "unauthorized":
    case "revoked_key":
      return json(401, unauthorized())
    case "forbidden":
      return json(403, { errors: "[API] This action requires merchant approval for read_orders scope." })
    default:
      return null
  }
}

/** The token endpoint speaks OAuth. */
export function refusalOfTokens({ name, options }: ActiveFault): Answer | null {
  switch (name) {
    case "rate_limit":
      return withRetryAfter(html(429, "Too Many Requests"), Number(options.seconds))
    case "rate_limit_bare":
      return html(429, "Too Many Requests")
    case "unauthorized":
      return json(401, { error: "invalid_client" })
    case "revoked_key":
      return json(401, INACTIVE_REFRESH_TOKEN)
    default:
      return null
  }
}

export function unauthorized() {
  return { errors: "[API] Invalid API key or access token (unrecognized login or wrong password)" }
}

/** https://shopify.dev/docs/api/admin-graphql#status_and_error_codes */
function internalError() {
  const message = "Internal error. Looks like something went wrong on our end."
  return { message, extensions: { code: "INTERNAL_SERVER_ERROR" } }
}

function withRetryAfter(answer: Answer, seconds: number): Answer {
  return { ...answer, headers: { ...answer.headers, "retry-after": String(seconds) } }
}
