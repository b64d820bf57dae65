import { describe, expect, it, test } from "vitest"
import type { Draft } from "../../../../src/connectors/kit/define.ts"
import type { JsonValue } from "../../../../src/connectors/kit/item.ts"
import { CHARGE, paid, refunded } from "../../../../src/connectors/kit/rest/charges.ts"
import { text } from "../../../../src/connectors/kit/rest/fields.ts"
import {
  account,
  collectionsOf,
  event,
  type Happening,
  type Telling,
  type Tells,
  user,
} from "../../../../src/connectors/kit/rest/tells.ts"
import { iso } from "../../../../src/connectors/kit/rest/times.ts"

const AT = "2026-01-10T12:00:00.000Z"
const TIME = Date.parse(AT)

function telling(changes: Partial<Telling> = {}): Telling {
  return {
    ...{
      config: { countTestPayments: false },
      account: { id: "a1", name: "Ada", mode: "live" },
      collections: new Set(),
    },
    ...{ identity: "email", via: "feed", followed: [], asked: TIME, connector: "acme", people: { knownBy: "email" } },
    ...{ payments: null, isShownAgain: false },
    ...changes,
  }
}

const drafts = (tells: Tells, row: JsonValue, changes?: Partial<Telling>) => tells.read(row, telling(changes)).drafts
const first = (tells: Tells, row: JsonValue, changes?: Partial<Telling>) => drafts(tells, row, changes)[0] as Draft

describe("a person's row", () => {
  const people = user("People", "A person.", { id: "id", email: "mail" }, { name: text("name", "Name") })
  const row = { id: 7, mail: "Ada@Example.com", name: "Ada" }

  test.each<[string, JsonValue, Partial<Telling>, Partial<Draft>]>([
    ["is under the email, joined to the id", row, {}, { userId: "ada@example.com", formerUserId: "7" }],
    ["is under the id where there is no email", { id: 7 }, {}, { userId: "7" }],
    ["is under the id where the user wants it so", row, { identity: "partnerId" }, { userId: "7" }],
    [
      "has the partner's name and the account in front of an id that others may have too",
      row,
      { people: { knownBy: "email", isScoped: true } },
      { userId: "ada@example.com", formerUserId: "acme:a1:7" },
    ],
  ])("%s", (_, body, changes, expected) => {
    const { userId, formerUserId } = first(people, body, changes)
    expect({ userId, ...(formerUserId && { formerUserId }) }).toEqual(expected)
  })

  it("tells its attributes, what has none any more, and when it changed", () => {
    const dated = user("People", "A person.", { id: "id" }, { name: text("name", "Name") }, { changed: iso("at") })
    expect(first(dated, { ...row, at: AT })).toMatchObject({
      ...{ collection: "People", id: "7", version: TIME, userAttributes: { name: "Ada" }, cleared: "absent" },
    })
  })

  it("without an id is none", () => {
    expect(() => drafts(people, { mail: "ada@example.com" })).toThrow("the record has no id")
  })
})

describe("a company's row", () => {
  const companies = account(
    "Companies",
    "A company.",
    { company: { id: "id", domain: "domain", name: "name" } },
    { name: text("name", "Name") },
  )

  test.each<[string, JsonValue, Partial<Telling>, string]>([
    ["its domain", { id: 1, domain: "acme.com", name: "Acme" }, {}, "acme.com"],
    ["else its name", { id: 1, domain: " ", name: "Acme" }, {}, "Acme"],
    ["else its id", { id: 1 }, { people: { knownBy: "email", isScoped: true } }, "acme:a1:1"],
    ["its id where the user wants it so", { id: 1, domain: "acme.com" }, { identity: "partnerId" }, "1"],
  ])("goes by %s", (_, row, changes, accountId) =>
    expect(first(companies, row, changes)).toMatchObject({ id: "1", accountId }),
  )
})

describe("an event", () => {
  const bought = (changes: Partial<Happening> = {}) =>
    event(
      "Bought",
      "A purchase.",
      { time: iso("at"), who: { id: "by", email: "mail" }, ...changes },
      { sum: text("sum", "Sum") },
    )
  const row = { id: "o1", at: AT, by: "c1", mail: "ada@example.com", sum: "5" }

  it("is one fact of its record, at its time", () => {
    expect(first(bought({ fact: "paid" }), row)).toEqual({
      ...{
        collection: "Bought",
        id: "o1",
        fact: "paid",
        userId: "ada@example.com",
        time: TIME,
        data: { sum: "5" },
        from: row,
      },
    })
  })

  it("names the person by id where some way of the partner knows no email", () => {
    expect(first(bought(), row, { people: { knownBy: "id" } }).userId).toBe("c1")
    const guest = { id: "o1", at: AT, mail: "ada@example.com" }
    expect(first(bought(), guest, { people: { knownBy: "id" } }).userId).toBe("ada@example.com")
  })

  it("that names nobody stands for somebody, and says so", () => {
    expect(first(bought(), { id: "o1", at: AT })).toMatchObject({ userId: "o1", data: { anonymous: true } })
  })

  it("may be a company's alone", () => {
    const signed = bought({ who: { company: { id: "org", domain: "domain" } } })
    const { userId, accountId, data } = first(signed, { id: "o1", at: AT, org: 1, domain: "acme.com" })
    expect({ userId, accountId, data }).toEqual({ userId: undefined, accountId: "acme.com", data: {} })
  })

  it("is told where its condition holds, waits where it may yet come true, and is given up where it cannot", () => {
    const settled = bought({
      ...{ fact: "paid", when: { status: ["paid"] }, never: { status: ["void"] } },
      pending: { while: { status: ["open"] }, since: iso("at") },
    })
    const read = (status: string) => settled.read({ ...row, status }, telling())
    expect(read("paid").drafts).toHaveLength(1)
    expect(read("open")).toMatchObject({ drafts: [], pending: [{ collection: "Bought", key: "o1:paid", time: TIME }] })
    expect(read("void")).toMatchObject({ drafts: [], closed: [{ collection: "Bought", key: "o1:paid" }] })
    expect(read("draft").drafts).toEqual([])
  })

  it("without a time is none, and takes the first that the record has", () => {
    expect(() => drafts(bought(), { id: "o1" })).toThrow("does not say when")
    expect(first(bought({ time: [iso("paid_at"), iso("at")] }), row).time).toBe(TIME)
  })

  it("that comes again with its row counts as shown at its own time", () => {
    expect(first(bought(), row, { isShownAgain: true }).announcedAt).toBe(TIME)
    expect(first(bought({ isShownLater: true }), row).announcedAt).toBe(TIME)
    expect(first(bought(), row).announcedAt).toBeUndefined()
  })

  it("may be each of several parts of a row; one that cannot be read leaves the others", () => {
    const tries = bought({ each: "tries", who: { id: "of.by" }, when: { status: ["failed"] } })
    const told = tries.read(
      {
        ...row,
        tries: [
          { id: "t1", at: AT, status: "failed" },
          { id: "t2", status: "failed" },
          { id: "t3", status: "ok" },
        ],
      },
      telling(),
    )
    expect(told.drafts.map(({ id, userId }) => [id, userId])).toEqual([["t1", "c1"]])
    expect(told.unreadable).toEqual([{ collection: "Bought", reason: "the record does not say when it happened" }])
  })
})

describe("payments", () => {
  const money = { amount: "total", currency: "currency" }
  const happening: Happening = { time: iso("at"), who: { id: "by" } }
  const payment = paid(money, { ...happening, fact: "paid" }, {})
  const row = { id: "p1", at: AT, by: "c1", total: "1234", currency: "USD" }

  it("and refunds are one collection, with the attributes of both", () => {
    const [charge, ...others] = collectionsOf([payment, refunded(money, happening, { why: text("why", "Why") })])
    expect([charge?.name, others]).toEqual([CHARGE, []])
    const names = ["type", "status", "currency", "amount", "amount_refunded", "why", "test", "anonymous"]
    expect(Object.keys(charge?.schema.shape ?? {}).sort()).toEqual(names.sort())
  })

  it("tell an amount in major units", () => {
    expect(first(payment, row, { payments: CHARGE }).data).toEqual({
      ...{ type: "payment", status: "succeeded", currency: "usd", amount: 12.34 },
    })
  })

  it("of test money are told where the user lets them count; what else happens says that it is a test", () => {
    const test = { account: { id: "a1", name: "Ada", mode: "test" as const }, payments: CHARGE }
    expect(drafts(payment, row, test)).toEqual([])
    expect(first(payment, row, { ...test, config: { countTestPayments: true } }).data).toMatchObject({
      amount: 12.34,
      test: true,
    })
    expect(first(event("Seen", "A visit.", happening, {}), row, test).data).toEqual({ test: true })
  })
})
