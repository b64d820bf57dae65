/** What must hold once everything has come to rest: the destination holds what the ledger says, and the source says so too. */
import type { QuarantineEntry, RunView, SourceView } from "../../src/source/rpc.ts"
import type { Received } from "../sandbox/intempt/track.ts"
import type { JsonObject } from "../sandbox/json.ts"
import type { Account } from "../sandbox/stripe/account.ts"
import { build } from "../sandbox/stripe/objects.ts"
import { POISON } from "./account.ts"
import { attributesArrived, attributesOf, type Expected, expectedOf, nameOf, statesOf } from "./ledger.ts"
import { DAY } from "./scenario.ts"

const CUSTOMERS = "Customers"
const FEED_DAYS = 30
/** A pass that is read within this overlaps with no more than one live window. */
const PROMPT_MS = 300_000

export interface Outcome {
  account: Account
  received: readonly Received[]
  view: SourceView
  runs: readonly RunView[]
  quarantine: readonly QuarantineEntry[]
  /** The last one in force. */
  startDate: number
  chosen: ReadonlySet<string>
  switchedOff: ReadonlySet<string>
  /** Partner time from which on live reading has read. */
  connectedFrom: number
  skewMs: number
  resyncs: Record<string, number>
  excused: number
}

/** Everything that is wrong, in words; empty: nothing. */
export function faultsOf(outcome: Outcome): string[] {
  return [
    ...factFaults(outcome),
    ...objectFaults(outcome),
    ...identityFaults(outcome),
    ...statusFaults(outcome),
    ...counterFaults(outcome),
    ...smells(outcome),
  ]
}

// -------------------------------------------------------------------------------------------------------------- facts

function factFaults(outcome: Outcome): string[] {
  const faults: string[] = []
  const arrived = new Map<string, Received[]>()
  for (const item of outcome.received) {
    const name = nameOf(item.name, item.data, item.timestamp ?? 0)
    if (name === null) continue
    const same = arrived.get(name)
    if (same) same.push(item)
    else arrived.set(name, [item])
  }
  const expected = groupBy(expectedOf(outcome.account), ({ name }) => name)
  const held = new Set(outcome.quarantine.map(nameOfEntry))
  for (const name of arrived.keys()) if (!expected.has(name)) faults.push(`arrived, but never happened: ${name}`)
  let repeats = aliasesRepeated(outcome)
  for (const [name, facts] of expected) {
    const [fact] = facts
    const items = arrived.get(name) ?? []
    if (!fact) continue
    const most = facts.length * (1 + (outcome.resyncs[fact.collection] ?? 0))
    repeats += Math.max(0, items.length - most)
    if (items.length < facts.length && !held.has(name) && isDue(fact, outcome))
      faults.push(`lost: ${name} of ${fact.times.map(iso).join(" or ")} (${items.length} of ${facts.length})`)
    for (const item of items) faults.push(...contentFaults(fact, item))
  }
  const most = outcome.view.delivery.maybeRepeated
  if (repeats > most)
    faults.push(`${repeats} facts were repeated, ${most} counted as possibly repeated: ${repeated(arrived, expected)}`)
  return faults
}

/** A join of two ids is told once, unless the person came back to it, or the customers were read again. */
function aliasesRepeated({ received, runs, account, resyncs, connectedFrom }: Outcome): number {
  const begun = Math.min(...runs.map(({ startedAt }) => startedAt))
  const isPrompt = runs.every(
    ({ kind, readAt, endedAt }) =>
      kind === "live" || (kind === "initial" && (readAt ?? endedAt ?? Number.POSITIVE_INFINITY) < begun + PROMPT_MS),
  )
  if (!isPrompt || Object.keys(resyncs).length > 0) return 0
  const times = groupBy(account.emails, ({ email }) => String(email?.toLowerCase()))
  const isNew = (userId: string | null) => {
    const [only, again] = times.get(String(userId)) ?? []
    return only !== undefined && again === undefined && only.from * 1000 >= connectedFrom
  }
  const told = groupBy(
    received.filter(({ type, userId }) => type === "alias" && isNew(userId)),
    ({ eventId }) => String(eventId),
  )
  return [...told.values()].reduce((sum, items) => sum + items.length - 1, 0)
}

function repeated(arrived: ReadonlyMap<string, Received[]>, expected: ReadonlyMap<string, Expected[]>): string {
  return [...arrived]
    .filter(([name, items]) => items.length > (expected.get(name)?.length ?? 0))
    .map(([name]) => name)
    .join(", ")
}

/** Whether it must have arrived. What no list can tell any more is not due, as long as the source has said so. */
function isDue(fact: Expected, outcome: Outcome): boolean {
  if (!outcome.chosen.has(fact.collection) || Math.min(...fact.times) < outcome.startDate) return false
  if (fact.isFeedOnly && Math.min(...fact.times) < untoldBefore(fact.collection, outcome)) return false
  return !isHiddenByWhatFollowed(fact, outcome) && !isUnfinishedBusiness(fact, outcome)
}

/** Money that was on its way when reading stopped, and arrived before it went on: no list dates it by its arrival. */
function isUnfinishedBusiness({ fact, collection }: Expected, { runs, skewMs }: Outcome): boolean {
  if (collection !== "Charge" || fact.at === fact.created) return false
  return runs.some(
    (run) =>
      (run.kind === "gap" || run.kind === "collection") &&
      run.untold.some((untold) => untold.collection === collection && untold.reason.includes("settled while")) &&
      fact.at * 1000 < run.startedAt + skewMs,
  )
}

/** A list shows the last state only: what was undone before anyone could look is not in it. */
function isHiddenByWhatFollowed({ fact, collection, times }: Expected, outcome: Outcome): boolean {
  const wasUnseen =
    Math.min(...times) < outcome.connectedFrom ||
    outcome.switchedOff.has(collection) ||
    outcome.runs.some(({ kind }) => kind === "gap")
  if (!wasUnseen) return false
  const later = (name: string) => outcome.account.facts.some((other) => other.fact === name && other.id === fact.id)
  if (fact.fact === "refund.succeeded") return later("refund.failed")
  return fact.fact.startsWith("invoice.") && later("invoice.deleted")
}

function untoldBefore(collection: string, outcome: Outcome): number {
  const times = outcome.runs
    .filter((run) => run.untold.some((untold) => untold.collection === collection))
    .map((run) => (run.readAt ?? run.endedAt ?? run.startedAt) + outcome.skewMs - FEED_DAYS * DAY)
  return Math.max(0, ...times)
}

function contentFaults({ name, times, amount }: Expected, item: Received): string[] {
  const faults: string[] = []
  if (!times.includes(item.timestamp ?? 0))
    faults.push(`${name} has the time ${iso(item.timestamp ?? 0)}, not ${times.map(iso).join(" or ")}`)
  const told = item.data.amount_refunded ?? item.data.amount
  if (amount !== null && told !== amount) faults.push(`${name} has the amount ${told} instead of ${amount}`)
  return faults
}

function nameOfEntry({ kind, collection, body }: QuarantineEntry): string | null {
  if (kind !== "item") return null
  const item = body as unknown as { data?: JsonObject; time: number }
  return nameOf(collection, item.data ?? {}, item.time)
}

// ------------------------------------------------------------------------------------------------------------- people

function objectFaults(outcome: Outcome): string[] {
  const arrived = groupBy(
    outcome.received.filter(({ name }) => name === CUSTOMERS),
    (item) => String(item.userAttributes.stripeCustomerId),
  )
  const held = new Set(outcome.quarantine.filter(({ collection }) => collection === CUSTOMERS).map(({ key }) => key))
  const hasGap = outcome.runs.some(({ kind }) => kind === "gap")
  return outcome.account.tables.customer.order.flatMap((row) => {
    const items = arrived.get(row.id) ?? []
    const present = JSON.stringify(attributesOf(build(outcome.account, "customer", row)))
    const known = statesOf(outcome.account, row.id).map((state) => JSON.stringify(state))
    const states = known.length > 0 ? known : [present]
    const faults = orderFaults(row.id, states, items)
    const last = items.at(-1)
    const isTold = last !== undefined && JSON.stringify(attributesArrived(last.userAttributes)) === states.at(-1)
    if (isTold || held.has(row.id) || !outcome.chosen.has(CUSTOMERS)) return faults
    // Who left unseen is in no list any more.
    if (row.deleted && (last === undefined || hasGap || outcome.switchedOff.has(CUSTOMERS))) return faults
    const told = last ? JSON.stringify(attributesArrived(last.userAttributes)) : "nothing"
    return [...faults, `customer ${row.id} is ${states.at(-1)}, the destination was last told ${told}`]
  })
}

/** Each arrival is one of the states, none earlier than the one before. */
function orderFaults(id: string, states: readonly string[], items: readonly Received[]): string[] {
  let reached = 0
  for (const item of items) {
    const state = JSON.stringify(attributesArrived(item.userAttributes))
    const at = states.indexOf(state, reached)
    if (at < 0 && !states.includes(state)) return [`customer ${id} never was ${state}`]
    if (at < 0) return [`customer ${id} went back to ${state}`]
    reached = at
  }
  return []
}

/** Whoever an item names is, over the aliases, the customer it is about. */
function identityFaults(outcome: Outcome): string[] {
  if (!outcome.chosen.has(CUSTOMERS) || outcome.switchedOff.has(CUSTOMERS)) return []
  if (outcome.runs.some(({ kind }) => kind === "gap")) return []
  const joined = unionOf(outcome.received)
  const owners = new Map(expectedOf(outcome.account).map(({ name, customer }) => [name, customer]))
  const held = new Set(outcome.quarantine.map(({ key }) => key))
  return outcome.received.flatMap((item) => {
    const name = nameOf(item.name, item.data, item.timestamp ?? 0)
    const customer = name === null ? null : (owners.get(name) ?? null)
    const row = customer === null ? undefined : outcome.account.tables.customer.byId.get(customer)
    if (!row || row.deleted || held.has(row.id) || item.userId === null) return []
    if (joined(item.userId) === joined(row.id) || wasGivenUpBefore(item.userId, row.id, outcome)) return []
    return [`${name} names ${item.userId}, who is not joined to ${row.id}`]
  })
}

function wasGivenUpBefore(userId: string, customer: string, { account, connectedFrom }: Outcome): boolean {
  const periods = account.emails.filter((period) => period.customer === customer)
  return periods.some(
    (period, index) =>
      period.email?.toLowerCase() === userId && (periods[index + 1]?.from ?? Infinity) * 1000 < connectedFrom,
  )
}

function unionOf(received: readonly Received[]): (id: string) => string {
  const parents = new Map<string, string>()
  const root = (id: string): string => {
    const parent = parents.get(id)
    return parent === undefined ? id : root(parent)
  }
  for (const { type, userId, item } of received) {
    if (type !== "alias" || userId === null) continue
    const [one, other] = [root(userId), root(String(item.anotherUserId))]
    if (one !== other) parents.set(one, other)
  }
  return root
}

// ----------------------------------------------------------------------------------------------- what the source says

function statusFaults({ view, runs, quarantine }: Outcome): string[] {
  const faults: string[] = []
  if (view.status !== "connected") faults.push(`the status is ${view.status} (${view.error?.message ?? ""})`)
  if (view.delivery.state !== "ok") faults.push(`delivery is ${view.delivery.state}: ${view.delivery.reason}`)
  for (const run of runs) if (run.endedAt === null) faults.push(`run ${run.id} (${run.kind}) is still ${run.state}`)
  for (const entry of quarantine) {
    if (entry.kind === "record") faults.push(`a good record of ${entry.collection} is in quarantine: ${entry.reason}`)
    else if (!JSON.stringify(entry.body).includes(POISON))
      faults.push(`a good item is in quarantine: ${entry.collection} ${entry.key}`)
  }
  return faults
}

function counterFaults({ view, received, quarantine, excused }: Outcome): string[] {
  const faults: string[] = []
  let surplus = 0
  for (const collection of view.collections) {
    const { name, delivered, waiting, quarantined } = collection
    const arrived = received.filter((item) => (item.type === "alias" ? "alias" : item.name) === name).length
    const held = quarantine.filter((entry) => entry.collection === name).length
    if (waiting !== 0) faults.push(`${waiting} items of ${name} are said to wait`)
    if (arrived < delivered) faults.push(`${delivered} items of ${name} are said to be delivered, ${arrived} arrived`)
    if (quarantined !== held) faults.push(`${quarantined} items of ${name} are said to be in quarantine, ${held} are`)
    surplus += arrived - delivered
  }
  const { maybeRepeated } = view.delivery
  if (surplus > maybeRepeated) faults.push(`${surplus} more items arrived than were delivered and possibly repeated`)
  if (maybeRepeated > excused)
    faults.push(`${maybeRepeated} items are counted as possibly repeated, ${excused} can have been`)
  return faults
}

function smells({ received }: Outcome): string[] {
  return received.flatMap((item) => item.smells.map((smell) => `${item.name}: ${smell}`))
}

function groupBy<T>(list: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const one of list) {
    const same = groups.get(keyOf(one))
    if (same) same.push(one)
    else groups.set(keyOf(one), [one])
  }
  return groups
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
