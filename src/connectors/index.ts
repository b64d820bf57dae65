/** Every partner that can be connected. A new one is its file and one line here. */
import type { AnyConnector } from "./kit/define.ts"
import { shopify } from "./shopify.ts"
import { stripe } from "./stripe.ts"

export const connectors: readonly AnyConnector[] = [stripe, shopify]

export function getConnector(name: string): AnyConnector | undefined {
  return connectors.find((connector) => connector.name === name)
}
