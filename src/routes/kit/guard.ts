/** What stands before the handlers: settings, tokens, tenancy, and the form of a body. */
import type { Context, HonoRequest, Next } from "hono"
import { bodyLimit } from "hono/body-limit"
import { callerOf, type Role } from "../../auth/token.ts"
import { Problem } from "../../errors.ts"
import { apiPorts } from "../../platform.ts"
import type { ApiEnv } from "./api.ts"

export const BODY_BYTES_MAX = 64 * 1024
const JSON_TYPE = /^application\/json\s*(;|$)/i

type C = Context<ApiEnv>

export async function ports(c: C, next: Next): Promise<void> {
  c.set("ports", apiPorts(c.env))
  await next()
}

export async function authenticate(c: C, next: Next): Promise<void> {
  const { ports } = c.var
  c.set("caller", await callerOf(ports, ports.settings.auth, c.req.header("authorization")))
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
  if (!may) throw new Problem("role_required", { detail: `This takes the role ${role}; yours is ${has}.` })
}

export const limitBody = bodyLimit({
  maxSize: BODY_BYTES_MAX,
  onError: () => {
    throw new Problem("body_too_large")
  },
})

/** The body as JSON; no body at all is an empty object. What it holds is for the route's own schema. */
export async function jsonOf(request: HonoRequest): Promise<unknown> {
  const text = await request.text()
  if (text === "") return {}
  if (!JSON_TYPE.test(request.header("content-type") ?? "")) throw new Problem("unsupported_media_type")
  try {
    return JSON.parse(text)
  } catch {
    throw new Problem("malformed_json")
  }
}
