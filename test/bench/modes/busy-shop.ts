/** A shop with 500 changed orders an hour for a month: `npm run bench -- --busy-shop [days]`. What the source keeps must not grow with the days. */
import { busyShop, type Day } from "../../support/busy-shop.ts"

const DAYS = 30
const CHANGES_AN_HOUR = 500

const COLUMNS: readonly [title: string, value: (day: Day) => string][] = [
  ["day", ({ day }) => String(day)],
  ["keys", ({ keys }) => keys.toLocaleString("en")],
  ["in memory", ({ bytes }) => `${(bytes / 1e6).toFixed(2)} MB`],
  ["a key", ({ bytes, keys }) => `${(bytes / keys).toFixed(1)} B`],
  ["rows of seen", ({ rows }) => String(rows)],
  ["largest", ({ largestRow }) => `${(largestRow / 1e3).toFixed(1)} KB`],
  ["core row", ({ coreChars }) => `${(coreChars / 1e3).toFixed(1)} KB`],
  ["rows written a run", ({ written }) => String(written)],
  ["of seen", ({ seenWritten }) => String(seenWritten)],
  ["facts delivered", ({ delivered }) => delivered.toLocaleString("en")],
  ["late", ({ late }) => late.toLocaleString("en")],
  ["forgotten", ({ forgotten }) => String(forgotten)],
]

export async function showBusyShop(days = DAYS): Promise<void> {
  const line = (cells: readonly string[]) => console.log(`| ${cells.join(" | ")} |`)
  line(COLUMNS.map(([title]) => title))
  line(COLUMNS.map(() => "---"))
  const { facts, lost, repeated } = await busyShop(days, CHANGES_AN_HOUR, (day) =>
    line(COLUMNS.map(([, of]) => of(day))),
  )
  console.log(`\n${facts.toLocaleString("en")} facts happened, ${lost} were lost, ${repeated} sent twice`)
}
