/**
 * From a partner's record to items: runs the stream's `normalize`, gives each draft its key, version and time of announcement, checks it
 * against the collection's documented attributes and adds the fields the user asked for. Never throws for a bad record; a
 * `ShapeError` passes, since it says that the page is to be read again.
 */
import type { z } from "zod"
import { clearedOf } from "./cleared.ts"
import type { Collection, Connector, Draft, NormalizeContext, Normalized, PageRecord, Stream } from "./define.ts"
import { RecordError, ShapeError } from "./define.ts"
import { ALIAS, type Attributes, type Item, type JsonValue, type PendingKey, type Reject } from "./item.ts"
import { at, isObject } from "./values.ts"

/** Partners' ids have some dozens, addresses 254 at most (RFC 5321): what has more is no name, and is kept in many rows. */
const ID_CHARS_MAX = 1_000

/** For each collection, the attributes a user added: the attribute's name and the dotted path of its value in the record. */
export type AddedFields = Readonly<Record<string, Readonly<Record<string, string>>>>

export interface Itemized {
  items: Item[]
  rejects: Reject[]
  pending: PendingKey[]
  closed: { collection: string; key: string }[]
}

export function toItems<Config>(
  connector: Connector<Config>,
  stream: Stream<Config>,
  record: PageRecord,
  ctx: NormalizeContext<Config>,
  added: AddedFields,
): Itemized {
  const chosen = (entry: { collection: string }) => entry.collection === ALIAS || ctx.collections.has(entry.collection)
  // A collection that is switched off may still be read, to join the ids of its people.
  const wanted = (draft: Draft) => chosen(draft) || (ctx.collections.has(ALIAS) && draft.formerUserId !== undefined)
  const read = normalizeSafely(stream, record, ctx)
  if (typeof read === "string") {
    const about =
      [stream.collectionOf?.(record) ?? "", ...stream.collections].find((name) => ctx.collections.has(name)) ?? ""
    return { items: [], rejects: [reject(record, about, read)], pending: [], closed: [] }
  }
  const items: Item[] = []
  const rejects = (read.unreadable ?? [])
    .filter(chosen)
    .map(({ collection, reason }) => reject(record, collection, reason))
  for (const draft of read.drafts.filter(wanted)) {
    const made = toItem(connector, record, draft, ctx, added)
    if (typeof made === "string") rejects.push(reject(record, draft.collection, made))
    else items.push(...made)
  }
  return { items, rejects, pending: (read.pending ?? []).filter(chosen), closed: (read.closed ?? []).filter(chosen) }
}

/** The drafts, or why there are none. A fault of ours in reading one record is that record's fault too, never the page's. */
function normalizeSafely<Config>(
  stream: Stream<Config>,
  record: PageRecord,
  ctx: NormalizeContext<Config>,
): Normalized | string {
  try {
    return stream.normalize(record, ctx)
  } catch (error) {
    if (error instanceof ShapeError) throw error
    if (error instanceof RecordError) return error.message
    return `the record could not be read, because of a mistake on our side: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** The draft's item and, where it joins two ids of a person, the alias; or the reason why it cannot be sent. */
function toItem<Config>(
  connector: Connector<Config>,
  record: PageRecord,
  draft: Draft,
  ctx: NormalizeContext<Config>,
  added: AddedFields,
): Item[] | string {
  const seenAt = ctx.via === "list" ? ctx.asked : record.time
  const alias = aliasOf(draft, seenAt)
  if (draft.collection === ALIAS || !ctx.collections.has(draft.collection)) return alias
  const collection = connector.collections.find(({ name }) => name === draft.collection)
  if (!collection)
    return `the record could not be read, because of a mistake on our side: there is no collection ${draft.collection}`
  const fault = faultOf(collection, draft)
  if (fault) return fault
  // A list tells what it shows no earlier than now; the feed may still show it until its place.
  const place = ctx.via === "list" ? Math.max(draft.announcedAt ?? seenAt, seenAt) : (draft.announcedAt ?? seenAt)
  const item = itemOf(collection, draft, seenAt, place, addedValues(draft.from ?? record.body, added[collection.name]))
  const cleared = clearedOf(connector.name, collection, draft, ctx.via)
  return [{ ...item, ...(cleared && { cleared }) }, ...alias]
}

function itemOf(collection: Collection, draft: Draft, seenAt: number, announcedAt: number, extra: Attributes): Item {
  const { userId, accountId, data, userAttributes, accountAttributes } = draft
  const version = draft.version ?? seenAt
  const time = collection.kind === "event" ? (draft.time ?? version) : version
  const target = collection.kind === "event" ? "data" : userAttributes || !accountAttributes ? "user" : "account"
  return {
    ...(userId !== undefined && { userId }),
    ...(accountId !== undefined && { accountId }),
    collection: collection.name,
    kind: collection.kind,
    key: draft.fact === undefined ? draft.id : `${draft.id}:${draft.fact}`,
    time,
    version: collection.kind === "event" ? time : version,
    announcedAt,
    // A documented attribute keeps its meaning: an added field cannot put something else in its place.
    ...((data || target === "data") && { data: target === "data" ? { ...extra, ...data } : (data ?? {}) }),
    ...(target === "user" && { userAttributes: { ...extra, ...userAttributes } }),
    ...(accountAttributes && {
      accountAttributes: target === "account" ? { ...extra, ...accountAttributes } : accountAttributes,
    }),
  }
}

function aliasOf(draft: Draft, seenAt: number): Item[] {
  const { userId, formerUserId } = draft
  if (userId === undefined || formerUserId === undefined || userId === formerUserId) return []
  const key = `${formerUserId}:${userId}`
  const times = { time: seenAt, version: seenAt, announcedAt: seenAt }
  return [{ userId, collection: ALIAS, kind: "event", key, ...times, anotherUserId: formerUserId }]
}

function faultOf(collection: Collection, draft: Draft): string | null {
  const { userId = "", accountId = "", formerUserId = "", id, fact = "" } = draft
  if (!userId && !accountId) return "the record names neither a person nor a company"
  const isLong = [userId, accountId, formerUserId, `${id}:${fact}`].some((name) => name.length > ID_CHARS_MAX)
  if (isLong) return `the record has an id or an address of more than ${ID_CHARS_MAX} characters`
  if (collection.kind === "event" && !isTime(draft.time)) return "the record does not say when it happened"
  const checked = collection.schema.safeParse(draft.userAttributes ?? draft.accountAttributes ?? draft.data ?? {})
  return checked.success ? null : firstIssue(checked.error)
}

function isTime(ms: number | undefined): boolean {
  return ms !== undefined && Number.isSafeInteger(ms) && ms > 0
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0]
  if (!issue) return "the record does not fit the collection"
  return issue.path.length > 0 ? `${issue.path.join(".")}: ${issue.message}` : issue.message
}

/** Only values that fit an attribute: text, numbers, truth values and lists of them. */
function addedValues(record: JsonValue, fields: Readonly<Record<string, string>> = {}): Attributes {
  const values: Attributes = {}
  for (const [name, path] of Object.entries(fields)) {
    const value = at(record, path)
    const nested = Array.isArray(value) ? value.some((entry) => typeof entry === "object") : isObject(value)
    if (value !== undefined && value !== null && !nested) values[name] = value
  }
  return values
}

function reject(record: PageRecord, collection: string, reason: string): Reject {
  return { collection, key: (record.id || "unknown").slice(0, ID_CHARS_MAX), reason, record: record.body }
}
