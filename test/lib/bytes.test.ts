import { serialize } from "node:v8"
import { describe, expect, it } from "vitest"
import { cutToBytes, SENT_BYTES_OF_TEXT, sentBytes, utf8Bytes } from "../../src/lib/bytes.ts"

describe("the beginning of a text", () => {
  it.each([
    ["abc", 2, "ab"],
    ["abc", 3, "abc"],
    ["abc", 9, "abc"],
    ["äöü", 3, "ä"],
    ["a😀b", 4, "a"],
    ["a😀b", 5, "a😀"],
    ["", 5, ""],
  ])("of %s within %i bytes is %s", (text, bytes, expected) => {
    expect(cutToBytes(text, bytes)).toBe(expected)
    expect(utf8Bytes(cutToBytes(text, bytes))).toBeLessThanOrEqual(bytes)
  })
})

it.each([0, 1, 21_845, 21_846, 100_000])(
  "the bytes of a text of %i characters are counted, of whatever script",
  (length) => {
    for (const letter of ["x", "ä", "語", "😀", "\ud83d"]) {
      const text = letter.repeat(length).slice(0, length)
      expect(utf8Bytes(text)).toBe(new TextEncoder().encode(text).length)
    }
  },
)

describe("what is sent over RPC", () => {
  const long = "x".repeat(10_000)
  const cases: [string, unknown][] = [
    ["Latin text", { text: long }],
    ["text with one character beyond Latin-1", { text: `${long}ł` }],
    ["other scripts", { text: "заказ ".repeat(1_000), also: "注文".repeat(1_000) }],
    ["numbers of few characters", Array.from({ length: 5_000 }, () => 0.5)],
    ["whole numbers", Array.from({ length: 5_000 }, (_, index) => index)],
    ["large whole numbers", Array.from({ length: 5_000 }, () => 4_000_000_000)],
    ["empty things", Array.from({ length: 5_000 }, () => [{}, [], "", null, true])],
    ["many short keys", Array.from({ length: 2_000 }, () => ({ a: 1, b: "ł", c: null, d: [0.5] }))],
    ["keys beyond Latin-1", Array.from({ length: 2_000 }, (_, index) => ({ [`ключ${index}`]: 1 }))],
  ]

  it.each(cases)("is never larger than counted: %s", (_name, value) => {
    const sent = serialize(value).length
    expect(sentBytes(value)).toBeGreaterThanOrEqual(sent)
  })

  it.each(cases)("as JSON is never larger than its bytes allow: %s", (_name, value) => {
    const text = JSON.stringify(value)
    expect(SENT_BYTES_OF_TEXT * utf8Bytes(text)).toBeGreaterThanOrEqual(serialize(text).length)
  })
})
