/**
 * An item as it travels from the consumer that read it to the destination: the few things that the source decides by, and the
 * destination's text, which is written once, when the page is read, and stored and handed on unread.
 */
import type { Cleared, Item } from "../../connectors/kit/item.ts"
import { utf8Bytes } from "../../lib/bytes.ts"
import { hash64 } from "../../lib/hash.ts"

/** What a destination makes of an item. */
export interface Encoded {
  /** The part of a request that the item belongs to. */
  entry: string
  /** JSON, on one line. */
  text: string
}

/** As the outbox holds it. */
export interface OutboxItem
  extends Encoded,
    Pick<Item, "collection" | "kind" | "key" | "time" | "version" | "announcedAt"> {
  /** Of the text. */
  bytes: number
}

/** As a checkpoint hands it over. */
export interface EncodedItem extends OutboxItem {
  /** By which states of an object are told apart; empty for a fact. */
  content: string
  /** Only where attributes lost their value: the same without them, as a list tells the state. */
  listed?: string
}

export function withText(item: Item, { entry, text }: Encoded): EncodedItem {
  const { collection, kind, key, time, version, announcedAt, cleared } = item
  const header = { collection, kind, key, time, version, announcedAt }
  const content = kind === "object" ? contentHash(item, cleared) : ""
  return { ...header, content, ...(cleared && { listed: contentHash(item) }), entry, text, bytes: utf8Bytes(text) }
}

/** What of an item reaches the destination, apart from its time: equal content at a newer version is not worth sending again. */
function contentHash({ userId, accountId, userAttributes, accountAttributes, data }: Item, cleared?: Cleared): string {
  const told = [userId, accountId, userAttributes, accountAttributes, data, ...(cleared ? [cleared] : [])]
  return hash64(JSON.stringify(told))
}
