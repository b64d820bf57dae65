import { describe, expect, it } from "vitest"
import type { Clearing } from "../../src/api/enums.ts"
import type { Item } from "../../src/connectors/kit/item.ts"
import { checkDestination, intempt, keyFault, outcomeOf } from "../../src/destinations/intempt.ts"
import { fact, hang, json, object, PARTNER_TIME, type Reply, testPorts, unreachable } from "../support/pipeline.ts"
import { fakeSource } from "../support/platform/fake-source.ts"

const TARGET = {
  org: "acme inc",
  project: "shop",
  sourceId: "1234567890123456789",
  key: "prefix.secret",
} as const
const TIMES = { time: PARTNER_TIME, version: PARTNER_TIME, announcedAt: PARTNER_TIME }
const company: Item = {
  accountId: "acme.com",
  collection: "Companies",
  kind: "object",
  key: "c1",
  ...TIMES,
  accountAttributes: { founded: 2000 },
}
const alias: Item = {
  userId: "ada@new.com",
  collection: "alias",
  kind: "event",
  key: "a:b",
  ...TIMES,
  anotherUserId: "ada@old.com",
}

const sent = (items: readonly Item[], scope = "src_1", clearing: Clearing = "empty") =>
  intempt.body(items.map((item) => intempt.encode(item, scope, clearing)))
const bodyOf = (items: Item[], clearing: Clearing = "empty") => JSON.parse(sent(items, "src_1", clearing))
const portsFor = (reply: Reply) => testPorts([reply], () => fakeSource({}))

describe("the body", () => {
  it("groups items by collection, each in its order, with what each kind carries", () => {
    expect(bodyOf([fact("o1"), object("p1"), company, alias, fact("o2")])).toEqual({
      track: [
        {
          name: "Orders",
          type: "track",
          payload: [
            { eventId: "src_1/Orders/o1", timestamp: PARTNER_TIME, userId: "ada@example.com", data: { id: "o1" } },
            { eventId: "src_1/Orders/o2", timestamp: PARTNER_TIME, userId: "ada@example.com", data: { id: "o2" } },
          ],
        },
        {
          name: "People",
          type: "identify",
          payload: [
            {
              eventId: `src_1/People/p1@${PARTNER_TIME}`,
              timestamp: PARTNER_TIME,
              userId: "p1",
              userAttributes: { name: "p1" },
            },
          ],
        },
        {
          name: "Companies",
          type: "group",
          payload: [
            {
              eventId: `src_1/Companies/c1@${PARTNER_TIME}`,
              timestamp: PARTNER_TIME,
              accountId: "acme.com",
              accountAttributes: { founded: 2000 },
            },
          ],
        },
        {
          name: "Identify",
          type: "alias",
          payload: [
            {
              eventId: "src_1/alias/a:b",
              timestamp: PARTNER_TIME,
              userId: "ada@new.com",
              anotherUserId: "ada@old.com",
            },
          ],
        },
      ],
    })
  })

  it("gives the same item the same id, and each state of an object and each source its own", () => {
    const id = (item: Item, scope = "src_1") => JSON.parse(sent([item], scope)).track[0].payload[0].eventId
    expect(id(fact("o1"))).toBe(id({ ...fact("o1"), version: 1 }))
    expect(id(object("p1", 1))).not.toBe(id(object("p1", 2)))
    expect(id(fact("o1"))).not.toBe(id(fact("o1"), "src_2"))
  })
})

describe("attributes that lost their value", () => {
  const person: Item = { ...object("p1"), cleared: { a_note: "text", a_tags: "list", a_balance: "other" } }
  it.each([
    ["empty", { name: "p1", a_note: "", a_tags: [] }],
    ["null", { name: "p1", a_note: null, a_tags: null, a_balance: null }],
    ["off", { name: "p1" }],
  ] as const)("are told as the destination's setting %s says", (clearing, userAttributes) => {
    expect(bodyOf([person], clearing).track[0].payload[0].userAttributes).toEqual(userAttributes)
  })

  it("of a company are told with the company's", () => {
    const item: Item = { ...company, cleared: { a_note: "text" } }
    expect(bodyOf([item]).track[0].payload[0]).toMatchObject({ accountAttributes: { founded: 2000, a_note: "" } })
  })
})

describe("a POST", () => {
  it("goes to the source by its id as text, with the key as Basic authentication, as plain JSON", async () => {
    const ports = portsFor(json({}, 201))
    await intempt.post(ports, TARGET, '{"track":[]}')
    expect(ports.requests[0]).toMatchObject({
      url: "https://api.intempt.com/v1/acme%20inc/projects/shop/sources/1234567890123456789/track",
      method: "POST",
      redirect: "manual",
      body: '{"track":[]}',
    })
    const headers = { authorization: `Basic ${btoa("prefix:secret")}`, "content-type": "application/json" }
    expect(ports.requests[0]?.headers).toEqual(headers)
  })

  it("is not made with a key that cannot be one", async () => {
    const ports = portsFor(json({}, 201))
    expect(await intempt.post(ports, { ...TARGET, key: "schlüssel" }, "{}")).toMatchObject({
      outcome: "rejected",
      status: 0,
    })
    expect(ports.requests).toEqual([])
  })

  it("reports what Intempt says about the items, without the key and in bounds", async () => {
    const long = json({ errors: [{ message: `prefix.secret ${"x".repeat(500)}` }] }, 400)
    const { reason } = await intempt.post(portsFor(long), TARGET, "{}")
    expect(reason).toMatch(/^\[secret\] x+$/)
    expect(reason).toHaveLength(300)
  })
})

describe("what a status means for the rows", () => {
  it.each<[ReturnType<typeof outcomeOf>, number[]]>([
    ["delivered", [200, 201, 202, 204]],
    ["refused", [400, 422]],
    ["too_large", [413]],
    ["rejected", [301, 302, 401, 402, 403, 404, 405, 409, 410, 415, 418]],
    ["later", [0, 408, 425, 429, 500, 502, 503, 504, 529]],
  ])("%s", (outcome, statuses) => expect(statuses.map(outcomeOf)).toEqual(statuses.map(() => outcome)))
})

describe("a 2xx", () => {
  const text =
    (body: string | null, status = 201): Reply =>
    () =>
      new Response(body, { status })
  /** A body that ends before its time. */
  const cut: Reply = () =>
    new Response(
      new ReadableStream({
        pull: (stream) => stream.error(new TypeError("connection reset")),
      }),
      { status: 201 },
    )

  it.each<[string, Reply]>([
    ["nothing", text(null)],
    ["an empty text", text("")],
    ["white space", text(" \r\n")],
    ["JSON", json({ ok: true }, 200)],
    ["JSON whose errors are none", json({ errors: [] }, 201)],
    ["JSON without a body to speak of", text("null")],
    ["204", text(null, 204)],
  ])("with %s is a delivery", async (_what, reply) => {
    const answer = await intempt.post(portsFor(reply), TARGET, "{}")
    expect(answer).toMatchObject({ outcome: "delivered", reason: "Accepted." })
  })

  it.each<[string, Reply, RegExp]>([
    ["a maintenance page", text("<html>Down for maintenance</html>", 200), /not its own/],
    ["other text", text("OK"), /not its own/],
    ["JSON that ends in the middle", text('{"errors":[{"mess'), /not its own/],
    ["JSON with errors", json({ errors: [{ message: "prefix.secret is full" }] }, 201), /error: \[secret\] is full/],
    ["JSON with errors of another shape", json({ errors: "full" }, 200), /named an error/],
    ["more than an answer has", text(" ".repeat(70_000)), /did not come whole/],
    ["an answer that breaks off", cut, /did not come whole/],
  ])("with %s is not: the items are kept, and sent again later", async (_what, reply, reason) => {
    const answer = await intempt.post(portsFor(reply), TARGET, "{}")
    expect(answer).toMatchObject({ outcome: "later", reason: expect.stringMatching(reason) })
    expect(answer.status).toBeGreaterThanOrEqual(200)
  })
})

describe("the check of a destination", () => {
  it.each<[string, Reply, object]>([
    [
      "passes where only the missing items are wrong",
      json({ errors: [{ message: "track is empty" }] }, 400),
      { ok: true },
    ],
    ["passes where nothing is wrong", json({}, 201), { ok: true }],
    ["names a wrong key", json({}, 401), { ok: false, code: "key_rejected" }],
    ["names a key without the right", json({}, 403), { ok: false, code: "key_rejected" }],
    ["names a wrong address", json({}, 404), { ok: false, code: "not_found" }],
    ["names missing credits", json({}, 402), { ok: false, code: "no_credits" }],
    ["does not blame the key for an outage", json({}, 503), { ok: false, code: "unreachable" }],
    [
      "does not take a page of a gateway for its word",
      () => new Response("<html>"),
      { ok: false, code: "unreachable" },
    ],
    ["does not blame the key for silence", hang, { ok: false, code: "unreachable" }],
    ["does not blame the key for the network", unreachable, { ok: false, code: "unreachable" }],
  ])("%s", async (_title, reply, expected) => {
    expect(await checkDestination(portsFor(reply), TARGET)).toMatchObject(expected)
  })

  it("writes nothing", async () => {
    const ports = portsFor(json({}, 400))
    await checkDestination(ports, TARGET)
    expect(ports.requests.map(({ body }) => body)).toEqual(['{"track":[]}'])
  })

  it("names a key of the wrong shape without sending it", async () => {
    const ports = portsFor(json({}, 400))
    expect(await checkDestination(ports, { ...TARGET, key: "nodot" })).toMatchObject({ ok: false, code: "key_shape" })
    expect(ports.requests).toEqual([])
  })
})

describe("a key's shape", () => {
  it.each(["prefix.secret", "a.b", "p-1_2.s+/="])("takes %j", (key) => expect(keyFault(key)).toBeNull())
  it.each(["", "prefix", "a.b.c", ".b", "a.", "a b.c", "a:b.c", "ä.b", "a.b\n"])("does not take %j", (key) =>
    expect(keyFault(key)).toContain("prefix.secret"),
  )
})
