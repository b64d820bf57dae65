import { describe, expect, test } from "vitest"
import type { Account, Credential, PartnerFailure } from "../../../src/connectors/kit/define.ts"
import { REFUND_EXPAND } from "../../../src/connectors/stripe/follow.ts"
import { stripe } from "../../../src/connectors/stripe.ts"
import { ALL, charge, event, pageContext, streamOf, T } from "./objects.ts"

const key = (value: string): Credential => ({ kind: "key", value })
const feed = streamOf("events")

describe("a key", () => {
  const schema = stripe.auth.find((way) => way.kind === "apiKey")?.schema ?? null
  const ID = "51AbCdEfGhIjKlMnOp"

  test.each([`sk_live_${ID}`, `sk_test_${ID}`, `rk_live_${ID}`, ` rk_test_${ID}\n`])(
    "%j is taken, without the space around it",
    (key) => {
      expect(schema?.parse(key)).toBe(key.trim())
    },
  )

  test.each([
    [`pk_live_${ID}`, "publishable key"],
    ["whsec_abc", "webhook's signing secret"],
    ["ca_abc", "Connect client id"],
    [`sk_org_live_${ID}`, "organization's key"],
    ["shpat_0123", "another product's key"],
    ["pat-na1-0123", "another product's key"],
    ["sk-proj-0123", "another product's key"],
    ["sk_live_", "not complete"],
    ["sk_live_****abcd", "not complete"],
    ["", "begins with sk_live_"],
  ])("%j is refused, and the message names the way out", (key, message) => {
    const said = schema?.safeParse(key).error?.issues[0]?.message ?? ""
    expect(said).toContain(message)
    expect(said).toMatch(/sk_|one account/)
  })
})

describe("the account", () => {
  const answer = (body: unknown) => ({ body, headers: new Headers() })
  const account = { id: "acct_1", email: "owner@acme.com", business_profile: { name: "Acme Inc." } }

  test.each([
    [{ ...account, settings: { dashboard: { display_name: "Acme" } } }, "Acme"],
    [account, "Acme Inc."],
    [{ id: "acct_1", email: "owner@acme.com" }, "owner@acme.com"],
    [{ id: "acct_1" }, "acct_1"],
  ])("of %j is called %s", (body, name) => {
    expect(stripe.account.read(answer(body), key("sk_live_x"))).toEqual({ id: "acct_1", name, mode: "live" })
  })

  test("is read in the key's mode", () => {
    expect(stripe.account.read(answer(account), key("rk_test_x")).mode).toBe("test")
  })

  test("is learned from the refusal where a restricted key may not read it", () => {
    const refusal = (id: string) => ({
      error: {
        type: "invalid_request_error",
        message: `The provided key 'rk_test_****qs8K' does not have the required permissions for this endpoint on account '${id}'. Having the 'rak_accounts_kyc_basic_read' permission would allow this request to continue.`,
      },
    })
    const read = (status: number, id: string) =>
      stripe.classify(status, refusal(id), new Headers(), key("rk_live_x")) as { account?: Account }
    expect(read(403, "acct_1NuzflB0DBR1HOyc").account).toEqual({
      id: "acct_1NuzflB0DBR1HOyc",
      name: "acct_1NuzflB0DBR1HOyc",
      mode: "live",
    })
    expect(read(403, "acct_1****3")).not.toHaveProperty("account")
    expect(read(401, "acct_1NuzflB0DBR1HOyc")).not.toHaveProperty("account")
    expect(stripe.classify(403, {}, new Headers(), key("rk_live_x"))).toBeNull()
  })
})

describe("an answer", () => {
  /** As Stripe documents it: each error has a type. */
  const means = (status: number, error: object, headers = {}): PartnerFailure | null =>
    stripe.classify(
      status,
      { error: { type: "invalid_request_error", ...error } },
      new Headers(headers),
      key("rk_live_x"),
    )

  test.each<[string, number, object, string]>([
    ["a refused key", 401, { message: "Invalid API Key provided: sk_test_****abcd" }, "auth"],
    ["an expired key", 401, { code: "api_key_expired" }, "auth"],
    ["access that was revoked", 403, { code: "account_invalid" }, "auth"],
    ["a missing permission", 403, { message: "... Having the 'rak_charge_read' permission would ..." }, "denied"],
    ["too many requests", 429, { code: "rate_limit" }, "limited"],
    ["a locked object", 429, { code: "lock_timeout" }, "limited"],
    [
      "a page that ended with what is gone",
      400,
      { code: "resource_missing", param: "starting_after" },
      "token_refused",
    ],
    ["an event that is unknown", 404, { message: "No such event", param: "starting_after" }, "token_refused"],
    [
      "an event that is no longer kept",
      400,
      { message: "... because it's aged out of our retention policy" },
      "token_refused",
    ],
    ["a conflict", 409, { message: "try again" }, "transient"],
    ["a fault at another service", 424, {}, "transient"],
    ["an unknown parameter", 400, { code: "parameter_unknown", message: "Received unknown parameter: x" }, "fault"],
  ])("that is %s means it", (_name, status, error, kind) => {
    expect(means(status, error)?.kind).toBe(kind)
  })

  test("of a fault at Stripe is left to the status code", () => {
    expect([means(500, {}), means(503, {})]).toEqual([null, null])
  })

  test("names the permission that is missing, and says nothing of the key", () => {
    const message = "The provided key 'rk_live_****' ... Having the 'rak_subscription_read' permission would ..."
    expect(means(403, { message })).toMatchObject({ reason: expect.stringContaining('"subscription: read"') })
    expect(JSON.stringify([means(403, { message }), means(401, { message })])).not.toContain("rk_live")
  })

  test("asks to wait as long as it says", () => {
    expect(means(429, {}, { "retry-after": "2" })).toMatchObject({ kind: "limited", retryAfterMs: 2000 })
    expect(means(429, {})).toMatchObject({ kind: "limited", retryAfterMs: null })
  })
})

describe("the feed", () => {
  test("is one request of filtered events, newest first, inclusive below", () => {
    const { path, query } = feed.request(pageContext({ window: { from: T * 1000, to: null } }))
    expect(path).toBe("/v1/events")
    expect(query).toMatchObject({ limit: 100, "created[gte]": T, "created[lt]": undefined })
    const types = query?.["types[]"] as string[]
    expect(types).toContain("charge.updated")
    expect(types.length).toBeLessThanOrEqual(20)
  })

  test.each([...ALL])("of %s alone names the types that tell it, at most 20", (name) => {
    const types = feed.request(pageContext({ collections: new Set([name]) })).query?.["types[]"] ?? []
    expect(types).not.toEqual([])
    expect(new Set(types as string[]).size).toBeLessThanOrEqual(20)
  })

  test("goes on after the last event", () => {
    const body = {
      object: "list",
      has_more: true,
      data: [event("charge.succeeded", charge(), undefined, { id: "evt_9" })],
    }
    const { next } = feed.page({ body, headers: new Headers() }, pageContext())
    expect(feed.request(pageContext({ pageToken: next })).query).toMatchObject({ starting_after: "evt_9" })
  })

  test("goes on without bounds, which could cost it the rest of a second, and ends at the window's lower one", () => {
    const window = { from: T * 1000, to: (T + 60) * 1000 }
    const { query } = feed.request(pageContext({ window, pageToken: "evt_9" }))
    expect(Object.keys(query ?? {}).filter((name) => name.startsWith("created"))).toEqual([])
    const made = (id: string, created: number) => event("charge.failed", charge(), undefined, { id, created })
    const body = {
      object: "list",
      has_more: true,
      data: [made("evt_8", T + 1), made("evt_7", T), made("evt_6", T - 1)],
    }
    const page = feed.page({ body, headers: new Headers() }, pageContext({ window, pageToken: "evt_9" }))
    expect(page.records.map(({ id }) => id)).toEqual(["evt_8", "evt_7"])
    expect(page.next).toBeNull()
  })

  test("drops what tells nothing of the chosen collections, and still goes on after it", () => {
    const others = ["payment_intent.created", "invoice.paid"].map((type) => event(type, {}, undefined, { id: type }))
    const body = { object: "list", has_more: true, data: [event("charge.failed", charge()), ...others] }
    const page = feed.page({ body, headers: new Headers() }, pageContext({ collections: new Set(["Charge"]) }))
    expect(page.records.map(({ id }) => id)).toEqual(["evt_charge.failed"])
    expect(page.next).toBe("invoice.paid")
  })
})

describe("a list", () => {
  test.each([
    ["customers", "/v1/customers", undefined],
    ["charges", "/v1/charges", ["data.balance_transaction"]],
    ["refunds", "/v1/refunds", REFUND_EXPAND],
    ["subscriptions", "/v1/subscriptions", undefined],
    ["invoices", "/v1/invoices", undefined],
    ["subscription_changes", "/v1/events", undefined],
    ["invoice_updates", "/v1/events", undefined],
  ])("of %s is asked for at %s with %j expanded", (name, path, expand) => {
    const request = streamOf(name).request(
      pageContext({ window: { from: T * 1000, to: (T + 60) * 1000 }, pageSize: 50 }),
    )
    expect(request.path).toBe(path)
    expect(request.query).toMatchObject({ limit: 50, "created[gte]": T, "created[lt]": T + 60 })
    expect(request.query?.["expand[]"]).toEqual(expand)
  })

  test("of subscriptions holds the ended ones too", () => {
    expect(streamOf("subscriptions").request(pageContext()).query?.status).toBe("all")
  })

  test("that says there is more and holds nothing is none", () => {
    const body = { object: "list", data: [], has_more: true }
    expect(() => streamOf("charges").page({ body, headers: new Headers() }, pageContext())).toThrow("empty page")
  })

  test("that ends names no next page", () => {
    const body = { object: "list", data: [charge()], has_more: false }
    const page = streamOf("charges").page({ body, headers: new Headers() }, pageContext())
    expect(page).toEqual({ records: [{ id: "ch_1", time: T * 1000, body: charge() }], next: null })
  })
})
