/** Metrics and segments to start from. Amounts of money are of one currency: the user sets it when creating them. */
import type { MetricTemplate, Templates } from "../kit/define.ts"
import {
  aggregated,
  COUNT,
  counted,
  done,
  FAILED,
  formula,
  KNOWN,
  MONEY,
  notDone,
  PAID,
  PAYMENT,
  people,
  SHARE,
  SUCCEEDED,
  USD,
} from "../kit/template-builders.ts"
import type { Filter } from "../kit/templates.ts"
import { CHARGE } from "./charge.ts"
import { CUSTOMERS } from "./customer.ts"
import { INVOICE } from "./invoice.ts"
import { CANCELLED, CHANGE, NEW_TRIAL, TRIAL_CANCELLED, TRIAL_EXPIRED } from "./subscription.ts"

const REFUND: Filter = { attribute: "type", operator: "=", value: "refund" }
const PAYMENTS = [...PAID, USD]
const CONVERTED: Filter = { attribute: "status", operator: "=", value: "active" }
/** A trial that ran out: the change that ended it says what became of it. One that was cancelled ended otherwise. */
const RAN_OUT: Filter[] = [
  { attribute: "previousStatus", operator: "=", value: "trialing" },
  { attribute: "status", operator: "!=", value: "canceled" },
]
const KNOWN_FROM = "known from 30 days before Stripe was connected"
const AFTER_TRIAL: Filter = { attribute: "inTrial", operator: "=", value: false }

const revenue = money(
  "revenue",
  "Revenue",
  "Sum of payments that succeeded, before refunds, in one currency.",
  CHARGE,
  "sum",
  "amount",
  PAYMENTS,
)
const refunds = money(
  "refunds",
  "Refunds",
  "Sum of refunds that succeeded, in one currency.",
  CHARGE,
  "sum",
  "amount_refunded",
  [REFUND, SUCCEEDED, USD],
)
const trials = counted("new_trials", "New trials", "Trials that began.", NEW_TRIAL, [])
const endedTrials = counted(
  "trials_ended",
  "Trials with known outcome",
  `Trials that ended without being cancelled, whatever came of them; ${KNOWN_FROM}.`,
  CHANGE,
  RAN_OUT,
)
const paidTrials = counted(
  "trials_to_paid",
  "Trials turned paid",
  `Trials whose subscription became active when they ended; ${KNOWN_FROM}.`,
  CHANGE,
  [...RAN_OUT, CONVERTED],
)

export const templates: Templates = {
  metrics: [
    revenue,
    refunds,
    formula(
      "net_revenue",
      "Net revenue",
      "Payments less refunds that succeeded, in one currency.",
      "a - b",
      { a: revenue, b: refunds },
      MONEY,
    ),
    money(
      "average_charge",
      "Average charge",
      "Average amount of a payment that succeeded, in one currency.",
      CHARGE,
      "average",
      "amount",
      PAYMENTS,
    ),
    aggregated(
      "paying_customers",
      "Paying customers",
      "People with a payment that succeeded. Guests without an email are left out.",
      { collection: CHARGE, field: "userId", function: "unique", filters: [...PAID, KNOWN], format: COUNT },
    ),
    counted("failed_payments", "Failed payments", "Payments that failed, each try counted.", CHARGE, [PAYMENT, FAILED]),
    trials,
    endedTrials,
    paidTrials,
    formula(
      "trial_to_paid",
      "Trial to paid %",
      `Share of trials that became active, of those that ended without being cancelled; ${KNOWN_FROM}.`,
      "a / b * 100",
      { a: paidTrials, b: endedTrials },
      SHARE,
    ),
    counted(
      "cancelled_trials",
      "Cancelled trials",
      "Subscriptions that were cancelled and ended in their trial.",
      TRIAL_CANCELLED,
      [],
    ),
    mrr(
      "mrr_converted",
      "MRR from trials",
      "Monthly recurring revenue (MRR) gained when trials ended, in one currency.",
      CHANGE,
      [
        { attribute: "change", operator: "=", value: "trial_ended" },
        { attribute: "mrrChange", operator: ">", value: 0 },
      ],
    ),
    mrr(
      "mrr_expansion",
      "Expansion MRR",
      "Monthly recurring revenue (MRR) gained from upgrades, in one currency.",
      CHANGE,
      [{ attribute: "change", operator: "=", value: "upgraded" }],
    ),
    mrr(
      "mrr_contraction",
      "Contraction MRR",
      "Monthly recurring revenue (MRR) lost to downgrades, negative, in one currency.",
      CHANGE,
      [{ attribute: "change", operator: "=", value: "downgraded" }],
    ),
    mrr(
      "mrr_churned",
      "Churned MRR",
      "Monthly recurring revenue (MRR) lost with ended subscriptions, negative, in one currency.",
      CANCELLED,
      [AFTER_TRIAL],
    ),
    counted(
      "churned_subscriptions",
      "Churned subscriptions",
      "Subscriptions that ended, but not in a trial.",
      CANCELLED,
      [AFTER_TRIAL],
    ),
    money(
      "invoices_uncollectible",
      "Uncollectible invoices",
      "Amount due of invoices that were marked uncollectible, in one currency.",
      INVOICE,
      "sum",
      "amount_due",
      [{ attribute: "status", operator: "=", value: "uncollectible" }, USD],
    ),
  ],
  segments: [
    people(
      "failed_payment_14_days",
      "Failed-payment customers",
      "A payment failed in the last 14 days, and none succeeded in that time.",
      [done(CHARGE, 14, [PAYMENT, FAILED, KNOWN]), notDone(CHARGE, 14, [...PAID])],
    ),
    people("in_trial", "In trial", "Began a trial in the last 30 days, and no trial of theirs ended in that time.", [
      done(NEW_TRIAL, 30),
      notDone(TRIAL_EXPIRED, 30),
      notDone(TRIAL_CANCELLED, 30),
    ]),
    people(
      "trial_ending",
      "Trial ending",
      "Began a trial 11 to 14 days ago that has not ended: meant for trials of 14 days.",
      [done(NEW_TRIAL, 14), notDone(NEW_TRIAL, 11), notDone(TRIAL_EXPIRED, 14), notDone(TRIAL_CANCELLED, 14)],
    ),
    people("churned_30_days", "Churned in 30 days", "A subscription ended in the last 30 days, but not in a trial.", [
      done(CANCELLED, 30, [AFTER_TRIAL]),
    ]),
    people("high_value", "High value", "Paid more than 1,000 in the last 90 days, in one currency, before refunds.", [
      {
        ...done(CHARGE, 90, [...PAYMENTS, KNOWN]),
        measure: { function: "sum", field: "amount", operator: ">", value: 1000 },
      },
    ]),
    people(
      "delinquent",
      "Overdue customers",
      "Stripe marks their latest invoice as not paid: its charge failed, or its due date has passed.",
      [{ on: "attribute", attribute: "stripe_delinquent", operator: "=", value: true }],
      [CUSTOMERS],
    ),
  ],
}

function money(
  key: string,
  title: string,
  description: string,
  collection: string,
  by: "sum" | "average",
  field: string,
  filters: Filter[],
): MetricTemplate {
  return aggregated(key, title, description, { collection, field, function: by, filters, format: MONEY })
}

function mrr(key: string, title: string, description: string, collection: string, filters: Filter[]): MetricTemplate {
  return money(key, title, description, collection, "sum", "mrrChange", [...filters, USD])
}
