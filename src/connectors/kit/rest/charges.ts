/**
 * `Charge`, the destination's one event of revenue: a payment that succeeded or failed, a refund. Whatever the partner calls them, they
 * carry the same attributes; a partner adds its own.
 */
import { currency, type Field, type Fields, minor, text } from "./fields.ts"
import { event, type Happening, type Tells } from "./tells.ts"

export const CHARGE = "Charge"
const ABOUT = "A payment that succeeded or failed, or a refund."

/** An amount in the currency's smallest unit, and its currency: both of the same object. */
export interface Amount {
  amount: string
  currency: string
}

export function paid(amount: Amount, happening: Happening, own: Fields): Tells {
  return charge("payment", "succeeded", amount, happening, { amount: amountOf(amount), ...own })
}

export function declined(amount: Amount, happening: Happening, own: Fields): Tells {
  return charge("payment", "failed", amount, happening, { amount: amountOf(amount), ...own })
}

export function refunded(amount: Amount, happening: Happening, own: Fields): Tells {
  const amount_refunded = minor(amount.amount, amount.currency, "Refunds: this refund's own amount")
  return charge("refund", "succeeded", amount, happening, { amount_refunded, ...own })
}

function amountOf({ amount, currency }: Amount): Field {
  return minor(amount, currency, "Payments: the amount taken, or tried if it failed")
}

function charge(type: string, status: string, amount: Amount, happening: Happening, fields: Fields): Tells {
  return event(CHARGE, ABOUT, happening, {
    type: text(() => type, "A payment, or a refund of one"),
    status: text(() => status, "Whether it succeeded"),
    currency: currency(amount.currency, "Currency of the amounts: three-letter code, lower case"),
    ...fields,
  })
}
