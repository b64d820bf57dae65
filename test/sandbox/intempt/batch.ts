/** What `/track` takes: the rules of one request body, each with the message of its refusal. */
import { isObject, type Json, type JsonObject } from "../json.ts"

/** Every Intempt SDK sends at most 50, and acceptance was verified up to there. */
export const MAX_ITEMS = 50
/** 2010-01-01. */
export const EARLIEST_MS = 1_262_304_000_000
/** 2040-01-18: later times are silently replaced by the present. */
export const LATEST_MS = 2_210_457_600_000
const RESERVED = ["identify", "auto-track", "view page", "leave page", "change on", "click on", "submit on", "consent"]
const TYPES = ["track", "identify", "group", "alias", "record", "product"]
const FIELDS = new Set([
  "eventId",
  "timestamp",
  "userId",
  "anotherUserId",
  "accountId",
  "profileId",
  "data",
  "userAttributes",
  "accountAttributes",
])

export type Problem = string

export interface BatchItem {
  name: string
  type: string
  item: JsonObject
}

/** The whole batch or nothing: one bad item refuses all. */
export function readBatch(text: string): { items: BatchItem[] } | { problems: Problem[] } {
  const body = parse(text)
  const groups = isObject(body) ? body.track : undefined
  if (!Array.isArray(groups) || groups.length === 0) return { problems: ["track must be a non-empty list"] }
  const items: BatchItem[] = []
  const problems: Problem[] = []
  for (const group of groups) {
    const name = isObject(group) ? group.name : undefined
    const payload = isObject(group) ? group.payload : undefined
    const type = isObject(group) && typeof group.type === "string" ? group.type : "track"
    if (typeof name !== "string" || name.trim() === "") problems.push("name must not be blank")
    else if (isReserved(name) && !isIdentityWrite(name, type)) problems.push(`'${name}' is a reserved name`)
    else if (!Array.isArray(payload) || payload.length === 0) problems.push("payload must be a non-empty list")
    else for (const item of payload) items.push({ name, type, item: check(item, problems) })
  }
  if (items.length > MAX_ITEMS) problems.push(`at most ${MAX_ITEMS} items are accepted, got ${items.length}`)
  return problems.length > 0 ? { problems } : { items }
}

/** What is accepted and yet surely a mistake of the sender. */
export function smellsOf(name: string, type: string, item: JsonObject): string[] {
  const smells: string[] = []
  const smell = (when: boolean, text: string) => {
    if (when) smells.push(text)
  }
  smell(!TYPES.includes(type), `unknown type ${type}`)
  smell(typeof item.eventId !== "string" || item.eventId === "", "no eventId")
  smell(typeof item.timestamp !== "number", "no timestamp")
  smell(typeof item.timestamp === "number" && item.timestamp > LATEST_MS, "timestamp replaced by the present")
  smell(typeof item.profileId === "string", "a server invented a profileId")
  smell(typeof item.userId === "string" && item.userId !== item.userId.trim(), "userId with blanks around it")
  smell(
    typeof item.userId === "string" && item.userId.includes("@") && item.userId !== item.userId.toLowerCase(),
    "email not in lower case",
  )
  smell(
    isObject(item.data) && "productId" in item.data && typeof item.userId === "string" && name !== "Product ordered",
    "productId with a userId",
  )
  smell(!isFlat(item.userAttributes) || !isFlat(item.accountAttributes), "attributes are not flat")
  smell(type === "alias" && typeof item.anotherUserId !== "string", "alias without anotherUserId")
  smell(
    Object.keys(item).some((key) => !FIELDS.has(key)),
    "fields that the API does not know",
  )
  return smells
}

function check(item: Json, problems: Problem[]): JsonObject {
  if (!isObject(item)) {
    problems.push("payload must hold objects")
    return {}
  }
  const { timestamp } = item
  if (!["userId", "accountId", "profileId"].some((field) => isId(item[field]))) {
    problems.push("one of userId, accountId, profileId is required")
  }
  if (timestamp !== undefined && typeof timestamp !== "number") problems.push("timestamp must be a number")
  else if (timestamp !== undefined && timestamp < EARLIEST_MS) problems.push("timestamp must be after 2010-01-01")
  for (const field of ["data", "userAttributes", "accountAttributes"]) {
    if (item[field] !== undefined && !isObject(item[field])) problems.push(`${field} must be an object`)
  }
  return item
}

function isId(value: Json | undefined): boolean {
  return typeof value === "string" && value.trim() !== ""
}

function isReserved(name: string): boolean {
  return RESERVED.includes(name.trim().toLowerCase())
}

/** The platform's own name for identity writes: the official SDKs send it, a customer's event may not carry it. */
function isIdentityWrite(name: string, type: string): boolean {
  return name === "Identify" && (type === "alias" || type === "identify" || type === "group")
}

function isFlat(value: Json | undefined): boolean {
  return !isObject(value) || Object.values(value).every((inner) => !isObject(inner))
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
