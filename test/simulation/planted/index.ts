/** All planted bugs, by the part of the engine that they sit in. */
import { ALARM } from "./alarm.ts"
import { API } from "./api.ts"
import { BACKFILLS } from "./backfills.ts"
import { CLOCK } from "./clock.ts"
import { CONTROL } from "./control.ts"
import { DELIVERY } from "./delivery.ts"
import { GRANTS } from "./grants.ts"
import type { Mutant } from "./mutant.ts"
import { PARTS } from "./parts.ts"
import { SEEN } from "./seen.ts"
import { STEPOVER } from "./step-over.ts"
import { STREAMS } from "./streams.ts"
import { TOKENS } from "./tokens.ts"
import { VALUES } from "./values.ts"
import { WINDOWS } from "./windows.ts"

export type { Mutant } from "./mutant.ts"

export const MUTANTS: readonly Mutant[] = [
  ...ALARM,
  ...API,
  ...CLOCK,
  ...CONTROL,
  ...DELIVERY,
  ...GRANTS,
  ...BACKFILLS,
  ...PARTS,
  ...SEEN,
  ...STEPOVER,
  ...STREAMS,
  ...TOKENS,
  ...VALUES,
  ...WINDOWS,
]
