/**
 * Several changes of one customer in what is read at once. Events come newest first, and an older state is never told after a newer one:
 * what an older change removed has to be told with the newest state.
 *
 * Within a page the newest event takes over what was before the oldest. On a later page the newest state has been told already: the
 * page's token remembers whose, and the customer is asked for. https://docs.stripe.com/api/customers/retrieve
 */
import type { PageRecord, PageRequest } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { at, isObject, text } from "../kit/values.ts"
import { overlaid } from "./shape.ts"

/** A token may have 4,000 bytes. Past this the customers told first are forgotten: what was removed from them before is not told. */
const MARKS_MAX = 500
/** The end of an id tells customers apart well enough: one too many is only asked for in vain. */
const MARK_CHARS = 7

/** Newest first. Writes what was before the oldest change of a customer into the event of the newest, as if they were one. */
export function withEarlierChanges(records: PageRecord[]): PageRecord[] {
  const before = new Map<string, JsonValue>()
  for (const { body } of records) {
    const customer = changedCustomer(body)
    // What the older change says was before, over what the newer one says.
    if (customer !== null) before.set(customer, overlaid(before.get(customer), previousOf(body)))
  }
  return records.map((record) => {
    const customer = changedCustomer(record.body)
    const previous = customer === null ? undefined : before.get(customer)
    // The newest takes it; the others are older states.
    return customer !== null && before.delete(customer) ? withPrevious(record, previous) : record
  })
}

/** The id that the page begins after; null: it is the first. */
export function eventOf(token: string | null): string | null {
  return token?.split(" ")[0] ?? null
}

/** The next page's token, with the customers that were told by then. */
export function tokenAfter(last: string, token: string | null, records: readonly PageRecord[]): string {
  const told = records.flatMap(({ body }) => markOf(body) ?? [])
  const marks = [...new Set([...marksOf(token), ...told])].slice(-MARKS_MAX)
  return marks.length > 0 ? `${last} ${marks.join("")}` : last
}

/** The customer that the event changed, where a newer state of it was told on an earlier page. */
export function toldEarlier({ body }: PageRecord, token: string | null): string | null {
  const mark = markOf(body)
  return mark !== null && marksOf(token).includes(mark) ? changedCustomer(body) : null
}

export function askCustomer(id: string): PageRequest {
  return { path: `/v1/customers/${id}` }
}

/** The customer as it is now, where it was asked for; one that is deleted has nothing left. */
export function presentCustomer(id: string, followed: readonly unknown[]): JsonValue | null {
  const found = followed.find((body) => isObject(body as JsonValue) && text(body as JsonValue, "id") === id)
  return found === undefined || at(found as JsonValue, "deleted") === true ? null : (found as JsonValue)
}

/** Of `customer.updated`. */
export function changedCustomer(event: JsonValue): string | null {
  return text(event, "type") === "customer.updated" ? text(event, "data.object.id") : null
}

function markOf(event: JsonValue): string | null {
  const type = text(event, "type") ?? ""
  const isTold = type === "customer.created" || type === "customer.updated"
  return isTold ? (text(event, "data.object.id")?.slice(-MARK_CHARS).padStart(MARK_CHARS, "_") ?? null) : null
}

function marksOf(token: string | null): string[] {
  return token?.split(" ")[1]?.match(new RegExp(`.{${MARK_CHARS}}`, "g")) ?? []
}

function previousOf(event: JsonValue): JsonValue {
  return at(event, "data.previous_attributes") ?? null
}

function withPrevious(record: PageRecord, previous_attributes: JsonValue | undefined): PageRecord {
  const { body } = record
  const data = at(body, "data")
  if (!isObject(body) || !isObject(data) || !isObject(previous_attributes)) return record
  return { ...record, body: { ...body, data: { ...data, previous_attributes } } }
}
