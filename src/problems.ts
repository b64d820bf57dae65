/**
 * What may go wrong, in one table by code: status, title and remedy for a client of the API, and the words for the person in the browser
 * where it may come between a click and a connected account. The detail of a case comes from whoever throws it. A new code does not compile until it says both or is told to one reader only.
 */

type Status = 400 | 401 | 403 | 404 | 409 | 410 | 413 | 415 | 422 | 429 | 500 | 502 | 503

/** What a page says: what happened, and how to go on. */
export interface PageWords {
  /** Where the page's status differs from the API's. */
  status?: Status
  title: string
  what: string
  next: string
}

type Wording = (partner: string, more: { scopes?: readonly string[] }) => PageWords

interface ForClients {
  status: Status
  title: string
  remedy: string
  page?: Wording
}

interface OnPage {
  status: Status
  page: Wording
}

const CONNECT_AGAIN = "Open the source in the console and press Connect again."

export const KINDS = {
  // the request itself
  malformed_json: { status: 400, title: "The body is not JSON", remedy: "Send one JSON object." },
  body_too_large: { status: 413, title: "The body is too large", remedy: "Send at most 64 KB." },
  unsupported_media_type: {
    status: 415,
    title: "The body is not declared as JSON",
    remedy: "Send the header Content-Type: application/json.",
  },
  invalid: { status: 422, title: "Some fields are not valid", remedy: "Correct the fields named in `errors`." },
  not_found: {
    status: 404,
    title: "There is nothing here",
    remedy: "Check the path and the id.",
    // Between a click and a connected account, nothing else is looked for than the source.
    page: () => ({
      status: 410,
      title: "The source is gone",
      what: "It was deleted, or its draft expired, while you were away.",
      next: "Nothing was connected. Create a new source in the console.",
    }),
  },
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
    remedy: "Your change was not saved. Read it again and repeat your change.",
    page: () => ({
      title: "The source was changed meanwhile",
      what: "Somebody changed it in the same moment.",
      next: "Nothing was connected. Try again.",
    }),
  },
  limit_reached: {
    status: 409,
    title: "The project has as many as it may have",
    remedy: "Nothing was saved. Delete one that you do not need, and try again.",
  },
  rate_limited: {
    status: 429,
    title: "Too many requests",
    remedy: "Try again after the time in Retry-After.",
    page: () => ({
      title: "Too many requests",
      what: "More came from your network within a minute than one person makes.",
      next: "Nothing was connected. Wait a minute and load this page again.",
    }),
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
    page: () => ({
      status: 404,
      title: "There is no such partner",
      what: "The address names a partner that cannot be connected here.",
      next: "Begin in the console, under Sources, Create source.",
    }),
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
    page: accountUnreadable,
  },
  account_unusable: {
    status: 422,
    title: "The partner does not let this account be read as it is",
    remedy: "Nothing was saved. Correct what the detail names, at the partner or in what you entered, and try again.",
    page: accountUnreadable,
  },
  account_moved: {
    status: 422,
    title: "The account stands under another address",
    remedy: "Nothing was saved. Enter the address that the detail names.",
    page: (partner) => ({
      title: "The account stands under another address",
      what: `${partner} says that the account has moved from the address that was entered.`,
      next: "Nothing was connected. Create a source for the new address in the console.",
    }),
  },
  partner_unreachable: {
    status: 502,
    title: "The partner did not answer as expected",
    remedy: "Nothing was saved. Try again in a minute.",
    page: accountUnreadable,
  },
  partner_limited: {
    status: 503,
    title: "The partner asks us to wait",
    remedy: "Nothing was saved. Try again after the time in Retry-After.",
    page: accountUnreadable,
  },
  account_taken: {
    status: 409,
    title: "This account is already connected",
    remedy: "Use the source named in `source`, or delete it first: the same account twice would count revenue twice.",
    page: (partner) => ({
      title: "This account is connected already",
      what: `Another source of the project reads this ${partner} account: twice the account would be twice the revenue.`,
      next: "Nothing was connected. Use that source, or delete it first.",
    }),
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
    page: (partner) => ({
      title: "This is another account",
      what: `A source keeps its ${partner} account, since another one's data would mix with what was already delivered.`,
      next: "Nothing was changed. Try again with the right account, or create a new source for this one.",
    }),
  },
  oauth_unavailable: {
    status: 409,
    title: "Signing in at this partner is not set up",
    remedy: "Set the project's own OAuth client with PUT /settings, or paste a key with PUT /sources/{id}/credentials.",
    page: (partner) => ({
      status: 503,
      title: `Signing in to ${partner} is not set up`,
      what: `This deployment has no OAuth client for ${partner}, or no public address.`,
      next: "Ask the operator to set it up, or set your project's own OAuth client in its settings.",
    }),
  },
  install_code_invalid: {
    status: 422,
    title: "The code is not valid, or not any more",
    remedy: "A code is good once, for 24 hours. Install the app again at the partner to get a new one.",
  },
  no_gateways: {
    status: 422,
    title: "This partner does not name payment gateways",
    remedy: "Ask for those of the other source that may report the same payments.",
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
  // signing in at a partner, in a browser: told on a page, never by the API
  link_invalid: {
    status: 400,
    page: (partner) => ({
      title: "This link is not complete",
      what: `It is not a link that was made for connecting ${partner}.`,
      next: `Copy the whole link, or make a new one: ${CONNECT_AGAIN}`,
    }),
  },
  link_expired: {
    status: 410,
    page: () => ({ title: "This link has expired", what: "It was good for an hour.", next: CONNECT_AGAIN }),
  },
  cross_site: {
    status: 403,
    page: (partner) => ({
      title: "This did not come from our page",
      what: `Connecting ${partner} must be confirmed on our own page.`,
      next: CONNECT_AGAIN,
    }),
  },
  install_unsigned: {
    status: 400,
    page: (partner) => ({
      title: `We cannot tell that ${partner} sent you`,
      what: "The address lacks a valid signature, or it is more than a minute old.",
      next: `Open the app again from within ${partner}, or begin in the console, under Sources, Create source.`,
    }),
  },
  no_state: {
    status: 400,
    page: (partner) => ({
      title: "This did not begin here",
      what: `Only a sign-in that was started here can be finished here, and ${partner} returned no \`state\` parameter to show that.`,
      next: "Nothing was connected. Begin again here.",
    }),
  },
  unknown_state: {
    status: 400,
    page: (partner) => ({
      title: "We do not know this attempt",
      what: `What came back from ${partner} does not belong to any attempt that began here. It may have been changed on the way.`,
      next: `Nothing was connected. ${CONNECT_AGAIN}`,
    }),
  },
  state_used: {
    status: 409,
    page: () => ({
      title: "This was used already",
      what: "Each attempt is good once. You may have reloaded the page or gone back to it.",
      next: "Look in the console whether the source is connected. If it is not, press Connect again there.",
    }),
  },
  state_expired: {
    status: 410,
    page: (partner) => ({
      title: "That took too long",
      what: `An attempt to connect ${partner} is good for ten minutes.`,
      next: `Nothing was connected. ${CONNECT_AGAIN}`,
    }),
  },
  foreign_browser: {
    status: 403,
    page: () => ({
      title: "This began in another browser",
      what: "For your safety an attempt must end in the browser in which it began. If somebody sent you this address, do not go on.",
      next: `Nothing was connected. In this browser: ${CONNECT_AGAIN.charAt(0).toLowerCase()}${CONNECT_AGAIN.slice(1)}`,
    }),
  },
  access_denied: {
    status: 403,
    page: (partner) => ({
      title: "You said no, so nothing was connected",
      what: `In ${partner} the request was declined.`,
      next: "If that was a mistake, try again and approve the access.",
    }),
  },
  partner_error: {
    status: 502,
    page: (partner) => ({
      title: `${partner} could not complete the sign-in`,
      what: `${partner} sent you back with an error.`,
      next: "Nothing was connected. Try again; if it stays, tell our support the time of day.",
    }),
  },
  bad_signature: {
    status: 400,
    page: (partner) => ({
      title: "This was changed on the way",
      what: `What came back does not carry ${partner}'s valid signature.`,
      next: `Nothing was connected. Try again. If it comes again, the OAuth client's secret is not the one that ${partner} knows: ask whoever set it up to correct it.`,
    }),
  },
  wrong_account_address: {
    status: 409,
    page: (partner) => ({
      title: "This is another account",
      what: `What came back from ${partner} is about another account than the one you began with.`,
      next: "Nothing was connected. Begin again with the address of the right one.",
    }),
  },
  no_code: {
    status: 502,
    page: (partner) => ({
      title: "The sign-in was not completed",
      what: `${partner} sent you back without an authorization code.`,
      next: "Nothing was connected. Try again.",
    }),
  },
  code_refused: {
    status: 409,
    page: (partner) => ({
      title: "The authorization was not valid any more",
      what: `${partner} did not accept its own authorization code: it was used before, or is too old.`,
      next: "Nothing was connected. Try again.",
    }),
  },
  token_endpoint: {
    status: 502,
    page: (partner) => ({
      title: `${partner} did not answer as expected`,
      what: "You approved the access, but the last step failed.",
      next: "Nothing was connected. Try again in a minute.",
    }),
  },
  client_refused: {
    status: 502,
    page: (partner) => ({
      title: `${partner} does not accept this app`,
      what: "You approved the access, but the OAuth client by which we finish the sign-in is not the one that the partner knows.",
      next: "Nothing was connected. Ask whoever set it up, the operator or an admin in the project's settings, to correct its id and secret; then try again.",
    }),
  },
  missing_scope: {
    status: 403,
    page: (partner, { scopes = [] }) => ({
      title: "Some access is missing",
      what: `${partner} granted less than this source needs. Missing: ${scopes.join(", ")}.`,
      next: "Nothing was connected. Try again and approve all that is asked for.",
    }),
  },
  too_many_attempts: {
    status: 429,
    page: (partner) => ({
      title: "This link was used too often",
      what: `It has begun as many attempts to connect ${partner} as a link may.`,
      next: `Nothing was connected by the last one. ${CONNECT_AGAIN}`,
    }),
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
      "What was read is kept. See `error` of GET /sources/{id}; after a rejected key, reconnect with PUT /sources/{id}/credentials or POST /sources/{id}/authorize.",
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
    title: "Too much history waits to be read already",
    remedy:
      "Nothing was started. Let some of it end first: GET /sources/{id} shows which collections are denied or failing, and why.",
  },
  out_of_range: {
    status: 422,
    title: "That lies outside what the source reads",
    remedy: "Nothing was started. Choose a time that has passed.",
  },
  duplicates_not_accepted: {
    status: 422,
    title: "Reading these events again would repeat them",
    remedy:
      'Nothing was started. The destination does not deduplicate events: send "duplicates": "accept" if repeated rows are what you want.',
  },
  // the destination
  destination_rejected: {
    status: 422,
    title: "The destination refused the test request",
    remedy:
      "Nothing was saved. Correct what the detail names. A key needs write access in Intempt and is pasted whole, `prefix.secret`.",
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
  internal: {
    status: 500,
    title: "Something went wrong on our side",
    remedy: "We have been told. Look whether your change was saved; if it was not, try again.",
    page: () => ({
      title: "Something went wrong on our side",
      what: "We have been told.",
      next: "Look in the console whether the source is connected. If it is not, try again in a minute.",
    }),
  },
  unavailable: { status: 503, title: "We cannot answer right now", remedy: "Try again in a moment." },
} as const satisfies Record<string, ForClients | OnPage>

/** The access was granted, and the first call with it failed: why, the detail says. */
function accountUnreadable(partner: string): PageWords {
  return {
    status: 502,
    title: `The ${partner} account could not be read`,
    what: "You approved the access, but the first request with it failed.",
    next: "Nothing was connected. If nothing here says what to change, try again in a minute.",
  }
}

type CodesWith<Part> = { [Code in ProblemCode]: (typeof KINDS)[Code] extends Part ? Code : never }[ProblemCode]

export type ProblemCode = keyof typeof KINDS
/** Codes that the API answers. */
export type ApiCode = CodesWith<{ remedy: string }>
/** Codes that have a page. */
export type PageCode = CodesWith<{ page: Wording }>

const codes = Object.keys(KINDS) as ProblemCode[]
export const API_CODES = codes.filter(isApiCode) as [ApiCode, ...ApiCode[]]
export const PAGE_CODES = codes.filter(isPageCode)

export function isApiCode(code: ProblemCode): code is ApiCode {
  return "remedy" in KINDS[code]
}

export function isPageCode(code: ProblemCode): code is PageCode {
  return "page" in KINDS[code]
}
