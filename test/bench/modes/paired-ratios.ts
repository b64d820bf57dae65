/** Product beside bare loop, round by round. */
import type { Measured } from "../measure.ts"
import { count, median, percent, spread } from "../report/numbers.ts"
import type { Table } from "../report/section.ts"
import type { Pair, Round } from "./paired-rounds.ts"

const ROWS: readonly [name: string, value: (rounds: readonly Round[]) => string][] = [
  ["records read", (rounds) => count(median(rounds.map(({ product }) => product.records)))],
  ["items delivered, product", (rounds) => count(median(rounds.map(({ product }) => product.items)))],
  ["items sent, bare loop", (rounds) => count(median(rounds.map(({ bare }) => bare.items)))],
  ["**throughput, product / bare**", (rounds) => spread(rounds.map(throughputRatio))],
  ["**CPU, product / bare**", (rounds) => spread(rounds.flatMap(cpuRatio))],
  [
    "CPU ms per 1,000 items, product",
    (rounds) =>
      spread(
        rounds.flatMap(({ product }) => cpuPerThousand(product)),
        0,
      ),
  ],
  [
    "CPU ms per 1,000 items, bare loop",
    (rounds) =>
      spread(
        rounds.flatMap(({ bare }) => cpuPerThousand(bare)),
        0,
      ),
  ],
  ["of a core used by the server", (rounds) => percent(median(rounds.map(serverShare)))],
  [
    "calls that no recording answered",
    (rounds) => count(median(rounds.map(({ product }) => product.served.simulated))),
  ],
]

export function ratioTable(pairs: readonly Pair[]): Table {
  const rows = ROWS.map(([name, value]) => [name, ...pairs.map(({ rounds }) => value(rounds))])
  return { head: ["", ...pairs.map(({ title }) => title)], rows }
}

function throughputRatio({ product, bare }: Round): number {
  return product.items / product.seconds / (bare.items / bare.seconds)
}

function cpuRatio({ product, bare }: Round): number[] {
  const [of] = cpuPerThousand(product)
  const [beside] = cpuPerThousand(bare)
  return of === undefined || beside === undefined ? [] : [of / beside]
}

/** Nothing where the system does not tell. */
function cpuPerThousand({ cpuMs, items }: Measured): number[] {
  return cpuMs === null ? [] : [cpuMs / (items / 1000)]
}

/** While the product syncs. */
function serverShare({ product: { served, seconds } }: Round): number {
  return served.cpuMs / 1000 / seconds
}
