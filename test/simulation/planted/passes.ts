/** Passes: which ranges are read, and what is said of them. */
import type { Mutant } from "./mutant.ts"

export const PASSES: readonly Mutant[] = [
  {
    name: "a pass takes its upper bound too",
    file: "source/admit.ts",
    from: "item.time < reading.range.to",
    to: "item.time <= reading.range.to",
  },
  {
    name: "an earlier start date reads again what is covered",
    file: "source/pass.ts",
    from: "const to = covered ?? turn.state.liveFrom[collection] ?? from",
    to: "const to = turn.state.liveFrom[collection] ?? covered ?? from",
  },
  {
    name: "what a feed forgot before it was read is not reported",
    file: "source/pass.ts",
    from: "if (reached > slice.range.from) tellReach",
    to: "if (reached > slice.range.from && reached < 0) tellReach",
  },
  {
    name: "a debit begun before its collection was off is nobody's",
    file: "source/pass.ts",
    from: "  if (off === undefined) state.liveFrom[collection] = Math.max(to, ",
    to: "  state.liveFrom[collection] = Math.max(to, ",
  },
  {
    name: "a collection switched on again is not read for the time between",
    file: "source/pass.ts",
    from: "if (off === undefined || off.from >= to) return",
    to: "if (off === undefined || off.from < to) return",
  },
]
