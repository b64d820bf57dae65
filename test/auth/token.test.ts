import { generateKeyPairSync } from "node:crypto"
import { sign } from "hono/utils/jwt/jwt"
import { describe, expect, it } from "vitest"
import { callerOf } from "../../src/auth/token.ts"
import type { Problem } from "../../src/errors.ts"

const ISSUER = "https://auth.example.com"
const NOW = Date.parse("2026-11-23T12:00:00Z")
const claims = {
  sub: "ada",
  org: "acme",
  project: "shop",
  role: "editor",
  iss: ISSUER,
  aud: "api",
  exp: NOW / 1000 + 60,
}

/** A key pair as JWKs, with the key id both carry. */
function pair(kid: string, alg: "RS256" | "ES256") {
  const made =
    alg === "RS256"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "P-256" })
  const kty = alg === "RS256" ? "RSA" : "EC"
  const jwk = (key: typeof made.publicKey) => ({ ...key.export({ format: "jwk" }), kty, kid, alg })
  return { priv: jwk(made.privateKey), pub: jwk(made.publicKey) }
}

/** An issuer whose keys and health can be changed, and a clock that stands still until moved. */
function issuer(url: string) {
  let now = NOW
  const state = { keys: [] as object[], up: true, asked: 0 }
  const clock = { now: () => now, sleep: async () => {}, timeout: () => new AbortController().signal }
  const http = async () => {
    state.asked += 1
    if (!state.up) throw new Error("down")
    return Response.json({ keys: state.keys })
  }
  const auth = { issuer: ISSUER, audience: "api", keys: { kind: "jwks", url } as const }
  const check = (token: string) => callerOf({ clock, http }, auth, `Bearer ${token}`)
  const pass = (ms: number) => {
    now += ms
  }
  return { state, check, pass }
}

const codeOf = (checked: Promise<unknown>) =>
  checked.then(
    () => "accepted",
    (error: Problem) => error.code,
  )
const later = { ...claims, exp: NOW / 1000 + 1e6 }

describe("tokens checked by a published key set", () => {
  it.each(["RS256", "ES256"] as const)("are accepted when signed with %s", async (alg) => {
    const { state, check } = issuer(`https://keys.test/${alg}`)
    const { priv, pub } = pair("k1", alg)
    state.keys = [pub]
    expect(await check(await sign(claims, priv, alg))).toEqual({
      subject: "ada",
      org: "acme",
      project: "shop",
      role: "editor",
    })
  })

  it("are refused when HS256-signed with the public key, the oldest trick", async () => {
    const { state, check } = issuer("https://keys.test/confusion")
    const { pub } = pair("k1", "RS256")
    state.keys = [pub]
    const header = btoa(JSON.stringify({ alg: "HS256", typ: "JWT", kid: "k1" })).replace(/=+$/, "")
    const [, payload, signature] = (await sign(claims, JSON.stringify(pub), "HS256")).split(".")
    expect(await codeOf(check(`${header}.${payload}.${signature}`))).toBe("token_invalid")
  })

  it("are refused when the key is of another kind than the algorithm", async () => {
    const { state, check } = issuer("https://keys.test/kind")
    const { priv } = pair("k1", "RS256")
    state.keys = [pair("k1", "ES256").pub]
    expect(await codeOf(check(await sign(claims, priv, "RS256")))).toBe("token_invalid")
  })

  it.each(["null", "[]", "1", '"RS256"', '{"alg":"RS256"}', '{"alg":"RS256","kid":{}}', '{"alg":"RS256","kid":null}'])(
    "are refused with %s for a header",
    async (text) => {
      const { check } = issuer("https://keys.test/garbage")
      expect(await codeOf(check(`${btoa(text).replace(/=+$/, "")}.e30.AAAA`))).toBe("token_invalid")
    },
  )

  it("are refused when the key is for encryption", async () => {
    const { state, check } = issuer("https://keys.test/use")
    const { priv, pub } = pair("k1", "RS256")
    state.keys = [{ ...pub, use: "enc" }]
    expect(await codeOf(check(await sign(claims, priv, "RS256")))).toBe("token_invalid")
  })

  it("cost one look-up for many", async () => {
    const { state, check } = issuer("https://keys.test/cached")
    const { priv, pub } = pair("k1", "ES256")
    state.keys = [pub]
    const token = await sign(claims, priv, "ES256")
    for (let n = 0; n < 5; n++) await check(token)
    expect(state.asked).toBe(1)
  })

  it("may be signed with a key published since, found after the cool-down", async () => {
    const { state, check, pass } = issuer("https://keys.test/rotated")
    const [first, second] = [pair("k1", "ES256"), pair("k2", "ES256")]
    state.keys = [first.pub]
    await check(await sign(later, first.priv, "ES256"))
    state.keys = [first.pub, second.pub]
    const token = await sign(later, second.priv, "ES256")
    expect(await codeOf(check(token))).toBe("token_invalid")
    pass(31_000)
    expect(await codeOf(check(token))).toBe("accepted")
  })

  it("with forged key ids do not make the issuer be asked each time", async () => {
    const { state, check } = issuer("https://keys.test/forged")
    const { priv } = pair("nobody", "ES256")
    for (let n = 0; n < 20; n++) await codeOf(check(await sign(claims, { ...priv, kid: `forged-${n}` }, "ES256")))
    expect(state.asked).toBe(1)
  })

  it("are checked by known keys while the issuer is down, and by none when none are known", async () => {
    const { state, check, pass } = issuer("https://keys.test/down")
    const { priv, pub } = pair("k1", "ES256")
    const token = await sign(later, priv, "ES256")
    state.up = false
    expect(await codeOf(check(token))).toBe("unavailable")
    state.up = true
    state.keys = [pub]
    pass(31_000)
    expect(await codeOf(check(token))).toBe("accepted")
    state.up = false
    pass(60 * 60_000)
    expect(await codeOf(check(token))).toBe("accepted")
    pass(25 * 60 * 60_000)
    expect(await codeOf(check(token))).toBe("unavailable")
  })

  it("signed with a withdrawn key are refused once the key set has been read again", async () => {
    const { state, check, pass } = issuer("https://keys.test/withdrawn")
    const { priv, pub } = pair("k1", "ES256")
    state.keys = [pub]
    const token = await sign(later, priv, "ES256")
    expect(await codeOf(check(token))).toBe("accepted")
    state.keys = []
    pass(11 * 60_000)
    expect(await codeOf(check(token))).toBe("token_invalid")
  })
})
