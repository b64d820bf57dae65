import { expect, it } from "vitest"
import type { Measured, Synced } from "../measure.ts"
import { NOTHING_COUNTED, NOTHING_SERVED } from "./made-up.ts"
import { ratioTable } from "./paired-ratios.ts"

function measured(items: number, seconds: number, cpuMs: number | null): Measured {
  return { pages: 10, records: items, items, seconds, cpuMs, served: { ...NOTHING_SERVED, cpuMs: 40 } }
}

function synced(items: number, seconds: number, cpuMs: number | null): Synced {
  return { ...measured(items, seconds, cpuMs), counters: NOTHING_COUNTED }
}

function rowsOf(rounds: { product: Synced; bare: Measured }[]): Record<string, string> {
  const { rows } = ratioTable([{ title: "Stripe", rounds }])
  return Object.fromEntries(rows.map(([name = "", value = ""]) => [name, value]))
}

it("compares within each round, and gives the median of the rounds", () => {
  const rows = rowsOf([
    { product: synced(1_000, 2, 200), bare: measured(1_000, 1, 100) },
    { product: synced(1_000, 4, 300), bare: measured(1_000, 3, 100) },
    { product: synced(1_000, 2, 180), bare: measured(1_000, 2, 100) },
  ])
  expect(rows["**throughput, product / bare**"]).toBe("0.75 (0.50 to 1.00)")
  expect(rows["**CPU, product / bare**"]).toBe("2.00 (1.80 to 3.00)")
  expect(rows["CPU ms per 1,000 items, bare loop"]).toBe("100")
  expect(rows["of a core used by the server"]).toBe("2 %")
})

it("says that CPU is unknown where the system does not tell", () => {
  const rows = rowsOf([{ product: synced(1_000, 2, null), bare: measured(1_000, 1, null) }])
  expect(rows["**CPU, product / bare**"]).toBe("unknown")
})
