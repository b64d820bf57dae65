/**
 * What a query costs, counted as the documentation has it: scalars and enums nothing, an object one point, a connection "sized by
 * its `first` and `last` arguments". Shopify does not publish the size; this counts two points for the connection and every row in
 * full, and plain lists of objects by their length likewise, which is the most that has been reported. Its real figures are lower.
 * https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits
 */
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isListType,
  isObjectType,
  Kind,
  type SelectionSetNode,
  type ValueNode,
} from "graphql"

export const CONNECTION_POINTS = 2
/** "A single query may not exceed a cost of 1,000 points, regardless of plan limits." */
export const SINGLE_QUERY_MAX = 1_000

type Variables = Readonly<Record<string, unknown>>

interface Counting {
  schema: GraphQLSchema
  fragments: ReadonlyMap<string, FragmentDefinitionNode>
  variables: Variables
}

/** The most that the query can come to. */
export function requestedCost(schema: GraphQLSchema, document: DocumentNode, variables: Variables): number {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION)
  const root = schema.getQueryType()
  if (!operation || !root) return 0
  return selectionCost({ schema, fragments, variables }, root, operation.selectionSet)
}

/** What an answer's objects come to: every object a point, every connection its two. */
export function actualCost(data: unknown): number {
  if (Array.isArray(data)) return data.reduce((sum: number, entry) => sum + objectCost(entry), 0)
  if (typeof data !== "object" || data === null) return 0
  return Object.values(data).reduce(
    (sum: number, value) => sum + (Array.isArray(value) ? actualCost(value) : objectCost(value)),
    0,
  )
}

function objectCost(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0
  if ("nodes" in value || "edges" in value) return CONNECTION_POINTS + actualCost(value)
  // An edge counts as its node.
  return "node" in value ? objectCost(value.node) : 1 + actualCost(value)
}

function selectionCost(counting: Counting, parent: GraphQLOutputType, { selections }: SelectionSetNode): number {
  let sum = 0
  for (const selection of selections) {
    if (selection.kind === Kind.INLINE_FRAGMENT) sum += selectionCost(counting, parent, selection.selectionSet)
    else if (selection.kind === Kind.FRAGMENT_SPREAD) {
      const fragment = counting.fragments.get(selection.name.value)
      if (fragment) sum += selectionCost(counting, parent, fragment.selectionSet)
    } else {
      const type = getNamedType(parent)
      const field = isObjectType(type) ? type.getFields()[selection.name.value] : undefined
      if (!field || !selection.selectionSet || !isCompositeType(getNamedType(field.type))) continue
      const first = selection.arguments?.find(({ name }) => name.value === "first" || name.value === "last")
      const size = first ? sizeOf(first.value, counting.variables) : 1
      sum += fieldCost(counting, field.type, selection.selectionSet, size)
    }
  }
  return sum
}

function fieldCost(counting: Counting, type: GraphQLOutputType, selected: SelectionSetNode, size: number): number {
  const inside = selectionCost(counting, type, selected)
  if (isListType(getNullableType(type))) return size * (1 + inside)
  if (!getNamedType(type).name.endsWith("Connection")) return 1 + inside
  return CONNECTION_POINTS + rowsCost(counting, type, selected, size)
}

/** Within a connection `nodes` and `edges` are as many as asked for, an edge counts as its node; the page info is one. */
function rowsCost(counting: Counting, type: GraphQLOutputType, { selections }: SelectionSetNode, size: number): number {
  let sum = 0
  for (const selection of selections) {
    if (selection.kind !== Kind.FIELD || !selection.selectionSet) continue
    const cost = selectionCost(counting, type, { kind: Kind.SELECTION_SET, selections: [selection] })
    const { value: name } = selection.name
    sum += name === "edges" ? size * (cost - 1) : name === "nodes" ? size * cost : cost
  }
  return sum
}

function sizeOf(value: ValueNode, variables: Variables): number {
  if (value.kind === Kind.INT) return Number(value.value)
  return value.kind === Kind.VARIABLE ? Number(variables[value.name.value] ?? 0) : 0
}
