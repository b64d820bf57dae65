/** The configuration of the Shopify app agrees with the connector and the routes that it names. */
import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { SHOPIFY_VERSION } from "../../../src/connectors/shopify/graphql.ts"
import { SCOPES } from "../../../src/connectors/shopify/scopes.ts"
import { shopify } from "../../../src/connectors/shopify.ts"
import { oauthRoutes } from "../../../src/routes/oauth.tsx"

const FILE = new URL("../../../src/connectors/shopify/app/shopify.app.toml", import.meta.url)

/** As much of TOML as the file has: its texts, lists and flags are written as in JSON. */
const settings = new Map(
  [...readFileSync(FILE, "utf8").matchAll(/^(\w+) = (.+)$/gm)].map(([, name = "", value = ""]) => [
    name,
    JSON.parse(value) as unknown,
  ]),
)

const address = (name: string) => new URL(String([settings.get(name)].flat()[0]))
const base = address("application_url").origin

test("the app asks for what the connector asks for, and no more", () => {
  expect(String(settings.get("scopes")).split(",")).toEqual(SCOPES)
  const [signIn] = shopify.auth
  expect(signIn).toMatchObject({ kind: "oauth2", scopes: SCOPES })
})

test.each([
  ["application_url", "/:connector/install"],
  ["redirect_urls", "/:connector/callback"],
])("%s is a route that browsers are sent to", (name, path) => {
  expect(address(name).href).toBe(`${base}/oauth${path.replace(":connector", shopify.name)}`)
  expect(oauthRoutes.routes).toContainEqual(expect.objectContaining({ method: "GET", path }))
})

test("the three privacy topics go to the webhook address of the app, in the connector's version", () => {
  expect(settings.get("compliance_topics")).toEqual(["customers/data_request", "customers/redact", "shop/redact"])
  expect(address("uri").href).toBe(`${base}/webhooks/${shopify.name}`)
  expect(settings.get("api_version")).toBe(SHOPIFY_VERSION)
})

test("nothing of it is secret, or shown within Shopify's admin", () => {
  expect(settings.get("client_id")).toBe("")
  expect(settings.get("embedded")).toBe(false)
  expect(readFileSync(FILE, "utf8")).not.toContain("shpss_")
})
