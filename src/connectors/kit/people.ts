/**
 * Several objects of one collection that are one person (customers who share an email): within a page the state of one stands. Newest
 * first by creation that is the one created last, by a feed the one changed last; the others' attributes would replace it. What joins
 * their ids to the person (to-items.ts) is told of all.
 */
import type { Item } from "./item.ts"

/** An item, and its record's place in the stream's order field. */
export interface Placed {
  item: Item
  time: number
}

export function onePerPerson(placed: readonly Placed[]): Item[] {
  const standing = new Map<string, Placed>()
  for (const one of placed) {
    const person = personOf(one.item)
    if (person !== null && one.time > (standing.get(person)?.time ?? Number.NEGATIVE_INFINITY))
      standing.set(person, one)
  }
  return placed.flatMap(({ item }) => {
    const person = personOf(item)
    return person === null || standing.get(person)?.item.key === item.key ? [item] : []
  })
}

function personOf({ kind, collection, userId, accountId }: Item): string | null {
  return kind === "object" ? JSON.stringify([collection, userId, accountId]) : null
}
