/**
 * The documented attributes of every collection: of people, those that only Shopify knows carry its prefix. Amounts are in major units of the shop's own currency, times are ISO 8601, ids are
 * the numbers that the Shopify admin and its webhooks show.
 */
import { z } from "zod"
import type { Collection } from "../kit/define.ts"
import { CHARGE } from "./charge.ts"
import { ABANDONED, CART_LINES } from "./checkout.ts"
import { CUSTOMERS } from "./customer.ts"
import { DRAFT_ORDER } from "./draft.ts"
import { ORDERED } from "./line.ts"
import { CANCELLED, PLACED, REFUNDED } from "./order.ts"

const currency = z
  .string()
  .regex(/^[a-z]{3}$/)
  .describe("The shop's currency: three-letter code, lower case")
const time = z.iso.datetime()

/** Of every event. */
const whose = {
  customerId: z.string().describe("Shopify's id of the customer; none for a guest").optional(),
  anonymous: z.literal(true).describe("Names neither a customer nor an email: it is nobody's you know").optional(),
  test: z
    .literal(true)
    .describe("A test: an order made with a test payment, or anything that happens in a development shop")
    .optional(),
}

const order = {
  orderId: z.string().describe("Shopify's id of the order"),
  order: z.string().describe("The order's number as the customer knows it: #1001").optional(),
  ...whose,
}

const customers = z.strictObject({
  name: z.string().describe("Full name").optional(),
  email: z.string().describe("Email, lower case").optional(),
  phone: z.string().describe("Phone number").optional(),
  city: z.string().describe("City of the default address").optional(),
  country: z.string().describe("Two-letter country of the default address").optional(),
  shopify_customerId: z.string().describe("Shopify's id of the customer"),
  shopify_firstName: z.string().describe("First name").optional(),
  shopify_lastName: z.string().describe("Last name").optional(),
  shopify_region: z.string().describe("Province or state of the default address").optional(),
  shopify_postalCode: z.string().describe("Postal code of the default address").optional(),
  shopify_locale: z.string().describe("Preferred language").optional(),
  shopify_state: z
    .string()
    .describe("State of the customer's classic account: enabled, disabled, invited or declined")
    .optional(),
  shopify_emailMarketing: z
    .string()
    .describe("Consent to marketing emails: subscribed, not_subscribed, unsubscribed, pending ...")
    .optional(),
  shopify_verifiedEmail: z.boolean().describe("Whether the email has been verified").optional(),
  shopify_taxExempt: z.boolean().describe("Whether orders are free of tax").optional(),
  shopify_tags: z.string().describe("Tags, separated by commas").optional(),
  shopify_orders: z.number().describe("Number of orders so far").optional(),
  shopify_amountSpent: z.number().describe("Spent over all orders so far").optional(),
  shopify_currency: currency.describe("The currency of what was spent: three-letter code, lower case").optional(),
  shopify_createdAt: time.describe("When the customer was added").optional(),
})

const placed = z.strictObject({
  ...order,
  amount: z.number().describe("Total when it was placed, with taxes, shipping and discounts"),
  currency,
  quantity: z
    .number()
    .describe("Number of units, without tips and gift cards; none of an order that was edited before it was read")
    .optional(),
  channel: z.string().describe("Where it was placed: web, pos, shopify_draft_order ...").optional(),
  presentmentCurrency: z.string().describe("The currency that the customer saw, lower case").optional(),
  discountCodes: z.string().describe("Discount codes, separated by commas").optional(),
  processedAt: time
    .describe("When the sale was made; for imported orders before they were added to Shopify")
    .optional(),
})

const ordered = z.strictObject({
  ...order,
  lineItemId: z.string().describe("Shopify's id of the order's line"),
  productId: z.string().describe("Shopify's id of the product; none for a custom item or a deleted product").optional(),
  product: z.string().describe("Title of the product").optional(),
  variant: z.string().describe("Title of the variant").optional(),
  sku: z.string().describe("Stock keeping unit").optional(),
  vendor: z.string().describe("Vendor").optional(),
  quantity: z.number().describe("Number of units ordered"),
  amount: z
    .number()
    .describe("What the customer pays for it after all discounts, those of the cart and of codes too")
    .optional(),
  currency: currency.optional(),
})

const cancelled = z.strictObject({
  ...order,
  reason: z.string().describe("customer, declined, fraud, inventory, staff or other").optional(),
  amount: z.number().describe("Total when the order was placed"),
  currency,
})

const refunded = z.strictObject({
  ...order,
  refundId: z.string().describe("Shopify's id of the refund"),
  amount: z.number().describe("This refund's own amount"),
  currency,
})

const charge = z.strictObject({
  ...order,
  type: z.enum(["payment", "refund", "change"]).describe("Money in, money back, or change given in cash"),
  status: z
    .enum(["succeeded", "failed", "credit"])
    .describe("Whether the money moved. `credit`: none did, since a gift card or store credit paid, or was given back"),
  amount: z.number().describe("Payments: the amount of this transaction").optional(),
  amount_refunded: z.number().describe("Refunds and change: the amount of this transaction").optional(),
  kind: z.enum(["giftCard", "storeCredit"]).describe("Of a gift card or store credit: which of the two").optional(),
  creditAmount: z.number().describe("Of a gift card or store credit: the amount of this transaction").optional(),
  currency,
  transactionId: z.string().describe("Shopify's id of the transaction"),
  gateway: z.string().describe("Payment gateway: shopify_payments, paypal, manual ...").optional(),
  failureCode: z.string().describe("Why it failed, as a code").optional(),
})

/** A checkout that was completed, a draft that was changed: what it was before is not shown any more. */
const abandoned = z.strictObject({
  checkoutId: z.string().describe("Shopify's id of the checkout"),
  checkout: z.string().describe("The checkout's number: #12345").optional(),
  ...whose,
  amount: z
    .number()
    .describe(
      "Total of the cart, with taxes, shipping and discounts; none if the purchase was completed before it was read",
    )
    .optional(),
  currency: currency.optional(),
  products: z.string().describe(`Titles of the first ${CART_LINES} products, separated by commas`).optional(),
})

const draft = z.strictObject({
  draftOrderId: z.string().describe("Shopify's id of the draft order"),
  draftOrder: z.string().describe("The draft's number: #D1").optional(),
  ...whose,
  amount: z
    .number()
    .describe("Total as entered, with taxes, shipping and discounts; none if the draft was changed before it was read")
    .optional(),
  currency: currency.optional(),
  quantity: z
    .number()
    .describe("Number of units as entered; none if the draft was changed before it was read")
    .optional(),
})

const SIXTY_DAYS = "Without the approved scope read_all_orders Shopify shows the last 60 days of orders only."
const PERSONAL =
  "Names, emails and addresses are empty for an app of the App Store that has no access to protected customer data."

export const collections: readonly Collection[] = [
  {
    name: CUSTOMERS,
    title: "Customers",
    description: `Your customers as people with their attributes, when one is added or any of them changes. ${PERSONAL} Deletions are in no list of Shopify's.`,
    kind: "object",
    default: true,
    schema: customers,
  },
  {
    name: ABANDONED,
    title: "Abandoned checkouts",
    description: "A buyer leaves contact information in the checkout and does not complete the purchase.",
    kind: "event",
    default: true,
    schema: abandoned,
  },
  {
    name: DRAFT_ORDER,
    title: "Draft order placed",
    description: "You or your staff enter an order on behalf of a customer.",
    kind: "event",
    default: true,
    schema: draft,
  },
  {
    name: PLACED,
    title: "Placed order",
    description: `An order is placed. ${SIXTY_DAYS}`,
    kind: "event",
    default: true,
    schema: placed,
  },
  {
    name: ORDERED,
    title: "Product ordered",
    description: `A product is ordered: one event for every line of an order, and for what is added to it later, when it is added. Tips and gift cards are no products. ${SIXTY_DAYS}`,
    kind: "event",
    default: true,
    schema: ordered,
  },
  {
    name: CANCELLED,
    title: "Order cancelled",
    description: `An order is cancelled. ${SIXTY_DAYS}`,
    kind: "event",
    default: true,
    schema: cancelled,
  },
  {
    name: REFUNDED,
    title: "Order refunded",
    description: `Money of an order goes back, in part or in full: one event for every refund. ${SIXTY_DAYS}`,
    kind: "event",
    default: true,
    schema: refunded,
  },
  {
    name: CHARGE,
    title: "Charge",
    description: `A payment of an order succeeds or fails, or money goes back: one event for every transaction. None of test payments, nor of gateways whose payments another source reports. ${SIXTY_DAYS}`,
    kind: "event",
    default: true,
    schema: charge,
  },
]
