/**
 * A made-up partner's account: people who write in, the tickets they open, and the companies they belong to. It keeps what really
 * happened (`facts`), and knows nothing of streams, pages and connectors.
 */
import type { Random } from "../../sandbox/random.ts"
import { POISON } from "../faults.ts"

/** All times that this partner tells are cut to it. */
export const GRAIN_MS = 60_000

export interface Person {
  id: string
  /** Epoch ms, as all times here, cut to the grain. */
  created: number
  updated: number
  email: string | null
  name: string
  note: string
  company: string | null
  /** When the newsletter was last subscribed to. */
  subscribed: number | null
}

export interface Ticket {
  id: string
  created: number
  person: string
  subject: string
  state: "open" | "closed"
  closed: number | null
}

export interface Company {
  id: string
  created: number
  updated: number
  name: string
  plan: string
}

export type FactName = "signed_up" | "subscribed" | "opened" | "closed"

export interface Fact {
  fact: FactName
  /** Of the person or the ticket. */
  id: string
  person: string
  at: number
}

/** An entry of the account's activity. */
export interface Entry {
  id: string
  at: number
  shownAt: number
  type: "subscribed" | "opened" | "closed"
  person: Person
  ticket: Ticket | null
}

/** A row as it was from a moment on: what is shown runs behind. */
interface State<Row> {
  shownAt: number
  row: Row
}

export interface Desk {
  now(): number
  lagMs: { feed: number; rows: number }
  people: Map<string, State<Person>[]>
  tickets: Map<string, State<Ticket>[]>
  companies: Map<string, State<Company>[]>
  activity: Entry[]
  facts: Fact[]
}

export function createDesk(now: () => number, lagMs: Desk["lagMs"]): Desk {
  return { now, lagMs, people: new Map(), tickets: new Map(), companies: new Map(), activity: [], facts: [] }
}

/** The rows as they are shown now. */
export function shown<Row>(desk: Desk, table: Map<string, State<Row>[]>): Row[] {
  const now = desk.now()
  return [...table.values()].flatMap((states) => states.findLast(({ shownAt }) => shownAt <= now)?.row ?? [])
}

/** The present one, shown or not. */
export function present<Row>(table: ReadonlyMap<string, State<Row>[]>, id: string): Row | undefined {
  return table.get(id)?.at(-1)?.row
}

// ------------------------------------------------------------------------------------------------------ what can happen

/** What one of them does, and in which words it is told. `at`: cut to the grain. */
type Act = (desk: Desk, random: Random, poison: number) => string

export const LIFE: Record<string, Act> = {
  arrive(desk, random, poison) {
    const at = grained(desk)
    const id = nextId("per", desk.people)
    const no = desk.people.size
    const email = random.chance(0.85) ? `m${no}@example.com` : null
    const company = random.chance(0.4) ? (someone(random, desk.companies)?.id ?? null) : null
    const note = random.chance(poison) ? POISON : ""
    put(desk, desk.people, { id, created: at, updated: at, email, name: `M${no}`, note, company, subscribed: null })
    tell(desk, "signed_up", id, id, at)
    return `${id} signs up`
  },
  /** As the other partners name it: money, here somebody who writes in. */
  buy(desk, random) {
    const person = someone(random, desk.people)
    if (!person) return "nothing"
    const at = grained(desk)
    const ticket: Ticket = {
      id: nextId("tic", desk.tickets),
      created: at,
      person: person.id,
      subject: `S${desk.tickets.size}`,
      state: "open",
      closed: null,
    }
    put(desk, desk.tickets, ticket)
    tell(desk, "opened", ticket.id, person.id, at)
    log(desk, "opened", person, ticket)
    return `${person.id} opens ${ticket.id}`
  },
  close(desk, random) {
    const ticket = someone(random, desk.tickets, ({ state }) => state === "open")
    const person = ticket && present(desk.people, ticket.person)
    if (!ticket || !person) return "nothing"
    const at = grained(desk)
    // Closed twice within what the partner tells times by, it could not be told apart.
    if (ticket.closed === at) return "nothing"
    const closed: Ticket = { ...ticket, state: "closed", closed: at }
    put(desk, desk.tickets, closed)
    tell(desk, "closed", ticket.id, person.id, at)
    log(desk, "closed", person, closed)
    return `${ticket.id} is closed`
  },
  reopen(desk, random) {
    const ticket = someone(random, desk.tickets, ({ state }) => state === "closed")
    if (ticket) put(desk, desk.tickets, { ...ticket, state: "open" })
    return ticket ? `${ticket.id} is open again` : "nothing"
  },
  subscribe(desk, random) {
    const at = grained(desk)
    const person = someone(random, desk.people, ({ subscribed }) => subscribed !== at)
    if (!person) return "nothing"
    const next = { ...person, subscribed: at, updated: at }
    put(desk, desk.people, next)
    tell(desk, "subscribed", person.id, person.id, at)
    log(desk, "subscribed", next, null)
    return `${person.id} subscribes`
  },
  rename(desk, random) {
    const person = someone(random, desk.people)
    if (!person) return "nothing"
    // Back to a name that they had before, now and then.
    const name = random.chance(0.3) ? `M${person.id.length}` : `${person.name.slice(0, 4)}${random.int(1, 9)}`
    put(desk, desk.people, { ...person, name, updated: grained(desk) })
    return `${person.id} is now ${name}`
  },
  change_email(desk, random) {
    const person = someone(random, desk.people)
    if (!person) return "nothing"
    // Nobody else's: whoever share a mailbox are one person, of whom a page tells one state.
    const email = `${person.id}.${random.int(1, 999)}@example.org`
    put(desk, desk.people, { ...person, email, updated: grained(desk) })
    return `${person.id} writes from ${email}`
  },
  found(desk, random) {
    const at = grained(desk)
    const id = nextId("com", desk.companies)
    put(desk, desk.companies, {
      id,
      created: at,
      updated: at,
      name: `Company ${id}`,
      plan: random.pick(["free", "team"]),
    })
    return `${id} is founded`
  },
  change_plan(desk, random) {
    const company = someone(random, desk.companies)
    if (!company) return "nothing"
    const plan = random.pick(["free", "team", "business"])
    put(desk, desk.companies, { ...company, plan, updated: grained(desk) })
    return `${company.id} is on ${plan}`
  },
  /** An import: many rows of one time. */
  bulk(desk, random) {
    const count = random.int(6, 14)
    for (let no = 0; no < count; no++) LIFE.arrive?.(desk, random, 0)
    return `${count} people are brought in at once`
  },
}

export function grained(desk: Desk): number {
  return GRAIN_MS * Math.floor(desk.now() / GRAIN_MS)
}

function put<Row extends { id: string }>(desk: Desk, table: Map<string, State<Row>[]>, row: Row): void {
  const state = { shownAt: desk.now() + desk.lagMs.rows, row }
  const states = table.get(row.id)
  if (states) states.push(state)
  else table.set(row.id, [state])
}

function tell(desk: Desk, fact: FactName, id: string, person: string, at: number): void {
  desk.facts.push({ fact, id, person, at })
}

function log(desk: Desk, type: Entry["type"], person: Person, ticket: Ticket | null): void {
  const id = `act_${String(desk.activity.length).padStart(5, "0")}`
  desk.activity.push({ id, at: grained(desk), shownAt: desk.now() + desk.lagMs.feed, type, person, ticket })
}

function someone<Row>(
  random: Random,
  table: Map<string, State<Row>[]>,
  fits: (row: Row) => boolean = () => true,
): Row | undefined {
  const rows = [...table.values()].flatMap((states) => states.at(-1)?.row ?? []).filter(fits)
  return rows.length > 0 ? random.pick(rows) : undefined
}

function nextId(prefix: string, table: ReadonlyMap<string, unknown>): string {
  return `${prefix}_${String(table.size).padStart(5, "0")}`
}
