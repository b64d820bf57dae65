/** What a call to the GraphQL Admin API asks for: its lists, and where in them it goes on. */
import { type ArgumentNode, type DocumentNode, type FieldNode, Kind, parse, print, visit } from "graphql"
import { type Call, textOf } from "../http.ts"
import type { GraphQLRequest } from "./api.ts"

const DOCUMENTS_KEPT = 200
const documents = new Map<string, DocumentNode>()

export function requestIn(call: Call): GraphQLRequest | null {
  try {
    const body = JSON.parse(textOf(call)) as GraphQLRequest | null
    return typeof body?.query === "string" ? body : null
  } catch {
    return null
  }
}

/** The lists that the document's first level asks for, such as `orders`. */
export function listsOf(call: Call): string[] {
  const operations = documentIn(call)?.definitions ?? []
  return operations
    .flatMap((definition) => (definition.kind === Kind.OPERATION_DEFINITION ? definition.selectionSet.selections : []))
    .flatMap((field) => (field.kind === Kind.FIELD && isList(field) ? [field.name.value] : []))
}

/** The cursors that it goes on from. */
export function cursorsOf(call: Call): string[] {
  const [request, document] = [requestIn(call), documentIn(call)]
  if (!request || !document) return []
  const cursors: string[] = []
  visit(document, {
    Argument({ name, value }: ArgumentNode) {
      if (name.value !== "after") return
      const cursor = value.kind === Kind.VARIABLE ? request.variables?.[value.name.value] : value
      if (typeof cursor === "string") cursors.push(cursor)
      else if (value.kind === Kind.STRING) cursors.push(value.value)
    },
  })
  return cursors
}

/** The same call, going on from elsewhere; null: from the beginning. */
export function replaceCursors(call: Call, change: (cursor: string) => string | null): Call {
  const [request, document] = [requestIn(call), documentIn(call)]
  if (!request || !document) return call
  const variables = { ...request.variables }
  const query = visit(document, {
    Argument(argument: ArgumentNode) {
      const { name, value } = argument
      if (name.value !== "after") return undefined
      if (value.kind === Kind.STRING) {
        const cursor = change(value.value)
        return { ...argument, value: cursor === null ? { kind: Kind.NULL } : { ...value, value: cursor } }
      }
      const cursor = value.kind === Kind.VARIABLE ? variables[value.name.value] : null
      if (value.kind === Kind.VARIABLE && typeof cursor === "string") variables[value.name.value] = change(cursor)
      return undefined
    },
  })
  return { ...call, bytes: new TextEncoder().encode(JSON.stringify({ query: print(query), variables })) }
}

function documentIn(call: Call): DocumentNode | null {
  const request = requestIn(call)
  if (!request) return null
  if (documents.size >= DOCUMENTS_KEPT) documents.clear()
  const document = documents.get(request.query) ?? parsed(request.query)
  if (document) documents.set(request.query, document)
  return document
}

function parsed(query: string): DocumentNode | null {
  try {
    return parse(query)
  } catch {
    return null
  }
}

function isList({ arguments: given }: FieldNode): boolean {
  return given?.some(({ name }) => name.value === "first" || name.value === "last") ?? false
}
