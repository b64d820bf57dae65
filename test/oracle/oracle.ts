/**
 * What the destination must hold of a simulated Stripe account, worked out from the ledger of what really happened there, and
 * how what it holds differs. Knows the product's promises (DESIGN: identity, keys, times, amounts) and nothing of its code.
 */
import type { Received } from "../sandbox/intempt/track.ts"
import type { JsonObject } from "../sandbox/json.ts"
import type { Account } from "../sandbox/stripe/account.ts"
import type { Fact, FactName } from "../sandbox/stripe/ledger.ts"
import type { CustomerRow } from "../sandbox/stripe/model.ts"

/** Minor units per major one, of the currencies that the sandbox uses and that do not have a hundred. */
const MINOR_UNITS: Record<string, number> = { jpy: 1, kwd: 1000 }

/** What of an account should have arrived. Epoch ms. */
export interface Span {
  /** The source's start date: facts before are not wanted. */
  from: number
  /** Facts from here on need not have been read yet. */
  until: number
  /** From here on there were events to tell what no object remembers: changes of subscriptions, updates of invoices. */
  changesFrom: number
  /** When the customers were read: who was deleted before need not be known. */
  customersFrom: number
  /** Left out: all. */
  collections?: ReadonlySet<string>
}

export interface ExpectedFact {
  collection: string
  /** Null: the key is the id of an event, which the ledger does not know; the record and the time must do. */
  key: string | null
  record: string
  time: number
  /** The id that the person is known by; several where it depends on when and how the record was read. */
  people: readonly string[]
  /** Attributes that must have these values. */
  data: JsonObject
  /** It may have been over before anybody could read it. */
  optional: boolean
}

export interface ExpectedPerson {
  key: string
  deleted: boolean
  people: readonly string[]
  attributes: JsonObject
  /** Another has the same email, or had it last: which of the two is told last depends on the reading. */
  shared?: boolean
}

export interface Expectation {
  facts: ExpectedFact[]
  people: ExpectedPerson[]
  /** Former and later id of a person, joined. */
  aliases: { former: string; userId: string }[]
}

/** One item at the destination, in the order of arrival. */
export interface Told {
  collection: string
  key: string
  time: number
  /** Objects: which state it is; null where the destination was not told. */
  version: number | null
  userId: string | null
  anotherUserId: string | null
  data: JsonObject
  userAttributes: JsonObject
}

// ------------------------------------------------------------------------------------------------------- expecting

/** What is read of an account: its ledger, and which customers and invoices there are. */
export interface Ledger extends Pick<Account, "facts" | "emails"> {
  tables: { customer: { byId: ReadonlyMap<string, CustomerRow> }; invoice: { byId: ReadonlyMap<string, unknown> } }
}

export function expectationOf(account: Ledger, span: Span): Expectation {
  const wanted = (collection: string) => span.collections?.has(collection) ?? true
  const within = ({ time, key }: ExpectedFact) => {
    const from = key === null ? Math.max(span.from, span.changesFrom) : span.from
    return time >= from && time < span.until
  }
  const known = indexOf(account)
  const facts = account.facts.flatMap((fact) => READ[fact.fact]?.(fact, known) ?? [])
  const customers = wanted("Customers") ? [...account.tables.customer.byId.values()] : []
  return {
    facts: facts.filter((fact) => wanted(fact.collection) && within(fact)),
    people: customers.filter((row) => isKnown(row, known, span)).map((row) => personOf(row, known)),
    aliases: customers.flatMap((row) => {
      const email = lower(row.email)
      return email && !row.deleted && row.created * 1000 < span.until ? [{ former: row.id, userId: email }] : []
    }),
  }
}

/** What is asked of the ledger again and again. */
interface Index {
  /** Customers that have, or had last, the same address. */
  byEmail: ReadonlyMap<string, readonly string[]>
  failedRefunds: ReadonlySet<string>
  deletedAt: ReadonlyMap<string, number>
  invoices: ReadonlySet<string>
}

function indexOf({ facts, tables }: Ledger): Index {
  const byEmail = new Map<string, string[]>()
  for (const { id, email } of tables.customer.byId.values()) if (email) add(byEmail, email.toLowerCase(), id)
  const named = (name: FactName) => facts.filter(({ fact }) => fact === name)
  return {
    byEmail,
    failedRefunds: new Set(named("refund.failed").map(({ id }) => id)),
    deletedAt: new Map(named("customer.deleted").map(({ id, at }) => [id, at * 1000])),
    invoices: new Set(tables.invoice.byId.keys()),
  }
}

type Read = (fact: Fact, known: Index) => ExpectedFact[]

/** Facts that the product tells of; the others move nothing that it promises to tell. */
const READ: Partial<Record<FactName, Read>> = {
  "charge.succeeded": (fact) => [payment(fact, "succeeded", `succeeded:${fact.data.sumMinor}`, capturedAt(fact))],
  "charge.failed": (fact) => [payment(fact, "failed", "failed", fact.created)],
  "refund.succeeded": (fact, known) => [refund(fact, known, "succeeded", fact.created)],
  "refund.failed": (fact, known) => [refund(fact, known, "failed", fact.at)],
  "trial.started": (fact) => [about("New trial", fact, `trial:${fact.created}`, fact.at)],
  "trial.expired": (fact) => {
    const end = Number(fact.data.trialEnd)
    return [about("Trial expired", fact, `trial_expired:${end}`, end)]
  },
  "trial.canceled": (fact) => [about("Trial cancelled", fact, "trial_cancelled", fact.at)],
  "subscription.canceled": (fact) => {
    const { inTrial = false, statusBefore, currency = null } = fact.data
    const paid = statusBefore !== "trialing" && statusBefore !== "paused"
    const monthly = paid ? monthlyOf(fact) : 0
    const data = { inTrial, currency, amount: major(fact.data.amountMinor, currency), mrrChange: 0 - monthly }
    return [{ ...about("Subscription cancelled", fact, "cancelled", fact.at), data }]
  },
  "subscription.changed": (fact) => [update("Subscription change", fact, { currency: fact.data.currency ?? null })],
  // A draft that was deleted is in no list any more.
  "invoice.created": (fact, known) => [{ ...invoice(fact, "created"), optional: !known.invoices.has(fact.id) }],
  "invoice.paid": (fact) => [invoice(fact, "paid"), invoiceUpdate(fact)],
  "invoice.voided": (fact) => [invoice(fact, "voided"), invoiceUpdate(fact)],
  "invoice.uncollectible": (fact) => [invoice(fact, "uncollectible"), invoiceUpdate(fact)],
  "invoice.updated": (fact) => [invoiceUpdate(fact)],
  "invoice.finalized": (fact) => [invoiceUpdate(fact)],
  "invoice.payment_failed": (fact) => [invoiceUpdate(fact)],
}

/** A minute counts as at once. A debit is of its creation, whenever the bank paid. */
function capturedAt({ at, created, data }: Fact): number {
  return data.method !== "card" || at - created <= 60 ? created : at
}

function payment(fact: Fact, status: string, name: string, seconds: number): ExpectedFact {
  const amount = major(fact.data.amountMinor, fact.data.currency)
  const data = { type: "payment", status, amount, currency: fact.data.currency ?? null, customer: fact.customer }
  return { ...about("Charge", fact, name, seconds), data }
}

function monthlyOf({ data }: Fact): number {
  const minor = Math.round(Number(data.amountMinor) / (data.interval === "year" ? 12 : 1))
  return major(minor, data.currency)
}

function refund(fact: Fact, known: Index, status: string, seconds: number): ExpectedFact {
  const amount = major(fact.data.amountMinor, fact.data.currency)
  const { currency = null } = fact.data
  const data = { type: "refund", status, amount_refunded: amount, currency, customer: fact.customer }
  // A guest without an address is known by the charge.
  const people = [personIn(fact, String(fact.data.charge))]
  // One that failed before it was read is told as failed only.
  const optional = status === "succeeded" && known.failedRefunds.has(fact.id)
  return { ...about("Charge", fact, status, seconds), data, people, optional }
}

function invoice(fact: Fact, status: string): ExpectedFact {
  const total = status === "created" ? null : major(fact.data.amountMinor, fact.data.currency)
  const data = { status, total, currency: fact.data.currency ?? null }
  return { ...about("Invoice", fact, status, fact.at), data }
}

function invoiceUpdate(fact: Fact): ExpectedFact {
  return update("Invoice", fact, { status: "updated" })
}

function update(collection: string, fact: Fact, data: JsonObject): ExpectedFact {
  return { ...about(collection, fact, "", fact.at), key: null, data }
}

function about(collection: string, fact: Fact, name: string, seconds: number): ExpectedFact {
  const key = `${fact.id}:${name}`
  const people = [personIn(fact, fact.id)]
  return { collection, key, record: fact.id, time: seconds * 1000, people, data: {}, optional: false }
}

/** The customer, by id, whatever addresses the record carries; a guest by the billing address, then the receipt's. */
function personIn({ customer, emails }: Fact, record: string): string {
  return customer ?? lower(emails.billing) ?? lower(emails.receipt) ?? record
}

function personOf(row: CustomerRow, known: Index): ExpectedPerson {
  const { id, name, phone, description, country, currency, delinquent, deleted } = row
  const email = lower(row.email)
  const person = email ?? id
  const shared = (known.byEmail.get(person)?.length ?? 0) > 1
  const people = [person]
  if (deleted) return { key: id, deleted, people, attributes: {}, shared }
  const metadata = Object.fromEntries(
    Object.entries(row.metadata).map(([field, value]) => [`stripe_metadata_${field}`, value]),
  )
  const own = { stripe_description: description, stripe_currency: currency, stripe_delinquent: delinquent }
  return { key: id, deleted, people, attributes: { name, phone, country, email, ...own, ...metadata }, shared }
}

function isKnown({ id, created }: CustomerRow, known: Index, span: Span): boolean {
  return created * 1000 < span.until && (known.deletedAt.get(id) ?? Number.POSITIVE_INFINITY) >= span.customersFrom
}

function lower(email: string | null): string | null {
  return email?.toLowerCase() ?? null
}

function major(minor: unknown, currency: unknown): number {
  return Number(minor) / (MINOR_UNITS[String(currency)] ?? 100)
}

// ------------------------------------------------------------------------------------------------------- comparing

/** Every difference as a sentence; nothing where the destination holds what it must. */
export function compare(expected: Expectation, told: readonly Told[]): string[] {
  const states = new Map<string, Told[]>()
  const joined = new Set<string>()
  const events: Told[] = []
  for (const item of told) {
    if (item.collection === "Customers") add(states, item.key, item)
    else if (item.collection === "alias") joined.add(`${item.anotherUserId} joined to ${item.userId}`)
    else events.push(item)
  }
  return [
    ...compareFacts(expected.facts, events),
    ...expected.people.flatMap((person) => comparePerson(person, states.get(person.key) ?? [])),
    ...expected.aliases
      .map(({ former, userId }) => `${former} joined to ${userId}`)
      .filter((alias) => !joined.has(alias))
      .map((alias) => `missing: ${alias}`),
  ]
}

function compareFacts(expected: readonly ExpectedFact[], told: readonly Told[]): string[] {
  const places = new Map<string, Told[]>()
  for (const item of told) add(places, `${item.collection} ${item.key}`, item)
  const byKey = expected.filter(({ key }) => key !== null)
  const byTime = expected.filter(({ key }) => key === null)
  const keys = new Set(byKey.map(({ collection, key }) => `${collection} ${key}`))
  const differences = byKey.flatMap((fact) => compareFact(fact, places.get(`${fact.collection} ${fact.key}`) ?? []))
  const others = told.filter(({ collection, key }) => !keys.has(`${collection} ${key}`))
  return [...differences, ...twice(others), ...compareByTime(byTime, others)]
}

function compareFact(fact: ExpectedFact, found: readonly Told[]): string[] {
  const name = `${fact.collection} ${fact.key}`
  const [item, ...more] = found
  if (!item) return fact.optional ? [] : [`missing: ${name} of ${iso(fact.time)} ${JSON.stringify(fact.data)}`]
  const differences = more.length > 0 ? [`twice: ${name} arrived ${found.length} times`] : []
  if (item.time !== fact.time)
    differences.push(`wrong time: ${name} is of ${iso(item.time)} instead of ${iso(fact.time)}`)
  if (!fact.people.includes(item.userId ?? "")) {
    differences.push(`wrong person: ${name} is ${item.userId}'s instead of ${fact.people.join(" or ")}'s`)
  }
  return [...differences, ...wrongFields(name, fact.data, item.data)]
}

/** Of facts without a key of their own, as many must have arrived of a record and a time as happened. */
function compareByTime(expected: readonly ExpectedFact[], told: readonly Told[]): string[] {
  const happened = new Map<string, ExpectedFact[]>()
  for (const fact of expected) add(happened, `${fact.collection} of ${fact.record} at ${iso(fact.time)}`, fact)
  const arrived = new Map<string, Told[]>()
  for (const item of told) add(arrived, `${item.collection} of ${recordOf(item)} at ${iso(item.time)}`, item)
  const names = [...new Set([...happened.keys(), ...arrived.keys()])]
  return names.flatMap((name) => {
    const [should, does] = [happened.get(name) ?? [], arrived.get(name) ?? []]
    if (should.length === 0) return [`unexpected: ${name} (${does.map(({ key }) => key).join(", ")})`]
    if (does.length < should.length) return [`missing: ${name}, ${does.length} of ${should.length} arrived`]
    if (does.length > should.length) return [`too many: ${name}, ${does.length} instead of ${should.length}`]
    const people = should[0]?.people ?? []
    const strangers = does.filter(({ userId }) => !people.includes(userId ?? ""))
    return [
      ...strangers.map(({ userId }) => `wrong person: ${name} is ${userId}'s instead of ${people.join(" or ")}'s`),
      ...does.flatMap((item, index) => wrongFields(name, should[index]?.data ?? {}, item.data)),
    ]
  })
}

function comparePerson(person: ExpectedPerson, states: readonly Told[]): string[] {
  const name = `Customers ${person.key}`
  const last = states.at(-1)
  if (!last) return person.shared ? [] : [`missing: ${name}`]
  const older = states.filter(({ version }, index) => (version ?? 0) < (states[index - 1]?.version ?? 0))
  const differences = older.map(({ version }) => `older after newer: ${name}, its state of ${iso(version ?? 0)}`)
  if (person.shared) return differences
  if (!person.people.includes(last.userId ?? "")) {
    differences.push(`wrong person: ${name} is ${last.userId} instead of ${person.people.join(" or ")}`)
  }
  const isDeleted = Object.keys(last.userAttributes).some((attribute) => attribute.endsWith("deletedAt"))
  if (isDeleted !== person.deleted) differences.push(`wrong state: ${name} is ${isDeleted ? "" : "not "}deleted`)
  return [...differences, ...wrongFields(name, person.attributes, last.userAttributes)]
}

function wrongFields(name: string, expected: JsonObject, told: JsonObject): string[] {
  return Object.entries(expected).flatMap(([field, value]) => {
    // What was removed is told as an empty text.
    const found = told[field] === "" ? null : (told[field] ?? null)
    return JSON.stringify(found) === JSON.stringify(value)
      ? []
      : [`wrong ${field}: ${name} says ${JSON.stringify(found)} instead of ${JSON.stringify(value)}`]
  })
}

function twice(told: readonly Told[]): string[] {
  const times = new Map<string, number>()
  for (const { collection, key } of told)
    times.set(`${collection} ${key}`, (times.get(`${collection} ${key}`) ?? 0) + 1)
  return [...times].filter(([, count]) => count > 1).map(([name, count]) => `twice: ${name} arrived ${count} times`)
}

function recordOf({ data, key }: Told): string {
  return String(data.invoice ?? data.subscription ?? key)
}

function add<T>(groups: Map<string, T[]>, name: string, member: T): void {
  const group = groups.get(name)
  if (group) group.push(member)
  else groups.set(name, [member])
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}

// --------------------------------------------------------------------------------------------- what has arrived

/** The simulated destination's items. Their `eventId` is `<source>/<collection>/<key>`, with `@<version>` for objects. */
export function toldOf(received: readonly Received[]): Told[] {
  return received.map(({ eventId, timestamp, userId, data, userAttributes, item }) => {
    const [, collection = "", rest = ""] = /^[^/]*\/([^/]*)\/(.*)$/.exec(eventId ?? "") ?? []
    const [, key = rest, version] = collection === "Customers" ? (/^(.*)@(\d+)$/.exec(rest) ?? []) : []
    const { anotherUserId } = item
    return {
      collection,
      key,
      time: timestamp ?? 0,
      version: version === undefined ? null : Number(version),
      userId,
      anotherUserId: typeof anotherUserId === "string" ? anotherUserId : null,
      data,
      userAttributes,
    }
  })
}
