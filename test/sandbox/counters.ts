/** How often which path was called by whom, so that a test can say "one call". */

export interface LoggedCall {
  no: number
  /** Epoch ms. */
  at: number
  host: string
  account: string | null
  method: string
  path: string
  query: string
  status: number
  fault: string | null
}

export interface Counters {
  /** `api.stripe.com acme/test GET /v1/events` -> calls. */
  counts: Map<string, number>
  /** The latest calls, oldest first. */
  log: LoggedCall[]
  note(call: Omit<LoggedCall, "no">): void
  /** Calls since the last `reset`, by host, account and path prefix where given. */
  calls(filter?: { host?: string; account?: string; path?: string }): number
  reset(): void
}

const LOG_SIZE = 5_000

export function createCounters(): Counters {
  const counts = new Map<string, number>()
  const log: LoggedCall[] = []
  let total = 0
  return {
    counts,
    log,
    note(call) {
      total += 1
      log.push({ no: total, ...call })
      if (log.length > LOG_SIZE * 2) log.splice(0, LOG_SIZE)
      const name = `${call.host} ${call.account ?? "-"} ${call.method} ${call.path}`
      counts.set(name, (counts.get(name) ?? 0) + 1)
    },
    calls({ host, account, path } = {}) {
      let sum = 0
      for (const [name, times] of counts) {
        const [calledHost, calledBy = "", , calledPath = ""] = name.split(" ")
        const fits =
          (host === undefined || host === calledHost) &&
          (account === undefined || calledBy === account || calledBy.startsWith(`${account}/`)) &&
          (path === undefined || calledPath.startsWith(path))
        if (fits) sum += times
      }
      return sum
    },
    reset() {
      counts.clear()
      log.length = 0
      total = 0
    },
  }
}
