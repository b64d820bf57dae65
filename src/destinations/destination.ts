/** What forwarding needs of a place that items go to. */
import type { Clearing } from "../api/enums.ts"
import type { Item } from "../connectors/kit/item.ts"
import type { ExchangePorts } from "../http/exchange.ts"
import type { Encoded } from "../source/protocol/encoded-item.ts"
import type { ForwardTask, PostResult } from "../source/protocol/forwarding.ts"

export type Target = ForwardTask["destination"]

/** What became of one POST. */
export type PostAnswer = Omit<PostResult, "rows">

/** `reason` names the way out. */
export type DestinationCheck =
  | { ok: true }
  | { ok: false; code: "key_shape" | "key_rejected" | "not_found" | "no_credits" | "unreachable"; reason: string }

export interface Destination {
  title: string
  /** Items of one POST at most. */
  itemsMax: number
  /** Several rows are joined into one POST only while its body stays under this. */
  bytesMax: number
  /**
   * An item's text, written once, when it is read. `scope` tells the items of one source from another's: the same item of the same source
   * has one id. `clearing`: how the attributes that the item names as cleared are told. What waits keeps what held when it was read.
   */
  encode(item: Item, scope: string, clearing: Clearing): Encoded
  /** A request's body, of texts that are joined as they are. */
  body(encoded: readonly Encoded[]): string
  /** Never throws, never retries. */
  post(ports: ExchangePorts, target: Target, body: string): Promise<PostAnswer>
  /** Tests the address and the key without writing anything. */
  check(ports: ExchangePorts, target: Target): Promise<DestinationCheck>
}
