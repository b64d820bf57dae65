/**
 * An ordinary list endpoint, as data: how it is asked, how it goes on, what its rows' times mean, and what they tell. It becomes a live
 * stream (rows by their last change), a backfill stream (by creation), or both.
 */
import {
  type NormalizeContext,
  type Normalized,
  type Page,
  type PageContext,
  type PageRecord,
  type PageRequest,
  type PartnerAnswer,
  type Parts,
  ShapeError,
  type Stream,
} from "../define.ts"
import { ALIAS, type JsonValue } from "../item.ts"
import { readEach } from "../tell-each.ts"
import { at, json } from "../values.ts"
import { addressed, isAddressed, type Paging, tokenOfNext } from "./paging.ts"
import { idAt, type PeopleRule } from "./people.ts"
import type { Telling, Tells } from "./tells.ts"
import { fillBody, fillQuery, type QueryTemplate, type Values } from "./template.ts"
import { type TimeAt, type TimeForm, timeAt, writeTime } from "./times.ts"

/** How a list is asked for and goes on. */
export interface List {
  path: string
  /** With places to fill in; see template.ts. */
  query?: QueryTemplate
  /** Likewise; the request is then a POST. */
  body?: JsonValue
  /** Dotted path of the rows, `""` for the answer itself; or, where a path cannot say it, how they are found. */
  rows: string | ((body: JsonValue) => JsonValue | undefined)
  /** Dotted path of a row's id. Left out: `id`. */
  id?: string
  paging: Paging
  pageSize: number
  /** The bucket of `limits.buckets` that its calls count against. */
  bucket?: string
}

/** The rows of a list by one of their times. */
export interface Reading {
  time: TimeAt
  /** In which order the list really gives them. */
  order: "newest" | "oldest" | "none"
  /** What is asked for beside the list's own query. */
  query?: QueryTemplate
  body?: JsonValue
  /** How bounds are written. Left out: as the time itself is. */
  form?: TimeForm
  /**
   * How the partner understands its lower bound, which is widened by as much: rows at the bound are in (`inclusive`), are not, or begin so
   * many days after it. `none`: it cannot be given, so that pages are read from the newest on and end below it.
   */
  lower: "inclusive" | "exclusive" | { days: number } | "none"
  /** Whether an upper bound can be given: `none`, rows above it are passed over. Left out: it can. */
  upper?: "none"
}

export interface Live extends Reading {
  /** How late the partner may show a change. */
  lagSeconds: number
  /** A row that changes comes again with all that it told before: lists by last update. Left out: true. */
  isShownAgain?: boolean
  /** How far back the list reaches. */
  keptDays?: number
}

export interface History extends Reading {
  /** How long after its creation a row may tell a fact; `all`: whenever. */
  reach: "all" | { days: number }
  /** How far back the list reaches. */
  keptDays?: number
  /** A long list may be cut into ranges of creation time that are read side by side. */
  isCut?: true
}

export interface Resource extends List {
  /** Lower-case; names the streams. */
  name: string
  title: string
  live?: Live
  history?: History
  tells: readonly Tells[]
}

/** What the connector says of all its streams. */
export interface Frame {
  connector: string
  title: string
  people: PeopleRule
  payments: string | null
  /** What the partner's times are cut to, ms. */
  granularityMs: number
}

const LOOKBACK_LEAST_S = 300
const DAY_MS = 86_400_000

export function streamsOf(resource: Resource, frame: Frame): Stream<unknown>[] {
  const { name, live, history, tells } = resource
  const told = collectionsIn(tells)
  return [
    ...(live ? [liveStream(resource, live, told, frame)] : []),
    ...(history ? [historyStream(live ? `${name}_history` : name, resource, history, told, frame)] : []),
  ]
}

function liveStream(resource: Resource, live: Live, collections: string[], frame: Frame): Stream<unknown> {
  const isShownAgain = live.isShownAgain ?? true
  return {
    ...common(resource, live, frame, isShownAgain),
    name: resource.name,
    mode: "live",
    collections,
    lookbackSeconds: Math.max(LOOKBACK_LEAST_S, 2 * live.lagSeconds),
    ...(isShownAgain && { sortedByUpdate: true as const }),
    ...(live.keptDays !== undefined && { retentionDays: live.keptDays }),
  }
}

function historyStream(
  name: string,
  resource: Resource,
  history: History,
  collections: string[],
  frame: Frame,
): Stream<unknown> {
  const parts: Parts = { by: "created", granularityMs: frame.granularityMs }
  return {
    ...common(resource, history, frame, false),
    name,
    mode: "backfill",
    collections,
    lookbackSeconds: 0,
    reach: history.reach,
    ...(history.keptDays !== undefined && { reachesBackDays: history.keptDays }),
    ...(history.isCut && { parts }),
  }
}

type Common = Pick<
  Stream<unknown>,
  "title" | "pageSize" | "order" | "bucket" | "scroll" | "unbounded" | "request" | "page" | "normalize"
>

function common(resource: Resource, reading: Reading, frame: Frame, isShownAgain: boolean): Common {
  const { title, pageSize, bucket, paging, tells } = resource
  return {
    title,
    pageSize,
    ...(reading.order !== "newest" && { order: reading.order }),
    ...(paging.kind === "scroll" && { scroll: true as const }),
    ...(bucket !== undefined && { bucket }),
    ...(reading.lower === "none" && { unbounded: true as const }),
    request: (ctx) => requestFor(resource, reading, frame, ctx),
    page: (answer, ctx) => pageOf(resource, reading, frame, answer, ctx),
    normalize: ({ body }, ctx) => tellAll(tells, body, tellingOf(frame, ctx, isShownAgain)),
  }
}

// ------------------------------------------------------------------------------------------------------------ requests

export function requestFor(list: List, reading: Reading, frame: Frame, ctx: PageContext<unknown>): PageRequest {
  const values = valuesOf(reading, frame, ctx)
  const query = { ...list.query, ...reading.query }
  if (ctx.pageToken !== null && isAddressed(list.paging)) return addressed(ctx.pageToken, sizesIn(query, ctx.pageSize))
  const body = { ...(list.body as object), ...(reading.body as object) }
  const filled = list.body === undefined && reading.body === undefined ? undefined : (fillBody(body, values) ?? {})
  return {
    path: list.path,
    ...(Object.keys(query).length > 0 && { query: fillQuery(query, values) }),
    ...(filled !== undefined && { body: filled }),
  }
}

function valuesOf(
  { time, form = time.form, lower, upper }: Reading,
  { granularityMs }: Frame,
  ctx: PageContext<unknown>,
): Values {
  const { window, pageToken, pageSize } = ctx
  const floor =
    window.from === null || lower === "none" ? null : cut(window.from, granularityMs) - widenedBy(lower, granularityMs)
  const ceiling = window.to === null || upper === "none" ? null : cut(window.to + granularityMs - 1, granularityMs)
  return {
    from: floor === null ? undefined : writeTime(floor, form),
    to: ceiling === null ? undefined : writeTime(ceiling, form),
    token: pageToken ?? undefined,
    size: pageSize,
  }
}

function widenedBy(lower: Exclude<Reading["lower"], "none">, granularityMs: number): number {
  if (lower === "inclusive") return 0
  return lower === "exclusive" ? granularityMs : lower.days * DAY_MS
}

function cut(ms: number, granularityMs: number): number {
  return granularityMs * Math.floor(ms / granularityMs)
}

function sizesIn(query: QueryTemplate, size: number): Record<string, string> {
  const sized = Object.entries(query).filter(([, part]) => part === "{size}")
  return Object.fromEntries(sized.map(([name]) => [name, String(size)]))
}

// --------------------------------------------------------------------------------------------------------------- pages

export function pageOf(
  list: List,
  reading: Reading,
  { title }: Frame,
  answer: PartnerAnswer,
  ctx: PageContext<unknown>,
): Page {
  const body = json(answer.body)
  const listed = rowsIn(body, list.rows)
  if (!Array.isArray(listed)) throw new ShapeError(`${title}'s answer is not the list that was asked for.`)
  const rows = placed(listed, list, reading, title)
  const turn = { answer, ids: rows.map(({ id }) => id), size: ctx.pageSize, token: ctx.pageToken, title }
  const { from, to } = ctx.window
  const records = rows.filter(
    ({ time }) => time >= (from ?? Number.NEGATIVE_INFINITY) && time < (to ?? Number.POSITIVE_INFINITY),
  )
  return { records, next: isPast(rows, reading, ctx) ? null : tokenOfNext(list.paging, turn) }
}

function rowsIn(body: JsonValue, rows: List["rows"]): JsonValue | undefined {
  if (typeof rows === "function") return rows(body)
  return rows === "" ? body : at(body, rows)
}

/** Beyond the end of its window a list that is in order holds nothing that is meant. */
function isPast(
  rows: readonly PageRecord[],
  { order }: Reading,
  { window: { from, to } }: PageContext<unknown>,
): boolean {
  const last = rows.at(-1)
  if (!last || order === "none") return false
  return order === "newest" ? from !== null && last.time < from : to !== null && last.time >= to
}

/**
 * A row that lacks its time stands where the one before it does, or the first that has one: a list would never get past it otherwise.
 * What it tells is its own business.
 */
function placed(
  listed: readonly JsonValue[],
  { id: path = "id" }: List,
  { time: place }: Reading,
  title: string,
): PageRecord[] {
  const times = listed.map((row) => timeAt(row, place))
  let time = times.find((one) => one !== null) ?? null
  return listed.map((row, index) => {
    const id = idAt(row, path)
    time = times[index] ?? time
    if (id === null || time === null)
      throw new ShapeError(`${title} sent a row without ${id === null ? path : place.path}.`)
    return { id, time, body: row }
  })
}

// --------------------------------------------------------------------------------------------------------- normalizing

export function tellAll(tells: readonly Tells[], row: JsonValue, telling: Telling): Normalized {
  return readEach(
    tells.map(({ collection, read }) => ({ collection: collection.name, read: () => read(row, telling) })),
  )
}

export function tellingOf(frame: Frame, ctx: NormalizeContext<unknown>, isShownAgain: boolean): Telling {
  const { connector, people, payments } = frame
  return { ...ctx, connector, people, payments, isShownAgain: isShownAgain && ctx.via !== "list" }
}

/** A stream that tells people joins their ids, and is read for that alone where they are switched off. */
export function collectionsIn(tells: readonly Tells[]): string[] {
  const names = [...new Set(tells.map(({ collection }) => collection.name))]
  const hasPeople = tells.some(({ isAboutPeople }) => isAboutPeople)
  return hasPeople ? [...names, ALIAS] : names
}
