/**
 * By what time a list's objects are dated that bear no update time: when their page was asked for. The answer's date may be ahead by what
 * is tolerated, and a change of that time, which the feed tells later, would look old. So they are no newer than the answer was expected
 * to be, either. What changed between the two times live reading tells again.
 */
import type { EncodedItem } from "../protocol/encoded-item.ts"
import type { Checkpoint } from "../protocol/fetching.ts"
import { redated } from "../protocol/track.ts"
import type { Transaction } from "../transaction.ts"
import { partnerNow, tickMs } from "./partner-time.ts"

export function datedSurely(
  tx: Transaction,
  items: readonly EncodedItem[],
  { asked, ageMs }: Checkpoint,
): readonly EncodedItem[] {
  const tick = tickMs(tx)
  const expected = tick * Math.floor((partnerNow(tx) - Math.max(0, ageMs)) / tick)
  const isAhead = ({ kind, version }: EncodedItem) => kind === "object" && version > expected && version <= asked
  if (asked <= expected) return items
  return items.map((item) => (isAhead(item) ? redated(item, expected, Math.min(item.time, expected)) : item))
}
