/** Which rows travel in which POST. Pure. */
import type { Item } from "../connectors/kit/item.ts"
import type { OutboxRow } from "../source/protocol/forwarding.ts"

/**
 * Whole rows in the order of their ids, joined up to `itemsMax` items. A row that was refused before travels by itself. The POSTs
 * of a claim are under way side by side, so no two may carry one object: an older state could arrive last. The source
 * sees to that; a row that breaks it is left out here all the same, and comes with a later claim.
 */
export function packPosts(rows: readonly OutboxRow[], itemsMax: number): OutboxRow[][] {
  const posts: OutboxRow[][] = []
  const objects = new Set<string>()
  let open: OutboxRow[] = []
  let items = 0
  for (const row of [...rows].sort((a, b) => a.id - b.id)) {
    if (!claimObjects(objects, row.items)) continue
    if (row.alone) {
      posts.push([row])
      continue
    }
    if (open.length === 0 || items + row.items.length > itemsMax) {
      open = []
      items = 0
      posts.push(open)
    }
    open.push(row)
    items += row.items.length
  }
  return posts
}

/** False, and nothing claimed, where a row before holds one of the objects. */
function claimObjects(taken: Set<string>, items: readonly Item[]): boolean {
  const keys = items.filter(({ kind }) => kind === "object").map(({ collection, key }) => `${collection}/${key}`)
  if (keys.some((key) => taken.has(key))) return false
  for (const key of keys) taken.add(key)
  return true
}
