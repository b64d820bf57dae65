/** Against an authorization server that we did not write: code, PKCE, rotation with reuse detection, revocation. */
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import Provider from "oidc-provider"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { AnyConnector, OAuth2Auth } from "../../src/connectors/kit/define.ts"
import { authorization, exchangeCode, type OAuthContext, refresh, type TokenResult } from "../../src/oauth/client.ts"
import { sealTokens, tokensPort } from "../../src/oauth/tokens.ts"
import type { Http } from "../../src/ports.ts"
import { PROTOCOL } from "../../src/source/protocol/source.ts"
import { clock } from "../../src/worker/platform.ts"
import { HOUR, MINUTE, shop, sourceWorld } from "../support/source-world.ts"

const REDIRECT = "https://cloud-sources.test/oauth/shop/callback"
const CLIENT = { id: "cloud-sources", secrets: ["a secret: with reserved/characters+"] as const }
const REF = { org: "o", project: "p", source: "src_1" }

let server: Server
let issuer: string
let oauth: OAuthContext
/** Requests to the token endpoint. */
let asked: string[] = []

const http: Http = (url, init) => {
  if (url.endsWith("/token")) asked.push(new URLSearchParams(String(init.body)).get("grant_type") ?? "")
  return fetch(url, init)
}
const ports = { clock, http }
const cipher = {
  seal: async (plain: string) => `sealed:${plain}`,
  open: async (sealed: string) => sealed.replace("sealed:", ""),
}

beforeAll(async () => {
  server = createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secrets[0],
        redirect_uris: [REDIRECT],
        grant_types: ["authorization_code", "refresh_token"],
        token_endpoint_auth_method: "client_secret_basic",
      },
    ],
    scopes: ["openid", "offline_access"],
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: async () => true,
    features: { revocation: { enabled: true }, devInteractions: { enabled: true } },
    ttl: { AccessToken: 3600, RefreshToken: 86_400, Session: 600, Grant: 86_400, Interaction: 600, IdToken: 600 },
    cookies: { keys: ["a key of the test"] },
  })
  server.on("request", provider.callback())
  const auth: OAuth2Auth<unknown> = {
    kind: "oauth2",
    label: "Sign in",
    help: "",
    scopes: ["openid"],
    pkce: true,
    authorizeUrl: () => `${issuer}/auth`,
    tokenUrl: () => `${issuer}/token`,
    client: "basic",
    refresh: "rotating",
    revokeUrl: () => `${issuer}/token/revocation`,
    headers: (token) => ({ authorization: `Bearer ${token}` }),
  }
  oauth = { title: "Shop", auth, config: {}, client: CLIENT }
})

afterAll(() => new Promise((resolve) => server.close(resolve)))

// ---------------------------------------------------------------------------------------------------------- the user

/** Signs in and consents, as a browser would; answers with where the server sends it back. */
async function signIn(url: URL): Promise<URL> {
  const cookies = new Map<string, string>()
  let next = url.href
  let form: Record<string, string> | null = null
  for (let steps = 0; steps < 20; steps++) {
    const answer: Response = await fetch(next, {
      redirect: "manual",
      method: form ? "POST" : "GET",
      headers: { cookie: [...cookies].map((pair) => pair.join("=")).join("; ") },
      ...(form && { body: new URLSearchParams(form) }),
    })
    for (const line of answer.headers.getSetCookie()) {
      const [name = "", value = ""] = (line.split(";")[0] ?? "").split(/=(.*)/)
      if (value === "") cookies.delete(name)
      else cookies.set(name, value)
    }
    form = null
    const location = answer.headers.get("location")
    if (location?.startsWith(REDIRECT)) return new URL(location)
    if (location) {
      next = new URL(location, next).href
      continue
    }
    const html = await answer.text()
    const prompt = /name="prompt" value="(\w+)"/.exec(html)?.[1]
    if (!prompt) throw new Error(`no form at ${next}: ${html.slice(0, 300)}`)
    form = { prompt, login: "ada", password: "x" }
  }
  throw new Error("the attempt does not end")
}

interface Arrived {
  code: string
  verifier: string | null
}

async function attempt(state = "a state"): Promise<Arrived> {
  const { url, verifier } = await authorization(oauth, REDIRECT, state)
  const back = await signIn(url)
  expect(back.searchParams.get("state")).toBe(state)
  return { code: back.searchParams.get("code") ?? "", verifier }
}

async function tokensOf(): Promise<Extract<TokenResult, { kind: "ok" }>["answer"]> {
  const result = await exchangeCode(ports, oauth, { ...(await attempt()), redirectUri: REDIRECT })
  if (result.kind !== "ok") throw new Error(`refused: ${JSON.stringify(result)}`)
  return result.answer
}

// --------------------------------------------------------------------------------------------------------- the client

describe("our client, at a server that we did not write", () => {
  it("gets tokens for a code, with PKCE by S256", async () => {
    const { url, verifier } = await authorization(oauth, REDIRECT, "s")
    expect(url.searchParams.get("code_challenge_method")).toBe("S256")
    expect(url.href).not.toContain(verifier)
    expect(await tokensOf()).toMatchObject({
      accessToken: expect.any(String),
      refreshToken: expect.any(String),
      expiresInS: 3600,
      scopes: expect.arrayContaining(["openid"]),
    })
  })

  it.each([
    ["another verifier", (arrived: Arrived) => ({ ...arrived, verifier: "x".repeat(43) })],
    ["no verifier", (arrived: Arrived) => ({ ...arrived, verifier: null })],
    ["another code", (arrived: Arrived) => ({ ...arrived, code: `${arrived.code}x` })],
  ])("is refused with %s", async (_what, change) => {
    const result = await exchangeCode(ports, oauth, { ...change(await attempt()), redirectUri: REDIRECT })
    expect(result.kind).toBe("refused")
  })

  it("is refused with a code that was used, and its tokens are gone with it", async () => {
    const arrived = { ...(await attempt()), redirectUri: REDIRECT }
    const first = await exchangeCode(ports, oauth, arrived)
    expect((await exchangeCode(ports, oauth, arrived)).kind).toBe("refused")
    const token = first.kind === "ok" ? (first.answer.refreshToken ?? "") : ""
    expect((await refresh(ports, oauth, token)).kind).toBe("refused")
  })

  it("renews, with a new refresh token each time", async () => {
    const first = await tokensOf()
    const second = await refresh(ports, oauth, first.refreshToken ?? "")
    if (second.kind !== "ok") throw new Error(second.reason)
    expect(second.answer.refreshToken).not.toBe(first.refreshToken)
    const third = await refresh(ports, oauth, second.answer.refreshToken ?? "")
    expect(third.kind).toBe("ok")
  })

  it("loses the whole grant when a used refresh token comes again", async () => {
    const first = await tokensOf()
    const second = await refresh(ports, oauth, first.refreshToken ?? "")
    expect((await refresh(ports, oauth, first.refreshToken ?? "")).kind).toBe("refused")
    const newest = second.kind === "ok" ? (second.answer.refreshToken ?? "") : ""
    expect((await refresh(ports, oauth, newest)).kind).toBe("refused")
  })

  it("is told that our client is at fault, not that the grant is lost, where our own secret is wrong", async () => {
    const { refreshToken } = await tokensOf()
    const wrong = { ...oauth, client: { ...CLIENT, secrets: ["wrong"] as const } }
    expect((await refresh(ports, wrong, refreshToken ?? "")).kind).toBe("client")
    expect((await refresh(ports, oauth, refreshToken ?? "")).kind).toBe("ok")
  })
})

// ---------------------------------------------------------------------------------------------------------- the source

/** A source with a real grant, whose token has five minutes left. */
async function grantedSource(through: Http = http) {
  const world = sourceWorld()
  const connector: AnyConnector = { ...shop, auth: [oauth.auth] }
  const port = tokensPort({
    clock: { ...clock, now: world.now },
    http: through,
    cipher,
    connector: () => connector,
    client: async (_ref, _name, id) => (id === CLIENT.id ? CLIENT : null),
  })
  world.refresh = port.refresh
  const tokens = await sealTokens(cipher, REF, oauth, await tokensOf(), world.now())
  await world.configure({ credential: null, grant: { id: "grant_1", tokens } })
  world.advance(HOUR - 5 * MINUTE)
  asked = []
  return { world, port, tokens }
}

const ask = (nonce: string) => ({ lane: "live" as const, nonce, protocol: PROTOCOL })

describe("a source, at a server that takes a grant away when a refresh token is used twice", () => {
  it("survives fifty parallel demands, again and again, with one refresh each time", async () => {
    const { world } = await grantedSource()
    for (let round = 1; round <= 3; round++) {
      const demands = Array.from({ length: 50 }, (_, index) => world.engine.lease(ask(`${round}/${index}`)))
      const granted = (await Promise.all(demands)).flatMap((one) => (one.kind === "given" ? [one.task] : []))
      expect(asked).toHaveLength(round)
      for (const task of granted) await world.settle(task, { kind: "release" })
      world.advance(HOUR - 5 * MINUTE)
    }
    expect((await world.view()).error).toBeNull()
  })

  it("ends in a clear reconnect when an answer is lost, and asks no more", async () => {
    let isLosing = true
    const losing: Http = async (url, init) => {
      const answer = await http(url, init)
      if (!isLosing) return answer
      isLosing = false
      return new Response((await answer.text()).slice(0, 20), { headers: answer.headers })
    }
    const { world } = await grantedSource(losing)
    const later = await world.refusedLease("live")
    expect(later.kind).toBe("later")
    world.advance((later.at ?? 0) - world.now())
    expect((await world.refusedLease("live")).kind).toBe("idle")
    expect((await world.view()).error).toMatchObject({ code: "reconnect", remedy: expect.stringMatching(/sign in/i) })
    await world.until(world.now() + 24 * HOUR)
    expect(asked).toEqual(["refresh_token", "refresh_token"])
  })

  it("gives its grant back when it is deleted", async () => {
    const { port, tokens } = await grantedSource()
    expect(await port.revoke({ ref: REF, connector: "shop", config: {}, tokens })).toBe(true)
    expect((await refresh(ports, oauth, (tokens.refresh ?? "").replace("sealed:", ""))).kind).toBe("refused")
  })
})
