import { describe, expect, it, test } from "vitest"
import { type PageContext, ShapeError, type Stream } from "../../../../src/connectors/kit/define.ts"
import type { JsonValue } from "../../../../src/connectors/kit/item.ts"
import { text } from "../../../../src/connectors/kit/rest/fields.ts"
import { afterLast, nextUrl, type Paging } from "../../../../src/connectors/kit/rest/paging.ts"
import { type Frame, type Live, type Resource, streamsOf } from "../../../../src/connectors/kit/rest/resource.ts"
import { event } from "../../../../src/connectors/kit/rest/tells.ts"
import { iso, seconds } from "../../../../src/connectors/kit/rest/times.ts"

const DAY = 86_400_000
const FROM = Date.UTC(2026, 0, 10, 12, 0, 0, 400)
const TO = FROM + 10 * DAY

const FRAME: Frame = {
  connector: "acme",
  title: "Acme",
  people: { knownBy: "email" },
  payments: null,
  granularityMs: 1000,
}

const LIVE: Live = { time: iso("changed"), order: "newest", lower: "inclusive", lagSeconds: 60 }

function orders(changes: Partial<Resource> = {}): Resource {
  return {
    ...{ name: "orders", title: "Orders", path: "/v1/orders", rows: "data", paging: afterLast("more"), pageSize: 2 },
    query: { since: "{from}", until: "{to}", after: "{token}", limit: "{size}" },
    live: LIVE,
    tells: [event("Ordered", "An order.", { time: iso("made"), who: { id: "by" } }, { order: text("id", "Id") })],
    ...changes,
  }
}

const only = (changes?: Partial<Resource>) => streamsOf(orders(changes), FRAME)[0] as Stream<unknown>

function context(changes: Partial<PageContext<unknown>> = {}): PageContext<unknown> {
  return {
    ...{ config: {}, account: { id: "a1", name: "Ada", mode: "live" }, collections: new Set(["Ordered"]) },
    ...{ window: { from: FROM, to: TO }, pageToken: null, pageSize: 2 },
    ...changes,
  }
}

const answered = (body: JsonValue) => ({ body, headers: new Headers() })
const order = (id: string, changed: number): JsonValue => ({ id, changed: new Date(changed).toISOString() })

describe("a resource", () => {
  it("becomes a live stream by last change, whose rows come again, and a backfill stream by creation", () => {
    const history = { time: iso("made"), order: "newest", lower: "inclusive", reach: { days: 3 }, isCut: true } as const
    const [live, backfill] = streamsOf(orders({ history }), FRAME)
    expect(live).toMatchObject({ name: "orders", mode: "live", lookbackSeconds: 300, sortedByUpdate: true })
    expect(backfill).toMatchObject({ name: "orders_history", mode: "backfill", lookbackSeconds: 0, reach: { days: 3 } })
    expect(backfill?.parts).toEqual({ by: "created", granularityMs: 1000 })
  })

  it("that is read back only keeps its name, and one that is slow is read again for twice its lag", () => {
    const { live: _, ...rest } = orders()
    const history = { time: iso("made"), order: "newest", lower: "inclusive", reach: "all" } as const
    expect(streamsOf({ ...rest, history }, FRAME).map(({ name }) => name)).toEqual(["orders"])
    expect(only({ live: { ...LIVE, lagSeconds: 400 } }).lookbackSeconds).toBe(800)
  })
})

describe("the request of a window", () => {
  const until = "2026-01-20T12:00:01.000Z"

  test.each<[string, Partial<Live>, object]>([
    ["begins with the second of its lower bound", {}, { since: "2026-01-10T12:00:00.000Z", until }],
    [
      "begins a second earlier where that is left out",
      { lower: "exclusive" },
      { since: "2026-01-10T11:59:59.000Z", until },
    ],
    [
      "begins days earlier where whole days are compared",
      { lower: { days: 1 } },
      { since: "2026-01-09T12:00:00.000Z", until },
    ],
    ["writes bounds as the partner reads them", { form: "seconds" }, { since: 1768046400, until: 1768910401 }],
    ["has no bounds where none can be given", { lower: "none", upper: "none" }, {}],
  ])("%s", (_, changes, expected) => {
    const request = only({ live: { ...LIVE, ...changes } }).request(context())
    expect(request).toEqual({ path: "/v1/orders", query: { ...expected, limit: 2 } })
  })

  it("goes on with the token of the page before", () => {
    expect(only().request(context({ pageToken: "or_2" })).query).toMatchObject({ after: "or_2" })
  })

  it("is a body where the partner searches by one", () => {
    const body = { filters: [{ field: "changed", op: ">=", value: "{from}" }], size: "{size}" }
    const live = { ...LIVE, time: seconds("changed") }
    expect(only({ body, query: {}, live }).request(context()).body).toEqual({
      filters: [{ field: "changed", op: ">=", value: 1_768_046_400 }],
      size: 2,
    })
  })

  it("is the address that the page before named, with as many rows as may come now", () => {
    const paging: Paging = nextUrl("next")
    const { path, query } = only({ paging }).request(
      context({ pageToken: "/v1/orders?after=or_2&limit=100", pageSize: 50 }),
    )
    expect([path, query]).toEqual(["/v1/orders", { after: ["or_2"], limit: ["50"] }])
  })
})

describe("a page", () => {
  const page = (body: JsonValue, changes?: Partial<Resource>) => only(changes).page(answered(body), context())
  const rows = (...times: number[]) => times.map((time, index) => order(`or_${index}`, time))

  it("holds the rows of its window, each under its id and time", () => {
    const { records, next } = page({ data: rows(TO, TO - 1, FROM), more: true })
    expect(records.map(({ id, time }) => [id, time])).toEqual([
      ["or_1", TO - 1],
      ["or_2", FROM],
    ])
    expect(next).toBe("or_2")
  })

  it("is the last once it comes below the window, newest first, or above it, oldest first", () => {
    expect(page({ data: rows(FROM, FROM - 1), more: true }).next).toBeNull()
    const live = { ...LIVE, order: "oldest" as const }
    expect(page({ data: rows(FROM - 1, FROM), more: true }, { live }).next).toBe("or_1")
    expect(page({ data: rows(FROM, TO), more: true }, { live }).next).toBeNull()
  })

  it("in no order is followed by the next one whatever it holds", () => {
    const live = { ...LIVE, order: "none" as const }
    expect(page({ data: rows(FROM - DAY, TO + DAY), more: true }, { live })).toMatchObject({
      records: [],
      next: "or_1",
    })
  })

  it("places a row without a time where its neighbours stand", () => {
    const lacking = (id: string): JsonValue => ({ id, changed: null })
    const data = [lacking("or_a"), order("or_b", TO - 1), lacking("or_c"), order("or_d", FROM), lacking("or_e")]
    expect(page({ data }).records.map(({ time }) => time)).toEqual([TO - 1, TO - 1, TO - 1, FROM, FROM])
  })

  it.each([
    [{ data: {} }, /not the list/],
    [{ rows: [] }, /not the list/],
    [{ data: [{ changed: "2026-01-11T00:00:00Z" }] }, /without id/],
    [{ data: [{ id: "or_1", changed: "soon" }] }, /without changed/],
  ])("that is not as documented is read again later: %j", (body, said) => {
    expect(() => page(body)).toThrow(ShapeError)
    expect(() => page(body)).toThrow(said)
  })
})
