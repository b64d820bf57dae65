/** The simulated account of each partner: how it is made, and how something changes in it. */
import { createSandbox, type Sandbox } from "../../sandbox/sandbox.ts"
import { changeCustomer } from "../../sandbox/shopify/actions.ts"
import { seedShop } from "../../sandbox/shopify/people.ts"
import { createCustomer, updateCustomer } from "../../sandbox/stripe/customers.ts"
import { counts, seedAccount } from "../../sandbox/stripe/seed.ts"
import { BENCH_SHOP, type Ready } from "../setup.ts"

/** Of the simulated history. */
export const DAYS = 360

/** Nothing happens in the account by itself, and nothing is limited: the sync is what is measured. */
const QUIET = { rateLimit: null, endpointRateLimit: null, autopilot: false }
const UNLIMITED = { bucket: { maximum: 1e9, rate: 1e9 } }

export interface Simulated extends Omit<Ready, "port"> {
  handle(request: Request): Promise<Response>
  /** Each of so many customers gets another value, which is one item. */
  change(customers: number): void
}

/** `size`: customers of the history; of a shop orders. 0: an account without a past. */
export function simulate(connector: string, size: number): Simulated {
  const make = ACCOUNTS[connector]
  if (!make) throw new Error(`no simulated partner ${connector}`)
  const sandbox = createSandbox({ seed: 1 })
  return { ...make(sandbox, size), handle: (request) => sandbox.handle(request) }
}

const ACCOUNTS: Record<string, (sandbox: Sandbox, size: number) => Omit<Simulated, "handle">> = {
  stripe: stripeAccount,
  shopify: shopifyShop,
}

function stripeAccount({ stripe }: Sandbox, size: number): Omit<Simulated, "handle"> {
  const { account, key } = stripe.create({ name: "bench", mode: "live", options: QUIET })
  if (size > 0) seedAccount(account, { customers: size, days: DAYS })
  let changes = 0
  return {
    account: { id: account.id, name: "bench", mode: "live" },
    config: {},
    credential: key,
    rows: counts(account),
    change(customers) {
      const rows = account.tables.customer.order.filter(({ deleted }) => !deleted).slice(0, customers)
      const metadata = { note: `change ${++changes}` }
      for (const { id } of rows) updateCustomer(account, id, { metadata })
    },
  }
}

function shopifyShop({ shopify }: Sandbox, size: number): Omit<Simulated, "handle"> {
  const { shop, token } = shopify.create({ name: BENCH_SHOP, options: UNLIMITED })
  const rows = seedShop(shop, { customers: Math.round(size * 0.4), orders: size, days: DAYS })
  let changes = 0
  return {
    account: { id: `${BENCH_SHOP}.myshopify.com`, name: "bench", mode: "live" },
    config: { shop: `${BENCH_SHOP}.myshopify.com`, paymentsElsewhere: [] },
    credential: token,
    rows,
    change(customers) {
      const city = `City ${++changes}`
      for (const { id } of [...shop.tables.customer.byId.values()].slice(0, customers))
        changeCustomer(shop, id, { city })
    },
  }
}

/** One customer as Stripe shows it, to write many from. */
export async function stripeCustomer(): Promise<object> {
  const sandbox = createSandbox({ seed: 1 })
  const { account, key } = sandbox.stripe.create({ name: "one", mode: "live", options: QUIET })
  const { id } = createCustomer(account, {
    name: "One",
    email: "one@example.com",
    country: "US",
    phone: "+15555550100",
  })
  const headers = { authorization: `Bearer ${key}` }
  const response = await sandbox.handle(new Request(`https://api.stripe.com/v1/customers/${id}`, { headers }))
  const customer: object = await response.json()
  return customer
}
