/** Payments of test money: told only where the user lets them count, and then marked. */
import { z } from "zod"
import type { NormalizeContext, Normalized } from "./define.ts"

/** Part of the configuration of every connector that reports payments. */
export interface CountsTests {
  countTestPayments: boolean
}

export const countTestPayments = z
  .boolean()
  .default(false)
  .describe(
    'Whether test payments count as revenue: each is then a Charge like a live one, with "test": true. Left out, or false: no Charge is ' +
      "sent of them. A change holds for what is read from then on: what was sent stays sent. A resync of Charge sends earlier test payments, " +
      "and again all other charges since its start.",
  )

/** Whether a payment is told at all. */
export function isTold(isTest: boolean, { countTestPayments }: CountsTests): boolean {
  return countTestPayments || !isTest
}

/** What a payment's record becomes, by `read`. */
export function payment(
  isTest: boolean,
  { config }: Pick<NormalizeContext<CountsTests>, "config">,
  read: () => Normalized,
): Normalized {
  if (!isTold(isTest, config)) return { drafts: [] }
  const told = read()
  if (!isTest) return told
  return { ...told, drafts: told.drafts.map((draft) => ({ ...draft, data: { ...draft.data, test: true } })) }
}
