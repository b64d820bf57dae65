/** The end of a soak: what arrived, against what each account's ledger says. */
import type { Received } from "../sandbox/intempt/track.ts"
import type { EmailPeriod, Fact } from "../sandbox/stripe/ledger.ts"
import type { CustomerRow } from "../sandbox/stripe/model.ts"
import { sandboxClient } from "../stack/clients.ts"
import type { Stack } from "../stack/stack.ts"
import { compare, expectationOf, toldOf } from "../support/oracle.ts"
import { readSource, type Soaked } from "./sources.ts"

const PAGE = 5_000
/** The events feed goes back this far from the moment a source is connected. */
const FEED_MS = 30 * 86_400_000

type Ask = ReturnType<typeof sandboxClient>

export async function checkAll(
  stack: Stack,
  soaked: readonly Soaked[],
): Promise<{ differences: string[]; repeats: number; items: number }> {
  const ask = sandboxClient(stack)
  const received = await allReceived(ask)
  const differences: string[] = []
  let repeats = 0
  for (const one of soaked) {
    const told = received.filter(({ eventId }) => eventId?.startsWith(`${one.id}/`))
    const span = {
      from: one.from,
      until: Number.POSITIVE_INFINITY,
      changesFrom: one.connectedAt - FEED_MS,
      customersFrom: one.connectedAt,
    }
    const found = compare(expectationOf(await accountOf(ask, one.account), span), toldOf(told))
    const twice = found.filter((difference) => /^(twice|too many)/.test(difference))
    const { live } = await readSource(stack, one.id)
    // Only what was posted without an answer may have arrived more than once, and is counted.
    const allowed = live?.delivery.maybeRepeated ?? 0
    repeats += twice.length
    differences.push(
      ...found
        .filter((difference) => twice.length > allowed || !twice.includes(difference))
        .map((text) => `${one.account}: ${text}`),
    )
  }
  return { differences, repeats, items: received.length }
}

async function allReceived(ask: Ask): Promise<Received[]> {
  const all: Received[] = []
  for (let after: number | null = 0; after !== null; ) {
    const page: { items: Received[]; next: number | null } = await ask("GET", `/received?after=${after}&limit=${PAGE}`)
    all.push(...page.items)
    after = page.next
  }
  return all
}

async function accountOf(ask: Ask, account: string) {
  const facts: Fact[] = []
  let emails: EmailPeriod[] = []
  for (let after: number | null = 0; after !== null; ) {
    const page: { facts: Fact[]; emails: EmailPeriod[]; next: number | null } = await ask(
      "GET",
      `/ledger?account=${account}&after=${after}&limit=${PAGE}`,
    )
    if (after === 0) emails = page.emails
    facts.push(...page.facts)
    after = page.next
  }
  const [customer, invoice] = [
    await rowsOf<CustomerRow>(ask, account, "customer"),
    await rowsOf<{ id: string }>(ask, account, "invoice"),
  ]
  return { facts, emails, tables: { customer: { byId: customer }, invoice: { byId: invoice } } }
}

async function rowsOf<R extends { id: string }>(ask: Ask, account: string, kind: string): Promise<Map<string, R>> {
  const rows = new Map<string, R>()
  for (let after: number | null = 0; after !== null; ) {
    const page: { rows: R[]; next: number | null } = await ask(
      "GET",
      `/objects?account=${account}&kind=${kind}&after=${after}&limit=${PAGE}`,
    )
    for (const row of page.rows) rows.set(row.id, row)
    after = page.next
  }
  return rows
}
