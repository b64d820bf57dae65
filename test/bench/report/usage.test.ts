import { expect, it } from "vitest"
import type { Counters } from "../runtime/counters.ts"
import { dollars, total } from "./prices.ts"
import { onSchedule, usageOf } from "./usage.ts"

const IDLE: Counters = {
  workerRequests: 1,
  queueMessages: 1,
  objectRequests: { lease: 1, checkpoint: 1 },
  objectMs: 20,
  rowsWritten: 5,
  rowsRead: 7,
  logLines: 1,
  outbound: {},
}

it("bills an idle run on schedule for its rows, messages, requests, time and the logged share of its invocations", () => {
  const usage = onSchedule(usageOf(IDLE, 10, 0.1))
  expect(usage).toEqual({
    workerRequest: 1,
    cpuMs: 10,
    queueOperation: 3,
    objectRequest: 3,
    objectSecond: 0.02,
    rowWritten: 5,
    rowRead: 7,
    logEvent: 0.4,
  })
  expect(total(dollars(usage))).toBeCloseTo(7.429e-6, 9)
})
