/** Why a run came to less than all of it, in sentences for people. */
import type { Run } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"

/** Of a run that read some of its streams: what it could not read, may not read, and what was put into quarantine. */
export function whyPartial({ connector }: Transaction, run: Run): string | null {
  const failed = run.failed.map(({ stream, reason }) => {
    const title = connector.streams.find(({ name }) => name === stream)?.title ?? stream
    return `${title} could not be read: ${ended(reason)} The next run tries again.`
  })
  const reasons = new Map<string, string[]>()
  for (const { collection, reason } of run.denied) {
    const title = connector.collections.find(({ name }) => name === collection)?.title ?? collection
    reasons.set(reason, [...(reasons.get(reason) ?? []), title])
  }
  const denied = [...reasons].map(([reason, titles]) => `${titles.join(", ")} may not be read: ${ended(reason)}`)
  const bad = Object.values(run.collections).reduce((sum, { quarantined }) => sum + quarantined, 0)
  const quarantined = bad === 0 ? [] : [bad === 1 ? "1 item is in quarantine." : `${bad} items are in quarantine.`]
  const sentences = [...failed, ...denied, ...quarantined]
  return sentences.length === 0 ? null : sentences.join(" ")
}

/** Of a run that read nothing: the one reason, or each stream's. */
export function whyFailed({ connector }: Transaction, run: Run): string {
  const reasons = new Set(run.failed.map(({ reason }) => reason))
  if (reasons.size === 1) return [...reasons].join("")
  const titleOf = (stream: string) => connector.streams.find(({ name }) => name === stream)?.title ?? stream
  return run.failed.map(({ stream, reason }) => `${titleOf(stream)}: ${ended(reason)}`).join(" ")
}

function ended(reason: string): string {
  return /[.!?]$/.test(reason) ? reason : `${reason}.`
}
