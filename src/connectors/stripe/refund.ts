/**
 * Refunds: each is a fact of its own with its own amount and its own id, whichever way Stripe tells of it.
 *
 * The lists tell it whole. The feed tells it in pieces: `refund.*` and `charge.refund.updated` carry the refund but not who paid;
 * `charge.refunded` carries who paid but, from 2022-11-15 on, no refund, and until 2024-10-28 it was the only event of a
 * charge's refund. What a page of the feed leaves open is looked up in `/v1/refunds` (see follow.ts).
 * https://docs.stripe.com/changelog/2022-11-15/deprecates-charges-auto-expand
 * https://docs.stripe.com/changelog/acacia/2024-10-28/refund-webhook-update
 */
import { type Draft, type Normalized, RecordError, ShapeError } from "../kit/define.ts"
import type { JsonValue } from "../kit/item.ts"
import { payment } from "../kit/test-money.ts"
import { at, flag, fromSeconds, isObject, needNumber, needText, number, present, rows, text } from "../kit/values.ts"
import { CHARGE, chargePayer, isCaptured } from "./charge.ts"
import { changed, customerId, hasWholeLists, idAt, isTest, needMoney, type Reading } from "./shape.ts"

/** How far apart Stripe may date a refund and the event that announces it; must stay well under the feed's lookback. */
export const ANNOUNCED_WITHIN_S = 60

/** As long as a list may lag behind the feed; a page is read again until then, and later its record goes to quarantine. */
const LISTED_WITHIN_MS = 600_000

/** A capture and the release of what it left over are one act at Stripe; its balance transaction may be dated a little later. */
const RELEASED_WITHIN_S = 10

/** From this version's date on `refund.created` is sent for every refund. */
const REFUND_EVENTS_SINCE = "2024-10-28"

export function refundFromList(refund: JsonValue, reading: Reading): Normalized {
  const charge = chargeOf(refund, [])
  return payment(isTestRefund(charge, reading), reading, () => listedRefund(refund, charge))
}

function listedRefund(refund: JsonValue, charge: JsonValue | undefined): Normalized {
  if (charge && movesNoMoney(refund, charge)) return { drafts: [] }
  const status = needText(refund, "status")
  const time = fromSeconds(needNumber(refund, "created"))
  const open = isUndecided(status) ? [key(refund, "succeeded"), key(refund, "failed")] : []
  return { drafts: told(refund, status, { charge }), pending: open.map((one) => ({ ...one, time })) }
}

/** From `refund.created`, `refund.updated`, `refund.failed` and `charge.refund.updated`. */
export function refundFromEvent(event: JsonValue, reading: Reading): Normalized {
  const refund = at(event, "data.object") ?? null
  if (!announces(event)) return { drafts: [] }
  const status = isFailure(event) ? "failed" : needText(refund, "status")
  const charge = chargeOf(refund, reading.followed)
  if (charge && movesNoMoney(refund, charge)) return { drafts: [] }
  const announcedAt = needNumber(event, "created")
  const drafts = told(refund, status, { charge, announcedAt })
  const payer = charge ?? customerId(refund)
  // Money is told even of nobody, but only once the list has had its time to show who paid.
  if (drafts.length > 0 && payer === null && idAt(refund, "charge") !== null && mayBeListedYet(event, reading))
    throw new ShapeError(`${notShown(idAt(refund, "charge"))} yet`)
  return { drafts, closed: closedFacts(refund, status) }
}

/** From `charge.refunded`: the refunds it announces, where no event of their own does. */
export function refundsFromCharge(event: JsonValue, reading: Reading): Normalized {
  const charge = at(event, "data.object") ?? null
  if (!announcesByCharge(event)) return { drafts: [] }
  const refunds = embeddedRefunds(event) ?? listedRefunds(event, reading)
  return {
    drafts: refunds.flatMap((refund) => {
      const known = chargeOf(refund, reading.followed) ?? charge
      return movesNoMoney(refund, known) ? [] : told(refund, needText(refund, "status"), { charge: known })
    }),
  }
}

/**
 * Whether an event tells a status that is new. An update that only adds the bank's reference number, weeks later, does not:
 * taking the snapshot's status there would send the refund a second time.
 */
export function announces(event: JsonValue): boolean {
  return text(event, "type") === "refund.created" || isFailure(event) || changed(event, "status")
}

function isFailure(event: JsonValue): boolean {
  return text(event, "type") === "refund.failed"
}

/** Whether `charge.refunded` is the event to read a refund from: not for a released authorization, nor beside `refund.created`. */
export function announcesByCharge(event: JsonValue): boolean {
  const version = text(event, "api_version")
  return isCaptured(at(event, "data.object") ?? null) && (version === null || version < REFUND_EVENTS_SINCE)
}

/**
 * The refunds that came with this event, where the event's version embeds them (before 2022-11-15). The list holds the ten newest: were
 * all of them new, there may be more.
 */
export function embeddedRefunds(event: JsonValue): JsonValue[] | null {
  const all = rows(event, "data.object.refunds.data")
  const earlier = rows(event, "data.previous_attributes.refunds.data").map((refund) => text(refund, "id"))
  const isNew = (refund: JsonValue) =>
    changed(event, "refunds") && hasWholeLists(event)
      ? !earlier.includes(text(refund, "id"))
      : isAnnouncedBy(event, refund)
  const fresh = all.filter(isNew)
  const isCut = flag(event, "data.object.refunds.has_more") && fresh.length === all.length
  return all.length === 0 || isCut ? null : fresh
}

/**
 * Before 2025-03-31.basil a partial capture and a cancelled authorization left a refund behind, for money that was never taken.
 * It carries what the capture left over and the capture's time, which is that of the charge's balance transaction.
 * https://support.stripe.com/questions/changes-to-balance-transaction-behavior-for-partial-capture-and-payment-cancellation-flows
 */
export function movesNoMoney(refund: JsonValue, charge: JsonValue): boolean {
  if (!isCaptured(charge)) return true
  const capturedAt = number(charge, "balance_transaction.created")
  if (capturedAt === null || !looksReleased(refund, charge)) return false
  return needNumber(refund, "created") <= capturedAt + RELEASED_WITHIN_S
}

/** As far as amounts can tell: a refund of just what a partial capture left over. */
export function looksReleased(refund: JsonValue, charge: JsonValue): boolean {
  const leftOver = (number(charge, "amount") ?? 0) - (number(charge, "amount_captured") ?? 0)
  return leftOver > 0 && number(refund, "amount") === leftOver
}

function listedRefunds(event: JsonValue, reading: Reading): JsonValue[] {
  const charge = needText(event, "data.object.id")
  const ofCharge = allRefunds(reading.followed).filter((refund) => idAt(refund, "charge") === charge)
  const found = ofCharge.filter((refund) => isAnnouncedBy(event, refund))
  if (found.length > 0) return found
  const reason = notShown(charge)
  throw mayBeListedYet(event, reading) ? new ShapeError(`${reason} yet`) : new RecordError(reason)
}

/** A list lags behind the feed for a while: the page is read again until it shows the refund. */
function mayBeListedYet(event: JsonValue, { asked }: Reading): boolean {
  return asked - fromSeconds(needNumber(event, "created")) < LISTED_WITHIN_MS
}

function notShown(charge: string | null): string {
  return `Stripe's event does not tell the refund of ${charge} whole, and its list of refunds does not show it`
}

/** One without a time is left to whoever reads it, who will say what is missing. */
function isAnnouncedBy(event: JsonValue, refund: JsonValue): boolean {
  const announced = needNumber(event, "created")
  return Math.abs(announced - (number(refund, "created") ?? announced)) <= ANNOUNCED_WITHIN_S
}

/** The refunded charge: as it is known from the page, better as the list tells it, for there its capture is dated. */
function chargeOf(refund: JsonValue, followed: readonly unknown[]): JsonValue | undefined {
  const id = idAt(refund, "charge")
  const listed = id === null ? undefined : allRefunds(followed).find((other) => idAt(other, "charge") === id)
  return [at(listed, "charge"), at(refund, "charge")].find(isObject)
}

function allRefunds(followed: readonly unknown[]): JsonValue[] {
  return followed.flatMap((body) => rows(body as JsonValue, "data"))
}

/** A listed refund does not say itself whether its money is real: its charge does, or, without one, the account's mode. */
function isTestRefund(charge: JsonValue | undefined, { account }: Reading): boolean {
  return charge ? isTest(charge) : account.mode === "test"
}

interface Telling {
  charge: JsonValue | undefined
  /** Epoch seconds, of the event that tells it. */
  announcedAt?: number
}

function told(refund: JsonValue, status: string, telling: Telling): Draft[] {
  if (status !== "succeeded" && status !== "failed") return []
  const id = needText(refund, "id")
  const created = needNumber(refund, "created")
  const payer = customerId(refund) ?? (telling.charge ? chargePayer(telling.charge) : null)
  return [
    {
      collection: CHARGE,
      // A payment that names nobody is known by its charge, and so is its refund.
      userId: payer ?? idAt(refund, "charge") ?? id,
      id,
      fact: status,
      time: fromSeconds(status === "failed" ? (failedAt(refund, telling) ?? created) : created),
      data: present({
        type: "refund",
        status,
        amount_refunded: needMoney(refund, "amount"),
        currency: needText(refund, "currency"),
        refund: id,
        charge: idAt(refund, "charge"),
        customer: customerId(refund) ?? (telling.charge ? customerId(telling.charge) : null),
        anonymous: payer === null ? true : null,
        payment_intent: idAt(refund, "payment_intent"),
        reason: text(refund, "reason"),
        failure_code: text(refund, "failure_reason"),
      }),
      from: refund,
    },
  ]
}

/**
 * A bank may send the money back weeks after the refund succeeded; that is when the balance gets it back. An event names only the
 * balance transaction, but is of the same moment.
 */
function failedAt(refund: JsonValue, { announcedAt }: Telling): number | null {
  return number(refund, "failure_balance_transaction.created") ?? announcedAt ?? null
}

function isUndecided(status: string): boolean {
  return status === "pending" || status === "requires_action"
}

function closedFacts(refund: JsonValue, status: string) {
  if (status === "canceled") return [key(refund, "succeeded"), key(refund, "failed")]
  return status === "failed" ? [key(refund, "succeeded")] : []
}

function key(refund: JsonValue, fact: string) {
  return { collection: CHARGE, key: `${needText(refund, "id")}:${fact}` }
}
