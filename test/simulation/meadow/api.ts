/** The made-up partner's API: an activity feed, lists in two orders, one that is scrolled through, and one that ends early. */
import { type Answer, type Call, json } from "../../sandbox/http.ts"
import { type Company, type Desk, type Person, present, shown, type Ticket } from "./desk.ts"

/** The feed forgets. */
export const FEED_DAYS = 7
const DAY_MS = 86_400_000
/** A search shows no more of what it finds. */
export const RESULTS_MAX = 12
const SCROLL_IDLE_MS = 60_000

export interface MeadowApi {
  answer(call: Call): Answer
  /** The connection broke while an answer was on its way: a scroll has not moved on. */
  unread(call: Call): void
}

interface Scroll {
  rows: Company[]
  at: number
  before: number
  usedAt: number
}

export function createApi(desk: Desk, isKey: (key: string) => boolean): MeadowApi {
  const scrolls = new Map<string, Scroll>()
  let scrolled = 0
  return {
    answer(call) {
      if (!isKey((call.headers.get("authorization") ?? "").replace("Bearer ", "")))
        return refusal(401, "unauthorized", "This token is not valid.")
      const { pathname, searchParams } = call.url
      if (pathname === "/v1/activity") return activity(searchParams)
      if (pathname === "/v1/people") return people(searchParams)
      if (pathname === "/v1/tickets") return tickets(searchParams)
      if (pathname === "/v1/companies/scroll") return scroll(searchParams)
      if (pathname === "/v1/companies") return companies(searchParams)
      return refusal(404, "not_found", "There is no such endpoint.")
    },
    unread({ url }) {
      const held = scrolls.get(url.searchParams.get("scroll") ?? "")
      if (held) held.at = held.before
    },
  }

  /** Newest first, `since` and `until` inclusive and in whole seconds; the cursor is an entry's id. */
  function activity(query: URLSearchParams): Answer {
    const [since, until] = [1000 * num(query, "since", 0), 1000 * num(query, "until", 1e12)]
    const forgotten = desk.now() - FEED_DAYS * DAY_MS
    const entries = desk.activity
      .filter((one) => one.shownAt <= desk.now() && one.at >= since && one.at <= until && one.at >= forgotten)
      .sort((a, b) => b.at - a.at || (b.id < a.id ? -1 : 1))
    const after = query.get("after")
    const start = after === null ? 0 : entries.findIndex(({ id }) => id === after) + 1
    if (after !== null && start === 0) return badCursor()
    return page(entries.slice(start), num(query, "limit", 20), ({ id }) => id)
  }

  /** Oldest first by `sort`; goes on after (time, id). */
  function people(query: URLSearchParams): Answer {
    const by = query.get("sort") === "created" ? "created" : "updated"
    const [from, to] = [1000 * num(query, "from", 0), 1000 * num(query, "to", 1e12)]
    const [time, id] = (query.get("after") ?? "0:").split(":")
    const rows = shown(desk, desk.people)
      .filter((row) => row[by] >= from && row[by] < to)
      .filter((row) => row[by] > Number(time) || (row[by] === Number(time) && row.id > (id ?? "")))
      .sort((a, b) => a[by] - b[by] || (a.id < b.id ? -1 : 1))
    return page(rows, num(query, "limit", 20), (row) => `${row[by]}:${row.id}`)
  }

  /** Newest first, by page number; a search shows its first results only. */
  function tickets(query: URLSearchParams): Answer {
    const [from, to] = [1000 * num(query, "from", 0), 1000 * num(query, "to", 1e12)]
    const below = query.get("below")
    const rows = shown(desk, desk.tickets)
      .filter((row) => row.created >= from && row.created < to)
      .filter((row) => below === null || isBelow(row, below))
      .sort((a, b) => b.created - a.created || (b.id < a.id ? -1 : 1))
    const offset = num(query, "offset", 0)
    const limit = num(query, "limit", 20)
    const found = rows.slice(0, RESULTS_MAX)
    const data = found
      .slice(offset, offset + limit)
      .map((row) => ({ ...row, person: present(desk.people, row.person) }))
    return json(200, {
      data,
      offset,
      total: rows.length,
      more: offset + limit < found.length,
      capped: rows.length > found.length,
    })
  }

  function isBelow({ created, id }: Ticket, below: string): boolean {
    const [time, last] = below.split(":")
    return created < Number(time) || (created === Number(time) && id < (last ?? ""))
  }

  /** The place is kept here: the same word asks for the next page, and the one after. In no order that means anything. */
  function scroll(query: URLSearchParams): Answer {
    const given = query.get("scroll")
    for (const [id, { usedAt }] of scrolls) if (desk.now() - usedAt > SCROLL_IDLE_MS) scrolls.delete(id)
    const id = given ?? `scr_${++scrolled}`
    if (given === null) {
      const rows = shown(desk, desk.companies).sort((a, b) =>
        a.id.split("").reverse().join("") < b.id.split("").reverse().join("") ? -1 : 1,
      )
      scrolls.set(id, { rows, at: 0, before: 0, usedAt: desk.now() })
    }
    const held = scrolls.get(id)
    if (!held) return refusal(404, "scroll_expired", "Begin the scroll anew.")
    const limit = num(query, "limit", 20)
    const data = held.rows.slice(held.at, held.at + limit)
    Object.assign(held, { before: held.at, at: held.at + data.length, usedAt: desk.now() })
    return json(200, { data, scroll: data.length > 0 ? id : null })
  }

  /** Some companies by id. */
  function companies(query: URLSearchParams): Answer {
    const ids = new Set((query.get("ids") ?? "").split(","))
    return json(200, { data: shown(desk, desk.companies).filter(({ id }) => ids.has(id)) })
  }
}

export function refusal(status: number, code: string, message: string, headers: Record<string, string> = {}): Answer {
  return json(status, { error: { code, message } }, headers)
}

function badCursor(): Answer {
  return refusal(400, "bad_cursor", "This cursor is not known.")
}

function page<Row>(rows: readonly Row[], limit: number, cursorOf: (row: Row) => string): Answer {
  const data = rows.slice(0, limit)
  const last = data.at(-1)
  return json(200, { data, next: rows.length > limit && last ? cursorOf(last) : null })
}

function num(query: URLSearchParams, name: string, otherwise: number): number {
  const given = query.get(name)
  return given === null ? otherwise : Number(given)
}

export type { Person }
