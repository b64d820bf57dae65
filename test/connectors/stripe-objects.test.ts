import { describe, expect, test } from "vitest"
import type { JsonValue } from "../../src/connectors/kit/item.ts"
import { customer, DAY, event, fed, invoice, keys, listed, only, T } from "../support/stripe-objects.ts"

type Fields = Record<string, JsonValue>

describe("a customer", () => {
  test("is a person with flat attributes, and its id is joined to the email", () => {
    const full = customer({
      phone: "+49 30 1",
      address: { city: "Berlin", country: "DE", line1: "Secret 1", postal_code: "10115", state: null },
      balance: -250,
      preferred_locales: ["de", "en"],
      metadata: { plan: "gold", "team size": "3" },
      invoice_settings: { default_payment_method: "pm_1" },
    })
    const [item, alias, ...more] = listed("customers", full).items
    expect(more).toEqual([])
    expect(item).toMatchObject({ collection: "Customers", kind: "object", userId: "ada@example.com", key: "cus_1" })
    expect(item?.userAttributes).toEqual({
      stripeCustomerId: "cus_1",
      name: "Ada",
      email: "ada@example.com",
      phone: "+49 30 1",
      city: "Berlin",
      country: "DE",
      postal_code: "10115",
      currency: "usd",
      balance: -2.5,
      delinquent: false,
      preferred_locale: "de",
      created: "2026-06-01T00:00:00.000Z",
      metadata_plan: "gold",
      "metadata_team size": "3",
    })
    expect(alias).toMatchObject({ collection: "alias", userId: "ada@example.com", anotherUserId: "cus_1" })
  })

  test.each<[string, Fields, string, boolean]>([
    ["without an email is its id", { email: null }, "cus_1", false],
    ["with something else for an email is its id", { email: "none" }, "cus_1", false],
    ["without currency and balance has neither", { currency: null, balance: 0 }, "ada@example.com", true],
  ])("%s", (_name, fields, person, joined) => {
    const { items } = listed("customers", customer(fields))
    expect(items[0]?.userId).toBe(person)
    expect(items).toHaveLength(joined ? 2 : 1)
  })

  test("is its id where the user chose Stripe's ids, and needs no joining", () => {
    expect(only(listed("customers", customer(), { identity: "partnerId" }))).toMatchObject({ userId: "cus_1" })
  })

  test.each<[string, Fields | undefined, string[]]>([
    ["customer.created", undefined, ["cus_1:ada@example.com"]],
    ["customer.updated", { email: "Old@Example.com" }, ["cus_1:ada@example.com", "old@example.com:ada@example.com"]],
    ["customer.updated", { email: null }, ["cus_1:ada@example.com"]],
    ["customer.updated", { email: "ADA@example.com" }, ["cus_1:ada@example.com"]],
    ["customer.updated", { name: "A." }, []],
  ])("%s with %j before joins %j", (type, previous, aliases) => {
    const [item, ...rest] = fed(event(type, customer(), previous)).items
    expect(item).toMatchObject({ collection: "Customers", version: T * 1000 })
    expect(rest.map(({ key }) => key)).toEqual(aliases)
  })

  test("that lost its email is its id again, joined to the email that others may have named it by", () => {
    const [item, ...rest] = fed(
      event("customer.updated", customer({ email: null }), { email: "old@example.com" }),
    ).items
    expect(item).toMatchObject({ userId: "cus_1" })
    expect(rest.map(({ key }) => key)).toEqual(["old@example.com:cus_1"])
  })

  test("that is deleted says when", () => {
    const item = only(fed(event("customer.deleted", customer(), undefined, { created: T + DAY })))
    expect(item.userAttributes).toEqual({ stripeCustomerId: "cus_1", deletedAt: "2026-06-02T00:00:00.000Z" })
    expect(item).toMatchObject({ userId: "ada@example.com", version: (T + DAY) * 1000 })
  })
})

describe("an invoice", () => {
  const transitions = (fields: Fields) => ({
    status_transitions: { paid_at: null, voided_at: null, marked_uncollectible_at: null, ...fields },
  })

  test.each<[string, Fields, [string, number][]]>([
    ["that is open", {}, [["Invoice in_1:created", T]]],
    [
      "that was paid",
      transitions({ paid_at: T + DAY }),
      [
        ["Invoice in_1:created", T],
        ["Invoice in_1:paid", T + DAY],
      ],
    ],
    [
      "that was voided",
      transitions({ voided_at: T + DAY }),
      [
        ["Invoice in_1:created", T],
        ["Invoice in_1:voided", T + DAY],
      ],
    ],
    [
      "that was given up and paid after all",
      transitions({ marked_uncollectible_at: T + DAY, paid_at: T + 2 * DAY }),
      [
        ["Invoice in_1:created", T],
        ["Invoice in_1:paid", T + 2 * DAY],
        ["Invoice in_1:uncollectible", T + DAY],
      ],
    ],
  ])("in a list %s tells each at its time", (_name, fields, told) => {
    const result = listed("invoices", invoice(fields))
    expect(keys(result).map((key, index) => [key, (result.items[index]?.time ?? 0) / 1000])).toEqual(told)
  })

  test.each<[string, Fields, string]>([
    ["invoice.created", {}, "in_1:created"],
    ["invoice.paid", transitions({ paid_at: T + DAY }), "in_1:paid"],
    ["invoice.voided", transitions({ voided_at: T + DAY }), "in_1:voided"],
    ["invoice.marked_uncollectible", transitions({ marked_uncollectible_at: T + DAY }), "in_1:uncollectible"],
  ])("announced by %s is the fact of the list", (type, fields, key) => {
    const { announcedAt: _, ...told } = only(fed(event(type, invoice(fields), undefined, { created: T + DAY + 5 })))
    expect(told.key).toBe(key)
    expect(listed("invoices", invoice(fields)).items).toContainEqual(expect.objectContaining(told))
  })

  test("that changes otherwise is told once for each event", () => {
    const body = event("invoice.updated", invoice({ number: "A-1" }), { number: null, due_date: 1 })
    const fact = {
      key: "evt_invoice.updated",
      time: T * 1000,
      data: { status: "updated", changed: "due_date, number", invoice_status: "open" },
    }
    expect(only(fed(body))).toMatchObject(fact)
    expect(only(listed("invoice_updates", body))).toMatchObject(fact)
  })

  test.each<[string, Fields, string | undefined]>([
    ["before 2025-03-31", { subscription: "sub_1" }, "sub_1"],
    ["since", { subscription: null, parent: { subscription_details: { subscription: "sub_1" } } }, "sub_1"],
    ["where there is none", {}, undefined],
  ])("names its subscription %s", (_name, fields, subscription) => {
    expect(listed("invoices", invoice(fields)).items[0]?.data?.subscription).toBe(subscription)
  })

  test("says nothing of later payments when it is told to have been created", () => {
    const paid = invoice({
      ...transitions({ paid_at: T + DAY }),
      amount_paid: 1000,
      amount_remaining: 0,
      status: "paid",
    })
    const [created, settled] = listed("invoices", paid).items
    expect(created?.data).toEqual({
      status: "created",
      invoice: "in_1",
      customer: "cus_1",
      currency: "usd",
      total: 10,
      subtotal: 10,
      amount_due: 10,
    })
    expect(settled?.data).toMatchObject({
      status: "paid",
      amount_paid: 10,
      amount_remaining: 0,
      invoice_status: "paid",
    })
  })

  test("that does not say when it was paid is refused, by name", () => {
    expect(fed(event("invoice.paid", invoice())).rejects).toMatchObject([
      { collection: "Invoice", reason: "the record has no number in status_transitions.paid_at" },
    ])
  })
})
