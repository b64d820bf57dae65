/** A page's items as the destination's text: here, and nowhere after it, an item is turned into JSON. */
import type { Item } from "../connectors/kit/item.ts"
import { intempt } from "../destinations/intempt.ts"
import { type EncodedItem, withText } from "../source/protocol/encoded-item.ts"
import type { Task } from "../source/protocol/fetching.ts"

export function encodeItems(
  items: readonly Item[],
  { ref, clearing }: Pick<Task, "ref" | "clearing">,
  destination = intempt,
): EncodedItem[] {
  return items.map((item) => withText(item, destination.encode(item, ref.source, clearing)))
}
