import { describe, expect, it, vi } from "vitest"
import type { PublicSource } from "../../src/api/views.ts"
import { dayOf } from "../../src/lib/time.ts"
import { call, create, json, problem, simulateWorld } from "../support/api.ts"

/** The first run reads a handful of pages from a spy on `fetch`. */
const SETTLES_WITHIN_MS = 10_000

const world = simulateWorld()
let accounts = 0
const freshKey = () => world.stripeKey(`sync-${++accounts}`)

describe("sync settings", () => {
  it("change only in what is sent", async () => {
    const { id, sync } = await create(freshKey())
    const put = (body: unknown) => json<PublicSource>(call("PUT", `/sources/${id}/sync`, { body }))
    expect((await put({ intervalHours: 24 })).sync).toEqual({ startDate: sync?.startDate, intervalHours: 24 })
    const today = dayOf(Date.now())
    expect((await put({ startDate: today })).sync).toEqual({ startDate: today, intervalHours: 24 })
  })
})

describe("sync now", () => {
  it("answers the run, which can be read", async () => {
    const { id } = await create(freshKey())
    await settled(id)
    const { run } = await json<{ run: string }>(call("POST", `/sources/${id}/sync`), 202)
    expect(await json(call("GET", `/sources/${id}/runs/${run}`))).toMatchObject({ id: run, trigger: "manual" })
  })

  it("is refused while a run is being read, which is named", async () => {
    const key = freshKey()
    world.faults.on({
      name: "slow",
      path: "/v1/events",
      times: 1,
      account: `sync-${accounts}/test`,
      options: { seconds: 2 },
    })
    const { id, live } = await create(key)
    const reading = live?.current.find((run) => run.kind === "live")
    expect(await problem(call("POST", `/sources/${id}/sync`))).toMatchObject({
      status: 409,
      code: "run_in_progress",
      run: reading?.id,
    })
  })

  it("is refused for a minute after, with the seconds to wait", async () => {
    const { id } = await create(freshKey())
    await settled(id)
    await call("POST", `/sources/${id}/sync`)
    await settled(id)
    const refused = await problem(call("POST", `/sources/${id}/sync`))
    expect(refused).toMatchObject({ status: 429, code: "too_soon" })
    const wait = Number(refused.headers.get("retry-after"))
    expect(wait).toBe(refused.retryAfterSeconds)
    expect(wait).toBeGreaterThan(0)
    expect(wait).toBeLessThanOrEqual(60)
  })
})

describe("the history of runs", () => {
  it("shows the initial sync", async () => {
    const { id } = await create(freshKey())
    const { data } = await json<{ data: { kind: string }[] }>(call("GET", `/sources/${id}/runs`))
    expect(data.map((one) => one.kind)).toContain("initial")
  })

  it("knows no run of another id", async () => {
    const { id } = await create(freshKey())
    expect((await problem(call("GET", `/sources/${id}/runs/run_nope`))).code).toBe("not_found")
  })
})

describe("progress", () => {
  it("is an event stream whose first event is the source", async () => {
    const { id } = await create(freshKey())
    const answer = await call("GET", `/sources/${id}/progress`)
    expect(answer.headers.get("content-type")).toContain("text/event-stream")
    const reader = answer.body?.getReader()
    const { value } = (await reader?.read()) ?? {}
    await reader?.cancel()
    const text = new TextDecoder().decode(value)
    expect(text).toMatch(/^event: source\n/)
    const data = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? "null")
    expect(data).toMatchObject({ id, live: { delivery: { state: expect.any(String) } } })
  })
})

describe("reading a collection again", () => {
  it("starts for objects without a word", async () => {
    const { id } = await create(freshKey())
    await settled(id)
    const { run } = await json<{ run: string }>(
      call("POST", `/sources/${id}/collections/Customers/resync`, { body: {} }),
      202,
    )
    expect(await json(call("GET", `/sources/${id}/runs/${run}`))).toMatchObject({ kind: "resync" })
  })

  it("starts for events when repeats are accepted", async () => {
    const { id } = await create(freshKey())
    await settled(id)
    const body = { duplicates: "accept" }
    await json(call("POST", `/sources/${id}/collections/Charge/resync`, { body }), 202)
  })

  it("knows no other collections", async () => {
    const { id } = await create(freshKey())
    const refused = await problem(call("POST", `/sources/${id}/collections/Orders/resync`, { body: {} }))
    expect(refused.code).toBe("unknown_collection")
  })
})

describe("quarantine", () => {
  it("is empty at first, and replaying nothing does nothing", async () => {
    const { id } = await create(freshKey())
    expect(await json(call("GET", `/sources/${id}/quarantine`))).toEqual({ data: [], cursor: null })
    const replayed = await json(call("POST", `/sources/${id}/quarantine/replay`, { body: { ids: "all" } }))
    expect(replayed).toEqual({ replayed: 0, left: 0 })
    const discarded = await json(call("POST", `/sources/${id}/quarantine/discard`, { body: { ids: "all" } }))
    expect(discarded).toEqual({ discarded: 0 })
    expect((await problem(call("DELETE", `/sources/${id}/quarantine/1`))).code).toBe("not_found")
  })
})

/** Waits until nothing is being read: the first run starts with the source. */
async function settled(id: string): Promise<void> {
  await vi.waitUntil(
    async () => {
      const { live } = await json<PublicSource>(call("GET", `/sources/${id}`))
      return live?.current.every((run) => run.state !== "reading")
    },
    { timeout: SETTLES_WITHIN_MS },
  )
}
