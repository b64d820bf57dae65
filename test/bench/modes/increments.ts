/** What a sync costs once an account is at rest: runs that find nothing, one change, ten, a hundred. */
import { logSampling } from "../report/origin.ts"
import type { Section } from "../report/section.ts"
import { type Increment, measureIncrements } from "./increments-runs.ts"
import { idleTable, incrementTable } from "./increments-tables.ts"

const CHANGES = [0, 1, 10, 100]

/** Customers that change must be there: of a shop's orders two fifths make a customer each. */
const ACCOUNTS = [
  { title: "Stripe", serving: { connector: "stripe", kind: "living", size: 150 } },
  { title: "Shopify", serving: { connector: "shopify", kind: "living", size: 300 } },
] as const

/** Both partners side by side: nearly all of the time is the minute between two runs. */
export async function increments(): Promise<Section> {
  const measured: { title: string; runs: Increment[] }[] = await Promise.all(
    ACCOUNTS.map(async ({ title, serving }) => ({ title, runs: await measureIncrements(serving, CHANGES) })),
  )
  const sampling = logSampling()
  return {
    key: "increments",
    title: "Small increments",
    measured: MEASURED,
    tables: [
      ...measured.map(({ title, runs }) => ({ title, ...incrementTable(runs, sampling) })),
      { title: "An idle source, synced hourly", ...idleTable(measured, sampling) },
    ],
    reading: READING,
  }
}

const MEASURED = [
  "An account at rest, whose first sync is over. So many customers change, each one item, and a run reads them; what the platform bills is",
  "counted from the run's start until nothing is left to do. CPU is that of the runtime's process, less what it uses in as",
  "long at rest, and 10 ms at least.",
].join("\n")

const READING = [
  "A run costs about the same whatever it finds, so that few changes are dear by the million and cheap by the month: the cost of a run is",
  "its row here, and the rows written are most of it. A run on schedule begins with an alarm, which is counted as one request more.",
].join("\n")
