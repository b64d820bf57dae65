/** Which payment gateways a shop uses. Shopify has no list of them: its latest orders name those that paid. */
import type { PartnerAnswer } from "../kit/define.ts"
import { json, rows, text } from "../kit/values.ts"
import { TRANSACTIONS } from "./order.ts"

export const GATEWAYS_QUERY = `query Gateways { orders(first: 250, sortKey: CREATED_AT, reverse: true) { nodes { transactions(first: ${TRANSACTIONS}) { gateway } } } }`

/** As charges name them, the most frequent first. */
export function readGateways(answer: PartnerAnswer): string[] {
  const times = new Map<string, number>()
  for (const order of rows(json(answer.body), "data.orders.nodes"))
    for (const transaction of rows(order, "transactions")) {
      const gateway = text(transaction, "gateway")?.toLowerCase()
      if (gateway) times.set(gateway, (times.get(gateway) ?? 0) + 1)
    }
  return [...times]
    .sort(([one, often], [other, seldom]) => seldom - often || (one < other ? -1 : 1))
    .map(([name]) => name)
}
