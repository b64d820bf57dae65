/** What holds for every connector. A connector's own test needs only its partner's quirks. */
import { describe, expect, test } from "vitest"
import { z } from "zod"
import {
  type AnyConnector,
  type Collection,
  LOOKUPS_MAX,
  type NormalizeContext,
  type PageContext,
  ShapeError,
  type Stream,
} from "../../../src/connectors/kit/define.ts"
import { ALIAS, type JsonValue } from "../../../src/connectors/kit/item.ts"
import { metric, segment } from "../../../src/connectors/kit/templates.ts"
import { toItems } from "../../../src/connectors/kit/to-items.ts"

const ORDER = [
  "name",
  "title",
  "docs",
  "config",
  "auth",
  "baseUrl",
  "headers",
  "limits",
  "account",
  "changeable",
  "payments",
  "collections",
  "streams",
  "pendingForDays",
  "classify",
  "templates",
]

const OPTIONAL = ["changeable", "payments"]

/** The destination keeps these names for itself, in any case. */
const RESERVED = [
  "identify",
  "auto-track",
  "view page",
  "leave page",
  "change on",
  "click on",
  "submit on",
  "consent",
  "alias",
]

const NONSENSE: readonly JsonValue[] = [
  ...[null, "x", 7, [], {}, { data: null }, { data: [null] }, { error: "x" }],
  // Gateways' words.
  ...[{ message: "Forbidden" }, { error: { code: 401, message: "Unauthorized" } }, { errors: [] }],
]

const FROM = Date.UTC(2026, 0, 1)
const TO = FROM + 86_400_000

export interface ContractOptions {
  /** A configuration that the connector's schema accepts. */
  config: unknown
  /** A credential of the right form. */
  credential: string
}

export function connectorContract(connector: AnyConnector, { config, credential }: ContractOptions): void {
  describe(`the connector ${connector.name}`, () => {
    identity(connector, config)
    authentication(connector, credential)
    collections(connector)
    for (const stream of connector.streams) streams(connector, stream, config)
    answers(connector)
    templates(connector)
  })
}

function identity(connector: AnyConnector, config: unknown): void {
  test("reads top to bottom in the contract's order", () => {
    expect(Object.keys(connector)).toEqual(ORDER.filter((name) => !OPTIONAL.includes(name) || name in connector))
  })

  test("has a name that fits a path, a title and its partner's documentation", () => {
    expect(connector.name).toMatch(/^[a-z][a-z0-9-]*$/)
    expect(connector.title).not.toBe("")
    for (const url of [connector.docs, connector.limits.docs]) expect(new URL(url).protocol).toBe("https:")
  })

  test("takes a configuration that a form can ask for", () => {
    expect(connector.config.safeParse(config).success).toBe(true)
    const { type, properties = {} } = z.toJSONSchema(connector.config)
    expect(type).toBe("object")
    for (const field of connector.changeable ?? []) expect(properties).toHaveProperty(field)
  })

  if (connector.payments)
    test("leaves out test payments until the user lets them count, and says of each that it is one", () => {
      const { collection: name, countsTests } = connector.payments ?? {}
      expect(connector.changeable).toContain("countTestPayments")
      expect(
        [config, { ...(config as object), countTestPayments: true }].map((one) =>
          countsTests?.(connector.config.parse(one)),
        ),
      ).toEqual([false, true])
      expect(connector.collections.find((one) => one.name === name)?.schema.shape).toHaveProperty("test")
    })

  test("asks one origin over https", () => {
    expect(new URL(connector.baseUrl(config)).origin).toBe(connector.baseUrl(config))
    expect(connector.baseUrl(config)).toMatch(/^https:/)
  })

  test("stays within a pace and does not wait forever for what is open", () => {
    expect(connector.limits.callsPerSecond).toBeGreaterThan(0)
    expect(connector.pendingForDays).toBeGreaterThan(0)
  })
}

/** What many partners' keys look like: letters and digits, hex, a UUID, a signed token. */
const ANYBODYS = [
  "abcdefghijklmnop",
  "0123456789abcdef0123456789abcdef",
  "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
  "eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
]

function authentication(connector: AnyConnector, credential: string): void {
  test("says how to authenticate, and what to do about a wrong key", () => {
    for (const auth of connector.auth) {
      expect([auth.label, auth.help].every((text) => text.length > 0)).toBe(true)
      expect(Object.values(auth.headers(credential)).join()).toContain(credential)
      if (auth.kind !== "apiKey") continue
      expect(auth.schema.safeParse(credential).success).toBe(true)
      // A shape that fits anything would make every other partner's key look like one of this partner's.
      if (auth.shape) expect(auth.shape.test(credential)).toBe(true)
      for (const anybodys of ANYBODYS) expect(auth.shape?.test(anybodys) ?? false).toBe(false)
      for (const wrong of ["", "x", "a key with spaces"]) {
        expect(auth.schema.safeParse(wrong).error?.issues[0]?.message).toMatch(/[A-Z].{20,}\.$/)
      }
    }
  })

  test("proves a key with one call", () => {
    expect(connector.account.request({}).path).toMatch(/^\//)
  })
}

function collections(connector: AnyConnector): void {
  const names = connector.collections.map(({ name }) => name)

  test("has collections with names of their own that the destination takes", () => {
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(RESERVED).not.toContain(name.toLowerCase())
    if (connector.payments) expect(names).toContain(connector.payments.collection)
  })

  test.each(connector.collections.map((one) => [one.name, one] as const))(
    "documents every attribute of %s",
    (_name, one) => {
      expect(one.description).toMatch(/\.$/)
      const undocumented = Object.entries(propertiesOf(one)).filter(([, property]) => !property.description)
      expect(undocumented.map(([name]) => name)).toEqual([])
    },
  )

  test.each(names)("reads %s both live and back", (name) => {
    const modes = connector.streams.filter((stream) => stream.collections.includes(name)).map(({ mode }) => mode)
    expect(modes).toContain("live")
    expect(modes).toContain("backfill")
  })
}

function streams(connector: AnyConnector, stream: Stream<unknown>, config: unknown): void {
  const context = (changes: Partial<PageContext<unknown>> = {}): PageContext<unknown> => ({
    config,
    account: { id: "a", name: "A", mode: "test" },
    collections: new Set(stream.collections),
    window: { from: FROM, to: TO },
    pageToken: null,
    pageSize: stream.pageSize,
    ...changes,
  })

  describe(`its stream ${stream.name}`, () => {
    test("has a name of its own and feeds collections that exist", () => {
      expect(connector.streams.filter(({ name }) => name === stream.name)).toHaveLength(1)
      const names = [...connector.collections.map(({ name }) => name), ALIAS]
      expect(stream.collections.every((name) => names.includes(name))).toBe(true)
      expect(stream.collections.length).toBeGreaterThan(0)
    })

    test("reads again what may appear late, or says how far before its range it reads", () => {
      if (stream.mode === "live") expect(stream.lookbackSeconds).toBeGreaterThanOrEqual(300)
      else expect([stream.lookbackSeconds, stream.reach === undefined]).toEqual([0, false])
    })

    test("asks for a window, a page of it and a size, the same every time", () => {
      const first = stream.request(context())
      expect(first.path).toMatch(/^\//)
      expect(stream.request(context())).toEqual(first)
      const windows = [{ window: { from: FROM + 5_000, to: TO } }, { window: { from: FROM, to: TO + 5_000 } }]
      const different = [{ pageToken: "t1" }, { pageSize: 7 }, ...(stream.unbounded ? [] : windows)]
      for (const changes of different) expect(stream.request(context(changes))).not.toEqual(first)
    })

    test("may be cut only where it is a list by creation time, newest first, that is asked for from one time to another", () => {
      if (!stream.parts) return
      expect([stream.mode, stream.order ?? "newest", stream.scroll ?? false]).toEqual(["backfill", "newest", false])
      expect(stream.parts.granularityMs).toBeGreaterThanOrEqual(connector.clock?.granularityMs ?? 1000)
      const middle = FROM + stream.parts.granularityMs
      const windows = [
        { from: FROM, to: TO },
        { from: middle, to: TO },
        { from: FROM, to: middle },
      ]
      const asked = windows.map((window) => JSON.stringify(stream.request(context({ window }))))
      expect(new Set(asked).size).toBe(windows.length)
    })

    test("passes a record that always fails only where its place can be told from the times around it", () => {
      if (!stream.stepOver) return
      expect(stream.order ?? "newest").toBe("newest")
      expect(stream.sortedByUpdate ?? false).toBe(false)
      expect(stream.stepOver.granularityMs).toBeGreaterThanOrEqual(connector.clock?.granularityMs ?? 1000)
      const { granularityMs } = stream.stepOver
      // Neighbouring stretches are asked for apart, also where the backfill has a range.
      const asked = [0, 1, 2].map((step) => {
        const window = { from: FROM + step * granularityMs, to: FROM + (step + 1) * granularityMs }
        return JSON.stringify(stream.request(context({ window, range: { from: FROM, to: TO }, pageSize: 1 })))
      })
      expect(new Set(asked).size).toBe(3)
    })

    test("asks without bounds where there are none", () => {
      expect(stream.request(context({ window: { from: null, to: null } })).path).toMatch(/^\//)
    })

    test.each(NONSENSE.map((body) => [JSON.stringify(body), body]))(
      "takes %s for no page, and says so",
      (_text, body) => {
        expect(() => stream.page({ body, headers: new Headers() }, context())).toThrow(ShapeError)
      },
    )

    test.each(NONSENSE.map((body) => [JSON.stringify(body), body]))(
      "makes nothing of a record that is %s",
      (_text, body) => {
        const record = { id: "r1", time: FROM, body }
        for (const via of ["feed", "list", "webhook"] as const) {
          const ctx: NormalizeContext<unknown> = { ...context(), identity: "email", via, followed: [], asked: TO }
          expect(toItems(connector, stream, record, ctx, {}).items).toEqual([])
        }
        expect((stream.lookup?.requests([record], context()) ?? []).length).toBeLessThanOrEqual(LOOKUPS_MAX)
      },
    )
  })
}

function answers(connector: AnyConnector): void {
  test.each([400, 401, 403, 404, 409, 422, 429, 500, 503])("knows what %i means, whatever comes with it", (status) => {
    for (const body of NONSENSE) {
      const failure = connector.classify(status, body, new Headers(), { kind: "key", value: "key_1" })
      if (failure) expect(failure.reason).not.toBe("")
      if (status >= 500) expect(failure?.kind ?? "transient").toBe("transient")
      // None of them is the partner's own error: no credential is refused, and none is told that it may not read.
      if (status === 401 || status === 403) expect(failure).toBeNull()
    }
  })
}

function templates(connector: AnyConnector): void {
  const { metrics, segments } = connector.templates
  const known = new Map(connector.collections.map((one) => [one.name, propertiesOf(one)]))
  const attributesOf = (name: string) => [...Object.keys(known.get(name) ?? {}), "userId", "accountId"]

  test("offers metrics and segments under keys of their own", () => {
    for (const keys of [metrics.map(({ key }) => key), segments.map(({ key }) => key)]) {
      expect(new Set(keys).size).toBe(keys.length)
      expect(keys.length).toBeGreaterThan(0)
    }
  })

  test.each(metrics.map((one) => [one.key, one] as const))("offers a metric %s that can be computed", (_key, one) => {
    const made = metric.parse(one.metric)
    expect(one.collections.every((name) => known.has(name))).toBe(true)
    if (made.type === "formula") {
      const keys = metrics.map(({ key }) => key)
      expect(Object.values(made.terms).every((term) => keys.includes(term))).toBe(true)
      expect(made.expression.match(/[a-z]/g)?.every((letter) => letter in made.terms)).toBe(true)
      return
    }
    const attributes = made.type === "user" ? [] : attributesOf(made.collection)
    const used = [
      ...made.filters.map(({ attribute }) => attribute),
      ...(made.type === "collection" ? [made.field] : []),
    ]
    for (const attribute of used) expect(attributes).toContain(attribute)
    const isMoney = made.type === "collection" && /amount|total|mrr|revenue|price/i.test(made.field)
    // Yen and dollars are never added up.
    if (isMoney) expect(made.filters.map(({ attribute }) => attribute)).toContain("currency")
  })

  test.each(segments.map((one) => [one.key, one] as const))("offers a segment %s that can be computed", (_key, one) => {
    const made = segment.parse(one.segment)
    expect(one.collections.every((name) => known.has(name))).toBe(true)
    const conditions = made.conditions.flatMap((each) => ("conditions" in each ? each.conditions : [each]))
    for (const each of conditions) {
      if (each.on === "attribute") expect(one.collections.flatMap(attributesOf)).toContain(each.attribute)
      if (each.on !== "event") continue
      const used = [
        ...each.filters.map(({ attribute }) => attribute),
        ...(each.measure?.field ? [each.measure.field] : []),
      ]
      for (const attribute of used) expect(attributesOf(each.collection)).toContain(attribute)
      if (each.measure?.function === "sum") expect(each.filters.map(({ attribute }) => attribute)).toContain("currency")
    }
  })
}

function propertiesOf(collection: Collection): Record<string, { description?: string }> {
  return z.toJSONSchema(collection.schema).properties as Record<string, { description?: string }>
}
