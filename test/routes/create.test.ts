import { describe, expect, it } from "vitest"
import type { PublicSource } from "../../src/api/views.ts"
import { dayOf } from "../../src/lib/time.ts"
import { earliestStartDate } from "../../src/source/control/start-date.ts"
import { call, create, json, problem, rows, simulateWorld, snapshot, wish } from "../support/api.ts"

const world = simulateWorld()

describe("connecting a source", () => {
  it("starts it at once, with one call to the partner", async () => {
    const before = world.checks()
    const earliest = () => dayOf(earliestStartDate(Date.now()))
    const asked = earliest()
    const source = await create(world.stripeKey("create-1"))
    expect(source).toMatchObject({
      connector: "stripe",
      name: "Our Stripe",
      account: { name: expect.any(String), mode: "test" },
      sync: { intervalHours: 1 },
      draft: null,
    })
    // It may be midnight in between.
    expect([asked, earliest()]).toContain(source.sync?.startDate)
    expect(source.live).not.toBeNull()
    expect(["connected", "syncing"]).toContain(source.status)
    expect(world.checks()).toBe(before + 1)
  })

  it("never shows the key, nor stores it as it is", async () => {
    const key = world.stripeKey("create-2")
    const source = await create(key)
    expect(JSON.stringify(source)).not.toContain(key)
    expect(await snapshot()).not.toContain(key)
  })

  it("keeps what was asked for", async () => {
    const asked = { sync: { intervalHours: 6, startDate: dayOf(Date.now()) }, identity: "partnerId" }
    const collections = [{ name: "Charge", fields: { orderNumber: "metadata.order_id" } }]
    const source = await create(world.stripeKey("create-3"), { ...asked, collections })
    expect(source).toMatchObject({ ...asked, collections })
  })

  it("makes the chosen templates, with what they are built on", async () => {
    const { id } = await create(world.stripeKey("create-4"), { templates: ["net_revenue"] })
    const made = await json<{
      data: { id: string; name: string; source: string; definition: { type: string; terms?: Record<string, string> } }[]
    }>(call("GET", "/metrics"))
    const mine = made.data.filter((one) => one.source === id)
    const net = mine.find(({ definition }) => definition.type === "formula")
    expect(mine.length).toBeGreaterThan(1)
    for (const term of Object.values(net?.definition.terms ?? {})) expect(mine.map((one) => one.id)).toContain(term)
  })

  it("writes an audit entry in the same breath", async () => {
    const { id } = await create(world.stripeKey("create-5"))
    const { data } = await json<{ data: { action: string; subject: string; actor: string }[] }>(call("GET", "/audit"))
    expect(data).toContainEqual(expect.objectContaining({ action: "source.created", subject: id, actor: "ada" }))
  })

  it("appoints the watchdog a minute ahead", async () => {
    const { id, createdAt } = await create(world.stripeKey("create-6"))
    const [row] = (await rows<{ id: string; check_after: number }>("sources")).filter((one) => one.id === id)
    expect(row?.check_after).toBe(createdAt + 60_000)
  })
})

describe("a draft", () => {
  it("says what is missing, and takes its name from the account meanwhile", async () => {
    const body = { connector: "stripe", credentials: { apiKey: world.stripeKey("draft-1") } }
    const source = await json<PublicSource>(call("POST", "/sources", { body }), 201)
    expect(source).toMatchObject({ status: "draft", sync: null, draft: { missing: ["name", "sync"] }, live: null })
    expect(source.name).toBe(source.account?.name)
  })

  it("is finished with what was missing", async () => {
    const body = { connector: "stripe", credentials: { apiKey: world.stripeKey("draft-2") } }
    const { id } = await json<PublicSource>(call("POST", "/sources", { body }), 201)
    const finish = { name: "Named", sync: { intervalHours: 2 } }
    const source = await json<PublicSource>(call("POST", `/sources/${id}/finish`, { body: finish }))
    expect(source).toMatchObject({ name: "Named", sync: { intervalHours: 2 }, draft: null })
    expect(source.live).not.toBeNull()
    const again = await problem(call("POST", `/sources/${id}/finish`, { body: finish }))
    expect(again.code).toBe("not_a_draft")
  })

  it("is not finished while something is missing", async () => {
    const { id } = await json<PublicSource>(call("POST", "/sources", { body: { connector: "stripe" } }), 201)
    const refused = await problem(call("POST", `/sources/${id}/finish`, { body: { name: "Named" } }))
    expect(refused).toMatchObject({ status: 422, code: "draft_incomplete", missing: ["credentials", "sync"] })
  })

  it("takes its credentials later", async () => {
    const { id } = await json<PublicSource>(
      call("POST", "/sources", { body: { connector: "stripe", name: "N", sync: {} } }),
      201,
    )
    const key = { apiKey: world.stripeKey("draft-3") }
    const ready = await json<PublicSource>(call("PUT", `/sources/${id}/credentials`, { body: key }))
    expect(ready).toMatchObject({ status: "draft", draft: { missing: [] } })
    const source = await json<PublicSource>(call("POST", `/sources/${id}/finish`, { body: {} }))
    expect(source.draft).toBeNull()
  })

  it("cannot be synced", async () => {
    const { id } = await json<PublicSource>(call("POST", "/sources", { body: { connector: "stripe" } }), 201)
    for (const [method, path] of [
      ["POST", "sync"],
      ["GET", "runs"],
      ["GET", "progress"],
    ] as const)
      expect((await problem(call(method, `/sources/${id}/${path}`))).code).toBe("draft")
  })
})

describe("an Idempotency-Key", () => {
  const headers = { "idempotency-key": "order-66" }

  it("makes a repeated create return the first source", async () => {
    const body = wish(world.stripeKey("idem-1"))
    const first = await json<PublicSource>(call("POST", "/sources", { body, headers }), 201)
    const second = await json<PublicSource>(call("POST", "/sources", { body, headers }), 201)
    expect(second.id).toBe(first.id)
  })

  it("makes two creates at once return one source", async () => {
    const body = wish(world.stripeKey("idem-2"))
    const both = { body, headers: { "idempotency-key": "twins" } }
    const [first, second] = await Promise.all([call("POST", "/sources", both), call("POST", "/sources", both)])
    expect((await json<PublicSource>(first, 201)).id).toBe((await json<PublicSource>(second, 201)).id)
  })

  it("does not answer with a source that was deleted since", async () => {
    const body = wish(world.stripeKey("idem-4"))
    const sent = { body, headers: { "idempotency-key": "gone" } }
    const { id } = await json<PublicSource>(call("POST", "/sources", sent), 201)
    expect((await call("DELETE", `/sources/${id}`)).status).toBe(204)
    const before = await snapshot()
    expect(await problem(call("POST", "/sources", sent))).toMatchObject({
      ...{ status: 409, code: "idempotent_source_deleted", source: id },
    })
    expect(await snapshot()).toBe(before)
  })

  it("may not be used for another request", async () => {
    const refused = await problem(call("POST", "/sources", { body: wish(world.stripeKey("idem-3")), headers }))
    expect(refused).toMatchObject({ status: 422, code: "idempotency_mismatch" })
  })
})

describe("one account", () => {
  it("is connected once in a project: the second names the first", async () => {
    const key = world.stripeKey("twice-1")
    const first = await create(key)
    const refused = await problem(call("POST", "/sources", { body: wish(key) }))
    expect(refused).toMatchObject({ status: 409, code: "account_taken", source: first.id })
    expect(refused.detail).toContain("Our Stripe")
  })

  it("counts as two in test and live mode", async () => {
    await create(world.stripeKey("twice-2", "test"))
    expect((await create(world.stripeKey("twice-2", "live"))).account?.mode).toBe("live")
  })

  it("can be connected again after the source was deleted", async () => {
    const key = world.stripeKey("twice-3")
    const { id } = await create(key)
    expect((await call("DELETE", `/sources/${id}`)).status).toBe(204)
    expect((await create(key)).id).not.toBe(id)
  })

  it("may be connected by another project too", async () => {
    const key = world.stripeKey("twice-4")
    await create(key)
    await json(call("POST", "/sources", { body: wish(key), project: "other" }), 201)
  })

  it("is connected once when two ask at the same moment", async () => {
    const body = wish(world.stripeKey("twice-5"))
    const answers = await Promise.all([call("POST", "/sources", { body }), call("POST", "/sources", { body })])
    expect(answers.map((one) => one.status).sort()).toEqual([201, 409])
  })
})
