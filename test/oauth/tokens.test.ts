import { describe, expect, it } from "vitest"
import { shopify } from "../../src/connectors/shopify.ts"
import type { OAuthClient } from "../../src/env.ts"
import { tokensPort } from "../../src/oauth/tokens.ts"

const NOW = Date.UTC(2026, 5, 1)
const CONFIG = { shop: "example.myshopify.com", paymentsElsewhere: [] }
const RENEWED = { access_token: "new", refresh_token: "refresh_2", expires_in: 3600 }
const TAKEN = { data: { appUninstall: { app: { id: "1" }, userErrors: [] } } }

/** What becomes of giving a grant back, and with which access token the partner's API was asked. */
async function givingBack(
  expiresAt: number,
  renewal: () => Response,
  status = 200,
  client: OAuthClient | null = { id: "client_1", secrets: ["secret_1"] },
): Promise<{ isDone: boolean; asked: string[] }> {
  const asked: string[] = []
  const port = tokensPort({
    clock: { now: () => NOW, sleep: async () => undefined, timeout: () => new AbortController().signal },
    http: async (url, init) => {
      if (url.endsWith("/admin/oauth/access_token")) return renewal()
      const token = new Headers(init.headers).get("x-shopify-access-token") ?? ""
      asked.push(token)
      const isOver = token === "old" && expiresAt <= NOW
      const headers = { date: new Date(NOW).toUTCString() }
      return Response.json(isOver ? { errors: "no" } : TAKEN, { status: isOver ? 401 : status, headers })
    },
    cipher: { seal: async (plain) => plain, open: async (sealed) => sealed },
    connector: () => shopify,
    client: async () => client,
  })
  const isDone = await port.revoke({
    ref: { org: "o", project: "p", source: "s" },
    connector: "shopify",
    config: CONFIG,
    tokens: {
      ...{ access: "old", refresh: "refresh_1", client: "client_1", expiresAt, lifeMs: 3_600_000 },
      ...{ refreshExpiresAt: null, refreshLifeMs: null },
    },
  })
  return { isDone, asked }
}

describe("a renewal", () => {
  const renewing = (client: OAuthClient | null, isOwnClient?: boolean, answer = () => Response.json(RENEWED)) =>
    tokensPort({
      clock: { now: () => NOW, sleep: async () => undefined, timeout: () => new AbortController().signal },
      http: async () => answer(),
      cipher: { seal: async (plain) => plain, open: async (sealed) => sealed },
      connector: (name) => (name === "shopify" ? shopify : undefined),
      client: async () => client,
    }).refresh({
      ref: { org: "o", project: "p", source: "s" },
      connector: "shopify",
      config: CONFIG,
      tokens: {
        ...{ access: "old", refresh: "refresh_1", client: "client_1", expiresAt: NOW, lifeMs: 3_600_000 },
        ...{ refreshExpiresAt: null, refreshLifeMs: null, ...(isOwnClient !== undefined && { isOwnClient }) },
      },
    })
  const ours: OAuthClient = { id: "client_1", secrets: ["secret_1"] }

  it.each([
    [true, "this project's own OAuth client for Shopify was removed"],
    [false, "this deployment has no OAuth client for Shopify any more"],
    [undefined, "is not set up any more"],
  ])("without the client it was granted to waits for whoever has it (own: %s)", async (isOwn, words) => {
    expect(await renewing(null, isOwn)).toEqual({ kind: "client", reason: expect.stringContaining(words) })
  })

  it("by a client that the partner refuses says who has to act", async () => {
    const refused = () => Response.json({ error: "invalid_client" }, { status: 401 })
    const reasons = [await renewing(ours, false, refused), await renewing({ ...ours, isOwn: true }, true, refused)]
    expect(reasons).toEqual([
      { kind: "client", reason: expect.stringMatching(/\(invalid_client\): the operator/) },
      { kind: "client", reason: expect.stringMatching(/\(invalid_client\): an admin of the project/) },
    ])
  })

  it("notes whose client it was", async () => {
    expect(await renewing(ours)).toMatchObject({ kind: "refreshed", tokens: { isOwnClient: false } })
    expect(await renewing({ ...ours, isOwn: true })).toMatchObject({ tokens: { isOwnClient: true } })
  })
})

describe("a grant is given back", () => {
  const unused = () => Response.error()
  const down = () => new Response("", { status: 503 })
  const spoilt = () => new Response("<html>")
  const over = () => Response.json({ error: "invalid_grant" }, { status: 400 })

  it.each<[string, number, () => Response, boolean, string[]]>([
    ["with the access token at hand", NOW + 60_000, unused, true, ["old"]],
    ["with a renewed one where that has run out", NOW - 1, () => Response.json(RENEWED), true, ["new"]],
    ["later, while it cannot be renewed", NOW - 1, down, false, []],
    ["later, where the renewed one got lost", NOW - 1, spoilt, false, []],
    ["no more, once the partner does not know it", NOW - 1, over, true, ["old"]],
  ])("%s", async (_, expiresAt, renewal, isDone, asked) => {
    expect(await givingBack(expiresAt, renewal)).toEqual({ isDone, asked })
  })

  it("later, while our client is not set up", async () => {
    expect(await givingBack(NOW + 60_000, unused, 200, null)).toEqual({ isDone: false, asked: [] })
  })

  it.each([400, 500])("later, where the partner answers %i: that may pass", async (status) => {
    expect(await givingBack(NOW + 60_000, unused, status)).toEqual({ isDone: false, asked: ["old"] })
  })
})
