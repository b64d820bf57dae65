/**
 * The left side of a route: what it does and who may, then the validators. The same objects guard the request and describe it in
 * /openapi.json, so the two cannot drift apart.
 */
import type { MiddlewareHandler } from "hono"
import { createMiddleware } from "hono/factory"
import { validator } from "hono/validator"
import type { z } from "zod"
import { parse } from "../../api/parse.ts"
import type { Role } from "../../auth/token.ts"
import type { ApiCode } from "../../problems.ts"
import type { ApiEnv } from "./api.ts"
import { jsonBodyOf, requireRole } from "./guard.ts"

export interface Operation {
  summary: string
  description?: string
  tag: string
  /** Null: no token needed. */
  role: Role | null
  status: 200 | 201 | 202 | 204
  /** Null: an answer without a body. */
  answer: z.ZodType | null
  /** `application/json` unless said otherwise. */
  type?: string
  /** Takes an Idempotency-Key. */
  idempotent?: boolean
  /** What may go wrong beyond token, role and form. */
  problems?: readonly ApiCode[]
}

/** What a piece of middleware says of its route. */
export type Note = { operation: Operation } | { body: z.ZodType } | { query: z.ZodObject }

const notes = new WeakMap<object, Note>()

export function noteOf(handler: object): Note | undefined {
  return notes.get(handler)
}

export function operation(operation: Operation): MiddlewareHandler<ApiEnv> {
  const handler = createMiddleware<ApiEnv>(async (c, next) => {
    if (operation.role !== null) requireRole(operation.role, c.var.caller.role)
    await next()
  })
  return noted(handler, { operation })
}

/** What callers send and what handlers get: defaults lie between the two. */
type Body<S extends z.ZodType> = { in: { json: z.input<S> }; out: { json: z.output<S> } }

export function body<S extends z.ZodType<object>>(schema: S): MiddlewareHandler<ApiEnv, string, Body<S>> {
  const handler: MiddlewareHandler<ApiEnv, string, Body<S>> = async (c, next) => {
    c.req.addValidatedData("json", parse(schema, await jsonBodyOf(c.req)))
    await next()
  }
  return noted(handler, { body: schema })
}

export function query<S extends z.ZodObject>(schema: S) {
  return noted(
    validator("query", (value): z.output<S> => parse(schema, value)),
    { query: schema },
  )
}

function noted<H extends object>(handler: H, note: Note): H {
  notes.set(handler, note)
  return handler
}
