/** The end of a soak: what arrived, against what each account's ledger says. */
import type { Received } from "../sandbox/intempt/track.ts"
import type { Sandbox } from "../sandbox/sandbox.ts"
import type { Stack } from "../stack/stack.ts"
import { compare, expectationOf, toldOf } from "../support/oracle.ts"
import { readSource, type Soaked } from "./sources.ts"

/** The events feed goes back this far from the moment a source is connected. */
const FEED_MS = 30 * 86_400_000

export async function checkAll(stack: Stack, sandbox: Sandbox, soaked: readonly Soaked[]) {
  const { received } = sandbox.intempt
  const differences: string[] = []
  let repeats = 0
  for (const one of soaked) {
    const told = received.filter(({ eventId }) => eventId?.startsWith(`${one.id}/`))
    const found = compare(expectationOf(sandbox.stripe.account(one.account), spanOf(one)), toldOf(told))
    const { live } = await readSource(stack, one.id)
    const extra = told.length - new Set(told.map(sameness)).size
    // Only what was posted without an answer may have arrived more than once, and is counted.
    const areCounted = extra <= (live?.delivery.maybeRepeated ?? 0)
    repeats += extra
    const wrong = found.filter((difference) => !(areCounted && /^(twice|too many)/.test(difference)))
    differences.push(...wrong.map((text) => `${one.account}: ${text}`))
  }
  return { differences, repeats, items: received.length }
}

/** Two states of an object may share a version, which is to the second: they are no repeats of each other. */
function sameness({ eventId, data, userAttributes }: Received): string {
  return JSON.stringify([eventId, data, userAttributes])
}

function spanOf({ from, connectedAt }: Soaked) {
  return { from, until: Number.POSITIVE_INFINITY, changesFrom: connectedAt - FEED_MS, customersFrom: connectedAt }
}
