import { describe, expect, it } from "vitest"
import type { JsonObject } from "./json.ts"
import { type Account, CURRENT_VERSION, now } from "./stripe/account.ts"
import { runDue } from "./stripe/engine.ts"
import { evolve } from "./stripe/evolve.ts"
import { KINDS } from "./stripe/model.ts"
import { PEOPLE } from "./stripe/people.ts"
import { seedAccount } from "./stripe/seed.ts"
import { NOW, testAccount } from "./support.ts"

const SEED = { customers: 300, days: 400, seed: 11 }

/** Money facts of the last 30 days, told by the events alone. */
function moneyInEvents(account: Account): string[] {
  const told = new Set<string>()
  for (const event of account.tables.event.order) {
    const { object } = JSON.parse(event.data) as { object: JsonObject }
    const paid = object.status === "succeeded" && object.captured === true
    const isPayment = event.type === "charge.succeeded" || event.type === "charge.captured"
    if (isPayment && paid) told.add(`charge.succeeded ${object.id} ${object.amount_captured} ${object.currency}`)
    if (event.type === "charge.failed") told.add(`charge.failed ${object.id} ${object.amount} ${object.currency}`)
    const isRefund = event.type === "refund.created" || event.type === "refund.updated"
    if (isRefund && object.status === "succeeded")
      told.add(`refund.succeeded ${object.id} ${object.amount} ${object.currency}`)
  }
  return [...told].sort()
}

function moneyInLedger(account: Account, from: number): string[] {
  const told: string[] = []
  for (const { fact, id, at, data } of account.facts) {
    if (at < from || !["charge.succeeded", "charge.failed", "refund.succeeded"].includes(fact)) continue
    told.push(`${fact} ${id} ${data.amountMinor} ${data.currency}`)
  }
  return told.sort()
}

describe("the ledger", () => {
  it("tells the same money as the events do, seeded or evolved", () => {
    const { sandbox, account } = testAccount()
    seedAccount(account, SEED)
    for (let round = 0; round < 20; round++) {
      evolve(account, 20)
      sandbox.clock.advance(60_000)
    }
    const ledger = moneyInLedger(account, account.eventsFrom)
    expect(ledger.length).toBeGreaterThan(100)
    expect(moneyInEvents(account)).toEqual(ledger)
  })

  it("adds up to what the objects say", () => {
    const { account } = testAccount()
    seedAccount(account, SEED)
    const paid = new Map<string, number>()
    for (const { fact, id, data } of account.facts) {
      const amount = Number(data.amountMinor)
      if (fact === "charge.succeeded") paid.set(id, (paid.get(id) ?? 0) + amount)
    }
    for (const charge of account.tables.charge.order) {
      const expected = charge.status === "succeeded" && charge.captured ? charge.amountCaptured : undefined
      expect(paid.get(charge.id)).toBe(expected)
      const refunded = charge.refunds
        .map((id) => account.tables.refund.byId.get(id))
        .filter((refund) => refund?.status !== "failed")
      expect(charge.amountRefunded).toBe(refunded.reduce((sum, refund) => sum + (refund?.amount ?? 0), 0))
    }
  })

  it("dates an act as its record does, though the clock goes on meanwhile", () => {
    let ticks = NOW
    const { account } = testAccount({}, { clock: () => (ticks += 90) })
    seedAccount(account, { customers: 60, days: 60, seed: 4 })
    evolve(account, 300)
    const ends = account.facts.filter(({ fact, at }) => fact === "subscription.canceled" && at * 1000 > NOW)
    expect(ends.length).toBeGreaterThan(5)
    for (const { id, at } of ends) expect(account.tables.subscription.byId.get(id)?.endedAt).toBe(at)
  })

  it("remembers every address a customer had", () => {
    const { account } = testAccount()
    seedAccount(account, SEED)
    const changed = account.facts.filter((fact) => fact.fact === "customer.email_changed")
    expect(changed.length).toBeGreaterThan(0)
    for (const { id, data } of changed) {
      const had = account.emails.filter((period) => period.customer === id).map((period) => period.email)
      expect(had).toContain(data.email)
      expect(had).toContain(data.formerEmail)
    }
  })
})

describe("a year of life", () => {
  it.each(["2020-08-27", "2024-06-20", "2025-03-31.basil", CURRENT_VERSION])(
    "contradicts itself nowhere in version %s",
    (version) => {
      const { sandbox, account } = testAccount({ version })
      seedAccount(account, { customers: 80, days: 200, seed: 2 })
      for (let round = 0; round < 80; round++) {
        evolve(account, 6)
        sandbox.clock.advance(account.random.int(0, 4 * 86_400_000))
        runDue(account, now(account), PEOPLE)
      }
      const ids = KINDS.flatMap((kind) => account.tables[kind].order.map((row) => row.id))
      expect(new Set(ids).size).toBe(ids.length)
      const paid = account.facts.filter((fact) => fact.fact === "charge.succeeded").map((fact) => fact.id)
      expect(new Set(paid).size).toBe(paid.length)
      for (const charge of account.tables.charge.order) {
        expect(charge.amountRefunded).toBeGreaterThanOrEqual(0)
        expect(charge.amountRefunded).toBeLessThanOrEqual(charge.amount)
      }
      const times = account.facts.map((fact) => fact.at)
      expect(times).toEqual([...times].sort((a, b) => a - b))
    },
  )
})

describe("a seed", () => {
  it("is the same history for the same seed and clock", () => {
    const once = testAccount().account
    const again = testAccount().account
    seedAccount(once, SEED)
    seedAccount(again, SEED)
    expect(JSON.stringify(again.facts)).toBe(JSON.stringify(once.facts))
    expect(again.tables.event.order).toEqual(once.tables.event.order)
  })

  it("spreads over more than a year, in several currencies and every state, with guests and deletions", () => {
    const { account } = testAccount()
    seedAccount(account, { customers: 1_500, days: 420, seed: 3 })
    const { customer, charge, subscription, invoice, event } = account.tables
    const days = (rows: { created: number }[]) => (NOW / 1_000 - (rows[0]?.created ?? 0)) / 86_400
    expect(days(customer.order)).toBeGreaterThan(400)
    expect(days(event.order)).toBeLessThanOrEqual(31)
    expect(new Set(charge.order.map((row) => row.currency)).size).toBe(5)
    expect(new Set(subscription.order.map((row) => row.status)).size).toBeGreaterThanOrEqual(6)
    expect(new Set(invoice.order.map((row) => row.status)).size).toBeGreaterThanOrEqual(4)
    const guests = charge.order.filter((row) => row.customer === null)
    expect(guests.some((row) => row.billingEmail === null && row.receiptEmail === null)).toBe(true)
    expect(customer.order.some((row) => row.deleted)).toBe(true)
    expect(customer.order.some((row) => row.email === null)).toBe(true)
    for (const row of charge.order) if (row.currency === "kwd") expect(row.amount % 10).toBe(0)
  })
})
