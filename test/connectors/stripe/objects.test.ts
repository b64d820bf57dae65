import { describe, expect, test } from "vitest"
import type { JsonValue } from "../../../src/connectors/kit/item.ts"
import { customer, DAY, event, fed, invoice, keys, listed, only, pageContext, streamOf, T } from "./objects.ts"

type Fields = Record<string, JsonValue>

const feed = streamOf("events")

/** What `page` makes of events as Stripe would send them: newest first. */
function paged(...events: Fields[]) {
  const body = { object: "list", data: events, has_more: false }
  return feed.page({ body, headers: new Headers() }, pageContext()).records
}

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
      stripe_customerId: "cus_1",
      name: "Ada",
      email: "ada@example.com",
      phone: "+49 30 1",
      city: "Berlin",
      country: "DE",
      stripe_postal_code: "10115",
      stripe_currency: "usd",
      stripe_balance: -2.5,
      stripe_delinquent: false,
      stripe_preferred_locale: "de",
      stripe_created: "2026-06-01T00:00:00.000Z",
      stripe_metadata_plan: "gold",
      "stripe_metadata_team size": "3",
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

  test("of an account older than 2019-10-17 has its balance under another name", () => {
    const { balance: _, ...older } = customer()
    const body = event("customer.updated", { ...older, account_balance: -500 }, { account_balance: 0 })
    expect(only(fed(body)).userAttributes).toMatchObject({ stripe_balance: -5 })
  })

  test("is its id where the user chose Stripe's ids, and needs no joining", () => {
    expect(only(listed("customers", customer(), { identity: "partnerId" }))).toMatchObject({ userId: "cus_1" })
  })

  test.each<[string, Fields | undefined, string[]]>([
    ["customer.created", undefined, ["cus_1:ada@example.com"]],
    ["customer.updated", { email: "Old@Example.com" }, ["cus_1:ada@example.com"]],
    ["customer.updated", { email: null }, ["cus_1:ada@example.com"]],
    ["customer.updated", { email: "ADA@example.com" }, ["cus_1:ada@example.com"]],
    ["customer.updated", { name: "A." }, []],
  ])("%s with %j before joins %j", (type, previous, aliases) => {
    const [item, ...rest] = fed(event(type, customer(), previous)).items
    expect(item).toMatchObject({ collection: "Customers", version: T * 1000 })
    expect(rest.map(({ key }) => key)).toEqual(aliases)
  })

  test("that lost its email is its id again; of the former email nothing is joined, it may be somebody else's", () => {
    const lost = fed(event("customer.updated", customer({ email: null }), { email: "old@example.com" })).items
    expect(lost.map(({ userId, anotherUserId }) => [userId, anotherUserId])).toEqual([["cus_1", undefined]])
  })

  test("is told with what was removed, exactly", () => {
    const before = {
      phone: "+49 30 1",
      description: "VIP",
      address: { city: "Berlin", state: "BE", postal_code: "10115", country: "DE" },
      preferred_locales: ["de"],
      metadata: { plan: "gold", seats: "3" },
      tax_exempt: "none",
    }
    const now = customer({ address: null, metadata: { plan: "silver" }, preferred_locales: [], tax_exempt: "exempt" })
    expect(only(fed(event("customer.updated", now, before))).cleared).toEqual({
      stripe_description: "text",
      stripe_metadata_seats: "text",
      stripe_postal_code: "text",
      stripe_preferred_locale: "text",
      stripe_state: "text",
    })
    expect(only(fed(event("customer.updated", customer(), { name: "A." })))).not.toHaveProperty("cleared")
  })

  test("that changed several times within a page is told with what all of the changes removed, and did not set again", () => {
    const change = (id: string, fields: Fields, previous: Fields) =>
      event("customer.updated", customer(fields), previous, { id })
    const records = paged(
      change("evt_3", { metadata: { a: "3" } }, { metadata: { a: null } }),
      change("evt_2", { metadata: {} }, { metadata: { a: "1" } }),
      change("evt_1", { metadata: { a: "1" } }, { description: "VIP", metadata: { b: "1" } }),
    )
    const [newest] = records.map(({ body }) => only(fed(body as Fields)))
    expect(newest?.cleared).toEqual({ stripe_description: "text", stripe_metadata_b: "text" })
    expect(newest?.userAttributes).toMatchObject({ stripe_metadata_a: "3" })
  })

  test("that changed again on an earlier page is asked for, so that what was removed before is told with its present state", () => {
    const page = (pageToken: string | null, ...data: Fields[]) =>
      feed.page({ body: { object: "list", data, has_more: true }, headers: new Headers() }, pageContext({ pageToken }))
    const [now, then] = [customer({ name: "Ada L.", metadata: { a: "3" } }), customer({ metadata: { a: "3" } })]
    const first = page(null, event("customer.updated", now, { name: "Ada" }, { id: "evt_2" }))
    expect(feed.lookup?.requests(first.records, pageContext())).toEqual([])
    const removal = event("customer.updated", then, { description: "VIP", metadata: { b: "1" } }, { id: "evt_1" })
    const second = page(first.next, removal)
    const context = pageContext({ pageToken: first.next })
    expect(feed.request(context).query).toMatchObject({ starting_after: "evt_2" })
    expect(feed.lookup?.requests(second.records, context)).toEqual([{ path: "/v1/customers/cus_1" }])
    expect(feed.lookup?.requests(second.records, pageContext())).toEqual([])
    const asked = (T + DAY) * 1000
    const [, told] = fed(second.records[0]?.body as Fields, { followed: [now], asked }).items
    expect(told).toMatchObject({ key: "cus_1", version: asked, userAttributes: { name: "Ada L." } })
    expect(told?.cleared).toEqual({ stripe_description: "text", stripe_metadata_b: "text" })
    expect(fed(removal, { followed: [{ id: "cus_1", object: "customer", deleted: true }] }).items).toHaveLength(1)
  })

  test("that is deleted says when", () => {
    const item = only(fed(event("customer.deleted", customer(), undefined, { created: T + DAY })))
    expect(item.userAttributes).toEqual({ stripe_customerId: "cus_1", stripe_deletedAt: "2026-06-02T00:00:00.000Z" })
    expect(item).toMatchObject({ userId: "ada@example.com", version: (T + DAY) * 1000 + 999 })
  })
})

describe("customers of one email", () => {
  const deletion = (id: string, email: string | null) =>
    event("customer.deleted", customer({ id, email }), undefined, { id: `evt_${id}` })
  const answer = (...data: Fields[]) => ({ followed: [{ object: "list", data, has_more: false }] })

  test("are asked for by the email as Stripe spells it when one of them is deleted", () => {
    const requests = feed.lookup?.requests(paged(deletion("cus_1", "Ada@Example.com")), pageContext())
    expect(requests).toEqual([{ path: "/v1/customers", query: { email: "Ada@Example.com", limit: 10 } }])
    expect(feed.lookup?.requests(paged(deletion("cus_1", null)), pageContext())).toEqual([])
  })

  test("are not deleted while another is left: the person is told as that one, with nothing of the other left over", () => {
    const [older, newer] = [customer({ id: "cus_2" }), customer({ id: "cus_3", created: T + 5, description: "New" })]
    const left = answer(older, newer, customer({ id: "cus_4", email: "other@example.com" }))
    const item = only(fed(deletion("cus_1", "Ada@Example.com"), left))
    expect(item).toMatchObject({ userId: "ada@example.com", key: "cus_3" })
    expect(item.userAttributes).toMatchObject({ stripe_customerId: "cus_3", stripe_description: "New" })
    expect(item.userAttributes).not.toHaveProperty("stripe_deletedAt")
    expect(item.cleared).toMatchObject({ stripe_postal_code: "text" })
  })

  test("are deleted when none is left", () => {
    const item = only(fed(deletion("cus_1", "Ada@Example.com"), answer()))
    expect(item.userAttributes).toMatchObject({ stripe_customerId: "cus_1", stripe_deletedAt: expect.any(String) })
  })

  test("that are deleted in numbers cost a page two questions each: it ends before the third email", () => {
    const emails = ["a@x.example", "b@x.example", "a@x.example", "c@x.example", "d@x.example"]
    const events = emails.map((email, index) => deletion(`cus_${index}`, email))
    const page = feed.page(
      { body: { object: "list", data: events, has_more: false }, headers: new Headers() },
      pageContext(),
    )
    expect(page.records.map(({ id }) => id)).toEqual(["evt_cus_0", "evt_cus_1", "evt_cus_2"])
    expect(feed.request(pageContext({ pageToken: page.next })).query).toMatchObject({ starting_after: "evt_cus_2" })
    expect(feed.lookup?.requests(page.records, pageContext())).toHaveLength(2)
  })
})

describe("with people switched off", () => {
  const collections = new Set(["Charge", "alias"])

  test("customers are read for the joining of their ids alone", () => {
    expect(keys(listed("customers", customer(), { collections }))).toEqual(["alias cus_1:ada@example.com"])
    expect(keys(fed(event("customer.updated", customer(), { email: null }), { collections }))).toEqual([
      "alias cus_1:ada@example.com",
    ])
    expect(keys(fed(event("customer.deleted", customer()), { collections }))).toEqual([])
    expect(feed.request(pageContext({ collections })).query?.["types[]"]).toContain("customer.updated")
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
      data: { status: "updated", changed: "due_date, number", invoice_status: "open", number: "A-1", amount_due: 10 },
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

  test("of an account older than 2019-10-17 names how it is collected otherwise", () => {
    const body = event("invoice.paid", invoice({ billing: "send_invoice" }))
    expect(only(fed(body)).data).toMatchObject({ collection_method: "send_invoice" })
  })

  test("says nothing of what came later when it is told to have been created", () => {
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
    })
    expect(settled?.data).toMatchObject({
      status: "paid",
      total: 10,
      amount_paid: 10,
      amount_remaining: 0,
    })
  })

  test("that was given up says nothing of what is paid later", () => {
    const late = invoice({
      ...transitions({ marked_uncollectible_at: T + DAY, paid_at: T + 9 * DAY }),
      ...{ amount_paid: 1000, amount_remaining: 0, status: "paid", number: "A-1" },
    })
    const then = invoice({
      ...transitions({ marked_uncollectible_at: T + DAY }),
      status: "uncollectible",
      number: "A-1",
    })
    const { announcedAt: _, ...fact } = only(fed(event("invoice.marked_uncollectible", then)))
    expect(listed("invoices", late).items).toContainEqual(expect.objectContaining(fact))
    expect(fact.data).toMatchObject({ number: "A-1", total: 10, amount_due: 10 })
    expect(fact.data).not.toHaveProperty("amount_remaining")
  })

  test.each(["invoice.paid", "invoice.voided"])("that does not say when is of the time of %s", (type) => {
    const item = only(fed(event(type, invoice({ status: "void" }), undefined, { created: T + DAY })))
    expect(item).toMatchObject({ collection: "Invoice", time: (T + DAY) * 1000 })
  })

  test("belongs to the customer by id, whatever email was written on it", () => {
    expect(only(listed("invoices", invoice())).userId).toBe("cus_1")
    expect(only(fed(event("invoice.created", invoice()))).userId).toBe("cus_1")
  })

  test("of test money says so", () => {
    expect(only(listed("invoices", invoice({ livemode: false }))).data).toMatchObject({ test: true })
    expect(only(listed("invoices", invoice())).data).not.toHaveProperty("test")
  })
})
