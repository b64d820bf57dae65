/** Accounts with more customers than any bound of the product holds at once: how long, how much memory, and is the progress honest? */
import { stripe } from "../../../src/connectors/stripe.ts"
import type { Section } from "../report/section.ts"
import { type Large, measureLarge } from "./large-measure.ts"
import { leastTable, memoryTable, progressTable } from "./large-tables.ts"

const SIZES = [150_000, 400_000]

export async function large(sizes: readonly number[] = SIZES): Promise<Section> {
  const measured: Large[] = []
  for (const size of sizes) measured.push(await measureLarge(size))
  return {
    key: "large",
    title: "Large accounts",
    measured: measuredOf(measured[0]?.destinationMs ?? 0),
    tables: [
      leastTable(measured),
      { title: "Memory, at most", ...memoryTable(measured) },
      { title: "Progress that was shown, at each tenth of the customers read", ...progressTable(measured) },
    ],
    reading: READING,
  }
}

function measuredOf(destinationMs: number): string {
  return [
    "A first sync of a Stripe account with so many customers (each an item and an alias) and nothing else, at the shipped pace of",
    `${stripe.limits.callsPerSecond} calls a second; the partner answers at once, the destination after ${destinationMs} ms. The least is the longer of: calls at that pace;`,
    "POSTs by as many at once as the product sent. At 200 ms it is reckoned from the same counts, not measured.",
  ].join("\n")
}

const READING = [
  "Time over the least is what the product itself adds: processor time on a busy machine, standing still, or work that was not done side",
  "by side. Progress is honest where it stays near the true share; the tables' bytes are on disk, and of the keys memory holds an index.",
].join("\n")
