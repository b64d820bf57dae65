/** What the destination received equals what the account holds: compared field by field, nothing missing, nothing twice. */
import { expect, test } from "vitest"
import { type Account, at } from "../sandbox/stripe/account.ts"
import { createCharge, settleCharge } from "../sandbox/stripe/charges.ts"
import { createCustomer, deleteCustomer, updateCustomer } from "../sandbox/stripe/customers.ts"
import { evolve } from "../sandbox/stripe/evolve.ts"
import { CURRENCIES } from "../sandbox/stripe/plans.ts"
import { cancelNow, createSubscription } from "../sandbox/stripe/subscriptions.ts"
import { advance, DAY, MINUTE, now } from "./kit/clock.ts"
import { nextRun, settled, sync } from "./kit/drive.ts"
import { connect, expectEqual, happen, received } from "./kit/source.ts"
import { openWorld } from "./kit/world.ts"

const world = openWorld()
/** More than two pages of 100. */
const OVER_TWO_PAGES = 230

test("a first sync of a year tells all that happened in it, in every currency, of guests and of people who left", async () => {
  const source = await connect(world, { name: "year", history: { customers: 200, days: 500, seed: 5 } })
  await settled(world, source)
  expectEqual(world, source)
  const charges = received(world, source).filter(({ collection }) => collection === "Charge")
  expect(new Set(charges.map(({ data }) => data.currency))).toEqual(new Set(CURRENCIES))
  expect(charges.some(({ data }) => !data.customer)).toBe(true)
  expect(source.account.facts.some(({ fact }) => fact === "customer.deleted")).toBe(true)
})

test("changes between syncs arrive with the next one, and nothing else", async () => {
  const source = await connect(world, { name: "changes" })
  await settled(world, source)
  for (let round = 0; round < 4; round++) {
    advance(MINUTE)
    happen(source, (account) => evolve(account, 40))
    await sync(world, source)
    expectEqual(world, source)
  }
})

test("changed, removed and taken over emails: what a person was known by is joined to what they are known by", async () => {
  const source = await connect(world, { name: "emails", history: null, prepare: hasThreePeople })
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
  expect(joined).toContain("ada@example.com is ada@new.example")
})

test("more records of one second than a page holds, in the past and in the feed", async () => {
  const crowd = (account: Account) => {
    for (let left = OVER_TWO_PAGES; left > 0; left--) createCharge(account, { amount: 1_000 + left })
  }
  const prepare = (account: Account) => at(account, now() - 40 * DAY, () => crowd(account))
  const source = await connect(world, { name: "crowd", history: null, prepare })
  await settled(world, source)
  advance(MINUTE)
  happen(source, crowd)
  await sync(world, source)
  const charges = received(world, source).filter(({ collection }) => collection === "Charge")
  expect(charges).toHaveLength(2 * OVER_TWO_PAGES)
  expect(new Set(charges.map(({ time }) => time)).size).toBe(2)
  expectEqual(world, source)
})

test("records created, changed and deleted between the pages of a running sync", async () => {
  const source = await connect(world, { name: "between" })
  const change = (account: Account) => void happen({ account }, () => evolve(account, 3))
  for (let afterRequests = 1; afterRequests <= 12; afterRequests++)
    world.stripe.between({ account: "between", afterRequests, change })
  await settled(world, source)
  // What happened right after the last page is told by the next sync, and what happens right after that one's by the next.
  await sync(world, source)
  await sync(world, source)
  expectEqual(world, source)
})

test("events that become visible minutes after their time", async () => {
  const source = await connect(world, { name: "late" })
  await settled(world, source)
  const fault = world.faults.on({ name: "slow_visibility", account: "late", options: { seconds: 240 } })
  for (let round = 0; round < 5; round++) {
    advance(MINUTE)
    happen(source, (account) => evolve(account, 20))
    await sync(world, source)
  }
  world.faults.off(fault)
  advance(5 * MINUTE)
  await sync(world, source)
  expectEqual(world, source)
})

test("a two-year-old subscription that was cancelled last month", async () => {
  const prepare = (account: Account) => {
    const subscription = at(account, now() - 730 * DAY, () => {
      const customer = createCustomer(account, { email: "old@example.com" })
      return createSubscription(account, { customer: customer.id, plan: "team_year_eur" })
    })
    at(account, now() - 31 * DAY, () => cancelNow(account, subscription.id))
  }
  const source = await connect(world, { name: "veteran", history: null, prepare })
  await settled(world, source)
  expectEqual(world, source)
  const [told] = received(world, source).filter(({ collection }) => collection === "Subscription cancelled")
  expect(told).toMatchObject({ userId: "old@example.com" })
})

test("a bank debit that is pending when the source starts and succeeds days later", async () => {
  const debits = (account: Account) => [0, 1].map(() => pendingDebit(account).id)
  let ids: string[] = []
  const prepare = (account: Account) => {
    ids = at(account, now() - 2 * DAY, () => debits(account))
  }
  const source = await connect(world, { name: "debit", history: null, sync: { intervalHours: 24 }, prepare })
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

test("a month of business, read day by day", async () => {
  const source = await connect(world, { name: "month", options: { autopilot: true }, sync: { intervalHours: 24 } })
  await settled(world, source)
  for (let day = 0; day < 31; day++) {
    happen(source, (account) => evolve(account, 5))
    await nextRun(world, source)
  }
  await sync(world, source)
  expectEqual(world, source)
})

function hasThreePeople(account: Account): void {
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
