/** What each mishap's page says: what happened, and how to go on. One exhaustive table, so that a new one does not compile unplaced. */
import type { MishapCode, MishapFacts } from "../oauth/mishap.ts"

export interface Words {
  status: 400 | 403 | 404 | 409 | 410 | 429 | 500 | 502 | 503
  title: string
  what: string
  next: string
}

type Wording = (partner: string, facts: MishapFacts) => Words

const AGAIN = "Open the source in the console and press Connect again."
const words = (status: Words["status"], title: string, what: string, next: string): Words => ({
  status,
  title,
  what,
  next,
})

const WORDINGS: Record<MishapCode, Wording> = {
  unknown_connector: () =>
    words(
      404,
      "There is no such partner",
      "The address names a partner that cannot be connected here.",
      "Begin in the console, under Sources, Create source.",
    ),
  not_set_up: (partner) =>
    words(
      503,
      `Signing in to ${partner} is not set up`,
      `This deployment has no OAuth client for ${partner}, or no public address.`,
      "Ask the operator to set it up, or set your project's own OAuth client in its settings.",
    ),
  link_invalid: (partner) =>
    words(
      400,
      "This link is not complete",
      `It is not a link that was made for connecting ${partner}.`,
      `Copy the whole link, or make a new one: ${AGAIN}`,
    ),
  link_expired: () => words(410, "This link has expired", "It was good for an hour.", AGAIN),
  cross_site: (partner) =>
    words(403, "This did not come from our page", `Connecting ${partner} must be confirmed on our own page.`, AGAIN),
  install_unsigned: (partner) =>
    words(
      400,
      `We cannot tell that ${partner} sent you`,
      "The address lacks a valid signature, or it is more than a minute old.",
      `Open the app again from within ${partner}, or begin in the console, under Sources, Create source.`,
    ),
  no_state: (partner) =>
    words(
      400,
      "This did not begin here",
      `${partner} sent you back without the mark that we gave you on the way.`,
      "Nothing was connected. Begin again here.",
    ),
  unknown_state: (partner) =>
    words(
      400,
      "We do not know this attempt",
      `What came back from ${partner} does not belong to any attempt that began here. It may have been changed on the way.`,
      `Nothing was connected. ${AGAIN}`,
    ),
  state_used: () =>
    words(
      409,
      "This was used already",
      "Each attempt is good once. You may have reloaded the page or gone back to it.",
      "Look in the console whether the source is connected. If it is not, press Connect again there.",
    ),
  state_expired: (partner) =>
    words(
      410,
      "That took too long",
      `An attempt to connect ${partner} is good for ten minutes.`,
      `Nothing was connected. ${AGAIN}`,
    ),
  foreign_browser: () =>
    words(
      403,
      "This began in another browser",
      "For your safety an attempt must end in the browser in which it began. If somebody sent you this address, do not go on.",
      `Nothing was connected. In this browser: ${AGAIN.charAt(0).toLowerCase()}${AGAIN.slice(1)}`,
    ),
  access_denied: (partner) =>
    words(
      403,
      "You said no, so nothing was connected",
      `In ${partner} the request was declined.`,
      "If that was a mistake, try again and approve the access.",
    ),
  partner_error: (partner) =>
    words(
      502,
      `${partner} could not do it`,
      `${partner} sent you back with an error.`,
      "Nothing was connected. Try again; if it stays, tell our support the time of day.",
    ),
  bad_signature: (partner) =>
    words(
      400,
      "This was changed on the way",
      `What came back does not carry ${partner}'s valid signature.`,
      "Nothing was connected. Try again.",
    ),
  wrong_account_address: (partner) =>
    words(
      409,
      "This is another account",
      `What came back from ${partner} is about another account than the one you began with.`,
      "Nothing was connected. Begin again with the address of the right one.",
    ),
  no_code: (partner) =>
    words(
      502,
      "Something is missing",
      `${partner} sent you back without an authorization code.`,
      "Nothing was connected. Try again.",
    ),
  code_refused: (partner) =>
    words(
      409,
      "The authorization was not valid any more",
      `${partner} did not accept its own authorization code: it was used before, or is too old.`,
      "Nothing was connected. Try again.",
    ),
  token_endpoint: (partner) =>
    words(
      502,
      `${partner} did not answer as expected`,
      "You approved the access, but the last step failed.",
      "Nothing was connected. Try again in a minute.",
    ),
  missing_scope: (partner, { scopes = [] }) =>
    words(
      403,
      "Some access is missing",
      `${partner} granted less than this source needs. Missing: ${scopes.join(", ")}.`,
      "Nothing was connected. Try again and approve all that is asked for.",
    ),
  account_unreadable: (partner) =>
    words(
      502,
      `The ${partner} account could not be read`,
      "The access was granted, but the account did not answer to it.",
      "Nothing was connected. Try again in a minute.",
    ),
  source_gone: () =>
    words(
      410,
      "The source is gone",
      "It was deleted, or its draft expired, while you were away.",
      "Nothing was connected. Create a new source in the console.",
    ),
  account_mismatch: (partner) =>
    words(
      409,
      "This is another account",
      `A source keeps its ${partner} account, since another one's data would mix with what was already delivered.`,
      "Nothing was changed. Try again with the right account, or create a new source for this one.",
    ),
  account_taken: (partner) =>
    words(
      409,
      "This account is connected already",
      `Another source of the project reads this ${partner} account: twice the account would be twice the revenue.`,
      "Nothing was connected. Use that source, or delete it first.",
    ),
  changed_meanwhile: () =>
    words(
      409,
      "The source was changed meanwhile",
      "Somebody changed it in the same moment.",
      "Nothing was connected. Try again.",
    ),
  too_many_requests: () =>
    words(
      429,
      "Too many requests",
      "More came from your network within a minute than one person makes.",
      "Nothing was connected. Wait a minute and load this page again.",
    ),
  too_many_attempts: (partner) =>
    words(
      429,
      "This link was used too often",
      `It has begun as many attempts to connect ${partner} as a link may.`,
      `Nothing was connected by the last one. ${AGAIN}`,
    ),
  internal: () =>
    words(
      500,
      "Something went wrong on our side",
      "We have been told.",
      "Nothing was connected. Try again in a minute.",
    ),
}

export function wordsFor(code: MishapCode, facts: MishapFacts): Words {
  return WORDINGS[code](facts.title ?? "the partner", facts)
}
