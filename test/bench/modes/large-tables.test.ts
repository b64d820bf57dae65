import { expect, it } from "vitest"
import type { Table } from "../report/section.ts"
import type { Large } from "./large-measure.ts"
import { leastTable, memoryTable, progressTable } from "./large-tables.ts"
import { longestStandstill, type Sample } from "./large-watch.ts"
import { NOTHING_COUNTED, NOTHING_SERVED } from "./made-up.ts"

const SAMPLE: Sample = { at: 0, share: 0, progress: null, waiting: 0, keys: 0, tables: null }

function largeOf(samples: Partial<Sample>[]): Large {
  const served = { ...NOTHING_SERVED, calls: 4_000, posts: 16_000, postsAtOnce: 5 }
  const counters = { ...NOTHING_COUNTED, rowsWritten: 40_000 }
  const synced = { pages: 4_000, records: 400_000, items: 800_000, seconds: 240, cpuMs: 90_000, served, counters }
  return {
    customers: 400_000,
    destinationMs: 50,
    synced,
    samples: samples.map((one) => ({ ...SAMPLE, ...one })),
    memory: null,
  }
}

function cell({ rows }: Table, name: string): string | undefined {
  return rows.find(([first]) => first === name)?.[1]
}

it("takes for the least the longer of the calls at the shipped pace and the POSTs at once", () => {
  const table = leastTable([largeOf([])])
  expect(cell(table, "least by calls and pace")).toBe("200 s")
  expect(cell(table, "least by the destination")).toBe("160 s")
  expect(cell(table, "**time / least**")).toBe("1.20")
  expect(cell(table, "least at 200 ms a POST, reckoned")).toBe("640 s")
})

it("shows the progress of the first look at or past each tenth", () => {
  const table = progressTable([
    largeOf([
      { share: 0.09, progress: 0.5 },
      { share: 0.12, progress: 0.1 },
    ]),
  ])
  expect(cell(table, "10 %")).toBe("10 %")
  expect(cell(table, "20 %")).toBe("none")
})

it("shows what each table held when it held most", () => {
  const tables = (bytes: number) => [{ name: "seen", rows: bytes / 100, bytes }]
  const table = memoryTable([largeOf([{ tables: tables(1e6) }, { tables: tables(9e6), keys: 7 }, { tables: null }])])
  expect(cell(table, "table `seen`")).toBe("90,000 rows, 9.0 MB")
  expect(cell(table, "keys kept")).toBe("7")
})

it("finds the longest time in which nothing more was read, before the end", () => {
  const looks = [
    { at: 0, share: 0 },
    { at: 1_000, share: 0.1 },
    { at: 9_000, share: 0.1 },
    { at: 10_000, share: 0.2 },
    { at: 11_000, share: 1 },
    { at: 99_000, share: 1 },
  ]
  expect(longestStandstill(looks.map((look) => ({ ...SAMPLE, ...look })))).toBe(9)
})
