import { describe, expect, it } from "vitest"
import { dedupe, type Reading } from "../../../src/source/dedupe/dedupe.ts"
import { keyHash } from "../../../src/source/dedupe/hashes.ts"
import { PendingKeys } from "../../../src/source/dedupe/pending-keys.ts"
import { SeenIndex } from "../../../src/source/dedupe/seen.ts"
import { encodedAll } from "../../support/encoded.ts"
import { seenStore } from "../../support/seen-store.ts"
import { alias, fact } from "../../support/source-world.ts"
import { LIVE_FROM, last, RANGE, reading, type Step, verdicts, WATERMARK } from "./verdicts.ts"

describe("a fact that the feed may first show after the lists were read for its time", () => {
  const now = { believable: 3_000 }
  const spans = { backfillSpans: { Orders: [{ from: 1_000, to: 1_500 }] } }
  const live = (window: number) => reading("live", window, { ...spans, ...now })
  const list = reading("backfill", 1, { range: { from: 1_000, to: 1_500 }, ...now })
  const shown = (announcedAt: number) => fact("a", 1_200, { announcedAt })

  it.each<[string, Step[], string]>([
    ["is live reading's, too", [[live(1), shown(5_000)]], "accepted"],
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

  const early = (announcedAt: number) => fact("a", 500, { announcedAt })
  const later = (changes: Partial<Reading> = {}) =>
    reading("backfill", 2, { range: { from: 1_000, to: 1_500 }, ...now, ...changes })

  it.each<[string, Step[], string]>([
    ["before it", [[later(), early(5_000)]], "accepted"],
    ["before it, but also before the start date", [[later({ startDate: 501 }), early(5_000)]], "elsewhere"],
    ["before it, and not in the last days", [[later(), early(3_000)]], "elsewhere"],
    [
      "before it, and told by then",
      [
        [live(1), fact("a", 1_600, { announcedAt: 5_000 })],
        [later({ range: { from: 1_700, to: 1_800 } }), fact("a", 1_600, { announcedAt: 5_000 })],
      ],
      "dropped",
    ],
    ["before what a resync is for", [[later({ isResync: true }), early(5_000)]], "elsewhere"],
  ])("is a later backfill's, too, where it began %s", (_, steps, verdict) => {
    expect(last(steps)).toBe(verdict)
  })

  it("is remembered until then, though a backfill told it", () => {
    const seen = new SeenIndex(seenStore(), 0)
    dedupe(encodedAll([shown(5_000)]), list, seen, new PendingKeys([], 0))
    expect([seen.entries("backfill"), seen.entries("live")]).toEqual([0, 1])
  })
})

describe("a fact", () => {
  const [live, backfill, webhook] = [reading("live"), reading("backfill", 2), reading("webhook", 0)]

  it.each<[string, Step[], string]>([
    ["goes out", [[live, fact("a", 3_000)]], "accepted"],
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
      "accepted",
    ],
  ])("%s", (_title, steps, expected) => expect(last(steps)).toBe(expected))

  it.each<[string, Reading, number, string]>([
    ["live reading takes one at the very start of its time", live, LIVE_FROM, "accepted"],
    ["live reading leaves one just before to the backfills", live, LIVE_FROM - 1, "elsewhere"],
    ["a backfill takes one at its lower bound", backfill, RANGE.from, "accepted"],
    ["a backfill leaves one below it", backfill, RANGE.from - 1, "elsewhere"],
    ["a backfill takes the last one below its upper bound", backfill, RANGE.to - 1, "accepted"],
    ["a backfill leaves one at its upper bound to live reading", backfill, RANGE.to, "elsewhere"],
    ["a webhook takes one at the watermark", webhook, WATERMARK, "accepted"],
    ["a webhook drops one below the watermark, which has been read", webhook, WATERMARK - 1, "dropped"],
    ["a webhook leaves one of the backfills' time", webhook, LIVE_FROM - 1, "elsewhere"],
  ])("%s", (_title, how, time, expected) => expect(last([[how, fact("a", time)]])).toBe(expected))

  it("between live reading and backfill is taken by exactly one of the two, whatever its time", () => {
    for (const time of [RANGE.from, RANGE.to - 1, RANGE.to, RANGE.to + 1, 5_000]) {
      const taken = [live, backfill].filter((how) => last([[how, fact("a", time)]]) === "accepted")
      expect(taken).toHaveLength(1)
    }
  })

  it("of a pending key is taken by live reading whatever its time, once", () => {
    const pending = new PendingKeys([], 0)
    pending.add(keyHash("Orders", "a"), 1)
    const steps: Step[] = [
      [live, fact("a", 500)],
      [live, fact("a", 500)],
    ]
    expect(verdicts(steps, pending)).toEqual(["accepted", "dropped"])
    expect(pending.size).toBe(0)
  })

  it("of a pending key is taken from a webhook below the watermark too", () => {
    const pending = new PendingKeys([], 0)
    pending.add(keyHash("Orders", "a"), 1)
    expect(last([[webhook, fact("a", 500)]], pending)).toBe("accepted")
  })

  it("is sent again by a resync, once by each", () => {
    const [first, second] = [reading("resync", 5), reading("resync", 6)]
    const one = fact("a", 500)
    expect(
      verdicts([
        [backfill, one],
        [first, one],
        [first, one],
        [second, one],
      ]),
    ).toEqual(["accepted", "accepted", "dropped", "accepted"])
  })

  it("that a resync sent again is still known to live reading when the resync is over", () => {
    const seen = new SeenIndex(seenStore(), 0)
    const pending = new PendingKeys([], 0)
    const one = fact("a", 3_000)
    const resync = reading("resync", 5, { range: { from: 0, to: 9_000 } })
    dedupe(encodedAll([one]), live, seen, pending)
    dedupe(encodedAll([one]), resync, seen, pending)
    seen.prune({ watermark: 2_000, edges: new Map(), overlaps: [] })
    expect(dedupe(encodedAll([one]), reading("live", 7), seen, pending).accepted).toHaveLength(0)
  })
})

describe("a fact of a pending key that a backfill met after it had come true", () => {
  it("is still known to live reading, which meets it too, when the backfill is over", () => {
    const [seen, pending] = [new SeenIndex(seenStore(), 0), new PendingKeys([], 0)]
    const one = fact("a", 3_000)
    pending.add(keyHash("Orders", "a"), 500)
    expect(dedupe(encodedAll([one]), reading("backfill"), seen, pending).accepted).toHaveLength(1)
    seen.prune({ watermark: 2_000, edges: new Map(), overlaps: [] })
    expect(dedupe(encodedAll([one]), reading("live", 7), seen, pending).accepted).toHaveLength(0)
  })
})

describe("a fact that a backfill told", () => {
  const again = reading("backfill", 9, { range: { from: 600, to: LIVE_FROM } })
  it.each<[string, number, number]>([
    ["is known to a later backfill where that begins below the time that had been read live", 500, 0],
    ["is nobody's business any more once the watermark has passed it", 2_000, 1],
  ])("%s", (_title, watermark, taken) => {
    const [seen, pending] = [new SeenIndex(seenStore(), 0), new PendingKeys([], 0)]
    dedupe(encodedAll([fact("a", 700)]), reading("backfill", 1, { watermark }), seen, pending)
    seen.prune({ watermark, edges: new Map(), overlaps: [] })
    expect(dedupe(encodedAll([fact("a", 700)]), { ...again, watermark }, seen, pending).accepted).toHaveLength(taken)
  })
})

describe("the key of a fact that a list told", () => {
  it("is let go of with its backfill, though its page was asked for just now: a first sync must not fill the memory", () => {
    const [seen, pending] = [new SeenIndex(seenStore(), 0), new PendingKeys([], 0)]
    dedupe(encodedAll([fact("a", 700, { announcedAt: WATERMARK + 1 })]), reading("backfill"), seen, pending)
    seen.prune({ watermark: WATERMARK, edges: new Map(), overlaps: [] })
    expect(seen.size).toBe(0)
  })
})

describe("a fact that a resync sends again", () => {
  it("is known to that resync as long as it is read, though live reading is long past it", () => {
    const [seen, pending] = [new SeenIndex(seenStore(), 0), new PendingKeys([], 0)]
    const resync = (window: number) => reading("resync", window, { range: { from: 0, to: 900 } })
    dedupe(encodedAll([fact("a", 700)]), resync(5), seen, pending)
    expect(dedupe(encodedAll([fact("a", 700)]), resync(6), seen, pending).accepted).toHaveLength(1)
    seen.prune({ watermark: WATERMARK, edges: new Map([[6, 0]]), overlaps: [] })
    expect(dedupe(encodedAll([fact("a", 700)]), resync(6), seen, pending).accepted).toHaveLength(0)
  })
})

describe("the joining of two ids", () => {
  it.each(["live", "backfill"] as const)("goes out once, read by a %s, whatever its time", (origin) => {
    const how = reading(origin)
    expect(
      verdicts([
        [how, alias("cus_1", "ada", 50)],
        [how, alias("cus_1", "ada", 60)],
      ]),
    ).toEqual(["accepted", "dropped"])
  })

  it("told by a backfill is still known to live reading when the backfill is over", () => {
    const [seen, pending] = [new SeenIndex(seenStore(), 0), new PendingKeys([], 0)]
    const joined = alias("cus_1", "ada", 3_000)
    dedupe(encodedAll([joined]), reading("backfill"), seen, pending)
    seen.prune({ watermark: 2_000, edges: new Map(), overlaps: [] })
    expect(dedupe(encodedAll([joined]), reading("live", 7), seen, pending).accepted).toHaveLength(0)
  })
})
