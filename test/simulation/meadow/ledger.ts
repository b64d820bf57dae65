/** What should have arrived of the made-up partner's account. */
import type { JsonObject } from "../../sandbox/json.ts"
import { type Expected, groupBy, type Ledger, type Outcome } from "../oracle.ts"
import { DAY } from "../scenario.ts"
import { FEED_DAYS } from "./api.ts"
import type { Desk, Fact, FactName } from "./desk.ts"

const COLLECTIONS: Record<FactName, string> = {
  signed_up: "Signed up",
  subscribed: "Subscribed",
  opened: "Ticket opened",
  closed: "Ticket closed",
}

export function meadowLedger(desk: Desk): Ledger {
  return {
    objects: "Contacts",
    expected: () => desk.facts.map((fact) => expected(desk, fact)),
    nameOf,
    people: () =>
      [...desk.people].map(([id, states]) => ({
        id,
        states: states.map(({ row }) => JSON.stringify(stateOf(row))),
        isDue: () => true,
      })),
    customerIn: ({ id }) => String(id),
    stateIn: (attributes) => stateOf(attributes),
    repeatedJoins: () => [],
    faults: (outcome) => [...companyFaults(desk, outcome), ...identityFaults(desk, outcome)],
  }
}

function expected(desk: Desk, fact: Fact): Expected {
  const common = { collection: COLLECTIONS[fact.fact], times: [fact.at], amount: null, customer: fact.person }
  return { ...common, person: null, name: nameFor(fact), isDue: (outcome) => isDue(desk, fact, outcome) }
}

/** Each fact goes by an email that its person has had, or by the id where they had none: whichever it was when the fact was read. */
function identityFaults(desk: Desk, { received }: Outcome): string[] {
  const people = new Map(desk.facts.map((fact) => [nameFor(fact), fact.person]))
  return received.flatMap(({ name: collection, data, timestamp, userId }) => {
    const name = nameOf(collection, data, timestamp ?? 0)
    const person = name === null ? undefined : people.get(name)
    if (name === null || person === undefined) return []
    const names = (desk.people.get(person) ?? []).map(({ row }) => row.email ?? row.id)
    return names.includes(userId ?? "")
      ? []
      : [`${name} names ${userId} instead of ${[...new Set(names)].join(" or ")}`]
  })
}

function nameFor({ fact, id, at }: Fact): string {
  return fact === "subscribed" || fact === "closed" ? `${fact} ${id}@${at}` : `${fact} ${id}`
}

function nameOf(collection: string, data: JsonObject, timestamp: number): string | null {
  const found = Object.entries(COLLECTIONS).find(([, name]) => name === collection)
  if (!found) return null
  const [fact] = found
  if (fact === "subscribed") return `${fact} ${data.person}@${timestamp}`
  if (fact === "closed") return `${fact} ${data.ticket}@${timestamp}`
  return `${fact} ${data.person ?? data.ticket}`
}

/** Rows tell only when something happened last; the feed tells each time, and forgets. */
function isDue(desk: Desk, { fact, id, at }: Fact, { connectedFrom, switchedOff, runs }: Outcome): boolean {
  if (fact !== "subscribed" && fact !== "closed") return true
  const isLast = !desk.facts.some((other) => other.fact === fact && other.id === id && other.at > at)
  if (isLast) return true
  const wasUnseen = at < connectedFrom || switchedOff.has(COLLECTIONS[fact]) || runs.some(({ kind }) => kind === "gap")
  return !wasUnseen
}

function stateOf({ email, name, note }: { email?: unknown; name?: unknown; note?: unknown }): JsonObject {
  return { email: String(email ?? ""), name: String(name), note: String(note) }
}

/** The same for companies, which are told by a scrolled list only: the last state has arrived, and no other than were. */
function companyFaults(desk: Desk, { received, chosen, quarantine, discarded }: Outcome): string[] {
  if (!chosen.has("Companies")) return []
  const held = new Set([...quarantine, ...discarded].map(({ key }) => key))
  const arrived = groupBy(
    received.filter(({ name }) => name === "Companies"),
    ({ accountAttributes }) => String(accountAttributes.id),
  )
  return [...desk.companies].flatMap(([id, states]) => {
    const present = states.at(-1)?.row.plan
    const last = arrived.get(id)?.at(-1)?.accountAttributes.plan
    if (present === last || held.has(id)) return []
    return [`company ${id} is on ${present}, the destination was last told ${String(last ?? "nothing")}`]
  })
}

export const FEED_MS = FEED_DAYS * DAY
