/** Lines of orders and carts: what they cost, and the agreements by which they are sold. */
import type { Agreement, Line, NewLine, OrderRow, Sale } from "./model.ts"
import { nextId, type Shop, stamp } from "./shop.ts"

/** The line as it is paid for: after all discounts, without taxes that come on top. */
export function paidFor({ total, allocations }: Pick<Line, "total" | "allocations">): number {
  return allocations.reduce((left, { amount }) => left - amount, total)
}

/** With the taxes. */
export function owedFor({ options }: Shop, line: Line): number {
  return paidFor(line) + (options.taxesIncluded ? 0 : line.tax)
}

export function newLine(shop: Shop, line: NewLine): Line {
  return { kind: "product", allocations: [], tax: 0, ...line, id: nextId(shop) }
}

/** Sells lines of an order. */
export function agree(shop: Shop, row: OrderRow, reason: Agreement["reason"], lines: readonly Line[]): Agreement {
  const sales = lines.map((line): Sale => {
    const { id, quantity, tax } = line
    return { id: nextId(shop), line: id, action: "ORDER", quantity, amount: owedFor(shop, line), tax }
  })
  const agreement = { id: nextId(shop), happened: stamp(shop), reason, sales }
  row.agreements.push(agreement)
  return agreement
}
