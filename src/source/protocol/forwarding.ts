/** What the source and a consumer that forwards the outbox say to each other: claims, and what became of each POST. */

export interface ClaimAsk {
  nonce: string
  protocol: number
}

export interface OutboxRow {
  id: number
  items: number
  /** Hashes of the keys of its objects, with spaces between them. */
  objects: string
  /** The items' lines (`outbox-body.ts`). */
  body: string
  /** Was refused before: goes in a POST of its own, so that the answer is about these items only. */
  alone: boolean
}

export interface ForwardTask {
  number: number
  until: number
  destination: { org: string; project: string; sourceId: string; key: string }
  destinationVersion: number
  rows: OutboxRow[]
  /** POSTs that may be under way at once. */
  parallel: number
}

export type ClaimAnswer =
  | { kind: "given"; claim: ForwardTask }
  | { kind: "later"; at: number; reason: string }
  | { kind: "idle" }
  | { kind: "gone" }

/** What became of one POST, which carried whole rows. */
export interface PostResult {
  rows: number[]
  /**
   * delivered: 2xx in the destination's own words. refused: 400/422 (retried, then halved). too_large: 413 (halved at once). later:
   * 5xx, 408, 429, timeout, network, 2xx with anything else. rejected: 401/402/403, our key.
   */
  outcome: "delivered" | "refused" | "too_large" | "later" | "rejected"
  /** HTTP status, 0 where no answer came: whether it was taken is unknown. */
  status: number
  reason: string
  /** Our clock, from Retry-After. */
  retryAt: number | null
}

export interface Report {
  protocol: number
  number: number
  destinationVersion: number
  results: PostResult[]
  /** True with the last report of the claim. */
  done: boolean
}

export type ReportAnswer =
  | { kind: "go"; until: number }
  /** The claim is over: start no further POST. */
  | { kind: "stop"; reason: string }
