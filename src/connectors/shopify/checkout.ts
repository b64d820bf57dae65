/** Abandoned checkouts: a buyer left contact information and did not complete the purchase. */
import type { Normalized } from "../kit/define.ts"
import type { Attributes, JsonValue } from "../kit/item.ts"
import { present, rows, text } from "../kit/values.ts"
import { needMoney, SHOP_MONEY } from "./money.ts"
import { about, CUSTOMER_NAME } from "./person.ts"
import { needId, needTime, type Reading, timeAt } from "./shape.ts"

export const ABANDONED = "Abandoned checkouts"

/** Products that are named; a longer cart is not told whole. */
export const CART_LINES = 5

/**
 * A checkout carries the time it was begun. It is listed once it counts as abandoned, minutes after the buyer's last step: that can
 * be long after it was begun, where a tab stayed open or a buyer came back.
 */
export const LISTED_WITHIN_DAYS = 7

/**
 * Without `abandonedCheckoutUrl`, which since November 2026 needs level 2 access to protected customer data and, being non-null,
 * would take the whole checkout with it.
 * https://shopify.dev/changelog/posts/abandonedcheckouturl-now-requires-level-2-protected-customer-data-access
 */
export const CHECKOUT = `fragment CheckoutParts on AbandonedCheckout {
  id name createdAt updatedAt completedAt
  ${CUSTOMER_NAME}
  totalPriceSet ${SHOP_MONEY}
  lineItems(first: ${CART_LINES}) { nodes { title } }
}`

export function fromCheckout(checkout: JsonValue, reading: Reading): Normalized {
  const time = needTime(checkout, "createdAt")
  const { userId, data } = about(checkout, reading)
  return {
    drafts: [
      {
        collection: ABANDONED,
        userId,
        id: needId(checkout),
        fact: "abandoned",
        time,
        announcedAt: time + LISTED_WITHIN_DAYS * 86_400_000,
        data: present({
          checkoutId: needId(checkout),
          checkout: text(checkout, "name"),
          ...data,
          ...cart(checkout),
        }),
      },
    ],
  }
}

/** As it was left. Who came back and bought may have changed it before, and what they left is not shown any more. */
function cart(checkout: JsonValue): Attributes {
  if (timeAt(checkout, "completedAt") !== null) return {}
  const products = rows(checkout, "lineItems.nodes").flatMap((line) => text(line, "title") ?? [])
  return { ...needMoney(checkout, "totalPriceSet"), products: products.join(", ") }
}
