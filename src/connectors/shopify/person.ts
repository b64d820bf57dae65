/** Whom a record is about, alike by whatever path it came. */
import type { Attributes, JsonValue } from "../kit/item.ts"
import { email, flag, text } from "../kit/values.ts"
import { idAt, needId, type Reading, typeOf } from "./shape.ts"

/** Where a customer's email stands; every path shows the one that they have now. */
export const CUSTOMER_NAME = "customer { id defaultEmailAddress { emailAddress } }"

/** Shopify's ids are bare numbers, which other partners and other shops have too. */
export function personId(id: string, { account }: Pick<Reading, "account">): string {
  return `shopify:${account.id}:${id}`
}

/** What every event says of whom it is about. */
export interface About {
  userId: string
  data: Attributes
}

/**
 * The customer's own email, or their id where they have none: no other email names a record that has a customer. A guest's record
 * goes by the email that was left with it; one that names nobody stays by itself.
 */
export function about(record: JsonValue, reading: Reading): About {
  const customer = idAt(record, "customer.id")
  const isTest = isOfTestShop(reading) || flag(record, "test")
  const common = isTest ? { test: true } : {}
  if (customer !== null)
    return { userId: customerId(record, customer, reading), data: { customerId: customer, ...common } }
  const guest = email(text(record, "email"))
  if (guest !== null) return { userId: guest, data: common }
  return { userId: personId(`${kindOf(record)}:${needId(record)}`, reading), data: { anonymous: true, ...common } }
}

/** A development shop sells nothing to anybody. */
export function isOfTestShop({ account }: Pick<Reading, "account">): boolean {
  return account.mode === "test"
}

function customerId(record: JsonValue, id: string, reading: Reading): string {
  const known = email(text(record, "customer.defaultEmailAddress.emailAddress"))
  return known !== null && reading.identity === "email" ? known : personId(id, reading)
}

/** `order`, `draftOrder`: orders and customers may have the same number. */
function kindOf(record: JsonValue): string {
  const type = typeOf(record) ?? "record"
  return type.charAt(0).toLowerCase() + type.slice(1)
}
