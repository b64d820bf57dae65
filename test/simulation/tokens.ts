/**
 * What must hold of access tokens and their renewal, looked at from the partner's side and at each commit: one renewal at a time, none
 * without need, no loop of them; a pair is saved before it is used and never mixed up with another grant's; and the source asks its
 * user to sign in again only when it must.
 */
import type { State, TokenState } from "../../src/source/state/state.ts"
import { type Call, textOf } from "../sandbox/http.ts"
import type { Grants } from "../sandbox/oauth/grants.ts"
import { unseal } from "./object.ts"
import { Violation } from "./story.ts"

/** An access token is renewed a quarter of an hour before its end, and a rested grant no earlier than in its last quarter. */
const RENEW_AHEAD_MS = 15 * 60_000
const KEPT_SHARE = 4
/** Noticed a little later than it was decided. */
const SLACK_MS = 60_000
/** A grant nobody reads with is renewed this long before it lapses. */
const KEEP_AHEAD_MS = 7 * 86_400_000
/** More requests within the span are a loop, whatever the token endpoint does. */
const ASKED_MOST = 20
const ASKED_WITHIN_MS = 600_000
/** Answers lost in a row after which the source gives a refresh token up. */
const LOST_MOST = 3

export interface TokenWatch {
  /** Somebody signed in: a grant begins with this pair. */
  signedIn(grant: string, pair: { accessToken: string; refreshToken: string | null }): void
  /** The user took the app away: all grants so far are over. */
  takenAway(): void
  /** A call of the API arrived, and how it was refused. */
  used(call: Call): void
  refused(call: Call): void
  /** The token endpoint is asked; it renewed the token, or did not; its answer got lost on the way. */
  asked(call: Call, isWaiting: () => boolean): void
  renewed(call: Call, isCarriedOut: boolean, body: string): void
  lost(): void
  /** The renewed pair reached a living instance. */
  arrived(sealedAccess: string): void
  /** That the partner knows this refresh token no more reached a living instance. */
  turnedDown(sealedRefresh: string | null): void
  committed(state: State | null): void
  asks: number
  /** The last one that was saved. */
  grant: string | null
}

export interface TokenWatchParts {
  now(): number
  /** The object's own clock, by which tokens run out. */
  objectNow(): number
  grants: Grants
  /** For so long the partner takes a refresh token again. */
  repeatsMs: number
  /** Of the header or body of a call: does it carry this access token? */
  isOver(): boolean
  /** Commits that failed so far. */
  failedCommits(): number
}

interface Pair {
  access: string
  refresh: string | null
}

export function createTokenWatch({
  now,
  objectNow,
  grants,
  repeatsMs,
  isOver,
  failedCommits,
}: TokenWatchParts): TokenWatch {
  /** Access or refresh token -> its grant. */
  const families = new Map<string, string>()
  const saved = new Set<string>()
  const ended = new Set<string>()
  const refusedTokens = new Set<string>()
  /** Refresh tokens that the partner's own answer refused. */
  /** Refresh tokens whose refusal reached the source, and how many commits had failed by then: it may not have been kept. */
  const refusedRefreshes = new Map<string, number>()
  let current: (Pair & { state: TokenState }) | null = null
  let wantsSignIn = false
  let underWay: { isWaiting(): boolean; grant: string | undefined }[] = []
  let askedAt: number[] = []
  /** Since the pair at hand was saved: renewals that were carried out, answers that nobody could read, refreshes nobody saw the end of. */
  let pair = { carriedOut: 0, lost: 0, firstAskedAt: Number.POSITIVE_INFINITY }
  let pending: { access: string; at: number; failedCommits: number } | null = null
  const watch: TokenWatch = {
    asks: 0,
    grant: null,
    signedIn(grant, { accessToken, refreshToken }) {
      families.set(accessToken, grant)
      if (refreshToken !== null) families.set(refreshToken, grant)
    },
    takenAway() {
      for (const grant of families.values()) ended.add(grant)
    },
    used(call) {
      assertArrivedIsSaved()
      const access = tokenIn(call)
      if (families.has(access) && !saved.has(access) && !isOver())
        throw new Violation("an access token was used before it was saved")
    },
    refused(call) {
      refusedTokens.add(tokenIn(call))
    },
    asked(call, isWaiting) {
      watch.asks++
      pair.firstAskedAt = Math.min(pair.firstAskedAt, objectNow())
      assertArrivedIsSaved()
      const grant = families.get(refreshIn(call))
      if (refusedRefreshes.get(refreshIn(call)) === failedCommits() && !isOver())
        throw new Violation("a refresh token was sent again that the partner had refused")
      underWay = underWay.filter((one) => one.isWaiting())
      // One that a sign-in has overtaken is another grant's.
      if (underWay.some((one) => one.grant === grant) && !isOver())
        throw new Violation("two renewals of a token are under way at once")
      underWay.push({ isWaiting, grant })
      askedAt = [...askedAt.filter((at) => at > now() - ASKED_WITHIN_MS), now()]
      if (askedAt.length > ASKED_MOST) throw new Violation("the token is renewed in a loop")
      if (!isOver() && !isNeeded()) throw new Violation("a token was renewed that had long to live")
    },
    renewed(call, isCarriedOut, body) {
      if (!isCarriedOut) return
      pair.carriedOut++
      const { access_token: access, refresh_token: refresh } = JSON.parse(body) as Record<string, string>
      const grant = families.get(refreshIn(call))
      for (const token of [access, refresh]) if (token && grant) families.set(token, grant)
    },
    lost() {
      pair.lost++
    },
    arrived(sealedAccess) {
      pending = { access: plain(sealedAccess), at: now(), failedCommits: failedCommits() }
    },
    turnedDown(sealedRefresh) {
      if (sealedRefresh !== null) refusedRefreshes.set(plain(sealedRefresh), failedCommits())
    },
    committed(state) {
      const token = state?.token ?? null
      if (!token) {
        current = null
        wantsSignIn = false
        return
      }
      const access = plain(token.tokens.access)
      const refresh = token.tokens.refresh === null ? null : plain(token.tokens.refresh)
      if (families.get(access) !== token.grant) throw new Violation("the tokens of another grant were saved")
      const before = current?.state
      saved.add(access)
      if (access !== current?.access) pair = { carriedOut: 0, lost: 0, firstAskedAt: Number.POSITIVE_INFINITY }
      else if (before?.intent && before.intent.id !== token.intent?.id && before.intent.until <= objectNow())
        pair.lost++
      current = { access, refresh, state: token }
      watch.grant = token.grant
      if (state?.error?.code === "reconnect" && !wantsSignIn) assertLost(current)
      wantsSignIn = state?.error?.code === "reconnect"
    },
  }
  return watch

  function isNeeded(): boolean {
    if (!current || refusedTokens.has(current.access)) return true
    const { expiresAt, refreshExpiresAt, refreshLifeMs } = current.state.tokens
    const isEnding = expiresAt === null || expiresAt - objectNow() <= RENEW_AHEAD_MS + SLACK_MS
    const ahead = Math.min(KEEP_AHEAD_MS, (refreshLifeMs ?? 0) / KEPT_SHARE) + SLACK_MS
    return isEnding || (refreshExpiresAt !== null && refreshExpiresAt - objectNow() <= ahead)
  }

  /** The pair that is kept is worth nothing any more, for a reason; or nobody could know whether it is. */
  function assertLost({ access, refresh, state }: NonNullable<typeof current>): void {
    const mayBeRepeated = objectNow() < pair.firstAskedAt + repeatsMs
    if (ended.has(state.grant) || (pair.lost >= LOST_MOST && !mayBeRepeated)) return
    const isGood = refresh !== null && grants.isGood(refresh)
    if (!isGood && pair.carriedOut === 0) throw new Violation("a pair is worth nothing, and no answer was lost")
    if (!isGood) return
    // Refused twice: the token that was renewed after a refusal, too.
    if (refusedTokens.has(access) && refusedTokens.size > 1) return
    throw new Violation(`the source wants a sign-in, and its grant ${state.grant} is good`)
  }

  /** What arrived is saved in the same moment, unless the commit failed or the grant was replaced meanwhile. */
  function assertArrivedIsSaved(): void {
    if (pending === null || pending.at === now() || isOver()) return
    const { access, failedCommits: before } = pending
    pending = null
    const isReplaced = current === null || families.get(access) !== current.state.grant
    if (saved.has(access) || isReplaced || failedCommits() > before) return
    throw new Violation("a renewed pair arrived, and was not saved")
  }
}

/** As either partner takes it. */
export function tokenIn({ headers }: Call): string {
  return headers.get("x-shopify-access-token") ?? (headers.get("authorization") ?? "").replace(/^Bearer /, "")
}

function refreshIn(call: Call): string {
  return new URLSearchParams(textOf(call)).get("refresh_token") ?? ""
}

function plain(sealed: string): string {
  return unseal(sealed)
}
