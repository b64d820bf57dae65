import type { Configuration } from "../../src/source/protocol/configuration.ts"

export const BENCH_REF = { org: "bench", project: "bench", source: "src_bench" }
export const BENCH_TARGET = { org: "bench", project: "bench", sourceId: "1234567890123456789" }
export const BENCH_KEY = { prefix: "bench", secret: "secret" }

/** The shop of a benchmark, as addresses name it. */
export const BENCH_SHOP = "bench"

/** What a benchmark's source is made of. */
export interface Setup extends Pick<Configuration, "connector" | "config" | "account" | "startDate" | "connectedAt"> {
  credential: string
  destinationKey: string
}

/** What the partners' process says when it is ready. */
export interface Ready {
  port: number
  credential: string
  /** The partner's id of the account. */
  account: string
  /** Rows by kind. */
  rows: Record<string, number>
}
