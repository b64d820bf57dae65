/** The hashes by which items are told apart. */
import type { Item } from "../../connectors/kit/item.ts"
import { hash64 } from "../../lib/hash.ts"

export function keyHash(collection: string, key: string): string {
  return hash64(`${collection}\n${key}`)
}

/** What of an item reaches the destination, apart from its time: equal content at a newer version is not worth sending again. */
export function contentHash(item: Item): string {
  const { userId, accountId, userAttributes, accountAttributes, data, cleared } = item
  return hash64(
    JSON.stringify([userId, accountId, userAttributes, accountAttributes, data, ...(cleared ? [cleared] : [])]),
  )
}
