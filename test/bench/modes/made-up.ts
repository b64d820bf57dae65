/** Measures of nothing, for tests to start from. */
import type { Counters } from "../runtime/counters.ts"
import type { Served } from "../setup.ts"

export const NOTHING_SERVED: Served = {
  cpuMs: 0,
  calls: 0,
  simulated: 0,
  rows: 0,
  posts: 0,
  lastPostAt: 0,
  callsAtOnce: 0,
  postsAtOnce: 0,
}

export const NOTHING_COUNTED: Counters = {
  workerRequests: 0,
  queueMessages: 0,
  objectRequests: {},
  objectMs: 0,
  rowsWritten: 0,
  rowsRead: 0,
  logLines: 0,
  outbound: {},
}
