/** What the source's engine and the queue consumers stand on, beside the effects that every layer may be handed (`src/ports.ts`). */
import type { AnyConnector, Credential, JsonValue } from "../connectors/kit/define.ts"
import type { Cipher, Clock, Http, Log, Random } from "../ports.ts"
import type { SealedTokens, SourceRef } from "./protocol/configuration.ts"
import type { SourceRpc } from "./protocol/source.ts"
import type { Changes, OutboxMeta, Row, StoredSeen } from "./state/changes.ts"

/** A source's own durable rows. Reads see the last commit; a commit is atomic, with the alarm in it. */
export interface Store {
  core(): string | null
  /** In the order of their ids; one after the other, since together they may take more than half of the memory. */
  seen(): Iterable<StoredSeen>
  /** Packed entries; null: there is no such row. */
  seenRow(id: number): ArrayBuffer | null
  pending(): Row[]
  /** Every waiting row, without its items. */
  outbox(): OutboxMeta[]
  /** In the order of their ids. */
  outboxItems(ids: readonly number[]): Row[]
  /** Newest first, those with a smaller id than `before`. */
  quarantine(before: number | null, limit: number): Row[]
  quarantineByIds(ids: readonly number[]): Row[]
  runs(): Row[]
  /** Applies everything or nothing. */
  commit(changes: Changes): void
  /** Erases every row, alarm included, and leaves the given core. */
  erase(core: string): void
}

/** Of a consumer: `fetch` reads live, `backfill` reads backfills, `forward` sends the outbox. */
export type QueueName = "fetch" | "backfill" | "forward"

/** Sends a wake-up. May reject: the deadline kept in the state makes up for it. */
export type Wake = (queue: QueueName, delaySeconds: number) => Promise<void>

/** The coarse status for lists, in D1. */
export type Publish = (status: { status: string; code: string | null; message: string | null }) => Promise<void>

/** A grant's tokens, as the partner's token endpoint is asked about them. */
export interface TokenAsk {
  ref: SourceRef
  connector: string
  config: JsonValue
  tokens: SealedTokens
}

export type RefreshAnswer =
  | { kind: "refreshed"; tokens: SealedTokens }
  /** The partner says, in its own words, that the refresh token is over. It must not be sent again. */
  | { kind: "refused"; reason: string }
  /** Our own OAuth client is missing, or the partner does not accept it: nothing is wrong with the grant. */
  | { kind: "client"; reason: string }
  /** Carried out, and the answer could not be read: the refresh token may have been used up. */
  | { kind: "lost"; reason: string }
  /** No answer, or one that says nothing of the token (5xx, 429, our own database). */
  | { kind: "later"; reason: string; retryAfterMs: number | null }

/** The partner's token endpoint: sealed in, sealed out. Neither call rejects. */
export interface Tokens {
  refresh(ask: TokenAsk): Promise<RefreshAnswer>
  /** True: given back, or nothing more can be done about it. */
  revoke(ask: TokenAsk): Promise<boolean>
}

export interface TryAsk {
  connector: string
  config: JsonValue
  credential: Credential
}

/** `unknown`: the partner did not say; nothing follows from it. */
export type TryAnswer = "accepted" | "refused" | "unknown"

/** One call to the partner: does it accept the credential? Does not reject. */
export type TryCredential = (ask: TryAsk) => Promise<TryAnswer>

/** What the source's Durable Object stands on. */
export interface SourcePorts {
  clock: Pick<Clock, "now">
  random: Random
  store: Store
  wake: Wake
  publish: Publish
  cipher: Pick<Cipher, "open">
  tokens: Tokens
  tryCredential: TryCredential
  connector(name: string): AnyConnector | undefined
  log: Log
}

/** What a queue consumer stands on. */
export interface ConsumerPorts {
  clock: Clock
  random: Random
  http: Http
  source(name: string): Pick<SourceRpc, "lease" | "checkpoint" | "settle" | "credential" | "claim" | "report">
  log: Log
}
