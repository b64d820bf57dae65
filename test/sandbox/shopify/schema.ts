/**
 * The part of the Admin GraphQL API that the sandbox answers: types, fields and arguments are those of the official schema of
 * 2026-07, which the conformance suite checks one by one. Everything else of the API is refused as an unknown field.
 */
export const SCHEMA_VERSION = "2026-07"

export const SDL = /* GraphQL */ `
  scalar DateTime
  scalar Decimal
  scalar UnsignedInt64

  type QueryRoot {
    abandonedCheckouts(after: String, before: String, first: Int, last: Int, query: String, reverse: Boolean = false, sortKey: AbandonedCheckoutSortKeys = ID): AbandonedCheckoutConnection!
    currentAppInstallation: AppInstallation!
    customer(id: ID!): Customer
    customers(after: String, before: String, first: Int, last: Int, query: String, reverse: Boolean = false, sortKey: CustomerSortKeys = ID): CustomerConnection!
    draftOrders(after: String, before: String, first: Int, last: Int, query: String, reverse: Boolean = false, sortKey: DraftOrderSortKeys = ID): DraftOrderConnection!
    order(id: ID!): Order
    orders(after: String, before: String, first: Int, last: Int, query: String, reverse: Boolean = false, sortKey: OrderSortKeys = PROCESSED_AT): OrderConnection!
    shop: Shop!
  }

  schema {
    query: QueryRoot
  }

  interface Node {
    id: ID!
  }

  type PageInfo {
    endCursor: String
    hasNextPage: Boolean!
    hasPreviousPage: Boolean!
    startCursor: String
  }

  enum CustomerSortKeys { CREATED_AT ID UPDATED_AT }
  enum OrderSortKeys { CREATED_AT ID PROCESSED_AT UPDATED_AT }
  enum DraftOrderSortKeys { ID NUMBER UPDATED_AT }
  enum AbandonedCheckoutSortKeys { CHECKOUT_ID CREATED_AT ID }

  type Shop implements Node {
    currencyCode: CurrencyCode!
    id: ID!
    myshopifyDomain: String!
    name: String!
    plan: ShopPlan!
  }

  type ShopPlan {
    partnerDevelopment: Boolean!
    publicDisplayName: String!
    shopifyPlus: Boolean!
  }

  type AppInstallation implements Node {
    accessScopes: [AccessScope!]!
    id: ID!
  }

  type AccessScope {
    handle: String!
  }

  enum CurrencyCode { CAD EUR GBP JPY KWD USD }
  enum CountryCode { CA DE FR GB JP KW US }

  type MoneyV2 {
    amount: Decimal!
    currencyCode: CurrencyCode!
  }

  type MoneyBag {
    presentmentMoney: MoneyV2!
    shopMoney: MoneyV2!
  }

  type MailingAddress implements Node {
    city: String
    countryCodeV2: CountryCode
    id: ID!
    province: String
    zip: String
  }

  enum CustomerState { DECLINED DISABLED ENABLED INVITED }
  enum CustomerEmailAddressMarketingState { NOT_SUBSCRIBED PENDING SUBSCRIBED UNSUBSCRIBED }

  type CustomerEmailAddress {
    emailAddress: String!
    marketingState: CustomerEmailAddressMarketingState!
  }

  type CustomerPhoneNumber {
    phoneNumber: String!
  }

  type Customer implements Node {
    amountSpent: MoneyV2!
    createdAt: DateTime!
    defaultAddress: MailingAddress
    defaultEmailAddress: CustomerEmailAddress
    defaultPhoneNumber: CustomerPhoneNumber
    displayName: String!
    firstName: String
    id: ID!
    lastName: String
    locale: String!
    numberOfOrders: UnsignedInt64!
    state: CustomerState!
    tags: [String!]!
    taxExempt: Boolean!
    updatedAt: DateTime!
    verifiedEmail: Boolean!
  }

  type CustomerEdge {
    cursor: String!
    node: Customer!
  }

  type CustomerConnection {
    edges: [CustomerEdge!]!
    nodes: [Customer!]!
    pageInfo: PageInfo!
  }

  enum OrderCancelReason { CUSTOMER DECLINED FRAUD INVENTORY OTHER STAFF }
  enum OrderDisplayFinancialStatus { AUTHORIZED EXPIRED PAID PARTIALLY_PAID PARTIALLY_REFUNDED PENDING REFUNDED VOIDED }

  enum OrderReturnStatus { INSPECTION_COMPLETE IN_PROGRESS NO_RETURN RETURNED RETURN_FAILED RETURN_REQUESTED }

  type Order implements Node {
    agreements(after: String, before: String, first: Int, last: Int, query: String, reverse: Boolean = false): SalesAgreementConnection!
    cancelReason: OrderCancelReason
    cancelledAt: DateTime
    createdAt: DateTime!
    currencyCode: CurrencyCode!
    customer: Customer
    discountCodes: [String!]!
    displayFinancialStatus: OrderDisplayFinancialStatus
    edited: Boolean!
    email: String
    id: ID!
    lineItems(after: String, before: String, first: Int, last: Int, reverse: Boolean = false): LineItemConnection!
    name: String!
    originalTotalPriceSet: MoneyBag!
    presentmentCurrencyCode: CurrencyCode!
    processedAt: DateTime!
    refunds(first: Int): [Refund!]!
    returnStatus: OrderReturnStatus!
    sourceName: String
    subtotalLineItemsQuantity: Int!
    taxesIncluded: Boolean!
    test: Boolean!
    totalPriceSet: MoneyBag!
    totalTipReceivedSet: MoneyBag!
    transactions(capturable: Boolean, first: Int, manuallyResolvable: Boolean): [OrderTransaction!]!
    updatedAt: DateTime!
  }

  type OrderEdge {
    cursor: String!
    node: Order!
  }

  type OrderConnection {
    edges: [OrderEdge!]!
    nodes: [Order!]!
    pageInfo: PageInfo!
  }

  type Product implements Node {
    id: ID!
    title: String!
  }

  type DiscountAllocation {
    allocatedAmountSet: MoneyBag!
  }

  type LineItem implements Node {
    currentQuantity: Int!
    discountAllocations: [DiscountAllocation!]!
    discountedTotalSet(withCodeDiscounts: Boolean = false): MoneyBag!
    id: ID!
    isGiftCard: Boolean!
    originalTotalSet: MoneyBag!
    product: Product
    quantity: Int!
    sku: String
    title: String!
    variantTitle: String
    vendor: String
  }

  type LineItemEdge {
    cursor: String!
    node: LineItem!
  }

  type LineItemConnection {
    edges: [LineItemEdge!]!
    nodes: [LineItem!]!
    pageInfo: PageInfo!
  }

  enum OrderActionType { ORDER ORDER_EDIT REFUND RETURN UNKNOWN }
  enum SaleActionType { ORDER RETURN UNKNOWN UPDATE }
  enum SaleLineType { ADDITIONAL_FEE ADJUSTMENT DUTY FEE GIFT_CARD PRODUCT SHIPPING TIP UNKNOWN }

  interface SalesAgreement {
    happenedAt: DateTime!
    id: ID!
    reason: OrderActionType!
    sales(after: String, before: String, first: Int, last: Int, reverse: Boolean = false): SaleConnection!
  }

  type OrderAgreement implements SalesAgreement {
    happenedAt: DateTime!
    id: ID!
    reason: OrderActionType!
    sales(after: String, before: String, first: Int, last: Int, reverse: Boolean = false): SaleConnection!
  }

  type OrderEditAgreement implements SalesAgreement {
    happenedAt: DateTime!
    id: ID!
    reason: OrderActionType!
    sales(after: String, before: String, first: Int, last: Int, reverse: Boolean = false): SaleConnection!
  }

  type RefundAgreement implements SalesAgreement {
    happenedAt: DateTime!
    id: ID!
    reason: OrderActionType!
    sales(after: String, before: String, first: Int, last: Int, reverse: Boolean = false): SaleConnection!
  }

  type ReturnAgreement implements SalesAgreement {
    happenedAt: DateTime!
    id: ID!
    reason: OrderActionType!
    sales(after: String, before: String, first: Int, last: Int, reverse: Boolean = false): SaleConnection!
  }

  type SalesAgreementEdge {
    cursor: String!
    node: SalesAgreement!
  }

  type SalesAgreementConnection {
    edges: [SalesAgreementEdge!]!
    nodes: [SalesAgreement!]!
    pageInfo: PageInfo!
  }

  interface Sale {
    actionType: SaleActionType!
    id: ID!
    lineType: SaleLineType!
    quantity: Int
    totalAmount: MoneyBag!
    totalTaxAmount: MoneyBag!
  }

  type ProductSale implements Sale {
    actionType: SaleActionType!
    id: ID!
    lineItem: LineItem!
    lineType: SaleLineType!
    quantity: Int
    totalAmount: MoneyBag!
    totalTaxAmount: MoneyBag!
  }

  type GiftCardSale implements Sale {
    actionType: SaleActionType!
    id: ID!
    lineItem: LineItem!
    lineType: SaleLineType!
    quantity: Int
    totalAmount: MoneyBag!
    totalTaxAmount: MoneyBag!
  }

  type TipSale implements Sale {
    actionType: SaleActionType!
    id: ID!
    lineItem: LineItem!
    lineType: SaleLineType!
    quantity: Int
    totalAmount: MoneyBag!
    totalTaxAmount: MoneyBag!
  }

  type SaleEdge {
    cursor: String!
    node: Sale!
  }

  type SaleConnection {
    edges: [SaleEdge!]!
    nodes: [Sale!]!
    pageInfo: PageInfo!
  }

  enum OrderTransactionKind { AUTHORIZATION CAPTURE CHANGE EMV_AUTHORIZATION REFUND SALE SUGGESTED_REFUND VOID }
  enum OrderTransactionStatus { AWAITING_RESPONSE ERROR FAILURE PENDING SUCCESS UNKNOWN }
  enum OrderTransactionErrorCode { CARD_DECLINED EXPIRED_CARD GENERIC_ERROR INSUFFICIENT_FUNDS }

  type OrderTransaction implements Node {
    amountSet: MoneyBag!
    createdAt: DateTime!
    errorCode: OrderTransactionErrorCode
    gateway: String
    id: ID!
    kind: OrderTransactionKind!
    processedAt: DateTime
    status: OrderTransactionStatus!
    test: Boolean!
  }

  type Refund implements Node {
    createdAt: DateTime
    id: ID!
    note: String
    processedAt: DateTime!
    totalRefundedSet: MoneyBag!
    updatedAt: DateTime!
  }

  enum DraftOrderStatus { COMPLETED INVOICE_SENT OPEN }

  type DraftOrder implements Node {
    completedAt: DateTime
    createdAt: DateTime!
    currencyCode: CurrencyCode!
    customer: Customer
    email: String
    id: ID!
    name: String!
    status: DraftOrderStatus!
    totalPriceSet: MoneyBag!
    totalQuantityOfLineItems: Int!
    updatedAt: DateTime!
  }

  type DraftOrderEdge {
    cursor: String!
    node: DraftOrder!
  }

  type DraftOrderConnection {
    edges: [DraftOrderEdge!]!
    nodes: [DraftOrder!]!
    pageInfo: PageInfo!
  }

  type AbandonedCheckout implements Node {
    completedAt: DateTime
    createdAt: DateTime!
    customer: Customer
    id: ID!
    lineItems(after: String, before: String, first: Int, last: Int, reverse: Boolean = false): AbandonedCheckoutLineItemConnection!
    name: String!
    totalPriceSet: MoneyBag!
    updatedAt: DateTime!
  }

  type AbandonedCheckoutLineItem implements Node {
    id: ID!
    product: Product
    quantity: Int!
    title: String
  }

  type AbandonedCheckoutLineItemEdge {
    cursor: String!
    node: AbandonedCheckoutLineItem!
  }

  type AbandonedCheckoutLineItemConnection {
    edges: [AbandonedCheckoutLineItemEdge!]!
    nodes: [AbandonedCheckoutLineItem!]!
    pageInfo: PageInfo!
  }

  type AbandonedCheckoutEdge {
    cursor: String!
    node: AbandonedCheckout!
  }

  type AbandonedCheckoutConnection {
    edges: [AbandonedCheckoutEdge!]!
    nodes: [AbandonedCheckout!]!
    pageInfo: PageInfo!
  }
`
