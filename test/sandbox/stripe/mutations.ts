/** Every mutation by name, so that tests can ask for one over HTTP: `{ name, args }` with the arguments of its function in order. */
import { type Account, atOnce } from "./account.ts"
import * as charges from "./charges.ts"
import * as customers from "./customers.ts"
import * as disputes from "./disputes.ts"
import * as invoices from "./invoices.ts"
import * as refunds from "./refunds.ts"
import * as subscriptions from "./subscriptions.ts"

type Mutation = (account: Account, ...args: never[]) => unknown

export const MUTATIONS = {
  createCustomer: customers.createCustomer,
  updateCustomer: customers.updateCustomer,
  deleteCustomer: customers.deleteCustomer,
  createCharge: charges.createCharge,
  captureCharge: charges.captureCharge,
  capturePart: charges.capturePart,
  expireCharge: charges.expireCharge,
  settleCharge: charges.settleCharge,
  updateCharge: charges.updateCharge,
  createRefund: refunds.createRefund,
  settleRefund: refunds.settleRefund,
  failRefund: refunds.failRefund,
  updateRefund: refunds.updateRefund,
  openDispute: disputes.openDispute,
  answerDispute: disputes.answerDispute,
  closeDispute: disputes.closeDispute,
  createInvoice: invoices.createInvoice,
  updateInvoice: invoices.updateInvoice,
  finalizeInvoice: invoices.finalizeInvoice,
  payInvoice: invoices.payInvoice,
  voidInvoice: invoices.voidInvoice,
  markUncollectible: invoices.markUncollectible,
  deleteInvoice: invoices.deleteInvoice,
  createSubscription: subscriptions.createSubscription,
  extendTrial: subscriptions.extendTrial,
  noticeTrialEnd: subscriptions.noticeTrialEnd,
  endTrial: subscriptions.endTrial,
  changePlan: subscriptions.changePlan,
  changeQuantity: subscriptions.changeQuantity,
  updateSubscriptionMetadata: subscriptions.updateSubscriptionMetadata,
  cancelNow: subscriptions.cancelNow,
  cancelAtPeriodEnd: subscriptions.cancelAtPeriodEnd,
  undoCancel: subscriptions.undoCancel,
  renew: subscriptions.renew,
  markUnpaid: subscriptions.markUnpaid,
  expireIncomplete: subscriptions.expireIncomplete,
  reactivate: subscriptions.reactivate,
} as const satisfies Record<string, Mutation>

export type MutationName = keyof typeof MUTATIONS

export interface MutationRequest {
  name: string
  args: readonly unknown[]
}

export function mutate(account: Account, request: MutationRequest): unknown {
  if (!Object.hasOwn(MUTATIONS, request.name)) throw new Error(`no mutation ${request.name}`)
  const mutation = MUTATIONS[request.name as MutationName] as (account: Account, ...args: readonly unknown[]) => unknown
  return atOnce(account, () => mutation(account, ...request.args))
}
