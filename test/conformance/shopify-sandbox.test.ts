/**
 * The sandbox's part of Shopify's schema is the official one's: the same types, fields, arguments and values. Its answers are made
 * by executing documents against it, so that they can hold nothing else.
 */
import {
  buildClientSchema,
  type GraphQLArgument,
  type GraphQLNamedType,
  type GraphQLSchema,
  type IntrospectionQuery,
  isEnumType,
  isInterfaceType,
  isObjectType,
  print,
} from "graphql"
import { beforeAll, expect, test } from "vitest"
import { schema as sandbox } from "../sandbox/shopify/api.ts"
import { describeWith, readZippedJson } from "./partners.ts"

const SCHEMA = "shopify/admin_2026-07.introspection.json.gz"

const TYPES = Object.values(sandbox.getTypeMap()).filter(({ name }) => !name.startsWith("__"))

describeWith("The simulated Shopify", [SCHEMA], () => {
  let official: GraphQLSchema

  beforeAll(() => {
    const read = readZippedJson<{ data: IntrospectionQuery } | IntrospectionQuery>(SCHEMA)
    official = buildClientSchema("data" in read ? read.data : read, { assumeValid: true })
  })

  test.each(TYPES.map((type) => [type.name, type] as const))("has %s as it is", (name, type) => {
    expect(differences(type, official.getType(name))).toEqual([])
  })
})

function differences(made: GraphQLNamedType, real: GraphQLNamedType | undefined): string[] {
  if (!real) return ["there is no such type"]
  if (made.constructor !== real.constructor) return ["it is of another kind"]
  if (isEnumType(made) && isEnumType(real)) {
    const known = real.getValues().map(({ name }) => name)
    return made.getValues().flatMap(({ name }) => (known.includes(name) ? [] : [`no value ${name}`]))
  }
  if (!(isObjectType(made) && isObjectType(real)) && !(isInterfaceType(made) && isInterfaceType(real))) return []
  const fields = real.getFields()
  return Object.values(made.getFields()).flatMap((field) => {
    const known = fields[field.name]
    if (!known) return [`no field ${field.name}`]
    const wrong = String(known.type) === String(field.type) ? [] : [`${field.name} is ${known.type}`]
    return [...wrong, ...field.args.flatMap((arg) => argumentDifferences(field.name, arg, known.args))]
  })
}

function argumentDifferences(field: string, made: GraphQLArgument, real: readonly GraphQLArgument[]): string[] {
  const known = real.find(({ name }) => name === made.name)
  if (!known) return [`no argument ${field}(${made.name})`]
  if (String(known.type) !== String(made.type)) return [`${field}(${made.name}) is ${known.type}`]
  const [one, other] = [made, known].map((arg) => (arg.default?.literal ? print(arg.default.literal) : "nothing"))
  return one === other ? [] : [`${field}(${made.name}) is ${other} by default`]
}
