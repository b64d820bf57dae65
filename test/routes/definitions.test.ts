import { describe, expect, it } from "vitest"
import { call, json, problem, simulateWorld } from "../support/api.ts"

simulateWorld()

const METRIC = {
  type: "collection",
  collection: "Charge",
  field: "amount",
  function: "sum",
  filters: [{ attribute: "currency", operator: "=", value: "usd" }],
  format: { kind: "number", decimals: 2 },
}
const SEGMENT = {
  over: "users",
  join: "all",
  conditions: [
    { on: "event", collection: "Charge", filters: [], has: "done", within: { kind: "last", days: 30 } },
    { join: "any", conditions: [{ on: "attribute", attribute: "country", operator: "=", value: "DE" }] },
  ],
}

interface Definition {
  id: string
  name: string
  definition: unknown
  template: string | null
}

describe.each([
  ["/metrics", METRIC, { ...METRIC, function: "average" }, { ...METRIC, function: "guess" }],
  ["/segments", SEGMENT, { ...SEGMENT, over: "accounts" }, { ...SEGMENT, conditions: [] }],
])("%s", (path, first, second, wrong) => {
  const make = (body: unknown) => call("POST", path, { body })

  it("can be written, read, changed and deleted", async () => {
    const made = await json<Definition>(make({ name: "Mine", definition: first }), 201)
    expect(made).toMatchObject({ name: "Mine", definition: first, template: null })
    expect(await json(call("GET", `${path}/${made.id}`))).toEqual(made)
    const body = { name: "Ours", definition: second }
    expect(await json(call("PATCH", `${path}/${made.id}`, { body }))).toMatchObject(body)
    expect((await call("DELETE", `${path}/${made.id}`)).status).toBe(204)
    expect((await problem(call("GET", `${path}/${made.id}`))).code).toBe("not_found")
  })

  it("keep what is not sent", async () => {
    const { id } = await json<Definition>(make({ name: "Mine", definition: first }), 201)
    expect(await json(call("PATCH", `${path}/${id}`, { body: { name: "Ours" } }))).toMatchObject({ definition: first })
  })

  it("are refused when they make no sense, naming where", async () => {
    const refused = await problem(make({ name: "Mine", definition: wrong }))
    expect(refused).toMatchObject({ status: 422, code: "invalid" })
    expect(refused.errors?.[0]?.field).toMatch(/^definition/)
  })

  it("belong to their project", async () => {
    const { id } = await json<Definition>(make({ name: "Mine", definition: first }), 201)
    expect((await problem(call("GET", `${path}/${id}`, { project: "other" }))).code).toBe("not_found")
    expect((await problem(call("DELETE", `${path}/${id}`, { project: "other" }))).code).toBe("not_found")
  })
})
