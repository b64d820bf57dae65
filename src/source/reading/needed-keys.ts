/** Which keys of `seen` a reading may meet again: the watermarks, the edges of what backfills are reading, and what readings to come overlap. */
import type { Needed } from "../dedupe/seen-row.ts"
import type { Transaction } from "../transaction.ts"
import { lowestWatermark, watermarksByFeeds } from "./slice.ts"

export function neededKeys(tx: Transaction): Needed {
  const { state } = tx
  const slices = state.backfills.flatMap((backfill) => backfill.slices).filter((slice) => slice.state !== "read")
  const aside = slices.flatMap(({ edge, asideAt }) => (edge && asideAt ? [{ from: edge.since, to: asideAt }] : []))
  const overlaps = state.backfills.flatMap((backfill) => (backfill.overlap ? [backfill.overlap] : []))
  return {
    watermark: lowestWatermark(tx),
    edges: new Map(slices.flatMap(({ no, edge, asideAt }) => (edge && !asideAt ? [[no, edge.since]] : []))),
    watermarks: watermarksByFeeds(tx),
    overlaps: [...aside, ...overlaps, ...Object.values(state.offAt)],
    mayComeLate: Object.values(state.live).some(({ movedSince, movedFrom }) => (movedSince ?? 0) < (movedFrom ?? 0)),
  }
}
