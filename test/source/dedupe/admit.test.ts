import { describe, expect, it } from "vitest"
import { admit, type Reading } from "../../../src/source/dedupe/admit.ts"
import { keyHash } from "../../../src/source/dedupe/keys.ts"
import { OpenKeys } from "../../../src/source/dedupe/openkeys.ts"
import { SeenIndex } from "../../../src/source/dedupe/seen.ts"
import { alias, fact } from "../../support/source-world.ts"
import { FLOOR, LIVE_FROM, last, RANGE, reading, type Step, verdicts } from "./verdicts.ts"

describe("a fact that the feed may first show after the lists were read for its time", () => {
  const now = { believable: 3_000 }
  const spans = { passSpans: { Orders: [{ from: 1_000, to: 1_500 }] } }
  const live = (window: number) => reading("live", window, { ...spans, ...now })
  const list = reading("pass", 1, { range: { from: 1_000, to: 1_500 }, ...now })
  const shown = (place: number) => fact("a", 1_200, { place })

  it.each<[string, Step[], string]>([
    ["is live reading's, too", [[live(1), shown(5_000)]], "taken"],
    ["is the lists' alone once that time has come by", [[live(1), shown(3_000)]], "elsewhere"],
    [
      "goes out once: the lists told it",
      [
        [list, shown(5_000)],
        [live(2), shown(5_000)],
      ],
      "dropped",
    ],
    [
      "goes out once: live reading told it",
      [
        [live(1), shown(5_000)],
        [list, shown(5_000)],
      ],
      "dropped",
    ],
  ])("%s", (_, steps, verdict) => {
    expect(last(steps)).toBe(verdict)
  })

  it("is remembered until then, though a pass told it", () => {
    const seen = new SeenIndex([], 0)
    admit([shown(5_000)], list, seen, new OpenKeys([], 0))
    expect([seen.entries("pass"), seen.entries("live")]).toEqual([0, 1])
  })
})

describe("a fact", () => {
  const [live, pass, webhook] = [reading("live"), reading("pass", 2), reading("webhook", 0)]

  it.each<[string, Step[], string]>([
    ["goes out", [[live, fact("a", 3_000)]], "taken"],
    [
      "goes out once",
      [
        [live, fact("a", 3_000)],
        [live, fact("a", 3_000)],
      ],
      "dropped",
    ],
    [
      "goes out once whatever its version",
      [
        [live, fact("a", 3_000)],
        [live, fact("a", 3_000, { version: 9_000 })],
      ],
      "dropped",
    ],
    [
      "goes out once whatever its content",
      [
        [live, fact("a", 3_000)],
        [live, fact("a", 3_000, { data: { x: 1 } })],
      ],
      "dropped",
    ],
    [
      "goes out once in another window",
      [
        [live, fact("a", 3_000)],
        [reading("live", 9), fact("a", 3_000)],
      ],
      "dropped",
    ],
    [
      "goes out once though a webhook told it first",
      [
        [webhook, fact("a", 3_000)],
        [live, fact("a", 3_000)],
      ],
      "dropped",
    ],
    [
      "goes out once though its webhook is late",
      [
        [live, fact("a", 3_000)],
        [webhook, fact("a", 3_000)],
      ],
      "dropped",
    ],
    [
      "of another collection with the same key goes out too",
      [
        [live, fact("a", 3_000)],
        [live, fact("a", 3_000, { collection: "Refunds" })],
      ],
      "taken",
    ],
  ])("%s", (_title, steps, expected) => expect(last(steps)).toBe(expected))

  it.each<[string, Reading, number, string]>([
    ["live reading takes one at the very start of its time", live, LIVE_FROM, "taken"],
    ["live reading leaves one just before to the passes", live, LIVE_FROM - 1, "elsewhere"],
    ["a pass takes one at its lower bound", pass, RANGE.from, "taken"],
    ["a pass leaves one below it", pass, RANGE.from - 1, "elsewhere"],
    ["a pass takes the last one below its upper bound", pass, RANGE.to - 1, "taken"],
    ["a pass leaves one at its upper bound to live reading", pass, RANGE.to, "elsewhere"],
    ["a webhook takes one at the floor", webhook, FLOOR, "taken"],
    ["a webhook drops one below the floor, which has been read", webhook, FLOOR - 1, "dropped"],
    ["a webhook leaves one of the passes' time", webhook, LIVE_FROM - 1, "elsewhere"],
  ])("%s", (_title, how, time, expected) => expect(last([[how, fact("a", time)]])).toBe(expected))

  it("between live reading and pass is taken by exactly one of the two, whatever its time", () => {
    for (const time of [RANGE.from, RANGE.to - 1, RANGE.to, RANGE.to + 1, 5_000]) {
      const taken = [live, pass].filter((how) => last([[how, fact("a", time)]]) === "taken")
      expect(taken).toHaveLength(1)
    }
  })

  it("of an open key is taken by live reading whatever its time, once", () => {
    const open = new OpenKeys([], 0)
    open.add(keyHash("Orders", "a"), 1)
    const steps: Step[] = [
      [live, fact("a", 500)],
      [live, fact("a", 500)],
    ]
    expect(verdicts(steps, open)).toEqual(["taken", "dropped"])
    expect(open.size).toBe(0)
  })

  it("of an open key is taken from a webhook below the floor too", () => {
    const open = new OpenKeys([], 0)
    open.add(keyHash("Orders", "a"), 1)
    expect(last([[webhook, fact("a", 500)]], open)).toBe("taken")
  })

  it("is sent again by a resync, once by each", () => {
    const [first, second] = [reading("resync", 5), reading("resync", 6)]
    const one = fact("a", 500)
    expect(
      verdicts([
        [pass, one],
        [first, one],
        [first, one],
        [second, one],
      ]),
    ).toEqual(["taken", "taken", "dropped", "taken"])
  })

  it("that a resync sent again is still known to live reading when the resync is over", () => {
    const seen = new SeenIndex([], 0)
    const open = new OpenKeys([], 0)
    const one = fact("a", 3_000)
    const resync = reading("resync", 5, { range: { from: 0, to: 9_000 } })
    admit([one], live, seen, open)
    admit([one], resync, seen, open)
    seen.prune({ floor: 2_000, edges: new Map(), overlaps: [] })
    expect(admit([one], reading("live", 7), seen, open).taken).toHaveLength(0)
  })
})

describe("a fact of an open key that a pass met after it had come true", () => {
  it("is still known to live reading, which meets it too, when the pass is over", () => {
    const [seen, open] = [new SeenIndex([], 0), new OpenKeys([], 0)]
    const one = fact("a", 3_000)
    open.add(keyHash("Orders", "a"), 500)
    expect(admit([one], reading("pass"), seen, open).taken).toHaveLength(1)
    seen.prune({ floor: 2_000, edges: new Map(), overlaps: [] })
    expect(admit([one], reading("live", 7), seen, open).taken).toHaveLength(0)
  })
})

describe("a fact that a pass told", () => {
  const again = reading("pass", 9, { range: { from: 600, to: LIVE_FROM } })
  it.each<[string, number, number]>([
    ["is known to a later pass where that begins below the time that had been read live", 500, 0],
    ["is nobody's business any more once the floor has passed it", 2_000, 1],
  ])("%s", (_title, floor, taken) => {
    const [seen, open] = [new SeenIndex([], 0), new OpenKeys([], 0)]
    admit([fact("a", 700)], reading("pass", 1, { floor }), seen, open)
    seen.prune({ floor, edges: new Map(), overlaps: [] })
    expect(admit([fact("a", 700)], { ...again, floor }, seen, open).taken).toHaveLength(taken)
  })
})

describe("the key of a fact that a list told", () => {
  it("is let go of with its pass, though its page was asked for just now: a first sync must not fill the memory", () => {
    const [seen, open] = [new SeenIndex([], 0), new OpenKeys([], 0)]
    admit([fact("a", 700, { place: FLOOR + 1 })], reading("pass"), seen, open)
    seen.prune({ floor: FLOOR, edges: new Map(), overlaps: [] })
    expect(seen.size).toBe(0)
  })
})

describe("a fact that a resync sends again", () => {
  it("is known to that resync as long as it is read, though live reading is long past it", () => {
    const [seen, open] = [new SeenIndex([], 0), new OpenKeys([], 0)]
    const resync = (window: number) => reading("resync", window, { range: { from: 0, to: 900 } })
    admit([fact("a", 700)], resync(5), seen, open)
    expect(admit([fact("a", 700)], resync(6), seen, open).taken).toHaveLength(1)
    seen.prune({ floor: FLOOR, edges: new Map([[6, 0]]), overlaps: [] })
    expect(admit([fact("a", 700)], resync(6), seen, open).taken).toHaveLength(0)
  })
})

describe("the joining of two ids", () => {
  it.each(["live", "pass"] as const)("goes out once, read by a %s, whatever its time", (origin) => {
    const how = reading(origin)
    expect(
      verdicts([
        [how, alias("cus_1", "ada", 50)],
        [how, alias("cus_1", "ada", 60)],
      ]),
    ).toEqual(["taken", "dropped"])
  })

  it("told by a pass is still known to live reading when the pass is over", () => {
    const [seen, open] = [new SeenIndex([], 0), new OpenKeys([], 0)]
    const joined = alias("cus_1", "ada", 3_000)
    admit([joined], reading("pass"), seen, open)
    seen.prune({ floor: 2_000, edges: new Map(), overlaps: [] })
    expect(admit([joined], reading("live", 7), seen, open).taken).toHaveLength(0)
  })
})
