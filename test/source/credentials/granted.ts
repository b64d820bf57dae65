/** What tests of tokens begin with: a source that was connected by signing in. */
import type { RefreshAnswer, TokenAsk } from "../../../src/source/ports.ts"
import type { SealedTokens } from "../../../src/source/protocol/configuration.ts"
import { PROTOCOL } from "../../../src/source/protocol/source.ts"
import type { TokenState } from "../../../src/source/state/state.ts"
import { DAY, HOUR, START, sourceWorld, type World } from "../../support/source-world.ts"

export const SECOND = 1_000

export const YEAR = 365 * DAY

export function tokens(name: string, changes: Partial<SealedTokens> = {}): SealedTokens {
  return {
    access: `sealed:${name}`,
    refresh: `sealed:refresh_${name}`,
    client: "ca_1",
    ...{ expiresAt: START + HOUR, lifeMs: HOUR, refreshExpiresAt: START + YEAR, refreshLifeMs: YEAR },
    ...changes,
  }
}

export function token(changes: Partial<TokenState> = {}): TokenState {
  const fresh = { refused: false, intent: null, lost: 0, tries: 0, sentAt: null, isOver: false, renewedAt: null }
  return { grant: "grant_1", version: 2, tokens: tokens("a1"), ...fresh, ...changes }
}

export const refreshed = (world: World, name: string, lifeMs = HOUR): RefreshAnswer => ({
  kind: "refreshed",
  tokens: tokens(name, { expiresAt: world.now() + lifeMs, lifeMs, refreshExpiresAt: world.now() + YEAR }),
})

export const LATER = { kind: "later", reason: "Shop answered 503", retryAfterMs: null } satisfies RefreshAnswer

export const LOST = {
  kind: "lost",
  reason: "Shop's answer with the renewed access could not be read",
} satisfies RefreshAnswer

export const CLIENT = {
  kind: "client",
  reason: "this deployment has no OAuth client for Shop any more",
} satisfies RefreshAnswer

export const REFUSED = {
  kind: "refused",
  reason: "the access that was approved has expired or was withdrawn",
} satisfies RefreshAnswer

/** A source that was connected by signing in, and a token endpoint that answers in turn. */
export async function granted(answers: RefreshAnswer[] = [], first: Partial<SealedTokens> = {}) {
  const world = sourceWorld()
  const asked: TokenAsk[] = []
  world.refresh = async (ask) => {
    asked.push(ask)
    return answers.shift() ?? LATER
  }
  const grant = { id: "grant_1", tokens: tokens("a1", first) }
  await world.configure({ credential: null, grant })
  return { world, asked, answers }
}

export const ask = (nonce: string) => ({ lane: "live" as const, nonce, protocol: PROTOCOL })
