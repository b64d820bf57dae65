/** What the platform bills for what was counted. */
import type { Counters } from "../runtime/counters.ts"
import type { Usage } from "./prices.ts"

/** A message is written, read and deleted. */
const OPERATIONS_PER_MESSAGE = 3

/** `logSampling`: the share of invocations that is logged, each with an event of its own and one for each line that it logs. */
export function usageOf(counters: Counters, cpuMs: number | null, logSampling: number): Usage {
  const objectRequests = sum(counters.objectRequests)
  return {
    workerRequest: counters.workerRequests,
    cpuMs: cpuMs ?? 0,
    queueOperation: counters.queueMessages * OPERATIONS_PER_MESSAGE,
    objectRequest: objectRequests,
    // "Idle and eligible for hibernation" is not billed. https://developers.cloudflare.com/durable-objects/platform/pricing/
    objectSecond: counters.objectMs / 1000,
    rowWritten: counters.rowsWritten,
    rowRead: counters.rowsRead,
    logEvent: logSampling * (counters.workerRequests + objectRequests + counters.logLines),
  }
}

/** A run on schedule begins with an alarm, where the benchmark calls. */
export function onSchedule(usage: Usage): Usage {
  return { ...usage, objectRequest: usage.objectRequest + 1 }
}

export function sum(table: Record<string, number>): number {
  return Object.values(table).reduce((all, one) => all + one, 0)
}
