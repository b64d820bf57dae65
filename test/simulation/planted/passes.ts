/** Passes: which ranges are read, and what is said of them. */
import type { Mutant } from "./mutant.ts"

export const PASSES: readonly Mutant[] = [
  {
    name: "a pass takes its upper bound too",
    file: "source/dedupe/admit.ts",
    from: "item.time < reading.range.to",
    to: "item.time <= reading.range.to",
  },
  {
    name: "an earlier start date reads again what is covered",
    file: "source/backfill/pass.ts",
    from: "const to = covered ?? turn.state.liveFrom[collection] ?? from",
    to: "const to = turn.state.liveFrom[collection] ?? covered ?? from",
  },
  {
    name: "what a feed forgot before it was read is not reported",
    file: "source/backfill/untold.ts",
    from: "if (reached > slice.range.from) tellReach",
    to: "if (reached > slice.range.from && reached < 0) tellReach",
  },
  {
    name: "a debit begun before its collection was off is nobody's",
    file: "source/backfill/pass.ts",
    from: "  if (off === undefined) state.liveFrom[collection] = Math.max(to, ",
    to: "  state.liveFrom[collection] = Math.max(to, ",
  },
  {
    name: "a collection switched on again is not read for the time between",
    file: "source/backfill/pass.ts",
    from: "if (off === undefined || off.from >= to) return",
    to: "if (off === undefined || off.from < to) return",
  },
  {
    name: "a pass leaves its first instant out",
    file: "source/dedupe/admit.ts",
    from: "return item.time >= reading.range.from && item",
    to: "return item.time > reading.range.from && item",
  },
  {
    name: "live reading takes what was left to a pass, too",
    file: "source/dedupe/admit.ts",
    from: "if (isPasses && !isAwaited(item, reading)) return false",
    to: "if (isPasses && !isAwaited(item, reading) && item.time < 0) return false",
  },
  {
    name: "an edge is as young as the last page of its second",
    file: "source/reading/checkpoint.ts",
    from: "if (slice.edge?.time !== page.edge) slice.edge",
    to: "slice.edge",
  },
  {
    name: "a pass is over when one of its lists has been read",
    file: "source/reading/ending.ts",
    from: 'pass.slices.some((slice) => slice.state !== "read"))\n}',
    to: 'pass.slices.every((slice) => slice.state !== "read"))\n}',
  },
  {
    name: "a pass whose run has ended is still that run's",
    file: "source/reading/ending.ts",
    from: "  if (pass) pass.run = null\n",
    to: "",
  },
  {
    name: "a feed is normalized as a list is",
    file: "pipeline/slice.ts",
    from: 'slice.stream.mode === "live" ? "feed" : "list"',
    to: 'slice.stream.mode === "live" ? "list" : "list"',
  },
]
