/** A line of an order: what was bought of which product. Tips and gift cards are lines too, and no products. */
import type { Attributes, JsonValue } from "../kit/item.ts"
import { present, text } from "../kit/values.ts"
import { type Money, SHOP_MONEY } from "./money.ts"
import { idAt, needId } from "./shape.ts"

export const ORDERED = "Product ordered"

/** What was bought; as it was called when the order was made. */
export const LINE_PRODUCT = "id title variantTitle sku vendor product { id }"

export const LINE = `${LINE_PRODUCT} quantity isGiftCard originalTotalSet ${SHOP_MONEY} discountAllocations { allocatedAmountSet ${SHOP_MONEY} }`

export function lineData(line: JsonValue, quantity: number | null, money: Money | null): Attributes {
  return present({
    lineItemId: needId(line),
    productId: idAt(line, "product.id"),
    product: text(line, "title"),
    variant: text(line, "variantTitle"),
    sku: text(line, "sku"),
    vendor: text(line, "vendor"),
    quantity,
    ...money,
  })
}
