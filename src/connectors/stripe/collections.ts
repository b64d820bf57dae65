/**
 * The documented attributes of every collection. Attributes that Stripe has keep Stripe's names; what is worked out here is in
 * camelCase. Amounts are in major units of `currency`, times are ISO 8601.
 */
import { z } from "zod"
import type { Collection } from "../kit/define.ts"
import { CHARGE } from "./charge.ts"
import { CUSTOMERS } from "./customer.ts"
import { INVOICE } from "./invoice.ts"
import { CANCELLED, CHANGE, NEW_TRIAL, TRIAL_CANCELLED, TRIAL_EXPIRED } from "./subscription.ts"

const currency = z
  .string()
  .regex(/^[a-z]{3,}$/)
  .describe("Three-letter currency code, lower case")
const customer = z.string().describe("Stripe's id of the customer (cus_...)").optional()
const time = z.iso.datetime()

const subscription = {
  subscription: z.string().describe("Stripe's id of the subscription (sub_...)"),
  customer,
  status: z.string().describe("The subscription's status at Stripe: trialing, active, past_due, canceled ..."),
  plan: z.string().describe("Name of the price: its nickname, else its lookup key, else its id").optional(),
  price: z.string().describe("Stripe's id of the price").optional(),
  product: z.string().describe("Stripe's id of the product").optional(),
  interval: z.string().describe("Billing interval: day, week, month or year").optional(),
  interval_count: z.number().describe("How many intervals a billing period has").optional(),
  quantity: z.number().describe("How many of the plan").optional(),
  currency: currency.optional(),
  amount: z.number().describe("What a billing period costs, before discounts and tax, without usage"),
  monthlyAmount: z.number().describe("The same, a month"),
}

const trial = {
  trial_start: time.describe("When the trial began").optional(),
  trial_end: time.describe("When the trial ends or ended").optional(),
}

const cancellation = {
  cancellation_reason: z
    .string()
    .describe("Why Stripe ended it: cancellation_requested, payment_failed ...")
    .optional(),
  cancellation_feedback: z.string().describe("The reason that the customer chose").optional(),
}

const customers = z
  .object({
    stripeCustomerId: z.string().describe("Stripe's id of the customer (cus_...)"),
    name: z.string().describe("Full name or business name").optional(),
    email: z.string().describe("Email, lower case").optional(),
    phone: z.string().describe("Phone number").optional(),
    description: z.string().describe("The description kept at Stripe").optional(),
    city: z.string().describe("City of the address").optional(),
    state: z.string().describe("State or region of the address").optional(),
    postal_code: z.string().describe("Postal code of the address").optional(),
    country: z.string().describe("Two-letter country of the address").optional(),
    currency: currency.describe("Currency of the customer's subscriptions, lower case").optional(),
    balance: z.number().describe("Balance; negative is credit for the next invoice").optional(),
    delinquent: z.boolean().describe("Whether the latest invoice is overdue").optional(),
    tax_exempt: z.string().describe("none, exempt or reverse").optional(),
    preferred_locale: z.string().describe("First preferred language").optional(),
    created: time.describe("When the customer was added").optional(),
    deletedAt: time.describe("When the customer was deleted at Stripe").optional(),
  })
  .catchall(z.string().describe("Stripe's metadata, each entry as metadata_<name>"))

const charge = z.strictObject({
  type: z.enum(["payment", "refund"]).describe("Whether money came in or went back"),
  status: z.enum(["succeeded", "failed"]).describe("Whether the money moved"),
  amount: z.number().describe("Payments: the captured amount; where it failed, the amount tried").optional(),
  amount_refunded: z.number().describe("Refunds: this refund's own amount").optional(),
  currency,
  charge: z.string().describe("Stripe's id of the charge (ch_... or py_...)").optional(),
  refund: z.string().describe("Refunds: Stripe's id of the refund (re_...)").optional(),
  customer,
  payment_intent: z.string().describe("Stripe's id of the payment (pi_...)").optional(),
  invoice: z.string().describe("Stripe's id of the invoice; Stripe leaves it out from 2025-03-31 on").optional(),
  description: z.string().describe("The charge's description").optional(),
  payment_method: z.string().describe("Kind of payment method: card, sepa_debit ...").optional(),
  card_brand: z.string().describe("Card brand: visa, mastercard ...").optional(),
  failure_code: z.string().describe("Why it failed, as a code").optional(),
  failure_message: z.string().describe("Why it failed, in words").optional(),
  reason: z.string().describe("Refunds: duplicate, fraudulent, requested_by_customer ...").optional(),
})

const change = z.strictObject({
  ...subscription,
  change: z
    .enum([
      "trial_ended",
      "paused",
      "resumed",
      "status_changed",
      "cancellation_scheduled",
      "cancellation_withdrawn",
      "upgraded",
      "downgraded",
      "plan_changed",
      "quantity_changed",
      "renewed",
      "details_changed",
    ])
    .describe("What kind of change it is"),
  changed: z.string().describe("Names of the subscription's fields that changed").optional(),
  previousStatus: z.string().describe("The status before, where it changed").optional(),
  previousPlan: z.string().describe("The plan before, where it changed").optional(),
  previousQuantity: z.number().describe("The quantity before, where it changed").optional(),
  previousAmount: z.number().describe("The amount before, where it changed").optional(),
  previousMonthlyAmount: z.number().describe("The monthly amount before, where it changed").optional(),
  mrrChange: z.number().describe("By how much monthly recurring revenue rose or fell (a trial brings none)"),
  cancel_at_period_end: z.boolean().describe("Whether it will end with the current period"),
  cancel_at: time.describe("When it is set to end").optional(),
})

const invoice = z.strictObject({
  status: z.enum(["created", "updated", "paid", "voided", "uncollectible"]).describe("What happened to the invoice"),
  invoice: z.string().describe("Stripe's id of the invoice (in_...)"),
  number: z.string().describe("The number printed on the invoice").optional(),
  customer,
  subscription: z.string().describe("Stripe's id of the subscription it bills").optional(),
  currency,
  total: z.number().describe("Total, after discounts and tax"),
  subtotal: z.number().describe("Total before discounts and tax").optional(),
  amount_due: z.number().describe("What is to be paid").optional(),
  amount_paid: z.number().describe("What has been paid").optional(),
  amount_remaining: z.number().describe("What is still to be paid").optional(),
  attempt_count: z.number().describe("How often payment was tried").optional(),
  billing_reason: z.string().describe("Why it was made: subscription_cycle, manual ...").optional(),
  collection_method: z.string().describe("charge_automatically or send_invoice").optional(),
  due_date: time.describe("When it is due").optional(),
  invoice_status: z
    .string()
    .describe("The invoice's status at Stripe: draft, open, paid, uncollectible or void")
    .optional(),
  changed: z.string().describe("Updates: names of the invoice's fields that changed").optional(),
})

export const collections: readonly Collection[] = [
  {
    name: CUSTOMERS,
    title: "Customers",
    description: "Your Stripe customers as people with their attributes, when one is added or any of them changes.",
    kind: "object",
    default: true,
    schema: customers,
  },
  {
    name: NEW_TRIAL,
    title: "New trial",
    description: "A trial of a subscription begins.",
    kind: "event",
    default: true,
    schema: z.strictObject({ ...subscription, ...trial }),
  },
  {
    name: TRIAL_CANCELLED,
    title: "Trial cancelled",
    description: "A subscription ends while it is in trial.",
    kind: "event",
    default: true,
    schema: z.strictObject({ ...subscription, ...trial, ...cancellation }),
  },
  {
    name: TRIAL_EXPIRED,
    title: "Trial expired",
    description: "A trial runs out and the subscription becomes active, or goes elsewhere without being cancelled.",
    kind: "event",
    default: true,
    schema: z.strictObject({ ...subscription, ...trial }),
  },
  {
    name: CHANGE,
    title: "Subscription change",
    description: "A subscription changes in any way: upgrade, downgrade, renewal, planned cancellation and so on.",
    kind: "event",
    default: true,
    schema: change,
  },
  {
    name: CANCELLED,
    title: "Subscription cancelled",
    description: "A subscription ends, in trial or after.",
    kind: "event",
    default: true,
    schema: z.strictObject({
      ...subscription,
      ...cancellation,
      inTrial: z.boolean().describe("Whether it ended in its trial, before anything was paid"),
      mrrChange: z.number().describe("Monthly recurring revenue that is lost with it, as a negative amount"),
    }),
  },
  {
    name: CHARGE,
    title: "Charge",
    description: "A payment succeeds or fails, or money goes back in a refund: one event each, with its own amount.",
    kind: "event",
    default: true,
    schema: charge,
  },
  {
    name: INVOICE,
    title: "Invoice",
    description: "An invoice is created, updated, paid, voided or marked uncollectible.",
    kind: "event",
    default: true,
    schema: invoice,
  },
]
