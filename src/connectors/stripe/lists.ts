/** Stripe's lists: newest first, bounded by creation time, paged by the last id. https://docs.stripe.com/api/pagination */
import {
  type Page,
  type PageContext,
  type PageRecord,
  type PageRequest,
  type PartnerAnswer,
  ShapeError,
} from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { inSeconds } from "../kit/paging.ts"
import { at, flag, fromSeconds, json, number, rows, text } from "../kit/values.ts"

/** The most that `limit` takes. */
export const PAGE_SIZE = 100

/**
 * Pages after the first carry no bounds: a cursor within a `created` range can lose the rest of its second
 * (stripe/sync-engine-fork#378). Newest first, they are under the upper bound anyway; `listPage` ends them at the lower one.
 */
export function listRequest(path: string, ctx: PageContext<unknown>, query: PageRequest["query"] = {}): PageRequest {
  const { gte, lt } = inSeconds(ctx.window)
  const place = ctx.pageToken === null ? { "created[gte]": gte, "created[lt]": lt } : { starting_after: ctx.pageToken }
  return { path, query: { limit: ctx.pageSize, ...place, ...query } }
}

export function listPage(answer: PartnerAnswer, { window }: PageContext<unknown>): Page {
  const body = json(answer.body)
  if (text(body, "object") !== "list" || !Array.isArray(at(body, "data")))
    throw new ShapeError("Stripe's answer is not the list that was asked for.")
  const listed = rows(body, "data").map(listRecord)
  const records = listed.filter(({ time }) => window.from === null || time >= window.from)
  const last = listed.at(-1)
  if (!flag(body, "has_more") || records.length < listed.length) return { records, next: null }
  if (!last) throw new ShapeError("Stripe sent an empty page and says that there is more.")
  return { records, next: last.id }
}

function listRecord(object: JsonValue): PageRecord {
  const [id, created] = [text(object, "id"), number(object, "created")]
  if (id === null || created === null) throw new ShapeError("Stripe sent an object without id or creation time.")
  return { id, time: fromSeconds(created), body: object }
}
