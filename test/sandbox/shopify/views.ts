/** Rows as the Admin API shows them. What a viewer may not see is refused field by field, with the error Shopify gives. */
import { GraphQLError } from "graphql"
import { type ListArgs, type Listed, slice } from "./lists.ts"
import {
  type Agreement,
  type CheckoutRow,
  type CustomerRow,
  DIGITS,
  type DraftRow,
  type Line,
  type OrderRow,
  RATES,
  type RefundRow,
  type Sale,
  type Transaction,
} from "./model.ts"
import { find, type Shop } from "./shop.ts"

/** Who asks: what the token allows, and how much protected customer data the app is approved for. */
export interface Viewer {
  scopes: ReadonlySet<string>
  /** 0: none, 1: without name, address, phone and email, 2: all. */
  protectedLevel: 0 | 1 | 2
}

export interface Context {
  shop: Shop
  viewer: Viewer
}

const SCOPES_DOCS = "https://shopify.dev/api/usage/access-scopes"
const PROTECTED_DOCS = "https://shopify.dev/apps/store/data-protection/protected-customer-data"

export function gid(type: string, id: number): string {
  return `gid://shopify/${type}/${id}`
}

/** To the second, as all times are shown. */
export function shown(ms: number): string
export function shown(ms: number | null): string | null
export function shown(ms: number | null): string | null {
  return ms === null ? null : `${new Date(ms).toISOString().slice(0, 19)}Z`
}

export function connection<R, V>({ rows, hasNextPage, cursors }: Listed<R>, view: (row: R) => V) {
  const [startCursor = null, endCursor = null] = [cursors[0], cursors.at(-1)]
  return {
    nodes: () => rows.map(view),
    edges: () => rows.map((row, index) => ({ cursor: cursors[index], node: view(row) })),
    pageInfo: { hasNextPage, hasPreviousPage: false, startCursor, endCursor },
  }
}

/** The scope that a field needs; without it the field is an error. */
export function permit({ viewer }: Context, field: string, ...scopes: string[]): void {
  if (scopes.some((scope) => viewer.scopes.has(scope))) return
  const message = `Access denied for ${field} field. Required access: ${scopes.map((scope) => `\`${scope}\``).join(" or ")} access scope.`
  throw new GraphQLError(message, {
    extensions: { code: "ACCESS_DENIED", documentation: SCOPES_DOCS, requiredAccess: scopes.join(", ") },
  })
}

export function approve({ viewer }: Context, what: string, level: 1 | 2): void {
  if (viewer.protectedLevel >= level) return
  const message = `This app is not approved to ${level === 1 ? `access the ${what} object` : `use the ${what} field`}. See ${PROTECTED_DOCS} for more details.`
  throw new GraphQLError(message, { extensions: { code: "ACCESS_DENIED", documentation: PROTECTED_DOCS } })
}

/** Field resolvers take the value's own functions: what is never asked for costs nothing, and may not refuse. */
function personal<T>(context: Context, field: string, read: () => T): () => T {
  return () => {
    approve(context, field, 2)
    return read()
  }
}

export function customerView(row: CustomerRow, context: Context) {
  const own = <T>(field: string, read: () => T) => personal(context, field, read)
  return {
    __typename: "Customer",
    id: gid("Customer", row.id),
    firstName: own("firstName", () => row.firstName),
    lastName: own("lastName", () => row.lastName),
    displayName: own(
      "displayName",
      () => [row.firstName, row.lastName].filter(Boolean).join(" ") || row.email || "Customer",
    ),
    locale: row.locale,
    tags: row.tags,
    state: "DISABLED",
    taxExempt: false,
    verifiedEmail: row.isVerified,
    numberOfOrders: String(row.orders),
    createdAt: shown(row.created),
    updatedAt: shown(row.updated),
    amountSpent: money(context.shop, row.spent),
    defaultEmailAddress: own("defaultEmailAddress", () =>
      row.email === null
        ? null
        : { emailAddress: row.email, marketingState: row.isSubscribed ? "SUBSCRIBED" : "NOT_SUBSCRIBED" },
    ),
    defaultPhoneNumber: own("defaultPhoneNumber", () => (row.phone === null ? null : { phoneNumber: row.phone })),
    defaultAddress: own("defaultAddress", () => ({
      id: gid("MailingAddress", row.id),
      city: row.city,
      province: row.province,
      zip: row.zip,
      countryCodeV2: row.country,
    })),
  }
}

export function orderView(row: OrderRow, context: Context) {
  const bag = (amount: number) => moneyBag(context.shop, amount, row.presentment)
  return {
    __typename: "Order",
    id: gid("Order", row.id),
    name: `#${row.number}`,
    email: personal(context, "email", () => row.email),
    test: row.isTest,
    edited: row.isEdited,
    returnStatus: row.agreements.some(({ reason }) => reason === "RETURN") ? "RETURNED" : "NO_RETURN",
    taxesIncluded: context.shop.options.taxesIncluded,
    totalTipReceivedSet: bag(row.lines.reduce((sum, { kind, total }) => (kind === "tip" ? sum + total : sum), 0)),
    agreements: (args: ListArgs) => connection(slice(row.agreements, args), (one) => agreementView(one, row, context)),
    sourceName: row.source,
    currencyCode: context.shop.options.currency,
    presentmentCurrencyCode: row.presentment,
    discountCodes: row.discountCodes,
    createdAt: shown(row.created),
    updatedAt: shown(row.updated),
    processedAt: shown(row.processed),
    cancelledAt: shown(row.cancelled),
    cancelReason: row.cancelReason,
    displayFinancialStatus: financialStatus(row),
    subtotalLineItemsQuantity: row.lines.reduce(
      (sum, { kind, quantity }) => (kind === "product" ? sum + quantity : sum),
      0,
    ),
    originalTotalPriceSet: bag(row.total),
    totalPriceSet: bag(row.total),
    customer: () => customerOf(row.customer, context),
    lineItems: (args: ListArgs) => connection(slice(row.lines, args), (line) => lineView(line, row, context)),
    transactions: ({ first }: ListArgs) =>
      row.transactions.slice(0, first ?? undefined).map((one) => transactionView(one, row, context)),
    refunds: ({ first }: ListArgs) =>
      row.refunds.slice(0, first ?? undefined).map((one) => refundView(one, row, context)),
  }
}

export function draftView(row: DraftRow, context: Context) {
  return {
    __typename: "DraftOrder",
    id: gid("DraftOrder", row.id),
    name: `#D${row.number}`,
    email: personal(context, "email", () => row.email),
    status: row.status,
    currencyCode: context.shop.options.currency,
    createdAt: shown(row.created),
    updatedAt: shown(row.updated),
    completedAt: shown(row.completed),
    totalPriceSet: moneyBag(context.shop, row.total, context.shop.options.currency),
    totalQuantityOfLineItems: row.quantity,
    customer: () => customerOf(row.customer, context),
  }
}

export function checkoutView(row: CheckoutRow, context: Context) {
  return {
    __typename: "AbandonedCheckout",
    id: gid("AbandonedCheckout", row.id),
    name: `#${row.id}`,
    createdAt: shown(row.created),
    updatedAt: shown(row.updated),
    completedAt: shown(row.completed),
    totalPriceSet: moneyBag(context.shop, row.total, context.shop.options.currency),
    customer: () => customerOf(row.customer, context),
    lineItems: (args: ListArgs) =>
      connection(slice(row.lines, args), (line) => ({
        id: gid("AbandonedCheckoutLineItem", line.id),
        title: line.title,
        quantity: line.quantity,
        product: () => productOf(line, context),
      })),
  }
}

function customerOf(id: number | null, context: Context) {
  const row = find(context.shop, "customer", id)
  if (!row) return null
  permit(context, "customer", "read_customers")
  approve(context, "Customer", 1)
  return customerView(row, context)
}

function lineView(line: Line, order: OrderRow, context: Context) {
  const bag = (amount: number) => moneyBag(context.shop, amount, order.presentment)
  return {
    id: gid("LineItem", line.id),
    title: line.title,
    variantTitle: line.variant,
    sku: line.sku,
    vendor: line.vendor,
    quantity: line.quantity,
    currentQuantity: line.quantity,
    isGiftCard: line.kind === "giftCard",
    originalTotalSet: bag(line.total),
    // "This value doesn't include order-level discounts. Code-based discounts aren't included by default."
    discountedTotalSet: ({ withCodeDiscounts }: { withCodeDiscounts: boolean }) =>
      bag(line.total - allocated(line, withCodeDiscounts ? ["line", "code"] : ["line"])),
    discountAllocations: line.allocations.map(({ amount }) => ({ allocatedAmountSet: bag(amount) })),
    product: () => productOf(line, context),
  }
}

function allocated({ allocations }: Line, kinds: readonly string[]): number {
  return allocations.reduce((sum, { of, amount }) => (kinds.includes(of) ? sum + amount : sum), 0)
}

const AGREEMENTS: Readonly<Record<Agreement["reason"], string>> = {
  ORDER: "OrderAgreement",
  ORDER_EDIT: "OrderEditAgreement",
  REFUND: "RefundAgreement",
  RETURN: "ReturnAgreement",
}

function agreementView({ id, happened, reason, sales }: Agreement, order: OrderRow, context: Context) {
  return {
    __typename: AGREEMENTS[reason],
    id: gid("SalesAgreement", id),
    happenedAt: shown(happened),
    reason,
    sales: (args: ListArgs) => connection(slice(sales, args), (sale) => saleView(sale, order, context)),
  }
}

const SALES = {
  product: { __typename: "ProductSale", lineType: "PRODUCT" },
  giftCard: { __typename: "GiftCardSale", lineType: "GIFT_CARD" },
  tip: { __typename: "TipSale", lineType: "TIP" },
}

function saleView(sale: Sale, order: OrderRow, context: Context) {
  const bag = (amount: number) => moneyBag(context.shop, amount, order.presentment)
  const line = order.lines.find(({ id }) => id === sale.line)
  if (!line) throw new Error(`no line ${sale.line}`)
  return {
    ...SALES[line.kind],
    id: gid("Sale", sale.id),
    actionType: sale.action,
    quantity: sale.quantity,
    totalAmount: bag(sale.amount),
    totalTaxAmount: bag(sale.tax),
    lineItem: () => lineView(line, order, context),
  }
}

function productOf({ product }: Line, context: Context) {
  const found = context.shop.products.find(({ id }) => id === product)
  if (!found) return null
  permit(context, "product", "read_products")
  return { __typename: "Product", id: gid("Product", found.id), title: found.title }
}

function transactionView(one: Transaction, order: OrderRow, { shop }: Context) {
  return {
    id: gid("OrderTransaction", one.id),
    kind: one.kind,
    status: one.status,
    gateway: one.gateway,
    test: order.isTest,
    errorCode: one.error,
    createdAt: shown(one.created),
    processedAt: shown(one.processed),
    amountSet: moneyBag(shop, one.amount, order.presentment),
  }
}

function refundView(refund: RefundRow, order: OrderRow, { shop }: Context) {
  const amount = order.transactions.reduce(
    (sum, one) => (refund.transactions.includes(one.id) ? sum + one.amount : sum),
    0,
  )
  return {
    id: gid("Refund", refund.id),
    note: refund.note,
    createdAt: shown(refund.created),
    processedAt: shown(refund.created),
    updatedAt: shown(refund.created),
    totalRefundedSet: moneyBag(shop, amount, order.presentment),
  }
}

function financialStatus({ transactions, total }: OrderRow): string {
  const sum = (...kinds: string[]) =>
    transactions.reduce(
      (all, one) => (kinds.includes(one.kind) && one.status === "SUCCESS" ? all + one.amount : all),
      0,
    )
  const [paid, back] = [sum("SALE", "CAPTURE") - sum("CHANGE"), sum("REFUND")]
  if (back > 0) return back >= paid ? "REFUNDED" : "PARTIALLY_REFUNDED"
  if (paid > 0) return paid >= total ? "PAID" : "PARTIALLY_PAID"
  if (sum("VOID") > 0) return "VOIDED"
  return sum("AUTHORIZATION") > 0 ? "AUTHORIZED" : "PENDING"
}

function moneyBag(shop: Shop, amount: number, presentment: string) {
  return { shopMoney: money(shop, amount), presentmentMoney: converted(shop, amount, presentment) }
}

function money({ options: { currency } }: Shop, amount: number) {
  return { amount: decimal(amount, DIGITS[currency] ?? 2), currencyCode: currency }
}

function converted({ options: { currency } }: Shop, amount: number, presentment: string) {
  const [from, to] = [DIGITS[currency] ?? 2, DIGITS[presentment] ?? 2]
  const major = (amount / 10 ** from) * ((RATES[presentment] ?? 1) / (RATES[currency] ?? 1))
  return { amount: decimal(Math.round(major * 10 ** to), to), currencyCode: presentment }
}

/** At least one decimal, no more than are needed: "40.0", "12.34". */
function decimal(minor: number, digits: number): string {
  const text = String(minor / 10 ** digits)
  return text.includes(".") ? text : `${text}.0`
}
