/** The feed of events: which types tell a collection's facts, and who reads each. https://docs.stripe.com/api/events/types */
import type { NormalizeContext, Normalized, PageContext, PageRecord } from "../kit/define.ts"
import { ALIAS, type JsonValue } from "../kit/item.ts"
import { isTold, payment } from "../kit/test-money.ts"
import { at, text } from "../kit/values.ts"
import { CHARGE, chargeCaptured, chargeFailed, chargePaid } from "./charge.ts"
import { CUSTOMERS, customerCreated, customerDeleted, customerUpdated } from "./customer.ts"
import { INVOICE, invoiceFact, invoiceUpdated } from "./invoice.ts"
import { refundFromEvent, refundsFromCharge } from "./refund.ts"
import { type Config, isTest, type Reading } from "./shape.ts"
import {
  CANCELLED,
  CHANGE,
  NEW_TRIAL,
  subscriptionChange,
  subscriptionCreated,
  subscriptionDeleted,
  subscriptionPaused,
  subscriptionUpdated,
  TRIAL_CANCELLED,
  TRIAL_EXPIRED,
} from "./subscription.ts"

/** `types[]` takes no more names; a longer list is not filtered at Stripe but here. https://docs.stripe.com/api/events/list */
const MOST_TYPES = 20

interface Announcement {
  type: string
  /** The collections whose facts it may tell. */
  tells: readonly string[]
  read(event: JsonValue, reading: Reading): Normalized
}

/** At most twenty in all, so that every choice of collections can be filtered at Stripe. */
const ANNOUNCEMENTS: readonly Announcement[] = [
  { type: "customer.created", tells: [CUSTOMERS, ALIAS], read: customerCreated },
  { type: "customer.updated", tells: [CUSTOMERS, ALIAS], read: customerUpdated },
  { type: "customer.deleted", tells: [CUSTOMERS], read: customerDeleted },
  { type: "customer.subscription.created", tells: [NEW_TRIAL], read: subscriptionCreated },
  {
    type: "customer.subscription.updated",
    tells: [CHANGE, NEW_TRIAL, TRIAL_CANCELLED, TRIAL_EXPIRED, CANCELLED],
    read: subscriptionUpdated,
  },
  {
    type: "customer.subscription.deleted",
    tells: [CANCELLED, TRIAL_CANCELLED, TRIAL_EXPIRED],
    read: subscriptionDeleted,
  },
  { type: "charge.succeeded", tells: [CHARGE], read: chargePaid },
  { type: "charge.captured", tells: [CHARGE], read: chargeCaptured },
  { type: "charge.updated", tells: [CHARGE], read: chargeCaptured },
  { type: "charge.failed", tells: [CHARGE], read: chargeFailed },
  { type: "charge.refunded", tells: [CHARGE], read: refundsFromCharge },
  { type: "charge.refund.updated", tells: [CHARGE], read: refundFromEvent },
  { type: "refund.created", tells: [CHARGE], read: refundFromEvent },
  { type: "refund.updated", tells: [CHARGE], read: refundFromEvent },
  { type: "invoice.created", tells: [INVOICE], read: invoiceFact("created") },
  { type: "invoice.updated", tells: [INVOICE], read: invoiceUpdated },
  { type: "invoice.paid", tells: [INVOICE], read: invoiceFact("paid") },
  { type: "invoice.voided", tells: [INVOICE], read: invoiceFact("voided") },
  { type: "invoice.marked_uncollectible", tells: [INVOICE], read: invoiceFact("uncollectible") },
]

/**
 * Not asked for, since an update tells the same, and what was before: a failure, a pause, the end of one ("occurs whenever a
 * subscription changes"). Taken where they come.
 */
const IF_SENT: readonly Announcement[] = [
  { type: "refund.failed", tells: [CHARGE], read: refundFromEvent },
  { type: "customer.subscription.paused", tells: [CHANGE, TRIAL_EXPIRED], read: subscriptionPaused },
  { type: "customer.subscription.resumed", tells: [CHANGE], read: subscriptionChange },
]

/** What tells of a subscription's changes, where the feed is read as a list. */
export const CHANGE_TYPES = ["customer.subscription.updated"]

/** The filter to send, or none where Stripe takes no filter of that length. */
export function typeFilter(collections: ReadonlySet<string>): string[] | undefined {
  const types = ANNOUNCEMENTS.filter((known) => tellsAny(known, collections)).map(({ type }) => type)
  return types.length <= MOST_TYPES ? types : undefined
}

/**
 * Whether an event can tell anything of the collections: one of a test payment that does not count cannot, so that nothing is asked for it
 * either. Where Stripe could not filter, the rest is dropped with it.
 */
export function isNeeded(record: PageRecord, { collections, config }: PageContext<Config>): boolean {
  const announcement = announcementOf(record)
  if (announcement === undefined || !tellsAny(announcement, collections)) return false
  return !isOfPayment(announcement) || isTold(isOfTest(record), config)
}

/** An event that announces nothing of ours yields nothing: Stripe adds types at any time. */
export function fromEvent(record: PageRecord, ctx: NormalizeContext<Config>): Normalized {
  const announcement = announcementOf(record)
  if (announcement === undefined) return { drafts: [] }
  const read = () => announcement.read(record.body, ctx)
  return isOfPayment(announcement) ? payment(isOfTest(record), ctx, read) : read()
}

export function collectionOf(record: PageRecord): string {
  return announcementOf(record)?.tells[0] ?? ""
}

function tellsAny({ tells }: Announcement, collections: ReadonlySet<string>): boolean {
  return tells.some((name) => collections.has(name))
}

function isOfPayment({ tells }: Announcement): boolean {
  return tells.includes(CHARGE)
}

/** A refund does not say itself whether its money is real: its event does. */
function isOfTest({ body }: PageRecord): boolean {
  return isTest(at(body, "data.object"), body)
}

function announcementOf({ body }: PageRecord): Announcement | undefined {
  const type = text(body, "type")
  return [...ANNOUNCEMENTS, ...IF_SENT].find((known) => known.type === type)
}
