import { describe, expect, it } from "vitest"
import { HOUR_MS } from "../../../src/lib/time.ts"
import { MAX_INTERVAL_HOURS, MIN_INTERVAL_HOURS, nextRunAfter, phaseMs } from "../../../src/source/runs/schedule.ts"

const NOW = Date.UTC(2026, 10, 1, 12, 34, 56)
const ids = Array.from({ length: 1000 }, (_, index) => `src_${index.toString(36)}`)

describe.each([MIN_INTERVAL_HOURS, 2, 7, MAX_INTERVAL_HOURS])("every %i hours", (hours) => {
  const interval = hours * HOUR_MS

  it("the next run is later than now, and no more than an interval", () => {
    for (const id of ids.slice(0, 100)) {
      const wait = nextRunAfter(NOW, id, hours) - NOW
      expect(wait).toBeGreaterThan(0)
      expect(wait).toBeLessThanOrEqual(interval)
    }
  })

  it("runs do not drift, however late they are noticed", () => {
    const first = nextRunAfter(NOW, "src_a", hours)
    expect(nextRunAfter(first, "src_a", hours)).toBe(first + interval)
    expect(nextRunAfter(first + interval - 1, "src_a", hours)).toBe(first + interval)
    expect(nextRunAfter(first - 1, "src_a", hours)).toBe(first)
  })

  it("after three days of outage there is one next run, on the same grid", () => {
    const first = nextRunAfter(NOW, "src_a", hours)
    const after = nextRunAfter(first + 72 * HOUR_MS + 1, "src_a", hours)
    expect((after - first) % interval).toBe(0)
    expect(after - (first + 72 * HOUR_MS)).toBeLessThanOrEqual(interval)
  })

  it("a thousand sources spread evenly over the interval", () => {
    const slots = Array.from({ length: 20 }, () => 0)
    for (const id of ids) {
      const slot = Math.floor((phaseMs(id, hours) / interval) * slots.length)
      slots[slot] = (slots[slot] ?? 0) + 1
    }
    // Fifty are expected in each; five standard deviations are thirty-four.
    for (const count of slots) expect(Math.abs(count - 50)).toBeLessThan(34)
  })
})

it("a source keeps its phase", () => {
  expect(phaseMs("src_a", 1)).toBe(phaseMs("src_a", 1))
  expect(phaseMs("src_a", 1)).not.toBe(phaseMs("src_b", 1))
})
