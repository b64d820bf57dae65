/** What the API's tests need: tokens of every kind, requests, the simulated partners in place of the network, and a look at D1. */
import { env, exports } from "cloudflare:workers"
import { sign } from "hono/utils/jwt/jwt"
import { expect, vi } from "vitest"
import type { z } from "zod"
import type { PublicSource } from "../../src/api/views.ts"
import { problemView } from "../../src/api/views.ts"
import { app } from "../../src/app.ts"
import type { Role } from "../../src/auth/token.ts"
import { describedRoutes, problemsOf } from "../../src/routes/kit/openapi.ts"
import { createSandbox, type Sandbox } from "../sandbox/sandbox.ts"

export const AUTH_SECRET = "a-secret-of-the-test-suite-32-bytes-long"
export const ISSUER = "https://auth.example.com"
export const AUDIENCE = "cloud-sources"
export const ORG = "acme"
export const PROJECT = "shop"
const ORIGIN = "https://cloud-sources.test"
const HOUR_S = 3_600

export type Problem = z.infer<typeof problemView>

export interface Claims {
  sub?: string
  org?: string
  project?: string
  role?: string
  iss?: string
  aud?: string
  exp?: number
  nbf?: number
}

export const seconds = () => Math.floor(Date.now() / 1000)

/** A good token but for what is named. */
export function mint(claims: Claims = {}, secret = AUTH_SECRET): Promise<string> {
  const good = {
    sub: "ada",
    org: ORG,
    project: PROJECT,
    role: "admin",
    iss: ISSUER,
    aud: AUDIENCE,
    exp: seconds() + HOUR_S,
  }
  return sign({ ...good, ...claims }, secret, "HS256")
}

export const as = (role: Role) => mint({ role })

export interface Sent {
  token?: string | null
  body?: unknown
  /** The body as it is, in place of `body`. */
  raw?: string
  headers?: Record<string, string>
  org?: string
  project?: string
}

/** One request to the project's API; `token: null` sends none. */
export async function call(method: string, path: string, sent: Sent = {}): Promise<Response> {
  const { org = ORG, project = PROJECT } = sent
  return request(method, `/v1/${org}/projects/${project}${path}`, { ...sent, token: await tokenOf(sent, org, project) })
}

export async function request(
  method: string,
  path: string,
  { token, body, raw, headers = {} }: Sent,
): Promise<Response> {
  const text = raw ?? (body === undefined ? undefined : JSON.stringify(body))
  const all = {
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    ...(text === undefined ? {} : { "content-type": "application/json" }),
    ...headers,
  }
  const init = { method, headers: all, ...(text === undefined ? {} : { body: text }) }
  const answer = await exports.default.fetch(ORIGIN + path, init)
  await conforms(method, path.split("?")[0] ?? path, answer.clone())
  return answer
}

const documented = describedRoutes(app.routes)

/** Every answer of every test is what /openapi.json says: no field more, no problem that is not listed. */
async function conforms(method: string, path: string, answer: Response): Promise<void> {
  const route = documented.find((one) => one.method === method && pattern(one.path).test(path))
  const type = answer.headers.get("content-type") ?? ""
  if (!route || !type.includes("json")) return
  const body: unknown = await answer.json()
  if (answer.status >= 400) expect(problemsOf(route)).toContain(problemView.parse(body).code)
  else expect(route.operation.answer?.parse(body)).toEqual(body)
  if (answer.status < 400) expect(answer.status).toBe(route.operation.status)
}

const pattern = (path: string) => new RegExp(`^${path.replace(/:\w+/g, "[^/]+")}$`)

function tokenOf({ token }: Sent, org: string, project: string): Promise<string> | string | null {
  return token === undefined ? mint({ org, project }) : token
}

export async function json<T>(answer: Response | Promise<Response>, status = 200): Promise<T> {
  const { status: got, body } = await both(answer)
  if (got !== status) throw new Error(`expected ${status}, got ${got}: ${JSON.stringify(body)}`)
  return body as T
}

/** The problem that an answer is; fails for anything else. */
export async function problem(answer: Response | Promise<Response>): Promise<Problem & { headers: Headers }> {
  const response = await answer
  if (response.headers.get("content-type") !== "application/problem+json")
    throw new Error(`expected a problem, got ${response.status}: ${await response.text()}`)
  const body: Problem = await response.json()
  if (body.status !== response.status) throw new Error(`status ${response.status} says ${body.status}`)
  return { ...body, headers: response.headers }
}

async function both(answer: Response | Promise<Response>) {
  const response = await answer
  const text = await response.text()
  return { status: response.status, body: text === "" ? null : JSON.parse(text) }
}

// --------------------------------------------------------------------------------------------------- the other side

export interface World extends Sandbox {
  /** A new Stripe account's secret key. */
  stripeKey(account: string, mode?: "live" | "test"): string
  /** How often Stripe was asked whose key it is: what only the API does, never a background sync. */
  checks(): number
}

/** The simulated partners answer every request that leaves; unknown hosts fail. Once a file: sources sync on in the background. */
export function simulateWorld(): World {
  const sandbox = createSandbox()
  let checks = 0
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const sent = new Request(input, init)
    if (sent.url === "https://api.stripe.com/v1/account") checks += 1
    return sandbox.handle(sent)
  })
  const stripeKey = (name: string, mode: "live" | "test" = "test") => sandbox.stripe.create({ name, mode }).key
  return Object.assign(sandbox, { stripeKey, checks: () => checks })
}

/** What a source needs to start at once. */
export function wish(apiKey: string, more: Record<string, unknown> = {}) {
  return { connector: "stripe", credentials: { apiKey }, name: "Our Stripe", sync: {}, ...more }
}

export async function create(apiKey: string, more: Record<string, unknown> = {}): Promise<PublicSource> {
  return json(call("POST", "/sources", { body: wish(apiKey, more) }), 201)
}

// ------------------------------------------------------------------------------------------------------------- D1

const TABLES = [
  ...(["sources", "destinations", "metrics", "segments", "audit", "idempotency"] as const),
  ...(["oauth_states", "grants", "settings", "former_sources"] as const),
]

/** Every row of every table, as text: two equal snapshots mean that nothing was written. */
export async function snapshot(): Promise<string> {
  const tables = await env.DB.batch(TABLES.map((table) => env.DB.prepare(`select * from ${table}`)))
  return JSON.stringify(tables.map(({ results }) => results))
}

export async function rows<T>(table: (typeof TABLES)[number]): Promise<T[]> {
  return (await env.DB.prepare(`select * from ${table}`).all<T>()).results
}
