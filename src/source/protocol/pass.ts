/** What a pass reads, and why: one reading of the lists for a range of times. */

/** What a pass of the lists is for. */
export type PassKind = "initial" | "earlier" | "collection" | "gap" | "resync"

/** Partner times, both ends included. */
export interface Span {
  from: number
  to: number
}
