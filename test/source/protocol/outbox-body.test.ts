import { expect, it } from "vitest"
import { encodedIn, itemsIn, linesOf } from "../../../src/source/protocol/outbox-body.ts"
import { encodedAll } from "../../support/encoded.ts"
import { alias, fact, person, START } from "../../support/source-world.ts"

const awkward = "breaks \n\r\u2028\u2029, 語 😀, \\n"
const held = encodedAll([
  fact("a", START, { data: { text: awkward } }),
  fact(awkward, START, { collection: awkward, announcedAt: START + 5 }),
  person("p", START, awkward, { time: 7, version: 8 }),
  alias("old", "new", START),
])
const bodyOf = (items: typeof held) => items.map((item) => linesOf(item).lines).join("")

it("a row's body gives back its items, whatever is in them", () => {
  expect(itemsIn(bodyOf(held))).toEqual(held.map(({ content: _, ...item }) => item))
})

it("a POST takes entry and text of each", () => {
  expect(encodedIn(bodyOf(held))).toEqual(held.map(({ entry, text }) => ({ entry, text })))
})

it("the lines of an item know their bytes", () => {
  for (const { lines, bytes } of held.map(linesOf)) expect(bytes).toBe(new TextEncoder().encode(lines).length)
})

it("nothing is in an empty one", () => expect(itemsIn("")).toEqual([]))
