/** How a request to a partner fails: one type, from the connector that reads the answer to whoever acts on it. */

/** The partner account a source reads. */
export interface Account {
  /** The partner's own id of the account: two sources of one project may not share it. */
  id: string
  name: string
  /** Test and live mode of one account count as two. */
  mode: "live" | "test"
}

/** What a limit that was met holds up: one stream, all streams of its bucket, or the source. */
export type LimitScope = "stream" | "bucket" | "source"

/** `reason`: a sentence for the user, without secrets. */
export type PartnerFailure =
  /** The credential is not accepted. */
  | { kind: "auth"; reason: string }
  /** The credential is accepted, and may not read this. `account`: whose it is, where the refusal names it. */
  | { kind: "denied"; reason: string; account?: Account }
  /**
   * Asked to wait; null: it was not said how long. `scope`: what has to wait. Left out: the stream's bucket, or the whole source where
   * the stream has none.
   */
  | { kind: "limited"; reason: string; retryAfterMs: number | null; scope?: LimitScope }
  /** Asking again later may help. `unreached`: no answer began, so the failure says nothing of what was asked for. */
  | { kind: "transient"; reason: string; unreached?: true }
  /** The page is more than can be taken, or than the partner gives at once: asked for again with half the rows. */
  | { kind: "too_large"; reason: string }
  /** The partner no longer knows the page token. */
  | { kind: "token_refused"; reason: string }
  /** Asking again would not help. `isMoved`: the account stands under another address, which the reason names. */
  | { kind: "fault"; reason: string; isMoved?: true }

type Failed<Kind extends PartnerFailure["kind"]> = Extract<PartnerFailure, { kind: Kind }>

export function limited(title: string, retryAfterMs: number | null, scope?: LimitScope): Failed<"limited"> {
  return {
    kind: "limited",
    reason: `${title} asks us to wait before the next call.`,
    retryAfterMs,
    ...(scope && { scope }),
  }
}

export function tokenRefused(title: string): Failed<"token_refused"> {
  return { kind: "token_refused", reason: `${title} no longer knows where the last page ended.` }
}
