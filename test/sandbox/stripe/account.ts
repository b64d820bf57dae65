/** One simulated Stripe account in one mode: its state, its clock, and the few primitives that every mutation is made of. */
import { type Clock, DAY_S, SECOND_MS } from "../clock.ts"
import { type Due, push } from "../heap.ts"
import type { Json } from "../json.ts"
import { createRandom, hashText, idFor, type Random } from "../random.ts"
import type { Writer } from "../store.ts"
import type { EmailPeriod, Fact, FactName } from "./ledger.ts"
import { KINDS, type Kind, type Row, type Rows } from "./model.ts"
import { append, createTable, firstFrom, insert, remove, sort, type Table } from "./table.ts"

/** The API version whose shapes `objects.ts` builds, and the default of new accounts. */
export const CURRENT_VERSION = "2026-08-26.dahlia"
/** "We only guarantee access to events for 30 days." https://docs.stripe.com/api/events */
export const EVENT_RETENTION_S = 30 * DAY_S

export type Mode = "test" | "live"

export interface AccountOptions {
  /** Pinned API version: the shape of its events for good, and of answers without a Stripe-Version header. */
  version: string
  businessName: string
  email: string
  country: string
  currency: string
  /** Requests a second; null: unlimited. Stripe: 25 in test mode, 100 in live mode. */
  rateLimit: number | null
  /** Requests a second to one endpoint. Stripe: 25. */
  endpointRateLimit: number | null
  /** Due things (renewals, trial ends, settlements) happen by themselves as the clock moves. */
  autopilot: boolean
  /** Share of card payments that are declined when the sandbox itself decides. */
  declineRate: number
}

/** Something that falls due at a time: a trial's end, a renewal, what a simulated person does next. */
export interface Task extends Due {
  name: string
  id: string
}

/** What faults do to rows as they are written and listed. Seconds; 0: nothing. */
export interface WriteFaults {
  eventDelay: number
  rowDelay: number
  granularity: number
  /** Not 0: see the fault `lost_second`. */
  lostSecond: number
}

export interface Account {
  name: string
  mode: Mode
  /** The same for both modes of one account. */
  id: string
  options: AccountOptions
  seed: number
  /** Ids handed out. */
  counter: number
  seq: number
  random: Random
  clock: Clock
  /** Epoch ms: the moving past clock of a seed; null: the sandbox's clock. */
  past: number | null
  /** Epoch seconds: events before are not kept, only their facts. */
  eventsFrom: number
  tables: { [K in Kind]: Table<Rows[K]> }
  facts: Fact[]
  emails: EmailPeriod[]
  tasks: Task[]
  writeFaults: () => WriteFaults
  writer: Writer
}

export interface AccountParts {
  name: string
  mode: Mode
  seed: number
  clock: Clock
  writer: Writer
  writeFaults?: () => WriteFaults
  options?: Partial<AccountOptions>
}

export function createAccount(parts: AccountParts): Account {
  const seed = (hashText(`${parts.name}/${parts.mode}`) ^ parts.seed) >>> 0
  return {
    name: parts.name,
    mode: parts.mode,
    id: idFor("acct", hashText(parts.name), 1),
    options: {
      version: CURRENT_VERSION,
      businessName: `${parts.name} Inc.`,
      email: `owner@${parts.name}.example`,
      country: "US",
      currency: "usd",
      rateLimit: parts.mode === "live" ? 100 : 25,
      endpointRateLimit: 25,
      autopilot: false,
      declineRate: 0.06,
      ...parts.options,
    },
    seed,
    counter: 0,
    seq: 0,
    random: createRandom(seed),
    clock: parts.clock,
    past: null,
    eventsFrom: 0,
    tables: {
      customer: createTable(),
      subscription: createTable(),
      charge: createTable(),
      refund: createTable(),
      invoice: createTable(),
      dispute: createTable(),
      event: createTable(),
    },
    facts: [],
    emails: [],
    tasks: [],
    writeFaults: parts.writeFaults ?? (() => ({ eventDelay: 0, rowDelay: 0, granularity: 0, lostSecond: 0 })),
    writer: parts.writer,
  }
}

/** The account's present second. */
export function now(account: Account): number {
  return Math.floor((account.past ?? account.clock()) / SECOND_MS)
}

/** The second that records and events are stamped with: the present one, or a coarser one while that fault is on. */
export function stamp(account: Account): number {
  const second = now(account)
  const { granularity } = account.writeFaults()
  return granularity > 0 ? second - (second % granularity) : second
}

export function nextId(account: Account, prefix: string): string {
  account.counter += 1
  return idFor(prefix, account.seed, account.counter)
}

/** What a new row has before anything particular: id, time, order, visibility. */
export function newRow(account: Account, prefix: string): Row {
  const created = stamp(account)
  account.seq += 1
  const { rowDelay } = account.writeFaults()
  return { id: nextId(account, prefix), created, seq: account.seq, visibleAt: now(account) + rowDelay }
}

export function add<K extends Kind>(account: Account, kind: K, row: Rows[K]): Rows[K] {
  insert<Rows[K]>(account.tables[kind] as Table<Rows[K]>, row)
  touch(account, kind, row)
  return row
}

export function drop(account: Account, kind: Kind, id: string): void {
  remove(account.tables[kind] as Table<Row>, id)
  account.writer.remove(tableName(account, kind), id)
}

/** Marks a changed row for saving. */
export function touch(account: Account, kind: Kind, row: Row): void {
  account.writer.touch(tableName(account, kind), row.id, () => row)
}

/** Forgets events that the feed has long stopped showing. */
export function prune(account: Account): void {
  const { order, byId } = account.tables.event
  const kept = firstFrom(account.tables.event, now(account) - EVENT_RETENTION_S - DAY_S)
  for (const { id } of order.splice(0, kept)) {
    byId.delete(id)
    account.writer.remove(tableName(account, "event"), id)
  }
}

export function get<K extends Kind>(account: Account, kind: K, id: string): Rows[K] {
  const row = (account.tables[kind] as Table<Rows[K]>).byId.get(id)
  if (!row) throw new Error(`no ${kind} ${id} in account ${account.name}`)
  return row
}

export function find<K extends Kind>(account: Account, kind: K, id: string | null): Rows[K] | undefined {
  return id === null ? undefined : (account.tables[kind] as Table<Rows[K]>).byId.get(id)
}

/** Writes a fact into the ledger. */
export function record(
  account: Account,
  fact: FactName,
  row: Row,
  about: { customer: string | null; billing?: string | null; receipt?: string | null },
  data: { [key: string]: Json } = {},
): void {
  const entry: Fact = {
    no: account.facts.length + 1,
    fact,
    id: row.id,
    at: stamp(account),
    created: row.created,
    customer: about.customer,
    emails: {
      customer: find(account, "customer", about.customer)?.email ?? null,
      billing: about.billing ?? null,
      receipt: about.receipt ?? null,
    },
    data,
  }
  account.facts.push(entry)
  account.writer.touch(tableName(account, "fact"), String(entry.no), () => entry)
}

export function recordEmail(account: Account, customer: string, email: string | null): void {
  const period: EmailPeriod = { customer, email, from: stamp(account) }
  account.emails.push(period)
  account.writer.touch(tableName(account, "email"), String(account.emails.length), () => period)
}

/** Plans something for later. */
export function plan(account: Account, at: number, name: string, id: string): void {
  account.seq += 1
  const task: Task = { at, no: account.seq, name, id }
  push(account.tasks, task)
  account.writer.touch(tableName(account, "task"), String(task.no), () => task, true)
}

/** Runs `work` as of an earlier (or later) moment. */
export function at<T>(account: Account, ms: number, work: () => T): T {
  const before = account.past
  account.past = ms
  try {
    return work()
  } finally {
    account.past = before
  }
}

/** Runs `work` as one act: a clock that goes on meanwhile would date what it did differently in record, event and ledger. */
export function atOnce<T>(account: Account, work: () => T): T {
  return at(account, account.past ?? account.clock(), work)
}

/** Everything about the account that is not a row. Saved with every flush that changed something. */
export function header(account: Account) {
  const { name, mode, seed, counter, seq, options, eventsFrom } = account
  return { name, mode, seed, counter, seq, options, eventsFrom, random: account.random.state }
}

export type Header = ReturnType<typeof header>

export function tableName(
  account: Pick<Account, "name" | "mode">,
  part: Kind | "fact" | "email" | "task" | "header",
): string {
  return `stripe/${account.name}/${account.mode}/${part}`
}

/**
 * Puts a saved row back; the counterpart of what `touch`, `record`, `recordEmail` and `plan` wrote. Rows come in any order:
 * `restored` puts them into theirs.
 */
export function restore(account: Account, part: string, id: string, value: unknown): void {
  if (part === "fact") account.facts[Number(id) - 1] = value as Fact
  else if (part === "email") account.emails[Number(id) - 1] = value as EmailPeriod
  else if (part === "task") push(account.tasks, value as Task)
  else if ((KINDS as readonly string[]).includes(part)) append(account.tables[part as Kind] as Table<Row>, value as Row)
}

export function restored(account: Account): void {
  for (const kind of KINDS) sort(account.tables[kind] as Table<Row>)
}

export function restoreHeader(account: Account, saved: Header): void {
  account.seed = saved.seed
  account.counter = saved.counter
  account.seq = saved.seq
  account.options = saved.options
  account.eventsFrom = saved.eventsFrom
  account.random.state = saved.random
}
