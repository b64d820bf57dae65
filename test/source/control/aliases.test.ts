import { describe, expect, it } from "vitest"
import { ALIAS } from "../../../src/connectors/kit/item.ts"
import { stripe } from "../../../src/connectors/stripe.ts"
import { withAliases } from "../../../src/source/control/aliases.ts"
import { choose, configurationOf, shop } from "../../support/source-world.ts"

const read = (connector: Parameters<typeof withAliases>[0], ...names: string[]) =>
  withAliases(connector, configurationOf({ collections: choose(...names) })).collections.map(({ name }) => name)

describe("the joining of a person's ids", () => {
  it("is read in place of people who are not chosen", () => {
    expect(read(stripe, "Charge")).toEqual(["Charge", ALIAS])
  })

  it("comes with people who are", () => {
    expect(read(stripe, "Charge", "Customers")).toEqual(["Charge", "Customers"])
  })

  it("is not asked for twice, nor of a partner that names people alike everywhere", () => {
    expect(read(stripe, "Charge", ALIAS)).toEqual(["Charge", ALIAS])
    expect(read(shop, "Orders")).toEqual(["Orders"])
  })
})
