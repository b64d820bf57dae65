/**
 * What a query costs: scalars and enums nothing, an object one point, a connection "sized by its `first` and `last` arguments".
 * https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits
 *
 * How it is sized is not on that page. Shopify says that connections are scaled logarithmically; the formula reported from there,
 * two points and `floor(2 ln max(2, first))` times what a row costs, comes to the very figures that apps report (see
 * test/conformance/shopify-cost.test.ts); so does counting amounts of money and the page's information as nothing. Not reported are
 * plain lists that take a length: they are sized as connections are, the dearer of the two readings. Counting every row in full is
 * kept as the most that the page could be taken to mean.
 * https://community.shopify.dev/t/how-to-calculate-graphql-cost-estimates/24364
 */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  type InlineFragmentNode,
  isCompositeType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type SelectionSetNode,
  type ValueNode,
} from "graphql"

const CONNECTION_POINTS = 2
/** "A single query may not exceed a cost of 1,000 points, regardless of plan limits." */
export const SINGLE_QUERY_MAX = 1_000

export type Charging = "logarithmic" | "inFull"

interface Tariff {
  /** How often the cost of a row is counted, of so many. */
  times(rows: number): number
  free: ReadonlySet<string>
}

const TARIFFS: Record<Charging, Tariff> = {
  logarithmic: {
    times: (rows) => (rows > 0 ? Math.floor(2 * Math.log(Math.max(2, rows))) : 0),
    free: new Set(["MoneyBag", "MoneyV2", "PageInfo"]),
  },
  inFull: { times: (rows) => rows, free: new Set() },
}

interface Counting {
  schema: GraphQLSchema
  document: DocumentNode
  variables: Readonly<Record<string, unknown>>
  tariff: Tariff
}

export interface Query {
  schema: GraphQLSchema
  document: DocumentNode
  variables?: Readonly<Record<string, unknown>>
}

/** The most that the query can come to. */
export function requestedCost(query: Query, charging: Charging): number {
  return Math.ceil(queryCost(query, charging, undefined))
}

/** The same count with the lists as long as they came, a row of a list as their mean: the difference is given back. */
export function actualCost(query: Query, charging: Charging, data: unknown): number {
  return Math.ceil(queryCost(query, charging, data ?? null))
}

function queryCost({ schema, document, variables = {} }: Query, charging: Charging, data: unknown): number {
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION)
  const root = schema.getQueryType()
  if (!operation || !root) return 0
  return selectionCost({ schema, document, variables, tariff: TARIFFS[charging] }, root, operation.selectionSet, data)
}

/** `answer`: what the selection was answered with; undefined: nothing yet. */
function selectionCost(
  counting: Counting,
  parent: GraphQLOutputType,
  { selections }: SelectionSetNode,
  answer: unknown,
): number {
  let sum = 0
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) {
      sum += fieldCost(counting, parent, selection, answer)
      continue
    }
    const inside = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragmentOf(counting, selection.name.value)
    if (inside) sum += selectionCost(counting, conditionOf(counting, inside) ?? parent, inside.selectionSet, answer)
  }
  return sum
}

/** `... on ProductSale`: the fields of one of the types that the answer may be of. */
function conditionOf(
  { schema }: Counting,
  { typeCondition }: Pick<InlineFragmentNode, "typeCondition">,
): GraphQLOutputType | undefined {
  const type = typeCondition && schema.getType(typeCondition.name.value)
  return isObjectType(type) || isInterfaceType(type) ? type : undefined
}

function fragmentOf({ document }: Counting, name: string): FragmentDefinitionNode | undefined {
  return document.definitions.find(
    (definition) => definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === name,
  ) as FragmentDefinitionNode | undefined
}

function fieldCost(counting: Counting, parent: GraphQLOutputType, field: FieldNode, answer: unknown): number {
  const type = typeOf(parent, field)
  const selected = field.selectionSet
  if (!type || !selected || counting.tariff.free.has(getNamedType(type).name)) return 0
  const answered = answer === undefined ? undefined : answerOf(answer, field)
  const first = sizeOf(field, counting.variables)
  if (isListType(getNullableType(type)))
    return rowsCost(counting, type, selected, { own: 1, first: first ?? 1, answered })
  if (!getNamedType(type).name.endsWith("Connection"))
    return 1 + (answered === null ? 0 : selectionCost(counting, type, selected, answered))
  return CONNECTION_POINTS + connectionCost(counting, type, selected, first ?? 1, answered)
}

/** Of a connection, `nodes` and `edges` are as many as asked for, and an edge counts as its node. */
function connectionCost(
  counting: Counting,
  type: GraphQLOutputType,
  { selections }: SelectionSetNode,
  first: number,
  answer: unknown,
): number {
  let sum = 0
  for (const field of selections) {
    if (field.kind !== Kind.FIELD) continue
    const { value: name } = field.name
    const rows = typeOf(type, field)
    if (rows && field.selectionSet && (name === "nodes" || name === "edges")) {
      const answered = answer === undefined ? undefined : answerOf(answer, field)
      sum += rowsCost(counting, rows, field.selectionSet, { own: name === "nodes" ? 1 : 0, first, answered })
    } else sum += fieldCost(counting, type, field, answer)
  }
  return sum
}

function rowsCost(
  { tariff, ...counting }: Counting,
  type: GraphQLOutputType,
  selected: SelectionSetNode,
  { own, first, answered }: { own: number; first: number; answered: unknown },
): number {
  const rowCost = (row: unknown) => own + selectionCost({ tariff, ...counting }, type, selected, row)
  if (answered === undefined) return tariff.times(first) * rowCost(undefined)
  const rows = Array.isArray(answered) ? answered : []
  const mean = rows.reduce((sum: number, row) => sum + rowCost(row), 0) / Math.max(rows.length, 1)
  return tariff.times(rows.length) * mean
}

function typeOf(parent: GraphQLOutputType, { name }: FieldNode): GraphQLOutputType | undefined {
  const named = getNamedType(parent)
  const hasFields = isObjectType(named) || isInterfaceType(named)
  const type = hasFields ? named.getFields()[name.value]?.type : undefined
  return type && isCompositeType(getNamedType(type)) ? type : undefined
}

function answerOf(answer: unknown, { alias, name }: FieldNode): unknown {
  if (typeof answer !== "object" || answer === null) return null
  return (answer as Record<string, unknown>)[alias?.value ?? name.value] ?? null
}

function sizeOf({ arguments: given }: FieldNode, variables: Counting["variables"]): number | undefined {
  const size = given?.find(({ name }) => name.value === "first" || name.value === "last")
  return size && numberOf(size.value, variables)
}

function numberOf(value: ValueNode, variables: Counting["variables"]): number {
  if (value.kind === Kind.INT) return Number(value.value)
  return value.kind === Kind.VARIABLE ? Number(variables[value.name.value] ?? 0) : 0
}
