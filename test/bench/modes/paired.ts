/** What safety costs: the product beside a bare loop that takes the same account in turn, in the same runtime. What counts is the ratio. */
import { connectors } from "../../../src/connectors/index.ts"
import { withBench } from "../open.ts"
import { logSampling } from "../report/origin.ts"
import type { Section, Table } from "../report/section.ts"
import { costTable } from "./paired-costs.ts"
import { ratioTable } from "./paired-ratios.ts"
import { alternate, type Pair } from "./paired-rounds.ts"

export interface PairedOptions {
  /** Of each partner, about. */
  records: number
  rounds: number
}

/** Rows of its lists for each customer of Stripe, for each order of a shop: as the simulated histories have it. */
const ROWS_EACH: Record<string, number> = { stripe: 10.4, shopify: 1.6 }

export async function paired({ records, rounds }: PairedOptions): Promise<Section> {
  const pairs: Pair[] = []
  for (const { name, title } of connectors) {
    const each = ROWS_EACH[name]
    if (each === undefined) continue
    console.log(`${title}: recording ...`)
    const serving = { connector: name, kind: "recorded", size: Math.ceil(records / each) } as const
    pairs.push({ title, rounds: await withBench(serving, (bench) => alternate(bench, rounds)) })
  }
  const tables: Table[] = [ratioTable(pairs), { title: "What the product used", ...costTable(pairs, logSampling()) }]
  return { key: "paired", title: "Beside a bare loop", measured: measuredOf(rounds), tables, reading: READING }
}

function measuredOf(rounds: number): string {
  return [
    "A simulated account of each partner was recorded, and is replayed as bytes by a process of its own, with no latency. The product's",
    "consumers and Durable Object take it in a first sync (lists, feed, delivery) in workerd; in turn with it, in the same process, a bare",
    `loop fetches a page, parses, reshapes and posts it, and keeps nothing. Rounds: ${rounds}. The partner's pace is lifted. Time is`,
    "from the start to the destination's last answer; CPU is that of the runtime's process: consumers, Durable Object, SQLite, local queues.",
  ].join("\n")
}

const READING = [
  "A ratio is the median over the rounds, with the least and the greatest; 1 would be a product that costs nothing beside the loop. On",
  "another machine the milliseconds differ and the ratios hold about; what limits a first sync in production is the partner's rate.",
].join("\n")
