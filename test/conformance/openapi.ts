/** As much of an OpenAPI description as it takes to check a request: paths, query parameters, what can be expanded. */
import { Ajv } from "ajv"
import type { PageRequest } from "../../src/connectors/kit/define.ts"

export interface Schema {
  $ref?: string
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  items?: Schema
  enum?: string[]
  type?: string
  "x-expandableFields"?: string[]
}

interface Parameter {
  name: string
  in: string
  description?: string
  schema: Schema
}

interface Operation {
  parameters?: Parameter[]
  responses: { 200: { content: { "application/json": { schema: Schema } } } }
}

export interface Description {
  paths: Record<string, { get?: Operation }>
  components: { schemas: Record<string, Schema> }
}

type Sent = string | number | Record<string, string | number> | readonly string[]

const ajv = new Ajv({ strict: false })

/** What is wrong with a request, in words; nothing where it is as described. */
export function faultsOf(api: Description, { path, query = {} }: PageRequest): string[] {
  const operation = api.paths[path]?.get
  if (!operation) return [`GET ${path} is not described`]
  const known = new Map(operation.parameters?.map((parameter) => [parameter.name, parameter.schema]))
  const faults: string[] = []
  for (const [name, value] of Object.entries(nested(query))) {
    const schema = known.get(name)
    if (!schema) faults.push(`${path} takes no ${name}`)
    else if (!ajv.validate(schema, value)) faults.push(`${path} ${name}: ${ajv.errorsText()}`)
  }
  const answer = operation.responses[200].content["application/json"].schema
  for (const expand of [query["expand[]"] ?? []].flat()) {
    if (!canExpand(api, answer, String(expand).split("."))) faults.push(`${path} cannot expand ${expand}`)
  }
  return faults
}

/** `created[gte]=1` and `types[]=a` as the values that the description speaks of. */
function nested(query: NonNullable<PageRequest["query"]>): Record<string, Sent> {
  const sent: Record<string, Sent> = {}
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue
    const [, name = key, inner] = /^([^[]+)\[(.*)\]$/.exec(key) ?? []
    if (inner === undefined) sent[name] = value as Sent
    else if (inner === "") sent[name] = value as readonly string[]
    else sent[name] = { ...(sent[name] as object), [inner]: value as number }
  }
  return sent
}

function canExpand(api: Description, schema: Schema, steps: readonly string[]): boolean {
  const [field, ...rest] = steps
  if (field === undefined) return true
  return objectsOf(api, schema).some((object) => {
    if (!object["x-expandableFields"]?.includes(field)) return false
    const property = object.properties?.[field]
    const next = property?.items ?? property
    return next !== undefined && canExpand(api, next, rest)
  })
}

/** The objects that a schema may stand for. */
function objectsOf(api: Description, schema: Schema): Schema[] {
  if (schema.$ref) {
    const named = api.components.schemas[schema.$ref.replace("#/components/schemas/", "")]
    return named ? objectsOf(api, named) : []
  }
  return schema.anyOf ? schema.anyOf.flatMap((one) => objectsOf(api, one)) : [schema]
}
