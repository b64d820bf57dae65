import { describe, expect, it } from "vitest"
import { shopify } from "../../src/connectors/shopify.ts"
import { tokensPort } from "../../src/oauth/tokens.ts"

const NOW = Date.UTC(2026, 5, 1)
const CONFIG = { shop: "example.myshopify.com", paymentsReportedElsewhere: false }
const RENEWED = { access_token: "new", refresh_token: "refresh_2", expires_in: 3600 }
const TAKEN = { data: { appUninstall: { app: { id: "1" }, userErrors: [] } } }

/** What becomes of giving a grant back, and with which access token the partner's API was asked. */
async function givingBack(expiresAt: number, renewal: () => Response): Promise<{ isDone: boolean; asked: string[] }> {
  const asked: string[] = []
  const port = tokensPort({
    clock: { now: () => NOW, sleep: async () => undefined, timeout: () => new AbortController().signal },
    http: async (url, init) => {
      if (url.endsWith("/admin/oauth/access_token")) return renewal()
      const token = new Headers(init.headers).get("x-shopify-access-token") ?? ""
      asked.push(token)
      const isOver = token === "old" && expiresAt <= NOW
      const headers = { date: new Date(NOW).toUTCString() }
      return Response.json(isOver ? { errors: "no" } : TAKEN, { status: isOver ? 401 : 200, headers })
    },
    cipher: { seal: async (plain) => plain, open: async (sealed) => sealed },
    connector: () => shopify,
    client: async () => ({ id: "client_1", secrets: ["secret_1"] }),
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
})
