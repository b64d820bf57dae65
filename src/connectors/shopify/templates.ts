/** Metrics and segments to start from. Amounts of money are of one currency: the user sets it when creating them. */
import type { MetricTemplate, Templates } from "../kit/define.ts"
import {
  aggregated,
  COUNT,
  counted,
  done,
  type EventCondition,
  formula,
  KNOWN,
  MONEY,
  PAID,
  people,
  SHARE,
  USD,
} from "../kit/template-builders.ts"
import type { Filter } from "../kit/templates.ts"
import { CHARGE } from "./charge.ts"
import { ABANDONED } from "./checkout.ts"
import { DRAFT_ORDER } from "./draft.ts"
import { ORDERED } from "./line.ts"
import { CANCELLED, PLACED, REFUNDED } from "./order.ts"

/** Tests are told as such, and are nobody's business. */
const REAL: Filter = { attribute: "test", operator: "not exists" }

const orders = real("orders", "Orders", "Orders that were placed.", PLACED)
const refunds = real("refunds", "Order refunds", "Number of refunds; an order may have several.", REFUNDED)
const buyers = aggregated(
  "buyers",
  "Buyers",
  "People who placed an order. Those without customer and email are left out.",
  { collection: PLACED, field: "userId", function: "unique", filters: [REAL, KNOWN], format: COUNT },
)
/** What anonymous people order is nobody's first or second. */
const ordersOfBuyers = real(
  "orders_of_buyers",
  "Orders of known buyers",
  "Orders that name a customer or an email.",
  PLACED,
  [KNOWN],
)

export const templates: Templates = {
  metrics: [
    aggregated(
      "revenue",
      "Revenue",
      "Sum of payments that succeeded, before refunds, in one currency. Gift cards and store credit used are none.",
      { collection: CHARGE, field: "amount", function: "sum", filters: [...PAID, USD], format: MONEY },
    ),
    aggregated("sales", "Sales", "Sum of the totals of placed orders, cancelled ones too, in one currency.", {
      collection: PLACED,
      field: "amount",
      function: "sum",
      filters: [USD, REAL],
      format: MONEY,
    }),
    orders,
    aggregated("average_order_value", "Average order value", "Average total of a placed order, in one currency.", {
      collection: PLACED,
      field: "amount",
      function: "average",
      filters: [USD, REAL],
      format: MONEY,
    }),
    aggregated("units_sold", "Units sold", "Units of products ordered, before returns.", {
      collection: ORDERED,
      field: "quantity",
      function: "sum",
      filters: [REAL],
      format: COUNT,
    }),
    refunds,
    formula(
      "refund_rate",
      "Refund rate %",
      "Refunds per 100 orders placed in the same time.",
      "a / b * 100",
      { a: refunds, b: orders },
      SHARE,
    ),
    real(
      "abandoned_checkouts",
      "Abandoned checkouts",
      "Checkouts that were left, also those that were completed later.",
      ABANDONED,
    ),
    real("cancelled_orders", "Cancelled orders", "Orders that were cancelled.", CANCELLED),
    real("draft_orders", "Draft orders", "Draft orders that were entered, completed or not.", DRAFT_ORDER),
    buyers,
    ordersOfBuyers,
    formula(
      "repeat_purchase_rate",
      "Repeat purchase rate %",
      "Share of orders beyond each buyer's first, of all orders of known buyers in the time shown.",
      "(a - b) / a * 100",
      { a: ordersOfBuyers, b: buyers },
      SHARE,
    ),
  ],
  segments: [
    people("first_time_buyers", "First-time buyers", "Placed exactly one order so far.", [
      placed({ count: 1, operator: "=" }),
    ]),
    people("repeat_buyers", "Repeat buyers", "Placed two orders or more.", [placed({ count: 2, operator: ">=" })]),
    people("lapsed_90_days", "Lapsed 90 days", "Placed an order before, and none in the last 90 days.", [
      placed(),
      { ...placed({ days: 90 }), has: "not done" },
    ]),
    people(
      "cart_abandoners",
      "Cart abandoners",
      "Left a checkout in the last 7 days and placed no order in that time.",
      [
        { ...placed({ days: 7 }), collection: ABANDONED },
        { ...placed({ days: 7 }), has: "not done" },
      ],
    ),
    people("vip", "VIP", "Ordered for more than 1,000 in the last 365 days, in one currency.", [
      {
        ...placed({ days: 365 }),
        filters: [USD, REAL, KNOWN],
        measure: { function: "sum", field: "amount", operator: ">", value: 1000 },
      },
    ]),
  ],
}

function real(
  key: string,
  title: string,
  description: string,
  collection: string,
  filters: Filter[] = [],
): MetricTemplate {
  return counted(key, title, description, collection, [REAL, ...filters])
}

interface Times {
  days?: number
  count?: number
  operator?: "=" | ">="
}

function placed({ days, count, operator = ">=" }: Times = {}): EventCondition {
  return {
    ...done(PLACED, days ?? null, [REAL, KNOWN]),
    ...(count !== undefined && { measure: { function: "count", operator, value: count } }),
  }
}
