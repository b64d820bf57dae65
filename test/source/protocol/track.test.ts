/** The text of an item, compared with what the request was before items were encoded one by one. */
import { describe, expect, it } from "vitest"
import { CLEARINGS, type Clearing } from "../../../src/api/enums.ts"
import type { Attributes, Item } from "../../../src/connectors/kit/item.ts"
import { hash64 } from "../../../src/lib/hash.ts"
import { withText } from "../../../src/source/protocol/encoded-item.ts"
import { encodeItem, itemOf, redated, trackBody } from "../../../src/source/protocol/track.ts"
import { alias, fact, person, START } from "../../support/source-world.ts"

// --------------------------------------------------------------------------------------------- the request as it was

/** All items of a request in one go: entries by type and collection, then one `JSON.stringify`. */
function formerBody(items: readonly Item[], scope: string, clearing: Clearing): string {
  const entries = new Map<string, { name: string; type: string; payload: unknown[] }>()
  for (const item of items) {
    const type = formerType(item)
    const key = `${type}/${item.collection}`
    const known = entries.get(key)
    const entry = known ?? { name: type === "alias" ? "Identify" : item.collection, type, payload: [] }
    if (!known) entries.set(key, entry)
    entry.payload.push(formerPayload(item, scope, clearing))
  }
  return JSON.stringify({ track: [...entries.values()] })
}

function formerType({ collection, kind, userAttributes }: Item): string {
  if (collection === "alias") return "alias"
  if (kind === "event") return "track"
  return userAttributes ? "identify" : "group"
}

function formerPayload(item: Item, scope: string, clearing: Clearing) {
  const { userId, accountId, anotherUserId, data, cleared = {}, kind, collection, key, version } = item
  const withCleared = (attributes?: Attributes) => attributes && { ...attributes, ...formerCleared(cleared, clearing) }
  const id = `${scope}/${collection}/${key}`
  return {
    eventId: kind === "event" ? id : `${id}@${version}`,
    timestamp: item.time,
    ...{ userId, accountId, anotherUserId, data },
    userAttributes: withCleared(item.userAttributes),
    accountAttributes: withCleared(item.accountAttributes),
  }
}

function formerCleared(cleared: NonNullable<Item["cleared"]>, clearing: Clearing): Attributes {
  const values = { text: "", list: [], other: undefined }
  const told = Object.entries(cleared).flatMap(([name, kind]) => {
    const value = clearing === "null" ? null : values[kind]
    return value === undefined || clearing === "off" ? [] : [[name, value] as const]
  })
  return Object.fromEntries(told)
}

// -------------------------------------------------------------------------------------------------------------- items

const AWKWARD = 'quotes ", breaks \n\r\u2028, 語 😀 ł, half a pair \ud83d, \\n and null \u0000'
const company = (changes: Partial<Item> = {}): Item => {
  const { userId: _, userAttributes: __, ...rest } = person("c1", START, "", { collection: "Companies" })
  return { ...rest, accountId: "acme.com", accountAttributes: { founded: 2_000 }, ...changes }
}
const removed = { a_note: "text", a_tags: "list", a_balance: "other", name: "text" } as const

const items: [string, Item][] = [
  ["a fact", fact("o1", START)],
  ["a fact whose version is not its time", fact("o2", START, { version: 5 })],
  ["a fact without attributes", fact("o3", START, { data: {} })],
  [
    "a fact with all sorts of values",
    fact("o4", START, { data: { a: [1, "x", [null]], b: -0, c: 1e21, d: 0.1, e: { f: null } } }),
  ],
  ["awkward text", fact(AWKWARD, START, { userId: AWKWARD, data: { [AWKWARD]: AWKWARD } })],
  ["names like numbers", person("p1", START, "", { userAttributes: { z: 1, 10: "ten", 2: "two", __proto__x: 1 } })],
  ["a person", person("p2", START)],
  ["a person of a company", person("p3", START, "Ada", { accountId: "acme.com", accountAttributes: { size: 3 } })],
  ["a person that lost values", person("p4", START, "Ada", { cleared: removed })],
  ["a person whose time is not the version", person("p5", START, "Ada", { time: 7 })],
  ["a company", company()],
  ["a company that lost values", company({ key: "c2", cleared: removed })],
  ["an object about nobody's attributes", company({ key: "c3", accountAttributes: {} })],
  ["a join", alias("ada@old.com", "ada@new.com", START)],
  ["a collection with a slash", fact("o5", START, { collection: 'a/b "c"' })],
  ["objects called as joins are sent", person("p6", START, "Ada", { collection: "Identify" })],
]
const all = items.map(([, item]) => item)
const textOf = (item: Item, clearing: Clearing = "empty") => withText(item, encodeItem(item, "src_1", clearing))

describe.each(CLEARINGS)("a request where removed values are told as %s", (clearing) => {
  const body = (some: readonly Item[]) => trackBody(some.map((item) => encodeItem(item, "src_1", clearing)))

  it.each(items)("with %s is what it was, byte for byte", (_, item) => {
    expect(body([item])).toBe(formerBody([item], "src_1", clearing))
  })

  it("with all of them, in whatever order, is what it was", () => {
    for (const some of [[], all, all.toReversed(), [...all, ...all]])
      expect(body(some)).toBe(formerBody(some, "src_1", clearing))
  })

  it.each(items)("shows %s as an item that has the same text when it is encoded again", (_, item) => {
    const sent = textOf(item, clearing)
    for (const again of CLEARINGS)
      expect(encodeItem(itemOf(sent), "src_1", again)).toEqual({ entry: sent.entry, text: sent.text })
  })

  it.each(items.filter(([, { kind }]) => kind === "object"))(
    "dates %s anew in its text, and changes nothing else",
    (_, item) => {
      const sent = textOf(item, clearing)
      expect(redated(sent, START + 12_345, START - 1)).toEqual(
        textOf({ ...item, version: START + 12_345, time: START - 1 }, clearing),
      )
      expect(redated(sent, item.version, item.time)).toEqual(sent)
      expect(redated(sent, 5, 5)).toEqual(textOf({ ...item, version: 5, time: 5 }, clearing))
    },
  )
})

describe("an encoded item", () => {
  it.each(items)("of %s is one line, and knows its bytes", (_, item) => {
    const { text, bytes } = textOf(item)
    expect(text).not.toContain("\n")
    expect(bytes).toBe(new TextEncoder().encode(text).length)
  })

  it("keeps the hashes by which sources know what they have sent", () => {
    const { userId, accountId, userAttributes, accountAttributes, data, cleared } = person("p", START, "Ada", {
      cleared: removed,
    })
    const told = [userId, accountId, userAttributes, accountAttributes, data]
    const { content, listed } = textOf(person("p", START, "Ada", { cleared: removed }))
    expect([content, listed]).toEqual([hash64(JSON.stringify([...told, cleared])), hash64(JSON.stringify(told))])
    expect(textOf(person("p", START + 1, "Ada"))).toMatchObject({ content: listed })
  })

  it("says only of what lost values how a list tells it, and nothing of facts", () => {
    expect(textOf(person("p", START))).not.toHaveProperty("listed")
    expect(textOf(fact("a", START)).content).toBe("")
  })
})
