import { describe, expect, it } from "vitest"
import type { Item } from "../../../src/connectors/kit/item.ts"
import { dedupe, type Reading } from "../../../src/source/dedupe/dedupe.ts"
import { PendingKeys } from "../../../src/source/dedupe/pending-keys.ts"
import { SeenIndex } from "../../../src/source/dedupe/seen.ts"
import { asSent, encodedAll } from "../../support/encoded.ts"
import { seenStore } from "../../support/seen-store.ts"
import { person } from "../../support/source-world.ts"
import { last, reading, type Step, verdicts, WATERMARK } from "./verdicts.ts"

describe("states of one second, read oldest first", () => {
  const [one, two, again] = [1, 2, 3].map((window) => reading("live", window, { isOldestFirst: true }))
  const at = (name: string) => person("p", 3_000, name)

  it.each<[string, [Reading | undefined, string][], string]>([
    [
      "the last read stays",
      [
        [one, "a"],
        [one, "b"],
      ],
      "accepted",
    ],
    [
      "the first is not sent again when the window is read again",
      [
        [one, "a"],
        [one, "b"],
        [two, "a"],
      ],
      "dropped",
    ],
    [
      "nor is the last",
      [
        [one, "a"],
        [one, "b"],
        [two, "a"],
        [two, "b"],
      ],
      "dropped",
    ],
    [
      "nor in the window after that",
      [
        [one, "a"],
        [one, "b"],
        [two, "a"],
        [two, "b"],
        [again, "a"],
      ],
      "dropped",
    ],
    [
      "a third one, shown later, is",
      [
        [one, "a"],
        [one, "b"],
        [two, "a"],
        [two, "b"],
        [two, "c"],
      ],
      "accepted",
    ],
    [
      "one that comes back within the window is",
      [
        [one, "a"],
        [one, "b"],
        [one, "a"],
      ],
      "accepted",
    ],
  ])("%s", (_title, steps, expected) => {
    expect(last(steps.map(([how, name]) => [how as Reading, at(name)]))).toBe(expected)
  })

  it("newest first the first read stays", () => {
    expect(
      last([
        [reading("live"), at("b")],
        [reading("live"), at("a")],
      ]),
    ).toBe("dropped")
  })
})

describe("states that are dated ahead", () => {
  const at = (version: number, name: string) => person("p", version, name)
  const ahead = (changes: Partial<Reading> = {}) => reading("live", 1, { believable: 3_060, asked: 3_000, ...changes })

  it.each<[string, number, number]>([
    ["both", 9_000, 8_000],
    ["the newer one, and the older by less than is believed", 9_000, 3_030],
  ])("(%s) are told as they come, newest first: the older one does not follow", (_title, newer, older) => {
    expect(
      verdicts([
        [ahead(), at(newer, "new")],
        [ahead(), at(older, "old")],
      ]),
    ).toEqual(["accepted", "dropped"])
  })

  it("give way to what comes with the next window", () => {
    const next = reading("live", 2, { believable: 3_660, asked: 3_600 })
    expect(
      verdicts([
        [ahead(), at(9_000, "ahead")],
        [next, at(3_500, "later")],
      ]),
    ).toEqual(["accepted", "accepted"])
  })
})

describe("an object", () => {
  const [live, next, backfill, webhook] = [
    reading("live", 1),
    reading("live", 2),
    reading("backfill", 3),
    reading("webhook", 0),
  ]
  const at = (version: number, name: string) => person("p", version, name)

  it.each<[string, Step[], string]>([
    ["is taken", [[live, at(3_000, "a")]], "accepted"],
    [
      "is dropped when older than the one sent",
      [
        [live, at(3_000, "b")],
        [live, at(2_999, "a")],
      ],
      "dropped",
    ],
    [
      "is dropped when older though another window shows it",
      [
        [live, at(3_000, "b")],
        [next, at(2_999, "a")],
      ],
      "dropped",
    ],
    [
      "is dropped when older though a resync shows it",
      [
        [live, at(3_000, "b")],
        [reading("resync", 9), at(2_999, "a")],
      ],
      "dropped",
    ],
    [
      "is taken when newer and changed",
      [
        [live, at(3_000, "a")],
        [live, at(3_001, "b")],
      ],
      "accepted",
    ],
    [
      "is dropped when newer and the same",
      [
        [live, at(3_000, "a")],
        [next, at(3_001, "a")],
      ],
      "dropped",
    ],
    [
      "of the same second: the first read of a newest-first window stays",
      [
        [live, at(3_000, "b")],
        [live, at(3_000, "a")],
      ],
      "dropped",
    ],
    [
      "of the same second: the next window's counts when it differs",
      [
        [live, at(3_000, "a")],
        [next, at(3_000, "b")],
      ],
      "accepted",
    ],
    [
      "read again in the next window is dropped",
      [
        [live, at(3_000, "a")],
        [next, at(3_000, "a")],
      ],
      "dropped",
    ],
    [
      "of the same second: live reading beats a webhook",
      [
        [webhook, at(3_000, "a")],
        [live, at(3_000, "b")],
      ],
      "accepted",
    ],
    [
      "of the same second: a webhook does not beat live reading",
      [
        [live, at(3_000, "b")],
        [webhook, at(3_000, "a")],
      ],
      "dropped",
    ],
    [
      "of the same second: of two webhooks the later wins",
      [
        [webhook, at(3_000, "a")],
        [webhook, at(3_000, "b")],
      ],
      "accepted",
    ],
    [
      "of the same second: a webhook told twice is dropped",
      [
        [webhook, at(3_000, "a")],
        [webhook, at(3_000, "a")],
      ],
      "dropped",
    ],
    [
      "of the same second: a backfill does not beat live reading, its page may be older",
      [
        [live, at(3_000, "b")],
        [backfill, at(3_000, "a")],
      ],
      "dropped",
    ],
    [
      "of the same second: live reading beats a backfill",
      [
        [backfill, at(3_000, "a")],
        [live, at(3_000, "b")],
      ],
      "accepted",
    ],
    [
      "from a webhook below the watermark is dropped, since it has been read",
      [[webhook, at(WATERMARK - 1, "a")]],
      "dropped",
    ],
    ["from a webhook at the watermark is taken", [[webhook, at(WATERMARK, "a")]], "accepted"],
    [
      "is sent again by a resync though nothing changed",
      [
        [live, at(3_000, "a")],
        [reading("resync", 9), at(3_000, "a")],
      ],
      "accepted",
    ],
    [
      "is sent by a resync once",
      [
        [reading("resync", 9), at(3_000, "a")],
        [reading("resync", 9), at(3_000, "a")],
      ],
      "dropped",
    ],
  ])("%s", (_title, steps, expected) => expect(last(steps)).toBe(expected))

  it("unchanged at a newer version raises the version, so that a state between the two is older", () => {
    expect(
      verdicts([
        [live, at(3_000, "a")],
        [next, at(5_000, "a")],
        [backfill, at(4_000, "z")],
      ]).at(-1),
    ).toBe("dropped")
  })

  it("read again keeps the other states of its second out, over pages and a restart", () => {
    const seen = new SeenIndex(seenStore(), 0)
    const pending = new PendingKeys([], 0)
    dedupe(encodedAll([at(3_000, "b"), at(3_000, "a")]), live, seen, pending)
    dedupe(encodedAll([at(3_000, "b")]), next, seen, pending)
    const restarted = new SeenIndex(seenStore(seen.takeChanges().put), seen.nextId)
    expect(dedupe(encodedAll([at(3_000, "a")]), next, restarted, pending).accepted).toEqual([])
  })
})

describe("what was removed", () => {
  const cleared = (version: number, name: string): Item => ({
    ...person("p", version, name),
    cleared: { shop_note: "text" },
  })
  const [backfill, live, later] = [reading("backfill", 1), reading("live", 2), reading("live", 3)]

  it.each<[string, Step[], ReturnType<typeof last>]>([
    [
      "is told of the state that a list told already, dated later",
      [
        [backfill, person("p", 5_000, "a")],
        [live, cleared(4_000, "a")],
      ],
      "accepted",
    ],
    [
      "once",
      [
        [backfill, person("p", 5_000, "a")],
        [live, cleared(4_000, "a")],
        [later, cleared(4_000, "a")],
      ],
      "dropped",
    ],
    [
      "is not told of another state that is older",
      [
        [backfill, person("p", 5_000, "a")],
        [live, cleared(4_000, "b")],
      ],
      "dropped",
    ],
    [
      "is not told of what live reading told since",
      [
        [live, person("p", 5_000, "a")],
        [later, cleared(4_000, "a")],
      ],
      "dropped",
    ],
  ])("%s", (_title, steps, expected) => {
    expect(last(steps)).toBe(expected)
  })

  it("is told as of the list's state, so that nothing seems to go back", () => {
    const seen = new SeenIndex(seenStore(), 0)
    dedupe(encodedAll([person("p", 5_000, "a")]), backfill, seen, new PendingKeys([], 0))
    const { accepted } = dedupe(encodedAll([cleared(4_000, "a")]), live, seen, new PendingKeys([], 0))
    expect(accepted.map(asSent)).toMatchObject([
      { version: 5_000, time: 5_000, userAttributes: { name: "a", shop_note: "" } },
    ])
  })
})
