/**
 * The made-up partner's connector, on the same contract as the shipped ones: three live streams of different orders and limits, two
 * of which feed one collection, and lists to read history from.
 */
import { z } from "zod"
import { bearer } from "../../../src/connectors/kit/auth.ts"
import {
  type Draft,
  defineConnector,
  type Page,
  type PageContext,
  type PageRecord,
  type PageRequest,
  ShapeError,
  type Stream,
} from "../../../src/connectors/kit/define.ts"
import { limited, tokenRefused } from "../../../src/connectors/kit/failure.ts"
import type { JsonValue } from "../../../src/connectors/kit/item.ts"
import { retryAfterMs } from "../../../src/connectors/kit/retry-after.ts"
import { FEED_DAYS, RESULTS_MAX } from "./api.ts"
import { type Company, type Entry, GRAIN_MS, type Person, type Ticket } from "./desk.ts"

export const CONTACTS = "Contacts"
export const COMPANIES = "Companies"
export const SIGNED_UP = "Signed up"
export const SUBSCRIBED = "Subscribed"
export const OPENED = "Ticket opened"
export const CLOSED = "Ticket closed"

export const LOOKBACK_S = 900
const PAGE_SIZE = 20

const BY_MINUTE = { by: "time", granularityMs: GRAIN_MS } as const

type Config = Record<string, never>

const fact = z.strictObject({
  subject: z.string().describe("Subject").optional(),
  ticket: z.string().describe("Id").optional(),
})

export const meadow = defineConnector<Config>({
  name: "meadow",
  title: "Meadow",
  docs: "https://meadow.example/docs",
  config: z.strictObject({}),
  auth: [{ kind: "apiKey", label: "Token", help: "Any.", schema: z.string().startsWith("mdw_"), headers: bearer }],
  baseUrl: () => "https://api.meadow.example",
  headers: {},
  limits: {
    callsPerSecond: 10,
    docs: "https://meadow.example/docs/limits",
    buckets: { activity: { callsPerSecond: 2, docs: "https://meadow.example/docs/limits#activity" } },
  },
  account: { request: () => ({ path: "/v1/me" }), read: () => ({ id: "mdw", name: "Meadow", mode: "live" }) },
  collections: [
    {
      ...described(CONTACTS, "object"),
      schema: z.strictObject({ ...named("id", "name", "note"), email: text().nullable().optional() }),
    },
    { ...described(COMPANIES, "object"), schema: z.strictObject(named("id", "name", "plan")) },
    { ...described(SIGNED_UP, "event"), schema: z.strictObject({ person: text() }) },
    { ...described(SUBSCRIBED, "event"), schema: z.strictObject({ person: text(), company: text().optional() }) },
    { ...described(OPENED, "event"), schema: fact },
    { ...described(CLOSED, "event"), schema: fact },
  ],
  streams: [
    {
      name: "activity",
      title: "Activity",
      mode: "live",
      bucket: "activity",
      collections: [SUBSCRIBED, OPENED, CLOSED],
      pageSize: PAGE_SIZE,
      lookbackSeconds: LOOKBACK_S,
      retentionDays: FEED_DAYS,
      stepOver: BY_MINUTE,
      request: (ctx) => ({
        path: "/v1/activity",
        query: { ...inclusive(ctx, "since", "until"), after: ctx.pageToken ?? undefined, limit: ctx.pageSize },
      }),
      page: (answer) => listed<Entry>(answer.body, (entry) => entry.at),
      normalize: (record) => ({ drafts: fromEntry(record.body as unknown as Entry) }),
    },
    peopleStream("people", "live", "updated", { lookbackSeconds: LOOKBACK_S, sortedByUpdate: true }),
    scrollStream("companies", "live", { lookbackSeconds: LOOKBACK_S }),
    peopleStream("people_history", "backfill", "created", { lookbackSeconds: 0, reach: "all" }),
    {
      name: "tickets",
      title: "Tickets",
      mode: "backfill",
      collections: [OPENED, CLOSED],
      pageSize: PAGE_SIZE,
      lookbackSeconds: 0,
      reach: "all",
      stepOver: BY_MINUTE,
      parts: { by: "created", granularityMs: GRAIN_MS },
      request: ticketsRequest,
      page: ticketsPage,
      normalize: ({ body }) => {
        const { person, ...ticket } = body as unknown as Omit<Ticket, "person"> & { person: Person }
        const whole = { ...ticket, person: person.id }
        return { drafts: [opened(whole, person), ...(ticket.closed === null ? [] : [closed(whole, person)])] }
      },
    },
    scrollStream("companies_history", "backfill", { lookbackSeconds: 0, reach: "all" }),
  ],
  pendingForDays: 30,
  clock: { granularityMs: GRAIN_MS },
  classify(status, body, headers) {
    const { code, message } = (body as { error?: { code?: string; message?: string } } | null)?.error ?? {}
    const said = message ?? `Meadow answered ${status}`
    if (code === "unauthorized") return { kind: "auth", reason: said }
    if (code === "forbidden") return { kind: "denied", reason: said }
    if (code === "bad_cursor" || code === "scroll_expired") return tokenRefused("Meadow")
    if (code === "rate_limited") return limited("Meadow", retryAfterMs(headers))
    // Of this endpoint alone, whatever else is asked.
    if (code === "too_many") return limited("Meadow", retryAfterMs(headers), "stream")
    return null
  },
  templates: { metrics: [], segments: [] },
})

// ------------------------------------------------------------------------------------------------------------ requests

/** Half-open in ms to inclusive in whole seconds; the partner's own times are cut to the minute. */
function inclusive({ window }: PageContext<Config>, from: string, to: string): Record<string, number | undefined> {
  return {
    [from]: window.from === null ? undefined : cut(window.from) / 1000,
    [to]: window.to === null ? undefined : Math.ceil(window.to / 1000) - 1,
  }
}

function cut(ms: number): number {
  return GRAIN_MS * Math.floor(ms / GRAIN_MS)
}

function peopleStream(
  name: string,
  mode: Stream<Config>["mode"],
  sort: "created" | "updated",
  rest: Pick<Stream<Config>, "lookbackSeconds" | "sortedByUpdate" | "reach">,
): Stream<Config> {
  return {
    ...{ name, title: "People", mode, order: "oldest", pageSize: PAGE_SIZE, ...rest },
    collections: [CONTACTS, SIGNED_UP, SUBSCRIBED],
    request({ window, pageToken, pageSize }) {
      const from = window.from === null ? undefined : cut(window.from) / 1000
      const to = window.to === null ? undefined : Math.ceil(window.to / 1000)
      return { path: "/v1/people", query: { sort, from, to, after: pageToken ?? undefined, limit: pageSize } }
    },
    page: (answer) => listed<Person>(answer.body, (person) => person[sort]),
    lookup: {
      isNeeded: ({ body }) => (body as unknown as Person).company !== null,
      requests: (records) => [{ path: "/v1/companies", query: { ids: idsIn(records).join(",") } }],
    },
    normalize: ({ body }, { followed }) => {
      const companies = followed.flatMap((answer) => (answer as { data: Company[] }).data)
      return { drafts: fromPerson(body as unknown as Person, companies) }
    },
  }
}

function idsIn(records: readonly PageRecord[]): string[] {
  return [...new Set(records.flatMap(({ body }) => (body as unknown as Person).company ?? []))]
}

/** Read whole each time: the partner cannot be asked for what changed. */
function scrollStream(
  name: string,
  mode: Stream<Config>["mode"],
  rest: Pick<Stream<Config>, "lookbackSeconds" | "reach">,
): Stream<Config> {
  return {
    ...{ name, title: "Companies", mode, scroll: true, pageSize: PAGE_SIZE, ...rest },
    collections: [COMPANIES],
    request: ({ pageToken, pageSize }) => ({
      path: "/v1/companies/scroll",
      query: { scroll: pageToken ?? undefined, limit: pageSize },
    }),
    page(answer, { window }) {
      const { data, scroll } = answer.body as { data?: Company[]; scroll?: string | null }
      if (!Array.isArray(data)) throw new ShapeError("Meadow's list has no rows")
      const isWanted = ({ updated }: Company) => updated >= cut(window.from ?? 0) && updated < (window.to ?? Infinity)
      return { records: data.filter(isWanted).map((row) => recordOf(row, row.updated)), next: scroll ?? null }
    },
    normalize({ body }) {
      const { id, name: title, plan, updated } = body as unknown as Company
      return {
        drafts: [
          {
            collection: COMPANIES,
            id,
            accountId: title,
            version: updated,
            accountAttributes: { id, name: title, plan },
          },
        ],
      }
    },
  }
}

/** By offset, until the search ends; then anew below the last row that it showed. */
function ticketsRequest({ window, pageToken, pageSize }: PageContext<Config>): PageRequest {
  const [offset = "0", below] = (pageToken ?? "0").split("|")
  const from = window.from === null ? undefined : cut(window.from) / 1000
  const to = window.to === null ? undefined : Math.ceil(window.to / 1000)
  return {
    path: "/v1/tickets",
    query: { from, to, below, offset: Number(offset), limit: Math.min(pageSize, RESULTS_MAX) },
  }
}

function ticketsPage({ body }: { body: unknown }, { pageToken }: PageContext<Config>): Page {
  const { data, offset, more, capped } = body as { data?: Ticket[]; offset: number; more: boolean; capped: boolean }
  if (!Array.isArray(data)) throw new ShapeError("Meadow's list has no rows")
  const below = pageToken?.split("|")[1]
  const last = data.at(-1)
  const rest = more ? `${offset + data.length}${below ? `|${below}` : ""}` : null
  const next = rest ?? (capped && last ? `0|${last.created}:${last.id}` : null)
  return { records: data.map((row) => recordOf(row, row.created)), next }
}

function listed<Row extends { id: string }>(body: unknown, timeOf: (row: Row) => number): Page {
  const { data, next } = body as { data?: Row[]; next?: string | null }
  if (!Array.isArray(data)) throw new ShapeError("Meadow's list has no rows")
  return { records: data.map((row) => recordOf(row, timeOf(row))), next: next ?? null }
}

function recordOf(row: { id: string }, time: number): PageRecord {
  return { id: row.id, time, body: row as unknown as JsonValue }
}

// --------------------------------------------------------------------------------------------------------- normalizing

function fromEntry({ type, at, person, ticket }: Entry): Draft[] {
  if (type === "subscribed") return [subscribed(person, at)]
  if (!ticket) return []
  return [type === "opened" ? opened(ticket, person) : closed(ticket, person)]
}

function fromPerson(person: Person, companies: readonly Company[]): Draft[] {
  const { id, email, name, note, created, updated } = person
  const company = companies.find((one) => one.id === person.company)?.name
  return [
    {
      ...{ collection: CONTACTS, id, userId: nameOf(person), version: updated },
      ...(email !== null && { formerUserId: id }),
      userAttributes: { id, email, name, note },
    },
    {
      ...{ collection: SIGNED_UP, id, fact: "signed_up", userId: nameOf(person), time: created, announcedAt: created },
      data: { person: id },
    },
    ...(person.subscribed === null ? [] : [subscribed(person, person.subscribed, company)]),
  ]
}

function subscribed(person: Person, at: number, company?: string): Draft {
  const data = { person: person.id, ...(company !== undefined && { company }) }
  return {
    collection: SUBSCRIBED,
    id: person.id,
    fact: `subscribed@${at}`,
    userId: nameOf(person),
    time: at,
    announcedAt: at,
    data,
  }
}

function opened({ id, created, subject }: Ticket, person: Person): Draft {
  return {
    collection: OPENED,
    id,
    fact: "opened",
    userId: nameOf(person),
    time: created,
    announcedAt: created,
    data: { ticket: id, subject },
  }
}

function closed({ id, closed: at, subject }: Ticket, person: Person): Draft {
  const time = at ?? 0
  return {
    collection: CLOSED,
    id,
    fact: `closed@${time}`,
    userId: nameOf(person),
    time,
    announcedAt: time,
    data: { ticket: id, subject },
  }
}

function nameOf({ id, email }: Person): string {
  return email ?? id
}

// ---------------------------------------------------------------------------------------------------------- attributes

function described<Kind extends "event" | "object">(name: string, kind: Kind) {
  return { name, title: name, description: `${name}.`, kind, default: true }
}

function named<Name extends string>(...names: Name[]): Record<Name, z.ZodString> {
  return Object.fromEntries(names.map((name) => [name, text()])) as Record<Name, z.ZodString>
}

function text(): z.ZodString {
  return z.string().describe("As Meadow tells it")
}
