import { describe, expect, test } from "vitest"
import type { Received } from "../sandbox/intempt/track.ts"
import { compare, type Expectation, type ExpectedFact, type Told, toldOf } from "./oracle.ts"

const AT = Date.UTC(2026, 5, 1)

const PAID: ExpectedFact = {
  collection: "Charge",
  key: "ch_1:succeeded",
  record: "ch_1",
  time: AT,
  people: ["ada@example.com"],
  data: { amount: 12.34, currency: "usd" },
  optional: false,
}
const CHANGED: ExpectedFact = { ...PAID, collection: "Subscription change", key: null, record: "sub_1", data: {} }
const EXPECTED: Expectation = {
  facts: [PAID, CHANGED],
  people: [{ key: "cus_1", deleted: false, people: ["ada@example.com"], attributes: { name: "Ada", phone: null } }],
  aliases: [{ former: "cus_1", userId: "ada@example.com" }],
}

const NOBODY = { version: null, anotherUserId: null, data: {}, userAttributes: {} }
const ADA = { userId: "ada@example.com", time: AT }
const CHARGE: Told = {
  ...NOBODY,
  ...ADA,
  collection: "Charge",
  key: "ch_1:succeeded",
  data: { amount: 12.34, currency: "usd" },
}
const CHANGE: Told = {
  ...NOBODY,
  ...ADA,
  collection: "Subscription change",
  key: "evt_1",
  data: { subscription: "sub_1" },
}
const PERSON: Told = {
  ...NOBODY,
  ...ADA,
  collection: "Customers",
  key: "cus_1",
  version: 5,
  userAttributes: { name: "Ada" },
}
const ALIAS: Told = { ...NOBODY, ...ADA, collection: "alias", key: "cus_1:ada@example.com", anotherUserId: "cus_1" }
const ALL = [CHARGE, CHANGE, PERSON, ALIAS]

describe("what arrived", () => {
  test("is found right where it is", () => {
    expect(compare(EXPECTED, ALL)).toEqual([])
  })

  test.each<[string, Told[], string]>([
    ["a fact", [CHANGE, PERSON, ALIAS], "missing: Charge ch_1:succeeded of 2026-06-01"],
    ["a fact without a key of its own", [CHARGE, PERSON, ALIAS], "missing: Subscription change of sub_1 at 2026-06-01"],
    ["a person", [CHARGE, CHANGE, ALIAS], "missing: Customers cus_1"],
    ["an alias", [CHARGE, CHANGE, PERSON], "missing: cus_1 joined to ada@example.com"],
  ])("is found to lack %s", (_name, told, difference) => {
    expect(compare(EXPECTED, told)).toEqual([expect.stringContaining(difference)])
  })

  test.each<[string, Told, string]>([
    ["a fact twice", CHARGE, "twice: Charge ch_1:succeeded arrived 2 times"],
    ["a change twice", CHANGE, "twice: Subscription change evt_1 arrived 2 times"],
    ["a change too many", { ...CHANGE, key: "evt_2" }, "too many: Subscription change of sub_1"],
    ["a fact that never was", { ...CHARGE, key: "ch_2:succeeded" }, "unexpected: Charge of ch_2:succeeded"],
    ["an older state after a newer one", { ...PERSON, version: 4 }, "older after newer: Customers cus_1"],
  ])("is found to hold %s", (_name, extra, difference) => {
    expect(compare(EXPECTED, [...ALL, extra]).join("\n")).toContain(difference)
  })

  test.each<[string, Told, string]>([
    [
      "amount",
      { ...CHARGE, data: { amount: 1234, currency: "usd" } },
      "wrong amount: Charge ch_1:succeeded says 1234 instead of 12.34",
    ],
    ["time", { ...CHARGE, time: AT + 1000 }, "wrong time: Charge ch_1:succeeded is of 2026-06-01T00:00:01.000Z"],
    ["person", { ...CHARGE, userId: "eve@example.com" }, "wrong person: Charge ch_1:succeeded is eve@example.com's"],
    [
      "state",
      { ...PERSON, userAttributes: { name: "Ada", deletedAt: "x" } },
      "wrong state: Customers cus_1 is deleted",
    ],
    [
      "attribute",
      { ...PERSON, userAttributes: { name: "Eve" } },
      'wrong name: Customers cus_1 says "Eve" instead of "Ada"',
    ],
  ])("is found to have the wrong %s", (_name, wrong, difference) => {
    const others = ALL.filter(({ collection }) => collection !== wrong.collection)
    expect(compare(EXPECTED, [...others, wrong]).join("\n")).toContain(difference)
  })

  test("may lack what nobody could read in time", () => {
    expect(compare({ ...EXPECTED, facts: [{ ...PAID, optional: true }, CHANGED] }, [CHANGE, PERSON, ALIAS])).toEqual([])
  })
})

test("the destination's rows are read back by their event ids", () => {
  const row = (eventId: string, item = {}) =>
    ({ eventId, timestamp: AT, userId: "u", data: {}, userAttributes: {}, item }) as Received
  const rows = [
    row("src/Charge/ch_1:succeeded"),
    row("src/Customers/cus_1@5"),
    row("src/alias/cus_1:a@b.c", { anotherUserId: "cus_1" }),
  ]
  expect(toldOf(rows)).toMatchObject([
    { collection: "Charge", key: "ch_1:succeeded", version: null },
    { collection: "Customers", key: "cus_1", version: 5 },
    { collection: "alias", key: "cus_1:a@b.c", anotherUserId: "cus_1" },
  ])
})
