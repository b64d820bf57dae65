import { expect, it } from "vitest"
import { encodeItems } from "../../src/pipeline/encode.ts"
import { itemOf } from "../../src/source/protocol/track.ts"
import { fact, object } from "../support/pipeline.ts"

const ref = { org: "o", project: "p", source: "src_9" }
const removed = { ...object("p1"), cleared: { a_note: "text" } } as const

it.each([
  ["empty", { name: "p1", a_note: "" }],
  ["null", { name: "p1", a_note: null }],
  ["off", { name: "p1" }],
] as const)(
  "a page's items are encoded in their order, what was removed as the task says: %s",
  (clearing, attributes) => {
    const items = encodeItems([fact("a"), removed], { ref, clearing })
    expect(items.map(itemOf)).toMatchObject([
      { key: "a", data: { id: "a" } },
      { key: "p1", userAttributes: attributes },
    ])
    expect(items.map(({ text }) => JSON.parse(text).eventId)).toEqual([
      "src_9/Orders/a",
      `src_9/People/p1@${removed.version}`,
    ])
  },
)
