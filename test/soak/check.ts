/** The end of a soak: what arrived, against what each account's ledger says. */

import { compare, toldOf } from "../oracle/oracle.ts"
import type { Received } from "../sandbox/intempt/track.ts"
import type { Sandbox } from "../sandbox/sandbox.ts"
import type { Stack } from "../stack/stack.ts"
import { readSource, type Soaked } from "./sources.ts"

export async function checkAll(stack: Stack, sandbox: Sandbox, soaked: readonly Soaked[], lastSyncAt: number) {
  const { received } = sandbox.intempt
  const differences: string[] = []
  let repeats = 0
  for (const one of soaked) {
    const told = received.filter(({ eventId }) => eventId?.startsWith(`${one.id}/`))
    const found = compare(one.expectation(lastSyncAt), toldOf(told))
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
