/** What is wrong with a request, in words that a person who has never seen a schema understands. */
import { describe, expect, it } from "vitest"
import { z } from "zod"
import { parse } from "../../src/api/parse.ts"
import { createSourceBody } from "../../src/api/requests.ts"
import { metric, segment } from "../../src/connectors/kit/templates.ts"
import { Problem } from "../../src/errors.ts"

function problemOf(schema: z.ZodType, value: unknown): Problem | null {
  try {
    parse(schema, value)
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
  return null
}

function saidOf(schema: z.ZodType, value: unknown): string {
  return (problemOf(schema, value)?.details.errors ?? []).map(({ message }) => message).join(" ")
}

describe("a field that does not fit is named in plain words", () => {
  it.each<[string, z.ZodType, unknown, string]>([
    ["that is missing", z.string(), undefined, "is missing."],
    ["of another type", z.boolean(), "yes", "must be true or false."],
    ["that is no whole number", z.int(), 1.5, "must be a whole number."],
    ["that is no list", z.array(z.string()), "a", "must be a list."],
    ["that is none of the choices", z.enum(["a", "b"]), "c", "must be one of a, b."],
    ["that is too long", z.string().max(2), "abc", "must have at most 2 characters."],
    ["that is empty", z.array(z.string()).min(1), [], "must not be empty."],
    ["with too few entries", z.array(z.string()).min(2), ["a"], "must have at least 2 entries."],
    ["that is not positive", z.int().positive(), 0, "must be more than 0."],
    ["that reaches its limit", z.number().lt(5), 5, "must be less than 5."],
    ["that is too great", z.number().max(100), 101, "must be at most 100."],
    ["that is no date", z.iso.date(), "soon", "must be a calendar date, YYYY-MM-DD."],
    ["that is of no known kind", z.union([z.string(), z.number()]), true, "must be a text."],
    ["that the schema has its own words for", z.string({ error: "must be a text." }), 1, "must be a text."],
  ])("one %s", (_title, schema, value, said) => expect(saidOf(schema, value)).toBe(said))

  it("in one of several shapes: as of the one that was meant", () => {
    const conditions = [
      { on: "event", collection: "Charge", filters: [], has: "done", within: { kind: "last", days: 0 } },
      { on: "birthday" },
    ]
    const problem = problemOf(segment, { over: "users", join: "all", conditions })
    expect(problem?.details.errors).toEqual([
      { field: "conditions[0].within.days", message: "must be at least 1." },
      { field: "conditions[1].on", message: "must be one of attribute, event, segment." },
    ])
  })

  it("in a formula", () => {
    const sum = {
      type: "formula",
      expression: "A + b",
      terms: { b: "revenue" },
      format: { kind: "number", decimals: 0 },
    }
    expect(saidOf(metric, sum)).toBe("may hold the letters of its terms in lower case, numbers, + - * / and brackets.")
  })

  it("in a whole request", () => {
    const said = saidOf(createSourceBody, { connector: "stripe", identity: "phone", installCode: 7, templates: "all" })
    expect(said).toBe("must be a text. must be one of email, partnerId. must be a list.")
  })
})
