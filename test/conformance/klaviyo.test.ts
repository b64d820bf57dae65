/** Klaviyo's own description of its API: every request is described, and filters only by what may be filtered. */
import { beforeAll, expect, test } from "vitest"
import type { PageContext, PageRequest, Stream } from "../../src/connectors/kit/define.ts"
import { klaviyo } from "../../src/connectors/klaviyo.ts"
import type { Description } from "./openapi.ts"
import { describeWith, readZippedJson } from "./partners.ts"

const SPEC = "klaviyo/klaviyo.stable.2026-07-15.json.gz"
const FROM = Date.parse("2026-03-01T00:00:00Z")

interface Filters {
  "x-klaviyo-filters"?: Record<string, { operators: { single?: string[] } }>
}

function context(stream: Stream<unknown>, changes: Partial<PageContext<unknown>>): PageContext<unknown> {
  const account = { id: "AbC123", name: "Ada", mode: "live" } as const
  const window = { from: FROM, to: FROM + 86_400_000 }
  const collections = new Set(klaviyo.collections.map(({ name }) => name))
  return { config: {}, account, collections, window, pageToken: null, pageSize: stream.pageSize, ...changes }
}

describeWith("Klaviyo's description of its API", [SPEC], () => {
  let api: Description

  beforeAll(() => {
    api = readZippedJson<Description>(SPEC)
  })

  /** Lists are written with commas, and a parameter's name has brackets of its own. */
  function faults({ path, query = {} }: PageRequest): string[] {
    const parameters = api.paths[path]?.get?.parameters ?? []
    const named = new Map(parameters.map(({ name, schema }) => [name, schema]))
    const unknown = Object.keys(query).filter((name) => !named.has(name))
    const filters = String(query.filter ?? "")
      .split(/,(?=[a-z])/)
      .filter((part) => part !== "")
    const allowed = (api.paths[path]?.get as Filters | undefined)?.["x-klaviyo-filters"] ?? {}
    const wrong = filters.filter((filter) => {
      const [, operator = "", field = ""] = /^([a-z-]+)\((\w+),[^)]*\)$/.exec(filter) ?? []
      return !allowed[field]?.operators.single?.includes(operator)
    })
    const size = Number(query["page[size]"])
    const most = (named.get("page[size]") as { maximum?: number } | undefined)?.maximum ?? 0
    const sorts = (named.get("sort")?.enum ?? []).includes(String(query.sort))
      ? []
      : [`${path} cannot be sorted by ${query.sort}`]
    return [
      ...unknown.map((name) => `${path} takes no ${name}`),
      ...wrong,
      ...(size > most ? [`${path}: ${size} rows`] : []),
      ...sorts,
    ]
  }

  test("has the account's request", () => {
    const { path, query } = klaviyo.account.request({})
    expect([api.paths[path]?.get !== undefined, query]).toEqual([true, undefined])
  })

  test.each((klaviyo.streams as Stream<unknown>[]).map((stream) => [stream.name, stream] as const))(
    "takes every request of %s",
    (_, stream) => {
      const contexts = [{}, { window: { from: null, to: null } }, { window: { from: FROM, to: null }, pageSize: 7 }]
      expect(contexts.flatMap((changes) => faults(stream.request(context(stream, changes))))).toEqual([])
    },
  )

  test.each([
    [{ path: "/api/profiles", query: { sort: "-updated", since: 1 } }, "takes no since"],
    [
      { path: "/api/profiles", query: { sort: "-updated", filter: "greater-or-equal(updated,2026)" } },
      "greater-or-equal",
    ],
    [{ path: "/api/events", query: { sort: "-created" } }, "cannot be sorted"],
    [{ path: "/api/profiles", query: { sort: "-updated", "page[size]": 200 } }, "200 rows"],
  ])("is really looked at: %j would be found", (request, fault) => expect(faults(request).join()).toContain(fault))
})
