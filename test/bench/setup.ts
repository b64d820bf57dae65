/** What the benchmark's processes know of one another: names, a source's making, how the account is served. */
import type { Configuration } from "../../src/source/protocol/configuration.ts"

export const BENCH_REF = { org: "bench", project: "bench" }
export const BENCH_TARGET = { org: "bench", project: "bench", sourceId: "1234567890123456789" }
export const BENCH_KEY = "bench.secret"

/** The shop of a benchmark, as addresses name it. */
export const BENCH_SHOP = "bench"

/** What a benchmark's source is made of. */
export interface Setup extends Pick<Configuration, "connector" | "config" | "account" | "startDate" | "connectedAt"> {
  credential: string
  destinationKey: string
}

/**
 * How the account is answered for. `recorded`: a simulated history, recorded and replayed. `many`: so many customers and nothing
 * else, never held in memory. `living`: the simulation itself, whose account may change.
 */
export type Kind = "recorded" | "many" | "living"

export interface Serving {
  connector: string
  kind: Kind
  /** Customers; of a shop orders. */
  size: number
}

/** What the server says when it is ready. */
export interface Ready extends Pick<Setup, "account" | "config" | "credential"> {
  port: number
  /** Rows by kind. */
  rows: Record<string, number>
}

/** How long answers take, ms. */
export interface Pace {
  partnerMs: number
  destinationMs: number
}

/** What the server has answered since it was started. */
export interface Served {
  /** Of its process, since it was started. */
  cpuMs: number
  calls: number
  /** Of the calls, those that nothing recorded answered. */
  simulated: number
  /** Rows of lists. */
  rows: number
  posts: number
  /** Epoch ms: the last answer to a POST. */
  lastPostAt: number
  /** The most that were under way at one moment, since the pace was last set. */
  callsAtOnce: number
  postsAtOnce: number
}
