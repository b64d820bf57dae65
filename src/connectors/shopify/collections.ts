/**
 * The documented attributes of every collection: of people, those that only Shopify knows carry its prefix. Amounts are in major units of
 * the shop's own currency, times are ISO 8601, ids are the numbers that the Shopify admin and its webhooks show.
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
  .describe("Currency of the shop: three-letter code, lower case")
const time = z.iso.datetime()

const buyer = {
  customerId: z.string().describe("Shopify's id of the customer; absent for a guest").optional(),
  anonymous: z
    .literal(true)
    .describe("Always true: names neither a customer nor an email. Otherwise absent")
    .optional(),
}

const test = z
  .literal(true)
  .describe("Always true: a test payment, an order paid with one, or anything in a development shop. Otherwise absent")
  .optional()

const order = {
  orderId: z.string().describe("Shopify's id of the order"),
  order: z.string().describe("The order's number as the customer knows it: #1001").optional(),
  ...buyer,
  test,
}

const customers = z.strictObject({
  name: z.string().describe("Full name").optional(),
  email: z.string().describe("Email, lower case").optional(),
  phone: z.string().describe("Phone number").optional(),
  city: z.string().describe("City of the default address").optional(),
  country: z.string().describe("Country of the default address: two-letter code").optional(),
  shopify_customerId: z.string().describe("Shopify's id of the customer"),
  shopify_firstName: z.string().describe("First name").optional(),
  shopify_lastName: z.string().describe("Last name").optional(),
  shopify_region: z.string().describe("State or region of the default address").optional(),
  shopify_postalCode: z.string().describe("Postal code of the default address").optional(),
  shopify_locale: z.string().describe("Language: en, fr-CA ...").optional(),
  shopify_state: z
    .string()
    .describe("State of the customer's classic account: enabled, disabled, invited or declined")
    .optional(),
  shopify_emailMarketing: z
    .string()
    .describe("Consent to marketing emails: subscribed, not_subscribed, unsubscribed, pending ...")
    .optional(),
  shopify_verifiedEmail: z
    .boolean()
    .describe("Whether the email is verified; also true if the shop or an app added the customer")
    .optional(),
  shopify_taxExempt: z.boolean().describe("Whether the customer's orders are free of tax").optional(),
  shopify_tags: z.string().describe("Tags, separated by commas").optional(),
  shopify_orders: z.number().describe("Number of orders so far").optional(),
  shopify_amountSpent: z.number().describe("Spent on all orders so far, in shopify_currency").optional(),
  shopify_currency: currency.describe("Currency of what was spent: three-letter code, lower case").optional(),
  shopify_createdAt: time.describe("When the customer was added to the shop").optional(),
})

const placed = z.strictObject({
  ...order,
  amount: z.number().describe("Total as placed, with taxes and shipping, after discounts"),
  currency,
  quantity: z
    .number()
    .describe(
      "Number of units, without tips and gift cards; absent if the order was edited, or returned in part, before it was read",
    )
    .optional(),
  channel: z
    .string()
    .describe("Where it was placed: web, pos, shopify_draft_order, or the number of an app")
    .optional(),
  presentmentCurrency: z
    .string()
    .describe("Currency in which the customer ordered: three-letter code, lower case")
    .optional(),
  discountCodes: z.string().describe("Discount codes, separated by commas; automatic discounts have none").optional(),
  processedAt: time.describe("When the sale was made; an imported order may be added to Shopify much later").optional(),
})

const ordered = z.strictObject({
  ...order,
  lineItemId: z.string().describe("Shopify's id of the order's line: one product and how many of it"),
  productId: z
    .string()
    .describe("Shopify's id of the product; absent for a custom item and a product deleted since")
    .optional(),
  product: z.string().describe("Title of the product").optional(),
  variant: z.string().describe("Title of the variant, such as a size or color").optional(),
  sku: z.string().describe("Stock keeping unit (SKU): the shop's own article number").optional(),
  vendor: z.string().describe("Vendor or maker of the product").optional(),
  quantity: z.number().describe("Number of units ordered"),
  amount: z
    .number()
    .describe("Price of all its units after all discounts, with taxes only where prices include them, without shipping")
    .optional(),
  currency: currency.optional(),
})

const cancelled = z.strictObject({
  ...order,
  reason: z.string().describe("Why: customer, declined, fraud, inventory, staff or other").optional(),
  amount: z.number().describe("Total as placed, with taxes and shipping, after discounts; paid or not"),
  currency,
})

const refunded = z.strictObject({
  ...order,
  refundId: z.string().describe("Shopify's id of the refund"),
  amount: z.number().describe("This refund's own amount, whether paid back or given as a gift card or store credit"),
  currency,
})

const charge = z.strictObject({
  ...order,
  type: z.enum(["payment", "refund", "change"]).describe("A payment, a refund of one, or change given back in cash"),
  status: z
    .enum(["succeeded", "failed", "credit"])
    .describe("Whether it succeeded; credit: it did, by a gift card or store credit, so that no money moved"),
  amount: z.number().describe("Payments of money: the amount paid, or tried if it failed").optional(),
  amount_refunded: z
    .number()
    .describe("Refunds of money and change: the amount given back, or tried if it failed")
    .optional(),
  kind: z
    .enum(["giftCard", "storeCredit"])
    .describe("By a gift card or store credit: which of the two. Otherwise absent")
    .optional(),
  creditAmount: z
    .number()
    .describe("By a gift card or store credit: the amount used or given back, or tried if it failed")
    .optional(),
  currency,
  transactionId: z.string().describe("Shopify's id of the transaction: one payment, refund or failed try"),
  gateway: z
    .string()
    .describe("Payment gateway, the service that handled it: shopify_payments, paypal, manual ...")
    .optional(),
  failureCode: z.string().describe("Why it failed, as a code").optional(),
})

/** A checkout that was completed, a draft that was changed: what it was before is not shown any more. */
const abandoned = z.strictObject({
  checkoutId: z.string().describe("Shopify's id of the checkout"),
  checkout: z.string().describe("The checkout's number: #12345").optional(),
  ...buyer,
  test,
  amount: z
    .number()
    .describe("Total of the cart when read, with taxes and shipping, after discounts; absent if completed by then")
    .optional(),
  currency: currency.optional(),
  products: z
    .string()
    .describe(`Titles of the first ${CART_LINES} products, separated by commas; absent if completed when read`)
    .optional(),
})

const draft = z.strictObject({
  draftOrderId: z.string().describe("Shopify's id of the draft order"),
  draftOrder: z.string().describe("The draft order's number: #D1").optional(),
  ...buyer,
  test,
  amount: z
    .number()
    .describe("Total as entered, with taxes and shipping, after discounts; absent if it was changed before it was read")
    .optional(),
  currency: currency.optional(),
  quantity: z
    .number()
    .describe("Number of units as entered; absent if the draft order was changed before it was read")
    .optional(),
})

const SIXTY_DAYS = "Without the approved scope read_all_orders Shopify shows the last 60 days of orders only."
const PERSONAL =
  "Names, emails, phones and addresses are absent for an app of the App Store that has no access to protected customer data."

export const collections: readonly Collection[] = [
  {
    name: CUSTOMERS,
    title: "Customers",
    description: `Each customer of the shop as a person, when added or changed. ${PERSONAL} Deletions are not told: Shopify lists none.`,
    kind: "object",
    default: true,
    schema: customers,
  },
  {
    name: ABANDONED,
    title: "Abandoned checkouts",
    description:
      "A buyer leaves contact information in the checkout and does not complete the purchase. Dated by when the checkout was begun; not " +
      "taken back if the buyer completes it later.",
    kind: "event",
    default: true,
    schema: abandoned,
  },
  {
    name: DRAFT_ORDER,
    title: "Draft order placed",
    description:
      "A draft order is entered for a customer, by you, your staff or an app. It becomes a Placed order once it is completed.",
    kind: "event",
    default: true,
    schema: draft,
  },
  {
    name: PLACED,
    title: "Placed order",
    description: `An order is added to Shopify: from the checkout, a till, a completed draft order or an import. Later edits, cancellations and refunds do not change it. ${SIXTY_DAYS}`,
    kind: "event",
    default: true,
    schema: placed,
  },
  {
    name: ORDERED,
    title: "Product ordered",
    description: `A product is ordered: one event for each line of an order, and for what is added to the order later, dated by when. Tips and gift cards are no products; what is removed or returned is not told. ${SIXTY_DAYS}`,
    kind: "event",
    default: true,
    schema: ordered,
  },
  {
    name: CANCELLED,
    title: "Order cancelled",
    description: `An order is cancelled. Money that goes back is told by Order refunded. ${SIXTY_DAYS}`,
    kind: "event",
    default: true,
    schema: cancelled,
  },
  {
    name: REFUNDED,
    title: "Order refunded",
    description: `What was paid for an order goes back, in part or in full: one event for each refund. Refunds and returns without an amount are not told. ${SIXTY_DAYS}`,
    kind: "event",
    default: true,
    schema: refunded,
  },
  {
    name: CHARGE,
    title: "Charge",
    description: `A payment of an order succeeds or fails, or is given back: one event for each transaction. Not told: amounts only reserved, disputes, test payments (unless countTestPayments is on), and gateways whose payments another source reports. ${SIXTY_DAYS}`,
    kind: "event",
    default: true,
    schema: charge,
  },
]
