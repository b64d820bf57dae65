/**
 * The `state` of an OAuth flow: random, kept as a hash, good once, for ten minutes, and only in the browser that began. Pure decisions;
 * the rows are kept in D1.
 */
import { generateState } from "oslo/oauth2"
import type { OAUTH_PURPOSES } from "../db/schema.ts"

export const STATE_LIFE_MS = 10 * 60_000

/** What the cookie's name begins with, where the browser can be told that it belongs to this host alone. */
const HOST_PREFIX = "__Host-"
const COOKIE = "oauth-"
/** Of the hash, enough to tell the attempts of one browser apart. */
const NAME_CHARS = 16

export interface Attempt {
  hash: string
  connector: string
  purpose: (typeof OAUTH_PURPOSES)[number]
  /** SHA-256 of the cookie. */
  browser: string
  expiresAt: number
  usedAt: number | null
}

export type Verdict = "good" | "unknown_state" | "foreign_browser" | "state_used" | "state_expired"

/** 32 random bytes each. */
export function newSecrets(): { state: string; cookie: string } {
  return { state: generateState(), cookie: generateState() }
}

/** One cookie an attempt: two tabs do not disturb each other. */
export function cookieName(hash: string, isSecure: boolean): string {
  return `${isSecure ? HOST_PREFIX : ""}${COOKIE}${hash.slice(0, NAME_CHARS)}`
}

/** The browser is looked at before anything is used up: a stranger who learns the address cannot spoil the attempt. */
export function judge(
  attempt: Attempt | null,
  { connector, browser, now }: { connector: string; browser: string | null; now: number },
): Verdict {
  if (!attempt || attempt.connector !== connector) return "unknown_state"
  // Its cookie is gone once it has been used: a replay in the same browser must not be taken for a foreign one's.
  if (attempt.usedAt !== null) return "state_used"
  if (browser !== attempt.browser) return attempt.expiresAt <= now ? "state_expired" : "foreign_browser"
  return attempt.expiresAt <= now ? "state_expired" : "good"
}
