/** A realistic past: customers arrive over the given days, subscribe, buy, complain and leave, under a clock that moves through it. */
import { DAY_S, SECOND_MS } from "../clock.ts"
import { type Account, EVENT_RETENTION_S, plan } from "./account.ts"
import { runDue } from "./engine.ts"
import { KINDS } from "./model.ts"
import { considerRefund, PEOPLE } from "./people.ts"

export interface SeedOptions {
  customers: number
  /** How far back the first customer arrives. */
  days: number
  /** Its own randomness, so that one seed is one history whatever the account did before. */
  seed?: number
  /** Purchases without a customer, as a share of the customers. */
  guests?: number
}

export type Counts = Record<string, number>

export function seedAccount(account: Account, options: SeedOptions): Counts {
  const { random } = account
  if (options.seed !== undefined) random.state = (account.seed ^ Math.imul(options.seed, 0x9e3779b1)) >>> 0
  const until = Math.floor(account.clock() / SECOND_MS)
  const from = until - options.days * DAY_S
  account.eventsFrom = until - EVENT_RETENTION_S - DAY_S
  for (let left = options.customers; left > 0; left--) plan(account, random.int(from, until), "arrive", "")
  const guests = Math.round(options.customers * (options.guests ?? 0.2))
  for (let left = guests; left > 0; left--) plan(account, random.int(from, until), "guest", "")
  const charges = account.tables.charge.order
  let seen = charges.length
  runDue(account, until, PEOPLE, () => {
    for (; seen < charges.length; seen++) {
      const charge = charges[seen]
      if (charge) considerRefund(account, charge)
    }
  })
  return counts(account)
}

export function counts(account: Account): Counts {
  const result: Counts = {}
  for (const kind of KINDS) result[kind] = account.tables[kind].order.length
  result.fact = account.facts.length
  result.task = account.tasks.length
  return result
}
