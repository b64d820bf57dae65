/** Shipped lines that the simulator's seeds do not reach, each with the reason and what shows them instead. */
export interface Unreached {
  file: string
  why: string
  /** Functions that nobody calls there. */
  functions?: readonly string[]
  /** How single lines begin. */
  lines?: readonly string[]
}

export const UNREACHED: readonly Unreached[] = []
