/** The feed of events as the live stream: its pages, what completes them, and where a page ends so that few requests do. */
import type { Page, PageContext, PageRecord, PageRequest, PartnerAnswer } from "../kit/define.ts"
import { askCustomer, changedCustomer, eventOf, tokenAfter, toldEarlier, withEarlierChanges } from "./changes.ts"
import { CHARGE } from "./charge.ts"
import { CUSTOMERS, removedBy } from "./customer.ts"
import { isNeeded, typeFilter } from "./events.ts"
import { followRefunds, isRefundIncomplete, withCharges } from "./follow.ts"
import { listPage, listRequest } from "./lists.ts"
import { askMailbox, deletedMailbox } from "./mailbox.ts"
import type { Config } from "./shape.ts"

/** Customers that a page may ask about, beside its refunds. A page that needs more ends before the next one. */
export const CUSTOMER_LOOKUPS_MAX = 2

type Context = PageContext<Config>

export function feedRequest(ctx: Context): PageRequest {
  return listRequest(
    "/v1/events",
    { ...ctx, pageToken: eventOf(ctx.pageToken) },
    { "types[]": typeFilter(ctx.collections) },
  )
}

export function feedPage(answer: PartnerAnswer, ctx: Context): Page {
  const listed = listPage(answer, ctx)
  const page = ctx.collections.has(CUSTOMERS) ? withFewCustomers(listed, ctx) : listed
  const needed = page.records.filter((event) => isNeeded(event, ctx))
  const next =
    page.next === null ? null : tokenAfter(page.next, ctx.pageToken, ctx.collections.has(CUSTOMERS) ? needed : [])
  return { ...page, next, records: withEarlierChanges(withCharges(needed)) }
}

export const feedLookup = {
  isNeeded: (record: PageRecord): boolean => isRefundIncomplete(record) || mayAskCustomer(record),
  requests: (records: readonly PageRecord[], ctx: Context): PageRequest[] => [
    ...(ctx.collections.has(CHARGE) ? followRefunds(records) : []),
    ...(ctx.collections.has(CUSTOMERS) ? aboutCustomers(records, ctx) : []),
  ],
}

function mayAskCustomer(record: PageRecord): boolean {
  return deletedMailbox(record) !== null || (changedCustomer(record.body) !== null && removes(record))
}

function removes({ body }: PageRecord): boolean {
  return removedBy(body).length > 0
}

function withFewCustomers(page: Page, ctx: Context): Page {
  const end = page.records.findIndex((_, index) => {
    return aboutCustomers(page.records.slice(0, index + 1), ctx).length > CUSTOMER_LOOKUPS_MAX
  })
  const last = page.records[end - 1]
  return last ? { ...page, records: page.records.slice(0, end), next: last.id } : page
}

function aboutCustomers(records: readonly PageRecord[], { pageToken }: Context): PageRequest[] {
  const mailboxes = new Set(records.flatMap((record) => deletedMailbox(record) ?? []))
  const removing = records.filter((record) => toldEarlier(record, pageToken) !== null && removes(record))
  const customers = new Set(removing.flatMap((record) => toldEarlier(record, pageToken) ?? []))
  return [...[...mailboxes].map(askMailbox), ...[...customers].map(askCustomer)]
}
