/** What must hold once everything has come to rest: the destination holds what the ledger says, and the source says so too. */
import type { QuarantineEntry, RunView, SourceView } from "../../src/source/protocol/views.ts"
import type { Received } from "../sandbox/intempt/track.ts"
import type { JsonObject } from "../sandbox/json.ts"
import { POISON } from "./faults.ts"

/**
 * What really happened at the partner, told by its sandbox, which knows nothing of feeds, pages and connectors. Facts and arrivals
 * meet under names such as `charge.succeeded ch_1`.
 */
export interface Ledger {
  expected(): Expected[]
  /** The name of what arrived, by what it says of itself; null for people and aliases. */
  nameOf(collection: string, data: JsonObject, timestamp: number): string | null
  /** The collection that holds people. */
  objects: string
  people(): Person[]
  /** The customer that an arrival there is about, and the state it tells. */
  customerIn(attributes: JsonObject): string
  stateIn(attributes: JsonObject): JsonObject
  /** Arrivals that join the same two ids, where there is no reason to tell that more than once. */
  repeatedJoins(outcome: Outcome): readonly Received[][]
  /** What else must hold at this partner. */
  faults(outcome: Outcome): string[]
}

export interface Expected {
  name: string
  collection: string
  /** Epoch ms: what the fact's timestamp at the destination may be, where the partner dates it in more ways than one. */
  times: number[]
  /** Major units, where money moved. */
  amount: number | null
  /** And in which currency. Left out: not looked at. */
  currency?: string
  /** The id that it must arrive under. Null: it depends on when it was told, and the ledger's own `faults` look at it. */
  person: string | null
  customer: string | null
  /** Whether it must have arrived, of a collection that is chosen and a time that is wanted. */
  isDue(outcome: Outcome): boolean
}

export interface Person {
  id: string
  /** As JSON, oldest first; the last is the present one. */
  states: readonly string[]
  /** Of which second each state is, where a list shows the present and a feed each state; left out: no partner that has both. */
  seconds?: readonly number[]
  /** Whether the destination must have been told the last state. */
  isDue(outcome: Outcome, wasTold: boolean): boolean
}

export interface Outcome {
  /** The id of the source at work. */
  scope: string
  /** It goes on from one that was deleted, of which the runs and items are here too. */
  wasMadeAgain: boolean
  ledger: Ledger
  received: readonly Received[]
  view: SourceView
  runs: readonly RunView[]
  quarantine: readonly QuarantineEntry[]
  /** What was in quarantine and the user gave up. */
  discarded: readonly QuarantineEntry[]
  /** For which the partner always failed. */
  cursed: string | null
  identity: "email" | "partnerId"
  /** The last one in force. */
  startDate: number
  chosen: ReadonlySet<string>
  switchedOff: ReadonlySet<string>
  /** Partner time from which on live reading has read. */
  connectedFrom: number
  skewMs: number
  resyncs: Record<string, number>
  excused: number
  /** Event id -> how often it may have arrived again, since nobody had reported its delivery. */
  excusedItems: ReadonlyMap<string, number>
  /** Whether a list told an object's state that arrived; else live reading did. */
  wasListed(arrival: Received): boolean
  /** Nothing was met that a reading may fail of. */
  wasSmooth: boolean
}

/** Everything that is wrong, in words; empty: nothing. */
export function faultsOf(outcome: Outcome): string[] {
  return [
    ...factFaults(outcome),
    ...objectFaults(outcome),
    ...outcome.ledger.faults(outcome),
    ...statusFaults(outcome),
    ...counterFaults(outcome),
    ...smells(outcome),
  ]
}

// -------------------------------------------------------------------------------------------------------------- facts

function factFaults(outcome: Outcome): string[] {
  const { ledger } = outcome
  const faults: string[] = []
  const arrived = new Map<string, Received[]>()
  for (const item of outcome.received) {
    const name = ledger.nameOf(item.name, item.data, item.timestamp ?? 0)
    if (name === null) continue
    const same = arrived.get(name)
    if (same) same.push(item)
    else arrived.set(name, [item])
  }
  const expected = groupBy(ledger.expected(), ({ name }) => name)
  const held = new Set([...outcome.quarantine, ...outcome.discarded].map((entry) => nameOfEntry(ledger, entry)))
  for (const name of arrived.keys()) if (!expected.has(name)) faults.push(`arrived, but never happened: ${name}`)
  // A source made again does not know which ids the deleted one has joined.
  const joins = outcome.wasMadeAgain ? [] : ledger.repeatedJoins(outcome)
  for (const items of joins) faults.push(...surplusFaults("a join", items, 1, outcome))
  for (const [name, facts] of expected) {
    const [fact] = facts
    const items = arrived.get(name) ?? []
    if (!fact) continue
    const most = facts.length * (1 + (outcome.resyncs[fact.collection] ?? 0))
    faults.push(...surplusFaults(name, items, most, outcome))
    if (items.length < facts.length && !held.has(name) && isDue(fact, outcome))
      faults.push(`lost: ${name} of ${fact.times.map(iso).join(" or ")} (${items.length} of ${facts.length})`)
    for (const item of items) faults.push(...contentFaults(fact, item))
  }
  return faults
}

/** What arrived more often than it happened: each item as often as nobody had reported its delivery, and no more often. */
function surplusFaults(what: string, items: readonly Received[], most: number, { excusedItems }: Outcome): string[] {
  const ids = new Set(items.map(({ eventId }) => String(eventId)))
  const excuses = [...ids].reduce((sum, id) => sum + (excusedItems.get(id) ?? 0), 0)
  if (items.length - most <= excuses) return []
  const times = items.map(({ at }) => iso(at)).join(", ")
  return [
    `repeated: ${what} (${[...ids].join(", ")}) at ${times}, where ${most} and ${excuses} unreported ones would be right`,
  ]
}

function isDue(fact: Expected, outcome: Outcome): boolean {
  if (isLeftOut(fact.customer, fact.collection, outcome, fact.times)) return false
  if (!outcome.chosen.has(fact.collection) || Math.min(...fact.times) < outcome.startDate) return false
  return fact.isDue(outcome)
}

/**
 * A record for which the partner always failed is stepped over, and the place that it stands at is in quarantine: with it goes what
 * stands at the same place, where more does than fits a page.
 */
export function isLeftOut(
  customer: string | null,
  collection: string,
  { cursed, quarantine, discarded }: Outcome,
  times: readonly number[] = [],
): boolean {
  if (cursed === null) return false
  const places = [...quarantine, ...discarded].filter(
    (entry) => entry.kind === "skipped" && entry.collection === collection,
  )
  return places.some(({ body }) => customer === cursed || times.some((time) => isIn(body as JsonObject, time)))
}

function isIn({ from, to }: JsonObject, time: number): boolean {
  return Date.parse(String(from)) <= time && time < Date.parse(String(to))
}

function contentFaults({ name, times, amount, currency, person }: Expected, item: Received): string[] {
  const faults: string[] = []
  if (!times.includes(item.timestamp ?? 0))
    faults.push(`${name} has the time ${iso(item.timestamp ?? 0)}, not ${times.map(iso).join(" or ")}`)
  const told = item.data.amount_refunded ?? item.data.amount
  if (amount !== null && told !== amount) faults.push(`${name} has the amount ${told} instead of ${amount}`)
  if (currency !== undefined && item.data.currency !== currency)
    faults.push(`${name} is in ${item.data.currency} instead of ${currency}`)
  if (person !== null && item.userId !== person) faults.push(`${name} is ${item.userId}'s instead of ${person}'s`)
  return faults
}

function nameOfEntry(ledger: Ledger, { kind, collection, body }: QuarantineEntry): string | null {
  if (kind !== "item") return null
  const item = body as unknown as { data?: JsonObject; time: number }
  return ledger.nameOf(collection, item.data ?? {}, item.time)
}

// ------------------------------------------------------------------------------------------------------------- people

function objectFaults(outcome: Outcome): string[] {
  const { ledger } = outcome
  const arrived = groupBy(
    outcome.received.filter(({ name }) => name === ledger.objects),
    (item) => ledger.customerIn(item.userAttributes),
  )
  const given = [...outcome.quarantine, ...outcome.discarded]
  const held = new Set(given.filter(({ collection }) => collection === ledger.objects).map(({ key }) => key))
  return ledger.people().flatMap((person) => {
    const items = arrived.get(person.id) ?? []
    const faults = orderFaults(person, items, outcome)
    const last = items.at(-1)
    const told = last && JSON.stringify(ledger.stateIn(last.userAttributes))
    const present = person.states.at(-1)
    if (
      told === present ||
      isLeftOut(person.id, ledger.objects, outcome) ||
      held.has(person.id) ||
      !outcome.chosen.has(ledger.objects)
    )
      return faults
    if (!person.isDue(outcome, last !== undefined)) return faults
    return [...faults, `customer ${person.id} is ${present}, the destination was last told ${told ?? "nothing"}`]
  })
}

/**
 * Each arrival is one of the states, none earlier than the one before. But of two states of one second (so that they may bear one update
 * time) a list may show the last before the feed, which runs behind, shows the first: nothing says which is the later, and the feed will
 * show the last one, too.
 */
function orderFaults(
  { id, states, seconds = [] }: Person,
  items: readonly Received[],
  { ledger, wasListed }: Outcome,
): string[] {
  let reached = 0
  let last: Received | null = null
  for (const item of items) {
    const state = JSON.stringify(ledger.stateIn(item.userAttributes))
    const at = states.indexOf(state, reached)
    if (at < 0 && !states.includes(state)) return [`customer ${id} never was ${state}`]
    const known = at < 0 ? states.lastIndexOf(state, reached) : at
    const isOfOneSecond = seconds[known] !== undefined && seconds[known] === seconds[reached]
    const isOfOneVersion = item.timestamp === last?.timestamp
    const mayGoBack = (isOfOneSecond || isOfOneVersion) && last !== null && wasListed(last) && !wasListed(item)
    if (at < 0 && !mayGoBack) return [`customer ${id} went back to ${state}`]
    reached = known
    last = item
  }
  return []
}

/** Ids that aliases join have one root. */
export function unionOf(received: readonly Received[]): (id: string) => string {
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

function statusFaults({ view, runs, quarantine, wasSmooth, cursed }: Outcome): string[] {
  const faults: string[] = []
  // A run that first finished a window left by one that was denied says so too; the next one does not.
  const latest = runs.find(({ kind }) => kind === "live")?.denied.map(({ collection }) => collection) ?? []
  for (const { name, denied } of view.collections)
    if (denied !== null && !latest.includes(name)) faults.push(`${name} is said to be denied`)
  for (const run of runs)
    if (wasSmooth && run.state === "failed") faults.push(`run ${run.id} (${run.kind}) failed of nothing: ${run.reason}`)
  if (view.status !== "connected") faults.push(`the status is ${view.status} (${view.error?.message ?? ""})`)
  if (view.delivery.state !== "ok") faults.push(`delivery is ${view.delivery.state}: ${view.delivery.reason}`)
  for (const run of runs) if (run.endedAt === null) faults.push(`run ${run.id} (${run.kind}) is still ${run.state}`)
  for (const entry of quarantine) {
    if (entry.kind === "skipped") {
      if (cursed === null) faults.push(`a place is stepped over although no record fails: ${entry.reason}`)
    } else if (entry.kind === "record")
      faults.push(`a good record of ${entry.collection} is in quarantine: ${entry.reason}`)
    else if (!JSON.stringify(entry.body).includes(POISON))
      faults.push(`a good item is in quarantine: ${entry.collection} ${entry.key}`)
  }
  return faults
}

function counterFaults({ view, received: all, quarantine, excused, scope }: Outcome): string[] {
  const received = all.filter(({ eventId }) => String(eventId).startsWith(`${scope}/`))
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

export function groupBy<T>(list: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
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
