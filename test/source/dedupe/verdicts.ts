/** What tests of deduplication begin with: readings, and what becomes of their items. */
import type { Item } from "../../../src/connectors/kit/item.ts"
import { dedupe, type Reading } from "../../../src/source/dedupe/dedupe.ts"
import type { ReadBy } from "../../../src/source/dedupe/packed-entries.ts"
import { PendingKeys } from "../../../src/source/dedupe/pending-keys.ts"
import { SeenIndex } from "../../../src/source/dedupe/seen.ts"
import { encoded } from "../../support/encoded.ts"
import { seenStore } from "../../support/seen-store.ts"

export const LIVE_FROM = 1_000

export const WATERMARK = 2_000

export const RANGE = { from: 100, to: LIVE_FROM }

export const reading = (origin: ReadBy | "resync", window = 1, changes: Partial<Reading> = {}): Reading => ({
  by: origin === "resync" ? "backfill" : origin,
  isResync: origin === "resync",
  window,
  range: origin === "backfill" || origin === "resync" ? RANGE : null,
  startDate: RANGE.from,
  liveFrom: { Orders: LIVE_FROM },
  backfillSpans: {},
  watermark: origin === "live" ? 0 : WATERMARK,
  lateFrom: null,
  last: false,
  ...changes,
})

export type Step = [Reading, Item]

/** What becomes of each item, one page after another over the same memory. */
export function verdicts(
  steps: readonly Step[],
  pending = new PendingKeys([], 0),
): ("accepted" | "dropped" | "elsewhere")[] {
  const seen = new SeenIndex(seenStore(), 0)
  return steps.map(([how, item]) => {
    const { accepted, dropped } = dedupe([encoded(item)], how, seen, pending)
    if (accepted.length > 0) return "accepted"
    return Object.keys(dropped).length > 0 ? "dropped" : "elsewhere"
  })
}

export const last = (steps: readonly Step[], pending?: PendingKeys) => verdicts(steps, pending).at(-1)
