/**
 * An item's text as Intempt's `/track` takes it, and the request that carries texts. It lies here, below the destination that sends it,
 * since the source dates objects anew, shows what was refused, and encodes what an earlier version stored.
 */
import type { Clearing } from "../../api/enums.ts"
import { ALIAS, type Attributes, type Cleared, type Item } from "../../connectors/kit/item.ts"
import { utf8Bytes } from "../../lib/bytes.ts"
import type { Encoded, OutboxItem } from "./encoded-item.ts"

/** The entry of two ids to be joined, as the official SDKs name it. */
const ALIAS_NAME = "Identify"

type EntryType = "track" | "identify" | "group" | "alias"

/** What is undefined stays out of the JSON. */
interface Payload {
  eventId: string
  timestamp: number
  userId: string | undefined
  accountId: string | undefined
  anotherUserId: string | undefined
  data: Attributes | undefined
  userAttributes: Attributes | undefined
  accountAttributes: Attributes | undefined
}

/**
 * `scope` tells the items of one source from another's: the same item of the same source has one id. `clearing`: how the attributes that
 * the item names as cleared are told.
 */
export function encodeItem(item: Item, scope: string, clearing: Clearing): Encoded {
  const type = typeOf(item)
  const name = type === "alias" ? ALIAS_NAME : item.collection
  return { entry: `${type}/${name}`, text: JSON.stringify(payloadOf(item, scope, clearing)) }
}

/** The request's body: one entry a collection and type, items in their order. */
export function trackBody(encoded: readonly Encoded[]): string {
  const payloads = new Map<string, string>()
  for (const { entry, text } of encoded) {
    const known = payloads.get(entry)
    payloads.set(entry, known === undefined ? text : `${known},${text}`)
  }
  return `{"track":[${[...payloads].map(([entry, payload]) => entryText(entry, payload)).join(",")}]}`
}

function entryText(entry: string, payload: string): string {
  const end = entry.indexOf("/")
  const [type, name] = [entry.slice(0, end), entry.slice(end + 1)]
  return `{"name":${JSON.stringify(name)},"type":"${type}","payload":[${payload}]}`
}

function typeOf(item: Item): EntryType {
  if (item.collection === ALIAS) return "alias"
  if (item.kind === "event") return "track"
  return item.userAttributes ? "identify" : "group"
}

function payloadOf(item: Item, scope: string, clearing: Clearing): Payload {
  const { userId, accountId, anotherUserId, data, userAttributes, accountAttributes, cleared } = item
  return {
    eventId: eventIdOf(item, scope),
    timestamp: item.time,
    userId,
    accountId,
    anotherUserId,
    data,
    userAttributes: withCleared(userAttributes, cleared, clearing),
    accountAttributes: withCleared(accountAttributes, cleared, clearing),
  }
}

function withCleared(attributes: Attributes | undefined, cleared: Cleared | undefined, clearing: Clearing) {
  return attributes && cleared ? { ...attributes, ...clearedValues(cleared, clearing) } : attributes
}

/** How Intempt clears an attribute is documented nowhere and was not tried, so that a setting says it. */
function clearedValues(cleared: Cleared, clearing: Clearing): Attributes {
  const values = { text: "", list: [], other: undefined }
  const told = Object.entries(cleared).flatMap(([name, kind]) => {
    const value = clearing === "null" ? null : values[kind]
    return value === undefined || clearing === "off" ? [] : [[name, value] as const]
  })
  return Object.fromEntries(told)
}

/** A fact happens once; each state of an object is an event of its own. */
function eventIdOf({ kind, collection, key, version }: Item, scope: string): string {
  const id = `${scope}/${collection}/${key}`
  return kind === "event" ? id : `${id}@${version}`
}

// ------------------------------------------------------------------------------------------------- texts read again

/** Another version and time for an object's state, in its text too. The rest of the text stays as it is. */
export function redated<Known extends OutboxItem>(item: Known, version: number, time: number): Known {
  const payload = payloadIn(item)
  const id = payload.eventId.slice(0, -String(item.version).length)
  const text = JSON.stringify({ ...payload, eventId: `${id}${version}`, timestamp: time })
  return { ...item, version, time, text, bytes: utf8Bytes(text) }
}

/** The item again, to be shown. Encoded once more it has the same text: what was cleared is among its attributes by now. */
export function itemOf(encoded: OutboxItem): Item {
  const { eventId: _, timestamp: __, ...told } = payloadIn(encoded)
  const { collection, kind, key, time, version, announcedAt } = encoded
  return { ...told, collection, kind, key, time, version, announcedAt }
}

type StoredPayload = Pick<Payload, "eventId" | "timestamp"> &
  Pick<Item, "userId" | "accountId" | "anotherUserId" | "data" | "userAttributes" | "accountAttributes">

function payloadIn({ text }: OutboxItem): StoredPayload {
  return JSON.parse(text) as StoredPayload
}
