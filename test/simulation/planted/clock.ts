/** Clocks: the partner's, ours, and the consumers'. */
import type { Mutant } from "./mutant.ts"

export const CLOCK: readonly Mutant[] = [
  {
    name: "our clock dates what a page shows",
    file: "pipeline/page.ts",
    from: "const normalizing = normalizeContext(slice, followed, stamp.asked)",
    to: "const normalizing = normalizeContext(slice, followed, stamp.sentAt)",
  },
  {
    name: "a partner's clock that was set is never believed",
    file: "source/skew.ts",
    from: "  const settled = settledSkew(readings, clock.skewMs)",
    to: "  const settled = settledSkew([], clock.skewMs)",
  },
  {
    name: "a page counts as asked for to the millisecond, though what it shows is dated to the second",
    file: "pipeline/request.ts",
    from: "const asked = granularityMs * Math.floor((dated - elapsedMs) / granularityMs)",
    to: "const asked = dated - elapsedMs",
  },
]
