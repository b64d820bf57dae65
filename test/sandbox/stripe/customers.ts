/** What happens to customers. */
import { type Account, add, get, newRow, record, recordEmail, touch } from "./account.ts"
import { change, emit } from "./events.ts"
import type { CustomerRow } from "./model.ts"
import { cancelNow } from "./subscriptions.ts"

export interface CustomerFields {
  email?: string | null
  name?: string | null
  phone?: string | null
  description?: string | null
  country?: string | null
  metadata?: Record<string, string>
}

export function createCustomer(account: Account, fields: CustomerFields = {}): CustomerRow {
  const row: CustomerRow = {
    ...newRow(account, "cus"),
    email: fields.email ?? null,
    name: fields.name ?? null,
    phone: fields.phone ?? null,
    description: fields.description ?? null,
    country: fields.country ?? null,
    currency: null,
    delinquent: false,
    balance: 0,
    metadata: { ...fields.metadata },
    deleted: false,
  }
  add(account, "customer", row)
  recordEmail(account, row.id, row.email)
  record(account, "customer.created", row, { customer: row.id }, { email: row.email, name: row.name })
  emit(account, "customer.created", "customer", row)
  return row
}

export function updateCustomer(account: Account, id: string, fields: CustomerFields): CustomerRow {
  const row = get(account, "customer", id)
  const formerEmail = row.email
  const changed = change(account, "customer", row, (customer) => Object.assign(customer, fields), ["customer.updated"])
  if (!changed) return row
  if (row.email !== formerEmail) {
    recordEmail(account, id, row.email)
    record(account, "customer.email_changed", row, { customer: id }, { email: row.email, formerEmail })
  }
  record(account, "customer.updated", row, { customer: id }, { changes: Object.keys(fields), email: row.email })
  return row
}

/** Stripe sets it by itself: a customer's currency is that of their first subscription or invoice. */
export function fixCurrency(account: Account, row: CustomerRow, currency: string): void {
  if (row.currency !== null) return
  change(account, "customer", row, (customer) => Object.assign(customer, { currency }), ["customer.updated"])
  record(account, "customer.updated", row, { customer: row.id }, { changes: ["currency"], email: row.email })
}

export function setDelinquent(account: Account, row: CustomerRow, delinquent: boolean): void {
  if (row.delinquent === delinquent || row.deleted) return
  change(account, "customer", row, (customer) => Object.assign(customer, { delinquent }), ["customer.updated"])
  record(account, "customer.updated", row, { customer: row.id }, { changes: ["delinquent"], email: row.email })
}

/** Deleting "also immediately cancels any active subscriptions on the customer". https://docs.stripe.com/api/customers/delete */
export function deleteCustomer(account: Account, id: string): CustomerRow {
  const row = get(account, "customer", id)
  for (const subscription of account.tables.subscription.order) {
    if (subscription.customer === id && subscription.endedAt === null) cancelNow(account, subscription.id)
  }
  emit(account, "customer.deleted", "customer", row)
  record(account, "customer.deleted", row, { customer: id }, { email: row.email })
  row.deleted = true
  touch(account, "customer", row)
  return row
}
