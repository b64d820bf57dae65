/**
 * One request to a partner, from what its connector declares: address, authentication, time limit, size limit, and what the
 * answer means. It never retries; each failure is one tagged value whose reason holds no secret, no query and no body.
 */
import type {
  AnyConnector,
  Auth,
  Credential,
  PageRequest,
  PartnerAnswer,
  PartnerFailure,
} from "../connectors/kit/define.ts"
import { limited } from "../connectors/kit/failure.ts"
import { retryAfterMs } from "../connectors/kit/retry-after.ts"
import { type Answered, type Exchange, type ExchangePorts, exchange, jsonOf } from "./exchange.ts"

/** Partners answer a page within seconds; past this it is cheaper to ask again. */
export const REQUEST_TIMEOUT_MS = 30_000
/** Text and parsed form of a page together stay under a third of the 128 MB that five sources share. */
export const PAGE_BYTES_MAX = 8 * 1024 * 1024
/** A reason is a sentence for people; a longer one is a body in disguise. */
export const REASON_CHARS_MAX = 300

const USER_AGENT = "Intempt-Cloud-Sources/1.0 (+https://intempt.com)"

/** `stamp`: also with a refusal that names the account, since such a credential is known to work from then on. */
export type PartnerResult = { kind: "ok"; answer: PartnerAnswer; stamp: Stamp } | (PartnerFailure & { stamp?: Stamp })

/** When a page was asked for, on both clocks. */
export interface Stamp {
  /** Partner time, cut down to what the partner's own times are cut to: a lower bound of the moment whose state the answer shows. */
  asked: number
  /** The partner's clock stood between `asked` and this much later. */
  spreadMs: number
  /** Our clock. */
  sentAt: number
  /** From then to the answer. */
  elapsedMs: number
}

export async function askPartner(
  ports: ExchangePorts,
  connector: AnyConnector,
  config: unknown,
  request: PageRequest,
  credential: Credential,
): Promise<PartnerResult> {
  const url = urlOf(connector.baseUrl(config), request)
  if (url === null)
    return { kind: "fault", reason: `A request would have left ${connector.title}'s own address, so it was not sent.` }
  const bounds = { timeoutMs: REQUEST_TIMEOUT_MS, maxBytes: PAGE_BYTES_MAX }
  const exchanged = await exchange(ports, url, initOf(connector, request, credential), bounds)
  const result = resultOf(connector, credential, exchanged)
  return result.kind === "ok" ? result : { ...result, reason: presentable(result.reason, credential.value) }
}

/** What the exchange comes to. Pure; exported for tests. */
export function resultOf(connector: AnyConnector, credential: Credential, exchanged: Exchange): PartnerResult {
  const { title } = connector
  if (exchanged.kind === "timeout") return { kind: "transient", reason: `${title} did not answer in time.` }
  if (exchanged.kind === "unreachable")
    return { kind: "transient", reason: `${title} could not be reached.`, unreached: true }
  return exchanged.status >= 200 && exchanged.status < 300
    ? accepted(connector, credential, exchanged)
    : refused(connector, credential, exchanged)
}

// -------------------------------------------------------------------------------------------------------- the request

/** The address, or null where it would not be the connector's own origin: credentials go nowhere else. */
export function urlOf(baseUrl: string, request: PageRequest): string | null {
  if (!request.path.startsWith("/") || !URL.canParse(baseUrl + request.path)) return null
  const url = new URL(baseUrl + request.path)
  for (const [name, value] of Object.entries(request.query ?? {})) append(url.searchParams, name, value)
  return url.origin === new URL(baseUrl).origin && url.username === "" ? url.href : null
}

function append(params: URLSearchParams, name: string, value: NonNullable<PageRequest["query"]>[string]): void {
  if (value === undefined) return
  for (const one of Array.isArray(value) ? value : [value]) params.append(name, String(one))
}

function initOf(connector: AnyConnector, request: PageRequest, credential: Credential): RequestInit {
  const headers = {
    accept: "application/json",
    "user-agent": USER_AGENT,
    ...connector.headers,
    ...request.headers,
    ...authHeaders(connector, credential),
  }
  if (request.body === undefined) return { method: request.method ?? "GET", headers }
  const body = JSON.stringify(request.body)
  return { method: request.method ?? "POST", headers: { ...headers, "content-type": "application/json" }, body }
}

const WAYS: Record<Credential["kind"], Auth<unknown>["kind"]> = { key: "apiKey", accessToken: "oauth2" }

function authHeaders({ auth }: AnyConnector, { kind, value }: Credential): Record<string, string> {
  return auth.find((way) => way.kind === WAYS[kind])?.headers(value) ?? {}
}

// --------------------------------------------------------------------------------------------------------- the answer

/** A `Date` header has whole seconds. */
const DATE_SECOND_MS = 1000

function accepted(connector: AnyConnector, credential: Credential, answered: Answered): PartnerResult {
  const { title } = connector
  const { status, headers, body } = answered
  if (body.kind === "too_large") return { kind: "too_large", reason: `${title}'s answer was over 8 MB.` }
  if (body.kind === "timeout") return { kind: "transient", reason: `${title}'s answer did not come in time.` }
  if (body.kind === "broken") return { kind: "transient", reason: `${title}'s answer broke off.` }
  const parsed = jsonOf(body.text)
  if (parsed === undefined) return { kind: "transient", reason: `${title}'s answer was not JSON.` }
  const failure = connector.classify(status, parsed, headers, credential)
  if (failure !== null) return withWait(title, failure, headers)
  const stamp = stampOf(connector, answered)
  // Bounds and versions come from the partner's clock alone. An answer without it is some middlebox's more often than the
  // partner's, so it is asked again; where the clock stays away, the run ends with this sentence rather than with a guess.
  if (stamp === null)
    return {
      kind: "transient",
      reason: `${title}'s answer did not say its time (no Date header), so it was not taken.`,
    }
  return { kind: "ok", answer: { body: parsed, headers }, stamp }
}

/**
 * The partner's clock when we asked. The answer was stamped at `Date` or up to a second later, and at most the whole exchange
 * after we asked; so its clock then stood at `Date` minus the exchange or later, and what it shows is no older than that. A change
 * in that same second is dated by its beginning: a page may not count as newer than that.
 */
function stampOf({ clock }: AnyConnector, { headers, sentAt, elapsedMs }: Answered): Stamp | null {
  const granularityMs = clock?.granularityMs ?? DATE_SECOND_MS
  const dated = Date.parse(headers.get("date") ?? "")
  if (Number.isNaN(dated)) return null
  const asked = granularityMs * Math.floor((dated - elapsedMs) / granularityMs)
  return { asked, spreadMs: dated + DATE_SECOND_MS - asked, sentAt, elapsedMs }
}

function refused(connector: AnyConnector, credential: Credential, answered: Answered): PartnerResult {
  const { status, headers, body } = answered
  const parsed = body.kind === "whole" ? jsonOf(body.text) : undefined
  const failure = connector.classify(status, parsed ?? null, headers, credential)
  if (failure === null) return byStatus(connector.title, status, headers)
  const stamp = failure.kind === "denied" && failure.account ? stampOf(connector, answered) : null
  return stamp ? { ...failure, stamp } : withWait(connector.title, failure, headers)
}

/** A limit of which the connector does not know how long it lasts: as the header says. */
function withWait(title: string, failure: PartnerFailure, headers: Headers): PartnerFailure {
  if (failure.kind !== "limited" || failure.retryAfterMs !== null) return failure
  return limited(title, retryAfterMs(headers), failure.scope)
}

function byStatus(title: string, status: number, headers: Headers): PartnerFailure {
  // The connector knows how its partner refuses. This is not the partner's refusal, so the credentials may be good.
  if (status === 401 || status === 403)
    return {
      kind: "transient",
      reason: `A gateway on the way answered ${status}, not ${title}. The credentials may be good.`,
    }
  if (status === 429) return limited(title, retryAfterMs(headers))
  if (status === 503 && retryAfterMs(headers) !== null) return limited(title, retryAfterMs(headers))
  if (status === 408 || status === 425 || status >= 500)
    return { kind: "transient", reason: `${title} answered ${status}.` }
  if (status < 400)
    return { kind: "fault", reason: `${title} answered with a redirect (${status}), which is not followed.` }
  return { kind: "fault", reason: `${title} refused the request (${status}).` }
}

/** Connectors may quote the partner; whatever it echoes, the credential does not come out, nor a body's length of text. */
function presentable(reason: string, secret: string): string {
  return reason.replaceAll(secret, "[secret]").slice(0, REASON_CHARS_MAX)
}
