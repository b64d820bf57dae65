/**
 * What a connector is: one typed object that reads top to bottom like a fact sheet of the partner's API. It contains no fetch,
 * no loop, no token and no try; the pipeline asks, pages, retries and reports. What only one partner needs is a named function
 * at the foot of that partner's file.
 */
import type { z } from "zod"
import type { Account, PartnerFailure } from "./failure.ts"
import type { Attributes, CollectionKind, Identity, JsonValue, PendingKey } from "./item.ts"

export type { Account, LimitScope, PartnerFailure } from "./failure.ts"
export type { Attributes, CollectionKind, Identity, Item, JsonValue, PendingKey, Reject } from "./item.ts"

// ---------------------------------------------------------------------------------------------- requests and pages

/** A request relative to the connector's base URL; the pipeline adds authentication, timeout and size limit. */
export interface PageRequest {
  method?: "GET" | "POST"
  /** Starts with `/`. */
  path: string
  /** Repeated keys are sent as given: `{ "types[]": ["a", "b"] }` becomes `types[]=a&types[]=b`. Undefined is left out. */
  query?: Record<string, string | number | boolean | readonly string[] | undefined>
  /** Sent as JSON. */
  body?: JsonValue
  headers?: Record<string, string>
}

/** The partner's answer, already known to be a 2xx of a bounded size whose body parsed as JSON. */
export interface PartnerAnswer {
  body: unknown
  headers: Headers
}

/** Half-open range of the stream's order field, epoch ms. Null: without that bound. */
export interface Window {
  from: number | null
  to: number | null
}

/** Everything a request may depend on. */
export interface PageContext<Config> {
  config: Config
  account: Account
  /** The collections the user chose, of those the stream feeds. */
  collections: ReadonlySet<string>
  window: Window
  /** Backfill: the fact times it is read for, where the window reaches further back; a list may leave out what is older. */
  range?: Window
  /** What the previous page's `next` said; null for the first page of a window. */
  pageToken: string | null
  /** Rows to ask for, at most the stream's `pageSize`; halved when an answer was over the size limit. */
  pageSize: number
}

/** One record of a page: the partner's object, untouched, with what the pipeline needs to know of it. */
export interface PageRecord {
  id: string
  /** Epoch ms: the record's place in the stream's order field (a feed event's time, a list object's creation). */
  time: number
  body: JsonValue
}

export interface Page {
  records: PageRecord[]
  /**
   * Opaque to the pipeline, at most 4,000 bytes; null when the window has been read whole. It may be the same for every page
   * (scroll APIs): only the same token with the same records is reading in circles.
   */
  next: string | null
  /** Collections that the credential may not read, where the others of the same request go on. */
  denied?: CollectionNote[]
  /** What the partner keeps back of a collection that it lets us read: told to the user with the run. */
  incomplete?: CollectionNote[]
}

/** Something the user should know of a collection, in a sentence. */
export interface CollectionNote {
  collection: string
  reason: string
}

// --------------------------------------------------------------------------------------------------- normalizing

/** What a connector says of one row; the kit adds key, version, place and the fields the user added. */
export interface Draft extends Identity {
  collection: string
  /** The partner's record id. */
  id: string
  /** Events only: which fact of the record (`succeeded`, `paid`); together with `id` it is the item's key. */
  fact?: string
  /** Epoch ms. Events: when the fact became true. Objects: leave out. */
  time?: number
  /** Epoch ms: objects whose record carries the partner's update time. Left out: the feed's or the asking time is used. */
  version?: number
  /**
   * Epoch ms, events: the latest time at which the feed may first show the fact, at least its own time. For live streams whose
   * records come again with facts they told before (orders, by the time of their last change): a fact announced below the
   * watermark has been read, unless its key is pending. Left out: the record's time.
   */
  announcedAt?: number
  /** Events: the attributes of the fact. */
  data?: Attributes
  /** Objects only. */
  userAttributes?: Attributes
  /** Objects only. */
  accountAttributes?: Attributes
  /**
   * Objects only: attributes that the partner has no value for any more, where it names what changed; `absent` where it does not: every
   * documented one that is not among the attributes. Heeded only in live readings, and only of attributes with the partner's prefix.
   */
  cleared?: readonly string[] | "absent"
  /** A person's former or other id, to be joined to `userId`: yields one `alias` item. */
  formerUserId?: string
  /** The partner's own object, where the record wraps it (a feed's event): the fields the user added are read from it. */
  from?: JsonValue
}

export interface Normalized {
  drafts: Draft[]
  /** Facts of the record that could not be read, and why, where others could (see tell-each.ts). */
  unreadable?: { collection: string; reason: string }[]
  /** Keys whose fact the record cannot tell yet. */
  pending?: PendingKey[]
  /** Keys that will never become a fact (an expired authorization): forgotten from the open ones. None that is told here. */
  closed?: { collection: string; key: string }[]
}

export interface NormalizeContext<Config> {
  config: Config
  account: Account
  collections: ReadonlySet<string>
  /** `email`: people are their lower-case email where known. `partnerId`: always the partner's id. */
  identity: "email" | "partnerId"
  /** How the record was come by. Nothing reads by `webhook` yet: stored state knows the word already. */
  via: "feed" | "list" | "webhook"
  /** Answers to `lookup`, in the order of its requests. */
  followed: readonly unknown[]
  /** Epoch ms on the partner's clock: when the record's page was asked for. */
  asked: number
}

/** Thrown by `normalize` when a record cannot become items; the record goes to quarantine with this reason, in the user's words. */
export class RecordError extends Error {
  override name = "RecordError"
}

/**
 * Thrown by `page` when a 2xx body is not what the partner documents, and by `normalize` when the partner does not show yet what
 * a record announces; the page is asked again later, nothing is skipped.
 */
export class ShapeError extends Error {
  override name = "ShapeError"
}

// -------------------------------------------------------------------------------------------------------- streams

/**
 * One upstream request chain with its own cursor. A `live` stream is read from its watermark on every run; a `backfill` stream is
 * read by backfills, newest first, for a range of fact times.
 */
export interface Stream<Config> {
  name: string
  title: string
  mode: "live" | "backfill"
  /** Names of the collections it feeds. */
  collections: readonly string[]
  /** Rows a page holds at most. */
  pageSize: number
  /**
   * In which order a window's records come, by the order field. Left out: newest first. `none`: in no order at all (scrolls); a window
   * whose page token is refused is then read again from its beginning. Objects only.
   */
  order?: "newest" | "oldest" | "none"
  /**
   * The partner keeps the place itself, and each request with the token moves on: a page whose answer was lost is not shown again. The
   * window is then read again from its beginning. Such a list counts as one in no order.
   */
  scroll?: true
  /**
   * The query cannot be bounded by time: pages are read from the newest on, what lies above the window is passed over, and the page that
   * comes below it is the last.
   */
  unbounded?: true
  /** The bucket of `limits.buckets` that its calls count against. Left out: the partner's one rate. */
  bucket?: string
  /**
   * Live: how late the partner may show an event, seconds, at least 300. Read again below the cursor on every run.
   * Backfill: 0.
   */
  lookbackSeconds: number
  /**
   * Live: by how much reading begins before the source was connected. For records that are dated by their beginning and shown only
   * later: what is shown after a list was read, and began before live reading did, would be in neither.
   */
  startsBackSeconds?: number
  /**
   * Live: the list is sorted by last update, and a record shows all of its facts each time. One that is updated while pages are read
   * moves above them, out of the window: its facts come with the next window, whatever their time.
   */
  sortedByUpdate?: true
  /** Live: how far back the feed reaches. Beyond it, a gap backfill reads the lists instead. */
  retentionDays?: number
  /**
   * Backfill: how far before the range of fact times the list's own order field must be read, to find facts that came true
   * later. `all`: records of every age. `{ days }`: no fact comes later than that after the order field.
   */
  reach?: "all" | { days: number }
  /**
   * Backfill: records are dated by their beginning, and first listed up to so long after it (a checkout that is still going on). A backfill
   * reads the list that much further back, for what was first listed in its range: the `announcedAt` of such a fact is the last
   * time at which that may be.
   */
  listedWithinDays?: number
  /** Backfill: how far back a list can be read at all (a feed used as a list). Facts before are reported as `incomplete`. */
  reachesBackDays?: number
  /**
   * How a record that always makes the partner fail is passed, so that it does not end the reading of all that comes after it. Left out:
   * it is not passed, and the stream stands still there, visibly.
   */
  stepOver?: StepOver
  /**
   * Backfill: a long list may be cut into ranges of the order field that are read side by side. Left out: it is read page after page,
   * as where calls are not what limits it.
   */
  parts?: Parts
  /** The request of the next page. Windows are half-open in ms; translate to the partner's own units and inclusiveness. */
  request(ctx: PageContext<Config>): PageRequest
  page(answer: PartnerAnswer, ctx: PageContext<Config>): Page
  /** How records are completed, where the partner's feed leaves out what identity needs. */
  lookup?: {
    /** Whether the record lacks something. One that was completed in an earlier window is passed over when it is read again. */
    isNeeded(record: PageRecord): boolean
    /** A bounded number of further requests (at most LOOKUPS_MAX a page) that complete these records. Never one a record. */
    requests(records: readonly PageRecord[], ctx: PageContext<Config>): PageRequest[]
  }
  normalize(record: PageRecord, ctx: NormalizeContext<Config>): Normalized
  /** The collection that a record counts against when it cannot be normalized. Left out: the stream's first chosen one. */
  collectionOf?(record: PageRecord): string
}

/**
 * By time: the records come strictly newest first by the order field, from one list, and a window may begin and end at any multiple
 * of the granularity. What is passed is the stretch of that length in which the record stands.
 */
export interface StepOver {
  by: "time"
  granularityMs: number
}

/**
 * The order field is the creation time, which never changes; the records come strictly newest first; a window may begin and end at
 * any multiple of the granularity; and a page token stays good when the window's lower bound is raised.
 */
export interface Parts {
  by: "created"
  granularityMs: number
}

/** The most further requests `lookup` may name for one page. */
export const LOOKUPS_MAX = 5

// ----------------------------------------------------------------------------------------------------- collections

export interface Collection {
  name: string
  title: string
  /** A sentence a marketer understands: what a row is and when it appears. */
  description: string
  kind: CollectionKind
  /** On unless the user turns it off. */
  default: boolean
  /** The documented attribute table: every attribute an item of this collection may carry, each with `.describe()`. */
  schema: z.ZodObject
}

// --------------------------------------------------------------------------------------------------- authentication

/** A plain secret, and what it is: a key that a user pasted, or an access token that the partner granted. */
export interface Credential {
  kind: "key" | "accessToken"
  value: string
}

export interface ApiKeyAuth {
  kind: "apiKey"
  /** Field label and help for the console's form. */
  label: string
  help: string
  /** The shape a key must have; its error message names the way out. */
  schema: z.ZodType<string>
  /**
   * What only this partner's keys look like (a prefix of its own), so that one pasted for another partner is called by its name and
   * sent to nobody. Left out: its keys look like anybody's.
   */
  shape?: RegExp
  /** Headers that authenticate a request with this key. */
  headers(key: string): Record<string, string>
}

export interface OAuth2Auth<Config> {
  kind: "oauth2"
  label: string
  help: string
  /** What must have been granted. Empty where the partner keeps an app's permissions with the app. */
  scopes: readonly string[]
  /** Between scopes in a query. Left out: a space, as the protocol has it. */
  scopeSeparator?: ","
  /** Whether one granted scope contains a needed one of another name. */
  covers?(granted: string, needed: string): boolean
  pkce: boolean
  authorizeUrl(config: Config): string
  tokenUrl(config: Config): string
  /** Sent with the code, beside what the protocol asks for. */
  tokenParams?: Readonly<Record<string, string>>
  /**
   * How we name ourselves to the token endpoint. `body` (left out): id and secret among the parameters. `basic`: both in the
   * Authorization header. `secretAsUser`: the secret alone there, as the user name of Basic.
   */
  client?: "body" | "basic" | "secretAsUser"
  /** False: the address that the browser came back to is not repeated with the code. */
  repeatsRedirect?: false
  refresh: "none" | "rotating" | "stable"
  /**
   * How long the same refresh token may be sent again after an answer that got lost, counted from its first use. Left out: its first
   * use may have ended it, so it is given up after a few tries.
   */
  refreshRepeatableSeconds?: number
  /** Whether an error of the token endpoint says that the refresh token is over, where the partner has other words than `invalid_grant`. */
  endsGrant?(error: { code: string; description: string }): boolean
  /** How long tokens live, where the token endpoint does not say. */
  accessLifeSeconds?: number
  refreshLifeSeconds?: number
  /** The mode of the account that was granted, where the token endpoint's answer names it and the token itself does not. */
  grantedMode?(answer: unknown): Account["mode"] | null
  /** Partners that sign what a browser brings from them. Others' installs begin with a page of ours and a click. */
  signature?: Signature
  /** Gives a grant back, by RFC 7009. */
  revokeUrl?(config: Config): string
  /** Gives a grant back by a call of the partner's API, made with the access token. */
  revoke?(config: Config): PageRequest
  headers(accessToken: string): Record<string, string>
}

/** HMAC-SHA256 of a message with a secret; handed in, since only the platform's ports know cryptography. */
export type Hmac = (secret: string, message: string) => Promise<Uint8Array>

/** A query as the browser brought it; a name that repeats, as a list. */
export type SignedQuery = Readonly<Record<string, string | readonly string[]>>

export interface Signature {
  /** Whether the partner signed the query with one of the secrets, lately. */
  verify(query: SignedQuery, secrets: readonly string[], hmac: Hmac, nowMs: number): Promise<boolean>
  /** The configuration that the query names; what a source states for the same keys must be equal. */
  config(query: SignedQuery): Readonly<Record<string, string>> | null
  /** The partner's id of the account that the query is about. */
  account(query: SignedQuery): string | null
}

export type Auth<Config> = ApiKeyAuth | OAuth2Auth<Config>

// ---------------------------------------------------------------------------------------------------------- limits

export interface Limits {
  /** Calls a second that the partner publishes for one account; the source stays under it over all its slices. */
  callsPerSecond: number
  /** The page that says so. */
  docs: string
  /** Limits of some endpoints only, by name: a stream names the one that it counts against. */
  buckets?: Readonly<Record<string, { callsPerSecond: number; docs: string }>>
  /** For limits that are not counted in calls: how long to wait after this answer before the next call, ms. */
  restMs?(body: unknown): number
}

// --------------------------------------------------------------------------------------------------------- templates

/** Ready-made metrics and segments; the shapes are the destination's (see templates.ts). */
export interface Templates {
  metrics: readonly MetricTemplate[]
  segments: readonly SegmentTemplate[]
}

export interface MetricTemplate {
  key: string
  title: string
  description: string
  collections: readonly string[]
  metric: JsonValue
}

export interface SegmentTemplate {
  key: string
  title: string
  description: string
  collections: readonly string[]
  segment: JsonValue
}

// ----------------------------------------------------------------------------------------------------------- payments

/** Of a partner that reports payments, which another source of the project may report too: an order of a shop is paid through Stripe. */
export interface Payments<Config> {
  /** The collection that tells them. */
  collection: string
  /** Whether the user lets payments of test money count (see test-money.ts). */
  countsTests(config: Config): boolean
  /** How the user says which of them another source reports. Left out: this partner cannot tell by which gateway a payment came. */
  gateways?: {
    /** One call that names the gateways which the account uses. */
    request(config: Config): PageRequest
    read(answer: PartnerAnswer): string[]
    /** What the user said; null: nothing yet. */
    elsewhere(config: Config): readonly PaidElsewhere[] | null
  }
}

/** The payments through a gateway are reported by another source, from a day on: `2026-03-01`, UTC. */
export interface PaidElsewhere {
  gateway: string
  from: string
}

// ---------------------------------------------------------------------------------------------------------- connector

export interface Connector<Config = unknown> {
  /** Lower-case, used in paths: `stripe`. */
  name: string
  title: string
  docs: string
  /** What the user states beside the credentials; `z.object({})` where nothing is needed. */
  config: z.ZodType<Config>
  /** Ways to authenticate, the recommended one first. */
  auth: readonly Auth<Config>[]
  /** Origin of the API, without a trailing slash; next-page links may not leave it. */
  baseUrl(config: Config): string
  /** Sent with every request, the pinned API version among them. */
  headers: Record<string, string>
  limits: Limits
  /** What the partner's own times are cut to; a page counts as asked for no later than the beginning of it. Left out: a second. */
  clock?: { granularityMs: number }
  /** One call that proves the credentials and names the account. */
  account: {
    request(config: Config): PageRequest
    read(answer: PartnerAnswer, credential: Credential): Account
  }
  /** Fields of `config` that may change while the source is read: what was sent stays as it was sent. */
  changeable?: readonly string[]
  payments?: Payments<Config>
  collections: readonly Collection[]
  streams: readonly Stream<Config>[]
  /** How long a pending key may wait for its fact. */
  pendingForDays: number
  /**
   * Which failure an answer is, where the partner's documentation says more than the status code does; one may come with status 200.
   * Null: it is none, or the status code decides. `auth` and `denied` stop a source or a list, so they are answered only for
   * the partner's own documented error body: a 401 or 403 with another body is a gateway's, and is asked again later.
   */
  classify(status: number, body: unknown, headers: Headers, credential: Credential): PartnerFailure | null
  templates: Templates
}

/** Fixes the type of a connector's config; returns the object as it is. */
export function defineConnector<Config>(connector: Connector<Config>): Connector<Config> {
  return connector
}

/** A connector whose config type is not known, as the registry holds it. */
// biome-ignore lint/suspicious/noExplicitAny: the registry erases each connector's config type; config is re-validated by its own schema
export type AnyConnector = Connector<any>
