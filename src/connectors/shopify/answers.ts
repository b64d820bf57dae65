/**
 * What Shopify's answers mean. Failures of GraphQL come with status 200 and say so in `errors`.
 * https://shopify.dev/docs/api/admin-graphql#status_and_error_codes, https://shopify.dev/docs/api/usage/response-codes
 */
import {
  type Account,
  type CollectionNote,
  type PartnerAnswer,
  type PartnerFailure,
  ShapeError,
} from "../kit/define.ts"
import { limited, tokenRefused } from "../kit/failure.ts"
import type { JsonValue } from "../kit/item.ts"
import { retryAfterMs } from "../kit/retry-after.ts"
import { at, flag, isObject, json, number, rows, text } from "../kit/values.ts"
import { type Connection, type ConnectionName, FEEDS } from "./documents.ts"
import { isShop } from "./shop.ts"

const DENIED = "ACCESS_DENIED"

/** "The recommended backoff time is one second." https://shopify.dev/docs/api/usage/limits */
const BACKOFF_MS = 1000

/** For good. */
const MOVED: ReadonlySet<number> = new Set([301, 308])

export const ACCOUNT_QUERY = "query Account { shop { name myshopifyDomain plan { partnerDevelopment } } }"

/** The shop is named by its permanent address: webhooks and installs know no other. */
export function readAccount(answer: PartnerAnswer): Account {
  const shop = at(json(answer.body), "data.shop") ?? null
  const id = text(shop, "myshopifyDomain")
  if (id === null) throw new ShapeError("Shopify's answer does not name the shop.")
  return { id, name: text(shop, "name") ?? id, mode: flag(shop, "plan.partnerDevelopment") ? "test" : "live" }
}

export function classify(status: number, body: unknown, headers: Headers): PartnerFailure | null {
  const answer = json(body)
  if (status >= 200 && status < 300) return ofErrors(answer)
  if (MOVED.has(status)) return moved(headers.get("location"))
  // Shopify says why in `errors`. Without it, what lies between Shopify and us has answered.
  if ((status === 401 || status === 403) && text(answer, "errors") === null) return null
  switch (status) {
    case 401:
      return {
        kind: "auth",
        reason: "Shopify does not accept this access token. The app may have been uninstalled from the shop.",
      }
    case 402:
      return {
        kind: "fault",
        reason: "The shop is frozen: its Shopify plan has to be paid before its data can be read.",
      }
    case 403:
      return { kind: "denied", reason: "Shopify does not let this app read the shop. Check the app's access scopes." }
    case 404:
      return { kind: "fault", reason: "There is no Shopify shop under this address. Check the address." }
    case 423:
      return {
        kind: "fault",
        reason: "Shopify has locked the shop. Its owner can ask Shopify why, and have it unlocked.",
      }
    case 429:
    case 430:
      return limited("Shopify", retryAfterMs(headers))
    default:
      return status >= 400 && status < 500
        ? { kind: "fault", reason: `Shopify refused the request (${status}).` }
        : null
  }
}

/**
 * Whether the credential may not read a connection of the document, or a single order: itself, or a field of it that cannot be null and
 * so takes all with it.
 */
export function accessDenied(body: JsonValue, name: ConnectionName | `o${number}`): boolean {
  const isNothing = !isObject(at(body, `data.${name}`))
  return deniedPaths(body).some((path) => path[0] === name && (path.length === 1 || isNothing))
}

export function deniedNotes(connections: readonly Connection[], collections: ReadonlySet<string>): CollectionNote[] {
  return connections.flatMap(({ name, feeds }) => {
    const reason = `Shopify does not let this app read ${NAMES[name]}. Give it the scope ${NEEDED[name]} and, for an app of the App Store, access to protected customer data.`
    return feeds.filter((collection) => collections.has(collection)).map((collection) => ({ collection, reason }))
  })
}

/** Fields that are kept back row by row: the rows come without them. One note a collection, however many fields. */
export function withheldNotes(body: JsonValue, collections: ReadonlySet<string>): CollectionNote[] {
  const fields = new Map<string, Set<string>>()
  for (const path of deniedPaths(body).filter(({ length }) => length > 1)) {
    const field = path.filter((step) => typeof step === "string").at(-1) ?? ""
    for (const collection of FEEDS[path[0] as ConnectionName] ?? [])
      if (collections.has(collection)) fields.set(collection, (fields.get(collection) ?? new Set()).add(field))
  }
  return [...fields].map(([collection, names]) => ({
    collection,
    reason: `Sent without what Shopify keeps from this app (protected customer data, or a missing scope): ${[...names].sort().join(", ")}`,
  }))
}

/** The fields of a connection's rows that were kept back, by the row's place in its page. */
export function withheldOf(body: JsonValue, name: ConnectionName): Map<number, string[]> {
  const fields = new Map<number, string[]>()
  for (const path of deniedPaths(body)) {
    const [list, edges, row, node, field] = path
    // What is kept back further down leaves the field itself, such as the customer of an order.
    if (path.length !== 5 || list !== name || edges !== "edges" || node !== "node") continue
    if (typeof row === "number" && typeof field === "string") fields.set(row, [...(fields.get(row) ?? []), field])
  }
  return fields
}

/** How long until the bucket holds enough for another request like the one that was answered. */
export function restMs(body: unknown): number {
  const cost = at(json(body), "extensions.cost")
  const [requested, available, rate] = [
    number(cost, "requestedQueryCost"),
    number(cost, "throttleStatus.currentlyAvailable"),
    number(cost, "throttleStatus.restoreRate"),
  ]
  if (requested === null || available === null || rate === null || rate <= 0) return 0
  return Math.max(0, Math.ceil((1000 * (requested - available)) / rate))
}

const NAMES: Record<ConnectionName, string> = {
  customers: "customers",
  orders: "orders",
  draftOrders: "draft orders",
  abandonedCheckouts: "abandoned checkouts",
}

const NEEDED: Record<ConnectionName, string> = {
  customers: "read_customers",
  orders: "read_orders",
  draftOrders: "read_draft_orders",
  abandonedCheckouts: "read_orders",
}

/**
 * A shop whose permanent address was changed answers under the old one with the new one. Shopify knows the shop by its address, and so
 * do we: under another it is another account.
 */
function moved(location: string | null): PartnerFailure | null {
  const host = location !== null && URL.canParse(location) ? new URL(location).hostname : ""
  if (!isShop(host)) return null
  return {
    kind: "fault",
    isMoved: true,
    reason:
      `The shop has moved to ${host}. Enter that address. A source of the old one cannot go on: create one for ${host} that starts ` +
      "on the day of this source's last sync, so that nothing is counted twice, and delete this one.",
  }
}

function ofErrors(answer: JsonValue): PartnerFailure | null {
  const errors = rows(answer, "errors")
  const codes = errors.map((error) => text(error, "extensions.code"))
  const messages = errors.map((error) => text(error, "message") ?? "")
  if (errors.length === 0) return typeof at(answer, "errors") === "string" ? unclear(text(answer, "errors")) : null
  if (codes.includes("THROTTLED")) return limited("Shopify", Math.max(restMs(answer), BACKOFF_MS))
  if (codes.every((code) => code === DENIED)) return null
  if (codes.includes("MAX_COST_EXCEEDED"))
    return { kind: "too_large", reason: "Shopify finds a page of this size too costly." }
  // After some 15 seconds, with status 200 and no code. https://github.com/travis-r6s/gridsome-source-shopify/issues/49
  if (messages.some((message) => /^timeout$/i.test(message)))
    return { kind: "too_large", reason: "Shopify did not answer a page of this size in time." }
  if (codes.includes("SHOP_INACTIVE"))
    return { kind: "fault", reason: "The shop is not active. Its owner can reactivate it in Shopify." }
  if (messages.some((message) => /\bcursor\b/i.test(message))) return tokenRefused("Shopify")
  // Refused before it was run: asking again would not help.
  if (
    codes.some((code) => code !== null && /^[a-z]/.test(code)) ||
    messages.some((message) => /^Field '|syntax error/i.test(message))
  )
    return {
      kind: "fault",
      reason: "Shopify does not understand the request: a mistake on our side. Tell our support.",
    }
  return { kind: "transient", reason: "Shopify could not answer in full." }
}

function unclear(message: string | null): PartnerFailure {
  return { kind: "fault", reason: `Shopify refused the request: ${message?.slice(0, 120) ?? "no reason given"}.` }
}

function deniedPaths(body: JsonValue): JsonValue[][] {
  return rows(body, "errors").flatMap((error) =>
    text(error, "extensions.code") === DENIED ? [rows(error, "path")] : [],
  )
}
