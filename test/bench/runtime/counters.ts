/** What the platform would bill, counted where it happens. App and Durable Object share an isolate here, so this is one count. */

export interface Counters {
  workerRequests: number
  queueMessages: number
  /** By method, alarms among them. */
  objectRequests: Record<string, number>
  /** Time its callers waited for the Durable Object: at least the time for which it was at work, which is what is billed. */
  objectMs: number
  rowsWritten: number
  rowsRead: number
  logLines: number
  /** Requests to partner and destination, by host. */
  outbound: Record<string, number>
}

export const counters: Counters = {
  workerRequests: 0,
  queueMessages: 0,
  objectRequests: {},
  objectMs: 0,
  rowsWritten: 0,
  rowsRead: 0,
  logLines: 0,
  outbound: {},
}

export function count(table: Record<string, number>, name: string): void {
  table[name] = (table[name] ?? 0) + 1
}

/** What was counted between two looks. */
export function difference(before: Counters, after: Counters): Counters {
  return {
    workerRequests: after.workerRequests - before.workerRequests,
    queueMessages: after.queueMessages - before.queueMessages,
    objectRequests: differences(before.objectRequests, after.objectRequests),
    objectMs: after.objectMs - before.objectMs,
    rowsWritten: after.rowsWritten - before.rowsWritten,
    rowsRead: after.rowsRead - before.rowsRead,
    logLines: after.logLines - before.logLines,
    outbound: differences(before.outbound, after.outbound),
  }
}

function differences(before: Record<string, number>, after: Record<string, number>): Record<string, number> {
  const entries = Object.entries(after).map(([name, times]): [string, number] => [name, times - (before[name] ?? 0)])
  return Object.fromEntries(entries.filter(([, times]) => times > 0))
}
