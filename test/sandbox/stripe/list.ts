/**
 * Stripe's lists: newest first, cursors by id, `has_more`. https://docs.stripe.com/api/pagination
 * A cursor whose object was deleted, or has dropped out of the default list of subscriptions, is refused:
 * https://github.com/stripe/stripe-php/issues/1264, https://github.com/stripe/stripe-node/issues/2368
 */
import { type Account, now } from "./account.ts"
import { badRequest, missing, Refusal } from "./errors.ts"
import type { Row } from "./model.ts"
import { above, limitOf, lowest, type Params, within } from "./params.ts"
import { firstFrom, positionOf, type Table } from "./table.ts"

export interface PageOf<R> {
  rows: R[]
  hasMore: boolean
}

export function page<R extends Row>(
  account: Account,
  table: Table<R>,
  params: Params,
  noun: string,
  fits: (row: R) => boolean,
  isListed: (row: R) => boolean = () => true,
  isCursor: (row: R) => boolean = isListed,
): PageOf<R> {
  const limit = limitOf(params)
  const after = params.values.get("starting_after")
  const before = params.values.get("ending_before")
  if (after !== undefined && before !== undefined) {
    throw new Refusal(
      badRequest("You cannot parameterize this endpoint with both `starting_after` and `ending_before`."),
    )
  }
  const created = params.ranges.get("created")
  const second = now(account)
  const isIn = (row: R) => row.visibleAt <= second && isListed(row) && within(created, row.created) && fits(row)
  const bottom = firstFrom(table, lowest(created))
  const limitAbove = above(created)
  const top = limitAbove === Infinity ? table.order.length : firstFrom(table, limitAbove)
  const cursor = (id: string, param: string) => {
    const row = table.byId.get(id)
    if (!row || row.visibleAt > second || !isCursor(row)) throw new Refusal(missing(400, noun, id, param))
    return positionOf(table, row)
  }
  if (before !== undefined)
    return upwards(table.order, Math.max(cursor(before, "ending_before") + 1, bottom), top, limit, isIn)
  const from = after === undefined ? top : Math.min(cursor(after, "starting_after"), top)
  if (after !== undefined && created && account.writeFaults().lostSecond > 0) {
    const second = table.order[from]?.created ?? 0
    return downwards(table.order, firstFrom(table, second), bottom, limit, isIn)
  }
  return downwards(table.order, from, bottom, limit, isIn)
}

/** The newest below `from`. */
function downwards<R>(order: R[], from: number, bottom: number, limit: number, isIn: (row: R) => boolean): PageOf<R> {
  const rows: R[] = []
  for (let at = from - 1; at >= bottom; at--) {
    const row = order[at]
    if (row === undefined || !isIn(row)) continue
    if (rows.length === limit) return { rows, hasMore: true }
    rows.push(row)
  }
  return { rows, hasMore: false }
}

/** The oldest from `from` up, still told newest first. */
function upwards<R>(order: R[], from: number, top: number, limit: number, isIn: (row: R) => boolean): PageOf<R> {
  const rows: R[] = []
  for (let at = from; at < top; at++) {
    const row = order[at]
    if (row === undefined || !isIn(row)) continue
    if (rows.length === limit) return { rows: rows.reverse(), hasMore: true }
    rows.push(row)
  }
  return { rows: rows.reverse(), hasMore: false }
}
