/** How lists go on: where an answer says what the next page is, and how that is asked for. */
import type { PageRequest, PartnerAnswer } from "../define.ts"
import { ShapeError } from "../define.ts"
import type { JsonValue } from "../item.ts"
import { at, flag, json } from "../values.ts"

export type Paging =
  /** The answer names a token, sent as `{token}`. */
  | { kind: "cursor"; next: string }
  /** The next page begins after the last row's id, sent as `{token}`; the answer says whether there is one. */
  | { kind: "afterLast"; more: string }
  /** The answer names the next page's address. */
  | { kind: "nextUrl"; next: string }
  /** As `nextUrl`, in the `Link` header (RFC 8288). */
  | { kind: "link" }
  /** Rows to pass over, sent as `{token}`. Until a page is not full, or the answer says that there is no more. */
  | { kind: "offset"; more?: string }
  /** Pages by number from 1, sent as `{token}`. Until a page is not full, or the answer says that there is no more. */
  | { kind: "page"; more?: string }
  /** The partner keeps the place: the same token with every page, until one has no rows. */
  | { kind: "scroll"; next: string }

export const cursor = (next: string): Paging => ({ kind: "cursor", next })
export const afterLast = (more: string): Paging => ({ kind: "afterLast", more })
export const nextUrl = (next: string): Paging => ({ kind: "nextUrl", next })
export const link = (): Paging => ({ kind: "link" })
export const offset = (more?: string): Paging => ({ kind: "offset", ...(more !== undefined && { more }) })
export const pageNumber = (more?: string): Paging => ({ kind: "page", ...(more !== undefined && { more }) })
export const scroll = (next: string): Paging => ({ kind: "scroll", next })

export interface Turn {
  answer: PartnerAnswer
  /** Ids of the page's rows, in order. */
  ids: readonly string[]
  /** Rows that were asked for. */
  size: number
  /** The token that the page was asked for with. */
  token: string | null
  title: string
}

/** The token of the next page; null: there is none. Throws `ShapeError` where the answer contradicts itself. */
export function tokenOfNext(paging: Paging, turn: Turn): string | null {
  const { answer, ids, size, token, title } = turn
  const body = json(answer.body)
  switch (paging.kind) {
    case "cursor":
      return textOf(at(body, paging.next))
    case "nextUrl":
      return pathOf(textOf(at(body, paging.next)))
    case "link":
      return pathOf(nextLink(answer.headers.get("link")))
    case "scroll":
      return ids.length === 0 ? null : textOf(at(body, paging.next))
    case "afterLast": {
      if (!flag(body, paging.more)) return null
      const last = ids.at(-1)
      if (last === undefined) throw new ShapeError(`${title} sent an empty page and says that there is more.`)
      return last
    }
    case "offset":
      return isMore(paging.more, body, ids.length, size) ? String(Number(token ?? 0) + ids.length) : null
    case "page":
      return isMore(paging.more, body, ids.length, size) ? String(Number(token ?? 1) + 1) : null
  }
}

function isMore(more: string | undefined, body: JsonValue, rows: number, size: number): boolean {
  return rows > 0 && (more === undefined ? rows >= size : flag(body, more))
}

function textOf(value: JsonValue | undefined): string | null {
  return (typeof value === "string" && value !== "") || typeof value === "number" ? String(value) : null
}

/** Path and query alone: a page's address may not lead anywhere else, so that its origin is not heeded. */
function pathOf(url: string | null): string | null {
  if (url === null || !URL.canParse(url, "https://partner.invalid")) return null
  const { pathname, search } = new URL(url, "https://partner.invalid")
  return pathname + search
}

function nextLink(header: string | null): string | null {
  for (const part of (header ?? "").split(/,(?=\s*<)/)) {
    const [, url, rest = ""] = /^\s*<([^>]*)>(.*)$/.exec(part) ?? []
    if (url !== undefined && /;\s*rel="?next"?(\s|;|$)/i.test(rest)) return url
  }
  return null
}

/** Partners whose pages are asked for by their address. */
export function isAddressed({ kind }: Paging): boolean {
  return kind === "nextUrl" || kind === "link"
}

/** The request for an address that an answer named. `sized`: the parameters that say how many rows are wanted, which may be fewer by now. */
export function addressed(token: string, sized: Readonly<Record<string, string>>): PageRequest {
  const { pathname, searchParams } = new URL(token, "https://partner.invalid")
  for (const [name, value] of Object.entries(sized)) searchParams.set(name, value)
  const query: Record<string, readonly string[]> = {}
  for (const name of new Set(searchParams.keys())) query[name] = searchParams.getAll(name)
  return { path: pathname, query }
}
