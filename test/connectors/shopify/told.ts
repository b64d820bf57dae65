/** What the live reading makes of one of Shopify's objects. */
import { expect } from "vitest"
import type { NormalizeContext, Normalized } from "../../../src/connectors/kit/define.ts"
import type { Item } from "../../../src/connectors/kit/item.ts"
import { toItems } from "../../../src/connectors/kit/to-items.ts"
import type { Config } from "../../../src/connectors/shopify/shape.ts"
import { shopify } from "../../../src/connectors/shopify.ts"
import { type Node, reading, streamOf, T } from "./objects.ts"

export const live = streamOf("changes")

/** What the live document's record of it tells; nothing of it may be refused. */
export function itemsOf(body: Node, changes: Partial<NormalizeContext<Config>> = {}): Item[] {
  const record = { id: String(body.id), time: Date.parse(String(body.updatedAt)), body }
  const { items, rejects } = toItems(shopify, live, record, reading(changes), {})
  expect(rejects).toEqual([])
  return items
}

export function normalized(body: Node, changes: Partial<NormalizeContext<Config>> = {}): Normalized {
  return live.normalize({ id: String(body.id), time: T, body }, reading(changes))
}

export function of(items: Item[], collection: string): Item[] {
  return items.filter((item) => item.collection === collection)
}
