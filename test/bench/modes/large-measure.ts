/** One first sync of an account with very many customers. */
import { firstSync, type Synced } from "../measure.ts"
import { SHIPPED_PACE, setPace, withBench } from "../open.ts"
import { createWatch, type Sample } from "./large-watch.ts"

/** What the destination takes over a POST. */
const DESTINATION_MS = 50

export interface Large {
  customers: number
  destinationMs: number
  synced: Synced
  samples: Sample[]
  /** Bytes of the runtime's process before the sync, and at most. */
  memory: { before: number; most: number } | null
}

export function measureLarge(customers: number): Promise<Large> {
  return withBench({ connector: "stripe", kind: "many", size: customers }, async (bench) => {
    const source = `src_${customers}`
    await bench.server.pace({ partnerMs: 0, destinationMs: DESTINATION_MS })
    await setPace(bench, SHIPPED_PACE)
    const before = bench.runtime.memory()
    const { samples, watch } = createWatch(bench, source, customers)
    const synced = await firstSync(bench, source, watch)
    const after = bench.runtime.memory()
    return {
      customers,
      destinationMs: DESTINATION_MS,
      synced,
      samples,
      memory: before && after && { before: before.now, most: after.most },
    }
  })
}
