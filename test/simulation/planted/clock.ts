/** Clocks: the partner's, ours, and the consumers'. */
import type { Mutant } from "./mutant.ts"

export const CLOCK: readonly Mutant[] = [
  {
    name: "our clock dates what a page shows",
    file: "pipeline/page.ts",
    from: "const normalizing = normalizeContext(slice, followed.answers, asked.asked)",
    to: "const normalizing = normalizeContext(slice, followed.answers, askedLocal)",
  },
]
