/** Stripe's read API over one account: paths, parameters, versions, answers. https://docs.stripe.com/api */
import type { JsonObject } from "../json.ts"
import { type Account, EVENT_RETENTION_S, find, now } from "./account.ts"
import { badRequest, missing, Refusal, unknownUrl } from "./errors.ts"
import { expandAll } from "./expand.ts"
import type { Resource } from "./keys.ts"
import { page } from "./list.ts"
import type { EventRow, Kind, ObjectKind, Rows, SubscriptionRow } from "./model.ts"
import { accountObject } from "./objects/account.ts"
import { deletedCustomer } from "./objects/customer.ts"
import { build } from "./objects.ts"
import { type Params, readParams, within } from "./params.ts"
import { planOf, priceId } from "./plans.ts"
import type { Table } from "./table.ts"
import { render } from "./versions.ts"

const PAGING = ["limit", "starting_after", "ending_before"] as const
/** `types` holds "up to 20 strings containing specific event names". https://docs.stripe.com/api/events/list */
const MAX_TYPES = 20
/** Dates before the named releases, `YYYY-MM-DD.name` since 2024-09-30. */
const VERSION = /^\d{4}-\d{2}-\d{2}(\.[a-z_]+)?$/

interface ListSpec<K extends Kind> {
  kind: K
  noun: string
  plain: readonly string[]
  ranges?: readonly string[]
  lists?: readonly string[]
  /** Filters that compare a parameter with a field. */
  equals: Record<string, (row: Rows[K]) => string | null>
  fits?: (params: Params, account: Account) => (row: Rows[K]) => boolean
  isListed?: (row: Rows[K], account: Account) => boolean
  /** Rows that may serve as cursor, where these are not simply the listed ones. */
  isCursor?: (params: Params) => (row: Rows[K]) => boolean
}

const LISTS: { [R in Exclude<Resource, "account">]: ListSpec<Kind> } = {
  customers: spec("customer", {
    noun: "customer",
    plain: ["email", "test_clock"],
    equals: { email: (row) => row.email },
    isListed: (row) => !row.deleted,
  }),
  subscriptions: spec("subscription", {
    noun: "subscription",
    plain: ["customer", "price", "plan", "status", "collection_method", "test_clock"],
    ranges: ["current_period_start", "current_period_end"],
    equals: { customer: (row) => row.customer, price: priceOf, plan: priceOf },
    isCursor: (params) => statusFilter(params.values.get("status")),
    fits: (params) => {
      const inStatus = statusFilter(params.values.get("status"))
      const start = params.ranges.get("current_period_start")
      const end = params.ranges.get("current_period_end")
      return (row) => inStatus(row) && within(start, row.periodStart) && within(end, row.periodEnd)
    },
  }),
  charges: spec("charge", {
    noun: "charge",
    plain: ["customer", "payment_intent", "transfer_group"],
    equals: { customer: (row) => row.customer, payment_intent: (row) => row.paymentIntent, transfer_group: () => null },
  }),
  refunds: spec("refund", {
    noun: "refund",
    plain: ["charge", "payment_intent"],
    equals: { charge: (row) => row.charge, payment_intent: (row) => row.paymentIntent },
  }),
  invoices: spec("invoice", {
    noun: "invoice",
    plain: ["customer", "subscription", "status", "collection_method"],
    ranges: ["due_date"],
    equals: {
      customer: (row) => row.customer,
      subscription: (row) => row.subscription,
      status: (row) => row.status,
      collection_method: (row) => row.collectionMethod,
    },
    fits: (params) => {
      const due = params.ranges.get("due_date")
      return (row) => due === undefined || (row.dueDate !== null && within(due, row.dueDate))
    },
  }),
  disputes: spec("dispute", {
    noun: "dispute",
    plain: ["charge", "payment_intent"],
    equals: { charge: (row) => row.charge, payment_intent: (row) => row.paymentIntent },
  }),
  events: spec("event", {
    noun: "event",
    plain: ["type", "delivery_success"],
    lists: ["types"],
    equals: {},
    fits: typeFilter,
    isListed: (row, account) => row.created >= now(account) - EVENT_RETENTION_S,
  }),
}

/** Which resource a path reads, for permissions and counters; null: no such path. */
export function resourceOf(path: string): { resource: Resource; id: string | null } | null {
  const [, version, resource = "", id, more] = path.split("/")
  if (version !== "v1" || more !== undefined || id === "") return null
  if (resource === "account") return id === undefined ? { resource, id: null } : null
  return Object.hasOwn(LISTS, resource) ? { resource: resource as Resource, id: id ?? null } : null
}

export function answer(account: Account, method: string, url: URL, version: string): JsonObject {
  const route = resourceOf(url.pathname)
  if (method !== "GET" || !route) throw new Refusal(unknownUrl(method, url.pathname))
  const { resource, id } = route
  if (resource === "account") return retrieve(url, account, version, () => accountObject(account))
  const entry = LISTS[resource]
  return id === null
    ? listPage(account, entry, url, version)
    : retrieve(url, account, version, () => one(account, entry, id, version))
}

/** The version of an answer: the header's, else the account's. */
export function versionOf(account: Account, header: string | null): string {
  if (header === null || header === "") return account.options.version
  if (!VERSION.test(header)) throw new Refusal(badRequest(`Invalid Stripe API version: ${header}`))
  return header
}

function listPage(account: Account, entry: ListSpec<Kind>, url: URL, version: string): JsonObject {
  const params = readParams(url.searchParams, {
    plain: [...PAGING, ...entry.plain],
    ranges: ["created", ...(entry.ranges ?? [])],
    lists: entry.lists ?? [],
  })
  const equal = Object.entries(entry.equals).filter(([name]) => params.values.has(name))
  const also = entry.fits?.(params, account)
  const fits = (row: Rows[Kind]) =>
    equal.every(([name, read]) => read(row) === params.values.get(name)) && (also?.(row) ?? true)
  const table = account.tables[entry.kind] as Table<Rows[Kind]>
  const isListed = (row: Rows[Kind]) => entry.isListed?.(row, account) ?? true
  const { rows, hasMore } = page(
    account,
    table,
    params,
    entry.noun,
    fits,
    isListed,
    entry.isCursor?.(params) ?? isListed,
  )
  const data = rows.map((row) => show(account, entry.kind, row, version))
  const body: JsonObject = { object: "list", data, has_more: hasMore, url: url.pathname }
  expandAll(account, body, params.lists.get("expand") ?? [], version)
  return body
}

function retrieve(url: URL, account: Account, version: string, read: () => JsonObject): JsonObject {
  const params = readParams(url.searchParams, { plain: [] })
  const body = read()
  expandAll(account, body, params.lists.get("expand") ?? [], version)
  return body
}

function one(account: Account, entry: ListSpec<Kind>, id: string, version: string): JsonObject {
  const row = find(account, entry.kind, id)
  if (entry.kind === "customer" && row && "deleted" in row && row.deleted) return deletedCustomer(id)
  const isThere = row !== undefined && row.visibleAt <= now(account) && (entry.isListed?.(row, account) ?? true)
  if (!isThere) throw new Refusal(missing(404, entry.noun, id, "id"))
  return show(account, entry.kind, row, version)
}

function show(account: Account, kind: Kind, row: Rows[Kind], version: string): JsonObject {
  const object =
    kind === "event"
      ? build(account, kind, row as EventRow)
      : render(account, kind as ObjectKind, row as Rows[ObjectKind], version)
  return row.raw ? structuredClone(object) : object
}

/** "If no value is supplied, all subscriptions that have not been canceled are returned." https://docs.stripe.com/api/subscriptions/list */
function statusFilter(status: string | undefined): (row: SubscriptionRow) => boolean {
  if (status === undefined) return (row) => row.status !== "canceled"
  if (status === "all") return () => true
  if (status === "ended") return (row) => row.status === "canceled" || row.status === "incomplete_expired"
  const known = ["active", "canceled", "incomplete", "incomplete_expired", "past_due", "paused", "trialing", "unpaid"]
  if (!known.includes(status)) {
    throw new Refusal(badRequest(`Invalid status: must be one of ${[...known, "all", "ended"].join(", ")}`, "status"))
  }
  return (row) => row.status === status
}

function typeFilter(params: Params): (row: EventRow) => boolean {
  const type = params.values.get("type")
  const types = params.lists.get("types")
  if (type !== undefined && types !== undefined) {
    throw new Refusal(badRequest("You may pass either `type` or `types`, but not both.", "types"))
  }
  if (types && types.length > MAX_TYPES) {
    throw new Refusal(badRequest(`Array types exceeded maximum ${MAX_TYPES} allowed elements.`, "types"))
  }
  if (types) {
    const wanted = new Set(types)
    return (row) => wanted.has(row.type)
  }
  if (type === undefined) return () => true
  if (!type.includes("*")) return (row) => row.type === type
  const pattern = new RegExp(
    `^${type
      .split("*")
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*")}$`,
  )
  return (row) => pattern.test(row.type)
}

function priceOf(row: SubscriptionRow): string {
  return priceId(planOf(row.plan))
}

/** Erases a spec's kind, once it has been checked against that kind's rows. */
function spec<K extends Kind>(kind: K, rest: Omit<ListSpec<K>, "kind">): ListSpec<Kind> {
  return { kind, ...rest } as unknown as ListSpec<Kind>
}
