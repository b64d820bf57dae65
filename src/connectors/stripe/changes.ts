/**
 * Several changes of one customer on a page: only the newest state is told, so that its event has to say what all of them changed.
 */
import type { PageRecord } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { at, isObject, text } from "../kit/values.ts"

/** Newest first. Writes what was before the oldest change of a customer into the event of the newest, as if they were one. */
export function withEarlierChanges(records: PageRecord[]): PageRecord[] {
  const before = new Map<string, JsonValue>()
  for (const { body } of records) {
    const customer = customerOf(body)
    if (customer !== null) before.set(customer, overlaid(before.get(customer), previousOf(body)))
  }
  return records.map((record) => {
    const customer = customerOf(record.body)
    const previous = customer === null ? undefined : before.get(customer)
    // The newest takes it; the others are older states.
    return customer !== null && before.delete(customer) ? withPrevious(record, previous) : record
  })
}

function customerOf(event: JsonValue): string | null {
  return text(event, "type") === "customer.updated" ? text(event, "data.object.id") : null
}

function previousOf(event: JsonValue): JsonValue {
  return at(event, "data.previous_attributes") ?? null
}

/** What the older change says was before, over what the newer one says. */
function overlaid(newer: JsonValue | undefined, older: JsonValue | undefined): JsonValue {
  if (!isObject(newer) || !isObject(older)) return older ?? null
  const merged = Object.entries(older).map(([name, value]) => [name, overlaid(newer[name], value)])
  return { ...newer, ...Object.fromEntries(merged) }
}

function withPrevious(record: PageRecord, previous_attributes: JsonValue | undefined): PageRecord {
  const { body } = record
  const data = at(body, "data")
  if (!isObject(body) || !isObject(data) || !isObject(previous_attributes)) return record
  return { ...record, body: { ...body, data: { ...data, previous_attributes } } }
}
