import { describe, expect, test } from "vitest"
import { RecordError } from "../../../src/connectors/kit/define.ts"
import { inSeconds } from "../../../src/connectors/kit/paging.ts"
import { retryAfterMs } from "../../../src/connectors/kit/retry-after.ts"
import {
  at,
  email,
  isoFromSeconds,
  majorUnits,
  needNumber,
  needText,
  number,
  present,
  rows,
  text,
} from "../../../src/connectors/kit/values.ts"

describe("values of a partner's JSON", () => {
  const record = { id: "a", none: null, data: { list: [{ n: 1 }], "": "x", zero: 0, empty: "" } }

  test.each([
    ["id", "a"],
    ["data.list.0.n", 1],
    ["data.list.1.n", undefined],
    ["data.list.length", undefined],
    ["id.length", undefined],
    ["none.of.this", undefined],
    ["data.constructor", undefined],
    ["__proto__.toString", undefined],
    ["", undefined],
  ])("the path %j leads to %j", (path, value) => {
    expect(at(record, path)).toEqual(value)
  })

  test("a value of another kind is as good as none", () => {
    expect([text(record, "data.zero"), text(record, "data.empty"), number(record, "id"), rows(record, "id")]).toEqual([
      null,
      null,
      null,
      [],
    ])
  })

  test("what a record cannot do without is named when it is missing", () => {
    expect(() => needText(record, "data.currency")).toThrow(new RecordError("the record has no data.currency"))
    expect(() => needNumber(record, "id")).toThrow(RecordError)
  })

  test("only what has a value is kept, and false and 0 have one", () => {
    expect(present({ a: null, b: undefined, c: "", d: false, e: 0, f: "x" })).toEqual({ d: false, e: 0, f: "x" })
  })
})

describe("money in major units", () => {
  test.each([
    [1234, "usd", 12.34],
    [1234, "USD", 12.34],
    [500, "jpy", 500],
    [5124, "kwd", 5.124],
    [500, "isk", 500],
    [-105, "eur", -1.05],
    [0, "usd", 0],
    [999_999_999_999, "usd", 9_999_999_999.99],
  ])("%i of %s are %d", (minor, currency, major) => {
    expect(majorUnits(minor, currency)).toBe(major)
  })

  test("a partner may count a currency in its own way", () => {
    expect(majorUnits(500, "ISK", { isk: 2 })).toBe(5)
  })
})

describe("emails", () => {
  test.each([
    ["Ada@Example.COM", "ada@example.com"],
    ["  ada@example.com ", "ada@example.com"],
    ["ada", null],
    ["ada@", null],
    ["a b@example.com", null],
    ["", null],
    [null, null],
  ])("%j is %j", (written, normalized) => {
    expect(email(written)).toBe(normalized)
  })
})

test.each([
  [1_780_272_000, "2026-06-01T00:00:00.000Z"],
  [0, "1970-01-01T00:00:00.000Z"],
  [null, null],
  [Number.MAX_SAFE_INTEGER, null],
])("epoch second %j is %j", (seconds, iso) => {
  expect(isoFromSeconds(seconds)).toBe(iso)
})

describe("windows in whole seconds", () => {
  test.each([
    [1000, 2000, 1, 2],
    [1001, 1999, 2, 2],
    [null, 5000, undefined, 5],
    [999, null, 1, undefined],
  ])("[%j, %j) ms are gte %j, lt %j", (from, to, gte, lt) => {
    expect(inSeconds({ from, to })).toEqual({ gte, lt })
  })

  test("neighbours share no second and leave none out, wherever they meet", () => {
    for (let edge = 1000; edge <= 3000; edge += 250) {
      const { lt } = inSeconds({ from: 0, to: edge })
      const { gte } = inSeconds({ from: edge, to: 9000 })
      expect(gte).toBe(lt)
    }
  })
})

describe("how long an answer asks us to wait", () => {
  const date = "Mon, 01 Jun 2026 00:00:00 GMT"

  test.each<[string, Record<string, string>, number | null]>([
    ["seconds", { "retry-after": "3" }, 3000],
    ["parts of a second", { "retry-after": "0.5" }, 500],
    ["a date, by the partner's clock", { "retry-after": "Mon, 01 Jun 2026 00:00:10 GMT", date }, 10_000],
    [
      "a date that has passed",
      { "retry-after": "Mon, 01 Jun 2026 00:00:00 GMT", date: "Mon, 01 Jun 2026 00:00:10 GMT" },
      0,
    ],
    ["a date without a clock", { "retry-after": "Mon, 01 Jun 2026 00:00:10 GMT" }, null],
    ["nonsense", { "retry-after": "soon", date }, null],
    ["nothing", {}, null],
  ])("%s", (_name, headers, ms) => {
    expect(retryAfterMs(new Headers(headers))).toBe(ms)
  })
})
