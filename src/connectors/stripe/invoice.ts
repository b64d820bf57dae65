/** Invoices: created, paid, voided, given up, and every other update. https://docs.stripe.com/invoicing/integration/workflow-transitions */
import type { Draft, Normalized } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { type Teller, tellEach } from "../kit/tell-each.ts"
import { at, fromSeconds, isoFromSeconds, needNumber, needText, number, present, text } from "../kit/values.ts"
import { changedFields, customerId, idAt, isTest, money, needMoney, person } from "./shape.ts"

export const INVOICE = "Invoice"

/** Where an invoice says when it became what it is. */
const BECAME = {
  created: "created",
  paid: "status_transitions.paid_at",
  voided: "status_transitions.voided_at",
  uncollectible: "status_transitions.marked_uncollectible_at",
} as const

type Fact = keyof typeof BECAME

/** What stands still once an invoice has been finalized, so that a list and an event tell it alike. */
const FINAL = ["paid", "voided", "uncollectible"]

/** What an invoice ends as: from then on its payments stand still, too. One that was given up may still be paid. */
const CLOSED = ["paid", "voided"]

export function invoiceFromList(invoice: JsonValue): Normalized {
  const facts = (Object.keys(BECAME) as Fact[]).filter((fact) => number(invoice, BECAME[fact]) !== null)
  return tellEach(facts.map((fact) => became(invoice, fact)))
}

/** From `invoice.created`, `invoice.paid`, `invoice.voided` and `invoice.marked_uncollectible`. */
export function invoiceFact(fact: Fact) {
  return (event: JsonValue): Normalized => tellEach([became(at(event, "data.object") ?? null, fact, event)])
}

/** From `invoice.updated`: no invoice remembers its updates, so the event is the record. */
export function invoiceUpdated(event: JsonValue): Normalized {
  const invoice = at(event, "data.object") ?? null
  const values = {
    changed: changedFields(event).join(", "),
    invoice_status: text(invoice, "status"),
    ...sums(invoice),
    ...payments(invoice),
  }
  const made = draft(invoice, "updated", needNumber(event, "created"), values, event)
  return { drafts: [{ ...made, id: needText(event, "id") }] }
}

/** An event may come before its object says when it became so; then it is the event's time. */
function became(invoice: JsonValue, fact: Fact, event?: JsonValue): Teller {
  const tell = () => {
    const time = number(invoice, BECAME[fact]) ?? number(event, "created") ?? needNumber(invoice, BECAME[fact])
    // A draft may still change: of an invoice that was made, a list would tell what it came to.
    const values = {
      ...(FINAL.includes(fact) && sums(invoice)),
      ...(CLOSED.includes(fact) && payments(invoice)),
    }
    return { ...draft(invoice, fact, time, values, event), fact }
  }
  return { collection: INVOICE, tell }
}

function draft(
  invoice: JsonValue,
  status: string,
  seconds: number,
  values: Record<string, JsonValue>,
  event?: JsonValue,
): Draft {
  return {
    collection: INVOICE,
    userId: person(invoice),
    id: needText(invoice, "id"),
    time: fromSeconds(seconds),
    data: present({
      status,
      invoice: needText(invoice, "id"),
      customer: customerId(invoice),
      // Moved under `parent` in 2025-03-31.basil.
      subscription: idAt(invoice, "parent.subscription_details.subscription") ?? idAt(invoice, "subscription"),
      currency: needText(invoice, "currency"),
      billing_reason: text(invoice, "billing_reason"),
      ...values,
      test: isTest(invoice, event) ? true : null,
    }),
    from: invoice,
  }
}

function sums(invoice: JsonValue): Record<string, JsonValue> {
  return {
    number: text(invoice, "number"),
    total: needMoney(invoice, "total"),
    subtotal: money(invoice, "subtotal"),
    amount_due: money(invoice, "amount_due"),
    // Renamed in 2019-10-17. https://docs.stripe.com/changelog/2019-10-17/renames-billing-attribute
    collection_method: text(invoice, "collection_method") ?? text(invoice, "billing"),
    due_date: isoFromSeconds(number(invoice, "due_date")),
  }
}

function payments(invoice: JsonValue): Record<string, JsonValue> {
  return {
    amount_paid: money(invoice, "amount_paid"),
    amount_remaining: money(invoice, "amount_remaining"),
    attempt_count: number(invoice, "attempt_count"),
  }
}
