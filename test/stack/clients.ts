/** What a user of the API and of the sandbox's remote control needs: a token, and requests that fail loudly. */
import { sign } from "hono/utils/jwt/jwt"
import type { Stack } from "./stack.ts"

const TOKEN_LIFE_S = 86_400

export class AnswerError extends Error {
  readonly status: number
  readonly body: unknown

  constructor(method: string, path: string, status: number, body: unknown) {
    super(`${method} ${path} answered ${status}: ${JSON.stringify(body)}`)
    this.status = status
    this.body = body
  }
}

type Send = <T>(method: string, path: string, body?: unknown) => Promise<T>

/** A bearer token of an admin of the project. */
export function token(stack: Pick<Stack, "authSecret" | "issuer">, org: string, project: string): Promise<string> {
  const exp = Math.floor(Date.now() / 1000) + TOKEN_LIFE_S
  const claims = { sub: "demo", org, project, role: "admin", iss: stack.issuer, aud: "cloud-sources", exp }
  return sign(claims, stack.authSecret, "HS256")
}

/** The config API of one project, as an admin of it. */
export async function apiClient(
  stack: Pick<Stack, "url" | "authSecret" | "issuer">,
  org: string,
  project: string,
): Promise<Send> {
  const authorization = `Bearer ${await token(stack, org, project)}`
  return (method, path, body) =>
    send(`${stack.url}/v1/${org}/projects/${project}`, method, path, body, { authorization })
}

export function sandboxClient(stack: Pick<Stack, "url">): Send {
  return (method, path, body) => send(`${stack.url}/__sandbox`, method, path, body, {})
}

async function send<T>(
  base: string,
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<T> {
  const withBody = body === undefined ? {} : { body: JSON.stringify(body) }
  const type = body === undefined ? {} : { "content-type": "application/json" }
  const answer = await fetch(base + path, { method, headers: { ...headers, ...type }, ...withBody })
  const text = await answer.text()
  const parsed: unknown = text ? JSON.parse(text) : null
  if (!answer.ok) throw new AnswerError(method, path, answer.status, parsed)
  return parsed as T
}
