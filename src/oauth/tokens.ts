/** A token answer, sealed for its source; and the port by which a Durable Object renews or gives back what it holds. */
import type { AnyConnector, OAuth2Auth } from "../connectors/kit/define.ts"
import type { OAuthClient } from "../env.ts"
import type { ExchangePorts } from "../http/exchange.ts"
import { askPartner } from "../http/partner.ts"
import type { Cipher } from "../ports.ts"
import type { RefreshAnswer, TokenAsk, Tokens } from "../source/ports.ts"
import type { SealedTokens, SourceRef } from "../source/protocol/configuration.ts"
import { sealContext } from "../worker/vault.ts"
import { type OAuthContext, refresh, revoke, type TokenAnswer } from "./client.ts"

export interface TokenPorts extends ExchangePorts {
  cipher: Cipher
  connector(name: string): AnyConnector | undefined
  /** The client with this id, of the project or of this deployment; null: there is none any more. */
  client(ref: SourceRef, connector: string, id: string): Promise<OAuthClient | null>
}

export function oauthOf(connector: AnyConnector): OAuth2Auth<unknown> | null {
  return connector.auth.find((way) => way.kind === "oauth2") ?? null
}

/** `askedAt`, our clock: before the request was sent, so that no life is reckoned longer than it is. */
export async function sealTokens(
  cipher: Pick<Cipher, "seal">,
  ref: SourceRef,
  { auth, client }: Pick<OAuthContext, "auth" | "client">,
  answer: TokenAnswer,
  askedAt: number,
): Promise<SealedTokens> {
  const context = sealContext(ref, "grant")
  const isRenewable = auth.refresh !== "none" && answer.refreshToken !== null
  const life = answer.expiresInS ?? auth.accessLifeSeconds ?? null
  const refreshLife = isRenewable ? (answer.refreshExpiresInS ?? auth.refreshLifeSeconds ?? null) : null
  return {
    access: await cipher.seal(answer.accessToken, context),
    refresh: isRenewable ? await cipher.seal(answer.refreshToken ?? "", context) : null,
    client: client.id,
    isOwnClient: client.isOwn === true,
    ...{ expiresAt: endOf(askedAt, life), lifeMs: life && life * 1000 },
    ...{ refreshExpiresAt: endOf(askedAt, refreshLife), refreshLifeMs: refreshLife && refreshLife * 1000 },
  }
}

/** From one owner's seal to another's: an install that is claimed becomes a source's. */
export async function resealTokens(cipher: Cipher, tokens: SealedTokens, from: SourceRef, to: SourceRef) {
  const move = async (sealed: string) =>
    cipher.seal(await cipher.open(sealed, sealContext(from, "grant")), sealContext(to, "grant"))
  return { ...tokens, access: await move(tokens.access), refresh: tokens.refresh && (await move(tokens.refresh)) }
}

function endOf(from: number, seconds: number | null): number | null {
  return seconds === null ? null : from + seconds * 1000
}

// ------------------------------------------------------------------------------------------------------------ the port

export function tokensPort(ports: TokenPorts): Tokens {
  return {
    refresh: (ask) => renew(ports, ask).catch(notNow),
    revoke: (ask) => giveBack(ports, ask).catch(() => false),
  }
}

/** Our own database or cipher: says nothing of the token. */
function notNow(): RefreshAnswer {
  return { kind: "later", reason: "the access could not be renewed just now", retryAfterMs: null }
}

async function renew(ports: TokenPorts, { ref, connector, config, tokens }: TokenAsk): Promise<RefreshAnswer> {
  const known = ports.connector(connector)
  // Two deploys can be live at once: a newer one's source is left to it.
  if (!known || !oauthOf(known)) return notNow()
  const oauth = await oauthContextOf(ports, { ref, connector, config, tokens })
  if (!oauth) return { kind: "client", reason: missingClient(known.title, tokens) }
  if (tokens.refresh === null) return { kind: "refused", reason: "the access was approved for a time that is over" }
  const refreshToken = await ports.cipher.open(tokens.refresh, sealContext(ref, "grant"))
  const askedAt = ports.clock.now()
  const result = await refresh(ports, oauth, refreshToken)
  if (result.kind === "client") return { ...result, reason: `${result.reason}: ${wayOut(oauth.client)}` }
  if (result.kind !== "ok") return result
  const { answer } = result
  // A partner whose refresh tokens are stable need not repeat them.
  const whole = { ...answer, refreshToken: answer.refreshToken ?? refreshToken }
  return { kind: "refreshed", tokens: await sealTokens(ports.cipher, ref, oauth, whole, askedAt) }
}

/** Who has to act is another one for a project's own client than for the deployment's. */
function missingClient(title: string, { isOwnClient }: SealedTokens): string {
  if (isOwnClient)
    return `this project's own OAuth client for ${title} was removed: an admin of the project has to set the same client again with PUT /settings, or reconnect the source`
  if (isOwnClient === false)
    return `this deployment has no OAuth client for ${title} any more: its operator has to set the same client again`
  return `the OAuth client for ${title} that this source was connected by is not set up any more: the operator, or an admin of the project, has to set the same client again; or reconnect the source`
}

function wayOut({ isOwn }: OAuthClient): string {
  return isOwn
    ? "an admin of the project has to correct its OAuth client with PUT /settings"
    : "the operator has to correct its client id and secret (OAUTH_<PARTNER>_CLIENT_ID, _CLIENT_SECRET)"
}

async function giveBack(ports: TokenPorts, ask: TokenAsk): Promise<boolean> {
  const { ref, config, tokens } = ask
  const connector = ports.connector(ask.connector)
  const auth = connector && oauthOf(connector)
  if (!connector || (!auth?.revokeUrl && !auth?.revoke)) return true
  const oauth = await oauthContextOf(ports, ask)
  // Our client is not set up just now: it may be again.
  if (!oauth) return false
  const sealed = auth.revokeUrl ? (tokens.refresh ?? tokens.access) : tokens.access
  const token = await ports.cipher.open(sealed, sealContext(ref, "grant"))
  if (auth.revokeUrl) return revoke(ports, oauth, auth.revokeUrl(config), token)
  const request = auth.revoke?.(config)
  const access = await liveToken(ports, ask, oauth, token)
  if (access === null) return false
  const result =
    request && (await askPartner(ports, connector, config, request, { kind: "accessToken", value: access }))
  // Refused: it was given back already, at the partner. Anything else may pass, and is tried a few times.
  return result?.kind === "ok" || result?.kind === "auth"
}

/** A call of the partner's API takes an access token that has not run out. Null: there is none just now. */
async function liveToken(
  ports: TokenPorts,
  { ref, tokens }: TokenAsk,
  oauth: OAuthContext,
  access: string,
): Promise<string | null> {
  const isOver = tokens.expiresAt !== null && tokens.expiresAt <= ports.clock.now()
  if (!isOver || tokens.refresh === null) return access
  const result = await refresh(ports, oauth, await ports.cipher.open(tokens.refresh, sealContext(ref, "grant")))
  if (result.kind === "ok") return result.answer.accessToken
  // A grant that is over has nothing to be given back: its access token will be refused.
  return result.kind === "refused" ? access : null
}

async function oauthContextOf(
  ports: TokenPorts,
  { ref, connector: name, config, tokens }: TokenAsk,
): Promise<OAuthContext | null> {
  const connector = ports.connector(name)
  const auth = connector && oauthOf(connector)
  const client = await ports.client(ref, name, tokens.client)
  return auth && client ? { title: connector.title, auth, config, client } : null
}
