/** Customers: people with their attributes, joined to the customer id by which other records may name them. */
import type { Normalized } from "../kit/define.ts"
import type { Attributes, JsonValue } from "../kit/item.ts"
import { email, flag, number, present, text } from "../kit/values.ts"
import { decimal, isoAt, listed, lower, needId, needTime, type Reading } from "./shape.ts"

export const CUSTOMERS = "Customers"

/**
 * Without `displayName`: it is protected and cannot be null, so that for an app that may not see it the whole list would fail.
 * https://shopify.dev/docs/api/admin-graphql/2026-07/objects/Customer, https://shopify.dev/docs/apps/launch/protected-customer-data
 */
export const CUSTOMER = `fragment CustomerParts on Customer {
  id firstName lastName locale tags state taxExempt verifiedEmail numberOfOrders createdAt updatedAt
  amountSpent { amount currencyCode }
  defaultEmailAddress { emailAddress marketingState }
  defaultPhoneNumber { phoneNumber }
  defaultAddress { city province zip countryCodeV2 }
}`

export function fromCustomer(customer: JsonValue, reading: Reading): Normalized {
  const id = needId(customer)
  const known = email(text(customer, "defaultEmailAddress.emailAddress"))
  const isEmail = known !== null && reading.identity === "email"
  return {
    drafts: [
      {
        collection: CUSTOMERS,
        userId: isEmail ? known : id,
        // Records of the time before the email was known name the customer by id.
        ...(isEmail && { formerUserId: id }),
        id,
        version: needTime(customer, "updatedAt"),
        userAttributes: attributes(customer, id, known),
      },
    ],
  }
}

function attributes(customer: JsonValue, id: string, known: string | null): Attributes {
  const firstName = text(customer, "firstName")
  const lastName = text(customer, "lastName")
  return present({
    shopifyCustomerId: id,
    name: [firstName, lastName].filter(Boolean).join(" "),
    firstName,
    lastName,
    email: known,
    phone: text(customer, "defaultPhoneNumber.phoneNumber"),
    city: text(customer, "defaultAddress.city"),
    region: text(customer, "defaultAddress.province"),
    postalCode: text(customer, "defaultAddress.zip"),
    country: text(customer, "defaultAddress.countryCodeV2"),
    locale: text(customer, "locale"),
    state: lower(customer, "state"),
    emailMarketing: lower(customer, "defaultEmailAddress.marketingState"),
    verifiedEmail: flag(customer, "verifiedEmail"),
    taxExempt: flag(customer, "taxExempt"),
    tags: listed(customer, "tags")?.join(", "),
    orders: count(customer, "numberOfOrders"),
    amountSpent: decimal(text(customer, "amountSpent.amount")),
    currency: lower(customer, "amountSpent.currencyCode"),
    createdAt: isoAt(customer, "createdAt"),
  })
}

/** UnsignedInt64 travels as text. */
function count(customer: JsonValue, path: string): number | null {
  return decimal(text(customer, path)) ?? number(customer, path)
}
