import { describe, expect, it, vi } from "vitest"
import { BACKFILL_KEYS_MAX, SEEN_ROW_ENTRIES, SeenIndex } from "../../../src/source/dedupe/seen.ts"
import { WATERMARK_RUN_EVERY_MS, watermarkRunAt } from "../../../src/source/runs/watermark-run.ts"
import type { Backfill, Slice } from "../../../src/source/state/slices.ts"
import type { State } from "../../../src/source/state/state.ts"
import { hashOf, rowsOfKeys, seenStore } from "../../support/seen-store.ts"
import { LOOKBACK, START, transactionOf } from "../../support/source-world.ts"

const SECOND = 1_000
const entryAt = (announcedAt: number) => ({ version: 1, content: "", announcedAt, window: 1, by: "backfill" as const })
const backfill = (changes: Partial<Backfill> = {}): Backfill => ({
  ...{
    id: "p1",
    kind: "initial",
    slices: [],
    run: "run_1",
    trigger: "schedule",
    overlap: null,
    share: null,
    recordsOfParts: 0,
  },
  ...changes,
})
const feed = { cursor: START, slice: null, completed: [], perHour: null }

/** When a run is due of a source that keeps one key, announced at `place`, and has no room for another. */
function dueAt(place: number, changes: Partial<State> = {}, entries = BACKFILL_KEYS_MAX + 1): number | null {
  const tx = transactionOf({ lastLiveAt: START, backfills: [backfill()], ...changes })
  tx.seen.put(hashOf(1), "live", entryAt(place))
  vi.spyOn(tx.seen, "entries").mockReturnValue(entries)
  return watermarkRunAt(tx)
}

describe("a live run out of turn", () => {
  it.each<[string, number | null, number | null]>([
    ["as soon as the watermark passes what was read", dueAt(START), START + LOOKBACK + SECOND],
    ["at most once a minute", dueAt(START - LOOKBACK + 1), START + WATERMARK_RUN_EVERY_MS],
    [
      "by the partner's clock",
      dueAt(START, { clock: { skewMs: 5 * SECOND, readings: [], offSince: null, believedAt: null } }),
      START + LOOKBACK - 4 * SECOND,
    ],
    ["not while there is room", dueAt(START, {}, BACKFILL_KEYS_MAX), null],
    ["not where no backfill waits", dueAt(START, { backfills: [] }), null],
    ["not where the backfill has ended with a failure", dueAt(START, { backfills: [backfill({ run: null })] }), null],
    ["not for what the watermark has passed: the next page forgets it", dueAt(START - LOOKBACK - 1), null],
    [
      "not for what another reading may meet again",
      dueAt(START, { backfills: [backfill({ overlap: { from: START, to: START } })] }),
      null,
    ],
    [
      "not where a live window was left by a run that failed",
      dueAt(START, { live: { feed: { ...feed, slice: {} as Slice } } }),
      null,
    ],
  ])("%s", (_title, due, at) => {
    expect(due).toBe(at)
  })
})

describe("what the watermark must pass", () => {
  const rows = [3, 1, 2].flatMap((place, index) => rowsOfKeys(SEEN_ROW_ENTRIES, "live", entryAt(place), index + 1))
  const needed = { watermark: 0, edges: new Map(), overlaps: [] }

  it.each<[string, number, object, number | null]>([
    ["the lowest places", 1, {}, 1],
    ["for so many entries", SEEN_ROW_ENTRIES + 1, {}, 2],
    ["all there are where they are fewer", 10 * SEEN_ROW_ENTRIES, {}, 3],
    ["but what is held by an overlap", 1, { overlaps: [{ from: 1, to: 1 }] }, 2],
    ["but what it has passed", 1, { watermark: 2 }, 2],
    ["nothing where it has passed all", 1, { watermark: 4 }, null],
  ])("%s", (_title, entries, changes, place) => {
    expect(new SeenIndex(seenStore(rows), 0).placeToPass(entries, { ...needed, ...changes })).toBe(place)
  })
})
