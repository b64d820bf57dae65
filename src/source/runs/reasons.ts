/** Why a run came to less than all of it, in sentences for people. */
import type { Run } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"

const GOES_ON = "What was read is kept. The next run goes on from there."
const ONCE_ALLOWED = "Once it may be read, what was missed is read too, within a day or at once with Sync now."
const IN_QUARANTINE = "Quarantine keeps what was refused or could not be read, each with its reason."

/** Of a run that read some of its streams: what it could not read, may not read, and what was put into quarantine. */
export function whyPartial({ connector }: Transaction, run: Run): string | null {
  const failed = run.failed.map(({ stream, reason }) => {
    const title = connector.streams.find(({ name }) => name === stream)?.title ?? stream
    return `${title} could not be read: ${ended(reason)} ${GOES_ON}`
  })
  const reasons = new Map<string, string[]>()
  for (const { collection, reason } of run.denied) {
    const title = connector.collections.find(({ name }) => name === collection)?.title ?? collection
    reasons.set(reason, [...(reasons.get(reason) ?? []), title])
  }
  const denied = [...reasons].map(
    ([reason, titles]) => `${titles.join(", ")} cannot be read: ${ended(reason)} ${ONCE_ALLOWED}`,
  )
  const bad = Object.values(run.collections).reduce((sum, { quarantined }) => sum + quarantined, 0)
  const quarantined =
    bad === 0 ? [] : [`${bad === 1 ? "1 item was" : `${bad} items were`} not delivered. ${IN_QUARANTINE}`]
  const sentences = [...failed, ...denied, ...quarantined]
  return sentences.length === 0 ? null : sentences.join(" ")
}

/** Of a run that read nothing: the one reason, or each stream's. */
export function whyFailed({ connector }: Transaction, run: Run): string {
  const reasons = new Set(run.failed.map(({ reason }) => reason))
  if (reasons.size === 1) return goesOn([...reasons].join(""))
  const titleOf = (stream: string) => connector.streams.find(({ name }) => name === stream)?.title ?? stream
  return goesOn(run.failed.map(({ stream, reason }) => `${titleOf(stream)}: ${ended(reason)}`).join(" "))
}

/** Of a run that ended early: what becomes of the rest. */
export function goesOn(reason: string): string {
  return `${ended(reason)} ${GOES_ON}`
}

function ended(reason: string): string {
  return /[.!?]$/.test(reason) ? reason : `${reason}.`
}
