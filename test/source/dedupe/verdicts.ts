/** What tests of deduplication begin with: readings, and what becomes of their items. */
import type { Item } from "../../../src/connectors/kit/item.ts"
import { admit, type Reading } from "../../../src/source/dedupe/admit.ts"
import { OpenKeys } from "../../../src/source/dedupe/openkeys.ts"
import { SeenIndex } from "../../../src/source/dedupe/seen.ts"
import type { ReadBy } from "../../../src/source/dedupe/seenrow.ts"

export const LIVE_FROM = 1_000

export const FLOOR = 2_000

export const RANGE = { from: 100, to: LIVE_FROM }

export const reading = (origin: ReadBy | "resync", window = 1, changes: Partial<Reading> = {}): Reading => ({
  by: origin === "resync" ? "pass" : origin,
  isResync: origin === "resync",
  window,
  range: origin === "pass" || origin === "resync" ? RANGE : null,
  liveFrom: { Orders: LIVE_FROM },
  passSpans: {},
  floor: origin === "live" ? 0 : FLOOR,
  lateFrom: null,
  last: false,
  ...changes,
})

export type Step = [Reading, Item]

/** What becomes of each item, one page after another over the same memory. */
export function verdicts(steps: readonly Step[], open = new OpenKeys([], 0)): ("taken" | "dropped" | "elsewhere")[] {
  const seen = new SeenIndex([], 0)
  return steps.map(([how, item]) => {
    const { taken, dropped } = admit([item], how, seen, open)
    if (taken.length > 0) return "taken"
    return Object.keys(dropped).length > 0 ? "dropped" : "elsewhere"
  })
}

export const last = (steps: readonly Step[], open?: OpenKeys) => verdicts(steps, open).at(-1)
