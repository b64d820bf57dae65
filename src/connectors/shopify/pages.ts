/**
 * Pages over several connections at once: all are asked in one document, and only those that have more in the next.
 *
 * Live reading goes newest first by the time of the last change. A row that changes while it is being read moves above the page
 * that is read, and so above the window's bound: the next window reads it. Lists go by creation, which does not change.
 */
import {
  type Page,
  type PageContext,
  type PageRecord,
  type PageRequest,
  type PartnerAnswer,
  ShapeError,
} from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { at, flag, isObject, json, rows, text } from "../kit/values.ts"
import { accessDenied, deniedNotes, withheldNotes, withheldOf } from "./answers.ts"
import {
  CONNECTIONS,
  type Connection,
  type ConnectionName,
  partly,
  type Reading,
  ROWS_MAX,
  ROWS_TOGETHER,
  readDocument,
} from "./documents.ts"
import { graphql, recordOf } from "./graphql.ts"
import { ORDER_COLLECTIONS } from "./order.ts"
import { BEGINNING, type Part, type Progress, readToken, type Token, writeToken } from "./page-token.ts"
import { fitting, nextParts, pageOfParts, partsLeft, requestParts } from "./parts.ts"
import { missingHistory } from "./scopes.ts"
import { type Config, numericId, timeAt } from "./shape.ts"

/**
 * "Shopify limits pagination of arrays of objects to 25,000 objects" (https://shopify.dev/docs/api/usage/limits): before that, a
 * connection is begun anew from where it stands.
 */
const ROWS_OF_A_CURSOR = 20_000

/** What a stream reads, and how. */
export interface Plan {
  mode: "live" | "list"
  connections: readonly ConnectionName[]
  /** The stream's `pageSize`: at it, every connection has its full length. */
  full: number
}

type Context = PageContext<Config>

export function requestOf(plan: Plan, ctx: Context): PageRequest {
  const place = placeOf(plan, ctx)
  const share = shareOf(plan, ctx)
  const parts = nextParts(place, share)
  return parts.length > 0 ? requestParts(parts, share) : requestConnections(plan, place, ctx)
}

export function pageOf(plan: Plan, answer: PartnerAnswer, ctx: Context): Page {
  const place = placeOf(plan, ctx)
  const body = json(answer.body)
  if (!isObject(body) || (at(body, "data") === undefined && rows(body, "errors").length === 0))
    throw new ShapeError("Shopify's answer holds no data.")
  const parts = nextParts(place, shareOf(plan, ctx))
  if (parts.length === 0) return pageOfConnections(plan, place, answer, ctx)
  const names = ["orders", ...parts.map((_, index) => `o${index}` as const)] as const
  if (names.some((name) => accessDenied(body, name))) return withoutOrders(place, ctx)
  return { ...pageOfParts(parts, place, body, ctx.collections), ...deniedOf(place.denied, ctx) }
}

/** The scope was taken away while orders were completed: their parts are not told, which must not look as if there were none. */
function withoutOrders(place: Token, ctx: Context): Page {
  const { orders: _, ...open } = place.open
  const denied: ConnectionName[] = [...place.denied, "orders"]
  return { records: [], next: writeToken({ ...place, open, rest: [], denied }), ...deniedOf(denied, ctx) }
}

/** Of a full page, where pages had to become smaller. */
function shareOf({ full }: Plan, { pageSize }: Context): number {
  return pageSize / full
}

/** Where the page stands: at the beginning of all connections that feed a chosen collection, or where the token says. */
function placeOf(plan: Plan, ctx: Context): Token {
  const read = ctx.pageToken === null ? null : readToken(ctx.pageToken)
  if (read !== null) return read
  const wanted = connectionsOf(plan).filter(
    (connection) => isChosen(connection, ctx) || (plan.mode === "live" && connection.unchosen),
  )
  // A text that is no token of ours is taken for a cursor; Shopify says whether it is one.
  return {
    open: Object.fromEntries(wanted.map(({ name }) => [name, { ...BEGINNING, after: ctx.pageToken }])),
    rest: [],
    edge: null,
    denied: [],
  }
}

function connectionsOf(plan: Plan): Connection[] {
  return CONNECTIONS.filter(({ name }) => plan.connections.includes(name))
}

function isChosen({ feeds }: Connection, { collections }: Context): boolean {
  return feeds.some((name) => collections.has(name))
}

// -------------------------------------------------------------------------------------------------- the connections

interface Asked {
  connection: Connection
  reading: Reading
  progress: Progress
  first: number
  sortKey: string
}

function askedOf(plan: Plan, place: Token, ctx: Context): Asked[] {
  const open = connectionsOf(plan).flatMap((connection) => {
    const progress = place.open[connection.name]
    return progress ? [{ connection, progress }] : []
  })
  return open.map(({ connection: known, progress }) => {
    const connection = isChosen(known, ctx) ? known : { ...known, ...known.unchosen }
    const reading = connection[plan.mode]
    const first = partly(open.length === 1 ? ROWS_MAX : ROWS_TOGETHER, shareOf(plan, ctx))
    return { connection, reading, progress, first, sortKey: reading.sortKey }
  })
}

function requestConnections(plan: Plan, place: Token, ctx: Context): PageRequest {
  const asked = askedOf(plan, place, ctx)
  const variables = asked.flatMap((one) => {
    const { name, lines } = one.connection
    return [
      [`${name}First`, one.first],
      [`${name}After`, one.progress.after],
      [`${name}Query`, filterOf(one, ctx)],
      ...(lines === undefined ? [] : [[`${name}Lines`, partly(lines, shareOf(plan, ctx))]]),
    ]
  })
  return graphql(readDocument(asked, asksScopes(plan, ctx)), Object.fromEntries(variables))
}

/**
 * Bounds in whole seconds, as times are shown; kept are fractions, so that an upper bound takes in the whole second it falls in.
 * https://shopify.dev/changelog/posts/exclusive-timestamp-filters
 */
function filterOf({ reading, progress }: Asked, { window, range }: Context): string | null {
  const { filter, isOrdered } = reading
  const below = isOrdered ? least(window.to, progress.below) : null
  const terms = [
    ...(window.from === null ? [] : [`${filter}:>='${stamp(Math.floor(window.from / 1000))}'`]),
    ...(below === null ? [] : [`${filter}:<'${stamp(Math.ceil(below / 1000))}'`]),
    ...(isOrdered || progress.below === null ? [] : [`created_at:<'${stamp(Math.ceil(progress.below / 1000))}'`]),
    // What has not changed since can tell no fact of the range, however old it is.
    ...(filter === "created_at" && range?.from && window.from !== range.from
      ? [`updated_at:>='${stamp(Math.floor(range.from / 1000))}'`]
      : []),
  ]
  return terms.length > 0 ? terms.join(" ") : null
}

function least(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other
  return Math.min(one, other)
}

function stamp(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z")
}

/** With the first page of old orders. */
function asksScopes(plan: Plan, { pageToken }: Context): boolean {
  return plan.mode === "list" && plan.connections.includes("orders") && pageToken === null
}

interface Read {
  asked: Asked
  records: PageRecord[]
  next: Progress | null
}

function pageOfConnections(plan: Plan, place: Token, answer: PartnerAnswer, ctx: Context): Page {
  const body = json(answer.body)
  const asked = askedOf(plan, place, ctx)
  const refused = asked.filter(({ connection }) => accessDenied(body, connection.name))
  const readable = asked.filter((one) => !refused.includes(one))
  const denied = [...place.denied, ...refused.map(({ connection }) => connection.name)]
  const told = deniedOf(denied, ctx)
  // Shopify's lists are never null: where one is refused, the others of the same document do not come either.
  if (refused.length > 0 && !isObject(at(body, "data"))) {
    const open = Object.fromEntries(readable.map(({ connection, progress }) => [connection.name, progress]))
    return { records: [], next: writeToken({ open, rest: [], edge: null, denied }), ...told }
  }
  const reads = readable.map((one) => readConnection(one, body, ctx))
  const open = Object.fromEntries(reads.flatMap(({ asked, next }) => (next ? [[asked.connection.name, next]] : [])))
  const all = reads.flatMap((read) => read.records)
  const rest = partsLeft(all, ctx.collections)
  const records = frontierLast(all, reads, rest)
  // A run has room for some notes only: first what is missing altogether, then what some of its rows lack.
  const withheld = [
    ...missingHistory(body, answer.headers, ctx, ORDER_COLLECTIONS),
    ...withheldNotes(body, ctx.collections),
  ]
  return {
    records,
    next: writeToken({ open, rest, edge: records.at(-1)?.time ?? null, denied }),
    incomplete: withheld,
    ...told,
  }
}

/** Said with every page of the reading. */
function deniedOf(denied: readonly ConnectionName[], { collections }: Context): Pick<Page, "denied"> {
  const refused = CONNECTIONS.filter(({ name }) => denied.includes(name))
  return refused.length > 0 ? { denied: deniedNotes(refused, collections) } : {}
}

function readConnection(asked: Asked, body: JsonValue, { window, collections }: Context): Read {
  const { connection, reading, progress } = asked
  const edges = at(body, `data.${connection.name}.edges`)
  if (!Array.isArray(edges)) throw new ShapeError(`Shopify's answer holds no ${connection.name}.`)
  const withheld = withheldOf(body, connection.name)
  const found = edges.map((edge, index) => recordOf(at(edge, "node") ?? null, reading.field, withheld.get(index)))
  const all = found.slice(0, fitting(found, collections))
  // The search may be coarser than the bound ("matching a whole day"), so that it is the rows that say where the window ends.
  const isWanted = ({ time }: PageRecord) => window.from === null || time >= 1000 * Math.floor(window.from / 1000)
  const records = all.filter(isWanted)
  const cursor = text(edges[all.length - 1], "cursor")
  const hasMore = all.length < found.length || flag(body, `data.${connection.name}.pageInfo.hasNextPage`)
  const isPast = reading.isOrdered && records.length < all.length
  if (!hasMore || isPast) return { asked, records, next: null }
  if (cursor === null) throw new ShapeError(`Shopify's ${connection.name} go on, and it does not say from where.`)
  return { asked, records, next: advance(progress, cursor, all, reading) }
}

/**
 * The last second is read again when a connection is begun anew, unless nothing but that second was read. A page that ends where it
 * began leaves the token as it was, which stops the reading: counting its rows would make each token another one, without end.
 */
function advance(progress: Progress, after: string, all: readonly PageRecord[], reading: Reading): Progress {
  if (after === progress.after) return progress
  const rows = progress.rows + all.length
  const last = reading.isOrdered ? all.at(-1)?.time : timeAt(all.at(-1)?.body ?? null, "createdAt")
  if (rows < ROWS_OF_A_CURSOR || last === undefined || last === null) return { ...progress, after, rows }
  const below = last + 1000
  if (progress.below !== null && below >= progress.below) return { ...progress, after, rows }
  return { ...progress, after: null, rows: 0, below }
}

/**
 * The page's last record says down to where all has been read, should the window have to be read again from there: the newest end
 * of the lists that go on, or the newest order of which parts are left.
 */
function frontierLast(records: readonly PageRecord[], reads: readonly Read[], rest: readonly Part[]): PageRecord[] {
  const ends = reads.flatMap(({ asked, records, next }) => (next && asked.reading.isOrdered ? records.slice(-1) : []))
  const unfinished = records.filter(({ id }) => rest.some((part) => part.id === numericId(id)))
  const [frontier] = [...ends, ...unfinished].sort((one, other) => other.time - one.time)
  return frontier ? [...records.filter((record) => record !== frontier), frontier] : [...records]
}
