/** What Stripe's accounts hold that no other partner's do, and what the destination received of it. */
import { expect, test } from "vitest"
import { type Account, at } from "../sandbox/stripe/account.ts"
import { createCharge, settleCharge } from "../sandbox/stripe/charges.ts"
import { createCustomer, deleteCustomer, updateCustomer } from "../sandbox/stripe/customers.ts"
import { CURRENCIES } from "../sandbox/stripe/plans.ts"
import { cancelNow, createSubscription } from "../sandbox/stripe/subscriptions.ts"
import { advance, DAY, MINUTE, now } from "./kit/clock.ts"
import { nextRun, settled, sync } from "./kit/drive.ts"
import { expectEqual, received } from "./kit/source.ts"
import { happen, type StripeSource, stripe } from "./kit/stripe.ts"
import { openWorld } from "./kit/world.ts"

const world = openWorld()
/** More than two pages of 100. */
const OVER_TWO_PAGES = 230

test("a first sync of a year tells all that happened in it, in every currency, of guests and of people who left", async () => {
  const prepare = ({ account }: Pick<StripeSource, "account">) =>
    at(account, now() - 40 * DAY, () => {
      deleteCustomer(account, createCustomer(account, { email: "gone@example.com", name: "Gone" }).id)
    })
  const source = await stripe.connect(world, { name: "year", history: { customers: 200, days: 500, seed: 5 }, prepare })
  await settled(world, source)
  expectEqual(world, source)
  const charges = received(world, source).filter(({ collection }) => collection === "Charge")
  expect(new Set(charges.map(({ data }) => data.currency))).toEqual(new Set(CURRENCIES))
  expect(charges.some(({ data }) => !data.customer)).toBe(true)
  expect(source.account.facts.some(({ fact }) => fact === "customer.deleted")).toBe(true)
})

test("changed, removed and taken over emails: a customer's id is joined to each email it has, and never an email to another", async () => {
  const source = await stripe.connect(world, { name: "emails", history: null, prepare: hasThreePeople })
  await settled(world, source)
  const [ada = "", bob = "", eve = ""] = source.account.tables.customer.order.map(({ id }) => id)
  advance(MINUTE)
  const other = happen(source, (account) => {
    updateCustomer(account, ada, { email: "Ada@new.example" })
    updateCustomer(account, bob, { email: null })
    deleteCustomer(account, eve)
    return createCustomer(account, { email: "bob@example.com", name: "The other Bob" })
  })
  await sync(world, source)
  expectEqual(world, source)
  const aliases = received(world, source).filter(({ collection }) => collection === "alias")
  const joined = aliases.map(({ anotherUserId, userId }) => `${anotherUserId} is ${userId}`)
  expect(joined).toEqual(expect.arrayContaining([`${ada} is ada@new.example`, `${other.id} is bob@example.com`]))
  expect(aliases.map(({ anotherUserId }) => anotherUserId).filter((id) => !id?.startsWith("cus_"))).toEqual([])
  const charged = received(world, source).filter(({ collection }) => collection === "Charge")
  expect(charged.map(({ userId }) => userId).sort()).toEqual([ada, bob, eve].sort())
})

test("more records of one second than a page holds, in the past and in the feed", async () => {
  const crowd = (account: Account) => {
    for (let left = OVER_TWO_PAGES; left > 0; left--) createCharge(account, { amount: 1_000 + left })
  }
  const prepare = ({ account }: Pick<StripeSource, "account">) => at(account, now() - 40 * DAY, () => crowd(account))
  const source = await stripe.connect(world, { name: "crowd", history: null, prepare })
  await settled(world, source)
  advance(MINUTE)
  happen(source, crowd)
  await sync(world, source)
  const charges = received(world, source).filter(({ collection }) => collection === "Charge")
  expect(charges).toHaveLength(2 * OVER_TWO_PAGES)
  expect(new Set(charges.map(({ time }) => time)).size).toBe(2)
  expectEqual(world, source)
})

test("a two-year-old subscription that was cancelled last month", async () => {
  const prepare = ({ account }: Pick<StripeSource, "account">) => {
    const subscription = at(account, now() - 730 * DAY, () => {
      const customer = createCustomer(account, { email: "old@example.com" })
      return createSubscription(account, { customer: customer.id, plan: "team_year_eur" })
    })
    at(account, now() - 31 * DAY, () => cancelNow(account, subscription.id))
  }
  const source = await stripe.connect(world, { name: "veteran", history: null, prepare })
  await settled(world, source)
  expectEqual(world, source)
  const [told] = received(world, source).filter(({ collection }) => collection === "Subscription cancelled")
  const [customer] = source.account.tables.customer.order
  expect(told).toMatchObject({ userId: customer?.id })
})

test("a bank debit that is pending when the source starts and succeeds days later", async () => {
  const debits = (account: Account) => [0, 1].map(() => pendingDebit(account).id)
  let ids: string[] = []
  const prepare = ({ account }: Pick<StripeSource, "account">) => {
    ids = at(account, now() - 2 * DAY, () => debits(account))
  }
  const source = await stripe.connect(world, { name: "debit", history: null, sync: { intervalHours: 24 }, prepare })
  await settled(world, source)
  expect(received(world, source)).toEqual([])
  for (let day = 0; day < 3; day++) await nextRun(world, source)
  happen(source, (account) => {
    settleCharge(account, ids[0] ?? "", "succeeded")
    settleCharge(account, ids[1] ?? "", "failed")
  })
  await sync(world, source)
  expectEqual(world, source)
  expect(
    received(world, source)
      .map(({ data }) => data.status)
      .sort(),
  ).toEqual(["failed", "succeeded"])
})

function hasThreePeople({ account }: Pick<StripeSource, "account">): void {
  at(account, now() - 20 * DAY, () => {
    for (const name of ["ada", "bob", "eve"]) {
      const customer = createCustomer(account, { email: `${name}@example.com`, name })
      createCharge(account, { customer: customer.id, amount: 500 })
    }
  })
}

function pendingDebit(account: Account) {
  return createCharge(account, { amount: 5_000, method: "us_bank_account", outcome: "pending" })
}
