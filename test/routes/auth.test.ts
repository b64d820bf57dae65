import { sign } from "hono/utils/jwt/jwt"
import { describe, expect, it } from "vitest"
import {
  AUDIENCE,
  as,
  call,
  create,
  ISSUER,
  mint,
  problem,
  request,
  seconds,
  simulateWorld,
  snapshot,
  wish,
} from "../support/api.ts"

const world = simulateWorld()

/** A token whose header says what it likes. */
function forged(header: object, signature = ""): string {
  const claims = {
    sub: "eve",
    org: "acme",
    project: "shop",
    role: "admin",
    iss: ISSUER,
    aud: AUDIENCE,
    exp: seconds() + 60,
  }
  const part = (value: object) => btoa(JSON.stringify(value)).replace(/=+$/, "").replace(/\+/g, "-").replace(/\//g, "_")
  return `${part(header)}.${part(claims)}.${signature}`
}

/** Every JSON value in place of the header and of the claims, and what is no JSON at all. */
function garbage(): [string, string][] {
  const part = (text: string) => btoa(text).replace(/=+$/, "").replace(/\+/g, "-").replace(/\//g, "_")
  const good = { header: '{"alg":"HS256","typ":"JWT"}', payload: `{"iss":"${ISSUER}","aud":"${AUDIENCE}"}` }
  const values = ["null", "[]", "{}", "0", "1e999", '"x"', "true", "[[[]]]", "", "{", "\u0000", '{"alg":null}']
  const headers = [
    ...values,
    ...['{"alg":{}}', '{"alg":"HS256","typ":{}}', '{"alg":"HS256","kid":{}}', '{"alg":"HS256","crit":[]}'],
    ...['{"__proto__":{"alg":"HS256"}}', '{"alg":"constructor"}', `{"alg":"${"x".repeat(3_000)}"}`],
  ]
  const payloads = [...values, '{"iss":{},"aud":{}}', `{"iss":["${ISSUER}"]}`, `{"sub":"${"x".repeat(3_000)}"}`]
  const tokens: [string, string][] = [
    ...headers.map((text): [string, string] => [`header ${text}`, `${part(text)}.${part(good.payload)}.AAAA`]),
    ...payloads.map((text): [string, string] => [`claims ${text}`, `${part(good.header)}.${part(text)}.AAAA`]),
    ...["a", ".", "..", "...", "a.b.c.d", `${"a".repeat(9_000)}.b.c`, "////.++++.----"].map(
      (text): [string, string] => [text, text],
    ),
  ]
  return tokens.map(([name, token]) => [JSON.stringify(name).slice(0, 60), token])
}

describe("a request is refused", () => {
  it.each([
    ["without a token", () => null, 401, "unauthenticated"],
    ["with a token that is none", () => "abc", 401, "token_invalid"],
    ["with an expired token", () => mint({ exp: seconds() - 31 }), 401, "token_expired"],
    ["with a token that is not valid yet", () => mint({ nbf: seconds() + 40 }), 401, "token_expired"],
    ["with a wrongly signed token", () => mint({}, "another-secret-of-thirty-two-bytes!!"), 401, "token_invalid"],
    ["with a token for another audience", () => mint({ aud: "billing" }), 401, "token_invalid"],
    ["with a token of another issuer", () => mint({ iss: "https://evil.example.com" }), 401, "token_invalid"],
    ["with alg none", () => forged({ alg: "none", typ: "JWT" }), 401, "token_invalid"],
    ["with alg none and some signature", () => forged({ alg: "none" }, "AAAA"), 401, "token_invalid"],
    ["with alg HS512", () => sign({ exp: seconds() + 60 }, "x".repeat(64), "HS512"), 401, "token_invalid"],
    ["with a role nobody knows", () => mint({ role: "root" }), 401, "token_invalid"],
    ["with a token without a project", () => mint({ project: "" }), 401, "token_invalid"],
    ["with a project that would be a path", () => mint({ project: "a/b" }), 401, "token_invalid"],
    ["with a token of another project", () => mint({ project: "other" }), 403, "wrong_project"],
    ["with a token of another organization", () => mint({ org: "other" }), 403, "wrong_project"],
    ["with an operator's token", () => as("operator"), 403, "role_required"],
  ])("%s", async (_, token, status, code) => {
    const sent = { body: wish(world.stripeKey("auth")), token: await token() }
    const before = await snapshot()
    const checks = world.checks()
    const answer = await problem(request("POST", "/v1/acme/projects/shop/sources", sent))
    expect(answer).toMatchObject({ status, code })
    expect(answer.headers.get("www-authenticate")).toBe(status === 401 ? 'Bearer realm="cloud-sources"' : null)
    expect(await snapshot()).toBe(before)
    expect(world.checks()).toBe(checks)
  })

  it.each(garbage())("with garbage: %s", async (_, token) => {
    const answer = await problem(request("GET", "/v1/acme/projects/shop/sources", { token }))
    expect(answer).toMatchObject({ status: 401, code: "token_invalid" })
  })

  it("is let in with clocks that differ a little", async () => {
    const token = await mint({ exp: seconds() - 5, nbf: seconds() + 5 })
    expect((await call("GET", "/sources", { token })).status).toBe(200)
  })
})

describe("roles", () => {
  const target = { sourceId: "1234567890123456789", key: "pre.secret" }

  it.each([
    ["viewer", "POST", "/sources", { connector: "stripe" }],
    ["viewer", "POST", "/connectors/stripe/check", { credentials: { apiKey: "sk_test_x" } }],
    ["viewer", "PATCH", "/sources/ID", { name: "x" }],
    ["viewer", "PUT", "/sources/ID/sync", { intervalHours: 3 }],
    ["viewer", "POST", "/sources/ID/sync", undefined],
    ["viewer", "PUT", "/sources/ID/credentials", { apiKey: "sk_test_x" }],
    ["viewer", "GET", "/sources/ID/quarantine", undefined],
    ["viewer", "GET", "/sources/ID/gateways", undefined],
    ["viewer", "POST", "/sources/ID/quarantine/replay", { ids: "all" }],
    ["viewer", "POST", "/sources/ID/quarantine/discard", { ids: "all" }],
    ["viewer", "POST", "/metrics", {}],
    ["viewer", "DELETE", "/segments/x", undefined],
    ["editor", "DELETE", "/sources/ID", undefined],
    ["editor", "PUT", "/destination", target],
    ["editor", "PUT", "/sources/ID/destination", target],
    ["editor", "GET", "/audit", undefined],
  ] as const)("a %s may not %s %s", async (role, method, path, body) => {
    const { id } = await create(world.stripeKey(`role${role}${method}${path}`.replace(/\W/g, "")))
    const before = await snapshot()
    const answer = await problem(call(method, path.replace("ID", id), { token: await as(role), body }))
    expect(answer).toMatchObject({ status: 403, code: "role_required" })
    expect(await snapshot()).toBe(before)
  })

  it.each(["/sources", "/connectors", "/connectors/stripe", "/metrics", "/segments"])(
    "a viewer may read %s",
    async (path) => {
      expect((await call("GET", path, { token: await as("viewer") })).status).toBe(200)
    },
  )

  it("only operators may see all projects", async () => {
    expect((await problem(request("GET", "/ops/sources", { token: await as("admin") }))).code).toBe("role_required")
    expect((await request("GET", "/ops/sources", { token: await as("operator") })).status).toBe(200)
  })
})
