/** What is said of a source's money where it would count otherwise than one might think. Told from what is stored: nobody is asked. */
import type { Notice } from "../api/views.ts"
import { connectors, getConnector } from "../connectors/index.ts"
import type { PaidElsewhere } from "../connectors/kit/define.ts"
import { type SourceRow, startedLive } from "../db/sources.ts"
import type { ApiPorts } from "../worker/platform.ts"

/** Of a source, what its money depends on. */
export type Payer = Pick<SourceRow, "id" | "name" | "connector" | "accountMode" | "config" | "collections">

export async function noticesFor({ db }: Pick<ApiPorts, "db">, row: SourceRow): Promise<Notice[]> {
  const others = connectors.filter(({ name, payments }) => payments && name !== row.connector).map(({ name }) => name)
  return noticesOf(row, await startedLive(db, row, others))
}

/** `others`: the project's sources of other partners that are started and read live accounts. Pure; exported for tests. */
export function noticesOf(row: Payer, others: readonly Payer[]): Notice[] {
  const connector = getConnector(row.connector)
  if (!connector?.payments) return []
  if (row.accountMode === "test") return [testMoney(connector.title, connector.payments.collection)]
  if (!tellsPayments(row)) return []
  const elsewhere = saidOf(row)
  return [
    ...others.filter(tellsPayments).flatMap((other) => twice(row, other)),
    ...(elsewhere && elsewhere.length > 0 ? [leftOut(elsewhere)] : []),
  ]
}

function testMoney(title: string, collection: string): Notice {
  return {
    code: "test_money",
    message: `Payments of this account are test money: no ${collection} is sent, so they do not count as revenue. Other events carry "test": true.`,
    remedy: `To count revenue, connect a live ${title} account.`,
  }
}

/**
 * Whoever is connected second asks as it is set up, and then both, until it is answered. The answer is kept by the one that knows by
 * which gateway a payment came.
 */
function twice(row: Payer, other: Payer): Notice[] {
  const [keeper, reporter] = gatewaysOf(row) ? [row, other] : [other, row]
  if (!gatewaysOf(keeper) || saidOf(keeper) !== null) return []
  const called = (one: Payer) => (one === row ? "this source" : `the source "${one.name}" (${one.id})`)
  return [
    {
      code: "payments_twice",
      message: `The source "${other.name}" (${other.id}) may report the same payments as this one: they would count twice.`,
      remedy:
        `Set config.paymentsElsewhere of ${called(keeper)}: each payment gateway whose payments ${called(reporter)} reports, with the ` +
        `day from which it does; an empty list if there is none. GET /sources/${keeper.id}/gateways names those of the latest orders. It may be ` +
        "changed later: what was sent stays sent.",
    },
  ]
}

function leftOut(elsewhere: readonly PaidElsewhere[]): Notice {
  const named = elsewhere.map(({ gateway, from }) => `${gateway} from ${from} on`).join(", ")
  return {
    code: "payments_elsewhere",
    message: `Payments through these gateways are left to another source: ${named}.`,
    remedy:
      "config.paymentsElsewhere may be changed. It holds for what is read from then on: what was sent stays sent, and what was left out " +
      "is not read again.",
  }
}

function gatewaysOf({ connector }: Payer) {
  return getConnector(connector)?.payments?.gateways
}

/** Null: nothing yet. */
function saidOf(row: Payer): readonly PaidElsewhere[] | null {
  return gatewaysOf(row)?.elsewhere(row.config) ?? null
}

function tellsPayments({ connector, collections }: Payer): boolean {
  const payments = getConnector(connector)?.payments
  return collections.some(({ name }) => name === payments?.collection)
}
