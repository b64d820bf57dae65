/** What can go wrong between a click and a connected account. Each has its page, which says how to go on (console/mishaps.ts). */

export const MISHAPS = [
  "unknown_connector",
  "not_set_up",
  "link_invalid",
  "link_expired",
  "cross_site",
  "install_unsigned",
  "no_state",
  "unknown_state",
  "state_used",
  "state_expired",
  "foreign_browser",
  "access_denied",
  "partner_error",
  "bad_signature",
  "wrong_account_address",
  "no_code",
  "code_refused",
  "token_endpoint",
  "missing_scope",
  "account_unreadable",
  "source_gone",
  "account_mismatch",
  "account_taken",
  "changed_meanwhile",
  "too_many_requests",
  "too_many_attempts",
  "internal",
] as const

export type MishapCode = (typeof MISHAPS)[number]

/** Facts that the page tells; none of them is a secret or comes from the query. */
export interface MishapFacts {
  /** The partner. */
  title?: string
  /** A sentence of our own on what happened. */
  reason?: string
  scopes?: readonly string[]
  /** The source in question. */
  source?: string
  /** Where the same thing can be tried again, on this host. */
  retry?: string
}

export class Mishap extends Error {
  override name = "Mishap"
  readonly code: MishapCode
  readonly facts: MishapFacts

  constructor(code: MishapCode, facts: MishapFacts = {}) {
    super(code)
    this.code = code
    this.facts = facts
  }

  with(facts: MishapFacts): Mishap {
    return new Mishap(this.code, { ...facts, ...this.facts })
  }
}
