/** Metrics and segments to start from. Amounts of money are of one currency: the user sets it when creating them. */
import type { Templates } from "../kit/define.ts"
import { CHARGE } from "../kit/rest/charges.ts"
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
  people,
  SHARE,
  USD,
} from "../kit/template-builders.ts"

const revenue = aggregated(
  "revenue",
  "Revenue",
  "Sum of payments that succeeded, with tax, before refunds, in one currency.",
  {
    ...{ collection: CHARGE, field: "amount", function: "sum", filters: [...PAID, USD], format: MONEY },
  },
)
const refunds = aggregated("refunds", "Refunds", "Sum of refunds that were approved, in one currency.", {
  ...{ collection: CHARGE, field: "amount_refunded", function: "sum", filters: [USD], format: MONEY },
})
const trials = counted("new_trials", "New trials", "Trials that began.", "New trial")
const converted = counted("trials_billed", "Trials billed", "Trials that ended with a first bill.", "Trial expired")

export const templates: Templates = {
  metrics: [
    revenue,
    refunds,
    formula(
      "net_revenue",
      "Net revenue",
      "Revenue less refunds, in one currency.",
      "a - b",
      { a: revenue, b: refunds },
      MONEY,
    ),
    aggregated("paying_customers", "Paying customers", "People with a payment that succeeded.", {
      ...{ collection: CHARGE, field: "userId", function: "unique", filters: [...PAID, KNOWN], format: COUNT },
    }),
    trials,
    converted,
    formula(
      "trial_conversion",
      "Trials billed %",
      "Trials that ended with a first bill, over trials that began in the same time.",
      "100 * b / a",
      { a: trials, b: converted },
      SHARE,
    ),
    counted("churned", "Cancelled subscriptions", "Paid subscriptions that ended.", "Subscription cancelled"),
  ],
  segments: [
    people("failed_payment", "Failed payment", "A payment failed in the last 14 days, and none succeeded.", [
      done(CHARGE, 14, [FAILED]),
      notDone(CHARGE, 14, [...PAID]),
    ]),
    people("in_trial", "In trial", "Began a trial in the last 30 days that was not billed and not cancelled yet.", [
      done("New trial", 30),
      notDone("Trial expired", 30),
      notDone("Trial cancelled", 30),
    ]),
    people("churned_30", "Churned in 30 days", "A paid subscription ended in the last 30 days.", [
      done("Subscription cancelled", 30),
    ]),
    people("refunded_90", "Refunded in 90 days", "Got a refund in the last 90 days.", [
      done(CHARGE, 90, [{ attribute: "type", operator: "=", value: "refund" }]),
    ]),
    people("paid_90", "Paid in 90 days", "A payment succeeded in the last 90 days.", [done(CHARGE, 90, [...PAID])]),
  ],
}
