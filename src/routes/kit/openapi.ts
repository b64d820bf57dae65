/** /openapi.json, read off the routes: each piece of middleware says what it checks (see operation.ts). */
import type { Hono } from "hono"
import { z } from "zod"
import { PROBLEM_CODES, type ProblemCode, statusOf } from "../../errors.ts"
import type { ApiEnv } from "./api.ts"
import { type Note, noteOf, type Operation } from "./operation.ts"
import { problemView } from "./views.ts"

const VERSION = "1.0.0"
/** What any authenticated operation may answer. */
const ALWAYS: readonly ProblemCode[] = ["unauthenticated", "token_invalid", "token_expired", "role_required"]
const WITH_BODY: readonly ProblemCode[] = ["malformed_json", "body_too_large", "unsupported_media_type", "invalid"]

type Json = Record<string, unknown>

export function openapiOf(routes: Hono<ApiEnv>["routes"]): Json {
  const paths: Record<string, Json> = {}
  for (const [place, notes] of notesByRoute(routes)) {
    const [method = "", path = ""] = place.split(" ")
    const described = describe(path, notes)
    if (described) paths[templated(path)] = { ...paths[templated(path)], [method.toLowerCase()]: described }
  }
  return {
    openapi: "3.1.0",
    info: { title: "Cloud sources", version: VERSION, description: "Times are epoch milliseconds, dates are UTC." },
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
      schemas: { Problem: schemaOf(problemView, "output"), ProblemCode: { type: "string", enum: PROBLEM_CODES } },
    },
  }
}

function notesByRoute(routes: Hono<ApiEnv>["routes"]): Map<string, Note[]> {
  const found = new Map<string, Note[]>()
  for (const { method, path, handler } of routes) {
    const note = noteOf(handler)
    if (note) found.set(`${method} ${path}`, [...(found.get(`${method} ${path}`) ?? []), note])
  }
  return found
}

function describe(path: string, notes: Note[]): Json | null {
  const operation = notes.flatMap((note) => ("operation" in note ? [note.operation] : []))[0]
  if (!operation) return null
  const body = notes.flatMap((note) => ("body" in note ? [note.body] : []))[0]
  const query = notes.flatMap((note) => ("query" in note ? [note.query] : []))[0]
  return {
    summary: operation.summary,
    ...(operation.description && { description: operation.description }),
    tags: [operation.tag],
    ...(operation.role === null ? { security: [] } : { "x-role": operation.role }),
    parameters: [...pathParameters(path), ...(query ? queryParameters(query) : []), ...headerParameters(operation)],
    ...(body && { requestBody: { required: true, content: content("application/json", schemaOf(body, "input")) } }),
    responses: { ...success(operation), ...failures(operation, body !== undefined) },
  }
}

function success({ status, answer, type = "application/json" }: Operation): Json {
  const body = answer ? { content: content(type, schemaOf(answer, "output")) } : {}
  return { [status]: { description: "Done.", ...body } }
}

/** One answer a status, naming the codes that it may carry. */
function failures({ role, problems = [] }: Operation, hasBody: boolean): Json {
  const codes = [...(role === null ? [] : ALWAYS), ...(hasBody ? WITH_BODY : []), ...problems]
  const byStatus = Map.groupBy(codes, statusOf)
  const answers = [...byStatus].map(([status, some]) => [
    status,
    {
      description: some.join(", "),
      content: content("application/problem+json", { $ref: "#/components/schemas/Problem" }),
    },
  ])
  return Object.fromEntries(answers)
}

function pathParameters(path: string): Json[] {
  const names = [...path.matchAll(/:(\w+)/g)].map((match) => match[1])
  return names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } }))
}

function queryParameters(query: z.ZodObject): Json[] {
  return Object.entries(query.shape).map(([name, type]) => ({
    name,
    in: "query",
    required: false,
    schema: schemaOf(type, "input"),
  }))
}

function headerParameters({ idempotent }: Operation): Json[] {
  const description = "The same key and body within a day return what the first request made."
  return idempotent
    ? [{ name: "Idempotency-Key", in: "header", required: false, description, schema: { type: "string" } }]
    : []
}

const content = (type: string, schema: unknown) => ({ [type]: { schema } })
const templated = (path: string) => path.replace(/:(\w+)/g, "{$1}")

function schemaOf(schema: z.core.$ZodType, io: "input" | "output"): Json {
  const { $schema, ...described } = z.toJSONSchema(schema, { io, unrepresentable: "any" })
  return described
}
