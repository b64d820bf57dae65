/** https://docs.stripe.com/api/events/object */
import { isObject, type Json, type JsonObject } from "../../json.ts"
import type { Account } from "../account.ts"
import type { EventRow } from "../model.ts"

export function eventObject(account: Account, row: EventRow): JsonObject {
  const data: unknown = JSON.parse(row.data)
  return {
    id: row.id,
    object: "event",
    api_version: row.apiVersion,
    created: row.created,
    data: isObject(data as Json) ? (data as JsonObject) : {},
    livemode: account.mode === "live",
    pending_webhooks: 0,
    request: { id: null, idempotency_key: null },
    type: row.type,
  }
}
