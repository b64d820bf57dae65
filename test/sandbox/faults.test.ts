import { describe, expect, it } from "vitest"
import { FAULTS, type FaultName, type FaultOptions } from "./faults.ts"
import { createCharge } from "./stripe/charges.ts"
import { createCustomer } from "./stripe/customers.ts"
import { getAs, ids, testAccount } from "./support.ts"

describe("faults", () => {
  it.each([
    ["rate_limit", 429, {}],
    ["rate_limit_bare", 429, {}],
    ["server_error", 502, { status: 502 }],
    ["hang", 504, {}],
    ["redirect", 302, {}],
    ["unauthorized", 401, {}],
    ["revoked_key", 401, {}],
    ["forbidden", 403, {}],
  ] as [FaultName, number, FaultOptions][])("%s answers %i, once if asked for once", async (name, status, options) => {
    const { sandbox, key } = testAccount()
    sandbox.faults.on({ name, times: 1, options })
    const request = () =>
      new Request("https://api.stripe.com/v1/customers", { headers: { authorization: `Bearer ${key}` } })
    const response = await sandbox.handle(request())
    expect(response.status).toBe(status)
    expect(response.headers.has("retry-after")).toBe(name === "rate_limit")
    expect((await sandbox.handle(request())).status).toBe(200)
    expect(sandbox.faults.active()).toEqual([])
  })

  it("break the connection before or within the body", async () => {
    const { sandbox, get } = testAccount()
    sandbox.faults.on({ name: "reset", times: 1 })
    await expect(get("/v1/customers")).rejects.toThrow("connection reset")
    sandbox.faults.on({ name: "reset_body", times: 1 })
    await expect(get("/v1/customers")).rejects.toThrow("connection reset")
    sandbox.faults.on({ name: "truncated_body", times: 1 })
    await expect(get("/v1/customers")).rejects.toThrow()
    sandbox.faults.on({ name: "not_json", times: 1 })
    await expect(get("/v1/customers")).rejects.toThrow()
  })

  it("date answers ahead, behind, or all alike", async () => {
    let now = Date.UTC(2026, 1, 28, 23, 59, 30)
    const { sandbox, key } = testAccount({}, { clock: () => now })
    const dated = async () => {
      const headers = { authorization: `Bearer ${key}` }
      const answer = await sandbox.handle(new Request("https://api.stripe.com/v1/customers", { headers }))
      return (Date.parse(answer.headers.get("date") ?? "") - now) / 1_000
    }
    sandbox.faults.on({ name: "date_ahead", times: 1 })
    expect([await dated(), await dated()]).toEqual([1_800, 0])
    sandbox.faults.on({ name: "date_behind", times: 1, options: { seconds: 60 } })
    expect([await dated(), await dated()]).toEqual([-60, 0])
    sandbox.faults.on({ name: "date_frozen", times: 2 })
    const first = await dated()
    now += 90_000
    expect([first, await dated(), await dated()]).toEqual([0, -90, 0])
  })

  it("send a body far too big, piece by piece", async () => {
    const { sandbox, key } = testAccount()
    sandbox.faults.on({ name: "huge_body", options: { megabytes: 3 } })
    const response = await sandbox.handle(
      new Request("https://api.stripe.com/v1/customers", { headers: { authorization: `Bearer ${key}` } }),
    )
    expect((await response.text()).length).toBeGreaterThan(3_000_000)
  })

  it("keep to their account, path, number and probability", async () => {
    const { sandbox, get } = testAccount({ rateLimit: null, endpointRateLimit: null })
    const other = sandbox.stripe.create({ name: "other" })
    sandbox.faults.on({ name: "server_error", account: "acme", path: "/v1/charges", after: 1 })
    expect((await get("/v1/customers")).status).toBe(200)
    expect((await getAs(sandbox, other.key, "/v1/charges")).status).toBe(200)
    expect((await get("/v1/charges")).status).toBe(200)
    await expect(get("/v1/charges")).rejects.toThrow()
    sandbox.faults.off()
    sandbox.faults.on({ name: "rate_limit", probability: 0.5 })
    const statuses = new Set<number>()
    for (let call = 0; call < 30; call++) statuses.add((await get("/v1/customers")).status)
    expect(statuses).toEqual(new Set([200, 429]))
  })

  it("refuse or repeat page tokens", async () => {
    const { sandbox, account, get } = testAccount()
    for (let made = 0; made < 4; made++) createCustomer(account, {})
    const first = await get("/v1/customers?limit=2")
    const next = `/v1/customers?limit=2&starting_after=${ids(first)[1]}`
    sandbox.faults.on({ name: "expired_token", times: 1 })
    expect((await get("/v1/customers?limit=2")).status).toBe(200)
    expect((await get(next)).body.error.code).toBe("resource_missing")
    sandbox.faults.on({ name: "repeated_token", times: 2 })
    expect(ids(await get(next))).toEqual(ids(first))
    expect((await get(next)).body.has_more).toBe(true)
  })

  it("stamp a burst with one second, and show rows late", async () => {
    const { sandbox, account, get } = testAccount()
    sandbox.faults.on({ name: "equal_timestamps", options: { seconds: 60 } })
    for (let made = 0; made < 5; made++) {
      createCharge(account, { amount: 100, outcome: "failed" })
      sandbox.clock.advance(2_000)
    }
    expect(new Set((await get("/v1/charges")).body.data.map((charge) => charge.created)).size).toBe(1)
    sandbox.faults.off()
    sandbox.faults.on({ name: "late_rows", options: { seconds: 30 } })
    const late = createCharge(account, { amount: 100, outcome: "failed" }).id
    expect(ids(await get("/v1/charges"))).not.toContain(late)
    sandbox.clock.advance(30_000)
    expect(ids(await get("/v1/charges"))).toContain(late)
  })

  it("are all described in one table", () => {
    for (const kind of Object.values(FAULTS)) expect(kind.description).toMatch(/\.$/)
  })
})

describe("between two requests", () => {
  it("the data changes after so many requests of that account", async () => {
    const { sandbox, account, get } = testAccount()
    for (let made = 0; made < 4; made++) createCustomer(account, {})
    sandbox.stripe.between({
      account: "acme",
      afterRequests: 1,
      mutation: { name: "createCustomer", args: [{ email: "new@example.com" }] },
    })
    const first = await get("/v1/customers?limit=2")
    const second = await get(`/v1/customers?limit=2&starting_after=${ids(first)[1]}`)
    expect(new Set([...ids(first), ...ids(second)]).size).toBe(4)
    expect((await get("/v1/customers?limit=1")).body.data[0]?.email).toBe("new@example.com")
  })

  it("calls are counted per account and path", async () => {
    const { sandbox, get } = testAccount()
    await get("/v1/customers")
    await get("/v1/events?limit=5")
    await get("/v1/events?limit=5")
    expect(sandbox.counters.calls({ account: "acme" })).toBe(3)
    expect(sandbox.counters.calls({ account: "acme", path: "/v1/events" })).toBe(2)
    expect(sandbox.counters.log.at(-1)).toMatchObject({
      account: "acme/test",
      path: "/v1/events",
      query: "?limit=5",
      status: 200,
    })
  })
})
