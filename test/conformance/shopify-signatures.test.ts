import { createHmac } from "node:crypto"
import { expect, test } from "vitest"
import { type Query, verifyInstallHmac } from "../../src/connectors/shopify/shop.ts"
import { describeWith, readJson } from "./partners.ts"

const VECTORS = "shopify/webhooks/oauth-hmac-static.json"

interface Vector {
  name: string
  secret: string
  query: Query
  expect: boolean
}

describeWith("Shopify's examples of signed installs", [VECTORS], () => {
  test("get the verdict that Shopify gives them", async () => {
    for (const { name, secret, query, expect: verdict } of readJson<Vector[]>(VECTORS)) {
      const hmac = async (key: string, message: string) => createHmac("sha256", key).update(message).digest()
      expect([name, await verifyInstallHmac(query, [secret], hmac)]).toEqual([name, verdict])
    }
  })
})
