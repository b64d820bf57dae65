/** One record that always makes the partner fail. */
import { MEADOW, type Mutant } from "./mutant.ts"

export const STEPOVER: readonly Mutant[] = [
  {
    name: "a place that is stepped over is not kept",
    file: "source/reading/step-over.ts",
    from: "    for (const place of fresh) keepPlace(tx, slice, run, place, reason)\n",
    to: "",
    at: MEADOW,
  },
  {
    name: "the hour below a record that fails is stepped over with it",
    file: "source/reading/step-over.ts",
    from: "Math.max(below, slice.window.from ?? 0)",
    to: "Math.max(below - 3_600_000, slice.window.from ?? 0)",
    at: MEADOW,
    survives: "Hardly ever does anything stand within the hour below the record that fails; tables show it.",
  },
]
