/** Charges: a payment that succeeded or failed, told once, at the charge's creation. */
import type { Draft, Normalized } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { at, flag, fromSeconds, needNumber, needText, present, text } from "../kit/values.ts"
import { idAt, money, needMoney, person, type Reading } from "./shape.ts"

export const CHARGE = "Charge"

/** A charge's own email comes from the customer where the request expanded it, else from what the payer typed. */
const EMAILS = ["customer.email", "billing_details.email", "receipt_email"]

const NOTHING: Normalized = { drafts: [] }

export function chargePerson(charge: JsonValue, reading: Reading): string {
  return person(charge, EMAILS, reading)
}

/** From `/v1/charges`: what has become of it, or that it is still open (a pending debit, an authorization not captured). */
export function chargeFromList(charge: JsonValue, reading: Reading): Normalized {
  const status = needText(charge, "status")
  if (status === "failed") return { drafts: [failed(charge, reading)] }
  if (status === "succeeded" && isCaptured(charge)) return { drafts: [succeeded(charge, reading)] }
  return { drafts: [], pending: canStillBeCaptured(charge) ? pendingKeys(charge) : [] }
}

/** From `charge.succeeded` and `charge.captured`: the first is also sent for an authorization, which has moved no money yet. */
export function chargePaid(event: JsonValue, reading: Reading): Normalized {
  const charge = at(event, "data.object") ?? null
  if (!isCaptured(charge)) return NOTHING
  return { drafts: [succeeded(charge, reading)], closed: [key(charge, "failed")] }
}

export function chargeFailed(event: JsonValue, reading: Reading): Normalized {
  const charge = at(event, "data.object") ?? null
  return { drafts: [failed(charge, reading)], closed: [key(charge, "succeeded")] }
}

/** An authorization that nobody captured in time. https://docs.stripe.com/api/events/types#event_types-charge.expired */
export function chargeExpired(event: JsonValue): Normalized {
  const charge = at(event, "data.object") ?? null
  return { drafts: [], closed: [key(charge, "succeeded"), key(charge, "failed")] }
}

export function isCaptured(charge: JsonValue): boolean {
  return flag(charge, "captured")
}

/** Before 2025-03-31.basil a released authorization counts as refunded. Since then nothing tells; its key is forgotten in time. */
function canStillBeCaptured(charge: JsonValue): boolean {
  return !flag(charge, "refunded")
}

function succeeded(charge: JsonValue, reading: Reading): Draft {
  // Only versions before amount_captured (2020) leave it out; there a capture was of the whole amount or said so in the amount.
  const amount = money(charge, "amount_captured") ?? needMoney(charge, "amount")
  return draft(charge, "succeeded", { amount }, reading)
}

function failed(charge: JsonValue, reading: Reading): Draft {
  const failure = { failure_code: text(charge, "failure_code"), failure_message: text(charge, "failure_message") }
  return draft(charge, "failed", { amount: needMoney(charge, "amount"), ...failure }, reading)
}

function draft(charge: JsonValue, status: string, values: Record<string, JsonValue>, reading: Reading): Draft {
  return {
    collection: CHARGE,
    userId: chargePerson(charge, reading),
    id: needText(charge, "id"),
    fact: status,
    time: fromSeconds(needNumber(charge, "created")),
    data: present({
      type: "payment",
      status,
      ...values,
      currency: needText(charge, "currency"),
      charge: needText(charge, "id"),
      customer: idAt(charge, "customer"),
      payment_intent: idAt(charge, "payment_intent"),
      invoice: idAt(charge, "invoice"),
      description: text(charge, "description"),
      payment_method: text(charge, "payment_method_details.type"),
      card_brand: text(charge, "payment_method_details.card.brand"),
    }),
    from: charge,
  }
}

function pendingKeys(charge: JsonValue) {
  const time = fromSeconds(needNumber(charge, "created"))
  return ["succeeded", "failed"].map((fact) => ({ ...key(charge, fact), time }))
}

function key(charge: JsonValue, fact: string) {
  return { collection: CHARGE, key: `${needText(charge, "id")}:${fact}` }
}
