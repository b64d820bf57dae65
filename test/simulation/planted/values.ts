/** Right values: whom a fact is about, what it came to, when it happened. */
import { type Mutant, SHOPIFY } from "./mutant.ts"

export const VALUES: readonly Mutant[] = [
  {
    name: "a discount of the whole cart stays in the price of a line",
    file: "connectors/shopify/order.ts",
    from: 'return less(shopMoney(line, "originalTotalSet"), discounts)',
    to: 'return less(shopMoney(line, "originalTotalSet"), discounts.slice(1))',
    at: SHOPIFY,
  },
  {
    name: "the taxes on top of a price are taken for a part of it",
    file: "connectors/shopify/agreements.ts",
    from: 'const taxes = flag(order, "taxesIncluded") ? []',
    to: 'const taxes = flag(order, "taxesIncluded") || order ? []',
    at: SHOPIFY,
  },
  {
    name: "a line that was added later is dated by its order",
    file: "connectors/shopify/agreements.ts",
    from: 'fact: "added", time: happened, data }',
    to: 'fact: "added", time: needTime(order, "createdAt"), data }',
    at: SHOPIFY,
  },
  {
    name: "a tip is a product",
    file: "connectors/shopify/agreements.ts",
    from: 'text(sale, "lineType") === "PRODUCT"',
    to: 'text(sale, "lineType") !== "GIFT_CARD"',
    at: SHOPIFY,
  },
  {
    name: "an order's agreements are read as far as one answer holds",
    file: "connectors/shopify/cut-lists.ts",
    from: 'if (!flag(order, "agreements.pageInfo.hasNextPage")) return []',
    to: "if (edges.length >= 0) return []",
    at: SHOPIFY,
  },
  {
    name: "a gift card pays with money",
    file: "connectors/shopify/charge.ts",
    from: '  gift_card: "giftCard",\n',
    to: "",
    at: SHOPIFY,
  },
  {
    name: "the test gateway takes money",
    file: "connectors/shopify/charge.ts",
    from: 'return isOfTestShop(reading) || flag(order, "test") || flag(transaction, "test")',
    to: "return isOfTestShop(reading) && !order && !transaction",
    at: SHOPIFY,
  },
  {
    name: "the email left with an order names its customer",
    file: "connectors/shopify/person.ts",
    from: 'const known = email(text(record, "customer.defaultEmailAddress.emailAddress"))',
    to: 'const known = email(text(record, "email")) ?? email(text(record, "customer.defaultEmailAddress.emailAddress"))',
    at: SHOPIFY,
  },
  {
    name: "a draft that was changed is told as it was entered",
    file: "connectors/shopify/draft.ts",
    from: "time + ENTERED_WITHIN_MS) return {}",
    to: "time + 1e15 + ENTERED_WITHIN_MS) return {}",
    at: SHOPIFY,
  },
  {
    name: "the cart of a checkout that was completed is told as it was left",
    file: "connectors/shopify/checkout.ts",
    from: 'if (timeAt(checkout, "completedAt") !== null) return {}',
    to: 'if (timeAt(checkout, "createdAt") === null) return {}',
    at: SHOPIFY,
  },
]
