/** Items as they travel, and back: what a consumer makes of them, and what an outbox row holds. */
import type { Clearing } from "../../src/api/enums.ts"
import type { Item } from "../../src/connectors/kit/item.ts"
import { keyHash } from "../../src/source/dedupe/hashes.ts"
import { type EncodedItem, type OutboxItem, withText } from "../../src/source/protocol/encoded-item.ts"
import type { OutboxRow } from "../../src/source/protocol/forwarding.ts"
import { itemsIn, linesOf } from "../../src/source/protocol/outbox-body.ts"
import { encodeItem, itemOf } from "../../src/source/protocol/track.ts"

/** Of the source that tests have, unless they say otherwise. */
export const SCOPE = "src_1"

export function encoded(item: Item, clearing: Clearing = "empty"): EncodedItem {
  return withText(item, encodeItem(item, SCOPE, clearing))
}

export function encodedAll(items: readonly Item[]): EncodedItem[] {
  return items.map((item) => encoded(item))
}

/** What a row holds. */
export function itemsOf({ body }: { body: string }): Item[] {
  return itemsIn(body).map(asSent)
}

/** As its text tells it: what the item named as cleared is among its attributes. Throws where the text is of another version or time. */
export function asSent(item: OutboxItem): Item {
  const { eventId, timestamp } = JSON.parse(item.text) as { eventId: string; timestamp: number }
  const id = `/${item.collection}/${item.key}${item.kind === "object" ? `@${item.version}` : ""}`
  if (!eventId.endsWith(id) || timestamp !== item.time) throw new Error(`${eventId} at ${timestamp} is sent for ${id}`)
  return itemOf(item)
}

export function outboxRow(id: number, items: readonly Item[], alone = false): OutboxRow {
  const objects = items.filter(({ kind }) => kind === "object").map(({ collection, key }) => keyHash(collection, key))
  const body = encodedAll(items).map((item) => linesOf(item).lines)
  return { id, items: items.length, objects: objects.join(" "), body: body.join(""), alone }
}
