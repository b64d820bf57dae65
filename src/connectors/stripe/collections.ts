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

const currency = z.string().regex(/^[a-z]{3,}$/)
const customer = z.string().describe("Stripe's id of the customer (cus_...)").optional()
const time = z.iso.datetime()
const test = z.literal(true).describe("Only where it is about test money").optional()

const subscription = {
  subscription: z.string().describe("Stripe's id of the subscription (sub_...)"),
  customer,
  currency: currency.describe("The subscription's currency: three letters, lower case").optional(),
  test,
}

/** What a subscription is and costs at the moment that an event is about. */
const plan = {
  status: z.string().describe("The subscription's status at Stripe then: active, past_due, canceled ..."),
  plan: z.string().describe("Name of the price: its nickname, else its lookup key, else its id").optional(),
  price: z.string().describe("Stripe's id of the price; with several, of the first").optional(),
  product: z.string().describe("Stripe's id of the product; with several, of the first").optional(),
  interval: z.string().describe("Billing interval: day, week, month or year").optional(),
  interval_count: z.number().describe("How many intervals a billing period has").optional(),
  quantity: z.number().describe("How many of the price").optional(),
  amount: z
    .number()
    .describe(
      "What a billing period costs, before discounts and tax, without what is charged by use. Missing where Stripe does not say: prices " +
        "with tiers, prices without an amount in the subscription's currency, more items than Stripe lists",
    )
    .optional(),
  monthlyAmount: z.number().describe("The same, a month").optional(),
}

const trialStart = time.describe("When the trial began").optional()
const trialEnd = time.describe("When the trial was to end, or ended").optional()

const cancellation = {
  cancellation_reason: z
    .string()
    .describe("Why Stripe ended it: cancellation_requested, payment_failed ...")
    .optional(),
  cancellation_feedback: z.string().describe("The reason that the customer chose").optional(),
}

const customers = z
  .object({
    stripe_customerId: z.string().describe("Stripe's id of the customer (cus_...)"),
    name: z.string().describe("Full name or business name").optional(),
    email: z.string().describe("Email, lower case").optional(),
    phone: z.string().describe("Phone number").optional(),
    city: z.string().describe("City of the address").optional(),
    country: z.string().describe("Two-letter country of the address").optional(),
    stripe_state: z.string().describe("State or region of the address").optional(),
    stripe_postal_code: z.string().describe("Postal code of the address").optional(),
    stripe_description: z.string().describe("The description kept at Stripe").optional(),
    stripe_currency: currency.describe("Currency of the customer's subscriptions, lower case").optional(),
    stripe_balance: z
      .number()
      .describe("Balance, in that currency's major units; negative is credit for the next invoice")
      .optional(),
    stripe_delinquent: z.boolean().describe("Whether the latest invoice is overdue").optional(),
    stripe_tax_exempt: z.string().describe("none, exempt or reverse").optional(),
    stripe_preferred_locale: z.string().describe("First preferred language").optional(),
    stripe_created: time.describe("When the customer was added").optional(),
    stripe_deletedAt: time
      .describe("When the customer was deleted at Stripe; not told while another has the same email")
      .optional(),
  })
  .catchall(z.string().describe("Stripe's metadata, each entry as stripe_metadata_<name>"))

const charge = z.strictObject({
  type: z.enum(["payment", "refund"]).describe("Whether money came in or went back"),
  status: z.enum(["succeeded", "failed"]).describe("Whether the money moved"),
  amount: z
    .number()
    .describe(
      "Payments: what this capture took; of one captured in parts before it could be seen, all of it. Failed: the amount tried",
    )
    .optional(),
  amount_refunded: z.number().describe("Refunds: this refund's own amount").optional(),
  currency: currency.describe("Three letters, lower case"),
  charge: z.string().describe("Stripe's id of the charge (ch_... or py_...)").optional(),
  refund: z.string().describe("Refunds: Stripe's id of the refund (re_...)").optional(),
  customer,
  payment_intent: z.string().describe("Stripe's id of the payment (pi_...)").optional(),
  payment_method: z.string().describe("Payments: kind of payment method: card, sepa_debit ...").optional(),
  card_brand: z.string().describe("Payments by card: visa, mastercard ...").optional(),
  failure_code: z.string().describe("Why it failed, as a code").optional(),
  failure_message: z.string().describe("Payments: why it failed, in words").optional(),
  reason: z.string().describe("Refunds: duplicate, fraudulent, requested_by_customer ...").optional(),
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
    .describe("What kind of change it is; of several, the one that weighs most"),
  changed: z.string().describe("Names of the subscription's fields that changed").optional(),
  previousStatus: z.string().describe("The status before, where it changed").optional(),
  previousPlan: z.string().describe("The plan before, where it changed").optional(),
  previousQuantity: z.number().describe("The quantity before, where it changed").optional(),
  previousAmount: z.number().describe("The amount before, where it changed and is known").optional(),
  previousMonthlyAmount: z.number().describe("The monthly amount before, where it changed and is known").optional(),
  mrrChange: z
    .number()
    .describe(
      "By how much monthly recurring revenue rose or fell. A trial brings none; what is past due, unpaid or paused counts until it is " +
        "cancelled, an end is told by the cancellation. Missing where the monthly amount is",
    )
    .optional(),
  cancel_at_period_end: z.boolean().describe("Whether it will end with the current period"),
  cancel_at: time.describe("When it is set to end").optional(),
})

const invoice = z.strictObject({
  status: z.enum(["created", "updated", "paid", "voided", "uncollectible"]).describe("What happened to the invoice"),
  invoice: z.string().describe("Stripe's id of the invoice (in_...)"),
  customer,
  subscription: z.string().describe("Stripe's id of the subscription it bills").optional(),
  currency: currency.describe("Three letters, lower case"),
  billing_reason: z.string().describe("Why it was made: subscription_cycle, manual ...").optional(),
  number: z.string().describe("The number printed on the invoice; not when it is created").optional(),
  total: z
    .number()
    .describe("Total, after discounts and tax; not when it is created, since a draft changes")
    .optional(),
  subtotal: z.number().describe("Total before discounts and tax; not when it is created").optional(),
  amount_due: z.number().describe("What is to be paid; not when it is created").optional(),
  collection_method: z.string().describe("charge_automatically or send_invoice; not when it is created").optional(),
  due_date: time.describe("When it is due; not when it is created").optional(),
  amount_paid: z.number().describe("Paid, voided, updated: what has been paid by then").optional(),
  amount_remaining: z.number().describe("Paid, voided, updated: what is still to be paid then").optional(),
  attempt_count: z.number().describe("Paid, voided, updated: how often payment was tried by then").optional(),
  invoice_status: z
    .string()
    .describe("Updates: the invoice's status at Stripe then: draft, open, paid, uncollectible or void")
    .optional(),
  changed: z.string().describe("Updates: names of the invoice's fields that changed").optional(),
  test,
})

export const collections: readonly Collection[] = [
  {
    name: CUSTOMERS,
    title: "Customers",
    description:
      "Your Stripe customers as people with their attributes, when one is added or any of them changes. Customers with one email are one person.",
    kind: "object",
    default: true,
    schema: customers,
  },
  {
    name: NEW_TRIAL,
    title: "New trial",
    description: "A trial of a subscription begins. What it will cost is told by the changes that follow.",
    kind: "event",
    default: true,
    schema: z.strictObject({
      ...subscription,
      status: z.literal("trialing").describe("trialing"),
      trial_start: trialStart,
    }),
  },
  {
    name: TRIAL_CANCELLED,
    title: "Trial cancelled",
    description: "A subscription ends while it is in trial.",
    kind: "event",
    default: true,
    schema: z.strictObject({
      ...subscription,
      ...plan,
      trial_start: trialStart,
      trial_end: trialEnd,
      ...cancellation,
    }),
  },
  {
    name: TRIAL_EXPIRED,
    title: "Trial expired",
    description:
      "A trial runs out and the subscription becomes active, or goes elsewhere without being cancelled. What became of it is told by the " +
      "Subscription change that ended the trial.",
    kind: "event",
    default: true,
    schema: z.strictObject({ ...subscription, trial_start: trialStart, trial_end: trialEnd }),
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
      ...plan,
      ...cancellation,
      inTrial: z.boolean().describe("Whether it ended in its trial, before anything was paid"),
      mrrChange: z
        .number()
        .describe(
          "Monthly recurring revenue that is lost with it, as a negative amount; 0 where nothing had been paid. Missing where the monthly " +
            "amount is",
        )
        .optional(),
    }),
  },
  {
    name: CHARGE,
    title: "Charge",
    description:
      "A payment is captured or fails, or money goes back in a refund: one event each, with its own amount. Test money is not told.",
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
