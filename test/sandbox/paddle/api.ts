/**
 * Paddle's API as its documentation has it: lists by id in either direction, one after another; keys, refusals and versions.
 * https://developer.paddle.com/api-reference/overview
 */
import { type Answer, type Call, json } from "../http.ts"
import type { JsonObject } from "../json.ts"
import { type Books, EVENTS, type Row } from "../rest/books.ts"
import { byId, listed } from "../rest/list.ts"

const DAY_MS = 86_400_000
/** "Events older than 90 days aren't retained." */
export const EVENTS_KEPT_DAYS = 90

interface ListRules {
  table: string
  most: number
  usual: number
  /** Parameters that name values, by commas; with what is meant where nothing is asked. */
  equals?: Readonly<Record<string, string | null>>
  /** Parameters that compare times: `created_at[GTE]`. */
  times?: readonly string[]
}

/** https://developer.paddle.com/api-reference/about/pagination: pages of 50 and up to 200, but for these two. */
const LISTS: Readonly<Record<string, ListRules>> = {
  "/events": { table: EVENTS, most: 200, usual: 50 },
  "/customers": { table: "customers", most: 200, usual: 50, equals: { status: "active", id: null, email: null } },
  "/subscriptions": {
    table: "subscriptions",
    most: 200,
    usual: 50,
    equals: { status: null, customer_id: null, id: null },
  },
  "/transactions": {
    ...{ table: "transactions", most: 30, usual: 30, times: ["created_at", "updated_at", "billed_at"] },
    equals: { status: null, customer_id: null, subscription_id: null, id: null, origin: null },
  },
  "/adjustments": {
    ...{ table: "adjustments", most: 50, usual: 10 },
    equals: { action: null, status: null, customer_id: null, transaction_id: null, id: null },
  },
}

const COMPARED: Readonly<Record<string, (time: number, bound: number) => boolean>> = {
  LT: (time, bound) => time < bound,
  LTE: (time, bound) => time <= bound,
  GT: (time, bound) => time > bound,
  GTE: (time, bound) => time >= bound,
}

export interface Seller {
  id: string
  name: string
  environment: "production" | "sandbox"
}

export function answerFor(books: Books, seller: Seller, isKey: (key: string) => boolean): (call: Call) => Answer {
  return (call) => {
    const { pathname } = call.url
    const authorization = call.headers.get("authorization")
    if (pathname === "/" && authorization === null) return root(seller, false)
    if (authorization === null) return refusal(403, "authentication_missing", "Authentication header missing.")
    if (!isKey(authorization.replace("Bearer ", "")))
      return refusal(403, "invalid_token", "Invalid or revoked API key.")
    if (pathname === "/") return root(seller, true)
    const rules = LISTS[pathname]
    return rules ? list(books, rules, call.url) : refusal(404, "not_found", "Endpoint not found.")
  }
}

function root({ id, name, environment }: Seller, isKnown: boolean): Answer {
  const caller = {
    auth_type: isKnown ? "api_key" : null,
    account: isKnown ? { id, name } : null,
    permissions: isKnown ? ["customer.read", "subscription.read", "transaction.read", "adjustment.read"] : [],
  }
  return json(200, { data: { api: { name: "Paddle API", version: "1", environment }, caller }, meta: META })
}

function list(books: Books, rules: ListRules, { origin, pathname, searchParams }: URL): Answer {
  const faults: string[] = []
  const keeps: ((row: Row) => boolean)[] = []
  let isDescending = true
  let size = rules.usual
  let after: string | null = null
  for (const [key, value] of searchParams) {
    const [, name = key, operator = null] = /^(.*)\[([A-Z]+)\]$/.exec(key) ?? []
    const compares = operator === null ? undefined : COMPARED[operator]
    if (key === "after") after = value
    else if (key === "per_page" && /^[1-9]\d*$/.test(value)) size = Math.min(Number(value), rules.most)
    else if (key === "order_by" && /^id\[(ASC|DESC)\]$/.test(value)) isDescending = value === "id[DESC]"
    else if (operator === null && rules.equals && name in rules.equals) keeps.push(isOneOf(name, value))
    else if (compares && rules.times?.includes(name) && !Number.isNaN(Date.parse(value)))
      keeps.push((row) => typeof row[name] === "string" && compares(Date.parse(row[name]), Date.parse(value)))
    else faults.push(key)
  }
  if (faults.length > 0) return refusal(400, "invalid_field", `Request does not pass validation: ${faults.join(", ")}.`)
  for (const [name, usual] of Object.entries(rules.equals ?? {}))
    if (usual !== null && !searchParams.has(name)) keeps.push(isOneOf(name, usual))
  if (rules.table === EVENTS)
    keeps.push(({ occurred_at }) => Date.parse(String(occurred_at)) >= books.now() - EVENTS_KEPT_DAYS * DAY_MS)
  const order = (one: Row, other: Row) => (isDescending ? byId(other, one) : byId(one, other))
  const page = listed(books, {
    table: rules.table,
    keeps: (row) => keeps.every((keep) => keep(row)),
    order,
    size,
    after,
  })
  if (page === null) return refusal(400, "invalid_cursor", "The pagination cursor is invalid or has expired.")
  const next = new URL(pathname, origin)
  for (const [key, value] of searchParams) next.searchParams.set(key, value)
  next.searchParams.set("after", page.rows.at(-1)?.id ?? after ?? "")
  const pagination = { per_page: size, next: next.href, has_more: page.hasMore, estimated_total: page.total }
  return json(200, { data: page.rows.map(presented), meta: { ...META, pagination } })
}

/** An event is known by `event_id`. */
function presented({ id, ...row }: Row): JsonObject {
  return "event_type" in row ? { event_id: id, ...row } : { id, ...row }
}

function isOneOf(name: string, value: string): (row: Row) => boolean {
  const wanted = value.split(",")
  return (row) => wanted.includes(String(row[name]))
}

const META = { request_id: "00000000-0000-0000-0000-000000000000" }

export function refusal(status: number, code: string, detail: string, headers: Record<string, string> = {}): Answer {
  const type = status >= 500 || status === 429 ? "api_error" : "request_error"
  const documentation_url = `https://developer.paddle.com/errors/shared/${code}`
  return json(status, { error: { type, code, detail, documentation_url }, meta: META }, headers)
}
