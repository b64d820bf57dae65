/**
 * The OAuth tokens of a source: when they are renewed, by whom, and what follows from each answer. Decisions only; the engine asks
 * the partner in between. What keeps a rotating refresh token safe:
 *   - one refresh at a time: an intent is durable before the partner is asked, and nobody asks while it is in force
 *   - an answer counts only for the very intent it was asked for: after a reconnect it is dropped
 *   - the new pair is saved before anybody is given the access token
 *   - an answer that got lost may have used the refresh token up: it is tried again as long as the partner lets one repeat it
 *   - a refresh token that the partner refused is never sent again: sent twice, it could end what a new sign-in brought
 *   - a fault of our own OAuth client is not the grant's: the source waits for whoever runs the client
 */

import { ASKED_WAIT_MAX_MS } from "../../connectors/kit/retry-after.ts"
import { assign } from "../../lib/assign.ts"
import { backoffMs } from "../../lib/backoff.ts"
import { DAY_MS, HOUR_MS } from "../../lib/time.ts"
import type { RefreshAnswer } from "../ports.ts"
import { askToWait, sourceWait } from "../reading/waits.ts"
import type { State, TokenState } from "../state/state.ts"
import type { Transaction } from "../transaction.ts"
import { stopSource } from "./stop-source.ts"
import type { TokenNeed } from "./token-need.ts"

/** Renewed this much before its end, so that no page is asked for with a token that runs out on the way. */
export const RENEW_AHEAD_MS = 15 * 60_000
/** Of a life under an hour: its last quarter. */
export const RENEW_AHEAD_SHARE = 4
/** Least time between two renewals: whatever life a token endpoint grants, it is not asked at every step. */
export const RENEW_GAP_MS = 60_000
/** How long an intent is in force: longer than the partner may take to answer. */
export const INTENT_MS = 30_000
/** A refresh token whose answer was lost is tried this often in all, and longer where the partner lets one repeat it. */
export const LOST_MAX = 3
/** A source that rests renews its grant this long before it would lapse, or in the last quarter of a shorter life. */
export const KEEP_AHEAD_MS = 7 * DAY_MS
const REFRESH_RETRY_BASE_MS = 5_000
const REFRESH_RETRY_MAX_MS = 15 * 60_000
/** After a lost answer: a page that stands before the token endpoint for some minutes must not use up the few tries. */
const LOST_RETRY_BASE_MS = 150_000
const LOST_RETRY_MAX_MS = HOUR_MS
/** While our client is missing or wrong: it goes on by itself soon after that has been put right. */
const CLIENT_RETRY_BASE_MS = 60_000

// --------------------------------------------------------------------------------------------------- configuration

/** Takes the tokens that came with a new grant, or forgets the old ones where a key was pasted. */
export function adopt({ state }: Transaction): void {
  const { configuration, token } = state
  const { grant = null, credentialVersion } = configuration
  if (!grant) {
    if (token) state.token = null
    state.operatorWait = null
    return
  }
  const { tokens } = grant
  // Kept here alone from now on: the copy in the configuration would only grow old.
  state.configuration = { ...configuration, grant: { id: grant.id, tokens: null } }
  if (!tokens || token?.grant === grant.id) return
  // Above every version that a consumer may still hold.
  const version = Math.max(token?.version ?? 0, credentialVersion) + 1
  state.token = {
    grant: grant.id,
    version,
    tokens,
    refused: false,
    intent: null,
    lost: 0,
    tries: 0,
    sentAt: null,
    isOver: false,
    renewedAt: null,
  }
  state.operatorWait = null
}

export function credentialVersionOf({ token, configuration }: State): number {
  return token?.version ?? configuration.credentialVersion
}

// --------------------------------------------------------------------------------------------------------- renewing

/** Before an access token is handed out: begins a refresh where one is due. */
export function need(tx: Transaction): TokenNeed {
  return isTokenDue(tx.state, tx.now) && !tx.state.error ? beginRefresh(tx) : { kind: "none" }
}

/** Before a stopped source tries its access token. */
export function needToTry(tx: Transaction): TokenNeed {
  return isTokenDue(tx.state, tx.now) ? beginRefresh(tx) : { kind: "none" }
}

/** After a 401 that names this version. */
export function needAfterRefusal(tx: Transaction, failedVersion: number): TokenNeed {
  const { token, error, checking } = tx.state
  // While a refusal is being confirmed, the token that was refused is the renewed one.
  if (!token || error || checking || token.version > failedVersion || !isRenewable(token)) return { kind: "none" }
  token.refused = true
  return beginRefresh(tx)
}

/** For a source that rests: its refresh token must not lapse unused. */
export function needToKeep(tx: Transaction): TokenNeed {
  const at = keepAt(tx.state)
  return at !== null && at <= tx.now ? beginRefresh(tx) : { kind: "none" }
}

/** When a grant nobody reads with is renewed; null: never. */
export function keepAt({ token, error, waits }: State): number | null {
  if (!token || !isRenewable(token) || token.tokens.refreshExpiresAt === null || error) return null
  const { refreshExpiresAt, refreshLifeMs } = token.tokens
  const ahead = Math.min(KEEP_AHEAD_MS, (refreshLifeMs ?? KEEP_AHEAD_MS) / RENEW_AHEAD_SHARE)
  return Math.max(refreshExpiresAt - ahead, restedAt(token), waits.source?.until ?? 0, token.intent?.until ?? 0)
}

/** Nobody needs to be told of work while the token is being renewed: who renews it does the work. */
export function isRenewing({ state: { token }, now }: Transaction): boolean {
  return token?.intent != null && token.intent.until > now
}

/** A refused access token that may yet be renewed: its failure is not the end. */
export function mayRecover({ token }: State, failedVersion: number): boolean {
  return token?.refused === true && isRenewable(token) && token.version === failedVersion
}

/** Tokens that are refused although nobody has renewed them since: they are renewed before anything follows. False: it is too late. */
export function renewRefused({ token }: State): boolean {
  if (!token || !isRenewable(token) || token.isAfterRefusal) return false
  token.refused = true
  return true
}

function isRenewable({ tokens, isOver }: TokenState): boolean {
  return tokens.refresh !== null && !isOver
}

/** The access token must be renewed before it is used. */
export function isTokenDue({ token }: State, now: number): boolean {
  if (!token || !isRenewable(token)) return false
  const { expiresAt, lifeMs } = token.tokens
  if (token.refused) return true
  // One that came just now is used, however soon it is said to end: whether it has ended the partner tells.
  if (expiresAt === null || now < restedAt(token)) return false
  return now >= expiresAt - Math.min(RENEW_AHEAD_MS, (lifeMs ?? RENEW_AHEAD_MS) / RENEW_AHEAD_SHARE)
}

/** From when on it may be renewed again. */
function restedAt({ renewedAt }: TokenState): number {
  return renewedAt === null ? 0 : renewedAt + RENEW_GAP_MS
}

function beginRefresh(tx: Transaction): TokenNeed {
  const { token, configuration } = tx.state
  if (!token) return { kind: "none" }
  if (token.intent && token.intent.until > tx.now) return { kind: "wait", until: token.intent.until }
  // An intent left behind: whoever had it is gone, and with it the answer.
  if (token.intent) lostAnswer(tx, token, `${tx.connector.title} did not answer when the access was renewed`)
  if (token.isOver) return { kind: "none" }
  const wait = sourceWait(tx.state, tx.now)
  if (wait) return { kind: "wait", until: wait.until }
  // Refused as soon as it came: the partner is not asked for one after the other.
  const rested = restedAt(token)
  if (rested > tx.now) {
    askToWait(tx, "source", {
      until: rested,
      reason: "the access was renewed a moment ago and can be renewed again in a minute",
    })
    return { kind: "wait", until: rested }
  }
  const { org, project, source, connector, config } = configuration
  token.intent = { id: tx.random.id("refresh"), until: tx.now + INTENT_MS }
  token.sentAt ??= tx.now
  return {
    kind: "refresh",
    intent: token.intent.id,
    ask: { ref: { org, project, source }, connector, config, tokens: token.tokens },
  }
}

/** What the partner answered. Of an intent that is no longer the current one, nothing is taken. */
export function refreshAnswered(tx: Transaction, intent: string, answer: RefreshAnswer): void {
  const { state } = tx
  const { token } = state
  if (!token || token.intent?.id !== intent) return
  const isAfterRefusal = token.refused
  token.intent = null
  switch (answer.kind) {
    case "refreshed":
      assign(token, { tokens: answer.tokens, version: token.version + 1, refused: false, lost: 0, tries: 0 })
      assign(token, { sentAt: null, renewedAt: tx.now, isAfterRefusal })
      state.operatorWait = null
      expectCallers(tx)
      return
    case "refused":
      endGrant(tx, token, answer.reason)
      return
    case "client":
      state.operatorWait = { since: state.operatorWait?.since ?? tx.now, reason: answer.reason }
      waitFor(
        tx,
        `${answer.reason}. Nothing is lost: the sync goes on by itself after that.`,
        nextTry(tx, token, CLIENT_RETRY_BASE_MS),
      )
      return
    case "lost":
      lostAnswer(tx, token, answer.reason)
      return
    case "later": {
      const asked = Math.min(answer.retryAfterMs ?? 0, ASKED_WAIT_MAX_MS)
      waitFor(tx, answer.reason, Math.max(asked, nextTry(tx, token, REFRESH_RETRY_BASE_MS)))
    }
  }
}

/** The refresh token may have been used up. It is tried again some minutes later, unless that has been done often and long enough. */
function lostAnswer(tx: Transaction, token: TokenState, reason: string): void {
  token.intent = null
  token.lost++
  if (token.lost >= LOST_MAX && !isRepeatable(tx, token))
    endGrant(tx, token, `${reason}, and without that answer the access could not be renewed`)
  else waitFor(tx, reason, nextTry(tx, token, LOST_RETRY_BASE_MS, LOST_RETRY_MAX_MS))
}

/** The partner takes the same refresh token again for some time after its first use. */
function isRepeatable({ connector, now }: Transaction, { sentAt }: TokenState): boolean {
  const seconds = connector.auth.find((way) => way.kind === "oauth2")?.refreshRepeatableSeconds ?? 0
  return now < (sentAt ?? now) + seconds * 1000
}

/** How long until the token endpoint is asked again, ms. */
function nextTry({ random }: Transaction, token: TokenState, baseMs: number, maxMs = REFRESH_RETRY_MAX_MS): number {
  return backoffMs(++token.tries, baseMs, maxMs, random.next())
}

function waitFor(tx: Transaction, reason: string, ms: number): void {
  askToWait(tx, "source", { until: tx.now + ms, reason })
}

/** Those who waited for the token ask for their work at once: no wake-up is sent for it. */
function expectCallers({ state, now }: Transaction): void {
  for (const queue of ["fetch", "backfill"] as const) state.wakes[queue] ??= { deadline: now + INTENT_MS, tries: 0 }
}

function endGrant(tx: Transaction, token: TokenState, reason: string): void {
  token.isOver = true
  tx.state.operatorWait = null
  reconnect(tx, reason)
}

function reconnect(tx: Transaction, reason: string): void {
  const { title } = tx.connector
  stopSource(tx, {
    code: "reconnect",
    message: `${title} no longer lets this source read: ${reason}. What was read is kept and delivered.`,
    remedy: `Reconnect the source: sign in to ${title} again. The sync goes on where it stopped.`,
  })
}
