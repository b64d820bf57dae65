import { describe, expect, it, test } from "vitest"
import type { JsonValue } from "../../../../src/connectors/kit/item.ts"
import {
  addressed,
  afterLast,
  cursor,
  link,
  nextUrl,
  offset,
  type Paging,
  pageNumber,
  scroll,
  tokenOfNext,
} from "../../../../src/connectors/kit/rest/paging.ts"

const next = (
  paging: Paging,
  body: JsonValue,
  { ids = ["a", "b"], token = null as string | null, headers = {} } = {},
) => tokenOfNext(paging, { answer: { body, headers: new Headers(headers) }, ids, size: 2, token, title: "Shop" })

describe("the next page", () => {
  const url = "https://api.shop.test/v1/rows?page%5Bcursor%5D=x&page%5Bsize%5D=2"

  test.each<[string, string | null, string | null]>([
    ["by a token", next(cursor("paging.next.after"), { paging: { next: { after: "t1" } } }), "t1"],
    ["by a token that is a number", next(cursor("next"), { next: 7 }), "7"],
    ["of a token there is none", next(cursor("paging.next.after"), { paging: {} }), null],
    ["of a token that is null there is none", next(cursor("next"), { next: null }), null],
    ["by the last row", next(afterLast("more"), { more: true }), "b"],
    ["by the last row there is none", next(afterLast("more"), { more: false }), null],
    [
      "by its address",
      next(nextUrl("links.next"), { links: { next: url } }),
      "/v1/rows?page%5Bcursor%5D=x&page%5Bsize%5D=2",
    ],
    ["by its address there is none", next(nextUrl("links.next"), { links: { next: null } }), null],
    [
      "by the Link header",
      next(link(), [], { headers: { link: `<${url}>; rel="next", <${url}&x=1>; rel="last"` } }),
      "/v1/rows?page%5Bcursor%5D=x&page%5Bsize%5D=2",
    ],
    ["by the Link header there is none", next(link(), [], { headers: { link: `<${url}>; rel="prev"` } }), null],
    ["by rows passed over", next(offset(), [], { token: "4" }), "6"],
    ["by rows passed over, of a page that is not full, there is none", next(offset(), [], { ids: ["a"] }), null],
    ["by rows passed over, where the answer says so", next(offset("more"), { more: true }, { ids: ["a"] }), "1"],
    ["by its number", next(pageNumber(), []), "2"],
    [
      "by its number, where the answer says that there is none",
      next(pageNumber("more"), { more: false }, { token: "2" }),
      null,
    ],
    ["of a scroll", next(scroll("scroll_param"), { scroll_param: "s" }), "s"],
    ["of a scroll that has shown all", next(scroll("scroll_param"), { scroll_param: "s" }, { ids: [] }), null],
  ])("%s", (_, token, expected) => expect(token).toBe(expected))

  it("after an empty page is a contradiction", () => {
    expect(() => next(afterLast("more"), { more: true }, { ids: [] })).toThrow(/empty page/)
  })
})

describe("a page asked for by its address", () => {
  const token = "/v1/rows?filter=a&filter=b&page%5Bsize%5D=100"

  it("keeps every parameter, those that repeat too", () => {
    expect(addressed(token, {})).toEqual({ path: "/v1/rows", query: { filter: ["a", "b"], "page[size]": ["100"] } })
  })

  it("may be smaller than the address says", () => {
    expect(addressed(token, { "page[size]": "50" }).query).toMatchObject({ "page[size]": ["50"] })
  })

  it("stays with the partner, wherever the address leads", () => {
    const away = next(nextUrl("next"), { next: "https://elsewhere.test/steal?all=1" })
    expect(addressed(away ?? "", {}).path).toBe("/steal")
  })
})
