/**
 * An item is one normalized row of a collection, ready to forward. It is what the connector's `normalize` yields, what the
 * source's Durable Object dedupes, keeps in its outbox and hands to the destination.
 */

/** `event`: user activity, appended, one item a fact. `object`: a thing whose state changes, upserted. */
export type CollectionKind = "event" | "object"

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue }
export type Attributes = Record<string, JsonValue>

/** Who an item is about. At least one of the two is set; the destination refuses an item without. */
export interface Identity {
  /** A person: the lower-case email or, lacking one, the partner's id. */
  userId?: string
  /** A company: its domain, else its name, else the partner's id. */
  accountId?: string
}

export interface Item extends Identity {
  /** The collection's name, exactly as the catalogue and the destination spell it. */
  collection: string
  kind: CollectionKind
  /**
   * Names the row within its collection: the partner's record id and, for events, the fact (`ch_1:succeeded`).
   * Equal from list, feed and webhook.
   */
  key: string
  /** Epoch ms. Events: when the fact became true, computed alike from list, feed and webhook. Objects: equals `version`. */
  time: number
  /**
   * Epoch ms, the partner's clock: which of two states of one object is the newer. The partner's update time where the record
   * carries one, else the time its page was asked for.
   */
  version: number
  /**
   * Epoch ms, the partner's clock: where the item stands in its feed (the announcing event's time), or the time its page was
   * asked for where it was read from a list. `seen` is pruned by it.
   */
  announcedAt: number
  /** Set on `alias` items only: joins this earlier id of the person to `userId`. */
  anotherUserId?: string
  /** Event attributes. */
  data?: Attributes
  /** Only on items of kind `object`. */
  userAttributes?: Attributes
  /** Only on items of kind `object`. */
  accountAttributes?: Attributes
  /** Only on items of kind `object`: attributes that have lost their value at the partner. The destination says how that is told. */
  cleared?: Cleared
}

/** By the attribute's name, what kind of value it had. */
export type Cleared = Readonly<Record<string, ClearedKind>>
export type ClearedKind = "text" | "list" | "other"

/** A record that could not be normalized, for quarantine: the record as the partner sent it and the reason, in words. */
export interface Reject {
  collection: string
  /** The partner's record id, or `unknown`. */
  key: string
  reason: string
  record: JsonValue
}

/**
 * A record whose fact cannot be told yet (a pending debit, an uncaptured charge): when live reading later tells a fact with one
 * of these keys, it is taken whatever its time.
 */
export interface PendingKey {
  collection: string
  key: string
  /** Epoch ms: the record's own creation; entries older than the connector's `pendingForDays` are forgotten. */
  time: number
}

/** The collection name under which `alias` items travel inside the product; the destination sends them as `Identify`. */
export const ALIAS = "alias"
