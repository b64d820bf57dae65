/** Stripe's ledger as the oracle asks it: what is due, and what no list or feed of Stripe's can tell any more. */
import type { Received } from "../../sandbox/intempt/track.ts"
import type { JsonObject } from "../../sandbox/json.ts"
import type { Account } from "../../sandbox/stripe/account.ts"
import { build } from "../../sandbox/stripe/objects.ts"
import { groupBy, isLeftOut, type Ledger, type Outcome, type Person, unionOf } from "../oracle.ts"
import { DAY } from "../scenario.ts"
import { attributesArrived, attributesOf, expectedOf, nameOf, type StripeFact, statesOf } from "./ledger.ts"

const CUSTOMERS = "Customers"
const FEED_DAYS = 30
/** A backfill that is read within this overlaps with no more than one live window. */
const PROMPT_MS = 300_000

/** `isLate`: events may show after later ones; what such a one removed may not be told. */
export function stripeLedger(account: Account, isLate: boolean): Ledger {
  return {
    objects: CUSTOMERS,
    expected: () =>
      expectedOf(account).map((fact) => ({ ...fact, isDue: (outcome: Outcome) => isDue(account, fact, outcome) })),
    nameOf,
    people: () => account.tables.customer.order.map(({ id }) => personOf(account, id)),
    customerIn: ({ stripe_customerId }) => String(stripe_customerId),
    stateIn: attributesArrived,
    repeatedJoins: (outcome) => repeatedJoins(account, outcome),
    faults: (outcome) => [...identityFaults(account, outcome), ...(isLate ? [] : staleFaults(outcome))],
  }
}

/** What no list can tell any more is not due, as long as the source has said so. */
function isDue(account: Account, fact: StripeFact, outcome: Outcome): boolean {
  if (fact.isFeedOnly && Math.min(...fact.times) < untoldBefore(fact.collection, outcome)) return false
  return !isHiddenByWhatFollowed(account, fact, outcome) && !isUnfinishedBusiness(fact, outcome)
}

/** Money that was on its way when reading stopped, and arrived before it went on: no list dates it by its arrival. */
function isUnfinishedBusiness({ fact, collection }: StripeFact, { runs, skewMs }: Outcome): boolean {
  if (collection !== "Charge" || fact.at === fact.created) return false
  return runs.some(
    (run) =>
      (run.kind === "gap" || run.kind === "collection") &&
      run.incomplete.some(
        (incomplete) => incomplete.collection === collection && incomplete.reason.includes("settled during the gap"),
      ) &&
      fact.at * 1000 < run.startedAt + skewMs,
  )
}

/** A list shows the last state only: what was undone before anyone could look is not in it. */
function isHiddenByWhatFollowed(account: Account, { fact, collection, times }: StripeFact, outcome: Outcome): boolean {
  const wasUnseen =
    Math.min(...times) < outcome.connectedFrom ||
    outcome.switchedOff.has(collection) ||
    outcome.runs.some(({ kind }) => kind === "gap")
  if (!wasUnseen) return false
  const later = (name: string) => account.facts.some((other) => other.fact === name && other.id === fact.id)
  if (fact.fact === "refund.succeeded") return later("refund.failed")
  return fact.fact.startsWith("invoice.") && later("invoice.deleted")
}

function untoldBefore(collection: string, outcome: Outcome): number {
  const times = outcome.runs
    .filter((run) => run.incomplete.some((incomplete) => incomplete.collection === collection))
    .map((run) => (run.readAt ?? run.endedAt ?? run.startedAt) + outcome.skewMs - FEED_DAYS * DAY)
  return Math.max(0, ...times)
}

function personOf(account: Account, id: string): Person {
  const row = account.tables.customer.byId.get(id)
  const known = statesOf(account, id)
  return {
    id,
    states:
      known.length > 0 || !row
        ? known.map(({ state }) => JSON.stringify(state))
        : [JSON.stringify(attributesOf(build(account, "customer", row)))],
    seconds: known.map(({ at }) => at),
    // Who left unseen is in no list any more.
    isDue: ({ runs, switchedOff }, wasTold) =>
      !row?.deleted || (wasTold && !switchedOff.has(CUSTOMERS) && !runs.some(({ kind }) => kind === "gap")),
  }
}

/** A join of two ids is told once, unless the person came back to it, or the customers were read again. */
function repeatedJoins(account: Account, { received, runs, resyncs, connectedFrom }: Outcome): Received[][] {
  const begun = Math.min(...runs.map(({ startedAt }) => startedAt))
  const isPrompt = runs.every(
    ({ kind, readAt, endedAt }) =>
      kind === "live" || (kind === "initial" && (readAt ?? endedAt ?? Number.POSITIVE_INFINITY) < begun + PROMPT_MS),
  )
  if (!isPrompt || Object.keys(resyncs).length > 0) return []
  const times = groupBy(account.emails, ({ email }) => String(email?.toLowerCase()))
  const isNew = (userId: string | null) => {
    const [only, again] = times.get(String(userId)) ?? []
    return only !== undefined && again === undefined && only.from * 1000 >= connectedFrom
  }
  const told = groupBy(
    received.filter(({ type, userId }) => type === "alias" && isNew(userId)),
    ({ eventId }) => String(eventId),
  )
  return [...told.values()]
}

/** A customer's id is joined to the present email, whether customers are told or not; and no id is joined to an email it never had. */
function identityFaults(account: Account, outcome: Outcome): string[] {
  const periods = groupBy(account.emails, ({ customer }) => customer)
  const hadEmail = (customer: string, email: string) =>
    periods.get(customer)?.some((period) => period.email?.toLowerCase() === email) ?? false
  const strangers = outcome.received.flatMap(({ type, userId, item }) => {
    const former = String(item.anotherUserId)
    return type === "alias" && !hadEmail(former, String(userId)) ? [`${former} is joined to ${userId}`] : []
  })
  if (outcome.identity === "partnerId" || outcome.runs.some(({ kind }) => kind === "gap")) return strangers
  const joined = unionOf(outcome.received)
  // The key of a join begins with the id that is joined.
  const held = new Set([...outcome.quarantine, ...outcome.discarded].map(({ key }) => key.split(":")[0]))
  const rows = account.tables.customer.order.filter(({ deleted, id }) => !deleted && !held.has(id))
  const apart = rows.flatMap(({ id, email }) => {
    const isJoined = email === null || joined(email.toLowerCase()) === joined(id)
    return isJoined || isLeftOut(id, CUSTOMERS, outcome) ? [] : [`${id} is not joined to ${email}`]
  })
  return [...strangers, ...apart]
}

/** What a customer has lost is not kept at the destination, which adds each state to those before. Attributes that others share are. */
function staleFaults({ received }: Outcome): string[] {
  const told = groupBy(
    received.filter(({ name }) => name === CUSTOMERS),
    ({ userId, userAttributes }) => `${userAttributes.stripe_customerId} as ${userId}`,
  )
  return [...told].flatMap(([customer, items]) => {
    const states = items.map(({ userAttributes }) => userAttributes)
    const own = (attributes: JsonObject) => {
      const { n, note } = attributesArrived(attributes)
      return JSON.stringify({ n, note })
    }
    const [kept, present] = [own(Object.assign({}, ...states)), own(states.at(-1) ?? {})]
    return kept === present ? [] : [`customer ${customer} is kept with ${kept} instead of ${present}`]
  })
}
