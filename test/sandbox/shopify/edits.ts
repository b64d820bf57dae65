/** What is added to an order after it was placed. */
import { tell } from "./actions.ts"
import { agree, newLine, paidFor } from "./lines.ts"
import type { Agreement, Line, NewLine, OrderRow, Sale } from "./model.ts"
import { get, nextId, type Shop, touch } from "./shop.ts"

/** A line that the customer or the shop adds to an order that was placed: an upsell, an edit. It is paid for later, or not. */
export function addLine(shop: Shop, id: number, request: NewLine): Sale {
  const row = get(shop, "order", id)
  const line = newLine(shop, request)
  row.lines.push(line)
  return edit(shop, row, line)
}

/** More of a line that the order has. */
export function raiseLine(shop: Shop, id: number, lineId: number, by: number): Sale {
  const row = get(shop, "order", id)
  const line = row.lines.find((one) => one.id === lineId)
  if (!line) throw new Error(`order ${id} has no line ${lineId}`)
  const price = Math.round(line.total / line.quantity)
  const more = {
    ...line,
    quantity: by,
    total: price * by,
    allocations: [],
    tax: Math.round((line.tax / line.quantity) * by),
  }
  line.quantity += by
  line.total += more.total
  line.tax += more.tax
  return edit(shop, row, more)
}

/**
 * A line goes back, and another is sent for it. No edit and no order of its own: one agreement of a return holds both.
 * https://shopify.dev/docs/apps/build/orders-fulfillment/returns-apps/read-exchanges
 */
export function exchangeLine(shop: Shop, id: number, lineId: number, request: NewLine): Sale {
  const row = get(shop, "order", id)
  const line = newLine(shop, request)
  row.lines.push(line)
  const sale = sell(shop, row, "RETURN", line)
  const back = { action: "RETURN" as const, line: lineId, quantity: -1, amount: 0, tax: 0 }
  row.agreements.at(-1)?.sales.push({ id: nextId(shop), ...back })
  return sale
}

function edit(shop: Shop, row: OrderRow, line: Line): Sale {
  row.isEdited = true
  return sell(shop, row, "ORDER_EDIT", line)
}

function sell(shop: Shop, row: OrderRow, reason: Agreement["reason"], line: Line): Sale {
  const [sale] = agree(shop, row, reason, [line]).sales
  if (!sale) throw new Error("nothing was sold")
  if (line.kind === "product")
    tell(shop, row, "line_added", sale.id, { quantity: line.quantity, amount: paidFor(line) })
  touch(shop, "order", row)
  return sale
}
