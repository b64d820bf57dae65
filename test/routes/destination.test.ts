import { describe, expect, it } from "vitest"
import type { PublicSource } from "../../src/api/views.ts"
import { call, create, json, problem, rows, simulateWorld, snapshot } from "../support/api.ts"

const world = simulateWorld()
const SOURCE = "1234567890123456789"
const KEY = "pre.secret-of-the-destination"
world.intempt.addKey({ prefix: "pre", secret: "secret-of-the-destination", org: "acme", project: "shop", source: null })
let accounts = 0
const freshKey = () => world.stripeKey(`destination-${++accounts}`)

interface Row {
  id: string
  version: number
  check_after: number
  destination_version: number
}
const stored = async (id: string) => (await rows<Row>("sources")).find((one) => one.id === id)

describe("the project's destination", () => {
  it("is missing at first, and sources say so", async () => {
    expect((await problem(call("GET", "/destination"))).code).toBe("not_found")
    const { live } = await create(freshKey())
    expect(live?.delivery.state).toBe("no_destination")
  })

  it("is tested without writing anything there", async () => {
    const answer = await json(call("PUT", "/destination", { body: { sourceId: SOURCE, key: KEY } }))
    expect(answer).toMatchObject({ org: "acme", project: "shop", sourceId: SOURCE, updatedBy: "ada" })
    expect(world.intempt.received).toEqual([])
  })

  it("never shows its key, nor stores it as it is", async () => {
    await call("PUT", "/destination", { body: { sourceId: SOURCE, key: KEY } })
    const answer = await call("GET", "/destination")
    expect(await answer.text()).not.toContain("secret-of")
    expect(await snapshot()).not.toContain("secret-of")
  })

  it.each([
    ["a wrong key", { sourceId: SOURCE, key: "pre.wrong" }, "destination_rejected", "key"],
    ["a key of another project", { sourceId: SOURCE, key: KEY, project: "elsewhere" }, "destination_rejected", "key"],
  ])("refuses %s, and keeps the one before", async (_, body, code, field) => {
    const before = await snapshot()
    const refused = await problem(call("PUT", "/destination", { body }))
    expect(refused).toMatchObject({ status: 422, code, errors: [{ field }] })
    expect(await snapshot()).toBe(before)
  })

  it("keeps how values that were removed are told", async () => {
    const body = { sourceId: SOURCE, key: KEY, clearing: "null" }
    await json(call("PUT", "/destination", { body }))
    expect(await json(call("GET", "/destination"))).toMatchObject({ clearing: "null" })
  })

  it("is not saved while Intempt does not answer", async () => {
    const before = await snapshot()
    const fault = world.faults.on({ name: "server_error", account: "acme/shop" })
    const refused = await problem(call("PUT", "/destination", { body: { sourceId: SOURCE, key: KEY } }))
    world.faults.off(fault)
    expect(refused).toMatchObject({ status: 502, code: "destination_unreachable" })
    expect(await snapshot()).toBe(before)
  })

  it("gives every source that follows it a new version and an appointment, and tells it", async () => {
    const follower = await create(freshKey())
    const before = await stored(follower.id)
    await json(call("PUT", "/destination", { body: { sourceId: SOURCE, key: KEY } }))
    const after = await stored(follower.id)
    expect(after?.version).toBe((before?.version ?? 0) + 1)
    expect(after?.check_after).toBeGreaterThanOrEqual(before?.check_after ?? 0)
    await expect
      .poll(async () => (await json<PublicSource>(call("GET", `/sources/${follower.id}`))).live?.delivery.state)
      .toBe("ok")
  })
})

describe("a source's own destination", () => {
  it("replaces the project's for it alone, and can be given up again", async () => {
    const { id } = await create(freshKey())
    const own = { sourceId: "9876543210987654321", key: KEY }
    const changed = await json<PublicSource>(call("PUT", `/sources/${id}/destination`, { body: own }))
    expect(changed.destination).toEqual({ org: "acme", project: "shop", sourceId: own.sourceId, clearing: "empty" })
    const version = (await stored(id))?.version
    await json(call("PUT", "/destination", { body: { sourceId: SOURCE, key: KEY } }))
    expect((await stored(id))?.version).toBe(version)
    const back = await json<PublicSource>(call("DELETE", `/sources/${id}/destination`))
    expect(back.destination).toBeNull()
    expect((await stored(id))?.destination_version).toBe(3)
  })
})
