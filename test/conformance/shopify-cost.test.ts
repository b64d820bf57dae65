/** What the sandbox charges, against what Shopify was seen to charge. */
import { buildClientSchema, type GraphQLSchema, type IntrospectionQuery, parse } from "graphql"
import { beforeAll, expect, test } from "vitest"
import { actualCost, requestedCost } from "../sandbox/shopify/cost.ts"
import { describeWith, readZippedJson } from "./partners.ts"

const SCHEMA = "shopify/admin_2026-07.introspection.json.gz"

/**
 * `requestedQueryCost`, by query, reduced to its objects and lists. The first comes from a question to Shopify, the others are kept
 * with the queries of a connector that many shops use. Not among them, since they do not agree with each other: a customer's
 * addresses (nothing) and an order's (one point each), which are counted.
 * https://community.shopify.dev/t/unexpectedly-low-graphql-query-cost-in-shopify-admin-api-seeking-clarification/23101
 * https://github.com/microsoft/BCApps/tree/main/src/Apps/W1/Shopify/App/.resources/graphql
 */
const SEEN: [what: string, cost: number, query: string][] = [
  ["250 variants", 25, `{ product(id: "1") { variants(first: 250) { nodes { inventoryItem { id tracked } } } } }`],
  ["100 customers", 11, "{ customers(first: 100) { pageInfo { endCursor hasNextPage } nodes { legacyResourceId } } }"],
  [
    "10 lines of an order",
    43,
    `{ order(id: "1") { lineItems(first: 10) { pageInfo { endCursor } nodes {
      product { legacyResourceId } variant { legacyResourceId } customAttributes { key }
      duties { price { shopMoney { amount } } taxLines { priceSet { shopMoney { amount } } } }
      fulfillmentService { location { legacyResourceId } serviceName }
      discountAllocations { allocatedAmountSet { shopMoney { amount } } }
      discountedTotalSet { presentmentMoney { amount } shopMoney { amount } } taxLines { title }
    } } } }`,
  ],
  [
    "an order's fulfillments",
    15,
    `{ order(id: "1") { fulfillments { location { legacyResourceId } trackingInfo { number } service { serviceName }
      fulfillmentLineItems(first: 10) { pageInfo { endCursor } nodes {
        originalTotalSet { shopMoney { amount } } lineItem { id }
      } }
    } } }`,
  ],
  [
    "an order's transactions",
    3,
    `{ order(id: "1") { transactions {
      id amountSet { presentmentMoney { amount } shopMoney { amount } } amountRoundingSet { shopMoney { amount } }
      paymentDetails { ... on CardPaymentDetails { company } }
    } } }`,
  ],
  [
    "100 balance transactions",
    30,
    `{ shopifyPaymentsAccount { balanceTransactions(first: 100) { edges { cursor node {
      associatedPayout { id } amount { amount } fee { amount } net { amount } associatedOrder { id }
    } } pageInfo { hasNextPage } } } }`,
  ],
  [
    "100 disputes",
    30,
    `{ shopifyPaymentsAccount { disputes(first: 100) { edges { cursor node {
      amount { amount } reasonDetails { reason } order { id }
    } } pageInfo { hasNextPage } } } }`,
  ],
  [
    "100 prices of a catalog",
    31,
    `{ catalog(id: "1") { priceList { prices(first: 100) { edges { cursor node {
      variant { product { id } } price { amount } compareAtPrice { amount }
    } } pageInfo { hasNextPage } } } } }`,
  ],
  [
    "100 inventory levels",
    48,
    `{ location(id: "1") { inventoryLevels(first: 100) { pageInfo { hasNextPage } edges { cursor node {
      quantities(names: "available") { quantity } item { variant { product { id } } }
    } } } } }`,
  ],
  [
    "25 lines to fulfil",
    27,
    `{ fulfillmentOrder(id: "1") { lineItems(first: 25) { pageInfo { hasNextPage } edges { cursor node {
      lineItem { product { legacyResourceId } variant { legacyResourceId } }
    } } } } }`,
  ],
  [
    "a company",
    14,
    `{ company(id: "1") { mainContact { customer {
      defaultPhoneNumber { phoneNumber } defaultEmailAddress { emailAddress }
    } } metafields(first: 50) { edges { node { id } } } } }`,
  ],
]

describeWith("Shopify's charges", [SCHEMA], () => {
  let schema: GraphQLSchema

  beforeAll(() => {
    const read = readZippedJson<{ data: IntrospectionQuery } | IntrospectionQuery>(SCHEMA)
    schema = buildClientSchema("data" in read ? read.data : read, { assumeValid: true })
  })

  test.each(SEEN)("%s: %i points", (_what, cost, query) => {
    expect(requestedCost({ schema, document: parse(query) }, "logarithmic")).toBe(cost)
  })

  test("what was not found is given back", () => {
    const [, , query] = SEEN[0] as (typeof SEEN)[number]
    expect(actualCost({ schema, document: parse(query) }, "logarithmic", { product: null })).toBe(1)
  })
})
