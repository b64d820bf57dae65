/** /openapi.json, read off the routes: each piece of middleware says what it checks (see operation.ts). */
import type { Hono } from "hono"
import { z } from "zod"
import { problemView } from "../../api/views.ts"
import { statusOf } from "../../errors.ts"
import { API_CODES, type ApiCode } from "../../problems.ts"
import type { ApiEnv } from "./api.ts"
import { noteOf, type Operation } from "./operation.ts"

const VERSION = "1.0.0"
/** What any operation may answer; with a token, with a project in its path, with a body. */
const ANY: readonly ApiCode[] = ["internal", "misconfigured", "rate_limited"]
const WITH_TOKEN: readonly ApiCode[] = [
  "unauthenticated",
  "token_invalid",
  "token_expired",
  "role_required",
  "unavailable",
]
const WITH_PROJECT: readonly ApiCode[] = ["wrong_project"]
const WITH_BODY: readonly ApiCode[] = ["malformed_json", "body_too_large", "unsupported_media_type"]
const WITH_INPUT: readonly ApiCode[] = ["invalid"]

type Routes = Hono<ApiEnv>["routes"]
type Json = Record<string, unknown>

/** A route with all that its middleware says of it. */
export interface Described {
  method: string
  path: string
  operation: Operation
  body: z.ZodType | null
  query: z.ZodObject | null
}

export function describedRoutes(routes: Routes): Described[] {
  const described = new Map<string, Described>()
  for (const { method, path, handler } of routes) {
    const note = noteOf(handler)
    const known = described.get(`${method} ${path}`)
    if (note && "operation" in note)
      described.set(`${method} ${path}`, { method, path, body: null, query: null, ...note })
    else if (note && known) Object.assign(known, note)
  }
  return [...described.values()]
}

export function openapiOf(routes: Routes): Json {
  const paths: Record<string, Json> = {}
  for (const route of describedRoutes(routes)) {
    const path = route.path.replace(/:(\w+)/g, "{$1}")
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationObject(route) }
  }
  return {
    openapi: "3.1.0",
    info: { title: "Cloud sources", version: VERSION, description: "Times are epoch milliseconds, dates are UTC." },
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
      schemas: { Problem: schemaOf(problemView, "output"), ProblemCode: { type: "string", enum: API_CODES } },
    },
  }
}

function operationObject({ path, operation, body, query, ...route }: Described): Json {
  const { summary, description, tag, role } = operation
  return {
    summary,
    ...(description && { description }),
    tags: [tag],
    ...(role === null ? { security: [] } : { "x-role": role }),
    parameters: [...pathParameters(path), ...queryParameters(query), ...headerParameters(operation)],
    ...(body && { requestBody: { required: true, content: content("application/json", schemaOf(body, "input")) } }),
    responses: { ...success(operation), ...failures(problemsOf({ path, operation, body, query, ...route })) },
  }
}

/** Every code that a route may answer. */
export function problemsOf({ path, operation, body, query }: Described): ApiCode[] {
  return [
    ...ANY,
    ...(operation.role === null ? [] : WITH_TOKEN),
    ...(path.includes(":project") ? WITH_PROJECT : []),
    ...(body ? WITH_BODY : []),
    ...(body || query || operation.idempotent ? WITH_INPUT : []),
    ...(operation.problems ?? []),
  ]
}

function success({ status, answer, type = "application/json" }: Operation): Json {
  const body = answer ? { content: content(type, schemaOf(answer, "output")) } : {}
  return { [status]: { description: "Done.", ...body } }
}

/** One answer a status, naming the codes that it may carry. */
function failures(codes: ApiCode[]): Json {
  const problem = content("application/problem+json", { $ref: "#/components/schemas/Problem" })
  const answers = [...Map.groupBy(codes, statusOf)].map(([status, some]) => [
    status,
    { description: some.join(", "), content: problem },
  ])
  return Object.fromEntries(answers)
}

function pathParameters(path: string): Json[] {
  const names = [...path.matchAll(/:(\w+)/g)].map((match) => match[1])
  return names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } }))
}

function queryParameters(query: z.ZodObject | null): Json[] {
  return Object.entries(query?.shape ?? {}).map(([name, type]) => {
    return { name, in: "query", required: false, schema: schemaOf(type, "input") }
  })
}

function headerParameters({ idempotent }: Operation): Json[] {
  const description = "The same key and body within a day return what the first request made."
  const key = { name: "Idempotency-Key", in: "header", required: false, description, schema: { type: "string" } }
  return idempotent ? [key] : []
}

function content(type: string, schema: unknown): Json {
  return { [type]: { schema } }
}

function schemaOf(schema: z.core.$ZodType, io: "input" | "output"): Json {
  const { $schema, ...described } = z.toJSONSchema(schema, { io, unrepresentable: "any" })
  return described
}
