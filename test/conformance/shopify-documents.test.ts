/** Every document that the connector can send, against the official schema: fields, arguments, variables, and the cost limit. */
import {
  buildClientSchema,
  type DocumentNode,
  type GraphQLSchema,
  getVariableValues,
  type IntrospectionQuery,
  Kind,
  NoDeprecatedCustomRule,
  parse,
  validate,
} from "graphql"
import { beforeAll, describe, expect, test } from "vitest"
import type { PageContext } from "../../src/connectors/kit/define.ts"
import {
  AGREEMENTS as AGREEMENTS_FIRST,
  SALES as SALES_FIRST,
  SALES_MAX,
} from "../../src/connectors/shopify/agreements.ts"
import {
  agreementsDocument,
  COMPLETED_AT_ONCE,
  linesDocument,
  moneyDocument,
  ROWS_MAX,
  SOLD_AT_ONCE,
  soldDocument,
} from "../../src/connectors/shopify/documents.ts"
import { SHOPIFY_VERSION } from "../../src/connectors/shopify/graphql.ts"
import type { Config } from "../../src/connectors/shopify/shape.ts"
import { shopify } from "../../src/connectors/shopify.ts"
import { CONFIG, DAY, pageContext, type Request, requestOf, streamOf, T } from "../connectors/shopify/objects.ts"
import { requestedCost, SINGLE_QUERY_MAX } from "../sandbox/shopify/cost.ts"
import { describeWith, readZippedJson } from "./partners.ts"

const SCHEMA = "shopify/admin_2026-07.introspection.json.gz"
const LINES = JSON.stringify({
  open: {},
  denied: [],
  edge: null,
  rest: Array.from({ length: 9 }, (_, n) => ({ id: `${n}`, lines: "c" })),
})
const MONEY = JSON.stringify({
  open: {},
  denied: [],
  edge: null,
  rest: Array.from({ length: 9 }, (_, n) => ({ id: `${n}`, money: "few" })),
})

const AGREEMENTS = JSON.stringify({
  open: {},
  denied: [],
  edge: null,
  rest: Array.from({ length: 9 }, (_, n) => ({ id: `${n}`, agreements: null, sales: null })),
})
const SALES = JSON.stringify({
  open: {},
  denied: [],
  edge: null,
  rest: Array.from({ length: 9 }, (_, n) => ({ id: `${n}`, agreements: "c", sales: "c" })),
})

const CONTEXTS: [string, Partial<PageContext<Config>>][] = [
  ["the first page", {}],
  ["a page of half the size", { pageSize: 20 }],
  ["a page of one row", { pageSize: 1 }],
  ["a later page", { pageToken: "cursor" }],
  ["a closed window", { window: { from: T, to: T + DAY } }],
  ["an open window", { window: { from: null, to: T }, range: { from: T - DAY, to: T } }],
  ["lines that are left", { pageToken: LINES }],
  ["transactions that are left", { pageToken: MONEY }],
  ["agreements of orders", { pageToken: AGREEMENTS }],
  ["agreements that are left", { pageToken: AGREEMENTS.replaceAll('"agreements":null', '"agreements":"c"') }],
  ["sales that are left", { pageToken: SALES }],
]

describeWith("Shopify's schema of the Admin API", [SCHEMA], () => {
  let schema: GraphQLSchema

  beforeAll(() => {
    const read = readZippedJson<{ data: IntrospectionQuery } | IntrospectionQuery>(SCHEMA)
    // Some of its deprecations break a rule of the newest specification.
    schema = buildClientSchema("data" in read ? read.data : read, { assumeValid: true })
  })

  function faultsOf({ query, variables }: Request): string[] {
    const document = parse(query)
    const invalid = validate(schema, document).map(({ message }) => message)
    const wrong = unfit(schema, document, variables)
    const cost = requestedCost({ schema, document, variables }, "logarithmic")
    return [...invalid, ...wrong, ...(cost > SINGLE_QUERY_MAX ? [`costs ${cost}`] : []), ...deprecated(document)]
  }

  function deprecated(document: DocumentNode): string[] {
    return validate(schema, document, [NoDeprecatedCustomRule]).map(({ message }) => message)
  }

  describe.each(shopify.streams.map(({ name }) => name))("takes of %s", (name) => {
    test.each(CONTEXTS)("%s", (_title, changes) => {
      const stream = streamOf(name)
      const size = changes.pageSize === undefined ? {} : { pageSize: Math.min(changes.pageSize, stream.pageSize) }
      expect(faultsOf(requestOf(stream, pageContext({ ...changes, ...size }, stream)))).toEqual([])
    })

    test("every collection alone", () => {
      const stream = streamOf(name)
      for (const collection of stream.collections)
        expect(faultsOf(requestOf(stream, pageContext({ collections: new Set([collection]) }, stream)))).toEqual([])
    })
  })

  test("takes the request that gives a grant back", () => {
    const uninstalls = shopify.auth.flatMap((way) => (way.kind === "oauth2" && way.revoke ? [way.revoke(CONFIG)] : []))
    expect(uninstalls.flatMap(({ body }) => faultsOf(body as unknown as Request))).toEqual([])
  })

  test("takes the request for the payment gateways", () => {
    const body = shopify.payments?.gateways?.request(CONFIG).body
    expect(faultsOf(body as unknown as Request)).toEqual([])
  })

  test("takes the account's request", () => {
    const { body } = shopify.account.request(CONFIG)
    expect(faultsOf(body as unknown as Request)).toEqual([])
  })

  test("finds what is left of orders within a query's limit", () => {
    const documents: [string, Record<string, number>][] = [
      [linesDocument(COMPLETED_AT_ONCE), { lines: ROWS_MAX }],
      [moneyDocument(COMPLETED_AT_ONCE, "few"), {}],
      [moneyDocument(COMPLETED_AT_ONCE, "many"), {}],
      [soldDocument(), { orders: SOLD_AT_ONCE, agreements: AGREEMENTS_FIRST, sales: SALES_FIRST }],
      [agreementsDocument(COMPLETED_AT_ONCE), { agreements: AGREEMENTS_FIRST, sales: SALES_FIRST }],
      [agreementsDocument(COMPLETED_AT_ONCE), { agreements: 1, sales: SALES_MAX }],
    ]
    for (const [document, variables] of documents)
      expect(requestedCost({ schema, document: parse(document), variables }, "logarithmic")).toBeLessThan(
        SINGLE_QUERY_MAX,
      )
  })

  test("would come to a query's limit even where every row was counted in full", () => {
    for (const stream of shopify.streams) {
      const { query, variables } = requestOf(stream, pageContext({ pageSize: 1 }, stream))
      expect(requestedCost({ schema, document: parse(query), variables }, "inFull")).toBeLessThan(SINGLE_QUERY_MAX)
    }
  })

  test("is of the version that is asked for", () => {
    expect(SCHEMA).toContain(SHOPIFY_VERSION)
    expect(shopify.account.request(CONFIG).path).toContain(`/${SHOPIFY_VERSION}/`)
  })
})

function unfit(schema: GraphQLSchema, document: DocumentNode, variables: Record<string, unknown>): string[] {
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION)
  const { errors } = getVariableValues(schema, operation?.variableDefinitions ?? [], variables)
  return (errors ?? []).map(({ message }) => message)
}
