import { beforeAll, describe, expect, it } from "vitest"
import { getConnector } from "../../../src/connectors/index.ts"
import { createPartner, type Partner } from "./partner.ts"
import type { Asked } from "./replay.ts"

const HEADERS: Record<string, Record<string, string>> = {
  stripe: { "x-host": "api.stripe.com" },
  shopify: { "x-host": "bench.myshopify.com" },
}

function partnerOf(connector: string, kind: "recorded" | "many", size: number): Promise<Partner> {
  const found = getConnector(connector)
  if (!found) throw new Error(connector)
  return createPartner(found, { connector, kind, size })
}

/** Both answers, parsed: of the recording, and of the simulation that it is of. */
async function both(partner: Partner, connector: string, asked: Asked) {
  const authorization = `Bearer ${partner.simulated.credential}`
  const headers = { ...HEADERS[connector], authorization, "x-shopify-access-token": partner.simulated.credential }
  const recorded = partner.replay(asked)
  const simulated = await partner.simulate(asked, headers)
  return { recorded: recorded && JSON.parse(recorded.body()), simulated: JSON.parse(simulated.body) }
}

describe("recorded lists of Stripe", () => {
  let partner: Partner
  beforeAll(async () => {
    partner = await partnerOf("stripe", "recorded", 150)
  })
  const ask = (path: string, query: Record<string, string>): Asked => {
    return { method: "GET", path, query: new URLSearchParams(query).toString(), body: "" }
  }
  const customers = async (query: Record<string, string>) => {
    const { recorded, simulated } = await both(partner, "stripe", ask("/v1/customers", query))
    expect(recorded).toEqual(simulated)
    return recorded.data as { id: string; created: number }[]
  }

  it("answer any cut by time and id as the simulation does", async () => {
    const all = await customers({ limit: "100" })
    const [newer, older] = [all[20], all[60]]
    if (!newer || !older) throw new Error("too few customers")
    expect(await customers({ limit: "10", starting_after: newer.id })).toHaveLength(10)
    expect((await customers({ limit: "100", "created[lt]": String(newer.created) })).length).toBeGreaterThan(50)
    const range = { "created[gte]": String(older.created), "created[lt]": String(newer.created) }
    expect((await customers({ limit: "100", ...range })).length).toBeGreaterThanOrEqual(40)
    expect(await customers({ limit: "7", ...range, starting_after: newer.id })).toHaveLength(7)
  })

  it("leave to the simulation what is no list that was recorded", () => {
    expect(partner.replay(ask("/v1/refunds", { charge: "ch_1" }))).toBeNull()
    expect(partner.replay(ask("/v1/account", {}))).toBeNull()
  })
})

describe("recorded lists of Shopify", () => {
  it("answer the connector's own requests, and any earlier cut of them", async () => {
    const partner = await partnerOf("shopify", "recorded", 60)
    const orders = getConnector("shopify")?.streams.find(({ name }) => name === "orders")
    const { account, config } = partner.simulated
    const asked = (to: number | null): Asked => {
      const window = { from: null, to }
      const context = { config, account, window, collections: new Set(orders?.collections), pageToken: null }
      const request = orders?.request({ ...context, pageSize: orders.pageSize })
      return { method: "POST", path: request?.path ?? "", query: "", body: JSON.stringify(request?.body) }
    }
    const whole = await both(partner, "shopify", asked(null))
    expect(whole.recorded.data).toEqual(whole.simulated.data)
    const { edges } = whole.recorded.data.orders
    const cut = await both(partner, "shopify", asked(Date.parse(edges[10].node.createdAt)))
    expect(cut.recorded.data).toEqual(cut.simulated.data)
    expect(cut.recorded.data.orders.edges.length).toBeLessThan(edges.length)
  })
})

describe("many customers", () => {
  it("are as many as were asked for, each once, newest first", async () => {
    const partner = await partnerOf("stripe", "many", 250)
    const seen: { id: string; created: number; email: string }[] = []
    for (let after = "", more = true; more; after = seen.at(-1)?.id ?? "") {
      const query = new URLSearchParams({ limit: "100", ...(after && { starting_after: after }) }).toString()
      const page = partner.replay({ method: "GET", path: "/v1/customers", query, body: "" })
      const { data, has_more } = JSON.parse(page?.body() ?? "{}")
      seen.push(...data)
      more = has_more
    }
    expect(seen).toHaveLength(250)
    expect(new Set(seen.flatMap(({ id, email }) => [id, email])).size).toBe(500)
    expect(seen.map(({ created }) => created)).toEqual(seen.map(({ created }) => created).sort((a, b) => b - a))
  })
})
