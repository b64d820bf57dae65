/** Tokens in the real Durable Object, asked for by many requests at once. */
import { env } from "cloudflare:workers"
import { afterEach, describe, expect, it, vi } from "vitest"
import type { PublicSource } from "../../src/api/views.ts"
import type { Bindings } from "../../src/env.ts"
import { objectName } from "../../src/source/protocol/configuration.ts"
import type { LeaseAnswer } from "../../src/source/protocol/fetching.ts"
import { PROTOCOL } from "../../src/source/protocol/source.ts"
import { sourceOf } from "../../src/worker/platform.ts"
import { call, json, ORG, PROJECT, simulateWorld } from "../support/api.ts"
import { createBrowser, ticketOf } from "../support/browser.ts"

const DEMANDS = 50
const MINUTE_MS = 60_000
const PATH = "/v1/oauth/token"

const world = simulateWorld()

afterEach(() => {
  vi.useRealTimers()
  world.faults.off()
})

/** A paused source, so that only the test asks for leases. */
async function connected(name: string): Promise<string> {
  world.stripe.create({ name })
  const body = { connector: "stripe", name, sync: {} }
  const { id, draft } = await json<PublicSource>(call("POST", "/sources", { body }), 201)
  await json(call("PATCH", `/sources/${id}`, { body: { active: false } }))
  const browser = createBrowser(world)
  const start = draft?.authorizeUrl ?? ""
  const consent = await browser.post(start, { ticket: ticketOf(await browser.get(start)) })
  await browser.post(consent.url, { decision: "approve", account: `${name}/test` })
  return id
}

const sourceAt = (id: string) =>
  sourceOf(env as unknown as Bindings, objectName({ org: ORG, project: PROJECT, source: id }))
const tokenCalls = () => world.counters.calls({ path: PATH })

describe("fifty requests at once for a token that is about to run out", () => {
  it("make one refresh in the real Durable Object", async () => {
    const id = await connected("parallel")
    const before = tokenCalls()
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 50 * MINUTE_MS })
    world.faults.on({ name: "slow", path: PATH, options: { seconds: 0.2 } })
    await json(call("PATCH", `/sources/${id}`, { body: { active: true } }))
    const ask = (index: number) =>
      sourceAt(id).lease({ lane: "live", nonce: `n${index}`, protocol: PROTOCOL }) as Promise<LeaseAnswer>
    const answers = await Promise.all(Array.from({ length: DEMANDS }, (_, index) => ask(index)))
    expect(tokenCalls()).toBe(before + 1)
    expect(answers.filter(({ kind }) => kind === "later")).toEqual([])
  })

  it("keep the source working when the token endpoint is down, and go on when it is back", async () => {
    const id = await connected("outage")
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 50 * MINUTE_MS })
    world.faults.on({ name: "server_error", path: PATH })
    await json(call("PATCH", `/sources/${id}`, { body: { active: true } }))
    const asked = () => sourceAt(id).lease({ lane: "live", nonce: "n", protocol: PROTOCOL }) as Promise<LeaseAnswer>
    expect(await asked()).toMatchObject({ kind: "later", reason: "Stripe answered 503" })
    expect((await json<PublicSource>(call("GET", `/sources/${id}`))).error).toBeNull()
    world.faults.off()
    vi.setSystemTime(Date.now() + 20 * MINUTE_MS)
    const answer = await asked()
    expect(["given", "idle"]).toContain(answer.kind)
  })
})
