import { describe, expect, it, test } from "vitest"
import type { JsonValue } from "../../../../src/connectors/kit/item.ts"
import { fillBody, fillQuery, type QueryTemplate, type Values } from "../../../../src/connectors/kit/rest/template.ts"

describe("a query to fill in", () => {
  const values: Values = { from: "2026-01-01", size: 7, fields: ["a", "b"] }

  test.each<[string, QueryTemplate, object]>([
    ["takes values as they are", { sort: "-id", all: true, limit: "{size}" }, { sort: "-id", all: true, limit: 7 }],
    ["is left without what has no value", { after: "{token}", from: "{from}" }, { from: "2026-01-01" }],
    ["fills places within a text", { filter: "updated>{from}" }, { filter: "updated>2026-01-01" }],
    ["is left without a text that cannot be filled whole", { filter: "{from}..{to}" }, {}],
    [
      "joins the parts that can be filled",
      { filter: { join: ",", of: ["gt({from})", "lt({to})", "eq(x)"] } },
      { filter: "gt(2026-01-01),eq(x)" },
    ],
    ["is left without a join of nothing", { filter: { join: ",", of: ["lt({to})"] } }, {}],
    [
      "repeats a parameter for each text of a list",
      { "types[]": ["a", "{from}", "{to}"] },
      { "types[]": ["a", "2026-01-01"] },
    ],
    ["writes a list of names with commas", { properties: "{fields}" }, { properties: "a,b" }],
  ])("%s", (_, template, expected) => expect(fillQuery(template, values)).toEqual(expected))
})

describe("a body to fill in", () => {
  const filters = (...of: JsonValue[]) => ({ filters: of })
  const from = { property: "changed", operator: "GTE", value: "{from}" }
  const to = { property: "changed", operator: "LT", value: "{to}" }

  it("keeps numbers and lists as such", () => {
    expect(fillBody({ limit: "{size}", names: "{fields}" }, { size: 7, fields: ["a"] })).toEqual({
      limit: 7,
      names: ["a"],
    })
  })

  it("is left without an object of a list that lacks something, and without a field that does", () => {
    const template = { ...filters(from, to), after: "{token}" }
    expect(fillBody(template, { from: 5 })).toEqual(filters({ ...from, value: 5 }))
    expect(fillBody(template, { from: 5, to: 9, token: "t" })).toEqual({
      ...filters({ ...from, value: 5 }, { ...to, value: 9 }),
      after: "t",
    })
  })

  it("has an empty list left where none of it can be filled", () => {
    expect(fillBody(filters(from), {})).toEqual({ filters: [] })
  })

  it("is nothing where nothing is left", () => {
    expect(fillBody({ query: { after: "{token}" } }, {})).toBeUndefined()
  })
})
