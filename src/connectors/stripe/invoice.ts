/** Invoices: created, paid, voided, given up, and every other update. https://docs.stripe.com/invoicing/integration/workflow-transitions */
import type { Draft, Normalized } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { at, fromSeconds, isoFromSeconds, needNumber, needText, number, present, text } from "../kit/values.ts"
import { changedFields, customerId, idAt, money, needMoney, person, type Reading } from "./shape.ts"

export const INVOICE = "Invoice"

/** Where an invoice says when it became what it is. */
const BECAME = {
  created: "created",
  paid: "status_transitions.paid_at",
  voided: "status_transitions.voided_at",
  uncollectible: "status_transitions.marked_uncollectible_at",
} as const

type Fact = keyof typeof BECAME

export function invoiceFromList(invoice: JsonValue, reading: Reading): Normalized {
  const facts = (Object.keys(BECAME) as Fact[]).filter((fact) => number(invoice, BECAME[fact]) !== null)
  return { drafts: facts.map((fact) => became(invoice, fact, reading)) }
}

/** From `invoice.created`, `invoice.paid`, `invoice.voided` and `invoice.marked_uncollectible`. */
export function invoiceFact(fact: Fact) {
  return (event: JsonValue, reading: Reading): Normalized => ({
    drafts: [became(at(event, "data.object") ?? null, fact, reading)],
  })
}

/** From `invoice.updated`: no invoice remembers its updates, so the event is the record. */
export function invoiceUpdated(event: JsonValue, reading: Reading): Normalized {
  const invoice = at(event, "data.object") ?? null
  const data = { changed: changedFields(event).join(", "), ...payments(invoice) }
  const time = needNumber(event, "created")
  return { drafts: [{ ...draft(invoice, "updated", time, data, reading), id: needText(event, "id") }] }
}

function became(invoice: JsonValue, fact: Fact, reading: Reading): Draft {
  // What was paid since belongs to the later facts, even where the list shows it already.
  const data = fact === "created" ? {} : payments(invoice)
  const made = draft(invoice, fact, needNumber(invoice, BECAME[fact]), data, reading)
  return { ...made, fact }
}

function draft(
  invoice: JsonValue,
  status: string,
  seconds: number,
  data: Record<string, JsonValue>,
  reading: Reading,
): Draft {
  return {
    collection: INVOICE,
    userId: person(invoice, ["customer_email", "customer.email"], reading),
    id: needText(invoice, "id"),
    time: fromSeconds(seconds),
    data: present({
      status,
      invoice: needText(invoice, "id"),
      number: text(invoice, "number"),
      customer: customerId(invoice),
      // Moved under `parent` in 2025-03-31.basil.
      subscription: idAt(invoice, "parent.subscription_details.subscription") ?? idAt(invoice, "subscription"),
      currency: needText(invoice, "currency"),
      total: needMoney(invoice, "total"),
      subtotal: money(invoice, "subtotal"),
      amount_due: money(invoice, "amount_due"),
      billing_reason: text(invoice, "billing_reason"),
      collection_method: text(invoice, "collection_method"),
      due_date: isoFromSeconds(number(invoice, "due_date")),
      ...data,
    }),
    from: invoice,
  }
}

function payments(invoice: JsonValue): Record<string, JsonValue> {
  return {
    invoice_status: text(invoice, "status"),
    amount_paid: money(invoice, "amount_paid"),
    amount_remaining: money(invoice, "amount_remaining"),
    attempt_count: number(invoice, "attempt_count"),
  }
}
