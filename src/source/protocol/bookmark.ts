/**
 * Where reading of a source stopped, as a deleted source hands it out: times, names of collections and hashes of keys; nothing of any
 * person. What it means, and how a source goes on from it, is in `control/bookmark.ts`.
 */
import type { Window } from "../../connectors/kit/define.ts"
import type { BackfillKind, Span } from "./backfill.ts"

export interface Bookmark {
  schema: number
  collections: string[]
  startDate: number
  /** By live stream. */
  live: Record<string, { cursor: number; perHour: number | null; movedFrom: number | null }>
  /** As in `State`, where each is explained. */
  liveFrom: Record<string, number>
  backfillSpans: Record<string, Span[]>
  offAt: Record<string, Span>
  covered: Record<string, number>
  /** What backfills under way had still to read. */
  backfills: KeptBackfill[]
  pending: [hash: string, time: number][]
  /** Facts that were delivered and may be shown again long after, until they were announced at the latest; bookmarks made before it was kept lack it. */
  delivered?: [hash: string, place: number][]
  /** By which the times above are to be understood; bookmarks made before it was noted lack it. */
  clock?: { skewMs: number; believedAt: number | null }
}

export interface KeptBackfill {
  kind: BackfillKind
  trigger: "schedule" | "manual"
  overlap: Span | null
  slices: KeptSlice[]
}

interface KeptSlice {
  stream: string
  collections: string[]
  range: { from: number; to: number } | null
  window: Window
  top: number | null
  bottom: number | null
  /** As in `Slice`; bookmarks made before lists were cut lack it. */
  isPart?: boolean
  off: boolean
}
