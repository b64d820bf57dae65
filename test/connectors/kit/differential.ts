/**
 * The same fact by every way a partner tells it (lists, feed, follow-up calls) gives the same item, byte for byte. Allowed to differ:
 * where it stands in its feed, the version of an object's state, which values are cleared, and by a minute the time of what the test
 * names.
 */
import type { Item } from "../../../src/connectors/kit/item.ts"

/** How far the times of some facts may lie apart: a capture is dated by its event, or by what a list shows of it. */
export const TIME_MAY_DIFFER_MS = 60_000

export interface Way {
  name: string
  items: readonly Item[]
}

export interface Differential {
  /** Each fact that two ways tell otherwise, in words. */
  differences: string[]
  /** Facts that at least two ways told, by collection. */
  compared: Record<string, number>
}

/** `mayBeDatedOtherwise`: facts whose time may differ by up to a minute. Of an object the newest state that each way told is compared. */
export function compareWays(ways: readonly Way[], mayBeDatedOtherwise: (item: Item) => boolean): Differential {
  const told = new Map<string, { way: string; item: Item }[]>()
  for (const { name: way, items } of ways) {
    for (const [name, item] of newestOf(items)) told.set(name, [...(told.get(name) ?? []), { way, item }])
  }
  const differences: string[] = []
  const compared: Record<string, number> = {}
  for (const [name, [first, ...others]] of told) {
    if (!first || others.length === 0) continue
    compared[first.item.collection] = (compared[first.item.collection] ?? 0) + 1
    for (const other of others) {
      const why = differenceOf(first.item, other.item, mayBeDatedOtherwise(first.item))
      if (why !== null) differences.push(`${name} by ${first.way} and by ${other.way}: ${why}`)
    }
  }
  return { differences, compared }
}

function newestOf(items: readonly Item[]): Map<string, Item> {
  const newest = new Map<string, Item>()
  for (const item of items) {
    const name = `${item.collection} ${item.key}`
    const known = newest.get(name)
    if (!known || (item.kind === "object" && item.version > known.version)) newest.set(name, item)
  }
  return newest
}

function differenceOf(one: Item, other: Item, mayBeDatedOtherwise: boolean): string | null {
  const apart = Math.abs(one.time - other.time)
  const isDated = one.kind === "object" || one.collection === "alias" || apart === 0
  if (!isDated && !(mayBeDatedOtherwise && apart <= TIME_MAY_DIFFER_MS)) {
    return `${new Date(one.time).toISOString()} and ${new Date(other.time).toISOString()}`
  }
  const [bytes, otherBytes] = [bytesOf(one), bytesOf(other)]
  return bytes === otherBytes ? null : `${bytes} and ${otherBytes}`
}

/** What is sent of it, apart from when. */
function bytesOf({ announcedAt, version, time, cleared, ...sent }: Item): string {
  return JSON.stringify(sent)
}
