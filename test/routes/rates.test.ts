/** How often who may ask. The counters are the platform's; here they count to three. */
import { createExecutionContext } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { describe, expect, it } from "vitest"
import type { PublicSource } from "../../src/api/views.ts"
import { ATTEMPTS_A_TICKET } from "../../src/db/oauth-states.ts"
import type { Bindings } from "../../src/env.ts"
import worker from "../../src/index.ts"
import { STREAMS_OPEN_MAX } from "../../src/routes/kit/progress.ts"
import { addressOf } from "../../src/routes/kit/rates.ts"
import { call, create, json, mint, type Problem, problem, rows, simulateWorld } from "../support/api.ts"
import { createBrowser, ticketOf, titleOf } from "../support/browser.ts"

const world = simulateWorld()
const ALLOWED = 3
const ORIGIN = "https://cloud-sources.test"

function counter(): RateLimit {
  const counted = new Map<string, number>()
  return {
    limit: async ({ key }) => {
      const times = (counted.get(key) ?? 0) + 1
      counted.set(key, times)
      return { success: times <= ALLOWED }
    },
  }
}

/** A deployment of its own, with counters of its own. */
function deployment(changes: Partial<Bindings> = {}) {
  const [RATE_CALLER, RATE_ADDRESS, RATE_STARTS, RATE_STREAMS] = [counter(), counter(), counter(), counter()]
  const bindings = { ...(env as unknown as Bindings), RATE_CALLER, RATE_ADDRESS, RATE_STARTS, RATE_STREAMS, ...changes }
  return (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
    worker.fetch(new Request(ORIGIN + path, { ...init, headers }), bindings, createExecutionContext())
}

const bearer = async (sub: string) => ({ authorization: `Bearer ${await mint({ sub })}` })
const from = (address: string) => ({ "cf-connecting-ip": address })
const PATH = "/v1/acme/projects/shop/connectors"

async function expectLimited(answer: Response): Promise<Problem> {
  const refused = await problem(answer)
  expect(refused).toMatchObject({ status: 429, code: "rate_limited", retryAfterSeconds: 60 })
  expect(refused.headers.get("retry-after")).toBe("60")
  return refused
}

describe("a caller", () => {
  it("may ask so often, wherever they ask from, and others are not held up", async () => {
    const ask = deployment()
    const ada = await bearer("ada")
    for (let n = 0; n < ALLOWED; n++) expect((await ask(PATH, { ...ada, ...from(`10.0.0.${n}`) })).status).toBe(200)
    await expectLimited(await ask(PATH, { ...ada, ...from("10.0.0.9") }))
    expect((await ask(PATH, { ...(await bearer("bob")), ...from("10.0.0.9") })).status).toBe(200)
  })

  it("is let in where the counter does not answer", async () => {
    const broken = { limit: () => Promise.reject(new Error("down")) }
    expect((await deployment({ RATE_CALLER: broken })(PATH, await bearer("ada"))).status).toBe(200)
  })
})

describe("an address", () => {
  it.each(["/oauth/stripe/install", "/healthz", "/openapi.json"])("may ask for %s so often", async (path) => {
    const ask = deployment()
    for (let n = 0; n < ALLOWED; n++) expect((await ask(path, from("10.0.0.1"))).status).toBe(200)
    const answer = await ask(path, from("10.0.0.1"))
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([429, "60"])
    expect((await ask(path, from("10.0.0.2"))).status).toBe(200)
  })

  it("may guess at tokens so often, and who has one is not held up by it", async () => {
    const ask = deployment()
    const guess = { authorization: "Bearer a.b.c", ...from("10.0.0.1") }
    for (let n = 0; n < ALLOWED; n++) expect((await ask(PATH, guess)).status).toBe(401)
    await expectLimited(await ask(PATH, guess))
    expect((await ask(PATH, { ...(await bearer("ada")), ...from("10.0.0.1") })).status).toBe(200)
  })

  it.each([
    ["203.0.113.7", "203.0.113.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:db8:1:2::9", "2001:db8:1:2"],
    ["2001:db8::1", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
    [undefined, "unknown"],
  ])("%s counts as %s: of IPv6 the network", (header, counted) => {
    expect(addressOf(header)).toBe(counted)
  })
})

describe("attempts to sign in at a partner", () => {
  const linkOf = async () => {
    const made = await json<PublicSource>(call("POST", "/sources", { body: { connector: "stripe" } }), 201)
    return made.draft?.authorizeUrl ?? ""
  }
  const stored = async () => (await rows("oauth_states")).length

  it("are bounded by link: no more rows, and a page that says so", async () => {
    const url = await linkOf()
    const browser = createBrowser(world, (next) => !next.startsWith(ORIGIN))
    const ticket = ticketOf(await browser.get(url))
    const before = await stored()
    const answers = await Promise.all(
      Array.from({ length: ATTEMPTS_A_TICKET + 5 }, () => browser.post(url, { ticket })),
    )
    expect(await stored()).toBe(before + ATTEMPTS_A_TICKET)
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused.map(titleOf)).toEqual(Array(5).fill("This link was used too often"))
  })

  it("are bounded by address, whatever the link", async () => {
    const ask = deployment({ RATE_ADDRESS: { limit: async () => ({ success: true }) } })
    const before = await stored()
    const statuses: number[] = []
    for (let n = 0; n < ALLOWED + 2; n++) {
      const url = new URL(await linkOf())
      const body = new URLSearchParams({ ticket: url.searchParams.get("ticket") ?? "" })
      const headers = { ...from("10.0.0.1"), "sec-fetch-site": "same-origin" }
      const answer = await ask(url.pathname, headers, { method: "POST", body, redirect: "manual" })
      statuses.push(answer.status)
    }
    expect(statuses).toEqual([303, 303, 303, 429, 429])
    expect(await stored()).toBe(before + ALLOWED)
  })
})

describe("progress streams", () => {
  const pathOf = async (name: string) =>
    `/v1/acme/projects/shop/sources/${(await create(world.stripeKey(name))).id}/progress`

  it("may be opened so often", async () => {
    const ask = deployment({ RATE_CALLER: { limit: async () => ({ success: true }) } })
    const [path, ada] = [await pathOf("streams-1"), await bearer("ada")]
    for (let n = 0; n < ALLOWED; n++) await (await ask(path, ada)).body?.cancel()
    await expectLimited(await ask(path, ada))
  })

  it("of one caller are open at once so many, and another may follow when one is closed", async () => {
    const always = { limit: async () => ({ success: true }) }
    const ask = deployment({ RATE_CALLER: always, RATE_STREAMS: always })
    const [path, eve] = [await pathOf("streams-2"), await bearer("eve")]
    const streams = await Promise.all(Array.from({ length: STREAMS_OPEN_MAX }, () => ask(path, eve)))
    expect(streams.every(({ status }) => status === 200)).toBe(true)
    expect(await problem(await ask(path, eve))).toMatchObject({ status: 429, code: "rate_limited" })
    await streams[0]?.body?.cancel()
    await expect.poll(async () => (await ask(path, eve)).status).toBe(200)
    await Promise.all(streams.slice(1).map(({ body }) => body?.cancel()))
  })
})
