/**
 * The documented attributes of every collection. Attributes that Stripe has keep Stripe's names; what is worked out here is in
 * camelCase. Amounts are in major units of `currency`, times are ISO 8601. An attribute of an event is as it was then: what only the present
 * state of an object tells is left out.
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
  .describe("Currency of the amounts: three-letter code, lower case")
const customer = z
  .string()
  .describe("Stripe's id of the customer (cus_..., or acct_... where an account is billed); absent for a guest")
  .optional()
const time = z.iso.datetime()
const test = z
  .literal(true)
  .describe("Always true: it happened in Stripe's test mode, without real money. Otherwise absent")
  .optional()

const subscription = {
  subscription: z.string().describe("Stripe's id of the subscription (sub_...)"),
  customer,
  currency: currency.describe("Currency of the subscription: three-letter code, lower case").optional(),
  test,
}

/** What a subscription is and costs at the moment that an event is about. */
const plan = {
  status: z.string().describe("Stripe's status of the subscription from then on: active, past_due, canceled ..."),
  plan: z
    .string()
    .describe("Name of the price: its nickname, else lookup key, else id; with several, of the first")
    .optional(),
  price: z.string().describe("Stripe's id of the price (price_...); with several, of the first").optional(),
  product: z.string().describe("Stripe's id of the product (prod_...); with several, of the first").optional(),
  interval: z.string().describe("Billed by the day, week, month or year; with several prices, of the first").optional(),
  interval_count: z
    .number()
    .describe("Intervals in a billing period: 3 with month is quarterly; with several prices, of the first")
    .optional(),
  quantity: z
    .number()
    .describe("Units of the price, such as seats; with several, of the first. Absent for some prices charged by use")
    .optional(),
  amount: z
    .number()
    .describe(
      "Price of a billing period before discounts, tax and charges by use. Absent if unknown (tiers) or if the periods of its prices differ",
    )
    .optional(),
  monthlyAmount: z
    .number()
    .describe("Its prices added up for a month, before discounts, tax and charges by use. Absent if unknown (tiers)")
    .optional(),
}

const trialStart = time.describe("When the trial began").optional()

const cancellation = {
  cancellation_reason: z.string().describe("Why it ended: cancellation_requested, payment_failed ...").optional(),
  cancellation_feedback: z.string().describe("Reason that the customer chose: too_expensive, unused ...").optional(),
}

const customers = z
  .object({
    stripe_customerId: z.string().describe("Stripe's id of the customer (cus_...)"),
    name: z.string().describe("Full name or business name").optional(),
    email: z.string().describe("Email, lower case").optional(),
    phone: z.string().describe("Phone number").optional(),
    city: z.string().describe("City of the customer's address").optional(),
    country: z.string().describe("Country of the customer's address: two-letter code").optional(),
    stripe_state: z.string().describe("State or region of the customer's address").optional(),
    stripe_postal_code: z.string().describe("Postal code of the customer's address").optional(),
    stripe_description: z.string().describe("Note about the customer, as kept at Stripe").optional(),
    stripe_currency: currency
      .describe("Currency in which the customer is billed: three-letter code, lower case; absent until first billed")
      .optional(),
    stripe_balance: z
      .number()
      .describe("Account balance in stripe_currency: negative is credit for the next invoice, positive is owed")
      .optional(),
    stripe_delinquent: z
      .boolean()
      .describe("Whether Stripe marks the latest invoice as not paid: its charge failed, or its due date has passed")
      .optional(),
    stripe_tax_exempt: z.string().describe("Exemption from tax: none, exempt or reverse (reverse charge)").optional(),
    stripe_preferred_locale: z.string().describe("First preferred language: en, fr-CA ...").optional(),
    stripe_created: time.describe("When the customer was added to Stripe").optional(),
    stripe_deletedAt: time
      .describe("When the last customer of this email (spelled alike) was deleted; stays if a new one is added")
      .optional(),
  })
  .catchall(z.string().describe("Stripe's metadata, each entry as stripe_metadata_<name>"))

const charge = z.strictObject({
  type: z.enum(["payment", "refund"]).describe("A payment, or a refund of one"),
  status: z.enum(["succeeded", "failed"]).describe("Whether it succeeded. A refund that succeeded may fail later"),
  amount: z
    .number()
    .describe("Payments: the amount taken, or tried if it failed. Taken in parts: the part, or all that Stripe shows")
    .optional(),
  amount_refunded: z
    .number()
    .describe("Refunds: this refund's own amount, or the amount tried if it failed")
    .optional(),
  currency,
  charge: z
    .string()
    .describe("Stripe's id of the charge (ch_... or py_...); absent for a refund without one")
    .optional(),
  refund: z.string().describe("Refunds: Stripe's id of the refund").optional(),
  customer,
  anonymous: z
    .literal(true)
    .describe("Always true: names neither a customer nor an email. Otherwise absent")
    .optional(),
  payment_intent: z.string().describe("Stripe's id of the payment (pi_...); its failed tries have the same").optional(),
  payment_method: z.string().describe("Payments: kind of payment method: card, sepa_debit ...").optional(),
  card_brand: z.string().describe("Payments by card: visa, mastercard ...").optional(),
  failure_code: z.string().describe("Why it failed, as a code").optional(),
  failure_message: z.string().describe("Payments: why it failed, in Stripe's words").optional(),
  reason: z.string().describe("Refunds: why: duplicate, fraudulent, requested_by_customer ...").optional(),
  test,
})

const change = z.strictObject({
  ...subscription,
  ...plan,
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
    .describe("Kind of change. Of several at once: status before cancellation, price, quantity, period, anything else"),
  changed: z.string().describe("Stripe's names of the fields that changed, separated by commas").optional(),
  previousStatus: z.string().describe("Status before; absent if it did not change").optional(),
  previousPlan: z.string().describe("Name of the price before; absent if it did not change").optional(),
  previousQuantity: z.number().describe("Quantity before; absent if it did not change").optional(),
  previousAmount: z.number().describe("Amount before; absent if it did not change or is unknown").optional(),
  previousMonthlyAmount: z
    .number()
    .describe("Monthly amount before; absent if it did not change or is unknown")
    .optional(),
  mrrChange: z
    .number()
    .describe(
      "Rise or fall of monthly recurring revenue (MRR): a trial has none, a subscription past due or unpaid still has it. 0 for an end, " +
        "which Subscription cancelled tells. Absent if unknown",
    )
    .optional(),
  cancel_at_period_end: z.boolean().describe("Whether it is set to end with the current period"),
  cancel_at: time.describe("When it is set to end; absent if it is not").optional(),
})

const invoice = z.strictObject({
  status: z.enum(["created", "updated", "paid", "voided", "uncollectible"]).describe("What happened to the invoice"),
  invoice: z.string().describe("Stripe's id of the invoice (in_...)"),
  customer,
  subscription: z.string().describe("Stripe's id of the subscription that it bills (sub_...)").optional(),
  currency,
  billing_reason: z.string().describe("Why it was made: subscription_cycle, manual ...").optional(),
  number: z.string().describe("Number printed on the invoice; absent when created and in drafts").optional(),
  total: z.number().describe("Total after discounts and tax; absent when created, since a draft may change").optional(),
  subtotal: z
    .number()
    .describe("Total before tax on top and discounts of the whole invoice, after those of items; absent when created")
    .optional(),
  amount_due: z
    .number()
    .describe("Total to pay, after the customer's balance with you was used; absent when created")
    .optional(),
  collection_method: z
    .string()
    .describe("How it is paid: charge_automatically or send_invoice; absent when created")
    .optional(),
  due_date: time.describe("When it is due; absent when created and if it is charged automatically").optional(),
  amount_paid: z.number().describe("Paid, voided, updated: what has been paid by then").optional(),
  amount_remaining: z.number().describe("Paid, voided, updated: what is still to be paid then").optional(),
  attempt_count: z
    .number()
    .describe("Paid, voided, updated: tries to charge it by then, without those by hand after the first")
    .optional(),
  invoice_status: z
    .string()
    .describe("Updated: Stripe's status then: draft, open, paid, uncollectible or void")
    .optional(),
  changed: z.string().describe("Updated: Stripe's names of the fields that changed, separated by commas").optional(),
  test,
})

/** https://docs.stripe.com/api/events/list */
const KEPT = "Stripe keeps changes for 30 days: older ones cannot be read."

export const collections: readonly Collection[] = [
  {
    name: CUSTOMERS,
    title: "Customers",
    description:
      "Each Stripe customer as a person, when added, changed or deleted, with its metadata as stripe_metadata_<name>. Customers " +
      "with one email are one person.",
    kind: "object",
    default: true,
    schema: customers,
  },
  {
    name: NEW_TRIAL,
    title: "New trial",
    description:
      "A trial of a subscription begins. Its plan and price are told by the Subscription changes that follow.",
    kind: "event",
    default: true,
    schema: z.strictObject({
      ...subscription,
      status: z.literal("trialing").describe("Always trialing"),
      trial_start: trialStart,
    }),
  },
  {
    name: TRIAL_CANCELLED,
    title: "Trial cancelled",
    description:
      "A subscription ends in its trial, or with it because it was cancelled. Dated by the end; the request is a Subscription change.",
    kind: "event",
    default: true,
    schema: z.strictObject({
      ...subscription,
      ...plan,
      trial_start: trialStart,
      trial_end: time.describe("When the trial was due to end").optional(),
      ...cancellation,
    }),
  },
  {
    name: TRIAL_EXPIRED,
    title: "Trial expired",
    description:
      "A trial ends without being cancelled: the subscription becomes active, past due, paused or the like. What it became is told by the " +
      "Subscription change that ended the trial.",
    kind: "event",
    default: true,
    schema: z.strictObject({
      ...subscription,
      trial_start: trialStart,
      trial_end: time.describe("When the trial ended, which is the time of the event").optional(),
    }),
  },
  {
    name: CHANGE,
    title: "Subscription change",
    description: `A subscription changes: upgrade, downgrade, renewal, planned cancellation, pause and so on. Its beginning is no change, and its end is told by Subscription cancelled. ${KEPT}`,
    kind: "event",
    default: true,
    schema: change,
  },
  {
    name: CANCELLED,
    title: "Subscription cancelled",
    description:
      "A subscription ends, in trial or after. Dated by the end; the request is a Subscription change. One whose first payment never came is not told.",
    kind: "event",
    default: true,
    schema: z.strictObject({
      ...subscription,
      ...plan,
      ...cancellation,
      inTrial: z.boolean().describe("Whether it ended in a trial, or together with it"),
      mrrChange: z
        .number()
        .describe(
          "Monthly recurring revenue (MRR) that is lost, negative; 0 if it ended in a trial or was paused since one. Absent if unknown",
        )
        .optional(),
    }),
  },
  {
    name: CHARGE,
    title: "Charge",
    description:
      "A payment is taken or fails, or a refund succeeds or fails: one event each, with its own amount. Dated by when the money was taken " +
      "(a bank debit: begun), the refund made, or either failed. Not told: disputes, test money (unless countTestPayments is on), what is paid outside Stripe.",
    kind: "event",
    default: true,
    schema: charge,
  },
  {
    name: INVOICE,
    title: "Invoice",
    description: `An invoice is created, updated, paid, voided or marked uncollectible. Of updates: ${KEPT}`,
    kind: "event",
    default: true,
    schema: invoice,
  },
]
