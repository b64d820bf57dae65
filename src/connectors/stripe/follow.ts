/**
 * What a page of events leaves open about refunds, and the few requests that answer it. See refund.ts for why. Nothing is open of a
 * refund that names its customer, of a version that has no released authorizations.
 *
 * Up to three charges are asked for by id. More are asked for by the times of their refunds, in at most three ranges: a page has
 * at most 100 events, so that the refunds of a range, each with an event, fit into one answer.
 */
import type { PageRecord, PageRequest } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { at, isObject, needNumber, number, text } from "../kit/values.ts"
import { ANNOUNCED_WITHIN_S, announces, announcesByCharge, embeddedRefunds, looksReleased } from "./refund.ts"
import { BASIL, customerId, idAt } from "./shape.ts"

/** Of the further requests that a page may make. */
export const REFUND_LOOKUPS_MAX = 3

/** With many refunds on a page the ranges lie dense: a wider margin would only fill the answers with other pages' refunds. */
const DENSE = { refunds: 20, marginSeconds: 2 }

/** Who paid, and the balance transactions that date a capture, to tell a partial one's release from a refund, and a failure. */
export const REFUND_EXPAND = ["data.charge", "data.charge.balance_transaction", "data.failure_balance_transaction"]

interface Need {
  charge: string
  /** Epoch seconds, about when the refund was created. */
  time: number
}

export function isRefundIncomplete({ body }: PageRecord): boolean {
  return needOf(body).length > 0
}

export function followRefunds(records: readonly PageRecord[]): PageRequest[] {
  const needs = records.flatMap(({ body }) => needOf(body)).sort((a, b) => a.time - b.time)
  const charges = [...new Set(needs.map(({ charge }) => charge))]
  if (charges.length <= REFUND_LOOKUPS_MAX) return charges.map((charge) => refunds({ charge }))
  const margin = needs.length > DENSE.refunds ? DENSE.marginSeconds : ANNOUNCED_WITHIN_S
  return clusters(needs.map(({ time }) => time)).map(([from, to]) =>
    refunds({ "created[gte]": from - margin, "created[lte]": to + margin }),
  )
}

/**
 * Writes the charge into the refund events of a page that also has the charge's `charge.refunded`, just as if the request had
 * expanded it; so nothing is left to look up in the common case, where both come together.
 */
export function withCharges(records: PageRecord[]): PageRecord[] {
  const charges = new Map<string, JsonValue>()
  for (const { body } of records) {
    const id = text(body, "data.object.id")
    // The newest comes first, and knows most.
    const isNewest = id !== null && !charges.has(id) && text(body, "type") === "charge.refunded"
    if (isNewest) charges.set(id, at(body, "data.object") ?? null)
  }
  return charges.size === 0 ? records : records.map((record) => withCharge(record, charges))
}

export function isRefundEvent(event: JsonValue): boolean {
  const type = text(event, "type") ?? ""
  return type.startsWith("refund.") || type === "charge.refund.updated"
}

function withCharge(record: PageRecord, charges: ReadonlyMap<string, JsonValue>): PageRecord {
  const { body } = record
  const data = at(body, "data")
  const refund = at(body, "data.object")
  const charge = charges.get(text(refund, "charge") ?? "")
  if (!charge || !isRefundEvent(body) || !isObject(body) || !isObject(data) || !isObject(refund)) return record
  return { ...record, body: { ...body, data: { ...data, object: { ...refund, charge } } } }
}

function needOf(event: JsonValue): Need[] {
  const object = at(event, "data.object") ?? null
  if (isRefundEvent(event)) {
    const isWhole = (text(event, "api_version") ?? "") >= BASIL && customerId(object) !== null
    return announces(event) && !isWhole ? needOfRefund(object, at(object, "charge")) : []
  }
  if (text(event, "type") !== "charge.refunded" || !announcesByCharge(event)) return []
  const embedded = embeddedRefunds(event)
  if (embedded) return embedded.flatMap((refund) => needOfRefund(refund, object))
  const charge = text(object, "id")
  return charge === null ? [] : [{ charge, time: needNumber(event, "created") }]
}

/** A refund whose charge is known needs nothing more, unless it may be no refund at all. */
function needOfRefund(refund: JsonValue, charge: JsonValue | undefined): Need[] {
  const id = idAt(refund, "charge")
  const time = number(refund, "created")
  if (id === null || time === null) return []
  return isObject(charge) && !looksReleased(refund, charge) ? [] : [{ charge: id, time }]
}

/** The times in at most REFUND_LOOKUPS_MAX ranges, parted where the gaps are widest. */
function clusters(times: readonly number[]): [number, number][] {
  const gaps = times.slice(1).map((time, index) => ({ end: index + 1, size: time - (times[index] ?? time) }))
  const cuts = gaps
    .sort((a, b) => b.size - a.size)
    .slice(0, REFUND_LOOKUPS_MAX - 1)
    .map(({ end }) => end)
    .sort((a, b) => a - b)
  const bounds = [0, ...cuts, times.length]
  return bounds.slice(1).map((end, index) => [times[bounds[index] ?? 0] ?? 0, times[end - 1] ?? 0])
}

function refunds(query: Record<string, string | number>): PageRequest {
  return { path: "/v1/refunds", query: { ...query, limit: 100, "expand[]": REFUND_EXPAND } }
}
