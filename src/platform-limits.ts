/**
 * What the platform takes, as documented. The local runtime takes more, so tests hold these by wrappers around the ports
 * (`test/support/platform/limits.ts`). Our own bounds stay below them.
 */

/** Arguments and answers of one call, serialized. https://developers.cloudflare.com/workers/runtime-apis/rpc/ */
export const RPC_BYTES_MAX = 32 * 1024 * 1024

/** A text, a blob or a whole row of SQLite. https://developers.cloudflare.com/durable-objects/platform/limits/ and, of D1, /d1/platform/limits/ */
export const STORED_ROW_BYTES_MAX = 2_000_000

/** Bound parameters of one statement, of a Durable Object's SQLite and of D1; same pages. */
export const BOUND_PARAMETERS_MAX = 100

/** All that one Durable Object stores, and all of one D1 database; same pages. */
export const STORAGE_BYTES_MAX = 10_000_000_000

/** Statements that one invocation may send to D1. https://developers.cloudflare.com/d1/platform/limits/ */
export const D1_QUERIES_MAX = 1_000

/** 128 KB, of which about 100 B are the queue's own. https://developers.cloudflare.com/queues/platform/limits/ */
export const QUEUE_MESSAGE_BYTES_MAX = 128_000 - 100
