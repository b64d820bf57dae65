/**
 * Charges: a payment for each capture, or one that failed. An authorization may be captured days later, and in parts; each part is told
 * with the amount that it added. A list shows only the sum, and tells that once.
 * https://docs.stripe.com/payments/place-a-hold-on-a-payment-method, https://docs.stripe.com/payments/multicapture
 */
import type { Draft, Normalized } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { payment } from "../kit/test-money.ts"
import { at, email, flag, fromSeconds, needNumber, needText, number, present, text } from "../kit/values.ts"
import { customerId, idAt, isTest, major, needMoney, type Reading } from "./shape.ts"

export const CHARGE = "Charge"

/** What is captured within this counts as captured at once: a balance transaction may be dated a little after its charge. */
const AT_ONCE_S = 60

/** Of a debit the balance transaction is dated when the bank has paid, days later; none is authorized first. https://docs.stripe.com/payments/bank-debits */
const DEBIT = /_debit$|^us_bank_account$/

const NOTHING: Normalized = { drafts: [] }

interface Capture {
  /** Minor units captured by then, in all: with the charge's id, the capture's name. */
  sum: number
  /** Minor units that this capture added. */
  rise: number
  /** Epoch seconds. */
  at: number
}

/** Who paid: the customer by id; a guest by the billing email, then the receipt's. Null: the charge names nobody. */
export function chargePayer(charge: JsonValue): string | null {
  return customerId(charge) ?? email(text(charge, "billing_details.email")) ?? email(text(charge, "receipt_email"))
}

/** From `/v1/charges`: what has become of it, or that it is still open (a pending debit). */
export function chargeFromList(charge: JsonValue, reading: Reading): Normalized {
  return payment(isTest(charge), reading, () => listedCharge(charge))
}

function listedCharge(charge: JsonValue): Normalized {
  const status = needText(charge, "status")
  if (status === "failed") return { drafts: [failed(charge)] }
  if (status !== "succeeded") return { drafts: [], pending: pendingKeys(charge) }
  const sum = capturedSum(charge)
  if (sum === 0) return NOTHING
  const paidAt = capturedAt(charge)
  const drafts = [captured(charge, { sum, rise: sum, at: paidAt })]
  // The feed may date it some seconds otherwise, on the other side of where live reading begins.
  return paidAt === needNumber(charge, "created")
    ? { drafts }
    : { drafts, pending: [openKey(charge, paid(sum), paidAt)] }
}

/** From `charge.succeeded`, which is also sent for an authorization: that has moved no money yet. */
export function chargePaid(event: JsonValue): Normalized {
  const charge = at(event, "data.object") ?? null
  const sum = capturedSum(charge)
  if (sum === 0) return NOTHING
  const draft = captured(charge, { sum, rise: sum, at: needNumber(charge, "created") })
  return { drafts: [draft], closed: [key(charge, "failed")] }
}

/**
 * From `charge.captured` and `charge.updated`. A charge that may be captured in parts tells each with an update that says what was
 * captured before; its `charge.captured` does not.
 */
export function chargeCaptured(event: JsonValue): Normalized {
  const charge = at(event, "data.object") ?? null
  const sum = capturedSum(charge)
  const earlier = capturedBefore(event)
  if (earlier === null || sum <= earlier) return NOTHING
  const capture = { sum, rise: sum - earlier, at: momentOf(charge, needNumber(event, "created")) }
  return { drafts: [captured(charge, capture)] }
}

export function chargeFailed(event: JsonValue): Normalized {
  const charge = at(event, "data.object") ?? null
  return { drafts: [failed(charge)], closed: [key(charge, paid(needNumber(charge, "amount")))] }
}

/** Whether money of it was taken, in whole or in part. */
export function isCaptured(charge: JsonValue): boolean {
  return flag(charge, "captured") || (number(charge, "amount_captured") ?? 0) > 0
}

/** Minor units. Only versions before amount_captured (2020) leave it out; there a capture was of the whole amount or said so in the amount. */
function capturedSum(charge: JsonValue): number {
  return number(charge, "amount_captured") ?? (flag(charge, "captured") ? needNumber(charge, "amount") : 0)
}

/** Null: it is not known. */
function capturedBefore(event: JsonValue): number | null {
  const said = number(event, "data.previous_attributes.amount_captured")
  if (said !== null || text(event, "type") !== "charge.captured") return said
  const mayBeInParts = text(event, "data.object.payment_method_details.card.multicapture.status") === "available"
  return mayBeInParts ? null : 0
}

function capturedAt(charge: JsonValue): number {
  const created = needNumber(charge, "created")
  const isDebit = DEBIT.test(text(charge, "payment_method_details.type") ?? "")
  return isDebit ? created : momentOf(charge, number(charge, "balance_transaction.created") ?? created)
}

function momentOf(charge: JsonValue, capturedAt: number): number {
  const created = needNumber(charge, "created")
  return capturedAt - created <= AT_ONCE_S ? created : capturedAt
}

function captured(charge: JsonValue, { sum, rise, at }: Capture): Draft {
  const amount = major(rise, needText(charge, "currency"))
  return draft(charge, { status: "succeeded", fact: paid(sum), at }, { amount })
}

function failed(charge: JsonValue): Draft {
  const failure = { failure_code: text(charge, "failure_code"), failure_message: text(charge, "failure_message") }
  const values = { amount: needMoney(charge, "amount"), ...failure }
  return draft(charge, { status: "failed", fact: "failed", at: needNumber(charge, "created") }, values)
}

function draft(
  charge: JsonValue,
  { status, fact, at }: { status: string; fact: string; at: number },
  values: Record<string, JsonValue>,
): Draft {
  const payer = chargePayer(charge)
  return {
    collection: CHARGE,
    userId: payer ?? needText(charge, "id"),
    id: needText(charge, "id"),
    fact,
    time: fromSeconds(at),
    // Of what can change later (its description), a list would tell the present.
    data: present({
      type: "payment",
      status,
      ...values,
      currency: needText(charge, "currency"),
      charge: needText(charge, "id"),
      customer: customerId(charge),
      anonymous: payer === null ? true : null,
      payment_intent: idAt(charge, "payment_intent"),
      payment_method: text(charge, "payment_method_details.type"),
      card_brand: text(charge, "payment_method_details.card.brand"),
    }),
    from: charge,
  }
}

/** A debit is told as of its creation, whenever the bank pays. */
function pendingKeys(charge: JsonValue) {
  const created = needNumber(charge, "created")
  return [paid(capturedSum(charge) || needNumber(charge, "amount")), "failed"].map((fact) =>
    openKey(charge, fact, created),
  )
}

function openKey(charge: JsonValue, fact: string, seconds: number) {
  return { ...key(charge, fact), time: fromSeconds(seconds) }
}

function paid(sum: number): string {
  return `succeeded:${sum}`
}

function key(charge: JsonValue, fact: string) {
  return { collection: CHARGE, key: `${needText(charge, "id")}:${fact}` }
}
