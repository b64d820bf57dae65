import { describe, expect, it } from "vitest"
import { Problem } from "../../src/errors.ts"
import { type Attempt, cookieName, judge, newSecrets, STATE_LIFE_MS } from "../../src/oauth/state.ts"
import { PAGE_CODES } from "../../src/problems.ts"

const NOW = Date.UTC(2026, 10, 20)
const good: Attempt = {
  ...{ hash: "h", connector: "stripe", purpose: "connect", browser: "b" },
  ...{ expiresAt: NOW + STATE_LIFE_MS, usedAt: null },
}
const arriving = { connector: "stripe", browser: "b", now: NOW }

describe("a state that comes back", () => {
  it.each([
    ["of an attempt that began here, in this browser, just now", good, {}, "good"],
    ["to its last moment", good, { now: NOW + STATE_LIFE_MS - 1 }, "good"],
    ["after ten minutes", good, { now: NOW + STATE_LIFE_MS }, "state_expired"],
    [
      "after ten minutes, when the browser has dropped its cookie",
      good,
      { now: NOW + STATE_LIFE_MS, browser: null },
      "state_expired",
    ],
    ["that nobody gave out", null, {}, "unknown_state"],
    ["of an attempt at another partner", good, { connector: "shopify" }, "unknown_state"],
    ["in another browser", good, { browser: "c" }, "foreign_browser"],
    ["without a cookie", good, { browser: null }, "foreign_browser"],
    ["a second time, in a browser whose cookie is gone", { ...good, usedAt: NOW - 1 }, { browser: null }, "state_used"],
    ["a second time, late", { ...good, usedAt: NOW - 1 }, { now: NOW + STATE_LIFE_MS }, "state_used"],
  ])("%s", (_title, attempt, changes, verdict) => {
    expect(judge(attempt as Attempt | null, { ...arriving, ...changes })).toBe(verdict)
  })
})

describe("the cookie of an attempt", () => {
  it("belongs to this host alone where there is https, and to this attempt", () => {
    expect(cookieName("0123456789abcdefgh", true)).toBe("__Host-oauth-0123456789abcdef")
    expect(cookieName("0123456789abcdefgh", false)).toBe("oauth-0123456789abcdef")
  })

  it("and the state hold 256 random bits each", () => {
    const made = Array.from({ length: 100 }, newSecrets).flatMap(({ state, cookie }) => [state, cookie])
    expect(new Set(made).size).toBe(200)
    for (const secret of made) expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/)
  })
})

describe("the page of a problem", () => {
  it.each(PAGE_CODES)("%s says what happened and how to go on", (code) => {
    const { status, title, what, next } = new Problem(code, { partner: "Stripe" }).toPage()
    expect(status).toBeGreaterThanOrEqual(400)
    expect(title.length).toBeGreaterThan(10)
    for (const sentence of [what, next]) expect(sentence).toMatch(/^[A-Z].*\.$/)
  })
})
