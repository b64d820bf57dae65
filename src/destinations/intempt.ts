/**
 * Intempt's ingest API, as its SDKs' probes of production found it. One region; requests are JSON and never compressed (gzip is
 * answered 400); Basic authentication (a key in the query would be logged). It does not deduplicate by `eventId`.
 */
import { z } from "zod"
import { retryAfterMs } from "../connectors/kit/retry-after.ts"
import { type Answered, type Exchange, type ExchangePorts, exchange, jsonOf } from "../http/exchange.ts"
import { encodeItem, trackBody } from "../source/protocol/track.ts"
import type { Destination, DestinationCheck, PostAnswer, Target } from "./destination.ts"

const API = "https://api.intempt.com/v1"

/** What every official SDK sends, and up to which acceptance has been verified. */
const ITEMS_MAX = 50
/** As large as one row may be: joining rows beyond it saves nothing and risks a 413. */
const BODY_BYTES_MAX = 1_000_000
export const POST_TIMEOUT_MS = 20_000
/** An answer holds nothing, or a list of errors. */
const ANSWER_BYTES_MAX = 64 * 1024
/** An error's message is shown with the quarantined item; it is a sentence, not the item. */
const REASON_CHARS_MAX = 300
/** A longer wait is a mistake, and would make delivery look dead. */
const RETRY_AFTER_MAX_MS = 60 * 60 * 1000
/** In place of a status. */
const NO_ANSWER = 0

/** What a user can do about an answer that is not about the items. */
const REASONS: Record<number, string> = {
  401: "Intempt did not accept the API key (401). Paste a key that is active.",
  402: "The Intempt account is out of credits (402). Add credits in Intempt.",
  403: "The Intempt API key may not write to this source (403). Paste a key with write access.",
  404: "Intempt knows no such organization, project or source (404). Compare the three with Intempt's address bar.",
  413: "The request was too large for Intempt (413).",
  429: "Intempt asks us to wait (429).",
}

const REJECTIONS: Record<number, Exclude<DestinationCheck, { ok: true }>["code"]> = {
  401: "key_rejected",
  402: "no_credits",
  403: "key_rejected",
  404: "not_found",
}

/** `prefix.secret`. Printable; a colon would end the user name of Basic authentication early. */
const KEY = /^[!-9;-~]+\.[!-9;-~]+$/

export const intempt: Destination = {
  title: "Intempt",
  itemsMax: ITEMS_MAX,
  bytesMax: BODY_BYTES_MAX,
  encode: encodeItem,
  body: trackBody,
  post,
  check: checkDestination,
}

/** A key that cannot be one is not sent anywhere. */
async function post(ports: ExchangePorts, target: Target, body: string): Promise<PostAnswer> {
  const fault = keyFault(target.key)
  if (fault !== null) return { outcome: "rejected", status: NO_ANSWER, reason: fault, retryAt: null }
  return toPostAnswer(await send(ports, target, body), target.key, ports.clock.now())
}

/** Null for a key of the right shape, else what is wrong and where to find the right one. */
export function keyFault(key: string): string | null {
  if (KEY.test(key) && key.indexOf(".") === key.lastIndexOf(".")) return null
  return "An Intempt API key is written prefix.secret, with one dot. Copy it whole from Intempt: Settings, API keys."
}

/**
 * Sends a request without items. Authentication comes before validation, so a right key is answered 400 (or 2xx) and a wrong one
 * 401, and nothing is written either way. This order has not been tried against production; were it the other way round, a
 * wrong key would pass here and be named by the first delivery, which keeps everything and says so.
 */
export async function checkDestination(ports: ExchangePorts, target: Target): Promise<DestinationCheck> {
  const fault = keyFault(target.key)
  if (fault !== null) return { ok: false, code: "key_shape", reason: fault }
  return toCheck(await send(ports, target, trackBody([])), target.key)
}

function send(ports: ExchangePorts, target: Target, body: string): Promise<Exchange> {
  const bounds = { timeoutMs: POST_TIMEOUT_MS, maxBytes: ANSWER_BYTES_MAX }
  return exchange(ports, urlOf(target), { method: "POST", headers: headersOf(target.key), body }, bounds)
}

function urlOf({ org, project, sourceId }: Target): string {
  const [o, p, s] = [org, project, sourceId].map(encodeURIComponent)
  return `${API}/${o}/projects/${p}/sources/${s}/track`
}

/** The key's one dot becomes the colon of Basic authentication. */
function headersOf(key: string): Record<string, string> {
  return { authorization: `Basic ${btoa(key.replace(".", ":"))}`, "content-type": "application/json" }
}

// --------------------------------------------------------------------------------------------------------- the answer

/**
 * What a status alone means for the rows; of a 2xx the body is looked at, too. Only 400 and 422 are about the items; what nobody knows
 * pauses, and loses nothing.
 */
export function outcomeOf(status: number): PostAnswer["outcome"] {
  if (status >= 200 && status < 300) return "delivered"
  if (status === 400 || status === 422) return "refused"
  if (status === 413) return "too_large"
  if (status === NO_ANSWER || status === 408 || status === 425 || status === 429 || status >= 500) return "later"
  return "rejected"
}

/** Pure; exported for tests. */
export function toPostAnswer(exchanged: Exchange, key: string, now: number): PostAnswer {
  if (exchanged.kind !== "answered") return unanswered(exchanged.kind)
  const { status, headers } = exchanged
  const wait = retryAfterMs(headers)
  const reason = reasonOf(exchanged).replaceAll(key, "[secret]").slice(0, REASON_CHARS_MAX)
  const retryAt = wait === null ? null : now + Math.min(wait, RETRY_AFTER_MAX_MS)
  return { outcome: doubtOf(exchanged) === null ? outcomeOf(status) : "later", status, reason, retryAt }
}

/**
 * Why a 2xx is not believed; null where it is, or is none. Intempt says nothing when it takes items, or JSON without errors; what
 * says anything else may be a gateway's page, behind which nothing was taken.
 */
function doubtOf(answered: Answered): string | null {
  const { status, body } = answered
  if (outcomeOf(status) !== "delivered" || (body.kind === "whole" && body.text.trim() === "")) return null
  if (body.kind !== "whole") return `Intempt answered ${status}, and its answer did not come whole.`
  const said = jsonOf(body.text)
  if (said === undefined) return `Intempt answered ${status} with a page that is not its own.`
  if (!hasErrors.safeParse(said).success) return null
  return `Intempt answered ${status} and named an error: ${messageOf(answered) ?? "it did not say which."}`
}

/** Anything but nothing under `errors`. */
const hasErrors = z.object({ errors: z.unknown().refine((errors) => !isNothing(errors)) })

function isNothing(errors: unknown): boolean {
  return errors === undefined || errors === null || (Array.isArray(errors) && errors.length === 0)
}

function unanswered(kind: "timeout" | "unreachable"): PostAnswer {
  const reason = kind === "timeout" ? "Intempt did not answer in time." : "Intempt could not be reached."
  return { outcome: outcomeOf(NO_ANSWER), status: NO_ANSWER, reason, retryAt: null }
}

function reasonOf(answered: Answered): string {
  const { status } = answered
  if (outcomeOf(status) === "delivered") return doubtOf(answered) ?? "Accepted."
  if (outcomeOf(status) === "refused")
    return messageOf(answered) ?? `Intempt refused the items (${status}) and did not say why.`
  return REASONS[status] ?? `Intempt answered ${status}.`
}

/** `{"errors": [{"message"}]}`: why items were refused is of use only in Intempt's own words. */
function messageOf({ body }: Answered): string | null {
  const parsed = answer.safeParse(body.kind === "whole" ? jsonOf(body.text) : null)
  return parsed.data?.errors[0]?.message ?? null
}

const answer = z.object({ errors: z.array(z.object({ message: z.string() })) })

// ---------------------------------------------------------------------------------------------------------- the check

/** Pure; exported for tests. */
export function toCheck(exchanged: Exchange, key: string): DestinationCheck {
  const { outcome, status, reason } = toPostAnswer(exchanged, key, 0)
  if (outcome === "delivered" || outcome === "refused") return { ok: true }
  if (outcome !== "rejected") return { ok: false, code: "unreachable", reason: `${reason} Try again in a moment.` }
  return { ok: false, code: REJECTIONS[status] ?? "unreachable", reason }
}
