/** Every refusal names the field and the way out, shows nothing of the inside, and writes nothing. */
import { createExecutionContext } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import type { Bindings } from "../../src/env.ts"
import worker from "../../src/index.ts"
import { dayOf } from "../../src/lib/time.ts"
import { earliestStartDate } from "../../src/source/control/start-date.ts"
import { call, create, json, type Problem, problem, type Sent, simulateWorld, snapshot, wish } from "../support/api.ts"

const DAY_MS = 86_400_000
const SHOPIFY_LIKE = "shpat_0123456789abcdef0123456789abcdef"

const world = simulateWorld()
let accounts = 0
const freshKey = () => world.stripeKey(`bad-input-${++accounts}`)

/** Sends it, checks that nothing was written and nothing leaks, returns the problem. */
async function refused(method: string, path: string, sent: Sent): Promise<Problem> {
  const before = await snapshot()
  const { headers, ...answer } = await problem(call(method, path, sent))
  expect(headers.get("cache-control")).toBe("no-store")
  expect(await snapshot()).toBe(before)
  expect(answer.remedy).toMatch(/^[A-Z].*\.$/)
  expect(JSON.stringify(answer)).not.toMatch(/ at \/|\.ts:|\bsqlite|\bzod\b/i)
  return answer
}

const fieldsOf = (answer: Problem) => answer.errors?.map((error) => error.field)

describe("creating a source refuses", () => {
  const inSync = (sync: unknown) => ({ sync })
  const now = Date.now()
  const tooEarly = dayOf(earliestStartDate(now) - DAY_MS)
  const tomorrow = dayOf(now + DAY_MS)

  // At midnight tomorrow would be today, and allowed.
  beforeAll(() => void vi.useFakeTimers({ toFake: ["Date"], now }))
  afterAll(() => void vi.useRealTimers())

  it.each([
    ["an interval of 0", inSync({ intervalHours: 0 }), "sync.intervalHours"],
    ["an interval of 25", inSync({ intervalHours: 25 }), "sync.intervalHours"],
    ["an interval of 1.5", inSync({ intervalHours: 1.5 }), "sync.intervalHours"],
    ["an interval in words", inSync({ intervalHours: "hourly" }), "sync.intervalHours"],
    ["a start date in the future", inSync({ startDate: tomorrow }), "sync.startDate"],
    ["a start date a day over a year back", inSync({ startDate: tooEarly }), "sync.startDate"],
    ["a start date that is no date", inSync({ startDate: "2026-02-30" }), "sync.startDate"],
    ["a start date that is a number", inSync({ startDate: 20260101 }), "sync.startDate"],
    ["an empty name", { name: "" }, "name"],
    ["a blank name", { name: "   " }, "name"],
    ["a name beyond all measure", { name: "n".repeat(101) }, "name"],
    ["an unknown field", { nmae: "Our Stripe" }, "nmae"],
    ["an unknown field deep down", inSync({ interval: 3 }), "sync.interval"],
    ["an unknown setting of the connector", { config: { shop: "acme" } }, "config.shop"],
    ["an unknown identity", { identity: "phone" }, "identity"],
    ["no collection at all", { collections: [] }, "collections"],
    ["a collection twice", { collections: [{ name: "Charge" }, { name: "Charge" }] }, "collections"],
    ["a path that is none", { collections: [{ name: "Charge", fields: { a: "b..c" } }] }, "collections[0].fields.a"],
    [
      "a field over an attribute",
      { collections: [{ name: "Charge", fields: { amount: "x" } }] },
      "collections[0].fields.amount",
    ],
    ["a key of another partner", { credentials: { apiKey: SHOPIFY_LIKE } }, "credentials.apiKey"],
    ["a publishable key", { credentials: { apiKey: `pk_test_${"a".repeat(24)}` } }, "credentials.apiKey"],
    ["an empty key", { credentials: { apiKey: "" } }, "credentials.apiKey"],
    ["credentials of another kind", { credentials: { token: "x" } }, "credentials.token"],
  ])("%s", async (_, more, field) => {
    const checks = world.checks()
    const answer = await refused("POST", "/sources", { body: wish(world.stripeKey("bad"), more) })
    expect(answer).toMatchObject({ status: 422, code: "invalid" })
    expect(fieldsOf(answer)).toContain(field)
    expect(world.checks()).toBe(checks)
  })

  it.each([
    ["connector", { connector: "strype" }, "unknown_connector", "connector"],
    ["collection", { collections: [{ name: "Refunds" }] }, "unknown_collection", "collections[0].name"],
    ["template", { templates: ["lifetime_luck"] }, "unknown_template", "templates[0]"],
  ])("an unknown %s", async (_, more, code, field) => {
    const checks = world.checks()
    const answer = await refused("POST", "/sources", { body: wish(world.stripeKey("bad"), more) })
    expect(answer).toMatchObject({ status: 422, code })
    expect(fieldsOf(answer)).toContain(field)
    expect(world.checks()).toBe(checks)
  })

  it("names every bad field at once", async () => {
    const answer = await refused("POST", "/sources", {
      body: { connector: "stripe", name: "", sync: { intervalHours: 99 }, x: 1 },
    })
    expect(fieldsOf(answer)?.sort()).toEqual(["name", "sync.intervalHours", "x"])
  })

  it("a key that the partner does not accept", async () => {
    const key = world.stripeKey("bad-key")
    world.stripe.revokeKey(key)
    const answer = await refused("POST", "/sources", { body: wish(key) })
    expect(answer).toMatchObject({ status: 422, code: "credentials_rejected" })
    expect(fieldsOf(answer)).toEqual(["credentials.apiKey"])
    expect(JSON.stringify(answer)).not.toContain(key)
  })

  it("while the partner does not answer", async () => {
    const key = world.stripeKey("bad-partner")
    world.faults.on({ name: "server_error", times: 1 })
    const answer = await refused("POST", "/sources", { body: wish(key) })
    expect(answer).toMatchObject({ status: 502, code: "partner_unreachable" })
  })

  it("an account that is already connected, naming the first source", async () => {
    const key = world.stripeKey("bad-twice")
    const first = await create(key)
    const answer = await refused("POST", "/sources", { body: wish(key) })
    expect(answer).toMatchObject({ status: 409, code: "account_taken", source: first.id })
  })
})

describe("a body", () => {
  it.each([
    ["that is not JSON", { raw: '{"connector": "stripe"' }, 400, "malformed_json"],
    ["over 64 KB", { raw: JSON.stringify({ connector: "x".repeat(65 * 1024) }) }, 413, "body_too_large"],
    [
      "that is not declared as JSON",
      { raw: "{}", headers: { "content-type": "text/plain" } },
      415,
      "unsupported_media_type",
    ],
    ["that is a list", { raw: "[]" }, 422, "invalid"],
    ["that is null", { raw: "null" }, 422, "invalid"],
    ["that is missing", {}, 422, "invalid"],
  ])("%s is refused", async (_, sent, status, code) => {
    expect(await refused("POST", "/sources", sent)).toMatchObject({ status, code })
  })
})

describe("a body without end", () => {
  /** Sends one chunk after another until nobody takes them any more, without saying how long it will be. */
  function endless() {
    const chunk = new Uint8Array(16 * 1024)
    let sent = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += chunk.byteLength
        if (sent > 8 * 1024 * 1024) controller.close()
        else controller.enqueue(chunk)
      },
    })
    return { body, sent: () => sent }
  }

  it.each([
    ["/oauth/stripe/start", "application/x-www-form-urlencoded"],
    ["/oauth/stripe/install", "multipart/form-data; boundary=x"],
    ["/oauth/nobody/callback", "text/plain"],
    ["/v1/acme/projects/shop/sources", "application/json"],
    ["/ops/sources/src_1/rearm", "application/json"],
    ["/nowhere", "application/json"],
  ])("is not read: POST %s", async (path, type) => {
    const { body, sent } = endless()
    const request = new Request(`https://cloud-sources.test${path}`, {
      ...{ method: "POST", body, headers: { "content-type": type } },
    })
    const answer = await worker.fetch(request, env as unknown as Bindings, createExecutionContext())
    expect(await problem(answer)).toMatchObject({ status: 413, code: "body_too_large" })
    expect(sent()).toBeLessThan(256 * 1024)
  })
})

describe("a cursor that no list returned", () => {
  const JUNK = [
    "",
    "0",
    "-1",
    "1e3",
    "0x10",
    " 1",
    "x",
    "null",
    "{}",
    btoa("{}"),
    btoa('{"createdAt":1}'),
    "run_x",
    "🙂",
  ]

  it.each(["/sources", "/metrics", "/segments", "/audit", "/sources/ID/runs", "/sources/ID/quarantine"])(
    "is refused by %s",
    async (path) => {
      const { id } = await create(freshKey())
      for (const junk of JUNK) {
        const answer = await refused("GET", `${path.replace("ID", id)}?cursor=${encodeURIComponent(junk)}`, {})
        expect([junk, answer.status, fieldsOf(answer)]).toEqual([junk, 422, ["cursor"]])
      }
    },
  )
})

describe("a field's name", () => {
  const choose = (fields: string) =>
    `{"connector":"stripe","name":"N","sync":{},"collections":[{"name":"Charge","fields":${fields}}]}`

  it.each(["toString", "constructor", "hasOwnProperty", "valueOf"])("may be %s", async (name) => {
    const answer = await call("POST", "/sources", { raw: choose(`{"${name}":"metadata.a"}`) })
    const { collections } = await json<{ collections: unknown }>(answer, 201)
    expect(collections).toEqual([{ name: "Charge", fields: { [name]: "metadata.a" } }])
  })

  it.each(["__proto__", "\\u005f_proto__"])("may not be %s, which would be dropped without a word", async (name) => {
    const answer = await refused("POST", "/sources", { raw: choose(`{"${name}":"metadata.a"}`) })
    expect(answer).toMatchObject({ status: 422, code: "invalid" })
    expect(fieldsOf(answer)).toEqual(["collections[0].fields.__proto__"])
  })

  it("is looked for however deep a body is nested", async () => {
    const raw = `{"config":${"[".repeat(30_000)}${"]".repeat(30_000)}}`
    expect((await refused("POST", "/sources", { raw })).status).toBe(422)
  })
})

describe("changing a source refuses", () => {
  it.each([
    ["PATCH", "", {}, "body"],
    ["PATCH", "", { name: "" }, "name"],
    ["PATCH", "", { active: "no" }, "active"],
    ["PATCH", "", { status: "connected" }, "status"],
    ["PUT", "/sync", {}, "body"],
    ["PUT", "/sync", { intervalHours: 0 }, "intervalHours"],
    ["PUT", "/sync", { intervalHours: 24.5 }, "intervalHours"],
    ["PUT", "/sync", { startDate: "2999-01-01" }, "sync.startDate"],
    ["PUT", "/credentials", { apiKey: "nonsense" }, "credentials.apiKey"],
    ["PUT", "/destination", { sourceId: 12345678901234, key: "a.b" }, "sourceId"],
    ["PUT", "/destination", { sourceId: "12", key: "a.b" }, "sourceId"],
    ["PUT", "/destination", { sourceId: "1234567890123456789", key: "no-dot" }, "key"],
    ["PUT", "/destination", { sourceId: "1234567890123456789", key: "a.b.c" }, "key"],
    ["POST", "/collections/Charge/resync", { from: "soon", duplicates: "accept" }, "from"],
    ["POST", "/collections/Charge/resync", { duplicates: "yes" }, "duplicates"],
    ["POST", "/quarantine/replay", { ids: [] }, "ids"],
    ["POST", "/quarantine/discard", { ids: ["1"] }, "ids"],
  ])("%s %s %j", async (method, path, body, field) => {
    const { id } = await create(freshKey())
    const answer = await refused(method, `/sources/${id}${path}`, { body })
    expect(answer).toMatchObject({ status: 422, code: "invalid" })
    expect(fieldsOf(answer)).toContain(field)
  })

  it("an event collection to be read again without a word on repeats", async () => {
    const { id } = await create(world.stripeKey("resync"))
    const answer = await refused("POST", `/sources/${id}/collections/Charge/resync`, { body: {} })
    expect(answer).toMatchObject({ status: 422, code: "duplicates_not_accepted" })
    expect(answer.remedy).toContain('"duplicates": "accept"')
  })

  it("a key of another account", async () => {
    const { id } = await create(world.stripeKey("mismatch-1"))
    const answer = await refused("PUT", `/sources/${id}/credentials`, {
      body: { apiKey: world.stripeKey("mismatch-2") },
    })
    expect(answer).toMatchObject({ status: 409, code: "account_mismatch" })
  })

  it("a key of the account's other mode", async () => {
    const { id } = await create(world.stripeKey("mismatch-3", "test"))
    const answer = await refused("PUT", `/sources/${id}/credentials`, {
      body: { apiKey: world.stripeKey("mismatch-3", "live") },
    })
    expect(answer).toMatchObject({ status: 409, code: "account_mismatch" })
  })
})

describe("an id that does not exist, or belongs to another project, is not found", () => {
  const routes: [string, string, unknown?][] = [
    ["GET", ""],
    ["PATCH", "", { name: "Mine" }],
    ["DELETE", ""],
    ["POST", "/finish", {}],
    ["PUT", "/sync", { intervalHours: 2 }],
    ["POST", "/sync"],
    ["PUT", "/credentials", { apiKey: `sk_test_${"a".repeat(24)}` }],
    ["PUT", "/destination", { sourceId: "1234567890123456789", key: "a.b" }],
    ["DELETE", "/destination"],
    ["GET", "/runs"],
    ["GET", "/runs/run_1"],
    ["GET", "/progress"],
    ["POST", "/collections/Charge/resync", { duplicates: "accept" }],
    ["GET", "/quarantine"],
    ["POST", "/quarantine/replay", { ids: "all" }],
    ["POST", "/quarantine/discard", { ids: "all" }],
    ["DELETE", "/quarantine/1"],
  ]

  it.each(routes)("%s /sources/:id%s", async (method, path, body) => {
    const theirs = await create(freshKey())
    for (const [id, project] of [
      ["src_doesnotexist", "shop"],
      [theirs.id, "other"],
    ] as const) {
      const answer = await refused(method, `/sources/${id}${path}`, { body, project })
      expect(answer).toMatchObject({ status: 404, code: "not_found" })
    }
  })

  it.each(["/metrics", "/segments"])("%s/:id", async (path) => {
    for (const [method, body] of [["GET"], ["PATCH", { name: "x" }], ["DELETE"]] as const)
      expect(await refused(method, `${path}/met_nope`, { body })).toMatchObject({ status: 404, code: "not_found" })
  })

  it("an unknown path", async () => {
    expect(await refused("GET", "/nowhere", {})).toMatchObject({ status: 404, code: "not_found" })
  })
})
