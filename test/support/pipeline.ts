import type { Item } from "../../src/connectors/kit/item.ts"
import type { PipelinePorts } from "../../src/pipeline/ports.ts"
import type { Http } from "../../src/ports.ts"
import type { Task } from "../../src/source/protocol/fetching.ts"
import type { ForwardTask, OutboxRow } from "../../src/source/protocol/forwarding.ts"
import type { SourceWork } from "../../src/source/protocol/source.ts"
import { type FakeClock, fakeClock } from "./dates/fake-clock.ts"
import { outboxRow } from "./encoded.ts"
import { acme } from "./partners/acme.ts"

export const PARTNER_TIME = Date.UTC(2026, 9, 31, 23, 0, 5)
const DATE = new Date(PARTNER_TIME).toUTCString()

export interface Request {
  url: string
  method: string
  headers: Record<string, string>
  body: string
  redirect: string | undefined
  /** Our clock. */
  at: number
}

export interface TestPorts extends PipelinePorts {
  clock: FakeClock
  requests: Request[]
  lines: { event: string; [field: string]: string | number | boolean | null }[]
}

/** How the other side answers; the last reply of a list is repeated. */
export type Reply = (request: Request, clock: FakeClock, signal: AbortSignal) => Response | Promise<Response>

export function testPorts(replies: Reply[], source: (name: string) => SourceWork, clock = fakeClock()): TestPorts {
  const requests: Request[] = []
  const lines: TestPorts["lines"] = []
  const http: Http = async (url, init) => {
    const { method = "GET", body, redirect, signal } = init
    const headers = Object.fromEntries(new Headers(init.headers))
    const request = { url, method, headers, body: String(body ?? ""), redirect, at: clock.now() }
    requests.push(request)
    const reply = replies[Math.min(requests.length, replies.length) - 1]
    if (!reply) throw new Error("the script has no answer")
    return reply(request, clock, signal)
  }
  let ids = 0
  return {
    clock,
    requests,
    lines,
    http,
    source,
    random: { next: () => 0.5, id: (prefix) => `${prefix}_${++ids}` },
    log: (event, fields) => lines.push({ ...fields, event }),
    connector: (name) => (name === "acme" ? acme : undefined),
  }
}

// ------------------------------------------------------------------------------------------------- the partner's replies

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Reply {
  return () => new Response(JSON.stringify(body), { status, headers: { date: DATE, ...headers } })
}

export function page(ids: string[], next: string | null = null): Reply {
  return json({ rows: ids.map((id, index) => ({ id, at: PARTNER_TIME - 60_000 + index })), next })
}

/** Answers only when the time limit ends it. */
export const hang: Reply = async (_request, clock, signal) => {
  clock.advance(60_000)
  signal.throwIfAborted()
  return new Response()
}

export const unreachable: Reply = () => {
  throw new TypeError("connect ECONNREFUSED https://eu.acme.test/v1/orders?key=key_secret")
}

/** The same reply, so many ms later. */
export function delayed(ms: number, reply: Reply): Reply {
  return (request, clock, signal) => {
    clock.advance(ms)
    return reply(request, clock, signal)
  }
}

// --------------------------------------------------------------------------------------------------- tasks and claims

export function taskOf(clock: FakeClock, changes: Partial<Task> = {}): Task {
  return {
    lease: { slice: "live:orders", number: 4 },
    until: clock.now() + 180_000,
    ref: { org: "o", project: "p", source: "src_1" },
    connector: "acme",
    config: { region: "eu" },
    account: { id: "acct_1", name: "Acme", mode: "test" },
    identity: "email",
    clearing: "empty",
    collections: [{ name: "Orders", fields: {} }],
    stream: "orders",
    lane: "live",
    window: { from: PARTNER_TIME - 3_600_000, to: PARTNER_TIME },
    pageToken: null,
    pageSize: 100,
    completed: [],
    page: 0,
    credential: { kind: "key", value: "key_secret", version: 1 },
    paceMs: 0,
    skewMs: 0,
    ...changes,
  }
}

export function claimOf(clock: FakeClock, rows: OutboxRow[], changes: Partial<ForwardTask> = {}): ForwardTask {
  return {
    number: 9,
    until: clock.now() + 60_000,
    destination: { org: "acme", project: "shop", sourceId: "1234567890123456789", key: "prefix.secret" },
    destinationVersion: 1,
    rows,
    parallel: 5,
    ...changes,
  }
}

export function row(id: number, items: number, changes: Partial<OutboxRow> = {}): OutboxRow {
  const facts = Array.from({ length: items }, (_, index) => fact(`${id}-${index}`))
  return { ...outboxRow(id, facts), ...changes }
}

export function fact(key: string): Item {
  const times = { time: PARTNER_TIME, version: PARTNER_TIME, announcedAt: PARTNER_TIME }
  return { userId: "ada@example.com", collection: "Orders", kind: "event", key, ...times, data: { id: key } }
}

export function object(key: string, version = PARTNER_TIME): Item {
  const times = { time: version, version, announcedAt: version }
  return { userId: key, collection: "People", kind: "object", key, ...times, userAttributes: { name: key } }
}
