/**
 * Customers that share an email are one person. When one is deleted, Stripe is asked whether another is left: by the email as Stripe
 * spells it, which its filter compares letter by letter. https://docs.stripe.com/api/customers/list#list_customers-email
 */
import type { Page, PageRecord, PageRequest } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { email, isObject, number, rows, text } from "../kit/values.ts"

/** Of the further requests that a page may make. A page with more deleted mailboxes ends before the next one. */
export const MAILBOX_LOOKUPS_MAX = 2

/** More customers than this with one email are not told apart: any of them says that the person is there. */
const LISTED = 10

/** The email to ask for; null: it is no deletion, or of somebody without an email. */
export function deletedMailbox({ body }: PageRecord): string | null {
  if (text(body, "type") !== "customer.deleted") return null
  const spelled = text(body, "data.object.email")
  return email(spelled) === null ? null : spelled
}

export function askMailboxes(records: readonly PageRecord[]): PageRequest[] {
  return mailboxesOf(records).map((spelled) => ({ path: "/v1/customers", query: { email: spelled, limit: LISTED } }))
}

/** The page up to the deletion that would have one more mailbox asked for; the next page begins with it. */
export function withFewMailboxes(page: Page): Page {
  const end = page.records.findIndex((_, index) => {
    return mailboxesOf(page.records.slice(0, index + 1)).length > MAILBOX_LOOKUPS_MAX
  })
  const last = page.records[end - 1]
  return last ? { ...page, records: page.records.slice(0, end), next: last.id } : page
}

/** The other customers with the email of a deleted one, the one created last first. */
export function livingWith(deleted: JsonValue, followed: readonly unknown[]): JsonValue[] {
  const [id, spelled] = [text(deleted, "id"), text(deleted, "email")]
  const listed = followed.flatMap((body) => rows(body as JsonValue, "data"))
  return listed
    .filter((other) => isObject(other) && other.object === "customer" && other.email === spelled && other.id !== id)
    .sort((a, b) => (number(b, "created") ?? 0) - (number(a, "created") ?? 0))
}

function mailboxesOf(records: readonly PageRecord[]): string[] {
  return [...new Set(records.map(deletedMailbox).filter((spelled) => spelled !== null))]
}
