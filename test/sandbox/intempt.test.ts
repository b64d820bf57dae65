import { describe, expect, it } from "vitest"
import { createSandbox, type Sandbox } from "./sandbox.ts"
import { NOW } from "./support.ts"

const URL_OF_SOURCE = "https://api.intempt.com/v1/acme/projects/shop/sources/1234567890123456789/track"
const ITEM = { eventId: "e1", timestamp: 1_714_631_904_000, userId: "ada@example.com", data: { amount: 150 } }

function destination(): Sandbox {
  const sandbox = createSandbox({ clock: () => NOW, sleep: async () => {} })
  sandbox.intempt.addKey({ prefix: "pre", secret: "secret", org: "acme", project: "shop" })
  return sandbox
}

async function post(sandbox: Sandbox, body: unknown, headers: Record<string, string> = {}, url = URL_OF_SOURCE) {
  const response = await sandbox.handle(
    new Request(url, {
      method: "POST",
      headers: { authorization: `Basic ${btoa("pre:secret")}`, "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    }),
  )
  const text = await response.text()
  return {
    status: response.status,
    text,
    errors: text === "" ? [] : (JSON.parse(text) as { errors: { message: string }[] }).errors,
  }
}

const track = (...payload: unknown[]) => ({ track: [{ name: "Charge", type: "track", payload }] })

describe("/track", () => {
  it("answers 201 with an empty body and keeps the items in order, repeats too", async () => {
    const sandbox = destination()
    expect(await post(sandbox, track(ITEM, { ...ITEM, eventId: "e2" }))).toMatchObject({ status: 201, text: "" })
    expect((await post(sandbox, track(ITEM))).status).toBe(201)
    expect(sandbox.intempt.items().map((item) => [item.no, item.request, item.eventId])).toEqual([
      [1, 1, "e1"],
      [2, 1, "e2"],
      [3, 2, "e1"],
    ])
    expect(sandbox.intempt.totals()).toMatchObject({
      items: 3,
      byCollection: { Charge: 3 },
      repeated: { e1: 2 },
      smells: {},
    })
    expect(sandbox.intempt.items()[0]).toMatchObject({
      source: "1234567890123456789",
      name: "Charge",
      data: { amount: 150 },
    })
  })

  it.each([
    ["no id", track({ ...ITEM, userId: undefined }), /userId, accountId, profileId/],
    ["a time before 2010", track({ ...ITEM, timestamp: 1_262_303_999_999 }), /2010/],
    ["a reserved name in any case", { track: [{ name: "Auto-Track", type: "track", payload: [ITEM] }] }, /reserved/],
    ["51 items", track(...Array.from({ length: 51 }, () => ITEM)), /at most 50/],
    ["no list", { track: [] }, /non-empty/],
    ["no JSON", "{", /non-empty/],
  ])("refuses %s with 400 and stores nothing of the batch", async (_what, body, message) => {
    const sandbox = destination()
    const answer = await post(sandbox, body)
    expect(answer.status).toBe(400)
    expect(answer.errors[0]?.message).toMatch(message)
    expect(sandbox.intempt.received).toEqual([])
  })

  it("refuses compressed bodies, foreign keys and foreign projects", async () => {
    const sandbox = destination()
    expect((await post(sandbox, track(ITEM), { "content-encoding": "gzip" })).status).toBe(400)
    expect((await post(sandbox, track(ITEM), { authorization: `Basic ${btoa("pre:wrong")}` })).status).toBe(401)
    expect((await post(sandbox, track(ITEM), { authorization: "" })).status).toBe(401)
    expect((await post(sandbox, track(ITEM), {}, URL_OF_SOURCE.replace("shop", "other"))).status).toBe(403)
    expect((await post(sandbox, track({ ...ITEM, data: { text: "x".repeat(6_000_000) } }))).status).toBe(413)
  })

  it("notes what production would take silently", async () => {
    const sandbox = destination()
    await post(sandbox, track({ userId: "Ada@Example.com", userAttributes: { address: { city: "Berlin" } } }))
    expect(sandbox.intempt.received[0]?.smells).toEqual([
      "no eventId",
      "no timestamp",
      "email not in lower case",
      "attributes are not flat",
    ])
  })

  it("refuses a batch with a poisoned item only, and stores before a lost answer", async () => {
    const sandbox = destination()
    sandbox.faults.on({ name: "poison", options: { marker: "bad-one" } })
    expect((await post(sandbox, track(ITEM))).status).toBe(201)
    expect((await post(sandbox, track(ITEM, { ...ITEM, eventId: "bad-one" }))).status).toBe(400)
    sandbox.faults.off()
    sandbox.faults.on({ name: "timeout_after_accept", times: 1, account: "acme/shop" })
    const lost = sandbox.handle(
      new Request(URL_OF_SOURCE, {
        method: "POST",
        headers: { authorization: `Basic ${btoa("pre:secret")}`, "content-type": "application/json" },
        body: JSON.stringify(track(ITEM)),
      }),
    )
    expect((await lost).status).toBe(504)
    expect(sandbox.intempt.received).toHaveLength(2)
  })
})
