/**
 * A source of Stripe with one long list, read for the first time: the shipped engine, pipeline and connector over memory, in virtual time.
 * The partner takes its time for each page; a wake-up, a page that is saved and a POST take theirs.
 */
import { stripe } from "../../src/connectors/stripe.ts"
import { consume } from "../../src/pipeline/consume.ts"
import type { PipelinePorts } from "../../src/pipeline/ports.ts"
import type { Clock, Http } from "../../src/ports.ts"
import { SourceEngine } from "../../src/source/engine/engine.ts"
import type { SourceWork } from "../../src/source/protocol/source.ts"
import type { State } from "../../src/source/state/state.ts"
import { type VirtualTime, virtualTime } from "../bench/modes/virtual.ts"
import { type MemoryStore, memoryStore } from "./platform/memory-store.ts"
import { choose, configurationOf, START } from "./source-world.ts"

const WAKE_MS = 20
const POST_MS = 50
const SECOND_MS = 1_000
const YEAR_S = 365 * 86_400
/** A day before the source is connected. */
const NEWEST_S = START / SECOND_MS - 86_400
const CUSTOMERS = "/v1/customers"

export interface LongRead {
  /** Virtual ms from the first configuration to the last delivery. */
  ms: number
  /** Of the list. */
  calls: number
  delivered: string[]
  /** The most slices that the backfill had at once. */
  slices: number
  /** The most calls that began within any second. */
  callsInASecond: number
  /** Calls of the next sync, which finds nothing. */
  idleCalls: number
  /** By how much the progress that was shown was off at the most, 0..1. */
  progressOff: number
}

export interface LongList {
  customers: number
  answerMs: number
  /** Between a page's answer and the next request. */
  saveMs: number
  /** From a customer's place in the list to its age, both 0..1, newest first. Left out: spread evenly over the year. */
  ageOf?: (place: number) => number
  /** That a queue runs at once. How soon Cloudflare starts a second one is not ours to say. */
  consumers: "one" | "many"
}

export async function readLongList({
  customers,
  answerMs,
  saveMs,
  ageOf = (place) => place,
  consumers,
}: LongList): Promise<LongRead> {
  const time = virtualTime(START)
  const { clock } = time
  const seen: LongRead = { ms: 0, calls: 0, delivered: [], slices: 0, callsInASecond: 0, idleCalls: 0, progressOff: 0 }
  const created = Array.from({ length: customers }, (_, at) => NEWEST_S - Math.floor(YEAR_S * ageOf(at / customers)))
  const { http, calledAt } = outside(clock, created, answerMs, seen)
  const store = watched(memoryStore(), seen, customers)
  let ids = 0
  const shared = {
    clock,
    random: { next: () => 0.5, id: (prefix: string) => `${prefix}_${++ids}` },
    connector: () => stripe,
    log: () => undefined,
  }
  const engine: SourceEngine = new SourceEngine({
    ...shared,
    store,
    wake: async (lane) => queues[lane](),
    publish: async () => undefined,
    tokens: { refresh: async () => ({ kind: "refused", reason: "" }), revoke: async () => true },
    tryCredential: async () => "unknown",
    cipher: { open: async (sealed) => sealed },
  })
  const ports: PipelinePorts = { ...shared, http, source: () => savingSlowly(engine, clock, saveMs) }
  const queues = {
    fetch: queueOf(time, consumers, () => consume([wakeUp], "fetch", ports)),
    backfill: queueOf(time, consumers, () => consume([wakeUp], "backfill", ports)),
    forward: queueOf(time, consumers, () => consume([wakeUp], "forward", ports)),
  }
  const isDone = async () => {
    const answer = await engine.view()
    return answer.ok && answer.view.current.length === 0 && answer.view.delivery.waiting === 0
  }
  const ring = async () => {
    store.alarmAt = null
    await engine.alarm()
  }
  const untilDone = () => time.run(isDone, { at: () => store.alarmAt, ring })
  await engine.configure(
    configurationOf({
      connector: "stripe",
      config: { countTestPayments: false },
      collections: choose("Customers"),
      destination: { org: "o", project: "p", sourceId: "1", key: "prefix.secret", owner: "" },
    }),
  )
  await untilDone()
  const before = calledAt.length
  await engine.syncNow()
  await untilDone()
  return { ...seen, idleCalls: calledAt.length - before }
}

const wakeUp = { body: { source: "src_1" }, ack: () => undefined }

/** Sends a wake-up to a queue. */
function queueOf({ clock, start }: VirtualTime, consumers: LongList["consumers"], work: () => Promise<void>) {
  let last: Promise<void> = Promise.resolve()
  return () =>
    start(async () => {
      const before = consumers === "one" ? last : Promise.resolve()
      const mine = before.then(() => clock.sleep(WAKE_MS)).then(work)
      last = mine
      await mine
    })
}

function savingSlowly(engine: SourceEngine, clock: Clock, saveMs: number): SourceWork {
  return {
    lease: (ask) => engine.lease(ask),
    checkpoint: (page) => clock.sleep(saveMs).then(() => engine.checkpoint(page)),
    settle: (settlement) => engine.settle(settlement),
    credential: (ask) => engine.credential(ask),
    claim: (ask) => engine.claim(ask),
    report: (report) => engine.report(report),
  }
}

function watched(store: MemoryStore, seen: LongRead, customers: number): MemoryStore {
  const commit = store.commit.bind(store)
  store.commit = (changes) => {
    commit(changes)
    if (changes.core === null) return
    const { backfills } = JSON.parse(changes.core) as State
    seen.slices = Math.max(seen.slices, ...backfills.map(({ slices }) => slices.length))
    for (const { slices, share, recordsOfParts } of backfills) {
      const read = slices.reduce((sum, { records }) => sum + records, recordsOfParts)
      if (share !== null) seen.progressOff = Math.max(seen.progressOff, Math.abs(share - read / customers))
    }
  }
  return store
}

// ----------------------------------------------------------------------------------------------- partner and destination

function outside(clock: Clock, created: readonly number[], answerMs: number, seen: LongRead) {
  const calledAt: number[] = []
  const partner = async (url: URL) => {
    calledAt.push(clock.now())
    const within = calledAt.filter((at) => at > clock.now() - SECOND_MS)
    seen.callsInASecond = Math.max(seen.callsInASecond, within.length)
    if (url.pathname === CUSTOMERS) seen.calls++
    await clock.sleep(answerMs)
    const body = url.pathname === CUSTOMERS ? pageOf(created, url.searchParams) : NOTHING
    return Response.json(body, { headers: { date: new Date(clock.now()).toUTCString() } })
  }
  const destination = async (body: string) => {
    const { track } = JSON.parse(body) as { track: { payload: { eventId: string }[] }[] }
    await clock.sleep(POST_MS)
    seen.delivered.push(...track.flatMap(({ payload }) => payload.map(({ eventId }) => eventId)))
    seen.ms = clock.now() - START
    return Response.json({})
  }
  const http: Http = (url, { body }) =>
    url.startsWith("https://api.stripe.com/") ? partner(new URL(url)) : destination(String(body))
  return { http, calledAt }
}

const NOTHING = { object: "list", data: [], has_more: false }

/** Newest first, as Stripe lists them; `created` likewise. */
function pageOf(created: readonly number[], query: URLSearchParams) {
  const after = query.get("starting_after")
  const from = Number(query.get("created[gte]") ?? 0)
  const to = Number(query.get("created[lt]") ?? Number.POSITIVE_INFINITY)
  const limit = Number(query.get("limit"))
  const start = after === null ? 0 : Number(after.slice("cus_".length)) + 1
  const data: object[] = []
  for (let at = start; at < created.length && data.length <= limit; at++) {
    const time = created[at] ?? 0
    if (time < from || time >= to) continue
    data.push({ id: `cus_${at}`, object: "customer", created: time, email: `c${at}@example.com` })
  }
  return { object: "list", data: data.slice(0, limit), has_more: data.length > limit }
}
