/** Loading given objects and events as they are: official samples become an account's content, shown verbatim in every version. */
import { isObject, type JsonObject } from "../json.ts"
import { type Account, add, newRow, stamp } from "./account.ts"
import type { EventRow, Kind, ObjectKind, Rows } from "./model.ts"

/** What listing and filtering need of a row that is shown from `raw`; everything else is never looked at. */
const FIELDS: { [K in ObjectKind]: (raw: JsonObject) => Partial<Rows[K]> } = {
  customer: (raw) => ({ email: textOrNull(raw.email), name: textOrNull(raw.name), deleted: raw.deleted === true }),
  subscription: (raw) => ({
    customer: text(raw.customer),
    status: text(raw.status) as "active",
    plan: "starter_month_usd",
  }),
  charge: (raw) => ({ customer: textOrNull(raw.customer), paymentIntent: text(raw.payment_intent), refunds: [] }),
  refund: (raw) => ({ charge: text(raw.charge), paymentIntent: text(raw.payment_intent) }),
  invoice: (raw) => ({ customer: text(raw.customer), status: text(raw.status) as "open", lines: [] }),
  dispute: (raw) => ({ charge: text(raw.charge), paymentIntent: text(raw.payment_intent) }),
}

export interface Content {
  objects?: readonly JsonObject[]
  events?: readonly JsonObject[]
  /** Events count as created now: samples are years old, and the feed keeps 30 days. */
  eventsNow?: boolean
}

export function load(account: Account, content: Content): void {
  for (const object of content.objects ?? []) loadObject(account, object)
  for (const event of content.events ?? []) {
    loadEvent(account, content.eventsNow ? { ...event, created: stamp(account) } : event)
  }
}

function loadObject(account: Account, raw: JsonObject): void {
  const kind = text(raw.object) as ObjectKind
  const read = FIELDS[kind]
  if (!read) throw new Error(`cannot load an object of kind ${kind}`)
  const fields = read(raw) as Partial<Rows[ObjectKind]>
  place(account, kind, raw, fields)
}

function loadEvent(account: Account, raw: JsonObject): void {
  const fields: Partial<EventRow> = {
    type: text(raw.type),
    apiVersion: text(raw.api_version),
    data: JSON.stringify(isObject(raw.data) ? raw.data : {}),
  }
  place(account, "event", raw, fields)
}

function place<K extends Kind>(account: Account, kind: K, raw: JsonObject, fields: Partial<Rows[K]>): void {
  const base = newRow(account, kind)
  const created = typeof raw.created === "number" ? raw.created : base.created
  const row = {
    ...base,
    ...fields,
    id: text(raw.id) || base.id,
    created,
    visibleAt: Math.min(created, base.visibleAt),
    raw,
  }
  add(account, kind, row as unknown as Rows[K])
}

function text(value: JsonObject[string] | undefined): string {
  return typeof value === "string" ? value : ""
}

function textOrNull(value: JsonObject[string] | undefined): string | null {
  return typeof value === "string" ? value : null
}
