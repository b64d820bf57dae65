import { env } from "cloudflare:workers"
import { describe, expect, it } from "vitest"
import type { PublicSource } from "../../src/api/views.ts"
import { call, create, json, problem, rows, simulateWorld } from "../support/api.ts"

const world = simulateWorld()
let accounts = 0
const freshKey = () => world.stripeKey(`sources-${++accounts}`)
const read = (id: string) => json<PublicSource>(call("GET", `/sources/${id}`))

interface List<T> {
  data: T[]
  cursor: string | null
}

describe("the list of sources", () => {
  it("pages newest first, each source once", async () => {
    const project = "paged"
    const made: string[] = []
    for (let n = 0; n < 5; n++) {
      const body = { connector: "stripe", name: `No ${n}` }
      made.unshift((await json<PublicSource>(call("POST", "/sources", { body, project }), 201)).id)
    }
    const seen: string[] = []
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: List<PublicSource> = await json(
        call("GET", `/sources?limit=2${cursor && `&cursor=${cursor}`}`, { project }),
      )
      seen.push(...page.data.map((one) => one.id))
      cursor = page.cursor
    }
    expect(seen).toHaveLength(5)
    expect(new Set(seen)).toEqual(new Set(made))
  })

  it.each(["limit=0", "limit=101", "limit=many", "cursor=xyz"])("refuses ?%s", async (query) => {
    expect(await problem(call("GET", `/sources?${query}`))).toMatchObject({ status: 422, code: "invalid" })
  })

  it("shows nothing of other projects", async () => {
    await create(freshKey())
    expect((await json<List<PublicSource>>(call("GET", "/sources", { project: "empty" }))).data).toEqual([])
  })

  it("does not ask the Durable Objects", async () => {
    const { data } = await json<List<PublicSource>>(call("GET", "/sources"))
    expect(data.every((one) => one.live === null)).toBe(true)
  })
})

describe("changing a source", () => {
  it("renames it and leaves the rest", async () => {
    const before = await create(freshKey())
    await json(call("PATCH", `/sources/${before.id}`, { body: { name: "Renamed" } }))
    const { name, sync, collections } = await read(before.id)
    expect({ name, sync, collections }).toEqual({ name: "Renamed", sync: before.sync, collections: before.collections })
  })

  it("pauses and resumes it", async () => {
    const { id } = await create(freshKey())
    expect((await json<PublicSource>(call("PATCH", `/sources/${id}`, { body: { active: false } }))).status).toBe(
      "paused",
    )
    expect((await problem(call("POST", `/sources/${id}/sync`))).code).toBe("paused")
    const resumed = await json<PublicSource>(call("PATCH", `/sources/${id}`, { body: { active: true } }))
    expect(resumed.status).not.toBe("paused")
    const actions = (await rows<{ subject: string; action: string }>("audit")).filter((one) => one.subject === id)
    expect(actions.map((one) => one.action)).toEqual(["source.created", "source.paused", "source.resumed"])
  })

  it("chooses collections with added fields", async () => {
    const { id } = await create(freshKey())
    const collections = [{ name: "Customers", fields: { plan: "metadata.plan" } }]
    expect((await json<PublicSource>(call("PATCH", `/sources/${id}`, { body: { collections } }))).collections).toEqual(
      collections,
    )
  })

  it("lets one of two changes at the same moment through, and audits only that one", async () => {
    const { id } = await create(freshKey())
    const change = (name: string) => call("PATCH", `/sources/${id}`, { body: { name } })
    const answers = await Promise.all([change("A"), change("B"), change("C")])
    const done = answers.filter((one) => one.status === 200).length
    const audited = (await rows<{ subject: string; action: string }>("audit")).filter(
      (one) => one.subject === id && one.action === "source.changed",
    )
    expect(answers.every((one) => one.status === 200 || one.status === 409)).toBe(true)
    expect(audited).toHaveLength(done)
  })
})

describe("reconnecting", () => {
  it("takes a new key of the same account", async () => {
    const { id, account } = await create(world.stripeKey("reconnect"))
    const { key } = world.stripe.addKey({ account: "reconnect" })
    const source = await json<PublicSource>(call("PUT", `/sources/${id}/credentials`, { body: { apiKey: key } }))
    expect(source.account).toEqual(account)
    expect(JSON.stringify(source)).not.toContain(key)
    const [row] = (await rows<{ id: string; credential_version: number }>("sources")).filter((one) => one.id === id)
    expect(row?.credential_version).toBe(2)
  })
})

describe("deleting a source", () => {
  it("leaves a tombstone without name, account or secret", async () => {
    const key = freshKey()
    const { id } = await create(key)
    expect((await call("DELETE", `/sources/${id}`)).status).toBe(204)
    expect((await problem(call("GET", `/sources/${id}`))).code).toBe("not_found")
    expect((await problem(call("DELETE", `/sources/${id}`))).code).toBe("not_found")
    const [row] = (await rows<Record<string, unknown>>("sources")).filter((one) => one.id === id)
    expect(row).toMatchObject({ name: "", account_id: null, account_name: null, credential: null, destination: null })
    // Erased at once, so the watchdog has nothing left to do.
    expect(row?.check_after).toBeNull()
  })
})

describe("the audit trail", () => {
  it("can be neither changed nor shortened, not even by the database's owner", async () => {
    await create(freshKey())
    await expect(env.DB.prepare("update audit set actor = 'nobody'").run()).rejects.toThrow(/append-only/)
    await expect(env.DB.prepare("delete from audit").run()).rejects.toThrow(/append-only/)
  })

  it("pages newest first", async () => {
    const first: List<{ id: number }> = await json(call("GET", "/audit?limit=2"))
    const second: List<{ id: number }> = await json(call("GET", `/audit?limit=2&cursor=${first.cursor}`))
    const ids = [...first.data, ...second.data].map((one) => one.id)
    expect(ids).toEqual([...ids].sort((a, b) => b - a))
    expect(new Set(ids).size).toBe(4)
  })

  it("holds no key", async () => {
    const key = freshKey()
    const { id } = await create(key)
    await json(call("PUT", `/sources/${id}/credentials`, { body: { apiKey: key } }))
    expect(JSON.stringify(await rows("audit"))).not.toContain(key)
  })
})
