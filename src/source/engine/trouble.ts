/** Decisions that throw: nothing is changed, and the alarm looks again, further apart each time. */
import { HOUR_MS } from "../../lib/time.ts"
import type { Log } from "../../ports.ts"
import type { SourcePorts } from "../ports.ts"
import { NO_CHANGES } from "../state/changes.ts"
import type { State } from "../state/state.ts"
import { isReadable } from "../state/stored.ts"
import { UNABLE_RETRY_MS } from "./unable.ts"

/** A decision that throws is tried again after this, doubling. */
const TROUBLE_RETRY_MS = 300_000
const TROUBLE_RETRY_MAX_MS = HOUR_MS

/** Sets the alarm for the next attempt. */
export function retryLater({ store, clock, log }: Pick<SourcePorts, "store" | "clock" | "log">, error: unknown): void {
  const text = store.core()
  const source = text === null ? null : sourceIn(text)
  const reason = error instanceof Error ? error.message : "unknown"
  const now = clock.now()
  const isOurs = text === null || isReadable(text)
  // Each alarm meets it; operators are told with the first of each hour.
  if (!isOurs && now % HOUR_MS < UNABLE_RETRY_MS) log("operator.alert", { source, reason })
  log("source.trouble", { source, reason })
  if (text === null) return
  if (!isOurs) {
    // Not ours to write to: another deploy goes on with it as it was left.
    store.commit({ ...NO_CHANGES, core: null, alarm: now + UNABLE_RETRY_MS })
    return
  }
  const core = JSON.parse(text) as State
  const trouble = (core.trouble ?? 0) + 1
  const again = clock.now() + Math.min(TROUBLE_RETRY_MS * 2 ** (trouble - 1), TROUBLE_RETRY_MAX_MS)
  // What the last commit set for an earlier time is due then, whatever went wrong now.
  const alarm = core.alarmAt !== null && core.alarmAt > clock.now() ? Math.min(core.alarmAt, again) : again
  store.commit({ ...NO_CHANGES, core: JSON.stringify({ ...core, trouble, alarmAt: alarm }), alarm })
}

export function noteError(log: Log, event: string, error: unknown): void {
  log(event, { reason: error instanceof Error ? error.message : "unknown" })
}

/** Whatever else of the state cannot be read: whose it is. */
function sourceIn(text: string): string | null {
  try {
    const { configuration } = JSON.parse(text) as { configuration?: { source?: string } }
    return configuration?.source ?? null
  } catch {
    return null
  }
}
