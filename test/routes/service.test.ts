import {
  createExecutionContext,
  createMessageBatch,
  createScheduledController,
  getQueueResult,
  waitOnExecutionContext,
} from "cloudflare:test"
import { env, exports } from "cloudflare:workers"
import { describe, expect, it } from "vitest"
import type { PublicSource } from "../../src/api/views.ts"
import { createClient } from "../../src/client.ts"
import { publishStatus } from "../../src/db/across-tenants.ts"
import { openDatabase } from "../../src/db/database.ts"
import type { Bindings } from "../../src/env.ts"
import worker from "../../src/index.ts"
import { as, call, create, json, mint, ORG, PROJECT, problem, request, rows, simulateWorld } from "../support/api.ts"

const world = simulateWorld()
const WEEK_MS = 7 * 86_400_000

interface Row {
  id: string
  check_after: number | null
  expires_at: number | null
  deleted_at: number | null
}
const stored = async (id: string) => (await rows<Row>("sources")).find((one) => one.id === id)
const patch = (id: string, column: string, value: number) =>
  env.DB.prepare(`update sources set ${column} = ? where id = ?`).bind(value, id).run()

async function tick(): Promise<void> {
  const ctx = createExecutionContext()
  await worker.scheduled(createScheduledController(), env as unknown as Bindings)
  await waitOnExecutionContext(ctx)
}

describe("the watchdog", () => {
  it("looks after sources whose time has come, and then again in six hours", async () => {
    const { id } = await create(world.stripeKey("watch-1"))
    await patch(id, "check_after", Date.now() - 1)
    await tick()
    const { check_after } = (await stored(id)) ?? {}
    expect(check_after).toBeGreaterThan(Date.now() + 5.9 * 3_600_000)
  })

  it("leaves the others alone", async () => {
    const { id } = await create(world.stripeKey("watch-2"))
    // Which keys it is sealed with is asked of it once.
    await tick()
    const before = await stored(id)
    await tick()
    expect(await stored(id)).toEqual(before)
  })

  it("looks after those whose time was set by a clock that was a month ahead", async () => {
    const { id } = await create(world.stripeKey("watch-ahead"))
    await patch(id, "check_after", Date.now() + 4 * WEEK_MS)
    await tick()
    expect((await stored(id))?.check_after).toBeLessThan(Date.now() + 6.1 * 3_600_000)
  })

  it("lets drafts that were made by such a clock expire when the others do", async () => {
    const { id } = await json<PublicSource>(call("POST", "/sources", { body: { connector: "stripe" } }), 201)
    await patch(id, "expires_at", Date.now() + 5 * WEEK_MS)
    await tick()
    expect((await stored(id))?.expires_at).toBeLessThan(Date.now() + 1.1 * WEEK_MS)
  })

  it("forgets drafts after a week, and not before", async () => {
    const { id } = await json<PublicSource>(call("POST", "/sources", { body: { connector: "stripe" } }), 201)
    await tick()
    expect((await stored(id))?.deleted_at).toBeNull()
    await patch(id, "expires_at", Date.now() - WEEK_MS)
    await tick()
    expect((await problem(call("GET", `/sources/${id}`))).code).toBe("not_found")
  })

  it("erases what was deleted while its Durable Object could not be told", async () => {
    const { id } = await create(world.stripeKey("watch-3"))
    await call("DELETE", `/sources/${id}`)
    await patch(id, "check_after", Date.now() - 1)
    await tick()
    expect((await stored(id))?.check_after).toBeNull()
  })
})

describe("operators", () => {
  it("see sources in trouble over all projects, and can set one going", async () => {
    const { id } = await create(world.stripeKey("ops-1"))
    await env.DB.prepare("update sources set status = 'error', status_code = 'auth' where id = ?").bind(id).run()
    const token = await as("operator")
    const { data } = await json<{ data: PublicSource[] }>(request("GET", "/ops/sources", { token }))
    expect(data).toContainEqual(expect.objectContaining({ id, org: "acme", project: "shop", status: "error" }))
    await json(request("POST", `/ops/sources/${id}/rearm`, { token }))
    expect((await problem(request("POST", "/ops/sources/src_nope/rearm", { token }))).code).toBe("not_found")
  })

  it("see which OAuth client they have to put right, why, and how many sources wait for it", async () => {
    const status = { status: "connected" as const, code: "waiting_for_operator", message: "the client is missing" }
    for (const [name, at] of [
      ["ops-2", 5],
      ["ops-3", 7],
    ] as const) {
      const { id } = await create(world.stripeKey(name))
      await publishStatus(openDatabase(env.DB), { org: ORG, project: PROJECT, source: id }, status, at)
      expect((await json<PublicSource>(call("GET", `/sources/${id}`))).error).toBeNull()
    }
    const token = await as("operator")
    expect(await json(request("GET", "/ops/alerts", { token }))).toEqual({
      data: [{ connector: "stripe", reason: "the client is missing", sources: 2, since: 5 }],
    })
    expect((await problem(request("GET", "/ops/alerts", { token: await as("admin") }))).code).toBe("role_required")
  })
})

describe("a wake-up", () => {
  const deliver = async (queue: string, bodies: unknown[]) => {
    const messages = bodies.map((body, n) => ({ id: `m${n}`, timestamp: Date.now(), attempts: 1, body }))
    const batch = createMessageBatch(queue, messages)
    const ctx = createExecutionContext()
    await worker.queue(batch, env as unknown as Bindings)
    return getQueueResult(batch, ctx)
  }

  it.each(["fetch", "backfill", "forward"])("on the %s queue is settled once, whatever it holds", async (lane) => {
    const { id } = await create(world.stripeKey(`wake-${lane}`))
    const bodies = [{ source: `acme/shop/${id}` }, { source: "acme/shop/src_nobody" }, "nonsense", null]
    const result = await deliver(`cloud-sources-${lane}`, bodies)
    expect([...result.explicitAcks].sort()).toEqual(["m0", "m1", "m2", "m3"])
    expect(result.retryMessages).toEqual([])
  })

  it("on a queue that is none of ours is let go", async () => {
    expect((await deliver("somebody-elses", [{}])).retryMessages).toEqual([])
  })
})

describe("the service", () => {
  it("can be called through the typed client", async () => {
    const fetch: typeof globalThis.fetch = (input, init) => exports.default.fetch(new Request(input, init))
    const project = createClient("https://x", await mint(), { fetch }).v1[":org"].projects[":project"]
    const param = { org: ORG, project: PROJECT }
    const answer = await project.sources.$get({ param, query: { limit: "1" } })
    const { data } = await answer.json()
    expect(data[0]?.connector satisfies string | undefined).toBe("stripe")
    const made = await project.sources.$post({ param, json: { connector: "stripe", name: "From the client" } })
    expect((await made.json()).draft?.missing satisfies string[] | undefined).toEqual(["credentials", "sync"])
  })

  it("is healthy, and says so without a token", async () => {
    expect(await json(request("GET", "/healthz", {}))).toEqual({ status: "ok" })
  })

  it("describes every route, with the schemas that check it", async () => {
    const document = await json<{ paths: Record<string, Record<string, unknown>> }>(request("GET", "/openapi.json", {}))
    const prefix = "/v1/{org}/projects/{project}"
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        `${prefix}/sources`,
        `${prefix}/sources/{id}/progress`,
        `${prefix}/metrics/{id}`,
        "/healthz",
      ]),
    )
    expect(document.paths[`${prefix}/sources`]?.post).toMatchObject({
      requestBody: { content: { "application/json": { schema: { type: "object", additionalProperties: false } } } },
      responses: { 201: expect.anything(), 409: { description: expect.stringContaining("account_taken") } },
    })
  })

  it("describes itself without references that lead nowhere", async () => {
    const text = await (await request("GET", "/openapi.json", {})).text()
    const references = new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1]))
    expect([...references]).toEqual(["#/components/schemas/Problem"])
  })

  it("answers an unknown path with a problem", async () => {
    expect(await problem(request("GET", "/nowhere", {}))).toMatchObject({ status: 404, code: "not_found" })
  })

  it("lets nobody keep an answer but the document and the catalogue", async () => {
    const { id } = await create(world.stripeKey("cache-1"))
    const cacheOf = async (path: string) => (await call("GET", path)).headers.get("cache-control")
    for (const path of [
      "/sources",
      `/sources/${id}`,
      `/sources/${id}/runs`,
      "/metrics",
      "/audit",
      "/settings",
      "/none",
    ])
      expect([path, await cacheOf(path)]).toEqual([path, "no-store"])
    for (const path of ["/connectors", "/connectors/stripe"]) expect(await cacheOf(path)).toBe("private, max-age=300")
    const openly = async (path: string) => (await request("GET", path, {})).headers.get("cache-control")
    expect(await openly("/healthz")).toBe("no-store")
    expect(await openly("/openapi.json")).toBe("public, max-age=300")
    expect(await openly("/oauth/style.css")).toBe("public, max-age=3600")
  })

  it("names the setting that is missing, and no value", async () => {
    const { VAULT_KEYS: _, ...rest } = env as unknown as Bindings
    const answer = await worker.fetch(new Request("https://x/healthz"), rest as Bindings, createExecutionContext())
    const refused = await problem(answer)
    expect(refused).toMatchObject({ status: 500, code: "misconfigured" })
    expect(refused.detail).toContain("VAULT_KEYS")
    expect(refused.detail).not.toContain("32-bytes-long")
  })
})
