/**
 * By what time a list's objects are dated that bear no update time: when their page was asked for. The answer's date may be ahead by what
 * is tolerated, and a change of that time, which the feed tells later, would look old. So they are no newer than the answer was expected
 * to be, either. What changed between the two times live reading tells again.
 */
import type { Item } from "../../connectors/kit/item.ts"
import type { Checkpoint } from "../protocol/fetching.ts"
import type { Transaction } from "../transaction.ts"
import { partnerNow, tickMs } from "./partner-time.ts"

export function datedSurely(tx: Transaction, items: readonly Item[], { asked, ageMs }: Checkpoint): readonly Item[] {
  const tick = tickMs(tx)
  const expected = tick * Math.floor((partnerNow(tx) - Math.max(0, ageMs)) / tick)
  const isAhead = ({ kind, version }: Item) => kind === "object" && version > expected && version <= asked
  if (asked <= expected) return items
  return items.map((item) =>
    isAhead(item) ? { ...item, version: expected, time: Math.min(item.time, expected) } : item,
  )
}
