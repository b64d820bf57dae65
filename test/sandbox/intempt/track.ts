/**
 * The simulated destination: Intempt's `/track`, as strict as production was found to be by the maintainers of its SDKs, and
 * stricter where a mistake would be silent there. It keeps everything that arrived, in order, and does not deduplicate.
 */
import type { Clock } from "../clock.ts"
import type { ActiveFault } from "../faults.ts"
import { type Answer, type Call, httpDate, json, textOf } from "../http.ts"
import { isObject, type Json, type JsonObject } from "../json.ts"
import type { Partner } from "../partner.ts"
import type { Writer } from "../store.ts"
import { type Problem, readBatch, smellsOf } from "./batch.ts"

/** Far above what 50 items need; the real limit is not published. */
export const MAX_BYTES = 5_242_880

export interface IngestKey {
  prefix: string
  secret: string
  org: string
  project: string
  /** Null: every source of the project. */
  source?: string | null
}

/** An item as it arrived; all that is saved of it. */
export interface Arrival {
  /** Order of arrival, from 1. */
  no: number
  /** Epoch ms. */
  at: number
  /** Which request brought it, from 1. */
  request: number
  org: string
  project: string
  source: string
  name: string
  type: string
  item: JsonObject
}

export interface Received extends Arrival {
  eventId: string | null
  timestamp: number | null
  userId: string | null
  accountId: string | null
  profileId: string | null
  data: JsonObject
  userAttributes: JsonObject
  accountAttributes: JsonObject
  /** What production takes silently and a careful sender would not send. */
  smells: string[]
}

export interface Totals {
  items: number
  requests: number
  byCollection: Record<string, number>
  /** Event ids that arrived more than once, with how often. */
  repeated: Record<string, number>
  smells: Record<string, number>
}

export interface Intempt extends Partner {
  received: Received[]
  keys: Map<string, IngestKey>
  addKey(key: IngestKey): void
  removeKey(prefix: string): void
  /** One source's items, or all. */
  items(filter?: { source?: string; name?: string; after?: number; limit?: number }): Received[]
  totals(source?: string): Totals
}

interface Place {
  org: string
  project: string
  source: string
}

const PATH = /^\/v1\/([^/]+)\/projects\/([^/]+)\/sources\/([^/]+)\/track$/
const RECEIVED = "intempt/received"
const KEYS = "intempt/keys"

export function createIntempt(parts: { clock: Clock; writer: Writer }): Intempt {
  const received: Received[] = []
  const keys = new Map<string, IngestKey>()
  let requests = 0

  const intempt: Intempt = {
    name: "intempt",
    side: "destination",
    answersFor: (host) => host === "api.intempt.com" || host === "api.staging.intempt.com",
    received,
    keys,
    addKey(key) {
      keys.set(key.prefix, key)
      parts.writer.touch(KEYS, key.prefix, () => key)
    },
    removeKey(prefix) {
      keys.delete(prefix)
      parts.writer.remove(KEYS, prefix)
    },
    items({ source, name, after = 0, limit = Infinity } = {}) {
      const found: Received[] = []
      for (let at = after; at < received.length && found.length < limit; at++) {
        const item = received[at]
        if (!item || (source !== undefined && item.source !== source) || (name !== undefined && item.name !== name))
          continue
        found.push(item)
      }
      return found
    },
    totals(source) {
      const totals: Totals = { items: 0, requests, byCollection: {}, repeated: {}, smells: {} }
      const ids = new Map<string, number>()
      for (const item of received) {
        if (source !== undefined && item.source !== source) continue
        totals.items += 1
        totals.byCollection[item.name] = (totals.byCollection[item.name] ?? 0) + 1
        for (const smell of item.smells) totals.smells[smell] = (totals.smells[smell] ?? 0) + 1
        if (item.eventId !== null) ids.set(item.eventId, (ids.get(item.eventId) ?? 0) + 1)
      }
      for (const [id, times] of ids) if (times > 1) totals.repeated[id] = times
      return totals
    },
    identify(call) {
      const place = placeOf(call)
      return place ? `${place.org}/${place.project}/${place.source}` : null
    },
    answer(call) {
      const place = placeOf(call)
      if (!place) return refuse(404, "Not Found")
      if (call.method !== "POST") return refuse(405, "Method Not Allowed")
      const denied = authorize(call, place)
      if (denied) return denied
      if (call.bytes.length > MAX_BYTES) return refuse(413, "Payload Too Large")
      if (call.headers.has("content-encoding")) return refuse(400, "Content-Encoding is not supported")
      const type = call.headers.get("content-type") ?? ""
      if (!type.startsWith("application/json")) return refuse(400, `Content-Type '${type}' is not supported`)
      const batch = readBatch(textOf(call))
      if ("problems" in batch) return problems(batch.problems)
      requests += 1
      for (const { name, type: kind, item } of batch.items) keep(place, name, kind, item)
      return { status: 201, headers: { date: httpDate(parts.clock()) }, body: "" }
    },
    refuse: refusalFor,
    save() {},
    restore(table, _id, value) {
      if (table === KEYS) keys.set((value as IngestKey).prefix, value as IngestKey)
      else if (table === RECEIVED) {
        const item = unfold(value as Arrival)
        received[item.no - 1] = item
        requests = Math.max(requests, item.request)
      } else return false
      return true
    },
    reset() {
      received.length = 0
      keys.clear()
      requests = 0
    },
  }
  return intempt

  function keep(place: Place, name: string, type: string, item: JsonObject): void {
    const arrival: Arrival = {
      no: received.length + 1,
      at: parts.clock(),
      request: requests,
      ...place,
      name,
      type,
      item,
    }
    received.push(unfold(arrival))
    parts.writer.touch(RECEIVED, String(arrival.no), () => arrival)
  }

  function authorize(call: Call, place: Place): Answer | null {
    const [scheme = "", value = ""] = (call.headers.get("authorization") ?? "").split(" ", 2)
    if (scheme.toLowerCase() !== "basic") return refuse(401, "Unauthorized")
    const [prefix = "", secret = ""] = decode(value).split(":", 2)
    const key = keys.get(prefix)
    if (!key || key.secret !== secret) return refuse(401, "Unauthorized")
    const fits = key.org === place.org && key.project === place.project
    return fits && (key.source ?? place.source) === place.source ? null : refuse(403, "Forbidden")
  }
}

function unfold(arrival: Arrival): Received {
  const { name, type, item } = arrival
  return {
    ...arrival,
    eventId: text(item.eventId),
    timestamp: typeof item.timestamp === "number" ? item.timestamp : null,
    userId: text(item.userId),
    accountId: text(item.accountId),
    profileId: text(item.profileId),
    data: hash(item.data),
    userAttributes: hash(item.userAttributes),
    accountAttributes: hash(item.accountAttributes),
    smells: smellsOf(name, type, item),
  }
}

function refusalFor({ name, options }: ActiveFault, call: Call): Answer | null {
  switch (name) {
    case "rate_limit":
      return refuse(429, "Too Many Requests", { "retry-after": String(options.seconds) })
    case "rate_limit_bare":
      return refuse(429, "Too Many Requests")
    case "unauthorized":
    case "reject_key":
      return refuse(401, "Unauthorized")
    case "no_credits":
      return refuse(402, "Out of credits")
    case "forbidden":
      return refuse(403, "Forbidden")
    case "transient_400":
      return refuse(400, "Can't create a collection for auto-event")
    case "refuse_all":
    case "poison":
      return refuse(400, "Invalid payload")
    case "too_large":
      return call.bytes.length > Number(options.bytes) ? refuse(413, "Payload Too Large") : null
    default:
      return null
  }
}

function refuse(status: number, message: string, headers: Record<string, string> = {}): Answer {
  return json(status, { errors: [{ message }] }, headers)
}

function problems(list: readonly Problem[]): Answer {
  return json(400, { errors: list.map((message) => ({ message })) })
}

function placeOf(call: Call): Place | null {
  const [, org, project, source] = PATH.exec(call.url.pathname) ?? []
  return org && project && source ? { org, project, source } : null
}

function decode(value: string): string {
  try {
    return atob(value)
  } catch {
    return ""
  }
}

function text(value: Json | undefined): string | null {
  return typeof value === "string" ? value : null
}

function hash(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {}
}
