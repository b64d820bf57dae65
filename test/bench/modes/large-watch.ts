/** Looks at a long sync while it goes on. */
import type { SourceView } from "../../../src/source/protocol/views.ts"
import type { Bench, Watch } from "../measure.ts"
import type { TableSize } from "../runtime/tables.ts"

/** Tables are weighed with every tenth of the customers: that reads them whole. */
const TENTHS = 10

export interface Sample {
  /** Epoch ms. */
  at: number
  /** Of the customers, those that the server has sent. */
  share: number
  /** As shown; null while nothing of the kind is. */
  progress: number | null
  waiting: number
  keys: number
  /** With every tenth. */
  tables: TableSize[] | null
}

export function createWatch({ server, runtime }: Bench, source: string, customers: number) {
  const samples: Sample[] = []
  let tenth = 0
  const watch: Watch = async (view) => {
    const { rows } = await server.served()
    const share = Math.min(1, rows / customers)
    const isNext = share * TENTHS >= tenth + 1
    if (isNext) tenth = Math.floor(share * TENTHS)
    const tables = isNext ? await runtime.call<TableSize[]>(`/tables?source=${source}`) : null
    samples.push({ at: Date.now(), share, progress: progressOf(view), ...sizesOf(view), tables })
    if (isNext) console.log(`${10 * tenth} % of ${customers.toLocaleString("en")} customers read`)
  }
  return { samples, watch }
}

function sizesOf({ delivery, keys }: SourceView): Pick<Sample, "waiting" | "keys"> {
  return { waiting: delivery.waiting, keys: keys.kept }
}

/** Of the backfill that has read most. */
function progressOf({ current }: SourceView): number | null {
  const [backfill] = current.filter(({ kind }) => kind !== "live").sort((one, other) => other.records - one.records)
  return backfill?.progress ?? null
}

/** The longest time, in seconds, in which nothing more was read although not all had been. */
export function longestStandstill(samples: readonly Sample[]): number {
  let longest = 0
  let since = samples[0]
  for (const sample of samples) {
    if (since && since.share < 1) longest = Math.max(longest, sample.at - since.at)
    if (!since || sample.share > since.share) since = sample
  }
  return longest / 1000
}
