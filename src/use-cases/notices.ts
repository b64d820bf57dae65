/** What is said of a source's money where it would count otherwise than one might think. Told from what is stored: nobody is asked. */
import type { Notice } from "../api/views.ts"
import { connectors, getConnector } from "../connectors/index.ts"
import type { PaidElsewhere } from "../connectors/kit/define.ts"
import { type SourceRow, startedOf } from "../db/sources.ts"
import type { ApiPorts } from "../worker/platform.ts"

/** Of a source, what its money depends on. */
export type Payer = Pick<SourceRow, "id" | "name" | "connector" | "accountMode" | "config" | "collections">

export async function noticesFor({ db }: Pick<ApiPorts, "db">, row: SourceRow): Promise<Notice[]> {
  const others = connectors.filter(({ name, payments }) => payments && name !== row.connector).map(({ name }) => name)
  return noticesOf(row, await startedOf(db, row, others))
}

/** `others`: the project's sources of other partners that are started. Pure; exported for tests. */
export function noticesOf(row: Payer, others: readonly Payer[]): Notice[] {
  const connector = getConnector(row.connector)
  if (!connector?.payments) return []
  if (isTest(row) && !countsTests(row)) return [testMoney(row, connector.title, connector.payments.collection)]
  if (!tellsPayments(row)) return []
  const elsewhere = saidOf(row)
  return [
    ...(countsTests(row) ? [testsCount(row, connector.payments.collection)] : []),
    // What is paid with test money is not paid with live money too.
    ...others
      .filter((other) => isTest(other) === isTest(row) && tellsPayments(other))
      .flatMap((other) => twice(row, other)),
    ...(elsewhere && elsewhere.length > 0 ? [leftOut(elsewhere)] : []),
  ]
}

function testMoney(row: Payer, title: string, collection: string): Notice {
  return {
    code: "test_money",
    message: `Payments of this account are test money: no ${collection} is sent, so they do not count as revenue. Other events carry "test": true.`,
    remedy:
      `To count revenue, connect a live ${title} account. To let test payments count, set config.countTestPayments: ${patchOf(row, true)}. It ` +
      `holds for what is read from then on; a resync of ${collection} sends earlier ones.`,
  }
}

function testsCount(row: Payer, collection: string): Notice {
  return {
    code: "test_payments_count",
    message: `Test payments count as revenue: each is sent as a ${collection} with "test": true.`,
    remedy:
      `So config.countTestPayments says. To leave them out: ${patchOf(row, false)}. It holds for what is read from then on. What was sent ` +
      "stays sent.",
  }
}

function patchOf({ id }: Payer, countTestPayments: boolean): string {
  return `PATCH /sources/${id} with ${JSON.stringify({ config: { countTestPayments } })}`
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

function isTest({ accountMode }: Payer): boolean {
  return accountMode === "test"
}

function countsTests({ connector, config }: Payer): boolean {
  return getConnector(connector)?.payments?.countsTests(config) ?? false
}

function tellsPayments(row: Payer): boolean {
  const payments = getConnector(row.connector)?.payments
  return row.collections.some(({ name }) => name === payments?.collection) && (!isTest(row) || countsTests(row))
}
