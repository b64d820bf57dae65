/**
 * The API's one error family: RFC 9457 `application/problem+json` with a stable `code`. Status, title and the way out of each
 * code come from one table, so that a new code does not compile until it is placed.
 */
export interface FieldError {
  /** Path in the request: `sync.intervalHours`, `collections[0].name`. */
  field: string
  message: string
}

export interface ProblemDetails {
  /** What happened this time, in the user's words. */
  detail?: string
  errors?: FieldError[]
  /** Whole seconds: also sent as the Retry-After header. */
  retryAfterSeconds?: number
  /** The run that stands in the way. */
  run?: string
  /** The source that stands in the way. */
  source?: string
  /** What else is missing of a draft. */
  missing?: string[]
}

interface Kind {
  status: 400 | 401 | 403 | 404 | 409 | 413 | 415 | 422 | 429 | 500 | 502 | 503
  title: string
  remedy: string
}

const KINDS = {
  // the request itself
  malformed_json: { status: 400, title: "The body is not JSON", remedy: "Send one JSON object." },
  body_too_large: { status: 413, title: "The body is too large", remedy: "Send at most 64 KB." },
  unsupported_media_type: {
    status: 415,
    title: "The body is not declared as JSON",
    remedy: "Send the header Content-Type: application/json.",
  },
  invalid: { status: 422, title: "Some fields are not valid", remedy: "Correct the fields named in `errors`." },
  not_found: { status: 404, title: "There is nothing here", remedy: "Check the path and the id." },
  idempotency_mismatch: {
    status: 422,
    title: "The Idempotency-Key was used for another request",
    remedy: "Use a new key for a new request.",
  },
  idempotent_source_deleted: {
    status: 409,
    title: "What this request made before has been deleted",
    remedy: "Send a new Idempotency-Key to create another source.",
  },
  conflict: {
    status: 409,
    title: "It was changed meanwhile",
    remedy: "Read it again and repeat your change.",
  },
  limit_reached: {
    status: 409,
    title: "The project has as many as it may have",
    remedy: "Delete one you do not need.",
  },
  rate_limited: {
    status: 429,
    title: "Too many requests",
    remedy: "Try again after the time in Retry-After.",
  },
  // who asks
  unauthenticated: {
    status: 401,
    title: "A bearer token is needed",
    remedy: "Send Authorization: Bearer <token>.",
  },
  token_invalid: {
    status: 401,
    title: "The bearer token is not valid",
    remedy: "Sign in again to get a token issued for this API.",
  },
  token_expired: { status: 401, title: "The bearer token is not valid now", remedy: "Sign in again." },
  wrong_project: {
    status: 403,
    title: "The token belongs to another project",
    remedy: "Use a token of the organization and project in the path.",
  },
  role_required: {
    status: 403,
    title: "Your role does not allow this",
    remedy: "Ask an administrator of the project.",
  },
  // making and changing a source
  unknown_connector: {
    status: 422,
    title: "No such connector",
    remedy: "Choose one of GET /connectors.",
  },
  unknown_collection: {
    status: 422,
    title: "No such collection",
    remedy: "Choose among the collections of GET /connectors/{name}.",
  },
  unknown_template: {
    status: 422,
    title: "No such template",
    remedy: "Choose among the templates of GET /connectors/{name}.",
  },
  credentials_rejected: {
    status: 422,
    title: "The partner does not accept these credentials",
    remedy: "Create a key at the partner and paste it as it is shown.",
  },
  account_unusable: {
    status: 422,
    title: "The partner does not let this account be read as it is",
    remedy: "Nothing was saved. Put right what the detail names, at the partner or in what was entered, and try again.",
  },
  partner_unreachable: {
    status: 502,
    title: "The partner did not answer as expected",
    remedy: "Nothing was saved. Try again in a minute.",
  },
  partner_limited: {
    status: 503,
    title: "The partner asks us to wait",
    remedy: "Nothing was saved. Try again after the time in Retry-After.",
  },
  account_taken: {
    status: 409,
    title: "This account is already connected",
    remedy: "Use the source named in `source`, or delete it first: the same account twice would count revenue twice.",
  },
  was_connected_before: {
    status: 409,
    title: "This account was read into this destination before",
    remedy:
      'Send "continue": true to go on where the deleted source stopped, or "duplicates": "accept" to send all of it again.',
  },
  account_mismatch: {
    status: 409,
    title: "These credentials belong to another account",
    remedy: "Paste a key of the account this source reads, or create a new source for the other account.",
  },
  oauth_unavailable: {
    status: 409,
    title: "Signing in at this partner is not set up",
    remedy: "Set the project's own OAuth client with PUT /settings, or paste a key with PUT /sources/{id}/credentials.",
  },
  claim_invalid: {
    status: 422,
    title: "The code is not valid, or not any more",
    remedy: "A code is good once, for 24 hours. Install the app again at the partner to get a new one.",
  },
  draft: {
    status: 409,
    title: "The source is still a draft",
    remedy: "Finish it first: POST /sources/{id}/finish.",
  },
  draft_incomplete: {
    status: 422,
    title: "The draft still lacks something",
    remedy: "Send what `missing` names.",
  },
  not_a_draft: {
    status: 409,
    title: "The source is already finished",
    remedy: "Change it with PATCH /sources/{id} or PUT /sources/{id}/sync.",
  },
  // running
  too_soon: { status: 429, title: "A sync was just started", remedy: "Try again after the time in Retry-After." },
  run_in_progress: {
    status: 409,
    title: "A sync is under way",
    remedy: "Wait for the run named in `run`, or follow it with GET /sources/{id}/progress.",
  },
  paused: {
    status: 409,
    title: "The source is paused",
    remedy: 'Resume it first: PATCH /sources/{id} with {"active": true}.',
  },
  source_error: {
    status: 409,
    title: "The source has an error that must be resolved first",
    remedy:
      "See `error` of GET /sources/{id}; after a rejected key, reconnect with PUT /sources/{id}/credentials or POST /sources/{id}/authorize.",
  },
  checking_credentials: {
    status: 409,
    title: "The partner refused the credentials, and they are being checked",
    remedy:
      "Nothing is lost. Wait for the time in Retry-After: then one call decides. If you know that the key is no longer good, reconnect with PUT /sources/{id}/credentials or POST /sources/{id}/authorize.",
  },
  gone: { status: 404, title: "The source does not exist", remedy: "It may have been deleted. List the sources." },
  too_many_waiting: {
    status: 409,
    title: "Too many readings of lists wait already",
    remedy: "Let some of them end first: GET /sources/{id} shows which collections are denied or failing, and why.",
  },
  out_of_range: {
    status: 422,
    title: "That lies outside what the source reads",
    remedy: "Choose a time between the source's start date and now.",
  },
  duplicates_not_accepted: {
    status: 422,
    title: "Reading these events again would repeat them",
    remedy:
      'The destination does not deduplicate events. Send "duplicates": "accept" if repeated rows are what you want.',
  },
  // the destination
  destination_rejected: {
    status: 422,
    title: "The destination does not accept this key",
    remedy: "Create an API key with write access in Intempt and paste it whole, `prefix.secret`.",
  },
  destination_unreachable: {
    status: 502,
    title: "The destination did not answer as expected",
    remedy: "Nothing was saved. Try again in a minute.",
  },
  // us
  misconfigured: {
    status: 500,
    title: "This deployment is not set up completely",
    remedy: "Its operator must set what `detail` names.",
  },
  internal: { status: 500, title: "Something went wrong on our side", remedy: "Try again; we have been told." },
  unavailable: { status: 503, title: "We cannot answer right now", remedy: "Try again in a moment." },
} as const satisfies Record<string, Kind>

export type ProblemCode = keyof typeof KINDS
export const PROBLEM_CODES = Object.keys(KINDS) as [ProblemCode, ...ProblemCode[]]

export class Problem extends Error {
  override name = "Problem"
  readonly code: ProblemCode
  readonly details: ProblemDetails

  constructor(code: ProblemCode, details: ProblemDetails = {}) {
    super(details.detail ?? KINDS[code].title)
    this.code = code
    this.details = details
  }

  get status(): Kind["status"] {
    return KINDS[this.code].status
  }

  toJSON() {
    const { status, title, remedy } = KINDS[this.code]
    return { type: `urn:cloud-sources:problem:${this.code}`, code: this.code, status, title, remedy, ...this.details }
  }

  toResponse(): Response {
    const headers = new Headers({ "content-type": "application/problem+json", "cache-control": "no-store" })
    const { retryAfterSeconds } = this.details
    if (retryAfterSeconds !== undefined) headers.set("retry-after", String(retryAfterSeconds))
    if (this.status === 401) headers.set("www-authenticate", 'Bearer realm="cloud-sources"')
    return new Response(JSON.stringify(this), { status: this.status, headers })
  }
}

export function statusOf(code: ProblemCode): number {
  return KINDS[code].status
}

/** One bad field, said in one sentence. */
export function badField(field: string, message: string, code: ProblemCode = "invalid"): Problem {
  return new Problem(code, { detail: `${field}: ${message}`, errors: [{ field, message }] })
}
