/** Stripe's lists out of recorded rows, for any cut by `created` and `starting_after`. https://docs.stripe.com/api/pagination */
import type { Asked, Replay } from "./replay.ts"
import { type Cut, type Rows, slice, textsOf } from "./rows.ts"

/** What names a page of a list; everything else in a query names the list. */
const PAGING = new Set(["limit", "starting_after", "created[gte]", "created[gt]", "created[lt]", "created[lte]"])
const LIMIT = 10
const SECOND_MS = 1000

export function stripeReplay(lists: ReadonlyMap<string, Rows>): Replay {
  return ({ method, path, query }) => {
    if (method !== "GET") return null
    const params = new URLSearchParams(query)
    const list = listOf(path, params)
    const rows = lists.get(list)
    const page = rows && slice(rows, cutOf(params))
    if (!page) return null
    const { start, end, hasMore } = page
    const body = () => `{"object":"list","data":[${textsOf(rows, page)}],"has_more":${hasMore},"url":"${path}"}`
    return { rows: end - start, key: `${list} ${start} ${end} ${hasMore}`, body }
  }
}

/** The list that a request is about, whatever page of it. */
export function listOf(path: Asked["path"], params: URLSearchParams): string {
  const named = [...params].filter(([name]) => !PAGING.has(name)).map(([name, value]) => `${name}=${value}`)
  return `${path}?${named.sort().join("&")}`
}

function cutOf(params: URLSearchParams): Cut {
  return {
    from: latest(seconds(params, "created[gte]", 0), seconds(params, "created[gt]", 1)),
    below: earliest(seconds(params, "created[lt]", 0), seconds(params, "created[lte]", 1)),
    after: params.get("starting_after"),
    limit: Number(params.get("limit") ?? LIMIT),
  }
}

function seconds(params: URLSearchParams, name: string, more: number): number | null {
  const value = params.get(name)
  return value === null ? null : (Number(value) + more) * SECOND_MS
}

function latest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other)
}

function earliest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.min(one, other)
}
