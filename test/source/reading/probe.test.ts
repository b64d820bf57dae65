import { describe, expect, test } from "vitest"
import type { Found, Probe } from "../../../src/source/protocol/fetching.ts"
import {
  beginProbe,
  FAILURES_NEEDED,
  foundBy,
  PLACES_MAX,
  QUESTIONS_MAX,
  questionOf,
} from "../../../src/source/reading/probe.ts"
import type { Slice } from "../../../src/source/state/slices.ts"
import { createRandom } from "../../sandbox/random.ts"

const SECOND = 1_000
const MINUTE = 60 * SECOND
const DAY = 1440 * MINUTE
const T = Date.UTC(2026, 10, 1, 12)

interface Row {
  time: number
  fails: boolean
}

/** A list of a partner, newest first, of which rows have been read down to one. */
interface List {
  rows: Row[]
  read: number
  from: number | null
  /** Which questions fail whatever they ask for, by their number. */
  down?: (question: number) => boolean
  /** And which one is answered although a record fails. */
  answered?: number
}

const row = (time: number, fails = false): Row => ({ time, fails })

/** What a page of one row comes to: it fails where its first row does. */
function search({ rows, read, from, down = () => false, answered = -1 }: List): { found: Found; asked: number } {
  const edge = rows[read - 1]?.time ?? null
  const window: Slice["window"] = { from, to: null }
  let probe: Probe = beginProbe({ window }, edge ?? T + DAY, edge !== null, SECOND)
  for (let asked = 0; ; asked++) {
    const question = questionOf(probe)
    const shown =
      question === "page"
        ? rows.slice(read)
        : rows.filter(({ time }) => time >= (question.window.from ?? 0) && time < (question.window.to ?? 0))
    const page = question !== "page" && question.whole ? shown : shown.slice(0, 1)
    const isFailing = asked !== answered && page.some(({ fails }) => fails)
    const found = foundBy(probe, down(asked) || isFailing ? "fails" : page.length > 0 ? "rows" : "empty")
    if (found.kind !== "asking") return { found, asked }
    probe = found.probe
  }
}

const at = (time: number) => ({ from: time, to: time + SECOND })
const MINUTES = [0, 1, 2, 3, 4, 5, 6, 7].map((minute) => T - minute * MINUTE)
const list = (fails: readonly number[], read = 3): List => ({
  rows: MINUTES.map((time, index) => row(time, fails.includes(index))),
  read,
  from: T - DAY,
})

test.each([0, 3])("an outage costs one question: %i rows have been read", (read) => {
  const { found, asked } = search({ ...list([3], read), down: () => true })
  expect([found.kind, asked]).toEqual(["none", 0])
})

describe("the record that makes the partner fail is found", () => {
  test.each<[string, List, number[]]>([
    ["among others", list([3]), [MINUTES[3] as number]],
    ["where it is the oldest of the window", list([7], 7), [MINUTES[7] as number]],
    ["where it is the newest, and nothing was read", list([0], 0), [MINUTES[0] as number]],
    ["where the window has no lower end", { ...list([3]), from: null }, [MINUTES[3] as number]],
    ["where another one fails further down", list([3, 6]), [MINUTES[3] as number]],
    ["with those that follow it at once", list([3, 4, 5]), [3, 4, 5].map((index) => MINUTES[index] as number)],
    [
      "within the second that was being read",
      { rows: [row(T), row(T), row(T, true), row(T - SECOND)], read: 2, from: T - DAY },
      [T],
    ],
    [
      "within the second that was being read, and with another one right below",
      { rows: [row(T), row(T, true), row(T - SECOND, true), row(T - 2 * SECOND)], read: 1, from: T - DAY },
      [T, T - SECOND],
    ],
    [
      "a second below what was read",
      { rows: [row(T), row(T - SECOND, true), row(T - 2 * SECOND)], read: 1, from: T - DAY },
      [T - SECOND],
    ],
    [
      "years below what was read",
      { rows: [row(T), row(T - 400 * DAY, true), row(T - 401 * DAY)], read: 1, from: null },
      [T - 400 * DAY],
    ],
    ["in the lowest second of the window", { rows: [row(T), row(T - DAY, true)], read: 1, from: T - DAY }, [T - DAY]],
  ])("%s", (_, given, times) => {
    const { found, asked } = search(given)
    expect(found).toEqual({ kind: "places", places: times.map(at) })
    expect(asked).toBeLessThan(QUESTIONS_MAX)
  })
})

describe("nothing is found", () => {
  test.each<[string, List]>([
    ["in an outage", { ...list([3]), down: () => true }],
    ["in an outage that begins after the first question", { ...list([3]), down: (asked) => asked > 0 }],
    [
      "in an outage that begins before the last question",
      { ...list([3]), down: (asked) => asked === search(list([3])).asked },
    ],
    ["where nothing fails any more", list([])],
    ["where nothing fails any more, and nothing had been read", list([], 0)],
    ["where all that is left fails: an outage of a part of the data", list([3, 4, 5, 6, 7, ...Array(9).keys()], 3)],
  ])("%s", (_, given) => {
    expect(search(given).found.kind).toBe("none")
  })

  test("where more fail in a row than could be single records", () => {
    const rows = [...Array(40).keys()].map((index) => row(T - index * MINUTE, index > 0 && index <= PLACES_MAX + 1))
    expect(search({ rows, read: 1, from: null }).found).toMatchObject({
      kind: "none",
      reason: "too much cannot be read",
    })
  })

  test.each([...Array(FAILURES_NEEDED).keys()])(
    "where the page can be read after %i failures at the end",
    (failures) => {
      const last = search(list([3])).asked
      const answered = last + 1 - 2 * (FAILURES_NEEDED - failures)
      expect(search({ ...list([3]), answered }).found.kind).toBe("none")
    },
  )

  const questions = [...Array(12).keys()]
  const outages = questions.flatMap((begins) => questions.map((lasts) => [begins, lasts + 1]))

  test.each(outages)(
    "in an outage that begins with question %d and lasts for %d, where no record fails by itself",
    (begins, lasts) => {
      const down = (asked: number) => asked >= begins && asked < begins + lasts
      expect(search({ ...list([]), down }).found.kind).toBe("none")
    },
  )
})

test("whatever fails, and whenever: nothing is passed that is not named, and what comes next can be read", () => {
  let passed = 0
  for (let seed = 1; seed <= 400; seed++) {
    const random = createRandom(seed)
    const spread = random.pick([3, 100, 100_000])
    const share = random.pick([0.02, 0.2, 0.5])
    const times = [...Array(60)].map(() => T - SECOND * Math.floor(random.next() * spread)).sort((a, b) => b - a)
    const rows = times.map((time) => row(time, random.chance(share)))
    const read = rows.findIndex(({ fails }) => fails)
    if (read < 0) continue
    const outage = { begins: Math.floor(random.next() * 60), ends: Math.floor(random.next() * 80) }
    const down = random.chance(0.5) ? (asked: number) => asked >= outage.begins && asked < outage.ends : () => false
    const { found } = search({ rows, read, from: random.pick([null, T - SECOND * spread]), down })
    if (found.kind !== "places") continue
    passed++
    const below = found.places.at(-1)?.from ?? 0
    const isNamed = ({ time }: Row) => found.places.some(({ from, to }) => time >= from && time < to)
    // No row between what was read and what comes next is lost without being named.
    for (const lost of rows.slice(read).filter(({ time }) => time >= below)) expect(isNamed(lost)).toBe(true)
    expect(rows.find(({ time }) => time < below)?.fails ?? false).toBe(false)
  }
  expect(passed).toBeGreaterThan(50)
})
