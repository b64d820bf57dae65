/** Backfills: which ranges are read, and what is said of them. */
import type { Mutant } from "./mutant.ts"

export const BACKFILLS: readonly Mutant[] = [
  {
    name: "a backfill takes its upper bound too",
    file: "source/dedupe/dedupe.ts",
    from: "item.time < reading.range.to",
    to: "item.time <= reading.range.to",
  },
  {
    name: "an earlier start date reads again what is covered",
    file: "source/backfill/backfill.ts",
    from: "const to = covered ?? tx.state.liveFrom[collection] ?? from",
    to: "const to = tx.state.liveFrom[collection] ?? covered ?? from",
  },
  {
    name: "what a feed forgot before it was read is not reported",
    file: "source/backfill/incomplete.ts",
    from: "if (reached > from) addReach",
    to: "if (reached > from && reached < 0) addReach",
  },
  {
    name: "a debit begun before its collection was off is nobody's",
    file: "source/backfill/backfill.ts",
    from: "  if (off === undefined) state.liveFrom[collection] = Math.max(to, ",
    to: "  state.liveFrom[collection] = Math.max(to, ",
  },
  {
    name: "a collection switched on again is not read for the time between",
    file: "source/backfill/backfill.ts",
    from: "if (off === undefined || off.from >= to) return",
    to: "if (off === undefined || off.from < to) return",
  },
  {
    name: "a backfill leaves its first instant out",
    file: "source/dedupe/dedupe.ts",
    from: "return item.time >= earliest(item",
    to: "return item.time > earliest(item",
  },
  {
    name: "live reading takes what was left to a backfill, too",
    file: "source/dedupe/dedupe.ts",
    from: "if (isOfBackfills && !isAwaited(item, reading)) return false",
    to: "if (isOfBackfills && !isAwaited(item, reading) && item.time < 0) return false",
  },
  {
    name: "an edge is as young as the last page of its second",
    file: "source/reading/checkpoint.ts",
    from: "since: isBeyond || !edge ? asked : edge.since",
    to: "since: asked",
  },
  {
    name: "a backfill is over when one of its lists has been read",
    file: "source/reading/ending.ts",
    from: 'backfill.slices.some((slice) => slice.state !== "read"))\n}',
    to: 'backfill.slices.every((slice) => slice.state !== "read"))\n}',
  },
  {
    name: "a backfill whose run has ended is still that run's",
    file: "source/reading/ending.ts",
    from: "  if (backfill) backfill.run = null\n",
    to: "",
  },
  {
    name: "a feed is normalized as a list is",
    file: "pipeline/leased-slice.ts",
    from: 'slice.stream.mode === "live" ? "feed" : "list"',
    to: 'slice.stream.mode === "live" ? "list" : "list"',
  },
]
