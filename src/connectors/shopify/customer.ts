/** Customers: people with their attributes, joined to the customer id by which other records may name them. */
import type { Normalized } from "../kit/define.ts"
import { ALIAS, type JsonValue } from "../kit/item.ts"
import { at, email, number, present, text } from "../kit/values.ts"
import { decimal } from "./money.ts"
import { personId } from "./person.ts"
import { isoAt, listed, lower, needId, needTime, type Reading } from "./shape.ts"

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

/** Where customers are not wanted: who has an email by now, since records of before name them by id. */
export const CUSTOMER_EMAIL =
  "fragment CustomerEmail on Customer { id createdAt updatedAt defaultEmailAddress { emailAddress } }"

/** An attribute that only Shopify knows: the field it comes from, and how it is read. */
type Own = readonly [field: string, read: (customer: JsonValue) => JsonValue | undefined]

const OWN: Readonly<Record<string, Own>> = {
  shopify_firstName: ["firstName", (customer) => text(customer, "firstName")],
  shopify_lastName: ["lastName", (customer) => text(customer, "lastName")],
  shopify_region: ["defaultAddress", (customer) => text(customer, "defaultAddress.province")],
  shopify_postalCode: ["defaultAddress", (customer) => text(customer, "defaultAddress.zip")],
  shopify_locale: ["locale", (customer) => text(customer, "locale")],
  shopify_state: ["state", (customer) => lower(customer, "state")],
  shopify_emailMarketing: ["defaultEmailAddress", (customer) => lower(customer, "defaultEmailAddress.marketingState")],
  shopify_verifiedEmail: ["verifiedEmail", (customer) => at(customer, "verifiedEmail")],
  shopify_taxExempt: ["taxExempt", (customer) => at(customer, "taxExempt")],
  shopify_tags: ["tags", (customer) => listed(customer, "tags")?.join(", ")],
  shopify_orders: ["numberOfOrders", (customer) => count(customer, "numberOfOrders")],
  shopify_amountSpent: ["amountSpent", (customer) => decimal(text(customer, "amountSpent.amount"))],
  shopify_currency: ["amountSpent", (customer) => lower(customer, "amountSpent.currencyCode")],
  shopify_createdAt: ["createdAt", (customer) => isoAt(customer, "createdAt")],
}

export function fromCustomer(customer: JsonValue, reading: Reading): Normalized {
  const id = needId(customer)
  const own = personId(id, reading)
  const known = email(text(customer, "defaultEmailAddress.emailAddress"))
  const isEmail = known !== null && reading.identity === "email"
  // Records of the time before the email was known name the customer by id.
  const who = isEmail ? { userId: known, formerUserId: own } : { userId: own }
  if (!reading.collections.has(CUSTOMERS)) return { drafts: isEmail ? [{ ...who, collection: ALIAS, id }] : [] }
  const mine = present(Object.fromEntries(Object.entries(OWN).map(([name, [, read]]) => [name, read(customer)])))
  return {
    drafts: [
      {
        ...who,
        collection: CUSTOMERS,
        id,
        version: needTime(customer, "updatedAt"),
        userAttributes: { shopify_customerId: id, ...shared(customer, known), ...mine },
        cleared: Object.entries(OWN).flatMap(([name, [field]]) =>
          Object.hasOwn(mine, name) || isWithheld(customer, field) ? [] : [name],
        ),
      },
    ],
  }
}

/** Such a field is not in the row: that there is no value is not known. */
function isWithheld(customer: JsonValue, field: string): boolean {
  return at(customer, field) === undefined
}

/** What other partners know of people too. */
function shared(customer: JsonValue, known: string | null) {
  return present({
    name: [text(customer, "firstName"), text(customer, "lastName")].filter(Boolean).join(" "),
    email: known,
    phone: text(customer, "defaultPhoneNumber.phoneNumber"),
    city: text(customer, "defaultAddress.city"),
    country: text(customer, "defaultAddress.countryCodeV2"),
  })
}

/** UnsignedInt64 travels as text. */
function count(customer: JsonValue, path: string): number | null {
  return decimal(text(customer, path)) ?? number(customer, path)
}
