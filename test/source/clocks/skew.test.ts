import { describe, expect, it } from "vitest"
import { CLOCK_TOLERANCE_MS, judge, SKEW_MAX_MS } from "../../../src/source/clocks/skew.ts"
import type { PartnerClock } from "../../../src/source/state/state.ts"
import { freshClock } from "../../../src/source/state/stored.ts"

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** An answer so long after the first one, its `Date` so far ahead of ours, known to so much. */
type Answer = [afterMs: number, skewMs: number, spreadMs?: number]

/** What is said of each answer, and the skew in the end. */
function judged(answers: readonly Answer[], from: PartnerClock = freshClock()): { kinds: string[]; skewMs: number } {
  let clock = from
  const kinds = answers.map(([at, skewMs, spreadMs = 0]) => {
    const answer = judge(clock, { at, skewMs, spreadMs }, at)
    clock = answer.clock
    return answer.kind
  })
  return { kinds, skewMs: clock.skewMs }
}

describe("an answer's Date", () => {
  it.each<[string, Answer, string]>([
    ["as expected", [0, 0], "believed"],
    ["a little ahead", [0, CLOCK_TOLERANCE_MS], "believed"],
    ["further ahead than that", [0, CLOCK_TOLERANCE_MS + 1], "off"],
    ["a little behind", [0, -CLOCK_TOLERANCE_MS], "believed"],
    ["further behind than that", [0, -CLOCK_TOLERANCE_MS - 1], "off"],
    ["behind, of an exchange that took as long", [0, -3 * MINUTE, 3 * MINUTE], "believed"],
    ["half an hour ahead", [0, 30 * MINUTE], "off"],
    ["years ahead", [0, 9e12], "off"],
  ])("%s is %s", (_title, answer, kind) => expect(judged([answer]).kinds).toEqual([kind]))

  it("is expected where the partner's clock is known to stand", () => {
    const ahead = { ...freshClock(), skewMs: 10 * MINUTE }
    expect(judged([[0, 10 * MINUTE - 900, SECOND]], ahead).kinds).toEqual(["believed"])
    expect(judged([[0, 0]], ahead).kinds).toEqual(["off"])
  })
})

describe("a partner's clock that was set", () => {
  it.each<[string, Answer[], string[], number]>([
    [
      "three answers over two minutes",
      [
        [0, HOUR / 2],
        [MINUTE, HOUR / 2],
        [2 * MINUTE, HOUR / 2],
      ],
      ["off", "off", "moved"],
      HOUR / 2,
    ],
    [
      "three answers over less",
      [
        [0, HOUR / 2],
        [MINUTE, HOUR / 2],
        [2 * MINUTE - 1, HOUR / 2],
      ],
      ["off", "off", "off"],
      0,
    ],
    [
      "two answers over two minutes",
      [
        [0, HOUR / 2],
        [2 * MINUTE, HOUR / 2],
      ],
      ["off", "off"],
      0,
    ],
    [
      "many answers, the third of them after two minutes",
      [
        [0, HOUR],
        [SECOND, HOUR],
        [2 * SECOND, HOUR],
        [2 * MINUTE, HOUR],
      ],
      ["off", "off", "off", "moved"],
      HOUR,
    ],
    [
      "answers that are 5 s apart",
      [
        [0, HOUR / 2],
        [MINUTE, HOUR / 2 + 5 * SECOND],
        [2 * MINUTE, HOUR / 2],
      ],
      ["off", "off", "moved"],
      HOUR / 2 + 5 * SECOND,
    ],
    [
      "answers that are further apart",
      [
        [0, HOUR / 2],
        [MINUTE, HOUR / 2 + 5_001],
        [2 * MINUTE, HOUR / 2],
      ],
      ["off", "off", "off"],
      0,
    ],
    [
      "answers known to a few seconds only",
      [
        [0, 20 * MINUTE, 9 * SECOND],
        [MINUTE, 20 * MINUTE - 8 * SECOND, 9 * SECOND],
        [2 * MINUTE, 20 * MINUTE, SECOND],
      ],
      ["off", "off", "moved"],
      20 * MINUTE,
    ],
    [
      "a good answer between them",
      [
        [0, HOUR / 2],
        [MINUTE, 0],
        [2 * MINUTE, HOUR / 2],
      ],
      ["off", "believed", "off"],
      0,
    ],
    [
      "an hour ahead",
      [
        [0, SKEW_MAX_MS],
        [MINUTE, SKEW_MAX_MS],
        [2 * MINUTE, SKEW_MAX_MS],
      ],
      ["off", "off", "moved"],
      SKEW_MAX_MS,
    ],
    [
      "an hour behind, known to a second",
      [
        [0, -HOUR - 900, SECOND],
        [MINUTE, -HOUR - 900, SECOND],
        [2 * MINUTE, -HOUR - 900, SECOND],
      ],
      ["off", "off", "moved"],
      -HOUR + 100,
    ],
    [
      "further ahead",
      [
        [0, HOUR + 1],
        [MINUTE, HOUR + 1],
        [2 * MINUTE, HOUR + 1],
        [HOUR, HOUR + 1],
      ],
      ["off", "off", "off", "off"],
      0,
    ],
    [
      "one that stands still",
      [
        [0, 0],
        [2 * MINUTE, -2 * MINUTE],
        [3 * MINUTE, -3 * MINUTE],
        [4 * MINUTE, -4 * MINUTE],
        [9 * MINUTE, -9 * MINUTE],
      ],
      ["believed", "off", "off", "off", "off"],
      0,
    ],
    [
      "one that drifts is followed",
      [
        [0, 20 * SECOND],
        [HOUR, 20 * SECOND],
        [2 * HOUR, 20 * SECOND],
        [3 * HOUR, 70 * SECOND],
      ],
      ["believed", "believed", "believed", "believed"],
      20 * SECOND,
    ],
  ])("%s", (_title, answers, kinds, skewMs) => expect(judged(answers)).toEqual({ kinds, skewMs }))

  it("is said to be off since the first answer that was not believed", () => {
    const first = judge(freshClock(), { at: 100, skewMs: HOUR, spreadMs: 0 }, 200)
    const second = judge(first.clock, { at: 9_000, skewMs: -HOUR, spreadMs: 0 }, 9_100)
    expect(second.clock.offSince).toBe(200)
    expect(judge(second.clock, { at: 9_200, skewMs: 0, spreadMs: 0 }, 9_300).clock.offSince).toBeNull()
  })

  it("never takes more than three readings to remember", () => {
    let clock = freshClock()
    for (let at = 0; at < 2 * MINUTE; at += 100) clock = judge(clock, { at, skewMs: 3, spreadMs: 0 }, at).clock
    expect(clock.readings).toHaveLength(3)
  })
})
