/** https://docs.stripe.com/api/customers/object */
import type { JsonObject } from "../../json.ts"
import { hashText } from "../../random.ts"
import type { Account } from "../account.ts"
import type { CustomerRow } from "../model.ts"
import { NO_ADDRESS } from "./parts.ts"

export function customerObject(account: Account, row: CustomerRow): JsonObject {
  return {
    id: row.id,
    object: "customer",
    address: row.country ? { ...NO_ADDRESS, country: row.country } : null,
    balance: row.balance,
    created: row.created,
    currency: row.currency,
    default_source: null,
    delinquent: row.delinquent,
    description: row.description,
    discount: null,
    email: row.email,
    invoice_prefix: hashText(row.id).toString(16).toUpperCase().padStart(8, "0"),
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    livemode: account.mode === "live",
    metadata: { ...row.metadata },
    name: row.name,
    next_invoice_sequence: 1,
    phone: row.phone,
    preferred_locales: [],
    shipping: null,
    tax_exempt: "none",
    test_clock: null,
  }
}

export function deletedCustomer(id: string): JsonObject {
  return { id, object: "customer", deleted: true }
}
