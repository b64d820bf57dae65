import { describe, expect, it } from "vitest"
import { captureCharge, createCharge } from "./stripe/charges.ts"
import { createCustomer, deleteCustomer } from "./stripe/customers.ts"
import { createRefund, failRefund } from "./stripe/refunds.ts"
import { cancelNow, createSubscription } from "./stripe/subscriptions.ts"
import { getAs, ids, NOW, testAccount } from "./support.ts"

const DAY_MS = 86_400_000
const UNLIMITED = { rateLimit: null, endpointRateLimit: null }

describe("keys", () => {
  it("refuses a request without a key, with an unknown key, with a rolled key", async () => {
    const { sandbox, key } = testAccount()
    const none = await getAs(sandbox, null, "/v1/customers")
    expect(none.status).toBe(401)
    expect(none.body.error.message).toMatch(/^You did not provide an API key/)
    const unknown = await getAs(sandbox, "sk_test_51unknownABCD1234", "/v1/customers")
    expect(unknown.status).toBe(401)
    expect(unknown.body.error).toMatchObject({
      type: "invalid_request_error",
      message: "Invalid API Key provided: sk_test_*************1234",
    })
    const fresh = sandbox.stripe.rollKey(key)
    const rolled = await getAs(sandbox, key, "/v1/customers")
    expect([rolled.status, rolled.body.error.code]).toEqual([401, "api_key_expired"])
    expect((await getAs(sandbox, fresh.key, "/v1/customers")).status).toBe(200)
  })

  it("names the missing permission of a restricted key, per resource", async () => {
    const { sandbox, account } = testAccount()
    const { key } = sandbox.stripe.addKey({ account: "acme", permissions: ["rak_charge_read", "rak_event_read"] })
    expect(key).toMatch(/^rk_test_/)
    expect((await getAs(sandbox, key, "/v1/charges")).status).toBe(200)
    const denied = await getAs(sandbox, key, "/v1/customers")
    expect(denied.status).toBe(403)
    expect(denied.body.error.message).toContain(`on account '${account.id}'. Having the 'rak_customer_read' permission`)
  })

  it("takes the key as Basic user name too", async () => {
    const { sandbox, key } = testAccount()
    const answer = await getAs(sandbox, null, "/v1/account", { authorization: `Basic ${btoa(`${key}:`)}` })
    expect(answer.status).toBe(200)
  })

  it("keeps test and live mode of one account apart", async () => {
    const { sandbox, account, get } = testAccount()
    const live = sandbox.stripe.create({ name: "acme", mode: "live" })
    createCustomer(live.account, {})
    expect(live.account.id).toBe(account.id)
    expect(ids(await get("/v1/customers"))).toEqual([])
    expect((await getAs(sandbox, live.key, "/v1/customers")).body.data[0]?.livemode).toBe(true)
  })
})

describe("lists", () => {
  it("are newest first, ten long by default, and page by id in both directions", async () => {
    const { sandbox, account, get } = testAccount()
    const made: string[] = []
    for (let at = 0; at < 25; at++) {
      made.unshift(createCharge(account, { amount: 100 + at, outcome: "failed" }).id)
      if (at % 3 === 0) sandbox.clock.advance(1_000)
    }
    const first = await get("/v1/charges")
    expect(ids(first)).toEqual(made.slice(0, 10))
    expect(first.body).toMatchObject({ object: "list", has_more: true, url: "/v1/charges" })
    const second = await get(`/v1/charges?limit=10&starting_after=${made[9]}`)
    expect(ids(second)).toEqual(made.slice(10, 20))
    const third = await get(`/v1/charges?limit=10&starting_after=${made[19]}`)
    expect([ids(third), third.body.has_more]).toEqual([made.slice(20), false])
    const back = await get(`/v1/charges?limit=10&ending_before=${made[20]}`)
    expect([ids(back), back.body.has_more]).toEqual([made.slice(10, 20), true])
    const top = await get(`/v1/charges?limit=10&ending_before=${made[4]}`)
    expect([ids(top), top.body.has_more]).toEqual([made.slice(0, 4), false])
  })

  it("filter by created, bracketed or plain, with cursors inside the range", async () => {
    const { sandbox, account, get } = testAccount()
    const seconds: number[] = []
    const made: string[] = []
    for (let at = 0; at < 6; at++) {
      const { id, created } = createCharge(account, { amount: 100, outcome: "failed" })
      made.push(id)
      seconds.push(created)
      sandbox.clock.advance(1_000)
    }
    expect(ids(await get(`/v1/charges?created[gte]=${seconds[1]}&created[lt]=${seconds[4]}`))).toEqual([
      made[3],
      made[2],
      made[1],
    ])
    expect(ids(await get(`/v1/charges?created[gt]=${seconds[1]}&created[lte]=${seconds[4]}`))).toEqual([
      made[4],
      made[3],
      made[2],
    ])
    expect(ids(await get(`/v1/charges?created=${seconds[2]}`))).toEqual([made[2]])
    const page = await get(`/v1/charges?created[gte]=${seconds[1]}&limit=2&starting_after=${made[3]}`)
    expect([ids(page), page.body.has_more]).toEqual([[made[2], made[1]], false])
  })

  it("leave out deleted customers, whose id still answers with a stub", async () => {
    const { account, get } = testAccount()
    const { id } = createCustomer(account, { email: "a@example.com" })
    createCharge(account, { amount: 100, customer: id })
    deleteCustomer(account, id)
    expect(ids(await get("/v1/customers"))).toEqual([])
    expect((await get(`/v1/customers/${id}`)).body).toEqual({ id, object: "customer", deleted: true })
    const charges = await get("/v1/charges?expand[]=data.customer")
    expect(charges.body.data[0]?.customer).toEqual({ id, object: "customer", deleted: true })
  })

  it("of subscriptions leave out canceled ones unless asked", async () => {
    const { account, get } = testAccount()
    const customer = createCustomer(account, {}).id
    const kept = createSubscription(account, { customer, plan: "team_month_usd" }).id
    const gone = createSubscription(account, { customer, plan: "team_month_usd" }).id
    cancelNow(account, gone)
    expect(ids(await get("/v1/subscriptions"))).toEqual([kept])
    expect(ids(await get("/v1/subscriptions?status=all"))).toEqual([gone, kept])
    expect(ids(await get("/v1/subscriptions?status=canceled"))).toEqual([gone])
    expect(ids(await get("/v1/subscriptions?status=trialing"))).toEqual([])
  })
})

describe("cursors", () => {
  it("are refused when their object was deleted, or dropped out of the default list of subscriptions", async () => {
    const { account, get } = testAccount()
    const [one, two] = [createCustomer(account, {}).id, createCustomer(account, {}).id]
    deleteCustomer(account, two)
    expect((await get(`/v1/customers?starting_after=${two}`)).status).toBe(400)
    const { id } = createSubscription(account, { customer: one, plan: "team_month_usd" })
    cancelNow(account, id)
    expect((await get(`/v1/subscriptions?starting_after=${id}`)).body.error.code).toBe("resource_missing")
    expect((await get(`/v1/subscriptions?status=all&starting_after=${id}`)).status).toBe(200)
  })

  it("lose the rest of their second under lost_second, within a created range only", async () => {
    const { sandbox, account, get } = testAccount()
    const older = createCharge(account, { amount: 100, outcome: "failed" })
    sandbox.clock.advance(1_000)
    for (let made = 0; made < 4; made++) createCharge(account, { amount: 100, outcome: "failed" })
    sandbox.faults.on({ name: "lost_second" })
    const [first = ""] = ids(await get("/v1/charges?limit=1"))
    expect(ids(await get(`/v1/charges?starting_after=${first}`))).toHaveLength(4)
    expect(ids(await get(`/v1/charges?created[gte]=${older.created}&starting_after=${first}`))).toEqual([older.id])
  })
})

describe("refusals", () => {
  it.each([
    ["/v1/customers?limit=0", 400, "parameter_invalid_integer", "limit"],
    ["/v1/customers?limit=101", 400, "parameter_invalid_integer", "limit"],
    ["/v1/customers?limit=ten", 400, "parameter_invalid_integer", "limit"],
    ["/v1/customers?updated[gte]=1", 400, "parameter_unknown", "updated"],
    ["/v1/customers?starting_after=cus_none", 400, "resource_missing", "starting_after"],
    ["/v1/customers/cus_none", 404, "resource_missing", "id"],
  ])("%s answers %i %s", async (path, status, code, param) => {
    const { get } = testAccount()
    const answer = await get(path)
    expect(answer.status).toBe(status)
    expect(answer.body.error).toMatchObject({ type: "invalid_request_error", code, param })
  })

  it("names paths that do not exist", async () => {
    const { get } = testAccount()
    const answer = await get("/v1/customers/")
    expect(answer.status).toBe(404)
    expect(answer.body.error.message).toMatch(/^Unrecognized request URL \(GET: \/v1\/customers\/\)/)
  })

  it("takes at most 20 event types, and not both type and types", async () => {
    const { get } = testAccount()
    const types = (count: number) => Array.from({ length: count }, (_, at) => `types[]=t${at}`).join("&")
    expect((await get(`/v1/events?${types(20)}`)).status).toBe(200)
    expect((await get(`/v1/events?${types(21)}`)).status).toBe(400)
    expect((await get(`/v1/events?type=charge.*&${types(1)}`)).status).toBe(400)
  })

  it("limits requests per second, per account and per endpoint, without a Retry-After", async () => {
    const { sandbox, get } = testAccount()
    for (let call = 0; call < 25; call++) expect((await get("/v1/customers")).status).toBe(200)
    const limited = await get("/v1/customers")
    expect([limited.status, limited.body.error.code]).toEqual([429, "rate_limit"])
    expect(limited.headers.get("retry-after")).toBeNull()
    sandbox.clock.advance(1_000)
    expect((await get("/v1/customers")).status).toBe(200)
  })
})

describe("answers", () => {
  it("carry Date in whole seconds of the sandbox's clock, a request id and the version", async () => {
    const { sandbox, get } = testAccount({ version: "2023-08-16" })
    sandbox.clock.advance(1_999)
    const answer = await get("/v1/account")
    expect(answer.headers.get("date")).toBe(new Date(NOW + 1_000).toUTCString())
    expect(answer.headers.get("request-id")).toMatch(/^req_/)
    expect(answer.headers.get("stripe-version")).toBe("2023-08-16")
    expect((await get("/v1/account", { "stripe-version": "2022-11-15" })).headers.get("stripe-version")).toBe(
      "2022-11-15",
    )
    expect((await get("/v1/account", { "stripe-version": "newest" })).body.error.message).toBe(
      "Invalid Stripe API version: newest",
    )
  })

  it("keep an authorization open for a week, and no longer", () => {
    const { sandbox, account } = testAccount(UNLIMITED)
    const [soon, late] = [1, 2].map(() => createCharge(account, { amount: 1_000, outcome: "uncaptured" }).id)
    sandbox.clock.advance(7 * DAY_MS - 1_000)
    captureCharge(account, soon as string)
    sandbox.clock.advance(1_000)
    expect(() => captureCharge(account, late as string)).toThrow("cannot be captured")
  })

  it("date a balance transaction at the moment at which its money moved", async () => {
    const { sandbox, account, get } = testAccount(UNLIMITED)
    const charge = createCharge(account, { amount: 1_000, outcome: "uncaptured" })
    sandbox.clock.advance(2 * DAY_MS)
    captureCharge(account, charge.id)
    const captured = await get("/v1/charges?expand[]=data.balance_transaction")
    expect(captured.body.data[0]).toMatchObject({
      created: charge.created,
      balance_transaction: { created: charge.created + (2 * DAY_MS) / 1_000 },
    })
    const refund = createRefund(account, { charge: charge.id })
    sandbox.clock.advance(DAY_MS)
    failRefund(account, refund.id)
    const paths = "expand[]=data.balance_transaction&expand[]=data.failure_balance_transaction"
    expect((await get(`/v1/refunds?${paths}`)).body.data[0]).toMatchObject({
      balance_transaction: { created: refund.created, amount: -1_000, type: "refund" },
      failure_balance_transaction: {
        created: refund.created + DAY_MS / 1_000,
        amount: 1_000,
        type: "refund_failure",
      },
    })
  })

  it("expand ids up to four levels, and nothing that is no id", async () => {
    const { account, get } = testAccount(UNLIMITED)
    const { id } = createCustomer(account, { email: "a@example.com" })
    createCharge(account, { amount: 100, customer: id })
    const expanded = await get(
      "/v1/charges?expand[]=data.customer&expand[]=data.balance_transaction&expand[]=data.refunds",
    )
    expect(expanded.body.data[0]).toMatchObject({
      customer: { object: "customer", email: "a@example.com" },
      balance_transaction: { object: "balance_transaction", amount: 100, type: "charge" },
      refunds: { object: "list", data: [] },
    })
    createRefund(account, { charge: String(expanded.body.data[0]?.id) })
    const refunds = await get("/v1/refunds?expand[]=data.charge.customer&expand[]=data.balance_transaction")
    expect(refunds.body.data[0]).toMatchObject({
      charge: { object: "charge", customer: { email: "a@example.com" } },
      balance_transaction: { amount: -100, type: "refund" },
    })
    const message = async (path: string) => (await get(path)).body.error.message
    expect(await message("/v1/charges?expand[]=customer")).toBe(
      "This property cannot be expanded (customer). You may want to try expanding 'data.customer' instead.",
    )
    expect(await message("/v1/charges?expand[]=data.amount")).toBe("This property cannot be expanded (data.amount).")
    expect(await message("/v1/charges?expand[]=data.a.b.c.d")).toMatch(/^You cannot expand more than 4 levels/)
  })
})
