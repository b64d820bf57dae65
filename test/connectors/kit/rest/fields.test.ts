import { describe, expect, it, test } from "vitest"
import { z } from "zod"
import type { JsonValue } from "../../../../src/connectors/kit/item.ts"
import {
  address,
  attributesOf,
  currency,
  customValues,
  type Field,
  flag,
  major,
  minor,
  number,
  schemaOf,
  text,
  texts,
  time,
} from "../../../../src/connectors/kit/rest/fields.ts"

describe("a field", () => {
  test.each<[string, Field, JsonValue, JsonValue | undefined]>([
    ["is text", text("a.b", "A"), { a: { b: "x" } }, "x"],
    ["is text, of a number too", text("a", "A"), { a: 5 }, "5"],
    ["is no text of an object", text("a", "A"), { a: {} }, undefined],
    ["is worked out", text((row) => (row as { a: string }).a.toUpperCase(), "A"), { a: "x" }, "X"],
    ["is an email as the destination wants it", address("a", "A"), { a: " Ada@Example.COM " }, "ada@example.com"],
    ["is no email", address("a", "A"), { a: "ada" }, undefined],
    ["is a currency", currency("a", "A"), { a: "USD" }, "usd"],
    ["is a number", number("a", "A"), { a: 5 }, 5],
    ["is a number that was written as text", number("a", "A"), { a: "-5.50" }, -5.5],
    ["is no number", number("a", "A"), { a: "5 seats" }, undefined],
    ["is a truth value, also false", flag("a", "A"), { a: false }, false],
    ["is a list of texts", texts("a", "A"), { a: ["x", 5, {}] }, ["x", "5"]],
    ["is no empty list", texts("a", "A"), { a: [] }, undefined],
    ["is a time", time("a", "A"), { a: "2026-04-12T10:18:49.658123Z" }, "2026-04-12T10:18:49.658Z"],
    ["is a time in seconds", time("a", "A", "seconds"), { a: 1_700_000_000 }, "2023-11-14T22:13:20.000Z"],
    [
      "is a time in UTC without saying so",
      time("a", "A", "utc"),
      { a: "2026-04-12 10:18:49" },
      "2026-04-12T10:18:49.000Z",
    ],
    ["is no time", time("a", "A"), { a: "soon" }, undefined],
    ["is no time that no calendar holds", time("a", "A", "seconds"), { a: 1e300 }, undefined],
    ["is an amount in minor units", minor("a", "c", "A"), { a: "1234", c: "USD" }, 12.34],
    ["is an amount in minor units of a currency without any", minor("a", "c", "A"), { a: 1234, c: "JPY" }, 1234],
    ["is no amount without its currency", minor("a", "c", "A"), { a: 1234 }, undefined],
    ["is an amount in major units", major("a", "A"), { a: "1500.50" }, 1500.5],
  ])("%s", (_, field, row, expected) => {
    const attributes = attributesOf({ field }, row)
    expect(attributes).toEqual(expected === undefined ? {} : { field: expected })
    expect(schemaOf({ field }).safeParse(attributes).error).toBeUndefined()
  })
})

describe("an attribute table", () => {
  it("documents each attribute in the catalogue", () => {
    const { properties, additionalProperties } = z.toJSONSchema(
      schemaOf({ seats: number("seats", "Seats that are paid for") }),
    )
    expect(properties).toEqual({ seats: { type: "number", description: "Seats that are paid for" } })
    expect(additionalProperties).toBe(false)
  })

  it("takes what the account has named itself, and says what it is", () => {
    const schema = schemaOf({ seats: number("seats", "Seats") }, "Your own data")
    expect(schema.safeParse({ acme_custom_plan: "gold", acme_custom_seats: 5, acme_custom_vip: true }).success).toBe(
      true,
    )
    expect(schema.safeParse({ acme_custom_plan: {} }).success).toBe(false)
    expect(z.toJSONSchema(schema).additionalProperties).toMatchObject({ description: "Your own data" })
  })

  it("reads of the account's own data what is plain", () => {
    const row = { custom: { plan: "gold", seats: 5, vip: false, none: null, deep: { x: 1 }, list: [1], "a.b": "dots" } }
    expect(customValues(row, "custom", "acme_custom_")).toEqual({
      acme_custom_plan: "gold",
      acme_custom_seats: 5,
      acme_custom_vip: false,
      "acme_custom_a.b": "dots",
    })
    expect(customValues({ custom: [] }, "custom", "x_")).toEqual({})
  })
})
