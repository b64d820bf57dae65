/**
 * What syncing costs. Each prints tables and, with `--write`, rewrites its section of BENCHMARKS.md.
 *
 *   npm run bench                   the product beside a bare loop, in turn: ratios, CPU and cost; --records 20000, --rounds 3
 *   npm run bench -- --profile      where its time goes, by parts, beside the loop's
 *   npm run bench -- --latency      10,000 customers of a partner that takes 0, 50 or 400 ms an answer; --customers 10000
 *   npm run bench -- --large        150,000 and 400,000 customers: time, memory, progress; --customers 150000,400000
 *   npm run bench -- --increments   a run with 0, 1, 10 and 100 changes
 *   npm run bench -- --busy-shop [days]     what a source keeps of a shop where every window takes several pages
 *   npm run bench -- --backfill [orders]    how long a shop's year takes under Shopify's budget
 */
import { parseArgs } from "node:util"
import { backfill } from "./modes/backfill.ts"
import { showBusyShop } from "./modes/busy-shop.ts"
import { increments } from "./modes/increments.ts"
import { large } from "./modes/large.ts"
import { latency } from "./modes/latency.ts"
import { paired } from "./modes/paired.ts"
import { profile } from "./modes/profile.ts"
import { writeSection } from "./report/file.ts"
import { originOf } from "./report/origin.ts"
import { markdownOf, type Section } from "./report/section.ts"

const RECORDS = "20000"
const ROUNDS = "3"
const LATENCY_CUSTOMERS = 10_000

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    profile: { type: "boolean" },
    latency: { type: "boolean" },
    large: { type: "boolean" },
    increments: { type: "boolean" },
    "busy-shop": { type: "boolean" },
    backfill: { type: "boolean" },
    records: { type: "string", default: RECORDS },
    rounds: { type: "string", default: ROUNDS },
    customers: { type: "string" },
    write: { type: "boolean" },
  },
})
const [amount] = positionals.map(Number)

if (options["busy-shop"]) await showBusyShop(amount)
else if (options.backfill) await backfill(amount)
else show(await measured())

function measured(): Promise<Section> {
  const customers = options.customers?.split(",").map(Number)
  if (options.profile) return profile()
  if (options.latency) return latency(customers?.[0] ?? LATENCY_CUSTOMERS)
  if (options.large) return large(customers)
  if (options.increments) return increments()
  return paired({ records: Number(options.records), rounds: Number(options.rounds) })
}

function show(section: Section): void {
  const args = process.argv.slice(2).filter((arg) => arg !== "--write")
  const markdown = markdownOf(
    section,
    originOf(["npm run bench", ...(args.length > 0 ? ["--", ...args] : [])].join(" ")),
  )
  console.log(`\n${markdown}`)
  if (options.write) writeSection(section.key, markdown)
}
