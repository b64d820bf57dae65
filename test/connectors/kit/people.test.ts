import { describe, expect, test } from "vitest"
import type { Item } from "../../../src/connectors/kit/item.ts"
import { onePerPerson } from "../../../src/connectors/kit/people.ts"
import { email } from "../../../src/connectors/kit/values.ts"

const person = (key: string, userId: string): Item => ({
  ...{ userId, collection: "People", kind: "object", key, time: 9, version: 9, announcedAt: 9 },
  userAttributes: { key },
})
const alias: Item = {
  userId: "a@b.c",
  collection: "alias",
  kind: "event",
  key: "x",
  time: 9,
  version: 9,
  announcedAt: 9,
}

describe("several objects that are one person", () => {
  test.each<[string, [string, string, number][], string[]]>([
    [
      "stand by the one created last",
      [
        ["new", "a@b.c", 2],
        ["old", "a@b.c", 1],
      ],
      ["new"],
    ],
    [
      "in whatever order they come",
      [
        ["old", "a@b.c", 1],
        ["new", "a@b.c", 2],
      ],
      ["new"],
    ],
    [
      "of one second, by the first read",
      [
        ["one", "a@b.c", 1],
        ["two", "a@b.c", 1],
      ],
      ["one"],
    ],
    [
      "leave other people alone",
      [
        ["one", "a@b.c", 2],
        ["two", "d@e.f", 1],
      ],
      ["one", "two"],
    ],
    [
      "keep all states of the one that stands",
      [
        ["one", "a@b.c", 3],
        ["two", "a@b.c", 2],
        ["one", "a@b.c", 1],
      ],
      ["one", "one"],
    ],
  ])("%s", (_name, read, standing) => {
    const placed = read.map(([key, userId, time]) => ({ item: person(key, userId), time }))
    expect(onePerPerson(placed).map(({ key }) => key)).toEqual(standing)
  })

  test("are all joined to the person", () => {
    const placed = [
      { item: person("new", "a@b.c"), time: 2 },
      { item: person("old", "a@b.c"), time: 1 },
      { item: alias, time: 1 },
    ]
    expect(onePerPerson(placed).map(({ key }) => key)).toEqual(["new", "x"])
  })
})

describe("an email", () => {
  test.each([
    ["Ada@Example.com ", "ada@example.com"],
    ["ada\u200b@example.com", "ada@example.com"],
    ["\ufeffada@exam\u00adple.com\u200d", "ada@example.com"],
    ["zoe\u0308@example.com", "zo\u00eb@example.com"],
    ["ZOE\u0308@example.com", "zo\u00eb@example.com"],
    ["\u200b", null],
    ["ada", null],
    [null, null],
  ])("%j is %j", (written, read) => {
    expect(email(written)).toBe(read)
  })
})
