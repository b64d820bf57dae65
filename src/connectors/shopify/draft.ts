/** Draft orders: the shop's owner enters an order for a customer. */
import type { Normalized } from "../kit/define.ts"
import type { Attributes, JsonValue } from "../kit/item.ts"
import { number, present, text } from "../kit/values.ts"
import { needMoney, SHOP_MONEY } from "./money.ts"
import { about, CUSTOMER_NAME } from "./person.ts"
import { needId, needTime, type Reading } from "./shape.ts"

export const DRAFT_ORDER = "Draft order placed"

/** A draft is written more than once while it is entered. What is changed later is not what was entered. */
const ENTERED_WITHIN_MS = 60_000

export const DRAFT = `fragment DraftParts on DraftOrder {
  id name createdAt updatedAt email totalQuantityOfLineItems
  ${CUSTOMER_NAME}
  totalPriceSet ${SHOP_MONEY}
}`

export function fromDraft(draft: JsonValue, reading: Reading): Normalized {
  const time = needTime(draft, "createdAt")
  const { userId, data } = about(draft, reading)
  return {
    drafts: [
      {
        collection: DRAFT_ORDER,
        userId,
        id: needId(draft),
        fact: "placed",
        time,
        announcedAt: time,
        data: present({
          draftOrderId: needId(draft),
          draftOrder: text(draft, "name"),
          ...data,
          ...entered(draft, time),
        }),
      },
    ],
  }
}

/** Shopify shows a draft as it is now; what it was at first is known as long as nobody has changed it. */
function entered(draft: JsonValue, time: number): Attributes {
  if (needTime(draft, "updatedAt") > time + ENTERED_WITHIN_MS) return {}
  return present({ ...needMoney(draft, "totalPriceSet"), quantity: number(draft, "totalQuantityOfLineItems") })
}
