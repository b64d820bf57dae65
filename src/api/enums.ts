/** Lists of words that the API, D1 and the source's Durable Object share: each is the one source of its column, schema and type. */

export const MODES = ["live", "test"] as const
export const IDENTITIES = ["email", "partnerId"] as const
/** What a draft may still lack before it can be finished. */
export const MISSING_FIELDS = ["credentials", "name", "sync"] as const
export const RUN_KINDS = ["live", "initial", "earlier", "collection", "gap", "resync"] as const
export const RUN_STATES = ["reading", "delivering", "succeeded", "partial", "failed"] as const
/** Of a source that is no draft. */
export const SOURCE_STATUSES = ["connected", "syncing", "paused", "error"] as const
export const DELIVERY_STATES = ["ok", "retrying", "paused", "no_destination"] as const
/** How a destination is told that an attribute has lost its value; `off`: not at all. */
export const CLEARINGS = ["empty", "null", "off"] as const
/** What a user should know of a source's money before it is relied on. */
export const NOTICE_CODES = ["test_money", "test_payments_count", "payments_twice", "payments_elsewhere"] as const
export const QUARANTINE_KINDS = ["record", "item", "skipped"] as const

export type Clearing = (typeof CLEARINGS)[number]
export type Identity = (typeof IDENTITIES)[number]
export type MissingField = (typeof MISSING_FIELDS)[number]
export type RunKind = (typeof RUN_KINDS)[number]
export type RunState = (typeof RUN_STATES)[number]
export type SourceStatus = (typeof SOURCE_STATUSES)[number]
