/** Sources of simulated Stripe accounts. */
import { expect } from "vitest"
import { compare, expectationOf, type Told } from "../../oracle/oracle.ts"
import { type Account, type AccountOptions, at } from "../../sandbox/stripe/account.ts"
import { createCharge } from "../../sandbox/stripe/charges.ts"
import { evolve } from "../../sandbox/stripe/evolve.ts"
import { type SeedOptions, seedAccount } from "../../sandbox/stripe/seed.ts"
import { DAY, HOUR, now, SECOND } from "./clock.ts"
import { type Business, openSource, type Partner, type Size, type Source, type Wanted } from "./source.ts"
import type { World } from "./world.ts"

const HOST = "api.stripe.com"
const FEED_KEPT_MS = 30 * DAY
/** A page is a hundred. */
const CROWD = 120

const SIZES: Record<Size, SeedOptions> = {
  pages: { customers: 60, days: 400, seed: 3 },
  some: { customers: 25, days: 200, seed: 3 },
  few: { customers: 8, days: 120, seed: 3 },
}

export interface StripeSource extends Source {
  account: Account
}

interface StripeBusiness extends Business {
  account: Account
}

interface StripeWanted extends Omit<Wanted, "history"> {
  history?: Size | SeedOptions | null
  options?: Partial<AccountOptions>
  prepare?(business: StripeBusiness): void
}

export const stripe = {
  connector: "stripe",
  /** Eleven pages make up an account; a consumer that is killed costs the one that was under way. */
  callsAtMost: 16,
  firstName: "Zoë",
  async connect(world: World, wanted: StripeWanted): Promise<StripeSource> {
    const { name, history = "pages", sync = {}, autopilot = false, options = {}, prepare } = wanted
    const { account, key: apiKey } = world.stripe.create({ name, mode: "live", options: { autopilot, ...options } })
    if (history) seedAccount(account, typeof history === "string" ? SIZES[history] : history)
    const business = businessOf(world, account)
    prepare?.(business)
    const source = await openSource(world, { name, sync }, { connector: "stripe", credentials: { apiKey } })
    return { ...source, host: HOST, business, account }
  },
} satisfies Partner

function businessOf(world: World, account: Account): StripeBusiness {
  return {
    account,
    evolve: (steps) => void happen({ account }, () => evolve(account, steps)),
    crowd: () => happen({ account }, crowd),
    between: (afterRequests, change) => world.stripe.between({ account: account.name, afterRequests, change }),
    differences: (told, source, startDate) => differences(account, told, source, startDate),
  }
}

/** Things happen in the account, all in one moment: an event and the ledger's note of it never fall into two seconds. */
export function happen<T>({ account }: Pick<StripeSource, "account">, work: (account: Account) => T): T {
  return at(account, now(), () => work(account))
}

function crowd(account: Account): void {
  for (let left = CROWD; left > 0; left--) createCharge(account, { amount: 1_000 + left })
}

function differences(account: Account, told: readonly Told[], source: Source, startDate: number): string[] {
  const { connectedAt, feedReadAt } = source
  // What no list remembers is told by a feed that forgets, and its far edge moves while it is read: an hour of doubt.
  const changesFrom = feedReadAt - FEED_KEPT_MS + HOUR
  const span = { from: startDate, until: now() + SECOND, changesFrom, customersFrom: connectedAt }
  const isInDoubt = ({ collection, key, time }: Told) => isOfFeed(collection, key) && time < changesFrom
  return compare(
    expectationOf(account, span),
    told.filter((item) => !isInDoubt(item)),
  )
}

function isOfFeed(collection: string, key: string): boolean {
  return (collection === "Subscription change" || collection === "Invoice") && key.startsWith("evt_")
}

/** Pages of lists that were asked for more than once. The feed's newest pages are: its last minutes are read again each time. */
export function pagesReadTwice(world: World, { project }: StripeSource): string[] {
  const asked = world.counters.log.filter(({ account, status }) => account === `${project}/live` && status === 200)
  const pages = asked
    .map(({ path, query }) => path + query)
    .filter((page) => /created%5Blt%5D|starting_after/.test(page))
  expect(pages.length).toBeGreaterThan(0)
  return pages.filter((page, index) => pages.indexOf(page) !== index)
}
