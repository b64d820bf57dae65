/** Which rows travel in which POST. Pure. */
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
    if (!claimObjects(objects, row)) continue
    if (row.alone) {
      posts.push([row])
      continue
    }
    if (open.length === 0 || items + row.items > itemsMax) {
      open = []
      items = 0
      posts.push(open)
    }
    open.push(row)
    items += row.items
  }
  return posts
}

/** False, and nothing claimed, where a row before holds one of the objects. */
function claimObjects(taken: Set<string>, { objects }: OutboxRow): boolean {
  const hashes = objects ? objects.split(" ") : []
  if (hashes.some((hash) => taken.has(hash))) return false
  for (const hash of hashes) taken.add(hash)
  return true
}
