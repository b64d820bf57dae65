import { describe, expect, it } from "vitest"
import type { Credential, PageRequest } from "../../src/connectors/kit/define.ts"
import { askPartner, PAGE_BYTES_MAX, type PartnerResult, urlOf } from "../../src/http/partner.ts"
import { acme } from "../support/partners/acme.ts"
import {
  delayed,
  hang,
  json,
  PARTNER_TIME,
  page,
  type Reply,
  type TestPorts,
  testPorts,
  unreachable,
} from "../support/pipeline.ts"
import { fakeSource } from "../support/platform/fake-source.ts"

const KEY: Credential = { kind: "key", value: "key_secret" }
const LIST: PageRequest = { path: "/orders", query: { limit: 2 } }

async function ask(
  reply: Reply,
  request = LIST,
  credential: Credential = KEY,
): Promise<{ result: PartnerResult; ports: TestPorts }> {
  const ports = testPorts([reply], () => fakeSource({}))
  return { ports, result: await askPartner(ports, acme, { region: "eu" }, request, credential) }
}

function streamed(chunk: Uint8Array, times: number): Reply {
  let left = times
  const body = new ReadableStream({
    pull: (controller) => (left-- > 0 ? controller.enqueue(chunk) : controller.close()),
  })
  return () => new Response(body, { headers: { date: new Date(PARTNER_TIME).toUTCString() } })
}

/** Sends its headers and the start of a body, and then nothing until it is left. */
const stalls: Reply = (_request, clock) => {
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode('{"rows":')),
    pull: () => clock.advance(60_000),
  })
  return new Response(body, { headers: { date: new Date(PARTNER_TIME).toUTCString() } })
}

/** Breaks off in the middle. */
const breaks: Reply = () => {
  let sent = false
  const body = new ReadableStream({
    pull: (controller) => {
      if (sent) controller.error(new TypeError("terminated"))
      else controller.enqueue(new TextEncoder().encode('{"rows":'))
      sent = true
    },
  })
  return new Response(body)
}

describe("the address of a request", () => {
  it.each<[string, PageRequest, string | null]>([
    ["joins path and query", { path: "/a", query: { limit: 2, q: "x y" } }, "https://api.test/v1/a?limit=2&q=x+y"],
    [
      "repeats a key for a list",
      { path: "/a", query: { "t[]": ["b", "c"] } },
      "https://api.test/v1/a?t%5B%5D=b&t%5B%5D=c",
    ],
    [
      "leaves out what is undefined",
      { path: "/a", query: { after: undefined, all: true } },
      "https://api.test/v1/a?all=true",
    ],
    ["keeps a path's own query", { path: "/a?x=1", query: { y: 2 } }, "https://api.test/v1/a?x=1&y=2"],
    ["takes no path without a slash", { path: "@evil.test/a" }, null],
    ["takes no address in place of a path", { path: "https://evil.test/a" }, null],
    ["stays on the host whatever the path says", { path: "//evil.test/a" }, "https://api.test/v1//evil.test/a"],
  ])("%s", (_title, request, expected) => expect(urlOf("https://api.test/v1", request)).toBe(expected))

  it("does not let a bare origin be extended into another host", () => {
    expect(urlOf("https://api.test", { path: ".evil.test/" })).toBeNull()
    expect(urlOf("https://api.test", { path: "/\\evil.test" })).toBe("https://api.test//evil.test")
  })
})

describe("a request to a partner", () => {
  it("carries the pinned version and the key, and refuses redirects", async () => {
    const { ports } = await ask(page([]))
    expect(ports.requests[0]?.redirect).toBe("manual")
    expect(ports.requests[0]?.url).toBe("https://eu.acme.test/v1/orders?limit=2")
    expect(ports.requests[0]?.headers).toMatchObject({
      "acme-version": "7",
      "x-key": "key_secret",
      accept: "application/json",
    })
  })

  it("sends an access token as one", async () => {
    const { ports } = await ask(page([]), LIST, { kind: "accessToken", value: "token" })
    expect(ports.requests[0]?.headers.authorization).toBe("Bearer token")
  })

  it("sends a body as JSON by POST", async () => {
    const { ports } = await ask(json({}), { path: "/graphql", body: { query: "{ shop }" } })
    expect(ports.requests[0]).toMatchObject({ method: "POST", body: '{"query":"{ shop }"}' })
    expect(ports.requests[0]?.headers["content-type"]).toBe("application/json")
  })

  it("is not sent where it would leave the connector's address", async () => {
    const { ports, result } = await ask(page([]), { path: "@evil.test" })
    expect(result.kind).toBe("fault")
    expect(ports.requests).toHaveLength(0)
  })
})

describe("the time an answer shows", () => {
  it.each<[string, number, number | undefined, { asked: number; spreadMs: number }]>([
    ["the partner's Date", 0, undefined, { asked: PARTNER_TIME, spreadMs: 1000 }],
    ["less the length of the exchange, to the second", 1234, undefined, { asked: PARTNER_TIME - 2000, spreadMs: 3000 }],
    [
      "a change of the same second is not older than it",
      300,
      undefined,
      { asked: PARTNER_TIME - 1000, spreadMs: 2000 },
    ],
    ["cut to what the partner's times are cut to: ms", 1234, 1, { asked: PARTNER_TIME - 1234, spreadMs: 2234 }],
    ["cut to what the partner's times are cut to: minutes", 0, 60_000, { asked: PARTNER_TIME - 5000, spreadMs: 6000 }],
  ])("is %s", async (_title, elapsedMs, granularityMs, expected) => {
    const connector = granularityMs === undefined ? acme : { ...acme, clock: { granularityMs } }
    const ports = testPorts([delayed(elapsedMs, page([]))], () => fakeSource({}))
    const sentAt = ports.clock.now()
    const result = await askPartner(ports, connector, { region: "eu" }, LIST, KEY)
    expect(result).toMatchObject({ kind: "ok", stamp: { ...expected, sentAt } })
  })

  it.each(["", "yesterday"])("is never guessed where the Date header is %j", async (date) => {
    const { result } = await ask(json({ rows: [] }, 200, { date }))
    expect(result).toMatchObject({ kind: "transient", reason: expect.stringContaining("Date") })
  })
})

describe("what an answer means", () => {
  it.each<[string, Reply, PartnerResult["kind"]]>([
    ["200", page([]), "ok"],
    ["204 without a body", () => new Response(null, { status: 204 }), "transient"],
    ["200 that is not JSON", () => new Response("<html>"), "transient"],
    ["200 that the connector knows for a failure", json("throttled"), "limited"],
    ["302", json({}, 302, { location: "https://evil.test" }), "fault"],
    ["400", json({}, 400), "fault"],
    ["400 the connector knows", json("expired_token", 400), "token_refused"],
    ["401 in the partner's words", json("bad_key", 401), "auth"],
    ["401 of a gateway, as a page", () => new Response("<html>Unauthorized</html>", { status: 401 }), "transient"],
    ["401 of a gateway, as JSON", json({ message: "Unauthorized" }, 401), "transient"],
    ["401 without a body", () => new Response(null, { status: 401 }), "transient"],
    ["403 in the partner's words", json("no_scope", 403), "denied"],
    ["403 of a gateway, as a page", () => new Response("<html>Forbidden</html>", { status: 403 }), "transient"],
    ["403 of a gateway, as JSON", json({ message: "Forbidden" }, 403), "transient"],
    ["404", json({}, 404), "fault"],
    ["408", json({}, 408), "transient"],
    ["422", json({}, 422), "fault"],
    ["429", json({}, 429), "limited"],
    ["500", json({}, 500), "transient"],
    ["500 whose body is no JSON", () => new Response("<html>", { status: 500 }), "transient"],
    ["503", json({}, 503), "transient"],
    ["503 that asks to wait", json({}, 503, { "retry-after": "5" }), "limited"],
    ["no answer in time", hang, "transient"],
    ["a body that stalls", stalls, "transient"],
    ["a body that breaks off", breaks, "transient"],
    ["no connection", unreachable, "transient"],
  ])("%s", async (_title, reply, kind) => expect((await ask(reply)).result.kind).toBe(kind))

  it.each<[string, Record<string, string>, number | null]>([
    ["seconds", { "retry-after": "7" }, 7000],
    ["a date, on the partner's clock", { "retry-after": new Date(PARTNER_TIME + 9000).toUTCString() }, 9000],
    ["nothing", {}, null],
  ])("a wait told as %s", async (_title, headers, retryAfterMs) => {
    expect((await ask(json({}, 429, headers))).result).toMatchObject({ kind: "limited", retryAfterMs })
  })
})

describe("an answer's size", () => {
  it("is read up to the limit, and a byte more is too large", async () => {
    const half = new Uint8Array(PAGE_BYTES_MAX / 2).fill(32)
    expect((await ask(streamed(half, 2))).result).toMatchObject({
      kind: "transient",
      reason: "Acme's answer was not JSON.",
    })
    expect((await ask(streamed(half, 3))).result.kind).toBe("too_large")
  })

  it("does not matter where the status says enough", async () => {
    const large = () => new Response(" ".repeat(PAGE_BYTES_MAX + 1), { status: 404 })
    expect((await ask(large)).result.kind).toBe("fault")
  })

  it("beyond the limit refuses no credential: what was cut off cannot be the partner's word", async () => {
    const large = () => new Response(`"bad_key"${" ".repeat(PAGE_BYTES_MAX)}`, { status: 401 })
    expect((await ask(large)).result).toEqual({
      kind: "transient",
      reason: "A gateway on the way answered 401, not Acme. The credentials may be good.",
    })
  })

  it("is counted in bytes, and characters split over chunks survive", async () => {
    const bytes = new TextEncoder().encode('"é"')
    const chunks = [bytes.slice(0, 2), bytes.slice(2)]
    const body = new ReadableStream({
      pull: (controller) => {
        const chunk = chunks.shift()
        if (chunk) controller.enqueue(chunk)
        else controller.close()
      },
    })
    const { result } = await ask(() => new Response(body, { headers: { date: new Date(PARTNER_TIME).toUTCString() } }))
    expect(result).toMatchObject({ kind: "ok", answer: { body: "é" } })
  })
})

it("never lets a reason quote the credential, the query or the network's words", async () => {
  for (const reply of [json("echo", 400), unreachable, json("bad_key", 401), json({}, 401), json({}, 500)]) {
    const { result } = await ask(reply)
    expect(JSON.stringify(result)).not.toMatch(/key_secret|limit=|ECONN/)
  }
})
