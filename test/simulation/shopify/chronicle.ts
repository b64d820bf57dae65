/** What the shop's ledger does not keep: every state that a customer has had, and how often anything changed. */
import type { JsonObject } from "../../sandbox/json.ts"
import { type CustomerRow, DIGITS } from "../../sandbox/shopify/model.ts"
import type { Shop } from "../../sandbox/shopify/shop.ts"
import type { Sight } from "./account.ts"

export interface Chronicle {
  /** After whatever happened. */
  note(): void
  /** As JSON, oldest first. */
  states: ReadonlyMap<number, readonly string[]>
  /** Every email a customer has had, lower case. */
  emails: ReadonlyMap<number, ReadonlySet<string | null>>
  changes: number
}

export function createChronicle(shop: Shop, sight: Sight): Chronicle {
  const states = new Map<number, string[]>()
  const emails = new Map<number, Set<string | null>>()
  const updated = new Map<number, number>()
  const chronicle: Chronicle = {
    states,
    emails,
    changes: 0,
    note() {
      for (const { byId } of Object.values(shop.tables))
        for (const { id, updated: at } of byId.values()) {
          if (updated.get(id) !== at) chronicle.changes++
          updated.set(id, at)
        }
      for (const row of shop.tables.customer.byId.values()) {
        const known = states.get(row.id) ?? []
        const state = JSON.stringify(stateOf(row, shop, sight))
        if (known.at(-1) !== state) known.push(state)
        states.set(row.id, known)
        const had = emails.get(row.id) ?? new Set()
        emails.set(row.id, had.add(row.email?.toLowerCase() ?? null))
      }
    },
  }
  return chronicle
}

function stateOf(row: CustomerRow, { options }: Shop, { seesPeople }: Sight): JsonObject {
  return {
    firstName: seesPeople ? row.firstName : null,
    email: seesPeople ? (row.email?.toLowerCase() ?? null) : null,
    tags: row.tags.join(", "),
    orders: row.orders,
    amountSpent: row.spent / 10 ** (DIGITS[options.currency] ?? 2),
  }
}

/** The same of what arrived; a value that was removed is told as empty. */
export function stateArrived(told: JsonObject): JsonObject {
  return {
    firstName: told.shopify_firstName || null,
    email: told.email ?? null,
    tags: told.shopify_tags ?? "",
    orders: told.shopify_orders ?? 0,
    amountSpent: told.shopify_amountSpent ?? 0,
  }
}
