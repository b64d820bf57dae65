/**
 * OAuth 2.0 as a client speaks it. `oslo/oauth2` makes the address that a browser is sent to, the verifier and the state. Its token
 * requests are not used: they have no time limit and no size limit, cannot leave by our own port, and their errors carry the
 * request, secret included. Ours are one exchange whose outcome is a value; nothing of request or answer is quoted in a reason.
 */
import { base64 } from "oslo/encoding"
import { generateCodeVerifier, OAuth2Client } from "oslo/oauth2"
import { z } from "zod"
import type { OAuth2Auth } from "../connectors/kit/define.ts"
import { retryAfterMs } from "../connectors/kit/retry-after.ts"
import type { OAuthClient } from "../env.ts"
import { type Answered, type ExchangePorts, exchange, jsonOf } from "../http/exchange.ts"

/** Token endpoints answer within a second or two; a person may be waiting. */
export const TOKEN_TIMEOUT_MS = 20_000
export const TOKEN_BYTES_MAX = 64 * 1024
const TOKEN_CHARS_MAX = 8_192
const USER_AGENT = "Intempt-Cloud-Sources/1.0 (+https://intempt.com)"

/** A partner and our part in it, as one project's source meets them. */
export interface OAuthContext {
  title: string
  auth: OAuth2Auth<unknown>
  config: unknown
  client: OAuthClient
}

/** What a token endpoint gave. */
export interface TokenAnswer {
  accessToken: string
  refreshToken: string | null
  /** Null: the answer does not say. */
  expiresInS: number | null
  refreshExpiresInS: number | null
  /** Null: the answer does not say. */
  scopes: string[] | null
  /** The whole answer, for what only this partner says. Holds secrets. */
  body: unknown
}

export type TokenResult =
  | { kind: "ok"; answer: TokenAnswer }
  /** The partner does not accept the code or the refresh token. */
  | { kind: "refused"; reason: string }
  /** The partner does not accept our app, or how it asks: for its operator to solve, not for the user. */
  | { kind: "client"; reason: string }
  /** A success whose body could not be read: code or refresh token may be used up. */
  | { kind: "lost"; reason: string }
  /** Nothing is known, or the fault is ours or passing. */
  | { kind: "later"; reason: string; retryAfterMs: number | null }

// --------------------------------------------------------------------------------------------------- the browser's part

export interface Authorization {
  url: URL
  /** To be sent with the code; null where the partner has no PKCE. */
  verifier: string | null
}

/** The partner's page; a client may have one of its own there (a Stripe App's external test), and nowhere else. */
export function authorizeUrl({ auth, config, client }: OAuthContext): URL {
  const usual = new URL(auth.authorizeUrl(config))
  const own = client.authorizeUrl === undefined ? usual : new URL(client.authorizeUrl)
  return own.origin === usual.origin ? own : usual
}

export async function authorization(oauth: OAuthContext, redirectUri: string, state: string): Promise<Authorization> {
  const { auth, config, client } = oauth
  const oslo = new OAuth2Client(client.id, authorizeUrl(oauth).href, auth.tokenUrl(config), {
    redirectURI: redirectUri,
  })
  const verifier = auth.pkce ? generateCodeVerifier() : null
  const scopes = [...auth.scopes]
  const url = await oslo.createAuthorizationURL({ state, scopes, ...(verifier !== null && { codeVerifier: verifier }) })
  if (auth.scopeSeparator && scopes.length > 0) url.searchParams.set("scope", scopes.join(auth.scopeSeparator))
  return { url, verifier }
}

// ------------------------------------------------------------------------------------------------ the token endpoint

export function exchangeCode(
  ports: ExchangePorts,
  oauth: OAuthContext,
  { code, verifier, redirectUri }: { code: string; verifier: string | null; redirectUri: string },
): Promise<TokenResult> {
  return askTokenEndpoint(ports, oauth, isCodeRefused, {
    ...oauth.auth.tokenParams,
    ...{ grant_type: "authorization_code", code },
    ...(oauth.auth.repeatsRedirect !== false && { redirect_uri: redirectUri }),
    ...(verifier !== null && { code_verifier: verifier }),
  })
}

export function refresh(ports: ExchangePorts, oauth: OAuthContext, refreshToken: string): Promise<TokenResult> {
  const { endsGrant } = oauth.auth
  const isOver: IsRefused = (error) => error.code === "invalid_grant" || endsGrant?.(error) === true
  return askTokenEndpoint(ports, oauth, isOver, { grant_type: "refresh_token", refresh_token: refreshToken })
}

/** RFC 7009: gives the grant back. True where the partner took it, or knows it no more. */
export async function revoke(ports: ExchangePorts, oauth: OAuthContext, url: string, token: string): Promise<boolean> {
  const answer = await postToPartner(ports, oauth, url, { token })
  return answer.kind === "answered" && answer.status < 500 && answer.status !== 429
}

async function askTokenEndpoint(
  ports: ExchangePorts,
  oauth: OAuthContext,
  isRefused: IsRefused,
  params: Record<string, string>,
): Promise<TokenResult> {
  const { title } = oauth
  const answered = await postToPartner(ports, oauth, oauth.auth.tokenUrl(oauth.config), params)
  if (answered.kind === "timeout") return later(`${title} did not answer in time`)
  if (answered.kind === "unreachable") return later(`${title} could not be reached`)
  return tokenResultOf(title, answered, isRefused)
}

function postToPartner(ports: ExchangePorts, oauth: OAuthContext, url: string, params: Record<string, string>) {
  const { headers, body } = identified(oauth, params)
  const all = {
    accept: "application/json",
    "content-type": "application/x-www-form-urlencoded",
    "user-agent": USER_AGENT,
    ...headers,
  }
  const bounds = { timeoutMs: TOKEN_TIMEOUT_MS, maxBytes: TOKEN_BYTES_MAX }
  return exchange(ports, url, { method: "POST", headers: all, body: new URLSearchParams(body).toString() }, bounds)
}

function identified({ auth, client }: OAuthContext, params: Record<string, string>) {
  const [secret] = client.secrets
  switch (auth.client ?? "body") {
    case "body":
      return { headers: {}, body: { ...params, client_id: client.id, client_secret: secret } }
    case "basic":
      return { headers: basic(encodeURIComponent(client.id), encodeURIComponent(secret)), body: params }
    case "secretAsUser":
      return { headers: basic(secret, ""), body: params }
  }
}

function basic(user: string, password: string): Record<string, string> {
  return { authorization: `Basic ${base64.encode(new TextEncoder().encode(`${user}:${password}`))}` }
}

// --------------------------------------------------------------------------------------------------------- the answer

const text = z.string().min(1).max(TOKEN_CHARS_MAX)
/** Ten years: whoever grants more means for good, and a time beyond all calendars could not be waited for. */
export const LIFE_MAX_S = 10 * 365 * 86_400
/**
 * How long a token lives, seconds. What makes no sense (none, less, no number) counts as not said: the token itself is good, and an
 * answer that is put aside takes the rotated refresh token with it. Where it lives shorter than said, its refusal renews it.
 */
const life = z.coerce
  .number()
  .min(1)
  .transform((seconds) => Math.min(Math.floor(seconds), LIFE_MAX_S))
  .nullish()
  .catch(null)

const success = z.object({
  access_token: text,
  refresh_token: text.nullish(),
  expires_in: life,
  refresh_token_expires_in: life,
  scope: z.string().nullish().catch(null),
})

/** RFC 6749, 5.2; Stripe's other errors are objects. */
const failure = z.object({
  error: z.union([z.string(), z.object({ type: z.string().nullish() })]),
  error_description: z.string().nullish(),
})

/** A token endpoint's own error, as its body names it. */
interface TokenError {
  status: number
  code: string
  description: string
}

/** Whether an error is about the code or refresh token that was sent, rather than about us. */
type IsRefused = (error: TokenError) => boolean

/** Errors that speak of us or of this moment, not of the code. */
const OURS = new Set(["invalid_client", "unauthorized_client", "unsupported_grant_type", "application_cannot_be_found"])
const PASSING = new Set(["temporarily_unavailable", "server_error", "slow_down"])
/** What may be shown of a partner's error: a word, never a sentence of its own. */
const ERROR_WORD = /^[a-z_]{1,60}$/

/** A code is good once and for minutes: whatever is said of it but that we are not known, only another one helps. */
const isCodeRefused: IsRefused = ({ status, code }) =>
  code === "invalid_grant" || (status !== 401 && status !== 403 && !OURS.has(code))

function tokenResultOf(title: string, { status, headers, body }: Answered, isRefused: IsRefused): TokenResult {
  const isSuccess = status >= 200 && status < 300
  const parsed = body.kind === "whole" ? jsonOf(body.text) : undefined
  const error = tokenErrorOf(status, parsed)
  if (isSuccess && error === null) {
    const given = success.safeParse(parsed)
    if (given.success) return { kind: "ok", answer: answerOf(given.data, parsed) }
    return { kind: "lost", reason: `${title}'s answer with the renewed access could not be read` }
  }
  if (status >= 500 || status === 429 || status === 408)
    return later(`${title} answered ${status}`, retryAfterMs(headers))
  if (error === null) return later(`${title} answered ${status}, and not as it documents`)
  if (PASSING.has(error.code)) return later(`${title} cannot answer at the moment`)
  if (isRefused(error)) return { kind: "refused", reason: "the access that was approved has expired or was withdrawn" }
  // Not the user's to solve, and not solved by signing in again: it waits for the app's operator.
  const word = ERROR_WORD.test(error.code) ? error.code : String(status)
  return { kind: "client", reason: `${title} does not accept the OAuth client (${word})` }
}

function tokenErrorOf(status: number, parsed: unknown): TokenError | null {
  const { data } = failure.safeParse(parsed)
  if (!data) return null
  const code = typeof data.error === "string" ? data.error : (data.error.type ?? "")
  return { status, code, description: data.error_description ?? "" }
}

function answerOf(given: z.output<typeof success>, body: unknown): TokenAnswer {
  return {
    accessToken: given.access_token,
    refreshToken: given.refresh_token ?? null,
    expiresInS: given.expires_in ?? null,
    refreshExpiresInS: given.refresh_token_expires_in ?? null,
    scopes: given.scope?.split(/[\s,]+/).filter((scope) => scope !== "") ?? null,
    body,
  }
}

function later(reason: string, wait: number | null = null): TokenResult {
  return { kind: "later", reason, retryAfterMs: wait }
}
