/**
 * Customers that share an email are one person. When one is deleted, Stripe is asked whether another is left: by the email as Stripe
 * spells it, which its filter compares letter by letter. https://docs.stripe.com/api/customers/list#list_customers-email
 */
import type { PageRecord, PageRequest } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { email, isObject, number, rows, text } from "../kit/values.ts"

/** The list is newest first: however many share the email, the one created last is on it. Room for those that are being deleted too. */
const LISTED = 10

/** The email to ask for; null: it is no deletion, or of somebody without an email. */
export function deletedMailbox({ body }: PageRecord): string | null {
  if (text(body, "type") !== "customer.deleted") return null
  const spelled = text(body, "data.object.email")
  return email(spelled) === null ? null : spelled
}

export function askMailbox(spelled: string): PageRequest {
  return { path: "/v1/customers", query: { email: spelled, limit: LISTED } }
}

/** The other customers with the email of a deleted one, the one created last first. */
export function livingWith(deleted: JsonValue, followed: readonly unknown[]): JsonValue[] {
  const [id, spelled] = [text(deleted, "id"), text(deleted, "email")]
  const listed = followed.flatMap((body) => rows(body as JsonValue, "data"))
  return listed
    .filter((other) => isObject(other) && other.object === "customer" && other.email === spelled && other.id !== id)
    .sort((a, b) => (number(b, "created") ?? 0) - (number(a, "created") ?? 0))
}
