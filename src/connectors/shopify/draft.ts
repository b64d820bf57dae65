/** Draft orders: the shop's owner enters an order for a customer. */
import type { Normalized } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { number, present, text } from "../kit/values.ts"
import { idAt, needId, needMoney, needTime, person, type Reading } from "./shape.ts"

export const DRAFT_ORDER = "Draft order placed"

export const DRAFT = `fragment DraftParts on DraftOrder {
  id name createdAt updatedAt email totalQuantityOfLineItems
  customer { id defaultEmailAddress { emailAddress } }
  totalPriceSet { shopMoney { amount currencyCode } }
}`

export function fromDraft(draft: JsonValue, reading: Reading): Normalized {
  const time = needTime(draft, "createdAt")
  return {
    drafts: [
      {
        collection: DRAFT_ORDER,
        userId: person(draft, reading),
        id: needId(draft),
        fact: "placed",
        time,
        announcedAt: time,
        data: present({
          draftOrderId: needId(draft),
          draftOrder: text(draft, "name"),
          customerId: idAt(draft, "customer.id"),
          ...needMoney(draft, "totalPriceSet"),
          quantity: number(draft, "totalQuantityOfLineItems"),
        }),
      },
    ],
  }
}
