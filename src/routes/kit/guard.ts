/** What stands before the handlers: settings, tokens, tenancy, and the form of a body. */
import type { Context, HonoRequest, Next } from "hono"
import { callerOf, type Role } from "../../auth/token.ts"
import { badField, Problem } from "../../errors.ts"
import { apiPorts } from "../../worker/platform.ts"
import type { ApiEnv } from "./api.ts"
import { countAddress, countCaller } from "./rates.ts"

export const BODY_BYTES_MAX = 64 * 1024
const JSON_TYPE = /^application\/json\s*(;|$)/i

type C = Context<ApiEnv>

export async function ports(c: C, next: Next): Promise<void> {
  c.set("ports", apiPorts(c.env))
  await next()
}

/** Answers hold a project's data: nothing between us and the caller keeps them, unless the route says otherwise. */
export async function keptNowhere(c: C, next: Next): Promise<void> {
  await next()
  if (!c.res.headers.has("cache-control")) c.header("cache-control", "no-store")
}

export async function authenticate(c: C, next: Next): Promise<void> {
  const { ports } = c.var
  try {
    c.set("caller", await callerOf(ports, ports.settings.auth, c.req.header("authorization")))
  } catch (error) {
    await countAddress(c, "address")
    throw error
  }
  await countCaller(c, "caller")
  await next()
}

/** The token decides the tenant; the path only repeats it. A mismatch tells nothing but what the caller sent, hence 403. */
export async function sameProject(c: C, next: Next): Promise<void> {
  const { org, project } = c.var.caller
  const fits = org !== null && project !== null && c.req.param("org") === org && c.req.param("project") === project
  if (!fits) throw new Problem("wrong_project")
  c.set("tenant", { org, project })
  await next()
}

/** Each role may what the ones before it may. Operators look after all projects and belong to none. */
const RANKS: Record<Role, number> = { viewer: 1, editor: 2, admin: 3, operator: 0 }

export function requireRole(role: Role, has: Role): void {
  const may = role === "operator" ? has === "operator" : RANKS[has] >= RANKS[role]
  if (!may) throw new Problem("role_required", { detail: `This needs the role ${role}; yours is ${has}.` })
}

/**
 * No route reads more than this, whatever length the sender declares: the body is counted as it comes, and kept for the handlers.
 * It stands before everything else, since a body costs most where nobody needs a token to send one.
 */
export async function limitBody(c: C, next: Next): Promise<void> {
  const { raw } = c.req
  if (raw.body) c.req.raw = new Request(raw, { body: await bounded(raw.body, raw.headers.get("content-length")) })
  await next()
}

async function bounded(body: ReadableStream<Uint8Array>, declared: string | null): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = Number(declared ?? 0) > BODY_BYTES_MAX ? Number.POSITIVE_INFINITY : 0
  const reader = body.getReader()
  while (bytes <= BODY_BYTES_MAX) {
    const { done, value } = await reader.read()
    if (done) return concat(chunks, bytes)
    chunks.push(value)
    bytes += value.byteLength
  }
  // Not awaited: whoever sends too much is not waited for.
  void reader.cancel().catch(() => undefined)
  throw new Problem("body_too_large")
}

function concat(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.byteLength
  }
  return whole
}

/** The body as JSON; no body at all is an empty object. What it holds is for the route's own schema. */
export async function jsonBodyOf(request: HonoRequest): Promise<unknown> {
  const text = await request.text()
  if (text === "") return {}
  if (!JSON_TYPE.test(request.header("content-type") ?? "")) throw new Problem("unsupported_media_type")
  const body = parsedJson(text)
  refuseProto(body)
  return body
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Problem("malformed_json")
  }
}

/**
 * JavaScript keeps this one name for itself: schemas and copies drop it without a word, so it is refused wherever it stands. Walked
 * without recursion, since a body may be nested as deep as it is long.
 */
function refuseProto(body: unknown): void {
  const open: [value: unknown, path: string][] = [[body, ""]]
  for (let next = open.pop(); next; next = open.pop()) {
    const [value, path] = next
    if (typeof value !== "object" || value === null) continue
    for (const [key, inner] of Object.entries(value)) {
      const here = Array.isArray(value) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`
      if (key === "__proto__") throw badField(here, "is a name that cannot be used. Choose another one.")
      open.push([inner, here])
    }
  }
}
