import { describe, expect, it } from "vitest"
import { blankSlice } from "../../../src/source/reading/slice.ts"
import { noteRead, progressOf } from "../../../src/source/runs/progress.ts"
import type { Backfill, Slice } from "../../../src/source/state/slices.ts"
import { START, START_DATE, shop, transactionOf } from "../../support/source-world.ts"

const PAGE = 100
const YEAR = START - START_DATE

/** A list of so many rows; `time` says when the row was created that so much of the list comes before, newest first. */
interface List {
  rows: number
  time?: (part: number) => number
  hasEnd?: boolean
}

const evenly = (part: number) => START - part * YEAR
/** Half of the rows are of the last tenth of the year. */
const growing = (part: number) => START - YEAR * (part < 0.5 ? part / 5 : 0.1 + 1.8 * (part - 0.5))
/** Half of the rows are of the first tenth of the year. */
const shrinking = (part: number) => START - YEAR * (part < 0.5 ? 1.8 * part : 0.9 + (part - 0.5) / 5)
/** Ten years of customers. */
const older = (part: number) => START - 10 * part * YEAR

/** A backfill of these lists, three of them read at a time, page after page: what is shown, beside what has been read. */
function read(lists: readonly List[]): { shown: number; is: number }[] {
  const [stream] = shop.streams.filter(({ mode }) => mode === "backfill")
  if (!stream) throw new Error("no list")
  const slices = lists.map(
    ({ hasEnd = true }, index): Slice => ({
      ...blankSlice(transactionOf(), stream, `p1:${index}`),
      ...{ pageSize: PAGE, range: { from: START_DATE, to: START }, top: START, bottom: hasEnd ? START_DATE : null },
    }),
  )
  const backfill: Backfill = {
    id: "p1",
    kind: "initial",
    slices,
    run: "run_1",
    trigger: "schedule",
    overlap: null,
    share: null,
    recordsOfParts: 0,
  }
  const all = lists.reduce((sum, { rows }) => sum + rows, 0)
  const steps = [{ shown: progressOf(backfill, () => "newest") ?? Number.NaN, is: 0 }]
  for (let turn = 0; slices.some(({ state }) => state === "reading"); turn++) {
    const under = slices.filter(({ state }) => state === "reading").slice(0, 3)
    const slice = under[turn % under.length] as Slice
    const { rows, time = evenly } = lists[slices.indexOf(slice)] as List
    const records = Math.min(PAGE, rows - slice.records)
    slice.records += records
    if (records > 0) slice.edge = { time: time(slice.records / rows), since: START }
    if (slice.records === rows) slice.state = "read"
    noteRead(backfill, records, () => "newest")
    steps.push({
      shown: progressOf(backfill, () => "newest") ?? Number.NaN,
      is: slices.reduce((sum, one) => sum + one.records, 0) / all,
    })
  }
  return steps
}

/** By how much what is shown is off at the most. */
const worst = (steps: { shown: number; is: number }[]) =>
  Math.max(...steps.slice(0, -1).map(({ shown, is }) => Math.abs(shown - is)))

const few = (count: number): List[] => Array.from({ length: count }, () => ({ rows: 30 }))

describe("the progress of a backfill", () => {
  it.each<[string, List[], number]>([
    ["of one list", [{ rows: 10_000 }], 0.01],
    ["of a list far longer than the others", [{ rows: 50_000 }, ...few(7)], 0.02],
    ["of a long list that begins after some short ones", [...few(3), { rows: 50_000 }, ...few(5)], 0.15],
    ["of lists of all lengths", [{ rows: 3_000 }, { rows: 12_000 }, { rows: 500 }, { rows: 7_000 }], 0.02],
    ["of empty lists beside one that is not", [{ rows: 0 }, { rows: 0 }, { rows: 5_000 }], 0.02],
    ["of a list that was growing", [{ rows: 10_000, time: growing }], 0.45],
    ["of a list that was shrinking", [{ rows: 10_000, time: shrinking }], 0.45],
    ["of a list without a lower end, that goes back no further", [{ rows: 10_000, hasEnd: false }], 0.26],
    ["of a list without a lower end, that goes back ten years", [{ rows: 10_000, time: older, hasEnd: false }], 0.67],
  ])("%s never goes back, is not 1 before the end, and is off by no more than its estimate", (_title, lists, off) => {
    const steps = read(lists)
    const shown = steps.map((step) => step.shown)
    expect(shown[0]).toBe(0)
    expect(shown).toEqual(shown.toSorted((a, b) => a - b))
    expect(Math.max(...shown)).toBeLessThanOrEqual(0.99)
    expect(shown.at(-1)).toBeGreaterThan(0.9)
    expect(worst(steps)).toBeLessThanOrEqual(off)
  })

  it.each([
    ["newest" as const, 0.75],
    ["oldest" as const, 0.25],
    ["none" as const, null],
  ])("%s first: %s", (order, share) => {
    const [stream] = shop.streams
    if (!stream) throw new Error("no stream")
    const slice = { ...blankSlice(transactionOf(), stream, "p1:a"), top: 1_000, bottom: 0, records: 900, pageSize: 1 }
    const slices = [{ ...slice, edge: { time: 250, since: START } }]
    const backfill: Backfill = {
      id: "p1",
      kind: "initial",
      slices,
      run: "run_1",
      trigger: "schedule",
      overlap: null,
      share: null,
      recordsOfParts: 0,
    }
    noteRead(backfill, 100, () => order)
    const shown = progressOf(backfill, () => order)
    if (share === null) expect(shown).toBeNull()
    else expect(shown).toBeCloseTo(share)
  })
})
