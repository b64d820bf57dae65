/** Stripe's objects as API version 2026-08-26.dahlia documents them, built from the account's rows: one file a kind. */
import type { JsonObject } from "../json.ts"
import type { Account } from "./account.ts"
import type { Kind, Rows } from "./model.ts"
import { chargeObject } from "./objects/charge.ts"
import { customerObject } from "./objects/customer.ts"
import { disputeObject } from "./objects/dispute.ts"
import { eventObject } from "./objects/event.ts"
import { invoiceObject } from "./objects/invoice.ts"
import { refundObject } from "./objects/refund.ts"
import { subscriptionObject } from "./objects/subscription.ts"

const BUILDERS: { [K in Kind]: (account: Account, row: Rows[K]) => JsonObject } = {
  customer: customerObject,
  subscription: subscriptionObject,
  charge: chargeObject,
  refund: refundObject,
  invoice: invoiceObject,
  dispute: disputeObject,
  event: eventObject,
}

/** An object in the current shape; one that was loaded as it is, as it is. */
export function build<K extends Kind>(account: Account, kind: K, row: Rows[K]): JsonObject {
  return row.raw ?? BUILDERS[kind](account, row)
}
