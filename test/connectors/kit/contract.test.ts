import { expect, test } from "vitest"
import { connectors, getConnector } from "../../../src/connectors/index.ts"
import { connectorContract } from "./contract.ts"

/** What each connector needs to be tried: a configuration and a credential of the right form. */
const SAMPLES: Record<string, { config: unknown; credential: string }> = {
  shopify: { config: { shop: "example.myshopify.com" }, credential: "shpat_0123456789abcdef0123456789abcdef" },
  stripe: { config: {}, credential: "rk_test_51AbCdEfGh" },
}

test("a connector is found by its name, and none by another", () => {
  for (const connector of connectors) expect(getConnector(connector.name)).toBe(connector)
  expect(getConnector("constructor")).toBeUndefined()
})

test("every connector is held to the contract", () => {
  expect(connectors.map(({ name }) => name).sort()).toEqual(Object.keys(SAMPLES).sort())
})

for (const connector of connectors) {
  const sample = SAMPLES[connector.name]
  if (sample) connectorContract(connector, sample)
}
