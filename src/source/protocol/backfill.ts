/** What a backfill reads, and why: one reading of the lists for a range of times. */

/** What a backfill of the lists is for. */
export type BackfillKind = "initial" | "earlier" | "collection" | "gap" | "resync"

/** Partner times, both ends included. */
export interface Span {
  from: number
  to: number
}
